#pragma once
// Writes one record. Events are encoded where they come up and written by the process's writer thread, each second.

#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>

#include "impact/core/error.hpp"
#include "impact/host/clock.hpp"
#include "impact/record/encoder.hpp"
#include "impact/record/event.hpp"
#include "impact/record/outbox.hpp"

namespace impact {

// row, mark, note and finish: by one thread at a time (under the tracker's lock); they never touch the disk, but for
// finish. flush and health: any thread. In a forked child all of it does nothing: the record is the parent's.
class RecordWriter {
 public:
  using Health = Outbox::Health;  // bytes_written, dropped_lines, errors

  // A new file with line 1 in it; missing directories are made. Error: the path and why; no file is left then.
  static Result<std::shared_ptr<RecordWriter>> create(const std::filesystem::path& path, const Header& header);

  // Without finish(), what waits is written and the record stays without its totals.
  ~RecordWriter();
  RecordWriter(const RecordWriter&) = delete;
  RecordWriter& operator=(const RecordWriter&) = delete;

  // Readings of a group, in microseconds (format.hpp, quantised). Where they are not one for each of its channels, in
  // order, each is kept as a row of its own.
  void row(std::uint32_t group, std::span<const Reading> readings) noexcept;
  void mark(const Mark& mark) noexcept;
  // A mark whose time is taken when the rest of its line is ready; the time.
  Instant mark_now(const Mark& mark, const Clock& clock) noexcept;
  void note(const nlohmann::json& body) noexcept;

  // Called by the writer thread each second, to hand over what waits to be written; any thread may set it.
  void before_flush(std::function<void()> collect) { outbox_->before_flush(std::move(collect)); }

  // Writes what waits, now. A failing disk shows in health() and is tried again each second.
  void flush() noexcept;

  // The last line; then the file is closed, and later calls do nothing. On a full disk what waits gives way to a note
  // of it, the run's last mark and the totals: {"kind": "disk_full", "lines": n}.
  void finish(const nlohmann::json& totals) noexcept;

  Health health() const { return outbox_->health(); }
  const std::filesystem::path& path() const noexcept { return outbox_->path(); }

 private:
  RecordWriter(std::shared_ptr<Outbox> outbox, const Header& header);
  template <class Encode>
  void send(Outbox::Weight weight, std::uint64_t lines, Encode encode) noexcept;
  void end() noexcept;
  void end_on_full_disk(const nlohmann::json& totals) noexcept;

  std::shared_ptr<Outbox> outbox_;
  Encoder encoder_;
  std::optional<Mark> run_end_;
  const std::uint32_t generation_;
  bool ended_ = false;
};

}  // namespace impact
