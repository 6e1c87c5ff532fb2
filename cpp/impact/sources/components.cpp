#include <fmt/format.h>

#include <set>

#include "impact/sources/cpu_info.hpp"
#include "impact/sources/domain_tree.hpp"
#include "impact/sources/pci_gpus.hpp"

namespace impact {

std::vector<std::string> machine_components(const Host& host) {
  std::set<unsigned> packages;
  for (const CpuPlace& place : read_topology(host)) packages.insert(place.package);
  std::vector<std::string> components;
  components.reserve(packages.size() + 1);
  for (const unsigned package : packages) components.push_back(fmt::format("cpu:{}", package));
  if (packages.empty()) components.emplace_back("cpu");
  components.emplace_back("memory");
  for (std::string& card : gpu_components(host)) components.push_back(std::move(card));
  return components;
}

}  // namespace impact
