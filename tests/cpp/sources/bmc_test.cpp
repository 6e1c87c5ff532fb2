// What management controllers tell: DCMI, Lenovo's XCC, Intel's Node Manager. The test plays the controller.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <linux/ipmi.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <string_view>

#include "cpp/sources/fake_root.hpp"
#include "impact/sources/bmc_answers.hpp"
#include "impact/sources/device_readers.hpp"
#include "impact/sources/domain_tree.hpp"

namespace impact::test {
namespace {

using Bytes = std::vector<std::uint8_t>;
using testing::ElementsAre;
using testing::HasSubstr;

// By what was sent: netfn, command, data. What is not in it is answered with "invalid command".
// As text: GCC 12 takes the three-way comparison of two vectors of bytes for one that reads past their end.
struct ByText {
  static std::string_view text(const Bytes& bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  bool operator()(const Bytes& a, const Bytes& b) const { return text(a) < text(b); }
};
std::map<Bytes, Bytes, ByText> answers;
Bytes last_sent;
long last_message = 0;
int last_address_type = 0, last_address = 0, last_channel = 0;
int late_answers = 0;  // answers of earlier requests that come before this one's

int controller(const Descriptor&, unsigned long request, void* argument) noexcept {
  if (request == IPMICTL_SEND_COMMAND) {
    const auto& sent = *static_cast<ipmi_req*>(argument);
    last_sent = {sent.msg.netfn, sent.msg.cmd};
    last_sent.insert(last_sent.end(), sent.msg.data, sent.msg.data + sent.msg.data_len);
    last_message = sent.msgid;
    const auto& to = *reinterpret_cast<const ipmi_ipmb_addr*>(sent.addr);
    last_address_type = to.addr_type;
    last_channel = to.channel;
    last_address = to.addr_type == IPMI_IPMB_ADDR_TYPE ? to.slave_addr : 0;
    return 0;
  }
  EXPECT_EQ(request, IPMICTL_RECEIVE_MSG_TRUNC);
  auto& answer = *static_cast<ipmi_recv*>(argument);
  const auto it = answers.find(last_sent);
  const Bytes bytes = it == answers.end() ? Bytes{0xC1} : it->second;
  answer.recv_type = IPMI_RESPONSE_RECV_TYPE;
  answer.msgid = late_answers > 0 ? last_message - 1 : last_message;
  late_answers -= late_answers > 0 ? 1 : 0;
  const std::size_t size = std::min<std::size_t>(bytes.size(), answer.msg.data_len);
  if (size > 0) std::memcpy(answer.msg.data, bytes.data(), size);
  answer.msg.data_len = static_cast<unsigned short>(size);
  return 0;
}

// --- DCMI -----------------------------------------------------------------------------------------------------------

// Now 344 W, least 271, most 489, mean 319 W over 1000 ms, active.
const Bytes kDcmi{0x00, 0xDC, 0x58, 0x01, 0x0F, 0x01, 0xE9, 0x01, 0x3F, 0x01,
                  0x11, 0x22, 0x33, 0x44, 0xE8, 0x03, 0x00, 0x00, 0x40};
const Bytes kDcmiCommand{0x2C, 0x02, 0xDC, 0x01, 0x00, 0x00};

Bytes dcmi_answer(unsigned watts) {
  Bytes answer = kDcmi;
  answer[2] = static_cast<std::uint8_t>(watts & 0xFFU);
  answer[3] = static_cast<std::uint8_t>(watts >> 8U);
  return answer;
}

TEST(Dcmi, ReadsTheTestVector) {
  const auto reading = parse_power_reading(kDcmi);
  ASSERT_TRUE(reading);
  EXPECT_EQ(reading->current_w, 344U);
  EXPECT_EQ(reading->minimum_w, 271U);
  EXPECT_EQ(reading->maximum_w, 489U);
  EXPECT_EQ(reading->average_w, 319U);
  EXPECT_EQ(reading->period, std::chrono::seconds{1});
  EXPECT_TRUE(reading->active);
  Bytes failed = kDcmi;
  failed[0] = 0xC1;
  EXPECT_FALSE(parse_power_reading(failed));  // a completion code is never data
  for (std::size_t n = 0; n < kDcmi.size(); ++n) EXPECT_FALSE(parse_power_reading(std::span{kDcmi}.first(n)));
}

TEST(Ipmi, ReadsTheNodesPower) {
  FakeRoot root;
  root.write("/dev/ipmi0", "");  // a plain file is always readable: poll() answers at once
  answers = {{kDcmiCommand, kDcmi}};
  const auto source = open(open_ipmi_with(root.host(), controller));
  EXPECT_EQ(read_one(*source, "ipmi/node/power").count, 344);
  EXPECT_EQ(source->channels()[0].domain, Domain::wall);
  EXPECT_FALSE(is_fast(*source));
  late_answers = 2;
  answers[kDcmiCommand] = dcmi_answer(350);
  EXPECT_EQ(read_one(*source, "ipmi/node/power").count, 350);  // answers of earlier requests are passed over
  for (const unsigned nonsense : {0U, 4'891U, 65'535U}) {
    answers[kDcmiCommand] = dcmi_answer(nonsense);
    EXPECT_EQ(read_one(*source, "ipmi/node/power").quality, Quality::missing) << nonsense;
  }
  answers[kDcmiCommand] = dcmi_answer(1200);  // above what it has seen, and possible
  EXPECT_EQ(read_one(*source, "ipmi/node/power").count, 1200);
  answers[kDcmiCommand] = {0xC0};
  EXPECT_EQ(read_one(*source, "ipmi/node/power").quality, Quality::missing);
  answers[kDcmiCommand].clear();
  EXPECT_EQ(read_one(*source, "ipmi/node/power").quality, Quality::missing);
}

int refuse(const Descriptor&, unsigned long, void*) noexcept { return ENOTTY; }

TEST(Ipmi, AControllerThatAnswersLateIsReadAllTheSame) {
  FakeRoot root;
  root.write("/dev/ipmi0", "");
  answers = {{kDcmiCommand, kDcmi}};
  late_answers = 8;
  const auto source = open(open_ipmi_with(root.host(), controller));
  EXPECT_EQ(read_one(*source, "ipmi/node/power").count, 344);
  EXPECT_EQ(open_ipmi_with(root.host(), refuse).error().kind, ErrorKind::unsupported);
}

TEST(Ipmi, SaysWhyNot) {
  FakeRoot root;
  EXPECT_EQ(open_ipmi_with(root.host(), controller).error().kind, ErrorKind::absent);
  EXPECT_THAT(open_ipmi_with(root.host(), controller).error().advice, HasSubstr("ipmi_devintf"));
  root.write("/dev/ipmi0", "");
  answers = {};
  EXPECT_EQ(open_ipmi_with(root.host(), controller).error().kind, ErrorKind::unsupported);
  answers = {{kDcmiCommand, kDcmi}};
  answers[kDcmiCommand][18] = 0;
  EXPECT_THAT(open_ipmi_with(root.host(), controller).error().what, HasSubstr("switched off"));
}

// --- Lenovo's XCC ---------------------------------------------------------------------------------------------------

Bytes device_id(std::uint32_t maker) {
  const auto byte = [&](unsigned shift) { return static_cast<std::uint8_t>(maker >> shift); };
  return {0x00, 0x20, 0x01, 0x02, 0x30, 0x02, 0xBF, byte(0), byte(8), byte(16), 0x05, 0x01};
}

// 0x12345 J and 678 ms of a joule, at 0x60000000 s and 250 ms.
const Bytes kXcc{0x00, 0x07, 0x00, 0x45, 0x23, 0x01, 0x00, 0xA6, 0x02, 0x00, 0x00, 0x00, 0x60, 0xFA, 0x00};
const Bytes kXccCommand{0x3A, 0x32, 0x04, 0x02, 0x00, 0x00, 0x00};

TEST(Xcc, CountsMillijoules) {
  FakeRoot root;
  root.write("/dev/ipmi0", "");
  answers = {{{0x06, 0x01}, device_id(19'046)}, {kXccCommand, kXcc}};
  const auto source = open(open_ipmi_xcc_with(root.host(), controller));
  EXPECT_EQ(read_one(*source, "ipmi_xcc/node/energy").count, 0x12345LL * 1000 + 678);
  EXPECT_EQ(source->channels()[0].domain, Domain::wall);
  EXPECT_EQ(source->channels()[0].kind, Kind::counter);
  EXPECT_FALSE(is_fast(*source));
  for (std::size_t n = 0; n < kXcc.size(); ++n) {
    answers[kXccCommand] = Bytes(kXcc.begin(), kXcc.begin() + static_cast<std::ptrdiff_t>(n));
    EXPECT_EQ(read_one(*source, "ipmi_xcc/node/energy").quality, Quality::missing) << n;
  }
  answers[kXccCommand] = kXcc;
  answers[kXccCommand][8] = 0x04;  // 1190 thousandths
  EXPECT_EQ(read_one(*source, "ipmi_xcc/node/energy").quality, Quality::missing);
  answers[kXccCommand][0] = 0xC0;
  EXPECT_EQ(read_one(*source, "ipmi_xcc/node/energy").quality, Quality::missing);
}

TEST(Xcc, NoOthersControllerIsSentItsCommand) {
  FakeRoot root;
  EXPECT_EQ(open_ipmi_xcc_with(root.host(), controller).error().kind, ErrorKind::absent);
  root.write("/dev/ipmi0", "");
  answers = {{{0x06, 0x01}, device_id(674)}, {kXccCommand, kXcc}};
  EXPECT_EQ(open_ipmi_xcc_with(root.host(), controller).error().kind, ErrorKind::absent);
  EXPECT_EQ(last_sent, (Bytes{0x06, 0x01}));
  answers = {{{0x06, 0x01}, device_id(2)}};
  EXPECT_EQ(open_ipmi_xcc_with(root.host(), controller).error().kind, ErrorKind::unsupported);
}

// --- Intel's Node Manager -------------------------------------------------------------------------------------------

Bytes statistics(unsigned watts, std::uint8_t state = 0x50) {
  const auto low = static_cast<std::uint8_t>(watts), high = static_cast<std::uint8_t>(watts >> 8U);
  return {0x00, 0x57, 0x01, 0x00, low,  high, 0x64, 0x00, 0x58, 0x02, 0x2C,
          0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0x10, 0x0E, 0x00, 0x00, state};
}
Bytes ask_statistics(std::uint8_t part) { return {0x2E, 0xC8, 0x57, 0x01, 0x00, 0x01, part, 0x00}; }

TEST(NodeManager, PlatformProcessorsAndMemory) {
  FakeRoot root;
  root.intel();
  root.write("/dev/ipmi0", "");
  answers = {
      {ask_statistics(0), statistics(413)}, {ask_statistics(1), statistics(201)}, {ask_statistics(2), statistics(37)}};
  const auto source = open(open_ipmi_nm_with(root.host(), controller));
  EXPECT_THAT(ids(*source), ElementsAre("ipmi_nm/node/power", "ipmi_nm/cpu/power", "ipmi_nm/memory/power"));
  EXPECT_EQ(last_address_type, IPMI_IPMB_ADDR_TYPE);
  EXPECT_EQ(last_address, 0x2C);
  EXPECT_EQ(last_channel, 0);
  EXPECT_EQ(read_one(*source, "ipmi_nm/node/power").count, 413);
  EXPECT_EQ(read_one(*source, "ipmi_nm/cpu/power").count, 201);
  const std::vector<Channel> channels(source->channels().begin(), source->channels().end());
  EXPECT_THAT(find_cover(channels).total, ElementsAre(1U, 2U));  // the platform stays apart
  answers[ask_statistics(1)] = statistics(60'000);
  EXPECT_EQ(read_one(*source, "ipmi_nm/cpu/power").quality, Quality::missing);  // beyond ten times its largest
  answers[ask_statistics(0)] = statistics(0);
  EXPECT_EQ(read_one(*source, "ipmi_nm/node/power").quality, Quality::missing);
  answers[ask_statistics(2)] = statistics(37, 0x10);
  EXPECT_EQ(read_one(*source, "ipmi_nm/memory/power").quality, Quality::missing);  // measuring is off
}

TEST(NodeManager, SaysWhyNot) {
  FakeRoot root;
  root.amd();
  root.write("/dev/ipmi0", "");
  EXPECT_EQ(open_ipmi_nm_with(root.host(), controller).error().kind, ErrorKind::absent);
  root.intel();
  answers = {};
  EXPECT_EQ(open_ipmi_nm_with(root.host(), controller).error().kind, ErrorKind::unsupported);
  setenv("IMPACT_TRACKER_NODE_MANAGER_CHANNEL", "six", 1);
  EXPECT_EQ(open_ipmi_nm_with(root.host(), controller).error().kind, ErrorKind::misconfigured);
  setenv("IMPACT_TRACKER_NODE_MANAGER_CHANNEL", "6", 1);
  answers = {{ask_statistics(0), statistics(413)}};
  EXPECT_THAT(ids(*open(open_ipmi_nm_with(root.host(), controller))), ElementsAre("ipmi_nm/node/power"));
  EXPECT_EQ(last_channel, 6);
  unsetenv("IMPACT_TRACKER_NODE_MANAGER_CHANNEL");
}

TEST(NodeManager, ReadsItsVector) {
  const auto reading = parse_node_manager(statistics(413));
  ASSERT_TRUE(reading);
  EXPECT_EQ(reading->current_w, 413U);
  EXPECT_EQ(reading->minimum_w, 100U);
  EXPECT_EQ(reading->maximum_w, 600U);
  EXPECT_EQ(reading->average_w, 300U);
  EXPECT_EQ(reading->period, std::chrono::seconds{3600});
  Bytes other = statistics(413);
  other[1] = 0x58;
  EXPECT_FALSE(parse_node_manager(other));
  const Bytes whole = statistics(413);
  for (std::size_t n = 0; n < 21; ++n) EXPECT_FALSE(parse_node_manager(std::span{whole}.first(n)));
}

}  // namespace
}  // namespace impact::test
