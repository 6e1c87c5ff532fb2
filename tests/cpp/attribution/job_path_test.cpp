#include <gtest/gtest.h>

#include "fakes/random.hpp"
#include "impact/attribution/cgroup.hpp"

namespace impact {
namespace {

using System = JobPath::System;
const std::string kId(64, 'a'),
    kOuter(64, 'b'), kTask = "e95a40efbde84cbc8600660a109ec194", kAllocation = "4744f0ea-7616-ab3a-a420-8e25056e3861";

struct Case {
  std::string path;
  System system;
  std::string id, of, step;
};

TEST(JobPath, NamesTheJobOrContainerOfAPath) {
  const Case cases[] = {
      {"/slurm/uid_1000/job_77/step_0", System::slurm, "77", "/slurm/uid_1000/job_77", "0"},
      {"/slurm/uid_1000/job_77/step_batch/task_0", System::slurm, "77", "/slurm/uid_1000/job_77", "batch"},
      {"/slurm_node12/uid_0/job_8", System::slurm, "8", "/slurm_node12/uid_0/job_8", ""},
      {"/system.slice/slurmstepd.scope/job_77/step_3/user/task_1", System::slurm, "77",
       "/system.slice/slurmstepd.scope/job_77", "3"},
      {"/system.slice/node12_slurmstepd.scope/job_5/step_extern/slurm", System::slurm, "5",
       "/system.slice/node12_slurmstepd.scope/job_5", "extern"},
      {"/system.slice/slurmstepd.scope/sEKNKTV3WPV500/step_0/user/task_0", System::slurm, "sEKNKTV3WPV500",
       "/system.slice/slurmstepd.scope/sEKNKTV3WPV500", "0"},
      {"/oar/alice_4711", System::oar, "4711", "/oar/alice_4711", ""},
      {"/oar/j.van-der_berg2_4711/x", System::oar, "4711", "/oar/j.van-der_berg2_4711", ""},
      {"/oar.slice/oar-u1000.slice/oar-u1000-j4711/x", System::oar, "4711",
       "/oar.slice/oar-u1000.slice/oar-u1000-j4711", ""},
      {"/oar.slice/oar-u1000-j9.slice", System::oar, "9", "/oar.slice/oar-u1000-j9.slice", ""},
      {"/docker/" + kId, System::docker, kId, "/docker/" + kId, ""},
      {"/system.slice/docker-" + kId + ".scope", System::docker, kId, "/system.slice/docker-" + kId + ".scope", ""},
      {"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" + kId + ".scope/container", System::podman,
       kId, "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" + kId + ".scope", ""},
      {"/libpod_parent/libpod-" + kId, System::podman, kId, "/libpod_parent/libpod-" + kId, ""},
      {"/kubepods/besteffort/pod12-34/" + kId, System::kubernetes, "12-34", "/kubepods/besteffort/pod12-34", ""},
      {"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod12_34.slice/cri-containerd-" + kId + ".scope",
       System::kubernetes, "12_34", "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod12_34.slice", ""},
      {"/system.slice/cri-containerd-" + kId + ".scope", System::containerd, kId,
       "/system.slice/cri-containerd-" + kId + ".scope", ""},
      {"/lxc/web1/init.scope", System::lxc, "web1", "/lxc/web1", ""},
      {"/lxc.payload.web1/system.slice", System::lxc, "web1", "/lxc.payload.web1", ""},
      // The innermost one, seen from the machine: nodes of kind and minikube, Docker and pods in each other.
      {"/system.slice/docker-" + kOuter +
           ".scope/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/"
           "kubelet-kubepods-besteffort-podb6a1_05ee.slice/cri-containerd-" +
           kId + ".scope",
       System::kubernetes, "b6a1_05ee",
       "/system.slice/docker-" + kOuter +
           ".scope/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/"
           "kubelet-kubepods-besteffort-podb6a1_05ee.slice",
       ""},
      {"/docker/" + kOuter + "/kubelet/kubepods/besteffort/pod12-34/" + kId, System::kubernetes, "12-34",
       "/docker/" + kOuter + "/kubelet/kubepods/besteffort/pod12-34", ""},
      {"/docker/" + kOuter + "/kubepods.slice/kubepods-podab_cd.slice/crio-" + kId + ".scope/container",
       System::kubernetes, "ab_cd", "/docker/" + kOuter + "/kubepods.slice/kubepods-podab_cd.slice", ""},
      {"/docker/" + kOuter + "/docker/" + kId, System::docker, kId, "/docker/" + kOuter + "/docker/" + kId, ""},
      {"/system.slice/docker-" + kOuter + ".scope/docker/" + kId, System::docker, kId,
       "/system.slice/docker-" + kOuter + ".scope/docker/" + kId, ""},
      {"/lxc/101/ns/docker/" + kId, System::docker, kId, "/lxc/101/ns/docker/" + kId, ""},
      {"/lxc.payload.c1/system.slice/docker-" + kId + ".scope", System::docker, kId,
       "/lxc.payload.c1/system.slice/docker-" + kId + ".scope", ""},
      {"/lxc.payload.c1/lxc.payload.c2/init.scope", System::lxc, "c2", "/lxc.payload.c1/lxc.payload.c2", ""},
      {"/kubepods/burstable/pod12-34/" + kOuter + "/docker/" + kId, System::docker, kId,
       "/kubepods/burstable/pod12-34/" + kOuter + "/docker/" + kId, ""},
      {"/machine.slice/libpod-" + kOuter + ".scope/container/libpod-" + kId + ".scope", System::podman, kId,
       "/machine.slice/libpod-" + kOuter + ".scope/container/libpod-" + kId + ".scope", ""},
      {"/machine.slice/crio-" + kId + ".scope", System::crio, kId, "/machine.slice/crio-" + kId + ".scope", ""},
      {"/system.slice/nerdctl-" + kId + ".scope", System::containerd, kId, "/system.slice/nerdctl-" + kId + ".scope",
       ""},
      {"/default/" + kId, System::containerd, kId, "/default/" + kId, ""},
      {"/ecs/" + kTask + "/" + kId, System::ecs, kTask, "/ecs/" + kTask, ""},
      {"/ecs/blue-cluster/" + kTask + "/" + kId, System::ecs, kTask, "/ecs/blue-cluster/" + kTask, ""},
      {"/ecs/" + kTask + "/" + kTask + "-3249158237", System::ecs, kTask, "/ecs/" + kTask, ""},
      {"/ecstasks.slice/ecstasks-" + kTask + ".slice/docker-" + kId + ".scope", System::ecs, kTask,
       "/ecstasks.slice/ecstasks-" + kTask + ".slice", ""},
      {"/nomad.slice/share.slice/" + kAllocation + ".train.scope", System::nomad, kAllocation + ".train",
       "/nomad.slice/share.slice/" + kAllocation + ".train.scope", ""},
      {"/nomad.slice/" + kAllocation + ".train.scope", System::nomad, kAllocation + ".train",
       "/nomad.slice/" + kAllocation + ".train.scope", ""},
      {"/nomad/reserve/" + kAllocation + ".train", System::nomad, kAllocation + ".train",
       "/nomad/reserve/" + kAllocation + ".train", ""},
      {"/nomad.slice/docker-" + kId + ".scope", System::docker, kId, "/nomad.slice/docker-" + kId + ".scope", ""},
      {"/machine.slice/systemd-nspawn@debian.service/payload/init.scope", System::nspawn, "debian",
       "/machine.slice/systemd-nspawn@debian.service", ""},
      {"/machine.slice/machine-debian.scope/payload/system.slice/x.service", System::nspawn, "debian",
       "/machine.slice/machine-debian.scope", ""},
      {"/user.slice/user-1000.slice/user@1000.service/user.slice/apptainer-4711.scope", System::apptainer, "4711",
       "/user.slice/user-1000.slice/user@1000.service/user.slice/apptainer-4711.scope", ""},
      {"/singularity/4711", System::apptainer, "4711", "/singularity/4711", ""},
      {"/pbs_jobs.service/jobid/2404743.opbs", System::pbs, "2404743.opbs", "/pbs_jobs.service/jobid/2404743.opbs", ""},
      {"/pbs_jobs.service/jobs/77[3].head/x", System::pbs, "77[3].head", "/pbs_jobs.service/jobs/77[3].head", ""},
      {"/lsf/cluster1/job.1234.56789.1617000000", System::lsf, "1234", "/lsf/cluster1/job.1234.56789.1617000000", ""},
      {"/lsf/cluster1/job.1234[7].56789.1617000000/x", System::lsf, "1234[7]",
       "/lsf/cluster1/job.1234[7].56789.1617000000", ""},
      {"/htcondor/condor_var_lib_condor_execute_slot1", System::htcondor, "slot1",
       "/htcondor/condor_var_lib_condor_execute_slot1", ""},
      {"/system.slice/htcondor/condor_var_lib_condor_execute_slot1_23@wn5.site.org/user", System::htcondor, "slot1_23",
       "/system.slice/htcondor/condor_var_lib_condor_execute_slot1_23@wn5.site.org", ""},
      {"/UGE/3021.1", System::sge, "3021.1", "/UGE/3021.1", ""},
      // A container inside of a batch job is the job's, and a batch job inside of a container is one.
      {"/docker/" + kId + "/slurm/uid_1/job_2/step_0", System::slurm, "2", "/docker/" + kId + "/slurm/uid_1/job_2",
       "0"},
      {"/pbs_jobs.service/jobid/5.s/libpod-" + kId + ".scope", System::pbs, "5.s", "/pbs_jobs.service/jobid/5.s", ""},
      {"/slurm/uid_1/job_2/step_0/docker/" + kId, System::slurm, "2", "/slurm/uid_1/job_2", "0"},
  };
  for (const Case& c : cases) {
    const auto found = find_job(c.path);
    ASSERT_TRUE(found) << c.path;
    EXPECT_EQ(found->system, c.system) << c.path;
    EXPECT_EQ(found->id, c.id) << c.path;
    EXPECT_EQ(found->path, c.of) << c.path;
    EXPECT_EQ(found->step, c.step) << c.path;
  }
}

TEST(JobPath, IsNoneForTheRest) {
  for (const std::string path : {"/",
                                 "",
                                 "/user.slice/user-1000.slice/session-3.scope",
                                 "/system.slice/slurmd.service",
                                 "/slurm/system",
                                 "/system.slice/slurmstepd.scope/system",
                                 "/slurm/uid_1000/job_x",
                                 "/oar/alice",
                                 "/oar/_12",
                                 "/docker/buildx",
                                 "/docker",
                                 "//",
                                 "/slurm/uid_0",
                                 "/oar.slice/oar-u1000.slice",
                                 "/kubepods/besteffort",
                                 "/kubepods.slice/kubepods-besteffort.slice",
                                 "/podinfo/x",
                                 "/kubepods/pod",
                                 "/system.slice/my-pod.service",
                                 "/ecs",
                                 "/ecs/x",
                                 "/ecstasks.slice/ecstasks-.slice",
                                 "/nomad.slice/share.slice",
                                 "/nomad/x.y",
                                 "/machine.slice/machine-qemu\\x2d1\\x2dvm.scope/libvirt/emulator",
                                 "/machine.slice/systemd-nspawn@.service",
                                 "/user.slice/apptainer-x.scope",
                                 "/pbs_jobs.service/jobid",
                                 "/pbs_jobs.service/jobid/x",
                                 "/pbs.service",
                                 "/lsf/cluster1",
                                 "/lsf/cluster1/job.x.1.2",
                                 "/lsf/c/jobs",
                                 "/system.slice/condor.service",
                                 "/htcondor/condor_x",
                                 "/UGE/x.1",
                                 "/UGE/12",
                                 "/lxc",
                                 "/lxc.payload."}) {
    EXPECT_FALSE(find_job(path)) << path;
  }
}

// Whatever is nested in whatever: the path that is found is a beginning of the path looked at, and what lies deeper in
// the same container finds the same.
TEST(JobPath, OfRandomNestingsIsTheInnermost) {
  const auto hex = [](fakes::Random& random) {
    std::string id;
    while (id.size() < 64) id += "0123456789abcdef"[random.between(0, 15)];
    return id;
  };
  for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
    SCOPED_TRACE(seed);
    fakes::Random random(seed);
    std::string path;
    std::string innermost;
    for (std::int64_t depth = random.between(1, 4); depth > 0; --depth) {
      for (std::int64_t plain = random.between(0, 2); plain > 0; --plain) path += "/system.slice";
      const std::string id = hex(random), before = path;
      switch (random.between(0, 6)) {
        case 0: innermost = path += "/system.slice/docker-" + id + ".scope"; break;
        case 1: innermost = path += "/docker/" + id; break;
        case 2: innermost = path += "/lxc.payload." + id.substr(0, 5); break;
        case 3:
          innermost = path +=
              "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" + id.substr(0, 8) + ".slice";
          path += "/cri-containerd-" + id + ".scope";
          break;
        case 4:
          innermost = path += "/kubelet/kubepods/pod" + id.substr(0, 8);
          path += "/" + id;
          break;
        case 5: innermost = path += "/machine.slice/libpod-" + id + ".scope"; break;
        default:
          innermost = path += "/user.slice/apptainer-" + std::to_string(random.between(2, 99999)) + ".scope";
          break;
      }
    }
    for (const char* deeper : {"", "/init.scope", "/user/task_0"}) {
      const auto found = find_job(path + deeper);
      ASSERT_TRUE(found) << path;
      EXPECT_EQ(found->path, innermost);
    }
  }
}

}  // namespace
}  // namespace impact
