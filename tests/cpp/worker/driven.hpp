// Phases of a model driven without a process, from ready to done.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <string>

#include "worker/protocol.hpp"
#include "worker/trainer.hpp"

namespace impact::worker {

/// A session's pipes with "go" in them; `work` gets the protocol and a phase that has begun.
inline Json driven(const LoadOptions& load, const char* name, const Limits& limits,
                   const std::function<Json(Protocol&, Phase&)>& work) {
  int to[2];
  int from[2];
  EXPECT_EQ(pipe(to) + pipe(from), 0);
  const std::string go = "{\"cmd\":\"go\"}\n";
  EXPECT_EQ(write(to[1], go.data(), go.size()), static_cast<ssize_t>(go.size()));
  Json report;
  {
    Protocol protocol(to[0], from[1]);
    Phase phase(protocol, load, name, limits, nullptr);
    if (phase.begin(Json::object())) {
      report = work(protocol, phase);
    }
    close(to[1]);
    while (protocol.next()) {}
  }
  for (const int fd : {to[0], from[0], from[1]}) {
    close(fd);
  }
  return report;
}

inline Json driven(Model& model, const char* name, const Limits& limits,
                   const std::function<Json(Protocol&, Phase&)>& work) {
  return driven(model.options(), name, limits, work);
}

inline Json train_on(Model& model, Dataset& data, const TrainOptions& options, const Limits& limits, bool keep,
                     std::uint64_t data_seed = 3) {
  model.prepare_training(options, keep);
  return driven(model, "train", limits, [&](Protocol& protocol, Phase& phase) {
    return model.run_training(phase, protocol, data, options, limits, data_seed);
  });
}

/// On random data with classes.
inline Json train(Model& model, std::int64_t passes, bool keep, std::uint64_t data_seed = 3) {
  TrainOptions options;
  options.loss = "cross_entropy";
  const auto data = make_synthetic(model.data_options(), data_seed, true, model.facts().scores);
  return train_on(model, *data, options, Limits{.passes = passes}, keep, data_seed);
}

/// Why bf16 cannot be tested here; empty if it can.
inline std::string no_bf16() {
  try {
    check_bf16_of_processor();
  } catch (const ProtocolError& refused) {
    EXPECT_EQ(refused.kind, "bad-value");
    EXPECT_NE(refused.advice.find("fp32"), std::string::npos);
    return refused.what();
  }
  return "";
}

inline Model loaded(const Json& fields) {
  Json command{{"cmd", "load"}, {"batch", 2}, {"threads", 1}, {"seed", 1}};
  command.update(fields);
  return Model(parse_load(command));
}

inline TensorFile copy_of(const torch::nn::Module& module) {
  auto file = module_tensors(module);
  for (auto& [name, tensor] : file.tensors) {
    tensor = tensor.detach().clone();
  }
  return file;
}

inline void expect_same(const TensorFile& a, const TensorFile& b) {
  ASSERT_EQ(a.tensors.size(), b.tensors.size());
  for (const auto& [name, tensor] : a.tensors) {
    EXPECT_TRUE(torch::equal(tensor, b.tensors.at(name))) << name;
  }
}

/// `tolerance`: of a tensor's largest value where that is above 1, since rounding goes with size.
inline void expect_close(const TensorFile& a, const TensorFile& b, double tolerance = 1e-4) {
  ASSERT_EQ(a.tensors.size(), b.tensors.size());
  for (const auto& [name, tensor] : a.tensors) {
    const auto difference = (tensor - b.tensors.at(name)).abs().max().item<double>();
    EXPECT_LT(difference, tolerance * std::max(1.0, tensor.abs().max().item<double>())) << name;
  }
}

}  // namespace impact::worker
