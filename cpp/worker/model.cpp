// The model: building, single passes, warming up, checkpoints. Its phases are in loops.cpp.
#include "worker/blas.hpp"
#include "worker/compat.hpp"
#include "worker/optimizers.hpp"
#include "worker/text.hpp"
#include "worker/trainer.hpp"

#include <torch/serialize.h>

#include <sstream>

namespace impact::worker {
namespace {

void use_layout(torch::nn::Module& module) {
  for (auto& p : module.parameters()) {
    if (p.dim() == 4) {
      // contiguous() would leave a weight of one input channel as it is, since both layouts are then the same in
      // memory; but convolutions choose their kernels by strides, and would take the slow ones.
      p.set_data(torch::empty_like(p, p.options(), torch::MemoryFormat::ChannelsLast).copy_(p));
    }
  }
}

// Overlap of probabilities and true classes, 2 sum(p t) / (sum p + sum t), mean over the classes but the background
// (class 0): what segmentations are judged by, in a form that has gradients (arXiv 1606.04797). Of the classes that
// the target has: one that is not there has no overlap to gain, and would only teach never to see it.
Tensor soft_dice(const Tensor& scores, const Tensor& target) {
  const auto classes = scores.size(1);
  const auto places = scores.dim() - 1;
  const auto guess = torch::softmax(scores, 1).transpose(0, 1).flatten(1);
  const auto truth = torch::one_hot(target, classes).movedim(places, 0).flatten(1).to(guess.scalar_type());
  const auto both = (guess * truth).sum(1);
  const auto sizes = guess.sum(1) + truth.sum(1);
  const auto there = (truth.sum(1) > 0).to(guess.scalar_type()).slice(0, 1);
  constexpr double kOfNothing = 1.0;  // it keeps the quotient of a class of few voxels smooth
  const auto overlap = ((2.0 * both + kOfNothing) / (sizes + kOfNothing)).slice(0, 1);
  // With no class there at all it is 1: nothing to gain, so no loss.
  return 1.0 - ((1.0 - overlap) * there).sum() / there.sum().clamp_min(1.0);
}

}  // namespace

Model::Model(LoadOptions options)
    : options_(std::move(options)), facts_(network_facts(*options_.spec, options_.build)) {
  torch::set_num_threads(static_cast<int>(options_.threads_each()));
  blas::set_threads(static_cast<int>(options_.threads_each()));
  compat::allow_tf32(options_.precision == "tf32");
  compat::set_deterministic(options_.deterministic);
  torch::manual_seed(options_.seed);
  network_ = options_.spec->build(options_.build);  // on the CPU a seed gives the same weights everywhere
  network_->to(options_.device);
  if (options_.channels_last) {
    use_layout(*network_);
  }
  network_->eval();
  if (options_.replicas > 1) {
    replicas_ = std::make_unique<Replicas>(network_, options_);
  }
}

void Model::weights_changed() {
  if (replicas_) {
    replicas_->spread();
  }
}

void Model::set_training(bool on) {
  network_->train(on);
  if (replicas_) {
    replicas_->set_training(on);
  }
}

DataOptions Model::data_options() const {
  return {options_.spec, options_.build, options_.device, options_.channels_last, options_.batch};
}

Tensor Model::original_output(const Tensor& output) const {
  return options_.spec->softmax ? torch::softmax(output, 1) : output;
}

Tensor Model::without_gradients(const Tensors& inputs, const std::function<Tensor(Network&, const Tensors&)>& pass) {
  const auto run = [&](Network& network, const Tensors& share) {
    const torch::InferenceMode guard;
    const compat::Autocast autocast(options_.device.type(), options_.precision == "bf16");
    return pass(network, share);
  };
  if (!replicas_) {
    return run(*network_, inputs);
  }
  const torch::InferenceMode guard;
  const auto one = [&](Network& network, const Batch& share, double /*part*/) {
    return PassResult{run(network, share.inputs), {}};
  };
  return replicas_->run({inputs, {}}, one).output;
}

Tensor Model::infer(const Tensors& inputs) {
  return without_gradients(
      inputs, [this](Network& network, const Tensors& share) { return original_output(network.infer(share)); });
}

Tensor Model::scores(const Tensors& inputs) {
  return without_gradients(inputs, [](Network& network, const Tensors& share) { return network.forward(share); });
}

Tensor Model::loss_of(const Tensor& output, const Tensor& target, const std::string& loss) const {
  const auto values = output.to(torch::kFloat32);
  if (loss == "cross_entropy") {
    return torch::cross_entropy_loss(values, target);
  }
  if (loss == "dice") {
    return torch::cross_entropy_loss(values, target) + 1.0 - soft_dice(values, target);
  }
  const auto original = original_output(values);
  return torch::mse_loss(original, target, loss == "mse" ? at::Reduction::Mean : at::Reduction::Sum);
}

PassResult Model::learn(Network& network, const Batch& share, double part, const std::string& loss) const {
  Tensor output;
  Tensor value;
  {
    const compat::Autocast autocast(options_.device.type(), options_.precision == "bf16");
    output = network.forward(share.inputs);
    value = loss_of(output, share.target, loss);
  }
  if (part < 1.0 && loss != "sum_of_squares") {
    value = value * part;  // means over the shares add up to the mean over the batch
  }
  value.backward();
  return {output.detach(), value.detach()};
}

PassResult Model::learn(const Batch& batch, const std::string& loss) {
  if (!replicas_) {
    return learn(*network_, batch, 1.0, loss);
  }
  replicas_->zero_gradients();
  auto passed = replicas_->run(
      batch, [&](Network& network, const Batch& share, double part) { return learn(network, share, part, loss); });
  replicas_->add_gradients();
  return passed;
}

Model::StepResult Model::step(const Batch& batch, const std::string& loss) {
  StepResult result;
  optimizer_->zero_grad();
  const auto passed = learn(batch, loss);
  optimizer_->step();
  weights_changed();
  ++steps_;
  result.loss = passed.loss;
  result.output = passed.output;
  if (batch.target.scalar_type() == torch::kInt64) {
    result.correct = result.output.argmax(1).eq(batch.target).sum();
    result.answers = batch.target.numel();
  }
  return result;
}

std::unique_ptr<torch::optim::Optimizer> Model::make_optimizer(const TrainOptions& o) const {
  std::vector<Tensor> parameters;
  for (const auto& p : network_->parameters()) {
    if (p.requires_grad()) {
      parameters.push_back(p);
    }
  }
  if (parameters.empty() || !options_.spec->trainable) {
    throw ProtocolError("bad-value", options_.spec->name + " is not trained by this worker", "ask for infer");
  }
  const bool together = options_.device.is_cuda();
  return impact::worker::make_optimizer(parameters, o, together);
}

void Model::prepare_training(const TrainOptions& o, bool keep) {
  if (keep && optimizer_ && trained_with_.optimizer == o.optimizer) {
    trained_with_ = o;
    set_lr(*optimizer_, o.lr);
    return;
  }
  optimizer_ = make_optimizer(o);
  trained_with_ = o;
  epochs_ = steps_ = epoch_images_ = 0;
  allocate_state(*optimizer_, o);
}

std::int64_t Model::warm_up(std::int64_t passes, bool training, Dataset& data, const TrainOptions& options) {
  const auto count = std::min(options_.batch, data.size());
  const auto timed = [&](const auto& pass) {
    compat::synchronize(options_.device);
    const auto begin = monotonic_ns();
    for (std::int64_t i = 0; i < passes; ++i) {
      pass();
    }
    compat::synchronize(options_.device);
    return monotonic_ns() - begin;
  };
  if (!training) {
    set_training(false);
    return timed([&] { infer(data.batch(0, count).inputs); });
  }
  TensorFile before;
  for (const auto& [name, tensor] : module_tensors(*network_).tensors) {
    before.tensors[name] = tensor.detach().clone();
  }
  auto kept = std::move(optimizer_);
  const auto kept_with = trained_with_;
  const auto kept_epochs = epochs_;
  const auto kept_steps = steps_;
  const auto kept_images = epoch_images_;
  prepare_training(options, false);
  set_training(true);
  const auto spent = timed([&] { step(data.batch(0, count), chosen_loss(options, !data.synthetic())); });
  optimizer_ = std::move(kept);
  trained_with_ = kept_with;
  epochs_ = kept_epochs;
  steps_ = kept_steps;
  epoch_images_ = kept_images;
  drop_gradients();
  load_module_tensors(*network_, before);
  weights_changed();
  return spent;
}

void Model::drop_gradients() {
  for (auto& p : network_->parameters()) {
    p.mutable_grad() = Tensor();
  }
}

void Model::meet_small_batches(Pass pass, Dataset& data, const Limits& limits, const std::string& loss,
                               std::int64_t begun) {
  if (!options_.device.is_cuda()) {
    return;
  }
  for (const auto count : smaller_batches(data, options_.batch, limits, begun)) {
    if (met_.insert({pass, count}).second) {
      rehearse(pass, data, count, loss);
    }
  }
}

void Model::rehearse(Pass pass, Dataset& data, std::int64_t count, const std::string& loss) {
  const auto batch = data.batch(0, count);
  set_training(pass == Pass::train);
  if (pass == Pass::train) {
    std::vector<Tensor> before;
    for (const auto& b : network_->buffers()) {
      before.push_back(b.clone());
    }
    learn(batch, loss);
    drop_gradients();
    const torch::NoGradGuard no_gradients;
    for (std::size_t i = 0; i < before.size(); ++i) {
      network_->buffers()[i].copy_(before[i]);
    }
    weights_changed();
  } else {
    pass == Pass::infer ? infer(batch.inputs) : scores(batch.inputs);
  }
  set_training(false);
}

TensorFile Model::checkpoint() const {
  TensorFile file;
  for (const auto& [name, tensor] : module_tensors(*network_).tensors) {
    file.tensors["model." + name] = tensor;
  }
  if (optimizer_) {
    std::ostringstream stream;
    torch::save(*optimizer_, stream);
    const auto bytes = stream.str();
    file.tensors["optimizer"] =
        torch::from_blob(const_cast<char*>(bytes.data()), {static_cast<std::int64_t>(bytes.size())}, torch::kUInt8)
            .clone();
  }
  file.tensors["random_state"] = at::detail::getDefaultCPUGenerator().get_state();
  file.metadata = {{"network", options_.spec->name},
                   {"optimizer", trained_with_.optimizer},
                   {"epochs", std::to_string(epochs_)},
                   {"steps", std::to_string(steps_)},
                   {"epoch_images", std::to_string(epoch_images_)},
                   {"torch_version", compat::version()},
                   {"variant", options_.build.variant},
                   {"classes", std::to_string(options_.build.classes)},
                   {"lr", std::to_string(trained_with_.lr)}};
  return file;
}

void Model::resume(const TensorFile& file) {
  const auto entry = [&](const char* key) {
    const auto found = file.metadata.find(key);
    return found == file.metadata.end() ? std::string() : found->second;
  };
  if (entry("network") != options_.spec->name) {
    throw ProtocolError("bad-value", "the checkpoint is of " + entry("network") + ", loaded is " + options_.spec->name);
  }
  load_module_tensors(*network_, file, "model.");
  weights_changed();
  if (const auto stored = file.tensors.find("optimizer"); stored != file.tensors.end()) {
    TrainOptions o;
    o.optimizer = entry("optimizer");
    prepare_training(o, false);
    const auto& bytes = stored->second;
    std::istringstream stream(std::string(static_cast<const char*>(bytes.data_ptr()), bytes.nbytes()));
    torch::load(*optimizer_, stream, options_.device);
    epochs_ = std::stoll(entry("epochs"));
    steps_ = std::stoll(entry("steps"));
    const auto images = entry("epoch_images");  // checkpoints of before do not tell it
    epoch_images_ = images.empty() ? 0 : std::stoll(images);
  }
  if (const auto state = file.tensors.find("random_state"); state != file.tensors.end()) {
    auto generator = at::detail::getDefaultCPUGenerator();
    generator.set_state(state->second);
  }
}

std::string chosen_loss(const TrainOptions& options, bool real_data) {
  return options.loss != "auto" ? options.loss : real_data ? "cross_entropy" : "sum_of_squares";
}

}  // namespace impact::worker
