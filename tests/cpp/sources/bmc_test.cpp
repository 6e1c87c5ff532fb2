// What management controllers count beside DCMI: Lenovo's XCC, Intel's Node Manager. The test plays the controller.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <linux/ipmi.h>
#include <sys/ioctl.h>

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

std::unique_ptr<Source> open(OpenedSource opened) {
  if (!opened) throw std::runtime_error(opened.error().what);
  return std::move(opened).value();
}

// By what was sent: netfn, command, data. What is not in it is answered with "invalid command".
// As text: GCC 12 takes the three-way comparison of two vectors of bytes for one that reads past their end.
struct ByText {
  static std::string_view text(const Bytes& bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
  bool operator()(const Bytes& a, const Bytes& b) const { return text(a) < text(b); }
};
std::map<Bytes, Bytes, ByText> answers;
Bytes last_sent;
long last_message = 0;
int last_address_type = 0, last_address = 0, last_channel = 0;

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
  auto& answer = *static_cast<ipmi_recv*>(argument);
  const auto it = answers.find(last_sent);
  const Bytes bytes = it == answers.end() ? Bytes{0xC1} : it->second;
  answer.recv_type = IPMI_RESPONSE_RECV_TYPE;
  answer.msgid = last_message;
  if (!bytes.empty()) std::memcpy(answer.msg.data, bytes.data(), bytes.size());
  answer.msg.data_len = static_cast<unsigned short>(bytes.size());
  return 0;
}

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
