// What the machine's service answers: bytes of somebody else's process.
#include <cmath>

#include "fuzz/fuzz.hpp"
#include "impact/sources/service_frame.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace impact;
  const std::string_view text = fuzz::text_of(data, size);
  if (const auto length = parse_service_length(text.substr(0, 4)))
    fuzz::require(*length <= kLongestServiceFrame, "an answer's length is bounded");
  const Result<ServiceFrame> parsed = parse_service_frame(text);
  if (!parsed) {
    fuzz::require(parsed.error().kind == ErrorKind::broken && !parsed.error().what.empty(), "a refusal says why");
    return 0;
  }
  const ServiceFrame& frame = parsed.value();
  fuzz::require(frame.interval >= kShortestServiceInterval, "nobody is told values more often than is allowed");
  fuzz::require(!frame.before || *frame.before < frame.taken, "the frame before is before");
  fuzz::require(frame.channels.size() <= kMostServiceChannels, "the channels are bounded");
  for (const ServiceChannel& entry : frame.channels) {
    const Channel& c = entry.channel;
    fuzz::require(!c.id.empty() && c.id.size() <= 256 && !c.device.empty(), "a channel has names");
    fuzz::require(c.update_period >= frame.interval, "no channel moves more often than the service reads it");
    fuzz::require(std::isfinite(c.scale) && c.scale > 0 && c.max_power.value() > 0, "a channel's numbers are sane");
    fuzz::require(c.relative_error >= 0 && c.relative_error <= 100, "an error is an error");
    if (entry.count) fuzz::require(*entry.count >= 0, "no count is below 0");
    const bool is_counter = c.kind == Kind::counter;
    if (is_counter)
      fuzz::require(entry.count && *entry.count < (std::int64_t{1} << kServiceCountBits), "counts have their bits");
    if (entry.before) fuzz::require(is_counter && *entry.before <= *entry.count, "a counter never steps back");
  }
  return 0;
}
