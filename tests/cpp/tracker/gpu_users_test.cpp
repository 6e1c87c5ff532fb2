#include "impact/tracker/gpu_users.hpp"

#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <random>

namespace impact {
namespace {

std::map<int, GpuUser> by_pid(const std::vector<GpuUser>& users) {
  std::map<int, GpuUser> map;
  for (const GpuUser& user : users) EXPECT_TRUE(map.emplace(user.pid, user).second) << user.pid << " is there twice";
  return map;
}

TEST(GpuUsers, SharesAreByWork) {
  const auto users = by_pid(users_of({{{7}, 0.6, true}, {{8}, 0.2, true}}, {{7, 100}, {9, std::nullopt}}));
  EXPECT_DOUBLE_EQ(users.at(7).share.value(), 0.75);
  EXPECT_DOUBLE_EQ(users.at(7).use.value(), 0.6);
  EXPECT_EQ(users.at(7).memory_bytes, 100U);
  EXPECT_EQ(users.at(8).memory_bytes, std::nullopt);
  EXPECT_EQ(users.at(9).share, 0.0);  // it holds memory, and ran no kernel
  EXPECT_EQ(users.at(9).use, 0.0);
}

TEST(GpuUsers, WhereNobodyWorkedThePowerIsNobodys) {
  const auto users = by_pid(users_of({}, {{7, 100}}));
  EXPECT_EQ(users.at(7).share, std::nullopt);
  EXPECT_EQ(users.at(7).use, 0.0);
}

TEST(GpuUsers, WithoutUseByProcessOneOwnerHasAllAndSeveralHaveNoKnownPart) {
  const auto alone = by_pid(users_of({{{7}, 1.0, false}}, {{7, 100}}));
  EXPECT_EQ(alone.at(7).share, 1.0);
  EXPECT_EQ(alone.at(7).use, std::nullopt);
  const auto several = by_pid(users_of({{{7, 8}, 1.0, false}}, {{7, 100}, {8, 200}}));
  for (const int pid : {7, 8}) {
    EXPECT_EQ(several.at(pid).share, std::nullopt);
    EXPECT_EQ(several.at(pid).use, std::nullopt);
  }
  EXPECT_EQ(several.at(8).memory_bytes, 200U);
}

TEST(GpuUsers, SlicesAddUpForTheirOwner) {
  const auto users = by_pid(users_of({{{7}, 3.0 / 7, false}, {{8}, 1.0 / 7, false}, {{7}, 2.0 / 7, false}}, {}));
  EXPECT_DOUBLE_EQ(users.at(7).share.value(), 5.0 / 6);
  EXPECT_DOUBLE_EQ(users.at(8).share.value(), 1.0 / 6);
}

TEST(GpuUsers, SharesNeverPassTheWhole) {
  std::mt19937 random(11);
  for (int trial = 0; trial < 200; ++trial) {
    std::vector<nvml::Client> clients;
    for (unsigned i = 0; i < random() % 6; ++i) {
      nvml::Client client{{}, static_cast<double>(random() % 101) / 100, random() % 2 == 0};
      for (unsigned pids = 1 + random() % 2; pids > 0; --pids) client.pids.push_back(static_cast<int>(random() % 9));
      clients.push_back(std::move(client));
    }
    double all = 0.0;
    for (const auto& [pid, user] : by_pid(users_of(clients, {{3, 1}}))) all += user.share.value_or(0.0);
    EXPECT_LE(all, 1.0 + 1e-9);
  }
}

TEST(GpuUsers, AmdsAndIntelsSharesAreByWorkWhereNobodyIsHidden) {
  drm::CardUse card{"gpu:pci-0000:03:00.0", true, {{{7}, 0.6, 100}, {{8}, 0.2, std::nullopt}, {{7}, 0.4, 50}}};
  const GpuLook whole = look_of(card);
  EXPECT_EQ(whole.unknown, "");
  const auto users = by_pid(whole.users);
  EXPECT_DOUBLE_EQ(users.at(7).share.value(), 1.0 / 1.2);
  EXPECT_DOUBLE_EQ(users.at(7).use.value(), 1.0);
  EXPECT_EQ(users.at(7).memory_bytes, 150U);
  EXPECT_DOUBLE_EQ(users.at(8).share.value(), 0.2 / 1.2);
  EXPECT_EQ(users.at(8).memory_bytes, std::nullopt);

  card.all_seen = false;  // a user without root: its own use is known, and not what part of all work that is
  const GpuLook part = look_of(card);
  EXPECT_NE(part.unknown, "");
  EXPECT_EQ(by_pid(part.users).at(8).share, std::nullopt);
  EXPECT_DOUBLE_EQ(by_pid(part.users).at(8).use.value(), 0.2);
}

TEST(GpuUsers, AClientWhoseWorkIsNotAccountedLeavesNoShareKnown) {
  const GpuLook look = look_of({"gpu:pci-0000:03:00.0", true, {{{7}, std::nullopt, 100}, {{8}, 0.2, 10}}});
  EXPECT_NE(look.unknown, "");
  const auto users = by_pid(look.users);
  EXPECT_EQ(users.at(7).use, std::nullopt);
  EXPECT_EQ(users.at(7).share, std::nullopt);
  EXPECT_EQ(users.at(8).share, std::nullopt);
  EXPECT_EQ(users.at(8).use, 0.2);
}

TEST(GpuUsers, AFileOfTwoProcessesIsNeitherOnesWork) {
  const auto users = by_pid(look_of({"gpu:pci-0000:03:00.0", true, {{{7, 9}, 0.5, 100}, {{8}, 0.5, 10}}}).users);
  EXPECT_EQ(users.at(7).share, std::nullopt);
  EXPECT_EQ(users.at(9).use, std::nullopt);
  EXPECT_DOUBLE_EQ(users.at(8).share.value(), 0.5);
}

TEST(GpuUsers, WhereNobodyWorkedOnACardItsPowerIsNobodys) {
  const GpuLook look = look_of({"gpu:pci-0000:03:00.0", true, {{{7}, 0.0, 100}}});
  EXPECT_EQ(look.unknown, "");
  EXPECT_EQ(look.users.at(0).share, std::nullopt);
  EXPECT_EQ(look.users.at(0).use, 0.0);
}

}  // namespace
}  // namespace impact
