#include "impact/attribution/cgroup.hpp"

#include <gmock/gmock.h>

#include "cpp/sources/fake_root.hpp"
#include "impact/attribution/consumer_use.hpp"

namespace impact {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

constexpr const char* kV2Mount = "41 31 0:38 / /sys/fs/cgroup rw,relatime - cgroup2 cgroup2 rw\n";
constexpr const char* kV1Mounts =
    "33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
    "34 31 0:31 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
    "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n";

struct Machine : test::FakeRoot {
  void v2(const std::string& path, std::int64_t usec = 1'000'000, std::int64_t bytes = 4096) const {
    write("/proc/self/mountinfo", kV2Mount);
    write("/proc/42/cgroup", "0::" + path + "\n");
    const std::string folder = "/sys/fs/cgroup" + path;
    write(folder + "/cpu.stat", "usage_usec " + std::to_string(usec) + "\nuser_usec 1\nsystem_usec 2\n");
    write(folder + "/cgroup.events", "populated 1\n");
    write(folder + "/memory.current", std::to_string(bytes) + "\n");
    write(folder + "/cgroup.procs", "42\n");
  }
  void v1(const std::string& path, std::int64_t ns = 1'000'000'000, std::int64_t bytes = 4096) const {
    write("/proc/self/mountinfo", kV1Mounts);
    write("/proc/42/cgroup", "5:cpuset:" + path + "\n4:memory:" + path + "\n2:cpu,cpuacct:" + path + "\n0::/\n");
    write("/sys/fs/cgroup/cpu,cpuacct" + path + "/cpuacct.usage", std::to_string(ns) + "\n");
    write("/sys/fs/cgroup/cpu,cpuacct" + path + "/cgroup.procs", "42\n");
    write("/sys/fs/cgroup/memory" + path + "/memory.usage_in_bytes", std::to_string(bytes) + "\n");
    write("/sys/fs/cgroup/cpuset" + path + "/cpuset.cpus", "0-3\n");
  }
  Result<std::unique_ptr<ConsumerUse>> open(Scope scope) const { return ConsumerUse::open(host(), {scope, 42, false}); }
};

TEST(Cgroup, VersionTwoTellsCpuTimeAndMemory) {
  Machine machine;
  machine.v2("/system.slice/slurmstepd.scope/job_7/step_0/user/task_0", 2'500'000, 8192);
  machine.write("/sys/fs/cgroup/system.slice/slurmstepd.scope/job_7/cpu.stat", "usage_usec 9000000\n");
  machine.write("/sys/fs/cgroup/system.slice/slurmstepd.scope/job_7/memory.current", "65536\n");
  machine.write("/sys/fs/cgroup/system.slice/slurmstepd.scope/job_7/cpuset.cpus.effective", "0-1,8\n");
  auto step = std::move(machine.open(Scope::cgroup)).value();
  EXPECT_EQ(step->cpu_ns(), 2'500'000'000);
  EXPECT_EQ(step->memory(Instant{})->bytes, 8192);
  EXPECT_THAT(step->name(), HasSubstr("Slurm job 7, step 0"));
  auto job = std::move(machine.open(Scope::job)).value();
  EXPECT_EQ(job->cpu_ns(), 9'000'000'000);
  EXPECT_EQ(job->memory(Instant{})->bytes, 65536);
  EXPECT_EQ(job->name(), "Slurm job 7");
  EXPECT_THAT(job->cpus(), ElementsAre(0U, 1U, 8U));
}

TEST(Cgroup, VersionOneTellsTheSameByController) {
  Machine machine;
  machine.v1("/slurm/uid_1000/job_77/step_1", 3'000'000'000, 100);
  machine.write("/sys/fs/cgroup/cpu,cpuacct/slurm/uid_1000/job_77/cpuacct.usage", "7000000000\n");
  machine.write("/sys/fs/cgroup/memory/slurm/uid_1000/job_77/memory.usage_in_bytes", "555\n");
  auto step = std::move(machine.open(Scope::cgroup)).value();
  EXPECT_EQ(step->cpu_ns(), 3'000'000'000);
  EXPECT_THAT(step->cpus(), ElementsAre(0U, 1U, 2U, 3U));
  auto job = std::move(machine.open(Scope::job)).value();
  EXPECT_EQ(job->cpu_ns(), 7'000'000'000);
  EXPECT_EQ(job->memory(Instant{})->bytes, 555);
}

TEST(Cgroup, ASluidIsNamedByTheJobsNumber) {
  Machine machine;
  machine.v2("/system.slice/slurmstepd.scope/sEKNKTV3WPV500");
  machine.write("/proc/42/environ", std::string("PATH=/bin\0SLURM_JOB_ID=123\0", 27));
  EXPECT_EQ(std::move(machine.open(Scope::job)).value()->name(), "Slurm job 123 (sEKNKTV3WPV500)");
}

TEST(Cgroup, OarAndContainersAreNamed) {
  Machine oar1, oar2, docker;
  oar1.v1("/oar/j.van-der_berg2_4711");
  EXPECT_EQ(std::move(oar1.open(Scope::job)).value()->name(), "OAR job 4711");
  oar2.v2("/oar.slice/oar-u1000.slice/oar-u1000-j12");
  EXPECT_EQ(std::move(oar2.open(Scope::job)).value()->name(), "OAR job 12");
  docker.v2("/system.slice/docker-" + std::string(64, 'b') + ".scope");
  EXPECT_EQ(std::move(docker.open(Scope::job)).value()->name(), "Docker container bbbbbbbbbbbb");
}

TEST(Cgroup, AContainerThatSeesItsOwnPartAlone) {
  Machine machine;
  const std::string own = "/docker/" + std::string(64, 'c');
  machine.write("/proc/self/mountinfo",
                "33 31 0:30 " + own + " /sys/fs/cgroup/cpuacct rw - cgroup cgroup rw,cpuacct\n");
  machine.write("/proc/42/cgroup", "2:cpuacct:" + own + "\n");
  machine.write("/sys/fs/cgroup/cpuacct/cpuacct.usage", "4000000000\n");
  auto job = std::move(machine.open(Scope::job)).value();
  EXPECT_EQ(job->cpu_ns(), 4'000'000'000);
  EXPECT_EQ(job->name(), "Docker container cccccccccccc");
}

TEST(Cgroup, TheMachinesOwnGroupIsNobodys) {
  Machine machine;
  machine.v2("/");
  machine.remove("/sys/fs/cgroup/cgroup.events");
  EXPECT_THAT(machine.open(Scope::cgroup).error().what, HasSubstr("no control group of its own"));
  Machine session;
  session.v2("/user.slice/user-1000.slice/session-1.scope");
  EXPECT_TRUE(session.open(Scope::cgroup));
  EXPECT_THAT(session.open(Scope::job).error().what, HasSubstr("names no batch job"));
  Machine none;
  EXPECT_EQ(none.open(Scope::cgroup).error().kind, ErrorKind::absent);
}

TEST(Cgroup, CountsTheJobsBesideIt) {
  Machine machine;
  machine.v1("/slurm/uid_1000/job_77/step_1");
  for (const char* other : {"uid_1000/job_78", "uid_2000/job_9", "uid_2000/system"})
    machine.write(std::string("/sys/fs/cgroup/cpu,cpuacct/slurm/") + other + "/cpuacct.usage", "1\n");
  machine.write("/sys/fs/cgroup/cpu,cpuacct/slurm/uid_1000/job_77/cpuacct.usage", "1\n");
  EXPECT_EQ(std::move(machine.open(Scope::job)).value()->fellows(), 3U);
  Machine second;
  second.v2("/system.slice/slurmstepd.scope/job_7/step_0");
  second.write("/sys/fs/cgroup/system.slice/slurmstepd.scope/job_7/cpu.stat", "usage_usec 1\n");
  second.write("/sys/fs/cgroup/system.slice/slurmstepd.scope/sEKNKTV3WPV500/cpu.stat", "usage_usec 1\n");
  second.write("/sys/fs/cgroup/system.slice/slurmstepd.scope/system/cpu.stat", "usage_usec 1\n");
  EXPECT_EQ(std::move(second.open(Scope::job)).value()->fellows(), 2U);
}

TEST(Cgroup, AQuotaBoundsTheCores) {
  Machine machine;
  machine.v2("/system.slice/docker-" + std::string(64, 'b') + ".scope");
  const std::string folder = "/sys/fs/cgroup/system.slice/docker-" + std::string(64, 'b') + ".scope";
  machine.write(folder + "/cpu.max", "150000 100000\n");
  EXPECT_EQ(std::move(machine.open(Scope::job)).value()->quota(), 1.5);
  machine.write(folder + "/cpu.max", "max 100000\n");
  EXPECT_FALSE(std::move(machine.open(Scope::job)).value()->quota());
}

// A container without a limit of its own in a pod that has one, in a slice that has a narrower one, in version 1 as in 2.
TEST(Cgroup, AQuotaOfTheGroupsAboveBoundsTheCoresToo) {
  Machine machine;
  const std::string pod = "/kubepods.slice/kubepods-pod77.slice", container = pod + "/docker-" + std::string(64, 'b');
  machine.v2(container + ".scope");
  const std::string root = "/sys/fs/cgroup";
  machine.write(root + container + ".scope/cpu.max", "max 100000\n");
  machine.write(root + pod + "/cpu.max", "400000 100000\n");
  EXPECT_EQ(std::move(machine.open(Scope::cgroup)).value()->quota(), 4.0);
  machine.write(root + "/kubepods.slice/cpu.max", "150000 50000\n");
  EXPECT_EQ(std::move(machine.open(Scope::cgroup)).value()->quota(), 3.0);
  machine.write(root + container + ".scope/cpu.max", "50000 100000\n");
  EXPECT_EQ(std::move(machine.open(Scope::cgroup)).value()->quota(), 0.5);
  machine.remove(root + container + ".scope/cpu.max");  // its controller is not handed down so far
  EXPECT_EQ(std::move(machine.open(Scope::cgroup)).value()->quota(), 3.0);
  machine.write(root + pod + "/cpu.stat", "usage_usec 7\n");
  EXPECT_EQ(std::move(machine.open(Scope::job)).value()->quota(), 3.0);  // the pod's
}

TEST(Cgroup, NonsenseIsNoReadingAndNoCrash) {
  Machine machine;
  machine.v2("/system.slice/slurmstepd.scope/job_7/step_0");
  auto use = std::move(machine.open(Scope::cgroup)).value();
  for (const char* text : {"", "usage_usec\n", "usage_usec -\n", "user_usec 5\n", "\xff\xfe\x00",
                           "usage_usec 99999999999999999999999\n"}) {
    machine.write("/sys/fs/cgroup/system.slice/slurmstepd.scope/job_7/step_0/cpu.stat", text);
    EXPECT_FALSE(use->cpu_ns()) << text;
  }
  for (const char* text : {"", "0\n", "::::\n", "0::", "x:y\n", "0::/../../x\n"}) {
    machine.write("/proc/42/cgroup", text);
    EXPECT_FALSE(machine.open(Scope::cgroup)) << text;
  }
}

TEST(Cgroup, ProcessesOfAGroupAreThoseBelowItToo) {
  Machine machine;
  machine.v2("/a/b");
  machine.write("/sys/fs/cgroup/a/cgroup.procs", "7\n8\n");
  EXPECT_THAT(processes_of(machine.path("/sys/fs/cgroup/a")), UnorderedElementsAre(7, 8, 42));
}

}  // namespace
}  // namespace impact
