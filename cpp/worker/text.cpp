#include "worker/text.hpp"

#include "impact/core/edit_distance.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

namespace impact::worker {
namespace {

// Names are written with and without their dashes.
std::string bare(const std::string& text) {
  std::string out;
  std::copy_if(text.begin(), text.end(), std::back_inserter(out), [](unsigned char c) { return std::isalnum(c) != 0; });
  return lower(out);
}

}  // namespace

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::vector<std::string> near_matches(const std::string& name, const std::vector<std::string>& known) {
  const auto wanted = bare(name);
  std::vector<std::pair<std::size_t, std::string>> scored;
  for (const auto& candidate : known) {
    const auto other = bare(candidate);
    const bool inside =
        wanted.size() >= 3 && (other.find(wanted) != std::string::npos || wanted.find(other) != std::string::npos);
    const auto distance = inside ? 1 : edit_distance(wanted, other);
    if (distance <= std::max<std::size_t>(2, other.size() / 3)) {
      scored.emplace_back(distance, candidate);
    }
  }
  std::stable_sort(scored.begin(), scored.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> names;
  for (const auto& [distance, candidate] : scored) {
    if (names.size() < 5) {
      names.push_back(candidate);
    }
  }
  return names;
}

Failure meaning_of(const std::string& message) {
  struct Known {
    const char* words;
    const char* kind;
    const char* advice;
  };
  constexpr const char* kLess = "a smaller batch or size, or a device with more memory";
  // Their order matters: the first that is found counts.
  const Known known[] = {
      {"out of memory", "out-of-memory", kLess},
      {"not enough memory", "out-of-memory", kLess},
      {"ALLOC_FAILED", "out-of-memory", kLess},
      {"ALLOCATION_FAILED", "out-of-memory", kLess},
      {"no kernel image is available", "no-device",
       "this torch was not built for this GPU: build the worker against another one (IMPACT_TORCH_ROOT)"},
      {"busy or unavailable", "no-device", "another process holds the GPU alone (nvidia-smi -q -d COMPUTE)"},
      {"CUDA error", "device-lost", "start the worker again; the kernel's log (dmesg: NVRM, Xid) has the cause"},
      {"CUBLAS_STATUS_", "device-lost", "start the worker again; the kernel's log (dmesg: NVRM, Xid) has the cause"},
  };
  for (const auto& one : known) {
    if (message.find(one.words) != std::string::npos) {
      return {one.kind, one.advice};
    }
  }
  return {"internal", ""};
}

std::string first_line(const std::string& message) { return message.substr(0, message.find('\n')); }

std::string joined(const std::vector<std::string>& parts) {
  std::string out;
  for (const auto& part : parts) {
    out += (out.empty() ? "" : ", ") + part;
  }
  return out;
}

}  // namespace impact::worker
