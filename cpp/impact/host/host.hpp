#pragma once
// Holds the machine as the readers see it: a root directory and a clock. Tests give a fake of either.

#include <filesystem>
#include <string_view>

#include "impact/host/clock.hpp"

namespace impact {

struct Host {
  std::filesystem::path root{"/"};
  const Clock* clock = &system_clock();

  // Returns where "/sys/class/powercap", say, lies below the root.
  std::filesystem::path path(std::string_view absolute) const;
  Instant now() const noexcept { return clock->now(); }
  bool is_real() const { return root == "/"; }
};

}  // namespace impact
