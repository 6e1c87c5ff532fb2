// A real brain: the T1 image "ch2" (Colin27, 1 mm) and its AAL labels of Debian's mricron-data, both 181 x 217 x 181.
//
// Classes: 0 background, 1 cerebral cortex, 2 hippocampus, amygdala, basal ganglia and thalamus, 3 cerebellum. One
// brain is no study: training sees the left slab of it (x < 88), evaluation the right one (x > 92), mirrored so that
// both look alike. Training takes cubes at random places, each drawn with the seed and the epoch; every other one lies
// around a random voxel of a random class, since cubes drawn anywhere hold little of the small ones (the oversampling of
// nnU-Net, doi 10.1038/s41592-020-01008-z). Evaluation takes a grid that covers its slab, of which the back (low y) may be
// kept for validation: the training slab is too small to be cut.
//
// At a spacing of 2 mm (data "brain-2mm") voxels are means of the image and the commonest class of the labels: a cube of
// 32 then sees 64 mm of the brain, and a slab is covered by a fifth of the cubes.
#include "worker/datasets/dataset.hpp"
#include "worker/datasets/locate.hpp"
#include "worker/datasets/nifti.hpp"
#include "worker/protocol.hpp"

#include <algorithm>
#include <cmath>

namespace impact::worker {
namespace {

constexpr std::int64_t kClasses = 4;
constexpr std::int64_t kLeftEnd = 88;
constexpr std::int64_t kRightBegin = 93;
constexpr std::int64_t kCubesOfAnEpoch = 64;

std::int64_t class_of(std::int64_t label) {
  if (label == 0) {
    return 0;
  }
  if (label >= 91) {
    return 3;
  }
  const bool deep = label == 37 || label == 38 || label == 41 || label == 42 || (label >= 71 && label <= 78);
  return deep ? 2 : 1;
}

// Takes the mean of every block of so many voxels a side; what is left over at the far sides is left out.
Tensor pooled(const Tensor& t, std::int64_t side) {
  return torch::avg_pool3d(t.to(torch::kFloat32).unsqueeze(0), {side, side, side}).squeeze(0);
}

Tensor coarser_image(const Tensor& image, std::int64_t side) { return pooled(image.unsqueeze(0), side).squeeze(0); }

// Takes the commonest class of every block; the lower one of two that are equally common.
Tensor coarser_labels(const Tensor& labels, std::int64_t side) {
  return pooled(torch::one_hot(labels, kClasses).permute({3, 0, 1, 2}), side).argmax(0);
}

// Turns the file's order into [x,y,z].
Tensor volume_tensor(const std::string& path) {
  try {
    auto volume = read_nifti(path);
    const auto& s = volume.shape;
    return torch::from_blob(volume.values.data(), {s[2], s[1], s[0]}, torch::kUInt8).permute({2, 1, 0}).contiguous();
  } catch (const std::runtime_error& e) {
    throw ProtocolError("no-data", e.what(), "install Debian's mricron-data again");
  }
}

class Brain final : public Dataset {
 public:
  Brain(const DataOptions& options, DataPart part, std::int64_t limit, std::uint64_t seed, const std::string& folder)
      : options_(options), train_(part == DataPart::train) {
    const bool train = train_;
    const DataPlace place{
        "The brain of mricron-data", "mricron", "/usr/share/mricron/templates",
        "install Debian's mricron-data, or set IMPACT_TRACKER_DATA to a folder with ch2.nii.gz and aal.nii.gz"};
    auto image = volume_tensor(locate(place, folder, "ch2.nii")).to(torch::kFloat32);
    auto labels = volume_tensor(locate(place, folder, "aal.nii")).to(torch::kInt64);
    if (image.sizes() != labels.sizes() || image.size(0) <= kRightBegin) {
      throw ProtocolError("no-data", "ch2.nii.gz and aal.nii.gz are not of one grid", "install mricron-data again");
    }
    std::vector<std::int64_t> table(256);
    for (std::size_t label = 0; label < table.size(); ++label) {
      table[label] = class_of(static_cast<std::int64_t>(label));
    }
    labels = torch::tensor(table).index_select(0, labels.flatten()).view(labels.sizes());
    const auto inside = image.masked_select(image > 0);
    image = (image - inside.mean()) / inside.std();
    const auto slab = [&](const Tensor& t) {
      return train ? t.slice(0, 0, kLeftEnd) : t.slice(0, kRightBegin).flip({0});
    };
    image = slab(image);
    labels = slab(labels);
    if (options.spacing_mm > 1) {
      image = coarser_image(image, options.spacing_mm);
      labels = coarser_labels(labels, options.spacing_mm);
    }
    for (std::int64_t c = 1; train && c < kClasses; ++c) {
      if (auto places = (labels == c).nonzero(); places.size(0) > 0) {
        places_.push_back(std::move(places));
      }
    }
    if (!train && (options.validation > 0 || part == DataPart::validation)) {
      const auto cut = static_cast<std::int64_t>(std::llround(options.validation * static_cast<double>(image.size(1))));
      const auto piece = [&](const Tensor& t) {
        return part == DataPart::validation ? t.slice(1, 0, cut) : t.slice(1, cut);
      };
      image = piece(image);
      labels = piece(labels);
    }
    image_ = image.contiguous().to(options.device);
    labels_ = labels.contiguous().to(options.device);
    const auto& in = options_.build.input;
    for (std::int64_t d = 0; d < 3; ++d) {
      if (in.at(static_cast<std::size_t>(d) + 1) > image_.size(d)) {
        const auto sides = labels_.sizes();
        throw ProtocolError("bad-value",
                            "cubes are larger than the slab of " + std::to_string(sides[0]) + " x " +
                                std::to_string(sides[1]) + " x " + std::to_string(sides[2]),
                            options.spacing_mm > 1 ? "load with a size of 32, or with data brain, whose voxels are 1 mm"
                                                   : "load with a size of 32 or 64");
      }
    }
    if (train) {
      count_ = limit > 0 ? limit : kCubesOfAnEpoch;
      shuffle(seed, 0);
    } else {
      cover();
      thin_out(limit);
      count_ = static_cast<std::int64_t>(corners_.size());
    }
  }

  std::int64_t size() const override { return count_; }
  bool has_classes() const override { return true; }
  bool synthetic() const override { return false; }

  Batch batch(std::int64_t first, std::int64_t count) override {
    std::vector<Tensor> images;
    std::vector<Tensor> targets;
    for (std::int64_t i = first; i < first + count; ++i) {
      images.push_back(cube(image_, corners_[static_cast<std::size_t>(i)])
                           .unsqueeze(0)
                           .repeat({options_.build.input.at(0), 1, 1, 1}));
      targets.push_back(cube(labels_, corners_[static_cast<std::size_t>(i)]));
    }
    return {{torch::stack(images)}, torch::stack(targets)};
  }

  void shuffle(std::uint64_t seed, std::int64_t epoch) override {
    if (!train_) {
      return;
    }
    auto generator = at::detail::createCPUGenerator(seed * 1000003U + static_cast<std::uint64_t>(epoch + 1));
    corners_.clear();
    const auto below = [&](std::int64_t end) {
      return torch::randint(end, {1}, generator, torch::kInt64).item<std::int64_t>();
    };
    for (std::int64_t i = 0; i < count_; ++i) {
      Tensor around;
      if (i % 2 == 1 && !places_.empty()) {
        const auto& places = places_[static_cast<std::size_t>(below(static_cast<std::int64_t>(places_.size())))];
        around = places[below(places.size(0))];
      }
      Corner corner{};
      for (std::size_t d = 0; d < 3; ++d) {
        const auto side = options_.build.input.at(d + 1);
        const auto room = image_.size(static_cast<std::int64_t>(d)) - side;
        corner[d] = around.defined()
                        ? std::clamp<std::int64_t>(around[static_cast<std::int64_t>(d)].item<std::int64_t>() - side / 2,
                                                   0, room)
                        : below(room + 1);
      }
      corners_.push_back(corner);
    }
  }

 private:
  using Corner = std::array<std::int64_t, 3>;

  Tensor cube(const Tensor& volume, const Corner& corner) const {
    auto part = volume;
    for (std::size_t d = 0; d < 3; ++d) {
      part = part.slice(static_cast<std::int64_t>(d), corner[d], corner[d] + options_.build.input.at(d + 1));
    }
    return part;
  }

  // Corners of cubes that cover the slab once; those at the far sides are moved in, and so overlap their neighbours.
  void cover() {
    std::array<std::vector<std::int64_t>, 3> starts;
    for (std::size_t d = 0; d < 3; ++d) {
      const auto side = options_.build.input.at(d + 1);
      const auto length = image_.size(static_cast<std::int64_t>(d));
      for (std::int64_t at = 0; at < length; at += side) {
        starts[d].push_back(std::min(at, length - side));
      }
    }
    for (const auto x : starts[0]) {
      for (const auto y : starts[1]) {
        for (const auto z : starts[2]) {
          corners_.push_back({x, y, z});
        }
      }
    }
  }

  // So many corners, evenly over the slab: its first ones alone would be of one end of the brain.
  void thin_out(std::int64_t limit) {
    const auto all = static_cast<std::int64_t>(corners_.size());
    if (limit <= 0 || limit >= all) {
      return;
    }
    std::vector<Corner> fewer;
    fewer.reserve(static_cast<std::size_t>(limit));
    for (std::int64_t i = 0; i < limit; ++i) {
      fewer.push_back(corners_[static_cast<std::size_t>((2 * i + 1) * all / (2 * limit))]);
    }
    corners_ = std::move(fewer);
  }

  DataOptions options_;
  bool train_;
  Tensor image_, labels_;
  std::vector<Tensor> places_;  // are [n,3] of every class that is there, but the background
  std::vector<Corner> corners_;
  std::int64_t count_ = 0;
};

}  // namespace

std::unique_ptr<Dataset> open_brain(const DataOptions& options, DataPart part, std::int64_t limit, std::uint64_t seed,
                                    const std::string& folder) {
  if (options.spec->task != "volume-segmentation") {
    throw ProtocolError("bad-value", options.spec->name + " does not segment volumes");
  }
  if (options.build.classes < kClasses) {
    throw ProtocolError("bad-value", "the brain has 4 classes", "load " + options.spec->name + " with classes=4");
  }
  return std::make_unique<Brain>(options, part, limit, seed, folder);
}

}  // namespace impact::worker
