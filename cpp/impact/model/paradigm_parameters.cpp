// The table of the simulator's parameters, and the checks that follow from it.

#include <array>
#include <charconv>
#include <limits>
#include <stdexcept>
#include <string>

#include "impact/model/paradigm.hpp"

namespace impact::model {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();  // only speeds may be infinite
constexpr double kAnyFinite = std::numeric_limits<double>::max();
constexpr double kGiven = std::numeric_limits<double>::quiet_NaN();  // has no fallback
constexpr bool kPositive = true;

using Common = CentreAndTask;
using Group = LearnerGroup;

constexpr ParadigmParameter of_common(std::string_view name, std::string_view symbol, std::string_view unit, double low,
                                      double high, bool positive, double fallback, double Common::* member,
                                      std::string_view meaning) {
  return {name, symbol, unit, meaning, low, high, positive, fallback, member, nullptr};
}

constexpr ParadigmParameter of_group(std::string_view name, std::string_view symbol, std::string_view unit, double low,
                                     double high, bool positive, double fallback, double Group::* member,
                                     std::string_view meaning) {
  return {name, symbol, unit, meaning, low, high, positive, fallback, nullptr, member};
}

constexpr ParadigmParameter kParameters[] = {
    of_common("rounds_centralised", "n_CL", "rounds", 0, kAnyFinite, kPositive, kGiven, &Common::rounds_centralised,
              "rounds of training in the centre until the target accuracy"),
    of_common("rounds_federated", "n_FL", "rounds", 0, kAnyFinite, kPositive, kGiven, &Common::rounds_federated,
              "rounds of the learners until the same accuracy, with data that are spread alike"),
    of_common("skew", "κ", "1", 1, kAnyFinite, false, 1, &Common::skew,
              "how many times more rounds the learners need because their data are not spread alike"),
    of_common("batches", "B", "batches", 0, kAnyFinite, kPositive, kGiven, &Common::batches,
              "batches of the centre in one round"),
    of_common("model_bits", "b(W)", "bit", 0, kAnyFinite, kPositive, kGiven, &Common::model_bits, "size of the model"),
    of_common("compression", "c", "1", 1, kAnyFinite, false, 1, &Common::compression,
              "how many times fewer bits of a model are sent"),
    of_common("server_share", "β", "1", 0, kAnyFinite, false, 0.1, &Common::server_share,
              "work of the parameter server in a round, over that of the centre's training in one"),
    of_common("uploads", "α", "1", 0, kAnyFinite, false, 1, &Common::uploads,
              "how many times the data set goes to the centre"),
    of_common("broadcast", "", "0 or 1", 0, 1, false, 0, &Common::broadcast,
              "1 where one transmission of the model reaches all learners of a group"),
    of_common("horizon_s", "", "s", 0, kAnyFinite, kPositive, 1, &Common::horizon_s,
              "time for which the model is kept up to date"),
    of_common("period_s", "", "s", 0, kAnyFinite, kPositive, 1, &Common::period_s,
              "time between two trainings within the horizon; horizon over period is the number of trainings"),
    of_common("retraining_share", "n_T/n_1", "1", 0, kAnyFinite, false, 1, &Common::retraining_share,
              "rounds of a training that goes on from a model, over those of the first"),
    of_common("centre_batch_flop", "", "FLOP", 0, kAnyFinite, kPositive, kGiven, &Common::centre_batch_flop,
              "work of a batch in the centre, forwards and backwards"),
    of_common("centre_flop_per_j", "", "FLOP/J", 0, kAnyFinite, kPositive, kGiven, &Common::centre_flop_per_j,
              "computing efficiency of the centre"),
    of_common("centre_flop_per_s", "", "FLOP/s", 0, kAnyFinite, kPositive, kGiven, &Common::centre_flop_per_s,
              "computing power of the centre"),
    of_common("centre_pue", "γ", "1", 1, 10, false, kGiven, &Common::centre_pue,
              "power usage effectiveness of the centre"),
    of_common("centre_intensity_g_per_kwh", "CI", "gCO2e/kWh", 0, 3000, false, kGiven,
              &Common::centre_intensity_g_per_kwh, "carbon intensity of the centre's electricity"),
    of_common("centre_making_g_per_s", "", "gCO2e/s", 0, kAnyFinite, false, 0, &Common::centre_making_g_per_s,
              "making, transport and end of life of the centre's hardware, for each second of use"),
    of_group("learners", "K", "1", 0, kAnyFinite, kPositive, kGiven, &Group::learners, "learners of the group"),
    of_group("active", "Ka", "1", 0, kAnyFinite, kPositive, kGiven, &Group::active,
             "learners of the group whose models are used in a round"),
    of_group("neighbours", "N", "1", 0, kAnyFinite, false, 1, &Group::neighbours,
             "neighbours to which an active learner sends its model in a consensus"),
    of_group("local_batches", "B_k", "batches", 0, kAnyFinite, kPositive, kGiven, &Group::batches,
             "batches of a learner in one round"),
    of_group("batch_flop", "", "FLOP", 0, kAnyFinite, kPositive, kGiven, &Group::batch_flop,
             "work of a batch on a learner, forwards and backwards"),
    of_group("flop_per_j", "", "FLOP/J", 0, kAnyFinite, kPositive, kGiven, &Group::flop_per_j,
             "computing efficiency of a learner's device"),
    of_group("flop_per_s", "", "FLOP/s", 0, kAnyFinite, kPositive, kGiven, &Group::flop_per_s,
             "computing power of a learner's device"),
    of_group("waiting_w", "", "W", 0, kAnyFinite, false, 0, &Group::waiting_w,
             "power of a learner's device while it waits for the others of the round"),
    of_group("pue", "γ_k", "1", 1, 10, false, 1, &Group::pue, "power usage effectiveness where the learners are"),
    of_group("intensity_g_per_kwh", "CI_k", "gCO2e/kWh", 0, 3000, false, kGiven, &Group::intensity_g_per_kwh,
             "carbon intensity of the learners' electricity"),
    of_group("making_g_per_s", "", "gCO2e/s", 0, kAnyFinite, false, 0, &Group::making_g_per_s,
             "making, transport and end of life of a learner's device, for each second of use"),
    of_group("data_bits", "b(E_k)", "bit", 0, kAnyFinite, false, kGiven, &Group::data_bits,
             "data of a learner at the first training"),
    of_group("fresh_bits_per_s", "", "bit/s", 0, kAnyFinite, false, 0, &Group::fresh_bits_per_s,
             "data that come to a learner between the trainings"),
    of_group("gathering_j_per_bit", "", "J/bit", 0, kAnyFinite, false, 0, &Group::gathering_j_per_bit,
             "energy of sensing and storing a bit"),
    of_group("uplink_bit_per_j", "EE_U", "bit/J", 0, kAnyFinite, kPositive, kGiven, &Group::uplink_bit_per_j,
             "bits that a joule carries from a learner to the centre"),
    of_group("downlink_bit_per_j", "EE_D", "bit/J", 0, kAnyFinite, kPositive, kGiven, &Group::downlink_bit_per_j,
             "bits that a joule carries from the centre to a learner"),
    of_group("sidelink_bit_per_j", "EE_S", "bit/J", 0, kAnyFinite, kPositive, kGiven, &Group::sidelink_bit_per_j,
             "bits that a joule carries from a learner to a neighbour"),
    of_group("uplink_bit_per_s", "", "bit/s", 0, kInfinity, kPositive, kInfinity, &Group::uplink_bit_per_s,
             "speed of the way to the centre; without it transfers take no time"),
    of_group("downlink_bit_per_s", "", "bit/s", 0, kInfinity, kPositive, kInfinity, &Group::downlink_bit_per_s,
             "speed of the way to a learner"),
    of_group("sidelink_bit_per_s", "", "bit/s", 0, kInfinity, kPositive, kInfinity, &Group::sidelink_bit_per_s,
             "speed of the way to a neighbour"),
};

std::string shown(double value) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value);
  return {text.data(), end.ptr};
}

void check_value(const ParadigmParameter& parameter, double value) {
  const bool above = parameter.positive ? value > parameter.low : value >= parameter.low;
  if (above && value <= parameter.high) return;
  std::string limits = (parameter.positive ? "above " : "at least ") + shown(parameter.low);
  if (parameter.high < kAnyFinite) limits += " and at most " + shown(parameter.high);
  throw std::invalid_argument(std::string(parameter.name) + " is " + shown(value) + ", but must be " + limits +
                              (parameter.unit == "1" ? "" : " " + std::string(parameter.unit)));
}

}  // namespace

std::span<const ParadigmParameter> paradigm_parameters() noexcept { return kParameters; }

const ParadigmParameter& paradigm_parameter(std::string_view name) {
  for (const ParadigmParameter& parameter : kParameters) {
    if (parameter.name == name) return parameter;
  }
  throw std::invalid_argument("the simulator has no parameter '" + std::string(name) + "'");
}

ParadigmScenario scenario_of(const NamedValues& common, std::span<const NamedValues> groups) {
  ParadigmScenario scenario;
  scenario.groups.resize(groups.size());
  for (const ParadigmParameter& parameter : kParameters) {
    if (parameter.common != nullptr) scenario.common.*parameter.common = parameter.fallback;
    if (parameter.group == nullptr) continue;
    for (LearnerGroup& group : scenario.groups) group.*parameter.group = parameter.fallback;
  }
  for (const auto& [name, value] : common) {
    const ParadigmParameter& parameter = paradigm_parameter(name);
    if (parameter.common == nullptr) throw std::invalid_argument(name + " belongs to a group of learners");
    scenario.common.*parameter.common = value;
  }
  for (std::size_t i = 0; i < groups.size(); ++i) {
    for (const auto& [name, value] : groups[i]) {
      const ParadigmParameter& parameter = paradigm_parameter(name);
      if (parameter.group == nullptr) throw std::invalid_argument(name + " does not belong to a group of learners");
      scenario.groups[i].*parameter.group = value;
    }
  }
  return scenario;
}

void ParadigmScenario::check() const {
  if (groups.empty()) throw std::invalid_argument("the scenario has no group of learners");
  for (const ParadigmParameter& parameter : kParameters) {
    if (parameter.common != nullptr) check_value(parameter, common.*parameter.common);
    if (parameter.group == nullptr) continue;
    for (const LearnerGroup& group : groups) check_value(parameter, group.*parameter.group);
  }
  for (const LearnerGroup& group : groups) {
    if (group.active > group.learners) {
      throw std::invalid_argument("active is " + shown(group.active) + ", more than the " + shown(group.learners) +
                                  " learners of its group");
    }
  }
  if (common.broadcast != 0.0 && common.broadcast != 1.0) throw std::invalid_argument("broadcast must be 0 or 1");
  if (common.period_s > common.horizon_s) {
    throw std::invalid_argument("period_s is " + shown(common.period_s) + ", longer than the horizon of " +
                                shown(common.horizon_s) + " s");
  }
}

}  // namespace impact::model
