// Small helpers on names.
#pragma once

#include <string>
#include <vector>

namespace impact::worker {

std::string lower(std::string text);
// Those of `known` that resemble `name` (few letters changed, or one contains the other), best first, five at most.
std::vector<std::string> near_matches(const std::string& name, const std::vector<std::string>& known);
// What torch's message about a failure means.
struct Failure {
  std::string kind;  // as in the protocol: out-of-memory, no-device, device-lost, internal
  std::string advice;
};
Failure meaning_of(const std::string& message);
// Without the debugging hints that torch adds to a device's errors.
std::string first_line(const std::string& message);
// "a, b, c"
std::string joined(const std::vector<std::string>& parts);

}  // namespace impact::worker
