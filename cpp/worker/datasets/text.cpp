// Text that every Debian has: the licences in /usr/share/common-licenses (any folder of text files in its place),
// byte by byte. The first nine tenths of it are for training, of which the last part may be kept for validation; the
// rest is for testing. An example is a stretch of
// bytes and, as its target, the same stretch one byte later.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "worker/datasets/dataset.hpp"
#include "worker/datasets/locate.hpp"
#include "worker/protocol.hpp"

namespace impact::worker {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kStretchesOfAnEpoch = 2048;

// Lists all regular files of a folder in the order of their names; links to one of them count once.
std::vector<std::uint8_t> text_of(const std::string& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.is_regular_file(error) && !entry.is_symlink(error)) {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  std::vector<std::uint8_t> text;
  for (const auto& file : files) {
    const auto bytes = read_bytes(file.string());
    text.insert(text.end(), bytes.begin(), bytes.end());
  }
  return text;
}

class Text final : public Dataset {
 public:
  Text(const DataOptions& options, DataPart part, std::int64_t limit, std::uint64_t seed, const std::string& folder)
      : options_(options), train_(part == DataPart::train), length_(options.build.input.at(0)) {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing changes the environment while a data set is opened
    const char* data = std::getenv("IMPACT_TRACKER_DATA");
    const std::string place = !folder.empty()                    ? folder
                              : data != nullptr && *data != '\0' ? (fs::path(data) / "text").string()
                                                                 : "/usr/share/common-licenses";
    const auto text = text_of(place);
    const auto all = static_cast<std::int64_t>(text.size());
    if (all / 10 <= length_) {
      throw ProtocolError("no-data", "too little text in " + place + ": " + std::to_string(all) + " bytes",
                          "Debian's base-files has /usr/share/common-licenses; elsewhere set IMPACT_TRACKER_DATA to a "
                          "folder whose folder \"text\" holds text files");
    }
    const auto tested = all / 10 * 9;
    const auto kept = static_cast<std::int64_t>(std::llround(options.validation * static_cast<double>(tested)));
    const auto begin = part == DataPart::train ? 0 : part == DataPart::validation ? tested - kept : tested;
    const auto end = part == DataPart::train ? tested - kept : part == DataPart::validation ? tested : all;
    if (end - begin <= length_) {
      throw ProtocolError("bad-value", "a validation part of " + std::to_string(kept) + " of " +
                                           std::to_string(tested) + " bytes leaves no stretch of " +
                                           std::to_string(length_) + " in a part");
    }
    auto bytes = torch::from_blob(const_cast<std::uint8_t*>(text.data()), {all}, torch::kUInt8).to(torch::kInt64);
    text_ = bytes.slice(0, begin, end).to(options.device);
    const auto fitting = (text_.size(0) - 1) / length_;
    count_ = limit > 0 ? limit : train_ ? kStretchesOfAnEpoch : fitting;
    if (!train_) {
      count_ = std::min(count_, fitting);
      starts_ = torch::arange(count_) * length_;
    }
    shuffle(seed, 0);
  }

  std::int64_t size() const override { return count_; }
  bool has_classes() const override { return true; }
  bool synthetic() const override { return false; }

  Batch batch(std::int64_t first, std::int64_t count) override {
    std::vector<Tensor> inputs;
    std::vector<Tensor> targets;
    for (std::int64_t i = first; i < first + count; ++i) {
      const auto at = starts_[i].item<std::int64_t>();
      inputs.push_back(text_.slice(0, at, at + length_));
      targets.push_back(text_.slice(0, at + 1, at + length_ + 1));
    }
    return {{torch::stack(inputs)}, torch::stack(targets)};
  }

  void shuffle(std::uint64_t seed, std::int64_t epoch) override {
    if (train_) {
      auto generator = at::detail::createCPUGenerator(seed * 1000003U + static_cast<std::uint64_t>(epoch + 1));
      starts_ = torch::randint(text_.size(0) - length_, {count_}, generator, torch::kInt64);
    }
  }

 private:
  DataOptions options_;
  bool train_;
  std::int64_t length_;
  std::int64_t count_ = 0;
  Tensor text_, starts_;
};

}  // namespace

std::unique_ptr<Dataset> open_text(const DataOptions& options, DataPart part, std::int64_t limit, std::uint64_t seed,
                                   const std::string& folder) {
  if (!options.spec->predicts_text) {
    throw ProtocolError("bad-value", options.spec->name + " does not predict text", "load small-gpt or gpt2-prefill");
  }
  return std::make_unique<Text>(options, part, limit, seed, folder);
}

}  // namespace impact::worker
