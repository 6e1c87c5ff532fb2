// Data sets: what the readers take, how a network gets it, what a seed decides.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <array>
#include <cstring>
#include <fstream>

#include "driven.hpp"
#include "folder.hpp"
#include "worker/datasets/idx.hpp"
#include "worker/datasets/nifti.hpp"
#include "worker/protocol.hpp"
#include "worker/trainer.hpp"

namespace impact::worker {
namespace {

using Data = Folder;

void write_idx(const std::string& path, const std::vector<std::uint8_t>& sides, std::size_t values) {
  std::vector<std::uint8_t> bytes{0, 0, 8, static_cast<std::uint8_t>(sides.size())};
  for (const auto side : sides) {
    bytes.insert(bytes.end(), {0, 0, 0, side});
  }
  for (std::size_t i = 0; i < values; ++i) {
    bytes.push_back(static_cast<std::uint8_t>(i));
  }
  auto* const file = gzopen(path.c_str(), "wb");
  gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
  gzclose(file);
}

TEST_F(Data, IdxFilesAreReadAndChecked) {
  write_idx(file("good.gz"), {2, 3}, 6);
  const auto idx = read_idx(file("good.gz"));
  EXPECT_EQ(idx.shape, (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(idx.values, (std::vector<std::uint8_t>{0, 1, 2, 3, 4, 5}));
  write_idx(file("short.gz"), {2, 3}, 5);
  EXPECT_THROW(read_idx(file("short.gz")), std::runtime_error);
  std::ofstream(file("text")) << "not an IDX file";
  EXPECT_THROW(read_idx(file("text")), std::runtime_error);
  EXPECT_THROW(read_idx(file("none")), std::runtime_error);
}

TEST_F(Data, MissingDataSetSaysWhereItLookedAndWhatToInstall) {
  auto model = loaded({{"network", "small-cnn"}});
  try {
    open_fashion_mnist(model.data_options(), DataPart::train, 0, 1, path_.string());
    FAIL();
  } catch (const ProtocolError& e) {
    EXPECT_EQ(e.kind, "no-data");
    EXPECT_THAT(e.what(), testing::HasSubstr(path_.string()));
    EXPECT_THAT(e.advice, testing::HasSubstr("dataset-fashion-mnist"));
  }
}

TEST_F(Data, SubsetsAndOrdersFollowTheSeed) {
  write_idx(file("train-images-idx3-ubyte.gz"), {20, 28, 28}, 20 * 28 * 28);
  write_idx(file("train-labels-idx1-ubyte.gz"), {20}, 20);
  auto model = loaded({{"network", "small-cnn"}, {"channels", 3}, {"size", 32}});
  auto open = [&](std::int64_t limit, std::uint64_t seed) {
    return open_fashion_mnist(model.data_options(), DataPart::train, limit, seed, path_.string());
  };
  const auto all = open(0, 1);
  EXPECT_EQ(all->size(), 20);
  const auto batch = all->batch(0, 20);
  EXPECT_EQ(batch.inputs[0].sizes().vec(), (std::vector<std::int64_t>{20, 3, 32, 32}));
  EXPECT_TRUE(torch::equal(batch.inputs[0].select(1, 0), batch.inputs[0].select(1, 2)));
  const auto a = open(8, 1)->batch(0, 8).target;
  EXPECT_TRUE(torch::equal(a, open(8, 1)->batch(0, 8).target));
  EXPECT_FALSE(torch::equal(a, open(8, 2)->batch(0, 8).target));
  all->shuffle(1, 0);
  const auto first = all->batch(0, 20).target;
  all->shuffle(1, 1);
  EXPECT_FALSE(torch::equal(first, all->batch(0, 20).target));
  all->shuffle(1, 0);
  EXPECT_TRUE(torch::equal(first, all->batch(0, 20).target));
  EXPECT_TRUE(torch::equal(std::get<0>(first.sort()), torch::arange(20)));
  EXPECT_THROW(open(21, 1), ProtocolError);
}

TEST_F(Data, ImagesForValidationAreNoneOfTheTraining) {
  write_idx(file("train-images-idx3-ubyte.gz"), {20, 28, 28}, 20 * 28 * 28);
  write_idx(file("train-labels-idx1-ubyte.gz"), {20}, 20);
  auto options = loaded({{"network", "small-cnn"}}).data_options();
  options.validation = 0.25;
  auto targets = [&](DataPart part, std::int64_t limit, std::uint64_t seed) {
    const auto data = open_fashion_mnist(options, part, limit, seed, path_.string());
    return data->batch(0, data->size()).target;
  };
  const auto train = targets(DataPart::train, 0, 1);
  const auto validation = targets(DataPart::validation, 0, 1);
  EXPECT_EQ(validation.size(0), 5);
  const auto both = torch::cat({train, validation});
  EXPECT_TRUE(torch::equal(std::get<0>(both.sort()), torch::arange(20)));
  EXPECT_TRUE(torch::equal(targets(DataPart::train, 7, 1), train.slice(0, 0, 7)));
  EXPECT_TRUE(torch::equal(targets(DataPart::validation, 2, 1), validation.slice(0, 0, 2)));
  EXPECT_FALSE(torch::equal(targets(DataPart::validation, 0, 2), validation));
  EXPECT_THROW(targets(DataPart::train, 16, 1), ProtocolError);
  EXPECT_THROW(targets(DataPart::validation, 6, 1), ProtocolError);
}

/// A NIfTI-1 file of bytes whose value at (x,y,z) is f(x).
void write_volume(const std::string& path, const std::array<std::int16_t, 3>& sides, std::uint8_t (*value)(int x)) {
  std::vector<std::uint8_t> bytes(352);
  const auto put = [&](std::size_t at, auto v) { std::memcpy(bytes.data() + at, &v, sizeof v); };
  put(0, std::int32_t{348});
  put(40, std::int16_t{3});
  for (std::size_t d = 0; d < 3; ++d) {
    put(42 + 2 * d, sides[d]);
  }
  put(70, std::int16_t{2});
  put(108, 352.0F);
  std::memcpy(bytes.data() + 344, "n+1", 4);
  for (int i = 0; i < sides[1] * sides[2]; ++i) {
    for (int x = 0; x < sides[0]; ++x) {
      bytes.push_back(value(x));
    }
  }
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

TEST_F(Data, BrainsAreSplitIntoSlabsThatLookAlike) {
  const std::array<std::int16_t, 3> sides{181, 20, 16};
  write_volume(file("ch2.nii"), sides, [](int x) { return static_cast<std::uint8_t>(1 + std::min(x, 180 - x)); });
  write_volume(file("aal.nii"), sides, [](int x) { return static_cast<std::uint8_t>(x == 0 || x == 180 ? 95 : 0); });
  auto model = loaded({{"network", "u-net-3d"}, {"size", 16}, {"channels", 1}, {"classes", 4}});
  const auto train = open_brain(model.data_options(), DataPart::train, 3, 1, path_.string());
  EXPECT_EQ(train->size(), 3);
  const auto batch = train->batch(0, 3);
  EXPECT_EQ(batch.inputs[0].sizes().vec(), (std::vector<std::int64_t>{3, 1, 16, 16, 16}));
  EXPECT_EQ(batch.target.sizes().vec(), (std::vector<std::int64_t>{3, 16, 16, 16}));
  const auto first = batch.inputs[0].clone();
  train->shuffle(1, 1);
  EXPECT_FALSE(torch::equal(first, train->batch(0, 3).inputs[0]));
  train->shuffle(1, 0);
  EXPECT_TRUE(torch::equal(first, train->batch(0, 3).inputs[0]));
  // Mirrored, the right slab begins at the outer side as the left one does: there lies the cerebellum of this brain.
  const auto test = open_brain(model.data_options(), DataPart::test, 0, 1, path_.string());
  EXPECT_EQ(test->size(), 6 * 2 * 1);
  const auto corner = test->batch(0, 1).target[0];
  EXPECT_TRUE(corner.select(0, 0).eq(3).all().item<bool>());
  EXPECT_EQ(corner.slice(0, 1).sum().item<std::int64_t>(), 0);
  EXPECT_THROW(open_brain(loaded({{"network", "small-cnn"}}).data_options(), DataPart::train, 0, 1, path_.string()),
               ProtocolError);
  // At 2 mm two voxels become one, and what is rarer in a block is gone: the layer of cerebellum is one voxel of two.
  auto small = loaded({{"network", "u-net-3d"}, {"size", 8}, {"channels", 1}, {"classes", 4}});
  auto options = small.data_options();
  options.spacing_mm = 2;
  const auto coarse = open_brain(options, DataPart::test, 0, 1, path_.string());
  EXPECT_EQ(coarse->size(), 6 * 2 * 1);
  const auto cube = coarse->batch(0, 1);
  EXPECT_EQ(cube.target.sum().item<std::int64_t>(), 0);
  const auto fine = test->batch(0, 1).inputs[0];
  EXPECT_NEAR(cube.inputs[0].select(2, 0).mean().item<double>(), fine.slice(2, 0, 2).mean().item<double>(), 1e-5);
}

TEST_F(Data, EveryOtherCubeOfABrainLiesAroundAClass) {
  const std::array<std::int16_t, 3> sides{181, 64, 48};
  // A thin layer at the left end is hippocampus, the rest is nothing: chance alone would seldom find it.
  write_volume(file("ch2.nii"), sides, [](int x) { return static_cast<std::uint8_t>(1 + x % 100); });
  write_volume(file("aal.nii"), sides, [](int x) { return static_cast<std::uint8_t>(x == 3 ? 37 : 0); });
  auto model = loaded({{"network", "u-net-3d"}, {"size", 8}, {"channels", 1}, {"classes", 4}});
  const auto train = open_brain(model.data_options(), DataPart::train, 24, 1, path_.string());
  const auto batch = train->batch(0, 24);
  for (std::int64_t i = 1; i < 24; i += 2) {
    EXPECT_EQ(batch.target[i].eq(2).sum().item<std::int64_t>(), 8 * 8) << i;
  }
}

TEST_F(Data, TheBackOfTheEvaluatedSlabIsForValidation) {
  const std::array<std::int16_t, 3> sides{181, 40, 16};
  write_volume(file("ch2.nii"), sides, [](int x) { return static_cast<std::uint8_t>(1 + x % 100); });
  write_volume(file("aal.nii"), sides, [](int) { return std::uint8_t{1}; });
  auto options = loaded({{"network", "u-net-3d"}, {"size", 16}, {"channels", 1}, {"classes", 4}}).data_options();
  options.validation = 0.4;
  EXPECT_EQ(open_brain(options, DataPart::validation, 0, 1, path_.string())->size(), 6 * 1 * 1);
  EXPECT_EQ(open_brain(options, DataPart::test, 0, 1, path_.string())->size(), 6 * 2 * 1);
  EXPECT_EQ(open_brain(options, DataPart::train, 5, 1, path_.string())->size(), 5);
  options.validation = 0.3;  // leaves 12 voxels, a cube has 16
  EXPECT_THROW(open_brain(options, DataPart::validation, 0, 1, path_.string()), ProtocolError);
}

TEST_F(Data, DamagedVolumesAreErrors) {
  write_volume(file("ch2.nii"), {8, 8, 8}, [](int) { return std::uint8_t{1}; });
  EXPECT_EQ(read_nifti(file("ch2.nii")).shape, (std::vector<std::int64_t>{8, 8, 8}));
  fs::resize_file(file("ch2.nii"), 500);
  EXPECT_THROW(read_nifti(file("ch2.nii")), std::runtime_error);
  fs::resize_file(file("ch2.nii"), 100);
  EXPECT_THROW(read_nifti(file("ch2.nii")), std::runtime_error);
}

TEST_F(Data, TextIsCutIntoStretchesAndTheNextByteIsTheTarget) {
  std::string text;
  for (int i = 0; i < 400; ++i) {
    text += static_cast<char>('a' + i % 26);
  }
  std::ofstream(file("B")) << text;
  std::ofstream(file("A")) << "first";
  fs::create_symlink(file("B"), file("C"));  // counts once
  auto model = loaded({{"network", "small-gpt"}, {"size", 8}});
  const auto train = open_text(model.data_options(), DataPart::train, 5, 1, path_.string());
  const auto batch = train->batch(0, 5);
  EXPECT_EQ(batch.inputs[0].sizes().vec(), (std::vector<std::int64_t>{5, 8}));
  EXPECT_TRUE(torch::equal(batch.inputs[0].slice(1, 1), batch.target.slice(1, 0, 7)));
  const auto test = open_text(model.data_options(), DataPart::test, 0, 1, path_.string());
  EXPECT_EQ(test->size(), (405 - 360 - 1) / 8);
  EXPECT_THROW(open_text(model.data_options(), DataPart::train, 0, 1, file("none")), ProtocolError);
  EXPECT_THROW(open_text(loaded({{"network", "small-cnn"}}).data_options(), DataPart::train, 0, 1, path_.string()),
               ProtocolError);
}

TEST_F(Data, TheLastOfTheTrainingTextIsForValidation) {
  std::string text;
  for (int i = 0; i < 400; ++i) {
    text += static_cast<char>(i < 270 ? 'a' : i < 360 ? 'b' : 'c');
  }
  std::ofstream(file("A")) << text;
  auto options = loaded({{"network", "small-gpt"}, {"size", 8}}).data_options();
  options.validation = 0.25;
  auto holds = [&](DataPart part, char letter) {
    const auto data = open_text(options, part, 0, 1, path_.string());
    return data->batch(0, data->size()).inputs[0].eq(static_cast<std::int64_t>(letter)).all().item<bool>();
  };
  EXPECT_TRUE(holds(DataPart::train, 'a'));
  EXPECT_TRUE(holds(DataPart::validation, 'b'));
  EXPECT_TRUE(holds(DataPart::test, 'c'));
  options.validation = 0.01;
  EXPECT_THROW(open_text(options, DataPart::validation, 0, 1, path_.string()), ProtocolError);
}

}  // namespace
}  // namespace impact::worker
