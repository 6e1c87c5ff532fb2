// Which job or container a control group's path names.

#include <algorithm>
#include <cctype>

#include "impact/attribution/cgroup.hpp"

namespace impact {
namespace {

using System = JobPath::System;

bool is_number(std::string_view s) {
  return !s.empty() && std::ranges::all_of(s, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_hex_id(std::string_view s) {
  return s.size() == 64 && std::ranges::all_of(s, [](unsigned char c) { return std::isxdigit(c) != 0; });
}

// "docker-<id>.scope" or "<id>" for the prefix "docker-".
std::optional<std::string> container_id(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix)) return std::nullopt;
  name.remove_prefix(prefix.size());
  if (name.ends_with(".scope")) name.remove_suffix(6);
  if (!is_hex_id(name)) return std::nullopt;
  return std::string(name);
}

// Slurm's unique id: "s" and 13 letters and digits in Crockford's alphabet.
bool is_sluid(std::string_view s) {
  return s.size() >= 12 && s.size() <= 16 && s.front() == 's' &&
         std::ranges::all_of(s.substr(1), [](unsigned char c) { return std::isdigit(c) != 0 || std::isupper(c) != 0; });
}

struct Parts {
  std::vector<std::string_view> names;
  std::vector<std::size_t> ends;  // of each, in the path
};

Parts parts_of(std::string_view path) {
  Parts parts;
  std::size_t at = 0;
  while (at < path.size()) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    if (end > at) {
      parts.names.push_back(path.substr(at, end - at));
      parts.ends.push_back(end);
    }
    at = end + 1;
  }
  return parts;
}

class Finder {
 public:
  explicit Finder(std::string_view path) : path_(path), parts_(parts_of(path)) {}

  std::optional<JobPath> find() const {
    for (const auto look : {&Finder::slurm, &Finder::oar, &Finder::container}) {
      for (std::size_t i = 0; i < parts_.names.size(); ++i) {
        if (auto found = (this->*look)(i)) return found;
      }
    }
    return std::nullopt;
  }

 private:
  std::string_view name(std::size_t i) const { return i < parts_.names.size() ? parts_.names[i] : std::string_view{}; }
  JobPath made(System system, std::string_view id, std::size_t last) const {
    return {system, std::string(id), std::string(path_.substr(0, parts_.ends[last])), ""};
  }

  std::optional<JobPath> slurm(std::size_t i) const {
    const std::string_view here = name(i);
    std::size_t job = 0;
    if (here.ends_with("slurmstepd.scope")) {
      job = i + 1;
    } else if ((here == "slurm" || here.starts_with("slurm_")) && name(i + 1).starts_with("uid_")) {
      job = i + 2;
    } else {
      return std::nullopt;
    }
    std::string_view id = name(job);
    if (id.starts_with("job_") && is_number(id.substr(4))) {
      id.remove_prefix(4);
    } else if (!is_sluid(id)) {
      return std::nullopt;  // "system": the daemon's own
    }
    JobPath found = made(System::slurm, id, job);
    if (name(job + 1).starts_with("step_")) found.step = name(job + 1).substr(5);
    return found;
  }

  std::optional<JobPath> oar(std::size_t i) const {
    std::string_view here = name(i);
    if (i > 0 && name(i - 1) == "oar") {  // <user>_<job>
      const std::size_t split = here.rfind('_');
      if (split == std::string_view::npos || split == 0 || !is_number(here.substr(split + 1))) return std::nullopt;
      return made(System::oar, here.substr(split + 1), i);
    }
    if (!here.starts_with("oar-u")) return std::nullopt;
    for (const std::string_view end : {".slice", ".scope", ".service"}) {
      if (here.ends_with(end)) here.remove_suffix(end.size());
    }
    const std::size_t split = here.rfind("-j");
    if (split == std::string_view::npos || !is_number(here.substr(split + 2))) return std::nullopt;
    return made(System::oar, here.substr(split + 2), i);
  }

  std::optional<JobPath> container(std::size_t i) const {
    const std::string_view here = name(i);
    if (here.starts_with("kubepods")) return pod(i);
    if (auto id = container_id(here, "docker-")) return made(System::docker, *id, i);
    if (auto id = container_id(here, "libpod-")) return made(System::podman, *id, i);
    if (auto id = container_id(here, "cri-containerd-")) return made(System::containerd, *id, i);
    if (i > 0 && name(i - 1) == "docker" && is_hex_id(here)) return made(System::docker, here, i);
    if (here.starts_with("lxc.payload.")) return made(System::lxc, here.substr(12), i);
    if (i > 0 && name(i - 1) == "lxc") return made(System::lxc, here, i);
    return std::nullopt;
  }

  // /kubepods/besteffort/pod<uid>/<container>, /kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod<uid>.slice/…
  std::optional<JobPath> pod(std::size_t from) const {
    for (std::size_t i = from; i < parts_.names.size(); ++i) {
      std::string_view here = name(i);
      if (here.ends_with(".slice")) here.remove_suffix(6);
      const std::size_t at = here.starts_with("pod") ? 0 : here.find("-pod");
      if (at == std::string_view::npos) continue;
      here.remove_prefix(at + (at == 0 ? 3 : 4));
      if (!here.empty()) return made(System::kubernetes, here, i);
    }
    return std::nullopt;
  }

  std::string_view path_;
  Parts parts_;
};

}  // namespace

std::optional<JobPath> find_job(std::string_view path) { return Finder{path}.find(); }

}  // namespace impact
