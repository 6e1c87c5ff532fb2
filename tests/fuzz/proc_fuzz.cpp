// The pure parsers of /proc texts and of powercap's names.

#include "fuzz/fuzz.hpp"
#include "impact/host/meminfo.hpp"
#include "impact/sources/proc_stat.hpp"
#include "impact/sources/rapl.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  impact::parse_busy_jiffies(text);
  fuzz::require(impact::count_stat_cpus(text) <= size, "no more CPUs than bytes");
  for (const char* field : {"MemTotal", "MemAvailable", ""}) {
    const auto bytes = impact::meminfo_bytes(text, field);
    fuzz::require(!bytes || *bytes % 1024 == 0, "a field in kB is a multiple of 1024 bytes");
  }
  impact::rapl::parse_package_name(text);
  impact::rapl::parse_part_name(text);
  return 0;
}
