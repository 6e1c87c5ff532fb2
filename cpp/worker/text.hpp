// Small helpers on names.
#pragma once

#include <string>
#include <vector>

namespace impact::worker {

std::string lower(std::string text);
/// Those of `known` that resemble `name` (few letters changed, or one contains the other), best first, five at most.
std::vector<std::string> near_matches(const std::string& name, const std::vector<std::string>& known);
/// "a, b, c"
std::string joined(const std::vector<std::string>& parts);

}  // namespace impact::worker
