#include "impact/sources/file_source.hpp"

#include <algorithm>
#include <array>

#include "impact/sources/read_in_turn.hpp"

namespace impact {

std::optional<std::int64_t> read_integer(const Descriptor& file) noexcept {
  std::array<char, 32> text;
  const std::ptrdiff_t n = read_at(file, text);
  if (n <= 0 || n == static_cast<std::ptrdiff_t>(text.size())) return std::nullopt;
  return parse_number<std::int64_t>({text.data(), static_cast<std::size_t>(n)});
}

FileSource::FileSource(const Host& host, std::vector<FileMeter> meters, Error left_out)
    : clock_(host.clock), left_out_(std::move(left_out)) {
  for (FileMeter& meter : meters) {
    channels_.push_back(std::move(meter.channel));
    slots_.push_back({std::move(meter.file), std::move(meter.factor), meter.least, meter.most});
  }
}

std::optional<std::int64_t> FileSource::value_of(const Slot& slot) noexcept {
  std::optional<std::int64_t> value = read_integer(slot.file);
  if (value && slot.factor.valid()) {
    const std::optional<std::int64_t> factor = read_integer(slot.factor);
    std::int64_t product = 0;
    if (!factor || __builtin_mul_overflow(*value, *factor, &product)) return std::nullopt;
    value = product;
  }
  if (!value || *value < slot.least || *value > slot.most) return std::nullopt;
  return value;
}

void FileSource::read(Sink& out) noexcept {
  read_in_turn(*clock_, channels_, out, [this](std::uint32_t i) { return value_of(slots_[i]); });
}

std::optional<FileMeter> open_meter(const std::filesystem::path& file, Channel channel, std::int64_t most,
                                    std::int64_t least) {
  Result<Descriptor> opened = open_for_reading(file);
  if (!opened) return std::nullopt;
  const std::optional<std::int64_t> value = read_integer(opened.value());
  if (!value || *value < least || *value > most) return std::nullopt;
  return FileMeter{std::move(channel), std::move(opened).value(), Descriptor{}, least, most};
}

bool is_closed(const std::filesystem::path& file) {
  const Result<Descriptor> opened = open_for_reading(file);
  return !opened && opened.error().kind == ErrorKind::forbidden;
}

void measure_latency(const Host& host, std::vector<FileMeter>& meters) {
  for (FileMeter& meter : meters) {
    const Instant start = host.now();
    (void)read_integer(meter.file);
    if (meter.factor.valid()) (void)read_integer(meter.factor);
    meter.channel.latency = std::max<Duration>(host.now() - start, std::chrono::microseconds{100});
  }
}

}  // namespace impact
