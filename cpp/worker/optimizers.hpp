// Makes the optimizers of a training: torch's own, and the same with each step over all parameters together.
#pragma once

#include <ATen/core/ivalue.h>  // goes first: clang refuses the others where it is not known yet

#include <torch/nn/module.h>
#include <torch/optim/optimizer.h>

#include <memory>
#include <vector>

namespace impact::worker {

struct TrainOptions;

// `together`: every operation of a step is one over all parameters, as GPUs want it: parameter after parameter, a network
// of hundreds of small ones waits for thousands of tiny kernels. Parameters become the same to rounding; state and
// checkpoints are the same. It takes the memory of all parameters once more meanwhile; a CPU, which goes through them one
// by one anyway, has nothing of it.
std::unique_ptr<torch::optim::Optimizer> make_optimizer(const std::vector<torch::Tensor>& parameters,
                                                        const TrainOptions& options, bool together);

void set_lr(torch::optim::Optimizer& optimizer, double lr);

// Allocates gradients and memory of a new optimizer, which would else come into being in its first step; parameters stay.
void allocate_state(torch::optim::Optimizer& optimizer, const TrainOptions& options);

}  // namespace impact::worker
