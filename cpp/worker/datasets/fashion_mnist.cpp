// Fashion-MNIST (arXiv 1708.07747, MIT licence): 60,000 + 10,000 grey images of 28 x 28, 10 classes.
#include "worker/datasets/dataset.hpp"
#include "worker/datasets/idx.hpp"
#include "worker/datasets/locate.hpp"
#include "worker/protocol.hpp"

#include <cmath>

namespace impact::worker {
namespace {

// These are mean and standard deviation of the training images' pixels in [0, 1].
constexpr double kMean = 0.28604;
constexpr double kDeviation = 0.35302;
// Above this the images are prepared batch by batch instead of all at once.
constexpr std::int64_t kMostPreparedBytes = std::int64_t{2} << 30;

Tensor bytes_tensor(const std::string& path, std::size_t dimensions) {
  try {
    auto idx = read_idx(path);
    if (idx.shape.size() != dimensions) {
      throw std::runtime_error(path + ": has another number of dimensions");
    }
    return torch::from_blob(idx.values.data(), idx.shape, torch::kUInt8).clone();
  } catch (const std::runtime_error& e) {
    throw ProtocolError("no-data", e.what(), "install Debian's dataset-fashion-mnist again");
  }
}

class FashionMnist final : public Dataset {
 public:
  FashionMnist(const DataOptions& options, DataPart wanted, std::int64_t limit, std::uint64_t seed,
               const std::string& folder)
      : options_(options) {
    const DataPlace place{"Fashion-MNIST", "fashion-mnist", "/usr/share/datasets/fashion-mnist",
                          "install Debian's dataset-fashion-mnist, or set IMPACT_TRACKER_DATA to the folder that holds "
                          "the four .gz files"};
    const std::string part = wanted == DataPart::test ? "t10k" : "train";
    images_ = bytes_tensor(locate(place, folder, part + "-images-idx3-ubyte"), 3).unsqueeze(1);
    labels_ = bytes_tensor(locate(place, folder, part + "-labels-idx1-ubyte"), 1).to(torch::kInt64);
    if (images_.size(0) != labels_.size(0)) {
      throw ProtocolError("no-data", "Fashion-MNIST: images and labels differ in number",
                          "install dataset-fashion-mnist again");
    }
    // The training images in an order of the seed: those for validation are the last of it.
    const auto all = images_.size(0);
    const auto kept = wanted == DataPart::test
                          ? 0
                          : static_cast<std::int64_t>(std::llround(options.validation * static_cast<double>(all)));
    const auto first = wanted == DataPart::validation ? all - kept : 0;
    const auto most = wanted == DataPart::validation ? kept : all - kept;
    if (limit > most || most < 1) {
      throw ProtocolError("bad-value", "Fashion-MNIST has " + std::to_string(most) + " " +
                                           (wanted == DataPart::validation ? "validation" : part) + " images, " +
                                           std::to_string(std::max<std::int64_t>(limit, 1)) + " were asked for");
    }
    if (limit > 0 || kept > 0) {
      const auto chosen = permutation(seed, -1).slice(0, first, first + (limit > 0 ? limit : most));
      images_ = images_.index_select(0, chosen);
      labels_ = labels_.index_select(0, chosen);
    }
    const auto& in = options_.build.input;
    if (size() * in.at(0) * in.at(1) * in.at(2) * 4 <= kMostPreparedBytes) {
      std::vector<Tensor> parts;
      for (std::int64_t i = 0; i < size(); i += 4096) {
        parts.push_back(prepared(images_.slice(0, i, std::min(i + 4096, size()))));
      }
      images_ = torch::cat(parts);
      prepared_ = true;
    }
    if (options_.device.is_cuda()) {
      images_ = images_.to(options_.device);
      labels_ = labels_.to(options_.device);
    }
  }

  std::int64_t size() const override { return labels_.size(0); }
  bool has_classes() const override { return true; }
  bool synthetic() const override { return false; }

  Batch batch(std::int64_t first, std::int64_t count) override {
    auto images = images_.slice(0, first, first + count);
    auto labels = labels_.slice(0, first, first + count);
    if (order_.defined()) {
      const auto chosen = order_.slice(0, first, first + count);
      images = images_.index_select(0, chosen);
      labels = labels_.index_select(0, chosen);
    }
    if (!prepared_) {
      images = prepared(images);
    }
    return {{images.contiguous(options_.channels_last ? torch::MemoryFormat::ChannelsLast
                                                      : torch::MemoryFormat::Contiguous)},
            labels};
  }

  void shuffle(std::uint64_t seed, std::int64_t epoch) override {
    order_ = permutation(seed, epoch).to(options_.device);
  }

 private:
  Tensor permutation(std::uint64_t seed, std::int64_t epoch) const {
    auto generator = at::detail::createCPUGenerator(seed * 1000003U + static_cast<std::uint64_t>(epoch + 1));
    return torch::randperm(size(), generator, torch::TensorOptions().dtype(torch::kInt64));
  }

  Tensor prepared(const Tensor& bytes) const {
    const auto& in = options_.build.input;
    auto x = bytes.to(torch::kFloat32).div_(255.0).sub_(kMean).div_(kDeviation);
    if (x.size(2) != in.at(1) || x.size(3) != in.at(2)) {
      x = torch::upsample_bilinear2d(x, {in.at(1), in.at(2)}, false);
    }
    if (in.at(0) != 1) {
      x = x.repeat({1, in.at(0), 1, 1});
    }
    return x.contiguous(options_.channels_last ? torch::MemoryFormat::ChannelsLast : torch::MemoryFormat::Contiguous);
  }

  DataOptions options_;
  Tensor images_, labels_, order_;
  bool prepared_ = false;
};

}  // namespace

std::unique_ptr<Dataset> open_fashion_mnist(const DataOptions& options, DataPart part, std::int64_t limit,
                                            std::uint64_t seed, const std::string& folder) {
  if (options.build.input.size() != 3 || options.spec->range.tokens || options.spec->task != "classification") {
    throw ProtocolError("bad-value", options.spec->name + " does not classify images; it runs on synthetic data");
  }
  return std::make_unique<FashionMnist>(options, part, limit, seed, folder);
}

}  // namespace impact::worker
