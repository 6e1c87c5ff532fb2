#pragma once
// What it costs to reach one target accuracy when a model is trained in one place (centralised, continual) or where the
// data are (federated, consensus): energy and carbon by term, as a sum of products of the scenario's parameters.
// The structure follows Savazzi, Rampa, Kianoush and Bennis, IEEE TGCN 7(1), 2023 (10.1109/TGCN.2022.3186439); retraining
// on fresh data, waiting learners, time and the hardware's making are added here.

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace impact::model {

enum class Paradigm : std::uint8_t {
  centralised,          // all data go to the centre, which trains from the start at each training on all that it has
  continual,            // the same centre goes on from the model that it has, with the fresh data alone
  federated,            // all learners train in each round, the active ones send their models to a parameter server
  federated_low_power,  // as before, but only the active learners are switched on
  consensus,            // all learners train, the active ones send their models to neighbours: no server
};
inline constexpr std::size_t kParadigms = 5;
std::string_view name(Paradigm paradigm) noexcept;

enum class CostTerm : std::uint8_t {
  gathering,       // sensing and storing the data
  centre,          // training in the centre, with its PUE
  learners,        // training on the learners' devices, with theirs
  waiting,         // learners that are on while others finish their round
  server,          // the parameter server, with the centre's PUE
  data_uplink,     // the data's way to the centre
  model_uplink,    // the models' way to the server
  model_downlink,  // the model's way to the learners, which the centre sends: with its PUE
  sidelink,        // the models' way between neighbours
};
inline constexpr std::size_t kCostTerms = 9;
std::string_view name(CostTerm term) noexcept;

// Everything that is not a group of learners. Energies in joules, times in seconds, data in bits.
struct CentreAndTask {
  double rounds_centralised = 0.0;  // of training until the target, with `batches` each
  double rounds_federated = 0.0;    // the same with data that are spread alike over the learners
  double skew = 1.0;                // how many times more rounds the learners need for data that are not spread alike
  double batches = 0.0;             // of the centre in one round
  double model_bits = 0.0;
  double compression = 1.0;       // how many times fewer bits of a model are sent
  double server_share = 0.0;      // work of the parameter server in a round, over that of the centre's training in one
  double uploads = 1.0;           // how many times the data set goes to the centre
  double broadcast = 0.0;         // 1: one transmission reaches all learners of a group, 0: one for each
  double horizon_s = 1.0;         // the time for which the model is kept up to date
  double period_s = 1.0;          // the time between two trainings in it
  double retraining_share = 1.0;  // rounds of a training that goes on from a model, over those of the first
  double centre_batch_flop = 0.0;
  double centre_flop_per_j = 0.0;  // computing efficiency
  double centre_flop_per_s = 0.0;  // computing power
  double centre_pue = 1.0;
  double centre_intensity_g_per_kwh = 0.0;
  double centre_making_g_per_s = 0.0;  // of the hardware's making, transport and end of life, for each second of use
};

// Learners that are alike.
struct LearnerGroup {
  double learners = 0.0;
  double active = 0.0;      // of them in a round
  double neighbours = 1.0;  // to which an active learner sends its model in a consensus
  double batches = 0.0;     // of a learner in one round
  double batch_flop = 0.0;
  double flop_per_j = 0.0;
  double flop_per_s = 0.0;
  double waiting_w = 0.0;
  double pue = 1.0;
  double intensity_g_per_kwh = 0.0;
  double making_g_per_s = 0.0;
  double data_bits = 0.0;  // of a learner, at the first training
  double fresh_bits_per_s = 0.0;
  double gathering_j_per_bit = 0.0;
  double uplink_bit_per_j = 0.0;
  double downlink_bit_per_j = 0.0;
  double sidelink_bit_per_j = 0.0;
  double uplink_bit_per_s = std::numeric_limits<double>::infinity();
  double downlink_bit_per_s = std::numeric_limits<double>::infinity();
  double sidelink_bit_per_s = std::numeric_limits<double>::infinity();
};

// One row of the table of parameters: the only place that knows their names, units and limits.
struct ParadigmParameter {
  std::string_view name;
  std::string_view symbol;  // of the published equations
  std::string_view unit;
  std::string_view meaning;
  double low, high;  // allowed, both ends included; low is left out where `positive`
  bool positive;
  double fallback;                 // NaN: must be given
  double CentreAndTask::* common;  // exactly one of the two is set
  double LearnerGroup::* group;
};
std::span<const ParadigmParameter> paradigm_parameters() noexcept;

struct ParadigmScenario {
  CentreAndTask common;
  std::vector<LearnerGroup> groups;

  // std::invalid_argument with the parameter's name, its value and its limits; also for more active learners than learners.
  void check() const;
};

// Values by the names of the table; what is not named has its fallback, NaN where there is none, which check() refuses.
// std::invalid_argument for a name that the table does not have, or has for the other part.
using NamedValues = std::vector<std::pair<std::string, double>>;
ParadigmScenario scenario_of(const NamedValues& common, std::span<const NamedValues> groups);
const ParadigmParameter& paradigm_parameter(std::string_view name);

struct ParadigmCost {
  std::array<double, kCostTerms> energy_j{};
  std::array<double, kCostTerms> carbon_g{};  // of those energies' electricity
  double centre_making_g = 0.0;
  double learners_making_g = 0.0;
  double duration_s = 0.0;  // of all trainings, with the transfers

  double total_energy_j() const noexcept;
  double total_carbon_g() const noexcept;  // with the making
};

ParadigmCost cost(const ParadigmScenario& scenario, Paradigm paradigm) noexcept;  // of a scenario that was checked

// A parameter that a sweep changes: in one group, or in every one.
struct SweptParameter {
  static constexpr std::size_t kEveryGroup = std::numeric_limits<std::size_t>::max();
  const ParadigmParameter* parameter = nullptr;
  std::size_t group = kEveryGroup;
};

enum class ParadigmQuantity : std::uint8_t { energy_j, carbon_g, duration_s };

// `values`: one row a scenario, one column a swept parameter. Returns one row a scenario with kParadigms numbers.
// std::invalid_argument as check(), with the row's number, or for values that do not fill whole rows.
std::vector<double> sweep(const ParadigmScenario& base, std::span<const SweptParameter> swept,
                          std::span<const double> values, ParadigmQuantity quantity);

}  // namespace impact::model
