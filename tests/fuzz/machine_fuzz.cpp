// A whole machine out of bytes: "@/proc/stat" begins a file, the lines up to the next "@/" are its content. Whatever
// the machine, the readers open or say why not, a round puts readings of their own channels, and the tree holds.

#include <cmath>
#include <string>
#include <vector>

#include "../cpp/sources/fake_root.hpp"
#include "fuzz/fuzz.hpp"
#include "impact/sources/domain_tree.hpp"
#include "impact/sources/registry.hpp"

namespace {

constexpr std::size_t kMostFiles = 48;

bool is_safe(std::string_view path) {
  return path.size() < 200 && path.size() > 1 && path[0] == '/' && path.find("..") == path.npos &&
         path.find('\0') == path.npos;
}

void build(const impact::test::FakeRoot& root, std::string_view text) {
  std::size_t files = 0;
  for (std::size_t at = text.find("@/"); at != text.npos && files < kMostFiles; ++files) {
    const std::size_t line_end = text.find('\n', at);
    if (line_end == text.npos) return;
    const std::size_t next = text.find("\n@/", line_end);
    const std::string_view path = text.substr(at + 1, line_end - at - 1);
    const std::string_view content = text.substr(line_end + 1, next == text.npos ? text.npos : next - line_end);
    at = next == text.npos ? next : next + 1;
    if (!is_safe(path)) continue;
    try {
      root.write(path, content);
    } catch (const std::filesystem::filesystem_error&) {
      // A file where another path needs a directory: the machine goes without.
    }
  }
}

void check_round(impact::Source& source) {
  impact::Sink sink;
  source.read(sink);
  source.read(sink);
  for (const impact::Reading& reading : sink.readings()) {
    fuzz::require(reading.channel < source.channels().size(), "a reading is of one of the source's channels");
    fuzz::require(reading.before <= reading.after, "a reading ends after its beginning");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const impact::test::FakeRoot root;
  build(root, fuzz::text_of(data, size));
  const impact::Host host = root.host();
  std::vector<impact::Channel> channels;
  for (impact::Probe& probe : impact::open_sources(host)) {
    if (!probe.source) {
      fuzz::require(!probe.error.what.empty(), "what did not open says why");
      continue;
    }
    check_round(*probe.source);
    for (const impact::Channel& channel : probe.source->channels()) {
      fuzz::require(std::isfinite(channel.scale) && channel.scale > 0, "a channel's scale is a positive number");
      channels.push_back(channel);
    }
  }
  const std::vector<std::string> present = impact::machine_components(host);
  const impact::Cover cover = impact::find_cover(channels, {.include_psys = false, .present = present});
  fuzz::require(cover.parts.size() == channels.size(), "every channel has its part");
  for (const std::uint32_t i : cover.total) {
    fuzz::require(i < channels.size() && cover.parts[i].role == impact::Role::in_total,
                  "the total is of channels in it");
    fuzz::require(impact::tells_energy(channels[i]), "what is in the total tells energy");
  }
  return 0;
}
