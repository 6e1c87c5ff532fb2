#include "impact/host/process_lock.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fakes/child.hpp"
#include "fakes/scratch.hpp"

namespace impact {
namespace {

namespace fs = std::filesystem;

class ProcessLockTest : public testing::Test {
 protected:
  ProcessLockTest() {
    fs::create_directories(root_ / "run/lock");
    fs::create_directories(root_ / "tmp");
  }

  Host host() const { return Host{root_.path()}; }
  fs::path ours(const char* below) const { return root_ / below / ("impact-tracker-" + std::to_string(::geteuid())); }

  fakes::Scratch root_;
};

// Holds the lock; with `worker` it leaves a process behind that it forked.
class Holder : public fakes::Child {
 public:
  explicit Holder(const Host& host, bool worker = false)
      : Child([&](auto ready) {
          Result<ProcessLock> lock = ProcessLock::open(host, "bmc.lock", 1);
          const bool mine = lock && lock.value().take() == ProcessLock::State::mine;
          if (worker && ::fork() == 0) {
            for (;;) ::pause();
          }
          ready(mine);
        }) {}
};

TEST_F(ProcessLockTest, OneProcessHoldsItUntilItDies) {
  Holder holder(host());
  ProcessLock lock = std::move(ProcessLock::open(host(), "bmc.lock", 1)).value();
  EXPECT_EQ(lock.take(), ProcessLock::State::others);
  EXPECT_EQ(lock.holder(), holder.pid());
  ProcessLock another = std::move(ProcessLock::open(host(), "bmc.lock", ~std::uint64_t{0})).value();
  EXPECT_EQ(another.take(), ProcessLock::State::mine);
  holder.kill();
  EXPECT_EQ(lock.take(), ProcessLock::State::mine);
  EXPECT_EQ(lock.take(), ProcessLock::State::mine);
}

TEST_F(ProcessLockTest, AForkedWorkerDoesNotKeepItsParentsLock) {
  Holder holder(host(), true);
  ProcessLock lock = std::move(ProcessLock::open(host(), "bmc.lock", 1)).value();
  EXPECT_EQ(lock.take(), ProcessLock::State::others);
  holder.kill();
  EXPECT_EQ(lock.take(), ProcessLock::State::mine);
}

TEST_F(ProcessLockTest, ItIsLetGo) {
  ProcessLock lock = std::move(ProcessLock::open(host(), "bmc.lock", 1)).value();
  EXPECT_EQ(lock.take(), ProcessLock::State::mine);
  lock.release();
  Holder holder(host());  // says that it got it
  EXPECT_EQ(lock.take(), ProcessLock::State::others);
}

TEST_F(ProcessLockTest, ADirectoryThatOthersMayWriteIsNotTrusted) {
  fs::create_directory(ours("run/lock"));
  ::chmod(ours("run/lock").c_str(), 0777);
  EXPECT_TRUE(ProcessLock::open(host(), "a.lock", 7));
  EXPECT_TRUE(fs::exists(ours("tmp") / "a.lock"));
  EXPECT_FALSE(fs::exists(ours("run/lock") / "a.lock"));
}

TEST_F(ProcessLockTest, LinksAreNotFollowed) {
  fs::create_directory(root_ / "elsewhere");
  fs::create_directory_symlink(root_ / "elsewhere", ours("run/lock"));
  fs::create_directory(ours("tmp"));
  ::chmod(ours("tmp").c_str(), 0700);
  fs::create_symlink(root_ / "elsewhere/target", ours("tmp") / "a.lock");
  const Result<ProcessLock> lock = ProcessLock::open(host(), "a.lock", 7);
  ASSERT_FALSE(lock);
  EXPECT_THAT(lock.error().what, testing::HasSubstr("a.lock"));
  EXPECT_TRUE(fs::is_empty(root_ / "elsewhere"));
}

TEST_F(ProcessLockTest, WithoutAnyPlaceTheReasonIsSaid) {
  fs::remove_all(root_ / "run");
  fs::remove_all(root_ / "tmp");
  const Result<ProcessLock> lock = ProcessLock::open(host(), "a.lock", 7);
  ASSERT_FALSE(lock);
  EXPECT_THAT(lock.error().what, testing::HasSubstr("/run/lock"));
  EXPECT_THAT(lock.error().what, testing::HasSubstr("/tmp"));
}

}  // namespace
}  // namespace impact
