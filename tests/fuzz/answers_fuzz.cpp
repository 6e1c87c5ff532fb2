// Answers of web services and management controllers.
#include <cmath>

#include "fuzz/fuzz.hpp"
#include "impact/sources/dcmi.hpp"
#include "impact/sources/iso_time.hpp"
#include "impact/sources/web_answers.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace impact;
  const std::string_view text = fuzz::text_of(data, size);
  if (const auto watts = parse_redfish_watts(text)) fuzz::require(*watts > 0 && *watts <= 1e6, "watts are watts");
  for (const std::string& path : parse_redfish_members(text)) {
    fuzz::require(path.starts_with("/redfish/"), "a member lies on the controller");
  }
  if (const auto rows = parse_kwollect(text, "n")) {
    for (const KwollectRow& row : *rows) {
      fuzz::require(std::isfinite(row.value) && row.value >= 0 && !row.metric.empty(), "a row is whole");
    }
  }
  if (const auto value = parse_prometheus(text)) fuzz::require(std::isfinite(value->value), "a value is finite");
  if (const auto time = parse_iso_time(text)) {
    const auto again = parse_iso_time(format_iso_time(*time));
    fuzz::require(again && *time - *again < 1'000'000 && *time >= *again, "a time survives, but for its last digits");
  }
  if (const auto reading = parse_power_reading({data, size})) {
    fuzz::require(data[0] == 0 && data[1] == 0xDC, "a failure is never data");
  }
  return 0;
}
