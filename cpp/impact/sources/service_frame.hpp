#pragma once
// Takes apart what the service (impact-tracker serve --reader) hands over its socket. Bytes go in, values come out, and
// anything but a whole frame of this version gives an error and nothing else.
//
// A frame is one JSON object; python/impact_tracker/exporter/snapshot.py writes it. Of the channels in it the sensors
// that tell energy are kept. Models are left out: whoever reads a frame has the same ones. `lost` lists sensors that the
// reader behind the service cannot read now, and why; services of before that field was there do not tell.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "impact/core/channel.hpp"
#include "impact/core/error.hpp"

namespace impact {

inline constexpr std::string_view kServiceRequest = "IMPACT1\n";
inline constexpr std::size_t kLongestServiceFrame = std::size_t{1} << 22U;
inline constexpr std::size_t kMostServiceChannels = 4096;
// No service renews its values faster, and a frame that says so is refused.
inline constexpr Duration kShortestServiceInterval = std::chrono::milliseconds{100};
// Raw counts of a frame are below 2^48: of 10 mJ each, what 10 kW use in nine years. Those of the channel are below 2^53,
// which every reader of JSON keeps exact.
inline constexpr int kServiceCountBits = 48;

// Reads the four bytes before a frame, the highest first. 0: nothing is known yet. nullopt: longer than any frame.
std::optional<std::size_t> parse_service_length(std::string_view four_bytes) noexcept;

struct ServiceChannel {
  Channel channel;  // as the reader behind the service describes it, whose name is its source; counts are the service's
  std::uint64_t epoch = 0;             // is another one where a count does not follow from those before
  std::optional<std::int64_t> count;   // nullopt: a gauge that has no value yet
  std::optional<std::int64_t> before;  // a counter's in the frame before, in the same epoch
  std::string trouble;                 // says why the reader behind it gives no reading now; it has no count then
};

struct ServiceFrame {
  Duration interval{0};
  Instant taken{};
  std::optional<Instant> before;  // when the frame before this one was taken
  std::vector<ServiceChannel> channels;
};

Result<ServiceFrame> parse_service_frame(std::string_view text);

}  // namespace impact
