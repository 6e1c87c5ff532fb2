// msr-safe, HSMP: the kernel's side of each request is played by the test.
#include "impact/sources/device_readers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/ioctl.h>

#include <cerrno>
#include <map>

#include "cpp/sources/fake_root.hpp"

namespace impact::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// --- msr-safe -------------------------------------------------------------------------------------------------------

struct Operation {
  std::uint16_t cpu, is_read;
  std::int32_t error;
  std::uint32_t address;
  std::uint64_t data, write_mask;
};
struct Batch {
  std::uint32_t count;
  Operation* operations;
};
std::map<std::pair<unsigned, std::uint32_t>, std::uint64_t> registers;
int batches = 0;

int answer_batch(const Descriptor&, unsigned long request, void* argument) noexcept {
  EXPECT_EQ(request, _IOWR('c', 0xA2, Batch));
  ++batches;
  int result = 0;
  auto& batch = *static_cast<Batch*>(argument);
  for (std::uint32_t i = 0; i < batch.count; ++i) {
    Operation& one = batch.operations[i];
    const auto it = registers.find({one.cpu, one.address});
    one.error = it == registers.end() ? -EACCES : 0;
    if (one.error != 0)
      result = EACCES;
    else
      one.data = it->second;
  }
  return result;
}

TEST(MsrSafe, OneRequestReadsAllPackages) {
  FakeRoot root;
  root.intel(0x55);
  root.online("0-1");
  root.cpu(0, 0);
  root.cpu(1, 1);
  root.write("/dev/cpu/msr_batch", "");
  registers = {{{0, 0x606}, 0xA0E03}, {{1, 0x606}, 0xA0E03}, {{0, 0x611}, 0x1'0000'0064},
               {{1, 0x611}, 200},     {{0, 0x619}, 30},      {{1, 0x619}, 40}};  // psys is not on the allow-list
  const auto source = open(open_msr_safe_with(root.host(), answer_batch));
  EXPECT_THAT(ids(*source), ElementsAre("rapl/package-0", "rapl/dram-0", "rapl/package-1", "rapl/dram-1"));
  EXPECT_DOUBLE_EQ(channel_of(*source, "rapl/dram-0").scale, 0x1p-16);
  batches = 0;
  EXPECT_EQ(read_one(*source, "rapl/package-0").count, 100);
  EXPECT_EQ(batches, 1);
  registers.erase({1, 0x619});
  EXPECT_EQ(read_one(*source, "rapl/dram-1").quality, Quality::missing);
  EXPECT_EQ(read_one(*source, "rapl/package-1").count, 200);
  registers.clear();
  EXPECT_EQ(open_msr_safe_with(root.host(), answer_batch).error().kind, ErrorKind::broken);
  root.remove("/dev/cpu/msr_batch");
  EXPECT_EQ(open_msr_safe_with(root.host(), answer_batch).error().kind, ErrorKind::absent);
}

// --- HSMP -----------------------------------------------------------------------------------------------------------

struct Message {
  std::uint32_t id;
  std::uint16_t arguments, answers;
  std::uint32_t words[8];
  std::uint16_t socket;
};
std::map<unsigned, std::uint32_t> socket_mw;

int answer_hsmp(const Descriptor&, unsigned long request, void* argument) noexcept {
  EXPECT_EQ(request, _IOWR(0xF8, 0, Message));
  auto& message = *static_cast<Message*>(argument);
  EXPECT_EQ(message.id, 4U);
  const auto it = socket_mw.find(message.socket);
  if (it == socket_mw.end()) return ETIMEDOUT;
  message.words[0] = it->second;
  return 0;
}

TEST(Hsmp, ReadsEachSocketsPower) {
  FakeRoot root;
  root.amd();
  root.online("0-1");
  root.cpu(0, 0);
  root.cpu(1, 1);
  root.write("/dev/hsmp", "");
  socket_mw = {{0, 185'250}, {1, 190'000}};
  const auto source = open(open_hsmp_with(root.host(), answer_hsmp));
  EXPECT_THAT(ids(*source), ElementsAre("hsmp/socket-0/power", "hsmp/socket-1/power"));
  EXPECT_EQ(read_one(*source, "hsmp/socket-0/power").count, 185'250);
  EXPECT_EQ(source->channels()[0].quality, Quality::modelled);
  socket_mw.erase(1);
  EXPECT_EQ(read_one(*source, "hsmp/socket-1/power").quality, Quality::missing);
  socket_mw[0] = 0;
  EXPECT_EQ(read_one(*source, "hsmp/socket-0/power").quality, Quality::missing);
  EXPECT_EQ(open_hsmp_with(root.host(), answer_hsmp).error().kind, ErrorKind::unsupported);
  root.remove("/dev/hsmp");
  EXPECT_THAT(open_hsmp_with(root.host(), answer_hsmp).error().advice, HasSubstr("amd_hsmp"));
}

}  // namespace
}  // namespace impact::test
