// Models as the session uses them: seeds, layouts, weights in files, checkpoints, warming up.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>

#include <fstream>

#include "driven.hpp"
#include "folder.hpp"
#include "worker/protocol.hpp"
#include "worker/text.hpp"
#include "worker/trainer.hpp"

namespace impact::worker {
namespace {

LoadOptions small(std::uint64_t seed = 1) {
  auto options =
      parse_load(Json{{"cmd", "load"}, {"network", "small-cnn"}, {"batch", 4}, {"threads", 1}, {"seed", seed}});
  return options;
}

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
