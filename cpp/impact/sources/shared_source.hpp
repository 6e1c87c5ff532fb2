#pragma once
// Makes one process of a run read a slow source for all of them: eight ranks of a node ask its management controller
// once a second, not eight times. When the reader ends, another takes over with its next round.

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "impact/host/process_lock.hpp"
#include "impact/sources/source.hpp"

namespace impact {

// Says who reads a shared source.
struct Sharing {
  enum class State : std::uint8_t {
    unknown,    // before the first round
    mine,       // this process reads it
    elsewhere,  // the process `holder` reads it (0 where it is not known which)
    everybody,  // no lock can be had, and each process reads for itself
  };
  State state = State::unknown;
  std::int64_t holder = 0;
  friend bool operator==(const Sharing&, const Sharing&) = default;
};

class SharedSource final : public Source {
 public:
  SharedSource(std::unique_ptr<Source> source, std::optional<ProcessLock> lock);

  std::span<const Channel> channels() const noexcept override { return source_->channels(); }
  // Puts no readings while another process reads it.
  void read(Sink& out) noexcept override;
  void rest() noexcept override;
  Error left_out() const override { return source_->left_out(); }
  std::string origin() const override { return source_->origin(); }
  std::string_view reader_of(std::uint32_t channel) const noexcept override { return source_->reader_of(channel); }
  bool is_provisional() const noexcept override { return source_->is_provisional(); }
  std::string trouble() const override { return resting_ ? std::string{} : source_->trouble(); }

  // Tells it of the last round. Any thread may ask.
  Sharing sharing() const noexcept;

 private:
  std::unique_ptr<Source> source_;
  std::optional<ProcessLock> lock_;
  bool resting_ = false;  // opening may have begun a session
  std::atomic<Sharing::State> state_{Sharing::State::unknown};
  std::atomic<std::int64_t> holder_{0};
};

// From here on a read is so slow that it is a controller's or a service's answer.
inline constexpr Duration kSharedRead = std::chrono::milliseconds{100};

// Tells whether one process may read it for the others: it is slow, and nothing of it is part of a record's own sum.
bool can_be_shared(const Source& source) noexcept;

// Returns the source itself, or where can_be_shared() one that the processes of the run `run_key` share. An empty key
// stands for a run of one process, where nothing is shared.
std::unique_ptr<Source> share(const Host& host, std::string_view run_key, std::unique_ptr<Source> source);

}  // namespace impact
