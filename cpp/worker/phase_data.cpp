#include "worker/phase_data.hpp"

#include "worker/choices.hpp"

namespace impact::worker {

PhaseData open_data(const Fields& f, const Model& model, DataPart part, const std::string& loss,
                    std::map<std::string, std::shared_ptr<Dataset>>* kept) {
  const auto name = choice_of(f, "data");
  const auto seed =
      static_cast<std::uint64_t>(f.whole("data_seed", static_cast<std::int64_t>(model.options().seed), 0));
  PhaseData data;
  if (name == "synthetic") {
    data.data = make_synthetic(model.data_options(), seed, loss == "cross_entropy", model.facts().scores);
    data.description = {{"name", name}, {"seed", seed}};
  } else {
    const auto limit = f.whole("subset", 0, 1);
    const auto folder = f.text("data_folder", "");
    const auto share = f.number("validation", 0.0, 0.0);
    // A seed that draws no images only orders them.
    const auto by = name == "fashion-mnist" && limit == 0 && share <= 0.0 ? 0 : seed;
    const auto key = name + "/" + name_of(part) + "/" + std::to_string(share) + "/" + std::to_string(limit) + "/" +
                     std::to_string(by) + "/" + folder;
    if (kept != nullptr && kept->count(key) > 0) {
      data.data = kept->at(key);
    } else {
      auto options = model.data_options();
      options.validation = share;
      data.data = open_dataset(name, options, part, limit, seed, folder);
      if (kept != nullptr) {
        (*kept)[key] = data.data;
      }
    }
    data.description = {{"name", name}, {"part", name_of(part)}, {"examples", data.data->size()}, {"seed", seed}};
  }
  return data;
}

}  // namespace impact::worker
