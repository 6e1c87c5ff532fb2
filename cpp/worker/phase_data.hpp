// Finds what a phase is fed with, from the fields of its command.
#pragma once

#include "worker/config.hpp"
#include "worker/datasets/dataset.hpp"
#include "worker/protocol.hpp"
#include "worker/trainer.hpp"

#include <map>
#include <memory>
#include <string>

namespace impact::worker {

struct PhaseData {
  std::shared_ptr<Dataset> data;
  Json description;
};

// Opens the data of a phase (protocol.hpp names the fields). Real data is prepared once for all phases of a training
// that keep it in `kept`. `loss`: of made-up data, for its targets.
PhaseData open_data(const Fields& f, const Model& model, DataPart part, const std::string& loss,
                    std::map<std::string, std::shared_ptr<Dataset>>* kept = nullptr);

}  // namespace impact::worker
