// The commands that compute, most of which are phases.
#include "worker/choices.hpp"
#include "worker/phase_data.hpp"
#include "worker/session.hpp"

namespace impact::worker {
namespace {

TrainOptions parse_training(const Fields& f) {
  TrainOptions o;
  o.optimizer = choice_of(f, "optimizer");
  o.lr = f.number("lr", o.optimizer == "sgd" ? 0.05 : 1e-3, 0.0);
  o.momentum = f.number("momentum", 0.9, 0.0);
  o.weight_decay = f.number("weight_decay", o.optimizer == "adamw" ? 1e-2 : 0.0, 0.0);
  o.lr_schedule = choice_of(f, "lr_schedule");
  o.schedule_from = f.number("schedule_from", 0.0, 0.0);
  o.schedule_to = f.number("schedule_to", 1.0, 0.0);
  if (o.schedule_to > 1.0 || o.schedule_from > o.schedule_to) {
    throw ProtocolError("bad-value", "schedule_from and schedule_to are shares of a schedule, in this order");
  }
  o.loss = choice_of(f, "loss");
  o.continue_epoch = f.flag("continue_epoch", false);
  return o;
}

void check_loss(const std::string& loss, const Dataset& data, const Model& model) {
  const bool volumes = model.options().spec->task == "volume-segmentation";
  if (loss == "dice" && !(volumes && data.has_classes())) {
    throw ProtocolError("bad-value", "dice is a loss of segmented volumes", "load u-net-3d with data brain");
  }
  if (loss != "dice" && loss != "cross_entropy" && data.has_classes()) {
    throw ProtocolError("bad-value", "classes are trained with cross_entropy",
                        volumes ? "or with dice" : "leave loss out");
  }
}

}  // namespace

void Session::warm_up(const Json& command) {
  const Fields f(command, {"passes", "phase", "loss", "optimizer", "lr", "lr_schedule", "momentum", "weight_decay",
                           "data", "subset", "data_seed", "data_folder", "validation", "schedule_from", "schedule_to"});
  const bool training = choice_of(f, "phase") == "train";
  const auto passes = f.whole("passes", 1, 0);
  const auto options = parse_training(f);
  auto source = open_data(f, model(), DataPart::train,
                          training && f.text("data", "synthetic") == "synthetic" ? chosen_loss(options, false) : "");
  const auto spent = model().warm_up(passes, training, *source.data, options);
  protocol_.send({{"event", "warmed"},
                  {"id", id_of(command)},
                  {"passes", passes},
                  {"duration_s", static_cast<double>(spent) * 1e-9}});
}

void Session::finish_phase(Json report, const Json& data) {
  report["data"] = data;
  protocol_.send(report);
}

void Session::infer(const Json& command) {
  const Fields f(command, {"passes", "images", "seconds", "min_passes", "hard_seconds", "data", "subset", "data_seed",
                           "data_folder"});
  const auto limits = parse_limits(f, false);
  auto source = open_data(f, model(), DataPart::test, "");
  model().meet_small_batches(Model::Pass::infer, *source.data, limits);
  Phase phase(protocol_, model().options(), "infer", limits, id_of(command));
  if (phase.begin({{"data", source.description}})) {
    finish_phase(model().run_inference(phase, *source.data), source.description);
  }
}

void Session::train(const Json& command) {
  const Fields f(
      command,
      {"passes",      "images",    "seconds",      "epochs",     "min_passes",    "hard_seconds", "data",
       "subset",      "data_seed", "data_folder",  "validation", "loss",          "optimizer",    "lr",
       "lr_schedule", "momentum",  "weight_decay", "resume",     "schedule_from", "schedule_to",  "continue_epoch"});
  const auto limits = parse_limits(f, true);
  const auto options = parse_training(f);
  const bool resume = f.flag("resume", false);
  if (options.continue_epoch && !resume) {
    throw ProtocolError("bad-value", "continue_epoch goes on with a training", "\"resume\": true");
  }
  if (options.lr_schedule != "constant" && limits.passes == 0 && limits.images == 0 && limits.epochs == 0) {
    throw ProtocolError("bad-value", "a learning rate that falls to the end needs an end in epochs, passes or images");
  }
  auto source =
      open_data(f, model(), DataPart::train, chosen_loss(options, f.text("data", "synthetic") != "synthetic"), &kept_);
  const auto loss = chosen_loss(options, !source.data->synthetic());
  check_loss(loss, *source.data, model());
  model().meet_small_batches(Model::Pass::train, *source.data, limits, loss,
                             options.continue_epoch ? model().begun_images(*source.data) : 0);
  model().prepare_training(options, resume);
  Phase phase(protocol_, model().options(), "train", limits, id_of(command));
  if (phase.begin({{"data", source.description}})) {
    const auto seed = source.description["seed"].get<std::uint64_t>();
    finish_phase(model().run_training(phase, protocol_, *source.data, options, limits, seed), source.description);
  }
}

void Session::evaluate(const Json& command) {
  const Fields f(command, {"data", "subset", "data_seed", "data_folder", "validation", "part"});
  if (f.text("data", "synthetic") == "synthetic") {
    throw ProtocolError("bad-value", "an evaluation needs real data",
                        "\"data\": \"fashion-mnist\", \"brain\", \"brain-2mm\" or \"text\"");
  }
  const auto part = choice_of(f, "part") == "validation" ? DataPart::validation : DataPart::test;
  auto source = open_data(f, model(), part, "cross_entropy", &kept_);
  model().meet_small_batches(Model::Pass::evaluate, *source.data, Limits{});
  Phase phase(protocol_, model().options(), "evaluate", Limits{}, id_of(command));
  if (phase.begin({{"data", source.description}})) {
    finish_phase(model().run_evaluation(phase, *source.data), source.description);
  }
}

void Session::examples(const Json& command) {
  const Fields f(command, {"data", "subset", "data_seed", "data_folder", "validation", "part"});
  if (f.text("data", "synthetic") == "synthetic") {
    throw ProtocolError("bad-value", "made-up data has no examples to count");
  }
  auto part = DataPart::train;
  if (f.has("part")) {
    part = choice_of(f, "part") == "validation" ? DataPart::validation : DataPart::test;
  }
  const auto source = open_data(f, model(), part, "cross_entropy", &kept_);
  protocol_.send({{"event", "examples"}, {"id", id_of(command)}, {"examples", source.data->size()}});
}

void Session::roof(const Json& command) {
  auto options = parse_roof(command);
  const auto limits = options.limits;
  if (!roof_ || !roof_->is_of(options)) {  // repeats need no preparation of their own
    clear();
    roof_ = std::make_unique<Roof>(std::move(options));
  }
  Phase phase(protocol_, roof_->load(), "roof", limits, id_of(command));
  if (phase.begin({{"roof", roof_->description()}})) {
    protocol_.send(roof_->run(phase));
  }
}

}  // namespace impact::worker
