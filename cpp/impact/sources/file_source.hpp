#pragma once
// A source that is a list of files with one whole number each, kept open: hwmon and its kin.

#include <cstdint>
#include <optional>
#include <vector>

#include "impact/host/file.hpp"
#include "impact/sources/source.hpp"

namespace impact {

struct FileMeter {
  Channel channel;
  Descriptor file;
  Descriptor factor;  // where open: the count is the product of both files' numbers (volts times amperes)
  std::int64_t least = 0;
  std::int64_t most = INT64_MAX;  // a number outside [least, most] is nonsense: missing
};

// The whole number, negative ones too, that is the file; nullopt where the read or the text fails.
std::optional<std::int64_t> read_integer(const Descriptor& file) noexcept;

class FileSource final : public Source {
 public:
  FileSource(const Host& host, std::vector<FileMeter> meters);
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
  std::vector<Channel> channels_;
  std::vector<Slot> slots_;
};

// Opens dir/name where it holds a number that the meter takes; nullopt otherwise.
std::optional<FileMeter> open_meter(const std::filesystem::path& file, Channel channel, std::int64_t most = INT64_MAX,
                                    std::int64_t least = 0);

// Tests each meter with one read and sets its channel's latency to what that read took (0.1 ms at least), so that a
// slow bus or firmware gets a thread of its own.
void measure_latency(const Host& host, std::vector<FileMeter>& meters);

}  // namespace impact
