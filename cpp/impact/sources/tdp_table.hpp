#pragma once
// Tells thermal design powers of processors, as their makers publish them.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace impact {

struct TdpEntry {
  std::string_view key;  // is written as in the normalised model name: "xeon gold 6248", "epyc 7763"
  double watts = 0;      // are those of one package
  unsigned threads = 0;  // are hardware threads of one package
};

std::span<const TdpEntry> tdp_table() noexcept;

// Writes a name in lower case, without "(R)", "(TM)", "CPU", "Processor" and what follows "@", with single blanks.
std::string normalise_cpu_name(std::string_view name);

// Returns the entry whose key is the longest run of whole words in the name, and nullopt where there is none.
std::optional<TdpEntry> find_tdp(std::string_view cpu_name);

// Returns the median watts per hardware thread over the table, for a processor that the table does not have.
double default_watts_per_thread() noexcept;

}  // namespace impact
