// The tree that the kernel's powercap class makes of its zones, as sysfs shows it: directories in
// devices/virtual/powercap/<control type>/<zone>/<subzone>, relative links to them in class/powercap.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "fakes/powercap/machine.hpp"

namespace impact::fakes {

struct Node {
  enum class Kind { directory, link, attribute, fixed, truth, control, log, registers };
  Kind kind = Kind::directory;
  std::string name;
  unsigned mode = 0555;
  std::size_t parent = 0;
  bool hidden = false;              ///< found by name, absent from listings: no tool stumbles over it
  std::string text;                 ///< target of a link, content of a fixed file
  std::shared_ptr<Zone> zone = {};  ///< of a zone's directory, its attributes and the link to it
  int cpu = -1;                     ///< whose registers
  std::vector<std::size_t> children = {};
};

/// Node 0 is the root, which stands for /sys. class/powercap holds .truth, .control and .log, hidden. Registers lie in
/// dev-cpu/<n>/msr, to be shown at /dev/cpu/<n>/msr.
std::vector<Node> powercap_layout(const Machine& machine);

}  // namespace impact::fakes
