// What the kernel tells of one open file of a card, /proc/PID/fdinfo/N.

#include <string>

#include "fuzz/fuzz.hpp"
#include "impact/sources/drm_clients.hpp"

namespace {

bool is_in(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

bool are_equal(const impact::drm::FdInfo& a, const impact::drm::FdInfo& b) {
  const auto same_engine = [](const auto& x, const auto& y) {
    return x.first == y.first && x.second.busy_ns == y.second.busy_ns && x.second.cycles == y.second.cycles &&
           x.second.all_cycles == y.second.all_cycles && x.second.capacity == y.second.capacity;
  };
  return a.driver == b.driver && a.pci == b.pci && a.client == b.client && a.memory_bytes == b.memory_bytes &&
         std::equal(a.engines.begin(), a.engines.end(), b.engines.begin(), b.engines.end(), same_engine);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const auto info = impact::drm::parse_fdinfo(text);
  if (!info) return 0;
  fuzz::require(!info->driver.empty() && is_in(text, info->driver), "the driver stands in the text");
  fuzz::require(!info->pci.empty() && is_in(text, info->pci), "the card's place stands in the text");
  fuzz::require(is_in(text, "drm-client-id"), "there is no client without its number");
  fuzz::require(!info->memory_bytes || is_in(text, "vram") || is_in(text, "local"), "memory is the card's own");
  for (const auto& [name, engine] : info->engines) {
    fuzz::require(is_in(text, name), "an engine stands in the text");
    fuzz::require(engine.capacity > 0, "a card has one engine of a kind at least");
    fuzz::require(!engine.busy_ns || is_in(text, "drm-engine-" + name), "busy time is told with its engine");
    fuzz::require(!engine.cycles || is_in(text, "drm-cycles-" + name), "cycles are told with their engine");
  }
  // Lines of other kinds change nothing.
  const auto again = impact::drm::parse_fdinfo("pos:\t0\n" + std::string(text) + "\nscm_fds:\t0\n");
  fuzz::require(again && are_equal(*info, *again), "lines of other kinds change nothing");
  return 0;
}
