#include <algorithm>
#include <string>

#include "fuzz/fuzz.hpp"
#include "impact/host/file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto cpus = impact::parse_cpu_list(fuzz::text_of(data, size));
  if (!cpus) return 0;
  fuzz::require(cpus->size() <= 65'536, "no more CPUs than promised");
  // What was understood means the same when it is written out.
  std::string text;
  for (const unsigned cpu : *cpus) text += (text.empty() ? "" : ",") + std::to_string(cpu);
  const auto again = impact::parse_cpu_list(text);
  fuzz::require(again.has_value() && *again == *cpus, "the list survives being written and read");
  return 0;
}
