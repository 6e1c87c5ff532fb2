#include "fakes/powercap/layout.hpp"

#include <map>

namespace impact::fakes {
namespace {

class Builder {
 public:
  std::vector<Node> nodes{Node{}};

  std::size_t add(std::size_t parent, Node node) {
    node.parent = parent;
    nodes.push_back(std::move(node));
    nodes[parent].children.push_back(nodes.size() - 1);
    return nodes.size() - 1;
  }
  std::size_t directory(std::size_t parent, const std::string& name, std::shared_ptr<Zone> zone = {}) {
    return add(parent, {.kind = Node::Kind::directory, .name = name, .text = {}, .zone = std::move(zone)});
  }
  void link(std::size_t parent, const std::string& name, std::string target, std::shared_ptr<Zone> zone = {}) {
    add(parent,
        {.kind = Node::Kind::link, .name = name, .mode = 0777, .text = std::move(target), .zone = std::move(zone)});
  }
  void file(std::size_t parent, const std::string& name, unsigned mode, std::string text) {
    add(parent, {.kind = Node::Kind::fixed, .name = name, .mode = mode, .text = std::move(text)});
  }
};

struct Place {
  std::size_t node;
  std::string path;  // below devices/virtual/powercap
  int depth;
};

}  // namespace

std::vector<Node> powercap_layout(const Machine& machine) {
  Builder tree;
  const std::size_t klass = tree.directory(tree.directory(0, "class"), "powercap");
  const std::size_t devices = tree.directory(tree.directory(tree.directory(0, "devices"), "virtual"), "powercap");
  std::map<std::string, Place> places;  // control types and zones by their full name
  const auto subsystem = [&](const Place& place) {
    std::string up = "../../../";
    for (int i = 0; i < place.depth; ++i) up += "../";
    tree.link(place.node, "subsystem", up + "class/powercap");
  };
  for (const auto& zone : machine.zones()) {
    const std::string& name = zone->path();
    const std::string type = name.substr(0, name.find(':'));
    if (places.find(type) == places.end()) {
      const Place place = places[type] = {tree.directory(devices, type), type, 1};
      tree.file(place.node, "enabled", 0644, "1\n");
      tree.file(place.node, "uevent", 0644, "");
      subsystem(place);
      tree.link(klass, type, "../../devices/virtual/powercap/" + type);
    }
    const auto parent = places.find(name.substr(0, name.rfind(':')));
    if (parent == places.end()) throw std::invalid_argument(name + ": its parent zone must stand above it");
    const Place& above = parent->second;
    const Place place =
        places[name] = {tree.directory(above.node, name, zone), above.path + "/" + name, above.depth + 1};
    for (const auto& [attribute, mode] : zone->attributes())
      tree.add(place.node, {.kind = Node::Kind::attribute, .name = attribute, .mode = mode, .text = {}, .zone = zone});
    subsystem(place);
    tree.link(place.node, "device", above.depth == 1 ? "../../" + type : "../../" + parent->first);
    tree.link(klass, name, "../../devices/virtual/powercap/" + place.path, zone);
  }
  const auto hidden = [&](Node::Kind kind, const char* name, unsigned mode) {
    tree.add(klass, {.kind = kind, .name = name, .mode = mode, .hidden = true, .text = {}});
  };
  hidden(Node::Kind::truth, ".truth", 0444);
  hidden(Node::Kind::control, ".control", 0200);
  hidden(Node::Kind::log, ".log", 0444);
  if (!machine.register_cpus().empty()) {
    const std::size_t cpus = tree.directory(0, "dev-cpu");
    for (const int cpu : machine.register_cpus())
      tree.add(tree.directory(cpus, std::to_string(cpu)),
               {.kind = Node::Kind::registers, .name = "msr", .mode = 0600, .text = {}, .cpu = cpu});
  }
  return std::move(tree.nodes);
}

}  // namespace impact::fakes
