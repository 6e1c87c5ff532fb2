// Finds the reader of a data set by its name.
#include "worker/datasets/dataset.hpp"
#include "worker/protocol.hpp"

namespace impact::worker {

std::string name_of(DataPart part) {
  return part == DataPart::train ? "train" : part == DataPart::test ? "test" : "validation";
}

std::unique_ptr<Dataset> open_dataset(const std::string& name, DataOptions options, DataPart part, std::int64_t limit,
                                      std::uint64_t seed, const std::string& folder) {
  if (options.validation >= 1.0 || (part == DataPart::validation && options.validation <= 0.0)) {
    throw ProtocolError("bad-value", "validation is a share between 0 and 1, not " + std::to_string(options.validation),
                        "\"validation\": 0.1");
  }
  const bool brain = name == "brain" || name == "brain-2mm";
  options.spacing_mm = name == "brain-2mm" ? 2 : 1;
  const auto open = brain ? open_brain : name == "text" ? open_text : open_fashion_mnist;
  return open(options, part, limit, seed, folder);
}

}  // namespace impact::worker
