// Networks on several devices, here on one CPU as often: shares, gradients and weights are those of one network.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <barrier>
#include <cmath>

#include "driven.hpp"
#include "worker/compat.hpp"
#include "worker/team.hpp"

namespace impact::worker {
namespace {

TEST(Teams, AllWorkAtTheSameTime) {
  Team team(3);
  std::barrier meet(3);  // nobody passes unless all three are there
  std::array<int, 3> seen{};
  for (int round = 0; round < 20; ++round) {
    team.run(3, [&](std::size_t i) {
      meet.arrive_and_wait();
      ++seen[i];
    });
  }
  EXPECT_EQ(seen, (std::array<int, 3>{20, 20, 20}));
}

TEST(Teams, FewerMayTakePartAndTheCallerIsTheFirst) {
  std::atomic<int> began{0};
  Team team(3, [&](std::size_t) { ++began; });
  std::atomic<int> worked{0};
  std::thread::id first;
  team.run(2, [&](std::size_t i) {
    ++worked;
    if (i == 0) {
      first = std::this_thread::get_id();
    }
  });
  EXPECT_EQ(worked, 2);
  EXPECT_EQ(first, std::this_thread::get_id());
  team.run(3, [&](std::size_t) { ++worked; });
  EXPECT_EQ(worked, 5);
  EXPECT_EQ(began, 2);
  EXPECT_THROW(team.run(4, [](std::size_t) {}), std::invalid_argument);
}

TEST(Teams, AFailureComesBackAndTheTeamGoesOn) {
  Team team(3);
  EXPECT_THROW(team.run(3,
                        [](std::size_t i) {
                          if (i == 2) {
                            throw std::runtime_error("no memory");
                          }
                        }),
               std::runtime_error);
  std::atomic<int> worked{0};
  team.run(3, [&](std::size_t) { ++worked; });
  EXPECT_EQ(worked, 3);
}

Model with_replicas(std::int64_t replicas, const Json& fields = Json::object()) {
  Json command{{"network", "small-cnn"}, {"batch", 6}, {"batch_norm", "frozen"}, {"replicas", replicas}};
  command.update(fields);
  return loaded(command);
}

TEST(Replication, TheOutputIsThatOfOneNetwork) {
  auto one = with_replicas(1);
  auto three = with_replicas(3);
  expect_same(copy_of(one.module()), copy_of(three.module()));
  for (const std::int64_t examples : {6, 5, 2, 1}) {  // shares of unequal size, and fewer of them than replicas
    const auto images = torch::randn({examples, 1, 28, 28});
    const auto expected = one.infer({images});
    const auto found = three.infer({images});
    ASSERT_EQ(found.sizes(), expected.sizes());
    EXPECT_TRUE(torch::allclose(found, expected, 1e-4, 1e-5)) << examples;
  }
}

TEST(Replication, TrainingIsThatOfOneNetwork) {
  for (const char* loss : {"cross_entropy", "sum_of_squares", "mse"}) {
    SCOPED_TRACE(loss);
    TrainOptions options;
    options.loss = loss;
    options.optimizer = "sgd";
    // The gradient of a sum is as many times larger as it has terms; at the others' rate its steps magnify the rounding by which kernels differ.
    options.lr = options.loss == "sum_of_squares" ? 1e-5 : 1e-3;
    std::vector<TensorFile> weights;
    std::vector<double> losses;
    for (const std::int64_t replicas : {1, 2, 3}) {
      auto model = with_replicas(replicas);
      const auto data = make_synthetic(model.data_options(), 3, options.loss == "cross_entropy", model.facts().scores);
      const auto report = train_on(model, *data, options, Limits{.passes = 4}, false);
      EXPECT_EQ(report["images"], 24);
      EXPECT_EQ(report["devices"].size(), static_cast<std::size_t>(replicas));
      losses.push_back(report["loss"].get<double>());
      weights.push_back(copy_of(model.module()));
    }
    for (std::size_t i = 1; i < weights.size(); ++i) {
      expect_close(weights[0], weights[i], 1e-5);
      EXPECT_NEAR(losses[i], losses[0], 1e-4 * std::abs(losses[0]));
    }
  }
}

TEST(Replication, AllHoldTheFirstOnesWeightsAndStatistics) {
  auto model = with_replicas(2, {{"batch_norm", "train"}});
  train(model, 3, false);
  const auto images = torch::randn({1, 1, 28, 28});
  // The second half of a batch is the second replica's work.
  const auto both = model.infer({torch::cat({images, images})});
  EXPECT_TRUE(torch::allclose(both[0], both[1], 1e-4, 1e-5));
  auto other = with_replicas(1, {{"seed", 9}});
  load_module_tensors(model.module(), copy_of(other.module()));
  model.weights_changed();
  const auto again = model.infer({torch::cat({images, images})});
  EXPECT_TRUE(torch::allclose(again[0], again[1], 1e-4, 1e-5));
  EXPECT_FALSE(torch::allclose(both[0], again[0], 1e-4, 1e-5));
}

TEST(Replication, MixedPrecisionIsEachThreadsOwn) {
  if (const auto why = no_bf16(); !why.empty()) {
    GTEST_SKIP() << why;
  }
  auto model = with_replicas(3, {{"precision", "bf16"}});
  const auto report = train(model, 4, false);
  EXPECT_TRUE(report["finite"]);
  EXPECT_EQ(report["precision"], "bf16");
  const auto out = model.infer({torch::randn({6, 1, 28, 28})});
  EXPECT_EQ(out.scalar_type(), torch::kBFloat16);
  EXPECT_FALSE(compat::autocast_enabled(torch::kCPU));
}

TEST(Replication, EvaluationAndSequencesToo) {
  auto one = with_replicas(1, {{"network", "small-gpt"}, {"size", 8}, {"batch", 4}});
  auto two = with_replicas(2, {{"network", "small-gpt"}, {"size", 8}, {"batch", 4}});
  const auto a = train(one, 2, false);
  const auto b = train(two, 2, false);
  EXPECT_NEAR(a["loss"].get<double>(), b["loss"].get<double>(), 1e-4);
  const auto scores = [](Model& model) {
    const auto data = make_synthetic(model.data_options(), 5, true, model.facts().scores);
    return driven(model, "evaluate", {}, [&](Protocol&, Phase& phase) { return model.run_evaluation(phase, *data); });
  };
  const auto x = scores(one);
  const auto y = scores(two);
  EXPECT_EQ(x["correct"], y["correct"]);
  EXPECT_NEAR(x["loss"].get<double>(), y["loss"].get<double>(), 1e-4);
}

void expect_refused(const Json& fields, const std::string& text) {
  try {
    loaded(fields);
    FAIL() << "accepted " << fields;
  } catch (const ProtocolError& e) {
    EXPECT_THAT(std::string(e.what()) + " " + e.advice, testing::HasSubstr(text));
  }
}

TEST(Replication, RefusesWhatCannotBeSharedOut) {
  expect_refused({{"network", "small-cnn"}, {"batch", 2}, {"replicas", 3}}, "cannot share a batch of 2");
  expect_refused({{"network", "gpt2-decode"}, {"size", 4}, {"batch", 2}, {"replicas", 2}}, "batch is not cut");
  expect_refused({{"network", "small-cnn"}, {"replicas", -1}}, "at least 0");
  EXPECT_EQ(with_replicas(0).options().replicas, 1);  // all devices of a CPU
}

TEST(Schedules, PhasesShareOneSchedule) {
  for (const char* schedule : {"linear", "cosine"}) {
    TrainOptions options;
    options.loss = "cross_entropy";
    options.lr_schedule = schedule;
    auto whole = with_replicas(1);
    auto halves = with_replicas(1);
    const auto data = make_synthetic(whole.data_options(), 3, true, whole.facts().scores);
    train_on(whole, *data, options, Limits{.passes = 8}, false);
    options.schedule_to = 0.5;
    train_on(halves, *data, options, Limits{.passes = 4}, false);
    options.schedule_from = 0.5;
    options.schedule_to = 1.0;
    train_on(halves, *data, options, Limits{.passes = 4}, true);
    expect_same(copy_of(whole.module()), copy_of(halves.module()));
  }
}

TEST(Losses, DiceFallsOnVolumes) {
  auto model = loaded({{"network", "u-net-3d"}, {"size", 8}, {"channels", 1}, {"classes", 4}, {"batch", 2}});
  TrainOptions options;
  options.loss = "dice";
  const auto data = make_synthetic(model.data_options(), 3, true, model.facts().scores);
  const auto first = train_on(model, *data, options, Limits{.passes = 1}, false)["loss"].get<double>();
  // Cross-entropy of four classes and no overlap to speak of: ln 4 + 1 - 1/4, about.
  EXPECT_NEAR(first, std::log(4.0) + 0.75, 0.6);
  const auto last = train_on(model, *data, options, Limits{.passes = 6}, true)["final_loss"].get<double>();
  EXPECT_LT(last, first - 0.1);
}

}  // namespace
}  // namespace impact::worker
