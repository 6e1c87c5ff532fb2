#include "impact/sources/tdp_table.hpp"

#include <algorithm>
#include <cctype>
#include <vector>

namespace impact {
namespace {

// Watts: "TDP" or "Processor Base Power" of the makers' product pages (ark.intel.com, amd.com, arm partners).
constexpr TdpEntry kTable[] = {
#include "impact/sources/tdp_data.inc"
};

void remove_all(std::string& text, std::string_view what) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at)) {
    text.replace(at, what.size(), 1, ' ');
  }
}

bool holds_words(std::string_view text, std::string_view words) {
  for (std::size_t at = text.find(words); at != std::string_view::npos; at = text.find(words, at + 1)) {
    const std::size_t end = at + words.size();
    const bool whole = (at == 0 || text[at - 1] == ' ') && (end == text.size() || text[end] == ' ');
    if (whole) return true;
  }
  return false;
}

}  // namespace

std::span<const TdpEntry> tdp_table() noexcept { return kTable; }

std::string normalise_cpu_name(std::string_view name) {
  std::string text(name.substr(0, name.find('@')));
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const std::string_view word : {"(r)", "(tm)", "®", "™", ","}) remove_all(text, word);
  text.insert(0, 1, ' ');
  text += ' ';
  for (const std::string_view word : {" cpu ", " processor ", " amd ", " intel "}) remove_all(text, word);
  std::string out;
  for (const char c : text) {
    if (c != ' ')
      out += c;
    else if (!out.empty() && out.back() != ' ')
      out += ' ';
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

std::optional<TdpEntry> find_tdp(std::string_view cpu_name) {
  const std::string name = normalise_cpu_name(cpu_name);
  std::optional<TdpEntry> best;
  for (const TdpEntry& entry : kTable) {
    if (holds_words(name, entry.key) && (!best || entry.key.size() > best->key.size())) best = entry;
  }
  return best;
}

double default_watts_per_thread() noexcept {
  static const double median = [] {
    std::vector<double> values;
    for (const TdpEntry& entry : kTable) values.push_back(entry.watts / entry.threads);
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
  }();
  return median;
}

}  // namespace impact
