// An optimizer that steps over all parameters at once is torch's own, to rounding.
#include "worker/optimizers.hpp"

#include <gtest/gtest.h>
#include <torch/serialize.h>

#include <sstream>
#include <vector>

#include "worker/trainer.hpp"

namespace impact::worker {
namespace {

struct Kind {
  const char* optimizer;
  double weight_decay;
  double momentum;
};

void PrintTo(const Kind& kind, std::ostream* out) { *out << kind.optimizer << " decay " << kind.weight_decay; }

/// Parameters of many shapes, one in channels last and one that never gets a gradient, and an optimizer of them.
struct Trained {
  std::vector<torch::Tensor> parameters;
  std::unique_ptr<torch::optim::Optimizer> optimizer;

  Trained(const TrainOptions& options, bool together) {
    torch::manual_seed(7);
    const std::vector<std::vector<std::int64_t>> shapes{{8, 4, 3, 3}, {1}, {300}, {5, 60}, {2}};
    for (const auto& shape : shapes) {
      parameters.push_back(torch::randn(shape));
    }
    parameters[0] = parameters[0].contiguous(torch::MemoryFormat::ChannelsLast);
    for (auto& p : parameters) {
      p.requires_grad_();
    }
    optimizer = make_optimizer(parameters, options, together);
  }

  /// The same gradients for every twin.
  void step(std::uint64_t seed) {
    torch::manual_seed(seed);
    for (std::size_t i = 0; i + 1 < parameters.size(); ++i) {
      parameters[i].mutable_grad() = torch::randn_like(parameters[i]) * 0.1;
    }
    optimizer->step();
  }
};

class Optimizers : public testing::TestWithParam<Kind> {
 protected:
  static TrainOptions options() {
    TrainOptions o;
    o.optimizer = GetParam().optimizer;
    o.lr = 0.01;
    o.weight_decay = GetParam().weight_decay;
    o.momentum = GetParam().momentum;
    return o;
  }
  static void expect_twins(const Trained& a, const Trained& b) {
    for (std::size_t i = 0; i < a.parameters.size(); ++i) {
      EXPECT_TRUE(torch::allclose(a.parameters[i], b.parameters[i], 1e-6, 1e-7)) << i;
      EXPECT_EQ(a.parameters[i].strides().vec(), b.parameters[i].strides().vec()) << i;
    }
  }
};

TEST_P(Optimizers, TogetherEqualsOneAfterAnother) {
  Trained plain(options(), false);
  Trained together(options(), true);
  const auto begin = plain.parameters[0].detach().clone();
  for (std::uint64_t i = 0; i < 20; ++i) {
    const double lr = 0.01 / static_cast<double>(i + 1);
    for (auto* one : {&plain, &together}) {
      set_lr(*one->optimizer, lr);
      one->step(i);
    }
    expect_twins(plain, together);
  }
  EXPECT_GT((plain.parameters[0] - begin).abs().max().item<double>(), 0.01);
  EXPECT_TRUE(torch::equal(plain.parameters.back(), Trained(options(), false).parameters.back()));
}

TEST_P(Optimizers, AllocatingStateChangesNothing) {
  Trained plain(options(), false);
  Trained together(options(), true);
  const auto before = together.parameters[0].detach().clone();
  allocate_state(*together.optimizer, options());
  EXPECT_TRUE(torch::equal(together.parameters[0], before));
  together.parameters.back().mutable_grad() = torch::Tensor();
  for (std::uint64_t i = 0; i < 3; ++i) {
    plain.step(i);
    together.step(i);
  }
  expect_twins(plain, together);
}

TEST_P(Optimizers, ACheckpointOfOneIsReadByTheOther) {
  Trained plain(options(), false);
  Trained together(options(), true);
  for (std::uint64_t i = 0; i < 3; ++i) {
    plain.step(i);
    together.step(i);
  }
  std::stringstream stream;
  torch::save(*plain.optimizer, stream);
  auto resumed = make_optimizer(together.parameters, options(), true);
  torch::load(*resumed, stream);
  together.optimizer = std::move(resumed);
  plain.step(9);
  together.step(9);
  expect_twins(plain, together);
}

INSTANTIATE_TEST_SUITE_P(All, Optimizers,
                         testing::Values(Kind{"adam", 0.0, 0.9}, Kind{"adam", 0.1, 0.9}, Kind{"adamw", 0.1, 0.9},
                                         Kind{"sgd", 0.0, 0.9}, Kind{"sgd", 0.1, 0.9}, Kind{"sgd", 0.1, 0.0}));

}  // namespace
}  // namespace impact::worker
