#pragma once
// This is a source that keeps a list of files open, each with one whole number: hwmon and its kin.

#include <cstdint>
#include <optional>
#include <vector>

#include "impact/host/file.hpp"
#include "impact/sources/source.hpp"

namespace impact {

struct FileMeter {
  Channel channel;
  Descriptor file;
  Descriptor factor;  // where it is open, the count is the product of both files' numbers (volts times amperes)
  std::int64_t least = 0;
  std::int64_t most = INT64_MAX;  // a number outside [least, most] is nonsense, and the reading is missing
};

// Reads the whole number that is the file, a negative one too; returns nullopt where the read fails or there is none.
std::optional<std::int64_t> read_integer(const Descriptor& file) noexcept;

class FileSource final : public Source {
 public:
  // `left_out` says why some are not among the meters.
  FileSource(const Host& host, std::vector<FileMeter> meters, Error left_out = {});
  Error left_out() const override { return left_out_; }
  std::span<const Channel> channels() const noexcept override { return channels_; }
  void read(Sink& out) noexcept override;

 private:
  struct Slot {
    Descriptor file;
    Descriptor factor;
    std::int64_t least;
    std::int64_t most;
  };
  static std::optional<std::int64_t> value_of(const Slot& slot) noexcept;
  const Clock* clock_;
  Error left_out_;
  std::vector<Channel> channels_;
  std::vector<Slot> slots_;
};

// Opens the file where it holds a number that the meter takes; returns nullopt otherwise.
std::optional<FileMeter> open_meter(const std::filesystem::path& file, Channel channel, std::int64_t most = INT64_MAX,
                                    std::int64_t least = 0);

// Tells whether the file is there and may not be read by us.
bool is_closed(const std::filesystem::path& file);

// Tests each meter with one read and sets its channel's latency to what that read took (0.1 ms at least), so that a
// slow bus or firmware gets a thread of its own.
void measure_latency(const Host& host, std::vector<FileMeter>& meters);

}  // namespace impact
