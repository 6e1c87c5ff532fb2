#include "impact/model/paradigm.hpp"

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <string>

#include "impact/core/units.hpp"

namespace impact::model {
namespace {

// Repeated trainings of a scenario, as multiples of the first.
struct Trainings {
  double number;
  double continued;  // work of the first one and of those that go on from its model

  explicit Trainings(const CentreAndTask& common) noexcept
      : number(common.horizon_s / common.period_s), continued(1.0 + common.retraining_share * (number - 1.0)) {}
};

class Bill {  // adds energies to a cost, each with the intensity of the place where it is used
 public:
  explicit Bill(ParadigmCost& cost) noexcept : cost_(cost) {}

  void add(CostTerm term, double energy_j, double intensity_g_per_kwh) noexcept {
    const auto at = static_cast<std::size_t>(term);
    cost_.energy_j[at] += energy_j;
    cost_.carbon_g[at] += energy_j / kJoulesPerKilowattHour * intensity_g_per_kwh;
  }

 private:
  ParadigmCost& cost_;
};

double fresh_bits(const CentreAndTask& common, const LearnerGroup& group, const Trainings& trainings) noexcept {
  return group.fresh_bits_per_s * common.period_s * (trainings.number - 1.0);
}

double gathered_bits(const CentreAndTask& common, const LearnerGroup& group, const Trainings& trainings) noexcept {
  return group.learners * (group.data_bits + fresh_bits(common, group, trainings));
}

// How much the work of all trainings grows beyond the first when each begins anew on all data gathered until then.
double work_from_the_start(const ParadigmScenario& scenario, const Trainings& trainings) noexcept {
  double data = 0.0, fresh_a_period = 0.0;
  for (const LearnerGroup& group : scenario.groups) {
    data += group.learners * group.data_bits;
    fresh_a_period += group.learners * group.fresh_bits_per_s * scenario.common.period_s;
  }
  const double growth = data > 0.0 ? fresh_a_period / data : 0.0;
  return trainings.number + growth * trainings.number * (trainings.number - 1.0) / 2.0;
}

ParadigmCost in_the_centre(const ParadigmScenario& scenario, bool continual) noexcept {
  const CentreAndTask& common = scenario.common;
  const Trainings trainings(common);
  const double work = continual ? trainings.continued : work_from_the_start(scenario, trainings);
  const double flop = work * common.rounds_centralised * common.batches * common.centre_batch_flop;
  const double busy_s = flop / common.centre_flop_per_s;
  ParadigmCost cost;
  Bill bill(cost);
  bill.add(CostTerm::centre, common.centre_pue * flop / common.centre_flop_per_j, common.centre_intensity_g_per_kwh);
  double upload_s = 0.0;
  for (const LearnerGroup& group : scenario.groups) {
    const double sent_bits = common.uploads * group.data_bits + fresh_bits(common, group, trainings);
    const double sending_s = sent_bits / group.uplink_bit_per_s;
    upload_s = std::max(upload_s, sending_s);
    bill.add(CostTerm::data_uplink, group.learners * sent_bits / group.uplink_bit_per_j, group.intensity_g_per_kwh);
    bill.add(CostTerm::gathering, group.gathering_j_per_bit * gathered_bits(common, group, trainings),
             group.intensity_g_per_kwh);
    cost.learners_making_g += group.making_g_per_s * group.learners * sending_s;
  }
  cost.centre_making_g = common.centre_making_g_per_s * busy_s;
  cost.duration_s = busy_s + upload_s;
  return cost;
}

// What a learner of the group does in one round: it trains and, where it takes part, sends and gets models.
double round_s(const CentreAndTask& common, const LearnerGroup& group, Paradigm paradigm) noexcept {
  const double bits = common.model_bits / common.compression;
  const double training_s = group.batches * group.batch_flop / group.flop_per_s;
  if (paradigm == Paradigm::consensus) return training_s + group.neighbours * bits / group.sidelink_bit_per_s;
  return training_s + bits / group.uplink_bit_per_s + bits / group.downlink_bit_per_s;
}

ParadigmCost where_the_data_are(const ParadigmScenario& scenario, Paradigm paradigm) noexcept {
  const CentreAndTask& common = scenario.common;
  const Trainings trainings(common);
  const double rounds = trainings.continued * common.rounds_federated * common.skew;
  const double bits = common.model_bits / common.compression;
  const bool has_server = paradigm != Paradigm::consensus;
  const double server_flop = has_server ? common.server_share * common.batches * common.centre_batch_flop : 0.0;
  const double server_s = server_flop / common.centre_flop_per_s;
  double learning_s = 0.0;
  for (const LearnerGroup& group : scenario.groups) {
    learning_s = std::max(learning_s, round_s(common, group, paradigm));
  }
  ParadigmCost cost;
  Bill bill(cost);
  for (const LearnerGroup& group : scenario.groups) {
    const double awake = paradigm == Paradigm::federated_low_power ? group.active : group.learners;
    const double waiting_s = learning_s + server_s - round_s(common, group, paradigm);
    const double batch_j = group.batch_flop / group.flop_per_j;
    const double here = group.intensity_g_per_kwh;
    bill.add(CostTerm::gathering, group.gathering_j_per_bit * gathered_bits(common, group, trainings), here);
    bill.add(CostTerm::learners, rounds * awake * group.pue * group.batches * batch_j, here);
    bill.add(CostTerm::waiting, rounds * awake * group.pue * group.waiting_w * waiting_s, here);
    if (has_server) {
      const double copies = common.broadcast != 0.0 ? 1.0 : awake;
      bill.add(CostTerm::model_uplink, rounds * group.active * bits / group.uplink_bit_per_j, here);
      bill.add(CostTerm::model_downlink, rounds * common.centre_pue * copies * bits / group.downlink_bit_per_j,
               common.centre_intensity_g_per_kwh);
    } else {
      bill.add(CostTerm::sidelink, rounds * group.active * group.neighbours * bits / group.sidelink_bit_per_j, here);
    }
    cost.learners_making_g += group.making_g_per_s * awake * rounds * (learning_s + server_s);
  }
  bill.add(CostTerm::server, common.centre_pue * rounds * server_flop / common.centre_flop_per_j,
           common.centre_intensity_g_per_kwh);
  cost.centre_making_g = common.centre_making_g_per_s * rounds * server_s;
  cost.duration_s = rounds * (learning_s + server_s);
  return cost;
}

double quantity_of(const ParadigmCost& cost, ParadigmQuantity quantity) noexcept {
  switch (quantity) {
    case ParadigmQuantity::energy_j: return cost.total_energy_j();
    case ParadigmQuantity::carbon_g: return cost.total_carbon_g();
    case ParadigmQuantity::duration_s: break;
  }
  return cost.duration_s;
}

void set(ParadigmScenario& scenario, const SweptParameter& swept, double value) {
  const ParadigmParameter& parameter = *swept.parameter;
  if (parameter.common != nullptr) {
    scenario.common.*parameter.common = value;
  } else if (swept.group == SweptParameter::kEveryGroup) {
    for (LearnerGroup& group : scenario.groups) group.*parameter.group = value;
  } else {
    scenario.groups.at(swept.group).*parameter.group = value;
  }
}

}  // namespace

std::string_view name(Paradigm paradigm) noexcept {
  constexpr std::array<std::string_view, kParadigms> kNames{"centralised", "continual", "federated",
                                                            "federated_low_power", "consensus"};
  return kNames[static_cast<std::size_t>(paradigm)];
}

std::string_view name(CostTerm term) noexcept {
  constexpr std::array<std::string_view, kCostTerms> kNames{"gathering",    "centre",         "learners",
                                                            "waiting",      "server",         "data_uplink",
                                                            "model_uplink", "model_downlink", "sidelink"};
  return kNames[static_cast<std::size_t>(term)];
}

double ParadigmCost::total_energy_j() const noexcept { return std::accumulate(energy_j.begin(), energy_j.end(), 0.0); }

double ParadigmCost::total_carbon_g() const noexcept {
  return std::accumulate(carbon_g.begin(), carbon_g.end(), centre_making_g + learners_making_g);
}

ParadigmCost cost(const ParadigmScenario& scenario, Paradigm paradigm) noexcept {
  switch (paradigm) {
    case Paradigm::centralised: return in_the_centre(scenario, false);
    case Paradigm::continual: return in_the_centre(scenario, true);
    case Paradigm::federated:
    case Paradigm::federated_low_power:
    case Paradigm::consensus: break;
  }
  return where_the_data_are(scenario, paradigm);
}

std::vector<double> sweep(const ParadigmScenario& base, std::span<const SweptParameter> swept,
                          std::span<const double> values, ParadigmQuantity quantity) {
  if (swept.empty() || values.size() % swept.size() != 0) {
    throw std::invalid_argument("a sweep needs one value for each swept parameter in every row");
  }
  const std::size_t rows = values.size() / swept.size();
  ParadigmScenario scenario = base;
  std::vector<double> results;
  results.reserve(rows * kParadigms);
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t column = 0; column < swept.size(); ++column) {
      set(scenario, swept[column], values[row * swept.size() + column]);
    }
    try {
      scenario.check();
    } catch (const std::invalid_argument& error) {
      throw std::invalid_argument("row " + std::to_string(row) + ": " + error.what());
    }
    for (std::size_t paradigm = 0; paradigm < kParadigms; ++paradigm) {
      results.push_back(quantity_of(cost(scenario, static_cast<Paradigm>(paradigm)), quantity));
    }
  }
  return results;
}

}  // namespace impact::model
