#include "impact/sources/iso_time.hpp"

#include <fmt/format.h>

#include <chrono>

#include "impact/host/file.hpp"

namespace impact {
namespace {

// Two or four digits at `at`.
std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) noexcept {
  if (at + count > text.size()) return std::nullopt;
  for (const char c : text.substr(at, count)) {
    if (c < '0' || c > '9') return std::nullopt;
  }
  return parse_number<int>(text.substr(at, count));
}

// "", "Z" or "+02:00" -> minutes east of Greenwich.
std::optional<int> parse_offset(std::string_view text) noexcept {
  if (text == "Z" || text == "z") return 0;
  const bool whole = text.size() == 6 && (text[0] == '+' || text[0] == '-') && text[3] == ':';
  const auto hours = whole ? digits(text, 1, 2) : std::nullopt, minutes = whole ? digits(text, 4, 2) : std::nullopt;
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  return (text[0] == '-' ? -1 : 1) * (*hours * 60 + *minutes);
}

}  // namespace

std::optional<std::int64_t> parse_iso_time(std::string_view text) noexcept {
  using namespace std::chrono;
  constexpr std::size_t kSecondsEnd = 19;
  if (text.size() < kSecondsEnd + 1) return std::nullopt;
  const bool shaped =
      text[4] == '-' && text[7] == '-' && (text[10] == 'T' || text[10] == ' ') && text[13] == ':' && text[16] == ':';
  const auto y = digits(text, 0, 4), mo = digits(text, 5, 2), d = digits(text, 8, 2);
  const auto h = digits(text, 11, 2), mi = digits(text, 14, 2), s = digits(text, 17, 2);
  if (!shaped || !y || !mo || !d || !h || !mi || !s || *h > 23 || *mi > 59 || *s > 60) return std::nullopt;
  const year_month_day date{year{*y}, month{static_cast<unsigned>(*mo)}, day{static_cast<unsigned>(*d)}};
  if (!date.ok() || *y < 1970 || *y > 2261) return std::nullopt;
  std::string_view rest = text.substr(kSecondsEnd);
  std::int64_t fraction = 0;
  if (rest.front() == '.') {
    rest.remove_prefix(1);
    std::int64_t unit = 100'000'000;
    std::size_t count = 0;
    while (count < rest.size() && rest[count] >= '0' && rest[count] <= '9') {
      fraction += unit * (rest[count++] - '0');
      unit /= 10;
    }
    if (count == 0 || count > 9) return std::nullopt;
    rest.remove_prefix(count);
  }
  const std::optional<int> offset = parse_offset(rest);
  if (!offset) return std::nullopt;
  const auto instant = sys_days{date} + hours{*h} + minutes{*mi} + seconds{*s} - minutes{*offset};
  constexpr seconds kEndOf2261{9'214'646'400};  // is what 64 bits of nanoseconds hold
  const seconds since_1970 = instant.time_since_epoch();
  if (since_1970 < seconds{0} || since_1970 >= kEndOf2261) return std::nullopt;
  return nanoseconds{since_1970}.count() + fraction;
}

std::string format_iso_time(std::int64_t utc_ns) {
  using namespace std::chrono;
  const sys_time<milliseconds> instant{floor<milliseconds>(nanoseconds{utc_ns})};
  const auto day = floor<days>(instant);
  const year_month_day date{day};
  const hh_mm_ss time{instant - day};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), time.hours().count(),
                     time.minutes().count(), time.seconds().count(), time.subseconds().count());
}

}  // namespace impact
