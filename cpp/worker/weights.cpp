#include "worker/weights.hpp"

#include <bit>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace impact::worker {
namespace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

struct Kind {
  torch::ScalarType type;
  const char* name;
};
constexpr Kind kKinds[] = {{torch::kFloat32, "F32"}, {torch::kFloat64, "F64"}, {torch::kBFloat16, "BF16"},
                           {torch::kFloat16, "F16"}, {torch::kInt64, "I64"},   {torch::kInt32, "I32"},
                           {torch::kUInt8, "U8"},    {torch::kBool, "BOOL"}};

std::string kind_name(torch::ScalarType type) {
  for (const auto& kind : kKinds) {
    if (kind.type == type) {
      return kind.name;
    }
  }
  throw ProtocolError("internal", "a tensor type that cannot be stored");
}

torch::ScalarType kind_type(const std::string& name, const std::string& path) {
  for (const auto& kind : kKinds) {
    if (name == kind.name) {
      return kind.type;
    }
  }
  throw ProtocolError("io", path + ": holds values of the unknown type " + name);
}

ProtocolError damaged(const std::string& path) {
  return ProtocolError("io", path + ": is no safetensors file, or is damaged",
                       "write it again with save or checkpoint");
}

}  // namespace

std::int64_t write_tensors(const std::string& path, const TensorFile& file) {
  Json header = Json::object();
  if (!file.metadata.empty()) {
    header["__metadata__"] = file.metadata;
  }
  std::vector<torch::Tensor> plain;
  std::int64_t offset = 0;
  for (const auto& [name, tensor] : file.tensors) {
    plain.push_back(tensor.detach().to(torch::kCPU).contiguous());
    const auto bytes = static_cast<std::int64_t>(plain.back().nbytes());
    header[name] = {{"dtype", kind_name(tensor.scalar_type())},
                    {"shape", tensor.sizes().vec()},
                    {"data_offsets", {offset, offset + bytes}}};
    offset += bytes;
  }
  auto text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');
  const auto length = static_cast<std::uint64_t>(text.size());
  const auto partial = path + ".partial";
  std::ofstream out(partial, std::ios::binary | std::ios::trunc);
  out.write(reinterpret_cast<const char*>(&length), sizeof length);
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
  for (const auto& tensor : plain) {
    out.write(static_cast<const char*>(tensor.data_ptr()), static_cast<std::streamsize>(tensor.nbytes()));
  }
  out.close();
  std::error_code error;
  if (out) {
    std::filesystem::rename(partial, path, error);
  }
  if (!out || error) {
    std::error_code ignored;
    std::filesystem::remove(partial, ignored);
    throw ProtocolError("io", path + ": cannot be written" + (error ? " (" + error.message() + ")" : ""),
                        "check the folder, its rights and the free space");
  }
  return static_cast<std::int64_t>(sizeof length + text.size()) + offset;
}

TensorFile read_tensors(const std::string& path) {
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  if (!in) {
    throw ProtocolError("io", path + ": cannot be opened");
  }
  const auto total = static_cast<std::uint64_t>(in.tellg());
  in.seekg(0);
  std::uint64_t length = 0;
  in.read(reinterpret_cast<char*>(&length), sizeof length);
  if (!in || length > total - sizeof length) {
    throw damaged(path);
  }
  std::string text(length, '\0');
  in.read(text.data(), static_cast<std::streamsize>(length));
  const auto header = Json::parse(text, nullptr, false);
  if (!in || !header.is_object()) {
    throw damaged(path);
  }
  TensorFile file;
  try {
    for (const auto& [name, entry] : header.items()) {
      if (name == "__metadata__") {
        file.metadata = entry.get<std::map<std::string, std::string>>();
        continue;
      }
      const auto begin = entry.at("data_offsets").at(0).get<std::uint64_t>();
      const auto end = entry.at("data_offsets").at(1).get<std::uint64_t>();
      auto tensor = torch::empty(entry.at("shape").get<std::vector<std::int64_t>>(),
                                 kind_type(entry.at("dtype").get<std::string>(), path));
      if (end < begin || sizeof length + length + end > total || end - begin != tensor.nbytes()) {
        throw damaged(path);
      }
      in.seekg(static_cast<std::streamoff>(sizeof length + length + begin));
      in.read(static_cast<char*>(tensor.data_ptr()), static_cast<std::streamsize>(tensor.nbytes()));
      if (!in) {
        throw damaged(path);
      }
      file.tensors[name] = tensor;
    }
  } catch (const Json::exception&) {
    throw damaged(path);
  }
  return file;
}

TensorFile module_tensors(const torch::nn::Module& module) {
  TensorFile file;
  for (const auto& p : module.named_parameters()) {
    file.tensors[p.key()] = p.value();
  }
  for (const auto& b : module.named_buffers()) {
    file.tensors[b.key()] = b.value();
  }
  return file;
}

void load_module_tensors(torch::nn::Module& module, const TensorFile& file, const std::string& prefix) {
  torch::NoGradGuard no_gradients;
  const auto own = module_tensors(module).tensors;
  for (const auto& [name, tensor] : own) {
    const auto found = file.tensors.find(prefix + name);
    if (found == file.tensors.end() || found->second.sizes() != tensor.sizes()) {
      throw ProtocolError("bad-value", "the file has no tensor \"" + prefix + name + "\" of this network's shape",
                          "load the network with the options it was saved with");
    }
  }
  for (const auto& [name, tensor] : own) {
    auto target = tensor;
    target.copy_(file.tensors.at(prefix + name));
  }
}

}  // namespace impact::worker
