// The roof: what a pass does is counted, arrays are large against the caches, phases end.
#include "worker/roof.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "driven.hpp"
#include "folder.hpp"
#include "worker/process.hpp"

namespace impact::worker {
namespace {

constexpr std::int64_t kMiB = 1 << 20;

Json ran(const Json& fields) {
  Json command{{"cmd", "roof"}, {"threads", 1}, {"passes", 2}};
  command.update(fields);
  auto options = parse_roof(command);
  const auto limits = options.limits;
  Roof roof(std::move(options));
  return driven(roof.load(), "roof", limits, [&](Protocol&, Phase& phase) { return roof.run(phase); });
}

TEST(Roof, TriadAndCopyCountTheirBytes) {
  for (const auto& [kind, arrays] : {std::pair{"triad", 3.0}, std::pair{"copy", 2.0}}) {
    const auto done = ran({{"kind", kind}, {"array_bytes", kMiB}});
    EXPECT_EQ(done["passes"], 2);
    const auto bytes = done["roof"]["bytes_per_pass"].get<double>();
    EXPECT_EQ(std::fmod(bytes, arrays * kMiB), 0.0) << bytes;
    EXPECT_TRUE(done["roof"]["macs_per_pass"].is_null());
    EXPECT_EQ(done["roof"]["array_bytes"], kMiB);
    EXPECT_EQ(done["pass_ns"].size(), 2U);
    EXPECT_TRUE(done["network"].is_null());
  }
}

TEST(Roof, ProductsCountTheirMultiplyAdds) {
  const auto done = ran({{"kind", "matmul"}});
  const auto macs = done["roof"]["macs_per_pass"].get<double>();
  EXPECT_EQ(std::fmod(macs, std::pow(512.0, 3)), 0.0);  // sides are 512 and its doubles
  EXPECT_TRUE(done["roof"]["bytes_per_pass"].is_null());
}

TEST(Roof, ConvolutionsCountTheirMultiplyAdds) {
  const auto done = ran({{"kind", "convolution"}});
  EXPECT_EQ(std::fmod(done["roof"]["macs_per_pass"].get<double>(), 9.0 * 256 * 256 * 56 * 56), 0.0);
}

TEST(Roof, ArraysAreLargeAgainstTheCachesAndFitIntoMemory) {
  EXPECT_EQ(roof_array_bytes(4096, 32 * kMiB, 1000 * kMiB), 4096);
  EXPECT_EQ(roof_array_bytes(0, std::nullopt, std::nullopt), 64 * kMiB);
  EXPECT_EQ(roof_array_bytes(0, 32 * kMiB, std::nullopt), 128 * kMiB);
  EXPECT_EQ(roof_array_bytes(0, 1152 * kMiB, 512 * 1024 * kMiB), 4608 * kMiB);
  EXPECT_EQ(roof_array_bytes(0, 1152 * kMiB, 8 * 1024 * kMiB), 1024 * kMiB);
  EXPECT_GE(roof_array_bytes(0, 32 * kMiB, 0), 1);
}

TEST(Roof, WhatMakesNoSenseIsRefused) {
  EXPECT_THROW(ran({{"kind", "fastest"}}), ProtocolError);
  EXPECT_THROW(ran({{"kind", "triad"}, {"array_bytes", 1}}), ProtocolError);
  EXPECT_THROW(ran({{"kind", "triad"}, {"device", "cuda:77"}}), ProtocolError);
  EXPECT_THROW(parse_roof({{"cmd", "roof"}, {"kind", "triad"}}), ProtocolError);  // without an end
}

TEST(Roof, AnotherKindOrPlaceIsAnotherRoof) {
  const Json command{{"cmd", "roof"}, {"kind", "copy"}, {"threads", 1}, {"array_bytes", kMiB}, {"passes", 1}};
  const Roof roof(parse_roof(command));
  EXPECT_TRUE(roof.is_of(parse_roof(command)));
  for (const auto& other : {Json{{"kind", "triad"}}, Json{{"threads", 2}}, Json{{"array_bytes", 2 * kMiB}}}) {
    auto changed = command;
    changed.update(other);
    EXPECT_FALSE(roof.is_of(parse_roof(changed)));
  }
}

class Caches : public Folder {
 protected:
  void cache(int cpu, int index, int level, const std::string& shared, const std::string& size) {
    const auto place =
        path_ / "sys/devices/system/cpu" / ("cpu" + std::to_string(cpu)) / "cache" / ("index" + std::to_string(index));
    fs::create_directories(place);
    std::ofstream(place / "level") << level << "\n";
    std::ofstream(place / "shared_cpu_list") << shared << "\n";
    std::ofstream(place / "size") << size << "\n";
  }
};

TEST_F(Caches, ThoseOfTheLastLevelAreAddedUpOnceEach) {
  EXPECT_FALSE(process::last_cache_bytes(path_.string()));
  for (int cpu = 0; cpu < 4; ++cpu) {
    cache(cpu, 0, 1, std::to_string(cpu), "32K");
    cache(cpu, 3, 3, cpu < 2 ? "0-1" : "2-3", "32768K");
  }
  EXPECT_EQ(process::last_cache_bytes(path_.string()), 64 * kMiB);
}

TEST_F(Caches, WithoutAThirdLevelTheSecondIsTheLast) {
  for (int cpu = 0; cpu < 2; ++cpu) {
    cache(cpu, 0, 1, std::to_string(cpu), "32K");
    cache(cpu, 1, 2, std::to_string(cpu), "1024K");
  }
  EXPECT_EQ(process::last_cache_bytes(path_.string()), 2 * kMiB);
}

}  // namespace
}  // namespace impact::worker
