#include "impact/host/host.hpp"

namespace impact {

std::filesystem::path Host::path(std::string_view absolute) const {
  while (!absolute.empty() && absolute.front() == '/') absolute.remove_prefix(1);
  return root / absolute;
}

}  // namespace impact
