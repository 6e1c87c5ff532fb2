// Answers of web services and management controllers.
#include <cmath>

#include "fuzz/fuzz.hpp"
#include "impact/sources/bmc_answers.hpp"
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
      fuzz::require(row.value >= 0 && row.value <= 1e9 && !row.metric.empty(), "a row is whole");
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
  if (const auto reading = parse_node_manager({data, size})) fuzz::require(data[0] == 0, "a failure is never data");
  if (const auto maker = parse_manufacturer({data, size})) fuzz::require(*maker < (1U << 20U), "a maker has 20 bits");
  if (const auto energy = parse_xcc_energy({data, size})) {
    fuzz::require(energy->millijoules < (std::uint64_t{1} << 32U) * 1000, "the counter stays in its range");
  }
  return 0;
}
