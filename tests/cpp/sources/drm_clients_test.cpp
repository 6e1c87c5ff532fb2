// Who uses AMD's and Intel's cards, from /proc/PID/fdinfo as the kernel documents it (drm-usage-stats) and as its three
// drivers write it.
#include "impact/sources/drm_clients.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <random>

#include "cpp/sources/fake_root.hpp"

namespace impact::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

constexpr const char* kCard = "0000:03:00.0";

std::string head(const std::string& driver, std::uint64_t client, const std::string& place = kCard) {
  return "pos:\t0\nflags:\t02100002\nmnt_id:\t26\nino:\t284\ndrm-driver:\t" + driver + "\ndrm-client-id:\t" +
         std::to_string(client) + "\ndrm-pdev:\t" + place + "\n";
}

std::string busy(const std::string& engine, std::uint64_t ns) {
  return "drm-engine-" + engine + ":\t" + std::to_string(ns) + " ns\n";
}

std::string cycles(const std::string& engine, std::uint64_t own, std::uint64_t all) {
  return "drm-cycles-" + engine + ":\t" + std::to_string(own) + "\ndrm-total-cycles-" + engine + ":\t" +
         std::to_string(all) + "\n";
}

TEST(DrmFdInfo, TellsEnginesAndMemoryOfEachDriver) {
  const auto amd = drm::parse_fdinfo(head("amdgpu", 7) + "pasid:\t32771\ndrm-memory-vram:\t2048 KiB\n" +
                                     "drm-memory-gtt: \t1024 KiB\n" + busy("gfx", 5'000) + busy("compute", 9));
  ASSERT_TRUE(amd);
  EXPECT_EQ(amd->driver, "amdgpu");
  EXPECT_EQ(amd->pci, kCard);
  EXPECT_EQ(amd->client, 7U);
  EXPECT_EQ(amd->memory_bytes, 2U << 20U);  // the card's, and not what it maps of the machine's
  EXPECT_EQ(amd->engines.at("gfx").busy_ns, 5'000U);
  EXPECT_EQ(amd->engines.at("compute").busy_ns, 9U);

  const auto intel = drm::parse_fdinfo(head("i915", 9) + busy("render", 25) + busy("video", 0) +
                                       "drm-engine-capacity-video:\t2\ndrm-total-local0:\t8 MiB\n" +
                                       "drm-resident-local0:\t3 MiB\ndrm-resident-system0:\t5 MiB\n");
  ASSERT_TRUE(intel);
  EXPECT_THAT(intel->engines, SizeIs(2));
  EXPECT_EQ(intel->engines.at("video").capacity, 2U);
  EXPECT_EQ(intel->engines.at("video").busy_ns, 0U);
  EXPECT_EQ(intel->memory_bytes, 3U << 20U);

  const auto xe = drm::parse_fdinfo(head("xe", 3) + cycles("rcs", 28'257'900, 7'655'183'225) + cycles("ccs", 0, 5) +
                                    "drm-engine-capacity-ccs:\t4\ndrm-resident-vram0:\t0\ndrm-maxfreq-rcs:\t2 GHz\n");
  ASSERT_TRUE(xe);
  EXPECT_EQ(xe->engines.at("rcs").cycles, 28'257'900U);
  EXPECT_EQ(xe->engines.at("rcs").all_cycles, 7'655'183'225U);
  EXPECT_EQ(xe->engines.at("rcs").busy_ns, std::nullopt);
  EXPECT_EQ(xe->engines.at("ccs").capacity, 4U);
  EXPECT_EQ(xe->memory_bytes, 0U);
}

TEST(DrmFdInfo, MoreMemoryThanANumberHoldsIsNotKnown) {
  const auto info = drm::parse_fdinfo(head("xe", 1) + "drm-resident-vram0:\t17592186044415 MiB\n" +
                                      "drm-resident-vram1:\t17592186044415 MiB\ndrm-memory-vram:\t1 KiB\n");
  ASSERT_TRUE(info);
  EXPECT_EQ(info->memory_bytes, std::nullopt);
}

TEST(DrmFdInfo, OtherFilesAndOtherWordsAreNothing) {
  EXPECT_FALSE(drm::parse_fdinfo(""));
  EXPECT_FALSE(drm::parse_fdinfo("pos:\t0\nflags:\t02\n"));
  EXPECT_FALSE(drm::parse_fdinfo("drm-driver:\tamdgpu\ndrm-pdev:\t0000:03:00.0\n"));  // which client?
  EXPECT_FALSE(drm::parse_fdinfo("drm-driver:\tpanfrost\ndrm-client-id:\t3\n"));      // which card?
  EXPECT_FALSE(drm::parse_fdinfo("drm-driver:\ti915\ndrm-client-id:\t-3\ndrm-pdev:\tx\n"));
  const auto odd = drm::parse_fdinfo(head("i915", 1) + "drm-engine-render:\t12 ms\ndrm-engine-copy:\tmany ns\n" +
                                     "drm-engine-:\t5 ns\ndrm-engine-capacity-copy:\t0\ndrm-resident-vram:\t9 GB\n" +
                                     "drm-memory-vram:\t99999999999999999999 KiB\ndrm-cycles\nrender: 5\n");
  ASSERT_TRUE(odd);
  EXPECT_THAT(odd->engines, IsEmpty());
  EXPECT_EQ(odd->memory_bytes, std::nullopt);
}

TEST(DrmFdInfo, AnyBytesDoNoHarm) {
  std::mt19937 random(20);
  const std::string whole = head("xe", 3) + busy("render", 5) + cycles("rcs", 1, 2) + "drm-resident-vram0:\t4 KiB\n";
  for (int trial = 0; trial < 3'000; ++trial) {
    std::string text = whole.substr(0, random() % (whole.size() + 1));
    for (std::size_t changes = random() % 5; changes > 0 && !text.empty(); --changes)
      text[random() % text.size()] = static_cast<char>(random() % 256);
    (void)drm::parse_fdinfo(text);
  }
}

// A machine with cards and with processes that have them open.
class DrmClients : public testing::Test {
 protected:
  DrmClients() { card("card1", "amdgpu", kCard); }
  ~DrmClients() override { umask(users_mask_); }

  void card(const std::string& name, const std::string& driver, const std::string& place) const {
    root.write("/sys/class/drm/" + name + "/device/uevent",
               "DRIVER=" + driver + "\nPCI_CLASS=30000\nPCI_SLOT_NAME=" + place + "\n");
  }
  void process(int pid, int parent = 1) const {
    const std::string number = std::to_string(pid), folder = "/proc/" + number;
    root.write(folder + "/stat", number + " (a (b) c) S " + std::to_string(parent) + " 1 1\n");
    std::filesystem::create_directories(root.path(folder + "/fd"));
  }
  void opens(int pid, int fd, const std::string& text, const std::string& file = "/dev/dri/renderD128") const {
    const std::string folder = "/proc/" + std::to_string(pid), number = std::to_string(fd);
    root.write(folder + "/fdinfo/" + number, text);
    const auto link = root.path(folder + "/fd/" + number);
    std::filesystem::remove(link);
    std::filesystem::create_symlink(file, link);
  }
  std::unique_ptr<drm::ClientReader> reader() const {
    auto opened = drm::ClientReader::open(root.host());
    if (!opened) throw std::runtime_error(opened.error().what);
    return std::move(opened).value();
  }
  void pass(Duration time) const { root.clock.now_ns += time.count(); }

  mode_t users_mask_ = umask(022);  // first: of all that the machine consists of
  FakeRoot root;
};

TEST_F(DrmClients, PartsAreOfTheTimeSinceTheLookBefore) {
  process(10);
  process(11);
  opens(10, 4, head("amdgpu", 1) + busy("gfx", 1'000'000'000) + busy("dec", 7) + "drm-memory-vram:\t1 KiB\n");
  opens(11, 9, head("amdgpu", 2) + busy("gfx", 5));
  pass(1s);
  const auto clients = reader();
  EXPECT_THAT(clients->devices(), ElementsAre("gpu:pci-0000:03:00.0"));
  const auto before = clients->look();  // it outlives the loop over a part of it
  for (const drm::Client& client : before[0].clients) EXPECT_EQ(client.part, std::nullopt);
  opens(10, 4, head("amdgpu", 1) + busy("gfx", 1'500'000'000) + busy("dec", 100'000'007));
  pass(2s);
  const drm::CardUse use = clients->look()[0];
  EXPECT_TRUE(use.all_seen);
  ASSERT_THAT(use.clients, SizeIs(2));
  EXPECT_THAT(use.clients[0].pids, ElementsAre(10));
  EXPECT_DOUBLE_EQ(use.clients[0].part.value(), 0.25);  // of its busiest engine
  EXPECT_EQ(use.clients[0].memory_bytes, std::nullopt);
  EXPECT_EQ(use.clients[1].part, 0.0);  // it was told that it did nothing
}

TEST_F(DrmClients, CyclesAndEnginesOfSeveral) {
  card("card0", "xe", "0000:04:00.0");
  card("card0-HDMI-A-1", "xe", "0000:05:00.0");
  card("card7", "nouveau", "0000:06:00.0");
  process(10);
  opens(10, 4, head("xe", 1, "0000:04:00.0") + cycles("ccs", 100, 1'000) + "drm-engine-capacity-ccs:\t4\n");
  opens(10, 5, head("amdgpu", 1) + busy("gfx", 5));
  const auto clients = reader();
  EXPECT_THAT(clients->devices(), ElementsAre("gpu:pci-0000:03:00.0", "gpu:pci-0000:04:00.0"));
  (void)clients->look();
  opens(10, 4, head("xe", 1, "0000:04:00.0") + cycles("ccs", 1'700, 3'000) + "drm-engine-capacity-ccs:\t4\n");
  pass(1s);
  const std::vector<drm::CardUse> uses = clients->look();
  EXPECT_EQ(uses[0].clients.at(0).part, 0.0);
  EXPECT_DOUBLE_EQ(uses[1].clients.at(0).part.value(), 0.2);
}

TEST_F(DrmClients, AFileThatWasHandedOnIsOneClient) {
  process(10);
  process(11);
  for (const int fd : {4, 5}) opens(10, fd, head("amdgpu", 1) + busy("gfx", 0));
  opens(11, 4, head("amdgpu", 1) + busy("gfx", 0));
  opens(11, 6, head("amdgpu", 1) + busy("gfx", 99), "/tmp/a file");  // not a card's
  const drm::CardUse use = reader()->look()[0];
  ASSERT_THAT(use.clients, SizeIs(1));
  EXPECT_THAT(use.clients[0].pids, UnorderedElementsAre(10, 11));
}

TEST_F(DrmClients, WhoBeganSinceIsKnownAndWhoOpenedACardLateIsNotForOneLook) {
  process(10);
  pass(100s);
  const auto clients = reader();
  EXPECT_THAT(clients->look()[0].clients, IsEmpty());
  pass(1s);
  process(11);
  opens(11, 3, head("amdgpu", 5) + busy("gfx", 400'000'000));
  opens(10, 3, head("amdgpu", 6) + busy("gfx", 900'000'000));  // seen with the next scan of an old process
  ASSERT_THAT(clients->look()[0].clients, SizeIs(1));
  pass(10s);
  drm::CardUse use = clients->look()[0];
  ASSERT_THAT(use.clients, SizeIs(2));
  EXPECT_EQ(use.clients[0].part, 0.0);
  EXPECT_EQ(use.clients[1].part, std::nullopt);  // nobody knows when it worked
  pass(1s);
  opens(10, 3, head("amdgpu", 6) + busy("gfx", 1'400'000'000));
  EXPECT_DOUBLE_EQ(clients->look()[0].clients[1].part.value(), 0.5);
  std::filesystem::remove_all(root.path("/proc/11"));
  EXPECT_THAT(clients->look()[0].clients, SizeIs(1));
}

TEST_F(DrmClients, ANewProcessHasAllItsWork) {
  const auto clients = reader();
  (void)clients->look();
  pass(1s);
  process(11);
  opens(11, 3, head("amdgpu", 5) + busy("gfx", 400'000'000));
  EXPECT_DOUBLE_EQ(clients->look()[0].clients.at(0).part.value(), 0.4);
}

// Until it is found the others' work would be taken for all of the card's.
TEST_F(DrmClients, AProgramThatOpensACardSoonAfterItBeganIsFoundSoon) {
  pass(100s);
  const auto clients = reader();
  (void)clients->look();
  pass(1s);
  process(11);
  EXPECT_THAT(clients->look()[0].clients, IsEmpty());
  pass(1s);
  opens(11, 3, head("amdgpu", 5) + busy("gfx", 200'000'000));
  EXPECT_DOUBLE_EQ(clients->look()[0].clients.at(0).part.value(), 0.2);  // it was looked at just before, and had none
  process(12);
  for (int second = 0; second < 20; ++second) {
    pass(1s);
    (void)clients->look();
  }
  opens(12, 3, head("amdgpu", 6) + busy("gfx", 100));
  pass(5s);
  EXPECT_THAT(clients->look()[0].clients, SizeIs(2));
}

TEST_F(DrmClients, CountersThatGoBackAndPartsBeyondTheWholeAreNoNumbers) {
  process(10);
  opens(10, 3, head("amdgpu", 5) + busy("gfx", 400));
  const auto clients = reader();
  (void)clients->look();
  pass(1s);
  opens(10, 3, head("amdgpu", 5) + busy("gfx", 300));
  EXPECT_EQ(clients->look()[0].clients[0].part, std::nullopt);
  pass(1s);
  opens(10, 3, head("amdgpu", 5) + busy("gfx", 1'900'000'300));
  EXPECT_EQ(clients->look()[0].clients[0].part, 1.0);
  pass(1s);
  opens(10, 3, head("amdgpu", 5));  // a driver that tells no engine
  EXPECT_EQ(clients->look()[0].clients[0].part, std::nullopt);
}

TEST_F(DrmClients, WhatRocmComputesIsNotAccountedAndIsNoZero) {
  process(10);
  opens(10, 3, head("amdgpu", 5) + busy("gfx", 0));
  root.write("/sys/class/kfd/kfd/proc/10/pasid", "32771\n");
  const auto clients = reader();
  (void)clients->look();
  pass(1s);
  EXPECT_EQ(clients->look()[0].clients.at(0).part, std::nullopt);
}

TEST_F(DrmClients, AProcessThatIsClosedToUsIsUnseen) {
  process(10);
  opens(10, 3, head("amdgpu", 5) + busy("gfx", 0));
  process(2, 0);
  process(40, 2);  // a thread of the kernel's
  for (const char* kernel : {"/proc/2/fd", "/proc/40/fd"})
    std::filesystem::permissions(root.path(kernel), std::filesystem::perms::none);
  std::filesystem::permissions(root.path("/"), std::filesystem::perms{0755});
  const bool is_root = geteuid() == 0;
  if (is_root && seteuid(65'534) != 0) GTEST_SKIP() << "cannot give up root";
  const auto clients = reader();
  const bool all_seen = clients->look()[0].all_seen;
  const auto seen = clients->look()[0].clients;
  ASSERT_EQ(is_root ? seteuid(0) : 0, 0);
  EXPECT_TRUE(all_seen);
  EXPECT_THAT(seen, SizeIs(1));
  process(30);
  std::filesystem::permissions(root.path("/proc/30/fd"), std::filesystem::perms::none);
  ASSERT_EQ(is_root ? seteuid(65'534) : 0, 0);
  const drm::CardUse use = clients->look()[0];
  ASSERT_EQ(is_root ? seteuid(0) : 0, 0);
  EXPECT_FALSE(use.all_seen);
  EXPECT_THAT(use.clients, SizeIs(1));
}

TEST(DrmMachine, WithoutSuchACardThereIsNothingToAsk) {
  FakeRoot root;
  EXPECT_EQ(drm::ClientReader::open(root.host()).error().kind, ErrorKind::absent);
}

// Whatever the clients do, over looks at times of any length: parts are what was drawn.
TEST_F(DrmClients, PartsAreWhatWasDrawn) {
  std::mt19937 random(5);
  const auto clients = reader();
  std::vector<std::uint64_t> spent(4, 0);
  for (int i = 0; i < 4; ++i) process(10 + i);
  const auto write = [&] {
    for (unsigned i = 0; i < spent.size(); ++i)
      opens(static_cast<int>(10 + i), 3, head("i915", i) + busy("render", spent[i]));
  };
  write();
  (void)clients->look();
  for (int look = 0; look < 20; ++look) {
    const std::uint64_t length_ns = 100'000'000 + random() % 3'000'000'000;
    std::vector<double> parts;
    for (std::uint64_t& ns : spent) {
      const std::uint64_t grown = random() % 3 == 0 ? 0 : random() % length_ns;
      ns += grown;
      parts.push_back(static_cast<double>(grown) / static_cast<double>(length_ns));
    }
    write();
    pass(Duration{static_cast<std::int64_t>(length_ns)});
    const drm::CardUse use = clients->look()[0];
    ASSERT_THAT(use.clients, SizeIs(4));
    for (unsigned i = 0; i < 4; ++i) EXPECT_NEAR(use.clients[i].part.value(), parts[i], 1e-9);
  }
}

}  // namespace
}  // namespace impact::test
