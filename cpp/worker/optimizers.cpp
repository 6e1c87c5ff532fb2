#include "worker/optimizers.hpp"

#include "worker/compat.hpp"
#include "worker/trainer.hpp"

#include <torch/optim/adam.h>
#include <torch/optim/adamw.h>
#include <torch/optim/sgd.h>

#include <cmath>

namespace impact::worker {
namespace {

using torch::Scalar;
using torch::Tensor;
using torch::optim::Optimizer;

// Lists the parameters of a group that have a gradient, and the gradients.
struct Trained {
  std::vector<Tensor> parameters, gradients;

  explicit Trained(const torch::optim::OptimizerParamGroup& group) {
    for (const auto& p : group.params()) {
      if (p.grad().defined()) {
        parameters.push_back(p);
        gradients.push_back(p.grad());
      }
    }
  }
};

// Lists the state of each parameter; it is empty if one of them has none yet.
template <class State>
std::vector<State*> states_of(Optimizer& optimizer, const std::vector<Tensor>& parameters) {
  std::vector<State*> states;
  for (const auto& p : parameters) {
    auto* state = compat::state_in(optimizer.state(), p);
    if (state == nullptr) {
      return {};
    }
    states.push_back(static_cast<State*>(state));
  }
  return states;
}

// Adam; AdamW, if `Decoupled`: the weights themselves decay, not through the gradients. The arithmetic is that of the
// base class, in its order.
template <class Base, class Options, class State, bool Decoupled>
class AdamTogether final : public Base {
 public:
  using Base::Base;

  Tensor step(Optimizer::LossClosure closure = nullptr) override {
    const torch::NoGradGuard no_gradients;
    Trained trained(this->param_groups_.at(0));
    const auto states = states_of<State>(*this, trained.parameters);
    if (closure || states.empty()) {
      return Base::step(closure);  // its first step makes the state
    }
    advance(static_cast<const Options&>(this->param_groups_[0].options()), trained, states);
    return {};
  }

 private:
  static void advance(const Options& o, Trained& t, const std::vector<State*>& states) {
    const auto [beta1, beta2] = o.betas();
    std::vector<Tensor> means, squares;
    std::vector<Scalar> roots, sizes;  // correct the bias towards the zeros that the means began with
    for (auto* state : states) {
      state->step(state->step() + 1);
      means.push_back(state->exp_avg());
      squares.push_back(state->exp_avg_sq());
      const auto steps = static_cast<double>(state->step());
      roots.emplace_back(std::sqrt(1 - std::pow(beta2, steps)));
      sizes.emplace_back(-o.lr() / (1 - std::pow(beta1, steps)));
    }
    if (o.weight_decay() != 0 && Decoupled) {
      at::_foreach_mul_(t.parameters, Scalar(1 - o.lr() * o.weight_decay()));
    } else if (o.weight_decay() != 0) {
      t.gradients = at::_foreach_add(t.gradients, t.parameters, Scalar(o.weight_decay()));
    }
    at::_foreach_mul_(means, Scalar(beta1));
    at::_foreach_add_(means, t.gradients, Scalar(1 - beta1));
    at::_foreach_mul_(squares, Scalar(beta2));
    at::_foreach_addcmul_(squares, t.gradients, t.gradients, Scalar(1 - beta2));
    auto deviations = at::_foreach_sqrt(squares);
    at::_foreach_div_(deviations, roots);
    at::_foreach_add_(deviations, Scalar(o.eps()));
    at::_foreach_addcdiv_(t.parameters, means, deviations, sizes);
  }
};

using Adam = AdamTogether<torch::optim::Adam, torch::optim::AdamOptions, torch::optim::AdamParamState, false>;
using AdamW = AdamTogether<torch::optim::AdamW, torch::optim::AdamWOptions, torch::optim::AdamWParamState, true>;

// This is SGD with momentum, without Nesterov's or damping.
class SgdTogether final : public torch::optim::SGD {
 public:
  using torch::optim::SGD::SGD;

  Tensor step(LossClosure closure = nullptr) override {
    const torch::NoGradGuard no_gradients;
    Trained t(param_groups_.at(0));
    const auto& o = static_cast<const torch::optim::SGDOptions&>(param_groups_[0].options());
    const auto states = states_of<torch::optim::SGDParamState>(*this, t.parameters);
    if (closure || states.empty()) {  // it is the first step, or there is no momentum
      return torch::optim::SGD::step(closure);
    }
    if (o.weight_decay() != 0) {
      t.gradients = at::_foreach_add(t.gradients, t.parameters, Scalar(o.weight_decay()));
    }
    std::vector<Tensor> momenta;
    momenta.reserve(states.size());
    for (auto* state : states) {
      momenta.push_back(state->momentum_buffer());
    }
    at::_foreach_mul_(momenta, Scalar(o.momentum()));
    at::_foreach_add_(momenta, t.gradients, Scalar(1.0));
    at::_foreach_add_(t.parameters, momenta, Scalar(-o.lr()));
    return {};
  }
};

template <class Plain, class Together, class Options>
std::unique_ptr<Optimizer> made(const std::vector<Tensor>& parameters, const Options& options, bool together) {
  if (together) {
    return std::make_unique<Together>(parameters, options);
  }
  return std::make_unique<Plain>(parameters, options);
}

// With a decay of the weights a step over zero gradients leaves something in the means.
template <class State>
void forget_steps(Optimizer& optimizer) {
  for (auto& entry : optimizer.state()) {
    auto& state = static_cast<State&>(*entry.second);
    state.step(0);
    state.exp_avg().zero_();
    state.exp_avg_sq().zero_();
  }
}

}  // namespace

std::unique_ptr<Optimizer> make_optimizer(const std::vector<Tensor>& parameters, const TrainOptions& o, bool together) {
  if (o.optimizer == "sgd") {
    const auto options = torch::optim::SGDOptions(o.lr).momentum(o.momentum).weight_decay(o.weight_decay);
    return made<torch::optim::SGD, SgdTogether>(parameters, options, together);
  }
  if (o.optimizer == "adamw") {
    const auto options = torch::optim::AdamWOptions(o.lr).weight_decay(o.weight_decay);
    return made<torch::optim::AdamW, AdamW>(parameters, options, together);
  }
  const auto options = torch::optim::AdamOptions(o.lr).weight_decay(o.weight_decay);
  return made<torch::optim::Adam, Adam>(parameters, options, together);
}

void set_lr(Optimizer& optimizer, double lr) {
  for (auto& group : optimizer.param_groups()) {
    group.options().set_lr(lr);
  }
}

void allocate_state(Optimizer& optimizer, const TrainOptions& o) {
  if (o.optimizer == "sgd") {
    return;
  }
  for (auto& group : optimizer.param_groups()) {
    for (auto& p : group.params()) {
      p.mutable_grad() = torch::zeros_like(p);
    }
  }
  set_lr(optimizer, 0.0);  // then a step over zero gradients goes nowhere
  optimizer.step();
  set_lr(optimizer, o.lr);
  if (o.optimizer == "adamw") {
    forget_steps<torch::optim::AdamWParamState>(optimizer);
  } else {
    forget_steps<torch::optim::AdamParamState>(optimizer);
  }
}

}  // namespace impact::worker
