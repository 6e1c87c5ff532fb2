// Runs the passes of the three phases.
#include "worker/compat.hpp"
#include "worker/optimizers.hpp"
#include "worker/trainer.hpp"

#include <cmath>
#include <numbers>
#include <set>

namespace impact::worker {
namespace {

// Returns the share of the learning rate at this share of the phase.
double scheduled(const TrainOptions& o, double of_phase) {
  const double done = o.schedule_from + (o.schedule_to - o.schedule_from) * of_phase;
  if (o.lr_schedule == "linear") {
    return 1.0 - done;
  }
  return o.lr_schedule == "cosine" ? 0.5 * (1.0 + std::cos(std::numbers::pi * done)) : 1.0;
}

// Counts the passes that the limits allow at most; 0 if only time ends the phase. `begun`: images of the first epoch that
// are behind it.
std::int64_t planned_passes(const Limits& limits, std::int64_t batch, std::int64_t examples, std::int64_t begun) {
  const auto per_epoch = (examples + batch - 1) / batch;
  const auto first = (examples - begun + batch - 1) / batch;
  std::int64_t passes = limits.passes;
  auto cap = [&](std::int64_t other) { passes = passes == 0 ? other : std::min(passes, other); };
  if (limits.epochs > 0) {
    cap(first + (limits.epochs - 1) * per_epoch);
  }
  if (limits.images > 0) {
    cap((limits.images + batch - 1) / batch);
  }
  return passes;
}

// Counts right classes of a batch; undefined where targets are no classes.
Tensor right_ones(const Tensor& scores, const Tensor& target) {
  return target.scalar_type() == torch::kInt64 ? scores.argmax(1).eq(target).sum() : Tensor();
}

// Adds up the overlap of predicted and true classes of all segmented volumes: 2 |A and B| / (|A| + |B|).
class Dice {
 public:
  void add(const Tensor& scores, const Tensor& target) {
    const auto classes = scores.size(1);
    const auto guess = scores.argmax(1).flatten();
    const auto truth = target.flatten();
    const auto counts = [&](const Tensor& t) {
      return torch::bincount(t, {}, classes).slice(0, 0, classes).to(torch::kFloat64);
    };
    const auto both = counts(guess.masked_select(guess.eq(truth)));
    const auto sizes = counts(guess) + counts(truth);
    both_ = both_.defined() ? both_ + both : both;
    sizes_ = sizes_.defined() ? sizes_ + sizes : sizes;
  }
  // Tells it of every class; null for one that neither occurs nor is predicted.
  [[nodiscard]] Json by_class() const {
    Json all = Json::array();
    for (std::int64_t i = 0; both_.defined() && i < both_.size(0); ++i) {
      const auto size = sizes_[i].item<double>();
      all.push_back(size > 0 ? Json(2 * both_[i].item<double>() / size) : Json(nullptr));
    }
    return all;
  }
  // Returns the mean over the classes but the background (class 0).
  [[nodiscard]] Json mean() const {
    double sum = 0;
    int count = 0;
    const auto all = by_class();
    for (std::size_t i = 1; i < all.size(); ++i) {
      if (!all[i].is_null()) {
        sum += all[i].get<double>();
        ++count;
      }
    }
    return count > 0 ? Json(sum / count) : Json(nullptr);
  }

 private:
  Tensor both_, sizes_;
};

// Holds sums that stay on the device until somebody wants to know.
class Score {
 public:
  void add(const Tensor& loss, double weight, const Tensor& correct, std::int64_t answers) {
    auto weighted = loss.to(torch::kFloat64) * weight;
    loss_ = loss_.defined() ? loss_ + weighted : weighted;
    last_ = loss;
    weight_ += weight;
    answers_ += answers;
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
    return correct_.defined() && answers_ > 0 ? Json(correct_.item<double>() / static_cast<double>(answers_))
                                              : Json(nullptr);
  }

 private:
  Tensor loss_, last_, correct_;
  double weight_ = 0;
  std::int64_t answers_ = 0;
};

void add_score(Json& report, const Score& score) {
  report["loss"] = score.loss();
  report["final_loss"] = score.last_loss();
  report["accuracy"] = score.accuracy();
  report["correct"] = score.correct();
  report["finite"] = report["loss"].is_null() || std::isfinite(report["loss"].get<double>());
}

}  // namespace

std::vector<std::int64_t> smaller_batches(const Dataset& data, std::int64_t batch, const Limits& limits,
                                          std::int64_t begun) {
  const auto size = data.size();
  if (data.synthetic() || batch <= 0 || size <= 0) {
    return {};  // there is one batch, again and again
  }
  const auto full = std::min(batch, size);
  std::set<std::int64_t> sizes;
  const auto first = size - begun;  // images of the first epoch
  const bool passes_reach = limits.passes == 0 || limits.passes * full >= first;
  if (passes_reach && (limits.images == 0 || limits.images >= first)) {
    sizes.insert(first % full);
    if (limits.epochs != 1) {
      sizes.insert(size % full);
    }
  }
  if (limits.images > 0 && (limits.passes == 0 || limits.passes * full >= limits.images)) {
    sizes.insert(limits.images < first ? limits.images % full : (limits.images - first) % size % full);
  }
  sizes.erase(0);
  return {sizes.begin(), sizes.end()};
}

std::int64_t Model::begun_images(const Dataset& data) const {
  return data.synthetic() || epoch_images_ >= data.size() ? 0 : epoch_images_;
}

Json Model::run_inference(Phase& phase, Dataset& data) {
  set_training(false);
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
  set_training(false);
  Score score;
  Dice dice;
  for (std::int64_t at = 0; at < data.size() && phase.more();) {
    const auto count = std::min(options_.batch, data.size() - at);
    const auto batch = data.batch(at, count);
    const auto output = scores(batch.inputs);
    const torch::InferenceMode guard;
    score.add(loss_of(output, batch.target, "cross_entropy"), static_cast<double>(count),
              right_ones(output, batch.target), batch.target.numel());
    if (output.dim() == 5) {
      dice.add(output, batch.target);
    }
    at += count;
    phase.pass_done(count, output);
    phase.progress([](Json&) {});
  }
  phase.end();
  auto report = phase.report();
  add_score(report, score);
  report["dice"] = dice.mean();
  report["dice_by_class"] = dice.by_class();
  return report;
}

// Tells how often the data were seen, with the part of the epoch that goes on; null for made data, which have no epochs.
static Json epochs_trained(const Dataset& data, std::int64_t epochs, std::int64_t images) {
  if (data.synthetic()) return nullptr;
  return static_cast<double>(epochs) + static_cast<double>(images) / static_cast<double>(data.size());
}

Json Model::run_training(Phase& phase, Protocol& protocol, Dataset& data, const TrainOptions& o, const Limits& limits,
                         std::uint64_t data_seed) {
  set_training(true);
  const auto loss = chosen_loss(o, !data.synthetic());
  auto begun = o.continue_epoch ? begun_images(data) : 0;
  const auto planned = planned_passes(limits, options_.batch, data.size(), begun);
  phase.set_expected_passes(planned);
  Score all;
  Json epochs = Json::array();
  double lr = o.lr;
  bool go_on = phase.more();
  while (go_on) {
    data.shuffle(data_seed, epochs_);
    Score epoch;
    std::int64_t at = begun;
    while (at < data.size() && (go_on = phase.more())) {
      lr = protocol.take_lr().value_or(lr);
      const auto done = static_cast<double>(phase.passes()) / static_cast<double>(std::max<std::int64_t>(planned, 1));
      set_lr(*optimizer_, lr * (planned > 0 ? scheduled(o, done) : 1.0));
      const auto count = data.synthetic() ? data.size() : phase.allowance(std::min(options_.batch, data.size() - at));
      const auto result = step(data.batch(at, count), loss);
      const auto weight = loss == "sum_of_squares" ? 1.0 : static_cast<double>(count);
      all.add(result.loss, weight, result.correct, result.answers);
      epoch.add(result.loss, weight, result.correct, result.answers);
      at += count;
      phase.pass_done(count, result.output);
      phase.progress([&](Json& event) { event["loss"] = epoch.loss(); });
    }
    epoch_images_ = at;
    if (at >= data.size()) {
      epoch_images_ = 0;
      ++epochs_;
      phase.epoch_done();
      if (!data.synthetic()) {
        epochs.push_back({{"epoch", epochs_},
                          {"images", at - begun},
                          {"loss", epoch.loss()},
                          {"accuracy", epoch.accuracy()},
                          {"end_ns", monotonic_ns()}});
        auto event = epochs.back();
        event["event"] = "epoch";
        protocol.send_if_room(event);
      }
      begun = 0;
      go_on = phase.more();
    }
  }
  phase.end();
  set_training(false);
  auto report = phase.report();
  add_score(report, all);
  report["epochs"] = epochs;
  report["epochs_trained"] = epochs_trained(data, epochs_, epoch_images_);
  report["steps_total"] = steps_;
  report["loss_function"] = loss;
  report["optimizer"] = o.optimizer;
  report["lr"] = lr;
  report["data_seed"] = data_seed;
  return report;
}

}  // namespace impact::worker
