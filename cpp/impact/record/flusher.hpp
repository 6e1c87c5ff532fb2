#pragma once
// The one writer thread of the process: flushes every open record each second. It starts with the first record and
// ends with the last. After kill -9 a record lacks at most the second before it.

#include <memory>

#include "impact/core/time.hpp"
#include "impact/record/outbox.hpp"

namespace impact {

inline constexpr Duration kFlushInterval = std::chrono::seconds{1};

// Both from any thread. A forked child has its own list, empty, and its own thread, once it adds a record.

// Throws std::system_error where the process may start no thread.
void start_flushing(const std::shared_ptr<Outbox>& outbox);

// Writes out, now, what every open record of the process holds.
void flush_all_records() noexcept;

// The last one waits for the thread's end; it does not flush.
void stop_flushing(const std::shared_ptr<Outbox>& outbox) noexcept;

}  // namespace impact
