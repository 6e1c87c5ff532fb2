// A main for compilers without libFuzzer: every file of the folders named, and seeded mutations of each.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "fuzz/fuzz.hpp"

namespace {

constexpr int kMutationsOfEach = IMPACT_FUZZ_MUTATIONS;

void run(const std::string& text) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
}

std::string mutated(std::string text, std::mt19937_64& random) {
  const auto below = [&random](std::size_t n) {
    return static_cast<std::size_t>(random() % std::max<std::size_t>(n, 1));
  };
  constexpr std::string_view kTelling = "0123456789-+,.:;[]{}\"\\ \t\n\0eEx";
  for (std::size_t edits = 1 + below(4); edits > 0; --edits) {
    const std::size_t at = below(text.size() + 1);
    switch (below(6)) {
      case 0: text.insert(at, 1, static_cast<char>(random())); break;
      case 1: text.insert(at, 1, kTelling[below(kTelling.size())]); break;
      case 2: text.erase(at, 1 + below(8)); break;
      case 3: text.insert(at, text.substr(below(text.size() + 1), below(16))); break;
      case 4: text.insert(at, std::to_string(random() >> below(64))); break;
      default: text.resize(at); break;
    }
  }
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::filesystem::path> files;
  for (int i = 1; i < argc; ++i) {
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  fuzz::require(!files.empty(), "the corpus has files");
  std::mt19937_64 random{20240229};
  for (const auto& path : files) {
    std::ifstream in(path, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    run(text);
    for (int i = 0; i < kMutationsOfEach; ++i) run(mutated(text, random));
  }
  std::printf("fuzz: %zu files, %d mutations of each\n", files.size(), kMutationsOfEach);
  return 0;
}
