// Models as the session uses them: seeds, layouts, weights in files, checkpoints, warming up, data sets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <stdlib.h>
#include <zlib.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "driven.hpp"
#include "worker/datasets/idx.hpp"
#include "worker/datasets/nifti.hpp"
#include "worker/protocol.hpp"
#include "worker/text.hpp"
#include "worker/trainer.hpp"

namespace impact::worker {
namespace {

namespace fs = std::filesystem;

class Folder : public testing::Test {
 protected:
  void SetUp() override {
    auto pattern = (fs::temp_directory_path() / "impact-worker-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    path_ = pattern;
  }
  void TearDown() override { fs::remove_all(path_); }
  std::string file(const std::string& name) const { return (path_ / name).string(); }
  fs::path path_;
};

LoadOptions small(std::uint64_t seed = 1) {
  auto options =
      parse_load(Json{{"cmd", "load"}, {"network", "small-cnn"}, {"batch", 4}, {"threads", 1}, {"seed", seed}});
  return options;
}

Model small_model() { return Model(small()); }

Tensor picture() { return torch::linspace(-1, 1, 28 * 28).reshape({1, 1, 28, 28}); }

void expect_equal(const Tensor& a, const Tensor& b) { EXPECT_TRUE(torch::equal(a, b)); }

using Weights = Folder;

TEST_F(Weights, RoundTripGivesEqualOutputs) {
  Model first(small(1));
  Model second(small(2));
  const auto expected = first.infer({picture()});
  ASSERT_FALSE(torch::equal(expected, second.infer({picture()})));
  write_tensors(file("w"), module_tensors(first.module()));
  load_module_tensors(second.module(), read_tensors(file("w")));
  expect_equal(second.infer({picture()}), expected);
}

TEST_F(Weights, EveryTypeAndTheMetadataSurvive) {
  TensorFile out;
  out.tensors = {{"f", torch::rand({2, 3})},
                 {"b", torch::rand({5}).to(torch::kBFloat16)},
                 {"i", torch::arange(7)},
                 {"u", torch::ones({3}, torch::kUInt8)},
                 {"empty", torch::empty({0})}};
  out.metadata = {{"network", "small-cnn"}};
  const auto bytes = write_tensors(file("t"), out);
  EXPECT_EQ(static_cast<std::uintmax_t>(bytes), fs::file_size(file("t")));
  const auto in = read_tensors(file("t"));
  EXPECT_EQ(in.metadata, out.metadata);
  for (const auto& [name, tensor] : out.tensors) {
    expect_equal(in.tensors.at(name), tensor);
  }
}

TEST_F(Weights, DamagedAndForeignFilesAreErrors) {
  EXPECT_THROW(read_tensors(file("none")), ProtocolError);
  std::ofstream(file("text")) << "no tensors here, only words and more words";
  EXPECT_THROW(read_tensors(file("text")), ProtocolError);
  Model model(small());
  write_tensors(file("w"), module_tensors(model.module()));
  fs::resize_file(file("w"), fs::file_size(file("w")) - 100);
  EXPECT_THROW(read_tensors(file("w")), ProtocolError);
  TensorFile other;
  other.tensors["x"] = torch::zeros({1});
  EXPECT_THROW(load_module_tensors(model.module(), other), ProtocolError);
  EXPECT_THROW(write_tensors(file("no/such/folder/w"), other), ProtocolError);
}

TEST(Seeds, SameSeedSameTrainingOtherSeedOther) {
  Model a(small(5));
  Model b(small(5));
  Model c(small(6));
  for (auto* model : {&a, &b, &c}) {
    const auto report = train(*model, 5, false);
    EXPECT_EQ(report["passes"], 5);
    EXPECT_EQ(report["images"], 20);
    EXPECT_TRUE(report["finite"]);
  }
  expect_same(copy_of(a.module()), copy_of(b.module()));
  EXPECT_FALSE(torch::equal(copy_of(a.module()).tensors.begin()->second, copy_of(c.module()).tensors.begin()->second));
}

TEST(Seeds, LayoutChangesNoWeights) {
  auto nchw = small(5);
  nchw.channels_last = false;
  Model a(small(5));
  Model b(nchw);
  expect_same(copy_of(a.module()), copy_of(b.module()));
  EXPECT_TRUE(torch::allclose(a.infer({picture()}), b.infer({picture()}), 1e-4, 1e-5));
}

TEST(Training, LossFallsAndGoesOn) {
  Model model(small());
  const auto first = train(model, 3, false)["loss"].get<double>();
  const auto last = train(model, 30, true);
  EXPECT_LT(last["final_loss"].get<double>(), first);
  EXPECT_EQ(last["steps_total"], 33);
}

TEST(Training, WarmUpLeavesNoTrace) {
  Model model(small());
  train(model, 3, false);
  const auto before = copy_of(model.module());
  auto data = make_synthetic(model.data_options(), 9, true, model.facts().scores);
  TrainOptions options;
  options.loss = "cross_entropy";
  EXPECT_GT(model.warm_up(2, true, *data, options), 0);
  expect_same(copy_of(model.module()), before);
  Model other(small());
  train(other, 3, false);
  train(other, 2, true);
  train(model, 2, true);
  expect_same(copy_of(model.module()), copy_of(other.module()));
}

/// Weights are set aside and put back, an optimizer is made: none of it is a pass.
TEST(Training, WarmUpCountsPassesAlone) {
  Model model(small());
  auto data = make_synthetic(model.data_options(), 9, true, model.facts().scores);
  TrainOptions options;
  options.loss = "cross_entropy";
  EXPECT_LT(model.warm_up(0, true, *data, options), 200'000);
  EXPECT_LT(model.warm_up(0, false, *data, options), 200'000);
}

TEST(Threads, AreThoseThatTheProcessMayUse) {
  cpu_set_t before;
  ASSERT_EQ(sched_getaffinity(0, sizeof before, &before), 0);
  cpu_set_t one;
  CPU_ZERO(&one);
  for (std::size_t cpu = 0; CPU_COUNT(&one) == 0; ++cpu) {
    if (CPU_ISSET(cpu, &before)) {
      CPU_SET(cpu, &one);
    }
  }
  ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  EXPECT_EQ(available_threads(), 1);
  EXPECT_EQ(sched_setaffinity(0, sizeof before, &before), 0);
  EXPECT_EQ(available_threads(), CPU_COUNT(&before));
}

using Checkpoints = Folder;

TEST_F(Checkpoints, GoOnAsIfNothingHadBeen) {
  Model whole(small());
  train(whole, 8, false);
  Model first(small());
  train(first, 4, false);
  write_tensors(file("c"), first.checkpoint());
  Model second(small(77));
  second.resume(read_tensors(file("c")));
  train(second, 4, true);
  expect_same(copy_of(second.module()), copy_of(whole.module()));
}

TEST_F(Checkpoints, OfAnotherNetworkIsRefused) {
  Model model(small());
  auto foreign = model.checkpoint();
  foreign.metadata["network"] = "mobilenet-v2";
  EXPECT_THROW(model.resume(foreign), ProtocolError);
}

TEST(Precision, Bf16IsCloseToFp32) {
  if (const auto why = no_bf16(); !why.empty()) {
    GTEST_SKIP() << why;
  }
  auto options = small();
  Model exact(options);
  options.precision = "bf16";
  Model rough(options);
  const auto difference =
      (exact.infer({picture()}) - rough.infer({picture()}).to(torch::kFloat32)).abs().max().item<double>();
  EXPECT_GT(difference, 0);
  EXPECT_LT(difference, 0.05);
  EXPECT_TRUE(train(rough, 3, false)["finite"]);
}

void expect_refused(const Json& command, const std::string& kind, const std::string& text) {
  try {
    parse_load(command);
    FAIL() << "accepted " << command;
  } catch (const ProtocolError& e) {
    EXPECT_EQ(e.kind, kind);
    EXPECT_THAT(std::string(e.what()) + " " + e.advice, testing::HasSubstr(text));
  }
}

TEST(Load, RefusesWhatItCannotDoAndSaysWhy) {
  expect_refused({{"network", "mobilenet"}}, "unknown-network", "mobilenet-v2");
  expect_refused({{"network", "qqqqqqqq"}}, "unknown-network", "known: ");
  expect_refused({{"network", "small-cnn"}, {"batchsize", 2}}, "bad-value", "did you mean batch");
  expect_refused({{"network", "small-cnn"}, {"batch", 0}}, "bad-value", "at least 1");
  expect_refused({{"network", "small-cnn"}, {"device", "cuda:99"}}, "no-device", "cpu");
  expect_refused({{"network", "small-cnn"}, {"precision", "tf32"}}, "bad-value", "CUDA");
  expect_refused({{"network", "small-cnn"}, {"size", {1, 2, 3, 4}}}, "bad-value", "size");
  expect_refused({{"network", "small-cnn"}, {"layout", "nhwc"}}, "bad-value", "channels_last");
  expect_refused({{"network", "small-cnn"}, {"variant", "x"}}, "bad-value", "variants");
}

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
  Model model(small());
  try {
    open_fashion_mnist(model.data_options(), true, 0, 1, path_.string());
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
  auto options = small();
  options.build.input = {3, 32, 32};
  Model model(options);
  auto open = [&](std::int64_t limit, std::uint64_t seed) {
    return open_fashion_mnist(model.data_options(), true, limit, seed, path_.string());
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
  const auto train = open_brain(model.data_options(), true, 3, 1, path_.string());
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
  const auto test = open_brain(model.data_options(), false, 0, 1, path_.string());
  EXPECT_EQ(test->size(), 6 * 2 * 1);
  const auto corner = test->batch(0, 1).target[0];
  EXPECT_TRUE(corner.select(0, 0).eq(3).all().item<bool>());
  EXPECT_EQ(corner.slice(0, 1).sum().item<std::int64_t>(), 0);
  EXPECT_THROW(open_brain(small_model().data_options(), true, 0, 1, path_.string()), ProtocolError);
  // At 2 mm two voxels become one, and what is rarer in a block is gone: the layer of cerebellum is one voxel of two.
  auto small = loaded({{"network", "u-net-3d"}, {"size", 8}, {"channels", 1}, {"classes", 4}});
  auto options = small.data_options();
  options.spacing_mm = 2;
  const auto coarse = open_brain(options, false, 0, 1, path_.string());
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
  const auto train = open_brain(model.data_options(), true, 24, 1, path_.string());
  const auto batch = train->batch(0, 24);
  for (std::int64_t i = 1; i < 24; i += 2) {
    EXPECT_EQ(batch.target[i].eq(2).sum().item<std::int64_t>(), 8 * 8) << i;
  }
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
  const auto train = open_text(model.data_options(), true, 5, 1, path_.string());
  const auto batch = train->batch(0, 5);
  EXPECT_EQ(batch.inputs[0].sizes().vec(), (std::vector<std::int64_t>{5, 8}));
  EXPECT_TRUE(torch::equal(batch.inputs[0].slice(1, 1), batch.target.slice(1, 0, 7)));
  const auto test = open_text(model.data_options(), false, 0, 1, path_.string());
  EXPECT_EQ(test->size(), (405 - 360 - 1) / 8);
  EXPECT_THROW(open_text(model.data_options(), true, 0, 1, file("none")), ProtocolError);
  EXPECT_THROW(open_text(small_model().data_options(), true, 0, 1, path_.string()), ProtocolError);
}

TEST(Training, SequencesAndVolumesHaveScoresOfManyPlaces) {
  auto gpt = loaded({{"network", "small-gpt"}, {"size", 8}});
  auto report = train(gpt, 3, false);
  EXPECT_TRUE(report["finite"]);
  EXPECT_LE(report["accuracy"].get<double>(), 1.0);
  auto volume = loaded({{"network", "u-net-3d"}, {"size", 8}});
  EXPECT_TRUE(train(volume, 2, false)["finite"]);
}

TEST(Text, NearMatches) {
  EXPECT_EQ(near_matches("trian", {"train", "infer"}), std::vector<std::string>{"train"});
  EXPECT_TRUE(near_matches("zzz", {"train", "infer"}).empty());
}

}  // namespace
}  // namespace impact::worker
