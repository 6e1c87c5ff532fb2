// Which job or container a control group's path names.

#include <algorithm>
#include <cctype>
#include <utility>

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

std::string_view without_end(std::string_view name, std::string_view end) {
  if (name.ends_with(end)) name.remove_suffix(end.size());
  return name;
}

// "docker-<id>.scope" or "docker-<id>" for the prefix "docker-".
std::optional<std::string_view> container_id(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix)) return std::nullopt;
  name.remove_prefix(prefix.size());
  name = without_end(name, ".scope");
  if (!is_hex_id(name)) return std::nullopt;
  return name;
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
    for (const auto look :
         {&Finder::slurm, &Finder::oar, &Finder::pbs, &Finder::lsf, &Finder::htcondor, &Finder::sge}) {
      for (std::size_t i = 0; i < parts_.names.size(); ++i) {
        if (auto job = (this->*look)(i)) return job;
      }
    }
    std::optional<JobPath> innermost;
    for (std::size_t i = 0; i < parts_.names.size(); ++i) {
      if (auto group = group_of_containers(i)) {
        innermost = std::move(group);
        if (one_container(i + 1)) ++i;  // a part of it
      } else if (auto container = one_container(i)) {
        innermost = std::move(container);
      }
    }
    return innermost;
  }

 private:
  std::string_view name(std::size_t i) const { return i < parts_.names.size() ? parts_.names[i] : std::string_view{}; }
  // What ends with this name.
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

  // /pbs_jobs.service/jobid/123.server, /pbs_jobs.service/jobs/123.server; older hooks name the service as the site wants.
  std::optional<JobPath> pbs(std::size_t i) const {
    const std::string_view here = name(i), above = i > 0 ? name(i - 1) : std::string_view{};
    if (!above.starts_with("pbs") || (here != "jobid" && here != "jobs")) return std::nullopt;
    const std::string_view id = name(i + 1);
    if (id.empty() || std::isdigit(static_cast<unsigned char>(id.front())) == 0) return std::nullopt;
    return made(System::pbs, id, i + 1);
  }

  // /lsf/<cluster>/job.123.4567.1617000000, of an array job.123[4].4567.1617000000.
  std::optional<JobPath> lsf(std::size_t i) const {
    std::string_view id = name(i + 2);
    if (name(i) != "lsf" || !id.starts_with("job.")) return std::nullopt;
    id.remove_prefix(4);
    id = id.substr(0, id.find('.'));
    if (!is_number(id.substr(0, id.find('[')))) return std::nullopt;
    return made(System::lsf, id, i + 2);
  }

  // /htcondor/condor_var_lib_condor_execute_slot1_2@node: the job's number stands nowhere in it.
  std::optional<JobPath> htcondor(std::size_t i) const {
    const std::string_view here = name(i);
    const std::size_t slot = here.rfind("_slot");
    if (!here.starts_with("condor_") || slot == std::string_view::npos) return std::nullopt;
    std::string_view id = here.substr(slot + 1);
    id = id.substr(0, id.find('@'));
    if (id.size() < 5 || std::isdigit(static_cast<unsigned char>(id[4])) == 0) return std::nullopt;
    return made(System::htcondor, id, i);
  }

  std::optional<JobPath> sge(std::size_t i) const {
    const std::string_view above = i > 0 ? name(i - 1) : std::string_view{};
    const std::string_view here = name(i);
    const std::size_t dot = here.find('.');
    if ((above != "UGE" && above != "AGE") || dot == std::string_view::npos) return std::nullopt;
    if (!is_number(here.substr(0, dot)) || !is_number(here.substr(dot + 1))) return std::nullopt;
    return made(System::sge, here, i);
  }

  std::optional<JobPath> group_of_containers(std::size_t i) const {
    if (auto group = pod(i)) return group;
    return ecs(i);
  }

  // /kubepods/besteffort/pod<uid>/<container>, /kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod<uid>.slice/…;
  // in a node that is a container the kubelet puts a name of its own before: kubelet-kubepods-….
  std::optional<JobPath> pod(std::size_t i) const {
    std::string_view here = without_end(name(i), ".slice");
    const std::string_view above = i > 0 ? name(i - 1) : std::string_view{};
    const bool is_below =
        above == "besteffort" || above == "burstable" || above.find("kubepods") != std::string_view::npos;
    const std::size_t at = here.starts_with("pod") && is_below ? 0 : here.find("-pod");
    if (at == std::string_view::npos || (at != 0 && here.substr(0, at).find("kubepods") == std::string_view::npos)) {
      return std::nullopt;
    }
    here.remove_prefix(at + (at == 0 ? 3 : 4));
    return here.empty() ? std::nullopt : std::optional(made(System::kubernetes, here, i));
  }

  // /ecs/<task>/<container>, /ecs/<cluster>/<task>/<container>, /ecstasks.slice/ecstasks-<task>.slice/docker-<container>.scope.
  std::optional<JobPath> ecs(std::size_t i) const {
    constexpr std::string_view kSlice = "ecstasks-";
    const std::string_view here = name(i);
    if (here.starts_with(kSlice) && here.ends_with(".slice")) {
      const std::string_view id = without_end(here.substr(kSlice.size()), ".slice");
      return id.empty() ? std::nullopt : std::optional(made(System::ecs, id, i));
    }
    const auto is_task = [](std::string_view id) {
      return id.size() >= 32 && id.size() <= 36 &&
             std::ranges::all_of(id, [](unsigned char c) { return std::isxdigit(c) != 0 || c == '-'; });
    };
    const bool is_below = (i > 0 && name(i - 1) == "ecs") || (i > 1 && name(i - 2) == "ecs" && !is_task(name(i - 1)));
    return is_below && is_task(here) ? std::optional(made(System::ecs, here, i)) : std::nullopt;
  }

  std::optional<JobPath> one_container(std::size_t i) const {
    constexpr std::pair<std::string_view, System> kPrefixes[] = {{"docker-", System::docker},
                                                                 {"libpod-", System::podman},
                                                                 {"cri-containerd-", System::containerd},
                                                                 {"nerdctl-", System::containerd},
                                                                 {"crio-", System::crio}};
    const std::string_view here = name(i), above = i > 0 ? name(i - 1) : std::string_view{};
    for (const auto& [prefix, system] : kPrefixes) {
      if (const auto id = container_id(here, prefix)) return made(system, *id, i);
    }
    if (above == "docker" && is_hex_id(here)) return made(System::docker, here, i);
    // cgroupfs: a container's id alone, below a pod, a task or a namespace of containerd
    if (is_hex_id(here)) return made(System::containerd, here, i);
    if (here.starts_with("lxc.payload.") && here.size() > 12) return made(System::lxc, here.substr(12), i);
    if (above == "lxc" && !here.empty()) return made(System::lxc, here, i);
    if (auto task = nomad(i)) return task;
    if (auto machine = nspawn(i)) return machine;
    return apptainer(i);
  }

  // /nomad.slice/share.slice/<allocation>.<task>.scope, /nomad/share/<allocation>.<task>; before 1.7 without the part
  // between. An allocation's id is a UUID.
  std::optional<JobPath> nomad(std::size_t i) const {
    constexpr std::size_t kUuid = 36;
    const auto is_nomad = [](std::string_view s) { return s == "nomad" || s == "nomad.slice"; };
    if (!(i > 0 && is_nomad(name(i - 1))) && !(i > 1 && is_nomad(name(i - 2)))) return std::nullopt;
    const std::string_view here = without_end(name(i), ".scope");
    if (here.size() < kUuid || here[8] != '-' || here[23] != '-') return std::nullopt;
    if (here.size() > kUuid && here[kUuid] != '.') return std::nullopt;
    return made(System::nomad, here, i);
  }

  // /machine.slice/systemd-nspawn@<name>.service/payload, /machine.slice/machine-<name>.scope/payload. Others register machines
  // too, libvirt's with "qemu" in the name.
  std::optional<JobPath> nspawn(std::size_t i) const {
    constexpr std::string_view kUnit = "systemd-nspawn@", kScope = "machine-";
    const std::string_view here = name(i);
    if (here.starts_with(kUnit) && here.ends_with(".service")) {
      const std::string_view id = without_end(here.substr(kUnit.size()), ".service");
      return id.empty() ? std::nullopt : std::optional(made(System::nspawn, id, i));
    }
    if (i == 0 || name(i - 1) != "machine.slice" || !here.starts_with(kScope) || !here.ends_with(".scope"))
      return std::nullopt;
    if (name(i + 1) != "payload" && name(i + 1) != "supervisor") return std::nullopt;
    return made(System::nspawn, without_end(here.substr(kScope.size()), ".scope"), i);
  }

  // …/apptainer-<pid>.scope, /singularity/<pid>.
  std::optional<JobPath> apptainer(std::size_t i) const {
    const std::string_view here = name(i), above = i > 0 ? name(i - 1) : std::string_view{};
    for (const std::string_view prefix : {"apptainer-", "singularity-"}) {
      if (!here.starts_with(prefix)) continue;
      const std::string_view id = without_end(here.substr(prefix.size()), ".scope");
      if (is_number(id)) return made(System::apptainer, id, i);
    }
    if ((above == "apptainer" || above == "singularity") && is_number(here)) return made(System::apptainer, here, i);
    return std::nullopt;
  }

  std::string_view path_;
  Parts parts_;
};

}  // namespace

std::optional<JobPath> find_job(std::string_view path) { return Finder{path}.find(); }

}  // namespace impact
