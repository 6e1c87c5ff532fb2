#include "worker/choices.hpp"

#include <algorithm>

namespace impact::worker {

const std::vector<std::pair<std::string, std::vector<std::string>>>& all_choices() {
  static const std::vector<std::pair<std::string, std::vector<std::string>>> choices{
      {"precision", {"fp32", "tf32", "bf16"}},
      {"layout", {"auto", "nchw", "channels_last"}},
      {"batch_norm", kBatchNorms},
      {"data", {"synthetic", "fashion-mnist", "brain", "brain-2mm", "text"}},
      {"loss", {"auto", "cross_entropy", "dice", "sum_of_squares", "mse"}},
      {"optimizer", {"adam", "adamw", "sgd"}},
      {"lr_schedule", {"constant", "linear", "cosine"}},
      {"phase", {"infer", "train"}},
      {"part", {"test", "validation"}},
      {"kind", {"triad", "copy", "matmul", "convolution"}},
  };
  return choices;
}

std::string choice_of(const Fields& fields, const std::string& field) {
  const auto& all = all_choices();
  const auto known = std::find_if(all.begin(), all.end(), [&](const auto& entry) { return entry.first == field; });
  if (known == all.end()) {
    throw std::logic_error("no choices are known of " + field);
  }
  return fields.choice(field, known->second.front(), known->second);
}

}  // namespace impact::worker
