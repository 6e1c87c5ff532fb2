// Has small helpers on names.
#pragma once

#include <string>
#include <vector>

namespace impact::worker {

std::string lower(std::string text);
// Lists those of `known` that resemble `name` (few letters changed, or one contains the other), best first, five at most.
std::vector<std::string> near_matches(const std::string& name, const std::vector<std::string>& known);
// Says what torch's message about a failure means.
struct Failure {
  std::string kind;  // is the protocol's: out-of-memory, no-device, device-lost, internal
  std::string advice;
};
Failure meaning_of(const std::string& message);
// Leaves out the debugging hints that torch adds to a device's errors.
std::string first_line(const std::string& message);
// Writes "a, b, c".
std::string joined(const std::vector<std::string>& parts);

}  // namespace impact::worker
