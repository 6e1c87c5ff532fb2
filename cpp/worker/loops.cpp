// The passes of the three phases.
#include "worker/compat.hpp"
#include "worker/trainer.hpp"

#include <cmath>
#include <numbers>

namespace impact::worker {
namespace {

/// Share of the learning rate at this share of the training.
double schedule(const std::string& name, double done) {
  if (name == "linear") {
    return 1.0 - done;
  }
  return name == "cosine" ? 0.5 * (1.0 + std::cos(std::numbers::pi * done)) : 1.0;
}

/// Passes that the limits allow at most; 0 if only time ends the phase.
std::int64_t planned_passes(const Limits& limits, std::int64_t batch, std::int64_t examples) {
  const auto per_epoch = (examples + batch - 1) / batch;
  std::int64_t passes = limits.passes;
  auto cap = [&](std::int64_t other) { passes = passes == 0 ? other : std::min(passes, other); };
  if (limits.epochs > 0) {
    cap(limits.epochs * per_epoch);
  }
  if (limits.images > 0) {
    cap((limits.images + batch - 1) / batch);
  }
  return passes;
}

/// Sums that stay on the device until somebody wants to know.
class Score {
 public:
  void add(const Tensor& loss, double weight, const Tensor& correct, std::int64_t images) {
    auto weighted = loss.to(torch::kFloat64) * weight;
    loss_ = loss_.defined() ? loss_ + weighted : weighted;
    last_ = loss;
    weight_ += weight;
    images_ += images;
    if (correct.defined()) {
      correct_ = correct_.defined() ? correct_ + correct : correct;
    }
  }
  [[nodiscard]] Json loss() const {
    return loss_.defined() && weight_ > 0 ? Json(loss_.item<double>() / weight_) : Json(nullptr);
  }
  [[nodiscard]] Json last_loss() const { return last_.defined() ? Json(last_.item<double>()) : Json(nullptr); }
  [[nodiscard]] Json correct() const {
    return correct_.defined() ? Json(correct_.item<std::int64_t>()) : Json(nullptr);
  }
  [[nodiscard]] Json accuracy() const {
    return correct_.defined() && images_ > 0 ? Json(correct_.item<double>() / static_cast<double>(images_))
                                             : Json(nullptr);
  }

 private:
  Tensor loss_, last_, correct_;
  double weight_ = 0;
  std::int64_t images_ = 0;
};

void add_score(Json& report, const Score& score) {
  report["loss"] = score.loss();
  report["final_loss"] = score.last_loss();
  report["accuracy"] = score.accuracy();
  report["correct"] = score.correct();
  report["finite"] = report["loss"].is_null() || std::isfinite(report["loss"].get<double>());
}

}  // namespace

Json Model::run_inference(Phase& phase, Dataset& data) {
  network_->eval();
  std::int64_t at = 0;
  while (phase.more()) {
    const auto count = phase.allowance(std::min(options_.batch, data.size() - at));
    const auto output = infer(data.batch(at, count).inputs);
    at = at + count >= data.size() ? 0 : at + count;
    phase.pass_done(data.synthetic() ? data.size() : count, output);
    phase.progress([](Json&) {});
  }
  phase.end();
  return phase.report();
}

Json Model::run_evaluation(Phase& phase, Dataset& data) {
  network_->eval();
  Score score;
  for (std::int64_t at = 0; at < data.size() && phase.more();) {
    const auto count = std::min(options_.batch, data.size() - at);
    const auto batch = data.batch(at, count);
    const torch::InferenceMode guard;
    Tensor output;
    {
      const compat::Autocast autocast(options_.device.type(), options_.precision == "bf16");
      output = network_->forward(batch.inputs);
    }
    score.add(loss_of(output, batch.target, "cross_entropy"), static_cast<double>(count),
              output.argmax(1).eq(batch.target).sum(), count);
    at += count;
    phase.pass_done(count, output);
    phase.progress([](Json&) {});
  }
  phase.end();
  auto report = phase.report();
  add_score(report, score);
  return report;
}

Json Model::run_training(Phase& phase, Protocol& protocol, Dataset& data, const TrainOptions& o, const Limits& limits,
                         std::uint64_t data_seed) {
  network_->train();
  const auto loss = chosen_loss(o, !data.synthetic());
  const auto planned = planned_passes(limits, options_.batch, data.size());
  phase.set_expected_passes(planned);
  Score all;
  Json epochs = Json::array();
  double lr = o.lr;
  bool go_on = phase.more();
  while (go_on) {
    data.shuffle(data_seed, epochs_);
    Score epoch;
    std::int64_t at = 0;
    while (at < data.size() && (go_on = phase.more())) {
      lr = protocol.take_lr().value_or(lr);
      set_lr(lr * (planned > 0
                       ? schedule(o.lr_schedule, static_cast<double>(phase.passes()) / static_cast<double>(planned))
                       : 1.0));
      const auto count = data.synthetic() ? data.size() : phase.allowance(std::min(options_.batch, data.size() - at));
      const auto result = step(data.batch(at, count), loss);
      const auto weight = loss == "sum_of_squares" ? 1.0 : static_cast<double>(count);
      all.add(result.loss, weight, result.correct, count);
      epoch.add(result.loss, weight, result.correct, count);
      at += count;
      phase.pass_done(count, result.output);
      phase.progress([&](Json& event) { event["loss"] = epoch.loss(); });
    }
    if (at >= data.size()) {
      ++epochs_;
      phase.epoch_done();
      if (!data.synthetic()) {
        epochs.push_back({{"epoch", epochs_},
                          {"images", at},
                          {"loss", epoch.loss()},
                          {"accuracy", epoch.accuracy()},
                          {"end_ns", monotonic_ns()}});
        auto event = epochs.back();
        event["event"] = "epoch";
        protocol.send_if_room(event);
      }
      go_on = phase.more();
    }
  }
  phase.end();
  network_->eval();
  auto report = phase.report();
  add_score(report, all);
  report["epochs"] = epochs;
  report["steps_total"] = steps_;
  report["loss_function"] = loss;
  report["optimizer"] = o.optimizer;
  report["lr"] = lr;
  report["data_seed"] = data_seed;
  return report;
}

}  // namespace impact::worker
