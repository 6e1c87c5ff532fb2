// msr-safe, HSMP, IPMI: the kernel's side of each request is played by the test.
#include "impact/sources/device_readers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <linux/ipmi.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstring>
#include <map>

#include "cpp/sources/fake_root.hpp"
#include "impact/sources/bmc_answers.hpp"

namespace impact::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::unique_ptr<Source> open(OpenedSource opened) {
  if (!opened) throw std::runtime_error(opened.error().what);
  return std::move(opened).value();
}

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

// --- IPMI -----------------------------------------------------------------------------------------------------------

// DCMI's layout: now 344 W, least 271, most 489, mean 319 W over 1000 ms, active.
const std::vector<std::uint8_t> kVector{0x00, 0xDC, 0x58, 0x01, 0x0F, 0x01, 0xE9, 0x01, 0x3F, 0x01,
                                        0x11, 0x22, 0x33, 0x44, 0xE8, 0x03, 0x00, 0x00, 0x40};
std::vector<std::uint8_t> bmc_answer;
long bmc_message = 0;
int late_answers = 0;

int answer_ipmi(const Descriptor&, unsigned long request, void* argument) noexcept {
  if (request == IPMICTL_SEND_COMMAND) {
    const auto& sent = *static_cast<ipmi_req*>(argument);
    EXPECT_EQ(sent.msg.netfn, 0x2C);
    EXPECT_EQ(sent.msg.cmd, 0x02);
    EXPECT_EQ(sent.msg.data_len, 4);
    EXPECT_EQ(sent.msg.data[0], 0xDC);
    EXPECT_EQ(sent.msg.data[1], 0x01);
    bmc_message = sent.msgid;
    return 0;
  }
  EXPECT_EQ(request, IPMICTL_RECEIVE_MSG_TRUNC);
  auto& answer = *static_cast<ipmi_recv*>(argument);
  answer.recv_type = IPMI_RESPONSE_RECV_TYPE;
  answer.msgid = late_answers > 0 ? bmc_message - 1 : bmc_message;
  late_answers -= late_answers > 0 ? 1 : 0;
  const std::size_t size = std::min<std::size_t>(bmc_answer.size(), answer.msg.data_len);
  if (size > 0) std::memcpy(answer.msg.data, bmc_answer.data(), size);
  answer.msg.data_len = static_cast<unsigned short>(size);
  return 0;
}

void set_watts(unsigned watts) {
  bmc_answer = kVector;
  bmc_answer[2] = static_cast<std::uint8_t>(watts & 0xFFU);
  bmc_answer[3] = static_cast<std::uint8_t>(watts >> 8U);
}

TEST(Dcmi, ReadsTheTestVector) {
  const auto reading = parse_power_reading(kVector);
  ASSERT_TRUE(reading);
  EXPECT_EQ(reading->current_w, 344U);
  EXPECT_EQ(reading->minimum_w, 271U);
  EXPECT_EQ(reading->maximum_w, 489U);
  EXPECT_EQ(reading->average_w, 319U);
  EXPECT_EQ(reading->period, std::chrono::seconds{1});
  EXPECT_TRUE(reading->active);
  auto failed = kVector;
  failed[0] = 0xC1;
  EXPECT_FALSE(parse_power_reading(failed));  // a completion code is never data
  for (std::size_t n = 0; n < kVector.size(); ++n) EXPECT_FALSE(parse_power_reading(std::span{kVector}.first(n)));
}

TEST(Ipmi, ReadsTheNodesPower) {
  FakeRoot root;
  root.write("/dev/ipmi0", "");  // a plain file is always readable: poll() answers at once
  bmc_answer = kVector;
  const auto source = open(open_ipmi_with(root.host(), answer_ipmi));
  EXPECT_EQ(read_one(*source, "ipmi/node/power").count, 344);
  EXPECT_EQ(source->channels()[0].domain, Domain::wall);
  EXPECT_FALSE(is_fast(*source));
  late_answers = 2;
  set_watts(350);
  EXPECT_EQ(read_one(*source, "ipmi/node/power").count, 350);  // answers of earlier requests are passed over
  for (const unsigned nonsense : {0U, 4'891U, 65'535U}) {
    set_watts(nonsense);
    EXPECT_EQ(read_one(*source, "ipmi/node/power").quality, Quality::missing) << nonsense;
  }
  set_watts(1200);  // above what it has seen, and possible
  EXPECT_EQ(read_one(*source, "ipmi/node/power").count, 1200);
  bmc_answer = {0xC0};
  EXPECT_EQ(read_one(*source, "ipmi/node/power").quality, Quality::missing);
  bmc_answer.clear();
  EXPECT_EQ(read_one(*source, "ipmi/node/power").quality, Quality::missing);
}

int refuse(const Descriptor&, unsigned long, void*) noexcept { return ENOTTY; }

TEST(Ipmi, AControllerThatAnswersLateIsReadAllTheSame) {
  FakeRoot root;
  root.write("/dev/ipmi0", "");
  bmc_answer = kVector;
  late_answers = 8;
  const auto source = open(open_ipmi_with(root.host(), answer_ipmi));
  EXPECT_EQ(read_one(*source, "ipmi/node/power").count, 344);
  EXPECT_EQ(open_ipmi_with(root.host(), refuse).error().kind, ErrorKind::unsupported);
}

TEST(Ipmi, SaysWhyNot) {
  FakeRoot root;
  EXPECT_EQ(open_ipmi_with(root.host(), answer_ipmi).error().kind, ErrorKind::absent);
  EXPECT_THAT(open_ipmi_with(root.host(), answer_ipmi).error().advice, HasSubstr("ipmi_devintf"));
  root.write("/dev/ipmi0", "");
  bmc_answer = {0xC1};
  EXPECT_EQ(open_ipmi_with(root.host(), answer_ipmi).error().kind, ErrorKind::unsupported);
  bmc_answer = kVector;
  bmc_answer[18] = 0;
  EXPECT_THAT(open_ipmi_with(root.host(), answer_ipmi).error().what, HasSubstr("switched off"));
}

}  // namespace
}  // namespace impact::test
