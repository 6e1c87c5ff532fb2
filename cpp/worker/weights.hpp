// Tensors in a file, in the safetensors format: an 8-byte length, a JSON header, the raw values. Any language reads it
// without torch (https://huggingface.co/docs/safetensors: the format's description).
#pragma once

#include "worker/protocol.hpp"

#include <torch/nn/module.h>
#include <torch/types.h>

#include <map>
#include <string>

namespace impact::worker {

struct TensorFile {
  std::map<std::string, torch::Tensor> tensors;
  std::map<std::string, std::string> metadata;
};

// Writes beside the path first and renames, so that a killed worker leaves no half file. Returns the bytes written.
// Throws ProtocolError("io").
std::int64_t write_tensors(const std::string& path, const TensorFile& file);
TensorFile read_tensors(const std::string& path);

// Lists parameters and moving statistics of a module by name.
TensorFile module_tensors(const torch::nn::Module& module);
// Copies them back; names and shapes must be the module's. Throws ProtocolError("bad-value") naming what does not fit.
void load_module_tensors(torch::nn::Module& module, const TensorFile& file, const std::string& prefix = "");

}  // namespace impact::worker
