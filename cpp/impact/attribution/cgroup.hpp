#pragma once
// Control groups: where a process is, whose that is (a batch job, a container), and what the group has used.
//
// Slurm        v1 /slurm[_<node>]/uid_U/job_J/step_S, v2 /system.slice/[<node>_]slurmstepd.scope/job_J/step_S, and from
//              26.05 on the SLUID in place of job_J (/…/slurmstepd.scope/sEKNKTV3WPV500)
// OAR          v1 /oar/<user>_<job> (logins may hold digits, dots, dashes, underscores), v2 /oar.slice/…/oar-u<uid>-j<job>
// PBS          v1 /pbs_jobs[.service]/jobid/<job>, v2 /pbs_jobs.service/jobs/<job>
// LSF          /lsf/<cluster>/job.<job>[index].<pid>.<time>
// HTCondor     /…htcondor/condor_<scratch>_slot<n>[_<m>@host]: the slot, which has one job at a time
// SGE          /UGE/<job>.<task>, /AGE/…
// containers   Docker, Podman, Kubernetes (the pod), LXC, containerd, CRI-O, ECS (the task), Nomad (the task of an
//              allocation), systemd-nspawn, Apptainer; the innermost one

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "impact/core/error.hpp"
#include "impact/host/file.hpp"
#include "impact/host/host.hpp"

namespace impact {

struct JobPath {
  enum class System : std::uint8_t {
    slurm,
    oar,
    pbs,
    lsf,
    htcondor,
    sge,
    docker,
    podman,
    kubernetes,
    lxc,
    containerd,
    crio,
    ecs,
    nomad,
    nspawn,
    apptainer
  };
  System system = System::slurm;
  std::string id;    // job number or SLUID, slot, container's or pod's id
  std::string path;  // of its control group: the beginning of the path that was looked at
  std::string step;  // Slurm: "0", "batch"; empty where the path goes no deeper
  bool is_batch() const noexcept { return system <= System::sge; }
};

constexpr std::string_view to_string(JobPath::System s) noexcept {
  constexpr std::string_view kNames[] = {
      "Slurm",      "OAR", "PBS",        "LSF",   "HTCondor", "SGE",   "Docker",         "Podman",
      "Kubernetes", "LXC", "containerd", "CRI-O", "ECS",      "Nomad", "systemd-nspawn", "Apptainer"};
  return kNames[static_cast<std::size_t>(s)];
}

// The job or container that a control group's path belongs to: a batch job before the containers around or in it, else
// the innermost container. A pod's containers, and a task's, are parts of it.
std::optional<JobPath> find_job(std::string_view path);

// One process's groups, and where they lie on this machine.
struct CgroupPlace {
  std::string path;              // as the kernel names it: "/slurm/uid_1000/job_77/step_0"
  std::filesystem::path folder;  // of CPU time (v2: of all)
  std::filesystem::path memory;  // empty where there is no such controller
  std::filesystem::path cpuset;
  bool v2 = false;
};

// Of the groups of one process those that count CPU time, and where the path says more, the one that names a job.
// Error absent: no control groups, or none with a folder here.
Result<CgroupPlace> find_cgroup(const Host& host, std::int64_t pid);
// The same group at a shorter path: that of its job.
CgroupPlace above(const CgroupPlace& place, std::string_view path);

// What a group has used, through descriptors kept open. Includes every process that ever was in it.
class CgroupMeter {
 public:
  static Result<CgroupMeter> open(const CgroupPlace& place);
  std::optional<std::int64_t> cpu_ns() const noexcept;
  std::optional<std::int64_t> memory_bytes() const noexcept;  // with its page cache
  bool has_memory() const noexcept { return memory_.valid(); }

 private:
  Descriptor cpu_, memory_;
  bool v2_ = false;
};

// Processes of a group and of those below it.
std::vector<int> processes_of(const std::filesystem::path& folder);
// CPUs that the group may use; empty where it is not confined.
std::vector<unsigned> cpus_of(const CgroupPlace& place);
// CPUs' worth of time that the group may use (cpu.max, cfs_quota), by its own limit and those of the groups that it lies
// in; nullopt where there is no limit.
std::optional<double> quota_of(const CgroupPlace& place);
// Jobs or containers of the same system beside this one, itself included; nullopt where they cannot be listed.
std::optional<std::size_t> count_fellows(const CgroupPlace& place, const JobPath& job);

}  // namespace impact
