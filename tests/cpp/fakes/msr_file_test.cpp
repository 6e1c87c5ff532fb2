#include "fakes/msr_file.hpp"

#include <gtest/gtest.h>

namespace impact::fakes {
namespace {

std::uint64_t read_at(const std::filesystem::path& path, std::uint64_t number, int bytes = 8) {
  std::ifstream file(path, std::ios::binary);
  file.seekg(static_cast<std::streamoff>(number));
  std::uint64_t value = 0;
  for (int i = 0; i < bytes; ++i) value |= static_cast<std::uint64_t>(file.get() & 0xFF) << (8 * i);
  return value;
}

TEST(MsrFile, HoldsWhatWasWrittenAndKeepsTheRest) {
  const std::filesystem::path root = std::filesystem::path(testing::TempDir()) / "msr-file-test";
  std::filesystem::remove_all(root);
  const auto path = write_registers(root, 2, {{0x606, 0xA0E03}, {0x611, 0x89ABCDEF}});
  write_registers(root, 2, {{0x619, 7}});
  EXPECT_EQ(path, root / "dev/cpu/2/msr");
  EXPECT_EQ(read_at(path, 0x606), 0xA0E03U);
  EXPECT_EQ(read_at(path, 0x611), 0x89ABCDEFU);
  EXPECT_EQ(read_at(path, 0x619), 7U);
  write_registers(root, 3, {{0xC0010299, 0xA1003}, {0xC001029B, 0xFFFFFFFF}});
  EXPECT_EQ(read_at(root / "dev/cpu/3/msr", 0xC0010299, 2) >> 8 & 0x1F, 16U);
  EXPECT_EQ(read_at(root / "dev/cpu/3/msr", 0xC001029B), 0xFFFFFFFFU);
  std::filesystem::remove_all(root);
}

}  // namespace
}  // namespace impact::fakes
