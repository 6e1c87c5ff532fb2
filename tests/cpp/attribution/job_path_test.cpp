#include <gtest/gtest.h>

#include "impact/attribution/cgroup.hpp"

namespace impact {
namespace {

using System = JobPath::System;
const std::string kId(64, 'a');

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
      // A container inside of a batch job is the job's.
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
  for (const std::string path :
       {"/", "", "/user.slice/user-1000.slice/session-3.scope", "/system.slice/slurmd.service", "/slurm/system",
        "/system.slice/slurmstepd.scope/system", "/slurm/uid_1000/job_x", "/oar/alice", "/oar/_12", "/docker/buildx",
        "/docker", "//", "/slurm/uid_0", "/oar.slice/oar-u1000.slice", "/kubepods/besteffort"}) {
    EXPECT_FALSE(find_job(path)) << path;
  }
}

}  // namespace
}  // namespace impact
