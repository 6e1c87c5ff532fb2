// Real passes of every network on small inputs: the shape pass told the truth, outputs and gradients are sound. Networks of
// many parameters take seconds to fill; they belong to the long tests (IMPACT_LONG_TESTS=1).
#include <gtest/gtest.h>

#include <cstdlib>

#include "driven.hpp"
#include "worker/compat.hpp"
#include "worker/networks/network.hpp"
#include "worker/ops.hpp"

namespace impact::worker {
namespace {

struct Small {
  const char* name;
  std::vector<std::int64_t> input;
  bool slow = false;
};

void PrintTo(const Small& small, std::ostream* out) { *out << small.name; }

const Small kSmall[] = {
    {"small-cnn", {1, 12, 12}},
    {"mobilenet-v2", {3, 32, 32}},
    {"inception-v3", {3, 96, 96}},
    {"inception-v4", {3, 96, 96}, true},
    {"inception-resnet-v2", {3, 96, 96}, true},
    {"resnet-v2-50", {3, 40, 40}},
    {"resnet-v2-152", {3, 40, 40}, true},
    {"vgg-16", {3, 224, 224}, true},
    {"srcnn", {3, 16, 16}},
    {"vgg-19-sr", {3, 16, 16}},
    {"srgan", {3, 16, 16}},
    {"dped", {3, 16, 16}},
    {"u-net", {3, 32, 32}},
    {"spade", {3, 128, 128}, true},
    {"icnet", {3, 128, 192}},
    {"pspnet", {3, 64, 64}, true},
    {"deeplab", {3, 64, 64}, true},
    {"pixel-rnn", {3, 8, 8}},
    {"lstm-sentiment", {6, 300}},
    {"gnmt", {4}, true},
    {"resnet-18", {3, 64, 64}},
    {"vit-b16", {3, 32, 32}, true},
    {"bert-base", {8}, true},
    {"small-gpt", {8}},
    {"gpt2-prefill", {8}, true},
    {"gpt2-decode", {8}, true},
    {"ddpm", {3, 16, 16}, true},
    {"sd1-text", {8}, true},
    {"sd1-unet", {4, 8, 8}, true},
    {"sd1-decoder", {4, 8, 8}, true},
    {"u-net-3d", {3, 8, 8, 8}},
};

class Passes : public testing::TestWithParam<Small> {
 protected:
  void SetUp() override {
    if (GetParam().slow && std::getenv("IMPACT_LONG_TESTS") == nullptr) {
      GTEST_SKIP() << "one of the long tests";
    }
    torch::set_num_threads(1);
    torch::manual_seed(1);
    spec_ = find_network(GetParam().name);
    options_ = default_options(*spec_);
    options_.input = GetParam().input;
    if (!spec_->variants.empty()) {
      options_.variant = spec_->variants.back();
    }
    facts_ = network_facts(*spec_, options_);
    network_ = spec_->build(options_);
    network_->eval();
  }
  const NetworkSpec* spec_ = nullptr;
  BuildOptions options_;
  NetworkFacts facts_;
  std::shared_ptr<Network> network_;
};

TEST_P(Passes, AgreeWithTheShapePass) {
  const torch::NoGradGuard no_gradients;
  const auto inputs = synthetic_inputs(*spec_, options_, 1);
  ops::Trace trace;
  const auto out = network_->infer(inputs);
  EXPECT_EQ(out.sizes().vec(), facts_.output);
  EXPECT_EQ(trace.macs(), facts_.macs);
  EXPECT_EQ(count_parameters(*network_), facts_.parameters);
  EXPECT_TRUE(torch::isfinite(out.to(torch::kFloat32)).all().item<bool>());
}

TEST_P(Passes, ReachEveryTrainedParameter) {
  if (!spec_->trainable) {
    GTEST_SKIP() << "not trained";
  }
  network_->train();
  network_->forward(synthetic_inputs(*spec_, options_, 2)).square().sum().backward();
  for (const auto& p : network_->named_parameters()) {
    if (p.value().requires_grad()) {
      EXPECT_TRUE(p.value().grad().defined() && torch::isfinite(p.value().grad()).all().item<bool>()) << p.key();
    }
  }
}

/// Every operation takes what mixed precision hands it, forwards and backwards.
TEST_P(Passes, RunInMixedPrecision) {
  if (const auto why = no_bf16(); !why.empty()) {
    GTEST_SKIP() << why;
  }
  const auto finite = [](const Tensor& t) { return torch::isfinite(t).all().item<bool>(); };
  const auto inputs = synthetic_inputs(*spec_, options_, 2);
  {
    const torch::NoGradGuard no_gradients;
    const compat::Autocast autocast(torch::kCPU, true);
    EXPECT_TRUE(finite(network_->infer(inputs)));
  }
  if (!spec_->trainable) {
    return;
  }
  network_->train();
  Tensor output;
  {
    const compat::Autocast autocast(torch::kCPU, true);
    output = network_->forward(inputs).to(torch::kFloat32);
  }
  output.square().mean().backward();
  for (const auto& p : network_->named_parameters()) {
    if (p.value().requires_grad()) {
      EXPECT_TRUE(p.value().grad().defined() && finite(p.value().grad())) << p.key();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Networks, Passes, testing::ValuesIn(kSmall), [](const auto& small) {
  std::string name = small.param.name;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST(AllPasses, CoverEveryNetwork) {
  for (const auto& spec : network_specs()) {
    EXPECT_TRUE(std::any_of(std::begin(kSmall), std::end(kSmall), [&](const Small& s) { return s.name == spec.name; }))
        << spec.name;
  }
}

/// Feeding tokens one by one through the cache gives what reading them all at once gives.
TEST(Gpt2, DecodingWithACacheEqualsPrefilling) {
  if (std::getenv("IMPACT_LONG_TESTS") == nullptr) {
    GTEST_SKIP() << "one of the long tests";
  }
  const torch::NoGradGuard no_gradients;
  torch::set_num_threads(1);
  const auto options = [](const NetworkSpec& spec) {
    auto o = default_options(spec);
    o.input = {3};
    return o;
  };
  const auto& prefill_spec = *find_network("gpt2-prefill");
  const auto& decode_spec = *find_network("gpt2-decode");
  torch::manual_seed(3);
  auto prefill = prefill_spec.build(options(prefill_spec));
  torch::manual_seed(3);
  auto decode = decode_spec.build(options(decode_spec));
  const auto tokens = torch::tensor({{5, 6, 7}}, torch::kInt64);
  auto cache = torch::zeros({12, 2, 1, 12, 3, 64});
  Tensor last;
  for (std::int64_t t = 1; t <= 3; ++t) {
    last = decode->infer({tokens.slice(1, 0, t), cache.slice(4, 0, t)});
  }
  EXPECT_TRUE(torch::allclose(last, prefill->infer({tokens}), 1e-3, 1e-4));
}

}  // namespace
}  // namespace impact::worker
