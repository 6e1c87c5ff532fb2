#pragma once
// Thermal design powers of processors, as their makers publish them.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace impact {

struct TdpEntry {
  std::string_view key;  // as it appears in the normalised model name: "xeon gold 6248", "epyc 7763"
  double watts = 0;      // of one package
  unsigned threads = 0;  // hardware threads of one package
};

std::span<const TdpEntry> tdp_table() noexcept;

// Lower case; "(R)", "(TM)", "CPU", "Processor" and what follows "@" are taken out, runs of blanks become one.
std::string normalise_cpu_name(std::string_view name);

// The entry whose key is the longest run of whole words in the name; nullopt where none is.
std::optional<TdpEntry> find_tdp(std::string_view cpu_name);

// For a processor that the table does not have: the median watts per hardware thread over the table.
double default_watts_per_thread() noexcept;

}  // namespace impact
