// Golden numbers: parameters and multiply-adds of every network, each convolution's shape for the sixteen of
// layers.json.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <map>

#include "worker/networks/blocks.hpp"
#include "worker/networks/network.hpp"
#include "worker/ops.hpp"

namespace impact::worker {
namespace {

using Json = nlohmann::json;

/// (what, kernel height and width, channels in and out, output height and width)
using LayerKey = std::array<std::int64_t, 6>;
using Layers = std::map<LayerKey, std::int64_t>;

BuildOptions options_at(const NetworkSpec& spec, std::int64_t height, std::int64_t width) {
  auto options = default_options(spec);
  options.input = {options.input.at(0), height, width};
  options.device = torch::kMeta;
  return options;
}

LayerKey key_of(const ops::Op& op) {
  const auto& w = op.weight;
  if (op.kind == "matmul") {
    return {1, 1, w[1], w[0], 1, 1};
  }
  const bool up = op.kind == "conv_transpose2d";
  return {w[2], w[3], up ? w[0] : w[1], up ? w[1] : w[0], op.out[2], op.out[3]};
}

Layers layers_of(const NetworkSpec& spec, const BuildOptions& options) {
  torch::NoGradGuard no_gradients;
  auto network = spec.build(options);
  network->eval();
  ops::Trace trace;
  network->infer(synthetic_inputs(spec, options, 1));
  Layers layers;
  for (const auto& op : trace.ops()) {
    ++layers[key_of(op)];
  }
  return layers;
}

const Json& golden() {
  static const Json all = [] {
    std::ifstream file(IMPACT_TEST_DATA "/networks/layers.json");
    return Json::parse(file);
  }();
  return all;
}

class Graph : public testing::TestWithParam<std::string> {};

std::vector<std::string> graphs() {
  std::vector<std::string> names;
  for (const auto& [name, graph] : golden().items()) {
    if (find_network(name) != nullptr) {
      names.push_back(name);
    }
  }
  return names;
}

TEST_P(Graph, EveryLayerIsTheOriginals) {
  const auto& graph = golden().at(GetParam());
  const auto* spec = find_network(GetParam());
  const auto options =
      options_at(*spec, graph.at("size").at(0).get<std::int64_t>(), graph.at("size").at(1).get<std::int64_t>());
  Layers expected;
  for (const auto& row : graph.at("layers")) {
    LayerKey key{};
    for (std::size_t i = 0; i < key.size(); ++i) {
      key[i] = row.at(i + 1).get<std::int64_t>();
    }
    expected[key] += row.at(7).get<std::int64_t>();
  }
  EXPECT_EQ(layers_of(*spec, options), expected);
  EXPECT_EQ(network_facts(*spec, options).macs, graph.at("macs").get<std::int64_t>());
}

INSTANTIATE_TEST_SUITE_P(Networks, Graph, testing::ValuesIn(graphs()), [](const auto& graph) {
  auto name = graph.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

struct Golden {
  const char* name;
  std::int64_t parameters;
  std::int64_t trainable;
  std::vector<std::int64_t> input;  ///< where multiply-adds are told; empty: the default
  double gmac;
  double tolerance;  ///< half a unit of the last digit that the source prints
};

const Golden kGolden[] = {
    {"small-cnn", 421738, 421738, {}, 0.004241152, 0},
    {"mobilenet-v2", 3506153, 3506153, {}, 0.300775552, 0},
    {"inception-v3", 23819401, 23819401, {}, 7.326237184, 0},
    {"inception-v4", 42649769, 42649769, {}, 15.620624384, 0},
    {"inception-resnet-v2", 55814729, 55814729, {}, 16.726705152, 0},
    {"resnet-v2-50", 25570409, 25570409, {}, 8.558226112, 0},
    {"resnet-v2-152", 60238953, 60238953, {}, 14.244857856, 0},
    {"vgg-16", 138357544, 138357544, {}, 15.47026432, 0},
    {"srcnn", 69249, 69249, {}, 18.127781888, 0},
    {"srcnn", 69249, 69249, {3, 1536, 1536}, 163.15, 0.005},
    {"vgg-19-sr", 668227, 668227, {}, 33.4678, 5e-5},
    {"vgg-19-sr", 668227, 668227, {3, 256, 256}, 43.713036288, 0},
    {"vgg-19-sr", 668227, 668227, {3, 1024, 1024}, 699.41, 0.005},
    {"srgan", 1558531, 1558531, {}, 32.819380224, 0},
    {"srgan", 1558531, 1558531, {3, 1536, 1536}, 295.37, 0.005},
    {"dped", 401475, 401475, {}, 6.549405696, 0},
    {"dped", 401475, 401475, {3, 256, 256}, 26.1976, 5e-5},
    {"dped", 401475, 401475, {3, 1024, 1024}, 419.16, 0.005},
    {"u-net", 31043651, 31043651, {}, 48.175775744, 0},
    {"u-net", 31043651, 31043651, {3, 512, 512}, 192.70, 0.005},
    {"u-net", 31043651, 31043651, {3, 1024, 1024}, 770.81, 0.005},
    {"spade", 138020803, 138020803, {}, 74.043300864, 0},
    {"icnet", 6685775, 60, {}, 21.842617344, 0},
    {"pspnet", 46707139, 46707139, {}, 363.311532032, 0},
    {"pspnet", 46707139, 46707139, {3, 512, 512}, 183.71, 0.005},
    {"deeplab", 42721356, 42721356, {}, 177.75, 0.005},
    {"deeplab", 42721356, 42721356, {3, 384, 384}, 99.984605184, 0},
    {"pixel-rnn", 48867, 48867, {}, 0.366, 5e-4},
    {"lstm-sentiment", 5429250, 5429250, {}, 5.553, 5e-4},
    {"gnmt", 281798657, 281798657, {}, 7.0, 0.05},
    // Published counts and closed forms of the modern ones; below them, multiply-adds that are only pinned.
    {"resnet-18", 11689512, 11689512, {}, 1.814073344, 0},
    {"vit-b16", 86567656, 86567656, {}, 17.563828224, 0},
    {"bert-base", 109482240, 109482240, {}, 11.17421568, 0},
    {"small-gpt", 858880, 858880, {}, 0.11747328, 0},
    {"gpt2-prefill", 124439808, 124439808, {}, 48.356979456, 0},
    {"gpt2-decode", 124439808, 124439808, {}, 0.132969216, 0},
    {"sd1-text", 123060480, 123060480, {}, 6.64925184, 0},
    {"ddpm", 35746307, 35746307, {}, 6.221856768, 0},
    {"sd1-unet", 859520964, 859520964, {}, 401.63672064, 0},
    {"sd1-decoder", 49490199, 49490199, {}, 1257.259466752, 0},
    {"u-net-3d", 19069955, 19069955, {}, 244.704083968, 0},
};

TEST(Networks, ParametersAndMultiplyAdds) {
  for (const auto& g : kGolden) {
    SCOPED_TRACE(g.name);
    const auto* spec = find_network(g.name);
    ASSERT_NE(spec, nullptr);
    auto options = default_options(*spec);
    if (!g.input.empty()) {
      options.input = g.input;
    }
    const auto facts = network_facts(*spec, options);
    EXPECT_EQ(facts.parameters, g.parameters);
    EXPECT_EQ(facts.trainable, g.trainable);
    EXPECT_LE(std::abs(static_cast<double>(facts.macs) * 1e-9 - g.gmac), g.tolerance + 1e-12);
  }
}

/// A training needs the scores of every token, what follows a prompt only those of its last: 511 (127) times the table.
TEST(Networks, MultiplyAddsOfATraining) {
  const auto facts = [](const char* name) {
    const auto* spec = find_network(name);
    return network_facts(*spec, default_options(*spec));
  };
  EXPECT_EQ(facts("gpt2-prefill").training_macs, 48'356'979'456 + 511LL * 768 * 50257);
  EXPECT_EQ(facts("small-gpt").training_macs, 117'473'280 + 127LL * 128 * 256);
  for (const auto* name : {"mobilenet-v2", "u-net-3d", "lstm-sentiment"}) {
    EXPECT_EQ(facts(name).training_macs, facts(name).macs) << name;
  }
}

TEST(Networks, EveryOneHasGoldenNumbers) {
  for (const auto& spec : network_specs()) {
    const bool told =
        std::any_of(std::begin(kGolden), std::end(kGolden), [&](const Golden& g) { return g.name == spec.name; });
    EXPECT_TRUE(told) << spec.name;
  }
}

TEST(Networks, ActivationsAsOthersCountThem) {
  EXPECT_EQ(network_facts(*find_network("mobilenet-v2"), default_options(*find_network("mobilenet-v2"))).activations,
            6679113);
}

TEST(Networks, NamesForgiveCaseAndUnderscores) {
  EXPECT_EQ(find_network("MobileNet_V2"), find_network("mobilenet-v2"));
  EXPECT_EQ(find_network("no-such"), nullptr);
  EXPECT_THAT(near_networks("mobilenet"), testing::Contains("mobilenet-v2"));
  EXPECT_THAT(near_networks("mobielnetv2"), testing::Contains("mobilenet-v2"));
}

/// The shape pass says what the real pass gives.
TEST(Networks, ShapePassAgreesWithARealPass) {
  torch::set_num_threads(1);
  torch::NoGradGuard no_gradients;
  for (const auto* name : {"small-cnn", "mobilenet-v2"}) {
    SCOPED_TRACE(name);
    const auto* spec = find_network(name);
    auto options = default_options(*spec);
    options.input = {options.input.at(0), 32, 32};
    const auto facts = network_facts(*spec, options);
    auto network = spec->build(options);
    network->eval();
    ops::Trace trace;
    const auto out = network->forward(synthetic_inputs(*spec, options, 1));
    EXPECT_EQ(out.sizes().vec(), facts.output);
    EXPECT_EQ(trace.macs(), facts.macs);
    EXPECT_TRUE(torch::isfinite(out).all().item<bool>());
  }
}

TEST(Networks, TrainingUpdatesStatisticsOnlyIfAsked) {
  torch::set_num_threads(1);
  const auto* spec = find_network("mobilenet-v2");
  for (const auto mode : {BatchNorm::frozen, BatchNorm::train}) {
    auto options = default_options(*spec);
    options.input = {3, 32, 32};
    options.batch_norm = mode;
    auto network = spec->build(options);
    network->train();
    network->forward({torch::rand({4, 3, 32, 32})}).sum().backward();
    double moved = 0;
    for (const auto& b : network->named_buffers()) {
      if (b.key().find("running_mean") != std::string::npos) {
        moved += b.value().abs().sum().item<double>();
      }
    }
    EXPECT_EQ(moved > 0, mode == BatchNorm::train);
    for (const auto& p : network->named_parameters()) {
      EXPECT_TRUE(p.value().grad().defined()) << p.key();
    }
  }
}

TEST(Networks, CurrentStatisticsStandardiseEveryBatchAndMoveNothingAfterwards) {
  torch::set_num_threads(1);
  const auto mean = torch::zeros({2});
  const auto variance = torch::ones({2});
  const auto x = torch::rand({3, 2, 4, 4}) * 7 + 5;
  const auto normal = [&](BatchNorm mode, bool training) {
    return batch_normalised(mode, training, x, {}, {}, mean, variance, 1e-5);
  };
  const auto y = normal(BatchNorm::current, false);
  EXPECT_LT(y.mean({0, 2, 3}).abs().max().item<double>(), 1e-5);
  EXPECT_NEAR(y.var({0, 2, 3}, false).min().item<double>(), 1.0, 1e-4);
  EXPECT_TRUE(torch::allclose(normal(BatchNorm::train, false), x, 1e-4));
  EXPECT_EQ(mean.abs().sum().item<double>(), 0.0);
  normal(BatchNorm::frozen, true);
  EXPECT_EQ(mean.abs().sum().item<double>(), 0.0);
  EXPECT_TRUE(torch::allclose(normal(BatchNorm::current, true), y));
  EXPECT_GT(mean.min().item<double>(), 0.0);
}

TEST(Ops, SamePaddingIsTensorFlows) {
  torch::set_num_threads(1);
  // One row and column more at the bottom and at the right: the first output sees places 0..2, not -1..1.
  const auto x = torch::arange(16, torch::kFloat32).reshape({1, 1, 4, 4});
  const auto w = torch::ones({1, 1, 3, 3});
  const auto y = ops::conv2d(x, w, {}, {.stride = {2, 2}});
  EXPECT_EQ(y.sizes().vec(), (std::vector<std::int64_t>{1, 1, 2, 2}));
  EXPECT_EQ(y[0][0][0][0].item<float>(), 45);  // 0+1+2+4+5+6+8+9+10
  EXPECT_EQ(y[0][0][1][1].item<float>(), 50);  // 10+11+14+15
  const auto m = ops::max_pool(-x, {3, 3}, {2, 2}, ops::Pad::same);
  EXPECT_EQ(m[0][0][1][1].item<float>(), -10);  // padding never wins
  const auto mean = ops::avg_pool(x, {3, 3}, {1, 1}, ops::Pad::same);
  EXPECT_FLOAT_EQ(mean[0][0][0][0].item<float>(), 2.5F);  // (0+1+4+5)/4: padded places are not counted
}

TEST(Ops, TooSmallAnInputIsAClearError) {
  const auto* spec = find_network("small-cnn");
  EXPECT_NO_THROW(network_facts(*spec, options_at(*spec, 8, 8)));
  torch::NoGradGuard no_gradients;
  EXPECT_THROW(ops::conv2d(torch::empty({1, 1, 2, 2}, torch::kMeta), torch::empty({1, 1, 3, 3}, torch::kMeta), {},
                           {.pad = ops::Pad::valid}),
               std::invalid_argument);
}

}  // namespace
}  // namespace impact::worker
