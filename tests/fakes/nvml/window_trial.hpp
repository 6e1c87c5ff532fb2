// What a GPU's windows do to a measurement, and what the readers make good: a periodic load on a fake GPU of a known
// architecture, measured as most tools do (power.draw, added up) and by the readers of this project, in virtual time.
#pragma once

#include <cmath>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "fakes/nvml/gpu_model.hpp"
#include "fakes/nvml/virtual_driver.hpp"
#include "impact/sampling/region_book.hpp"
#include "impact/sources/domain_tree.hpp"
#include "impact/sources/settings.hpp"
#include "impact/sources/source.hpp"

namespace impact {
OpenedSource open_nvml(const Host&, const SourceSettings& = {});
OpenedSource open_nvml_power(const Host&, const SourceSettings& = {});
}  // namespace impact

namespace impact::fakes {

/// `counter`: "power" (counts the truth), "samples" (counts what its windows see), "" (none).
struct Trial {
  std::string arch, counter;
  int runs = 40;
  std::uint64_t seed = 1;
  bool only_power = false;  ///< the readers do not read the counter either
};

/// Mean absolute errors, as parts of the true energy.
struct TrialErrors {
  double naive_1hz = 0, naive_10hz = 0, ours = 0;
  double worst = 0;  ///< of ours
  double held = 0;   ///< part of the runs in which the stated interval (half-width and bias) holds the truth
};

namespace detail {

constexpr std::int64_t kMs = 1'000'000, kSecond = 1'000 * kMs;

/// Idle, then a square load, then idle; all at random.
struct Load {
  std::string curve;
  std::int64_t start_ns = 0, stop_ns = 0;
};

inline Load random_load(std::mt19937_64& random) {
  const auto uniform = [&](double low, double high) {
    return low + (high - low) * static_cast<double>(random() >> 11U) * 0x1p-53;
  };
  const double idle = uniform(50, 80), low = uniform(90, 180), high = uniform(250, 400);
  const double period_ms = 40 * std::pow(900.0 / 40, uniform(0, 1)), duty = uniform(0.2, 0.8);
  Load load;
  load.start_ns = std::llround(uniform(15e9, 16e9));
  load.stop_ns = load.start_ns + std::llround(uniform(3e9, 30e9));
  load.curve = "steps:" + std::to_string(idle) + "@0ns";
  const auto add = [&](double watts, std::int64_t at) {
    load.curve += ":" + std::to_string(watts) + "@" + std::to_string(at) + "ns";
  };
  for (double at = static_cast<double>(load.start_ns); at < static_cast<double>(load.stop_ns); at += period_ms * 1e6) {
    add(high, std::llround(at));
    const std::int64_t falls = std::llround(at + duty * period_ms * 1e6);
    if (falls < load.stop_ns) add(low, falls);
  }
  add(idle, load.stop_ns);
  return load;
}

/// power.draw, asked for at the period's own times and added up: what a loop around nvidia-smi does.
inline double naive_j(const Gpu& gpu, const Load& load, std::int64_t period_ns, std::int64_t phase_ns) {
  double joules = 0;
  for (std::int64_t t = load.start_ns + phase_ns; t < load.stop_ns; t += period_ns)
    joules += gpu.power_mw(*gpu.usage, gpu.curve, t) * 1e-3 * static_cast<double>(period_ns) * 1e-9;
  return joules;
}

/// The readers behind the accumulator that the tracker uses, read once a second and at the region's edges.
class Readers {
 public:
  Readers(VirtualDriver& driver, bool only_power) : driver_(driver) {
    const Host host{"/", &driver.clock};
    if (!only_power) add(open_nvml(host));
    add(open_nvml_power(host));
    const Cover cover = find_cover(settings_.channels);
    for (const Part& part : cover.parts) settings_.roles.by_channel.push_back(part.role);
    settings_.interval = std::chrono::seconds{1};
    book_ = std::make_unique<RegionBook>(settings_);
  }

  void round(std::int64_t t) {
    driver_.set_time(t);
    for (std::size_t i = 0; i < sources_.size(); ++i) book_->row(read(i));
  }

  void mark(Mark::Kind kind, std::int64_t t) {
    driver_.set_time(t);
    Mark mark{kind, 1, 0, "load", Edges::plain, instant(t), {}};
    for (std::size_t i = 0; i < sources_.size(); ++i) {
      if (!settings_.at_edges[first_[i]]) continue;
      for (const Reading& reading : read(i)) mark.readings.push_back({reading});
    }
    if (kind == Mark::Kind::enter)
      book_->enter(mark);
    else
      result_ = book_->exit(mark);
  }

  RegionResult result() {
    std::vector<RegionResult> settled = book_->take_settled();
    for (RegionResult& r : book_->finish()) settled.push_back(std::move(r));
    return settled.empty() ? *result_ : settled.back();
  }

 private:
  void add(OpenedSource opened) {
    if (!opened) return;
    std::shared_ptr<Source> source = std::move(opened).value();
    first_.push_back(settings_.channels.size());
    for (const Channel& c : source->channels()) {
      settings_.channels.push_back(c);
      settings_.at_edges.push_back(c.kind == Kind::counter);
    }
    sources_.push_back(std::move(source));
  }

  std::vector<Reading> read(std::size_t i) {
    Sink sink;
    sources_[i]->read(sink);
    std::vector<Reading> readings(sink.readings().begin(), sink.readings().end());
    for (Reading& reading : readings) reading.channel += static_cast<std::uint32_t>(first_[i]);
    return readings;
  }

  VirtualDriver& driver_;
  BookSettings settings_;
  std::vector<std::shared_ptr<Source>> sources_;
  std::vector<std::size_t> first_;
  std::unique_ptr<RegionBook> book_;
  std::optional<RegionResult> result_;
};

inline RegionResult ours(const std::string& library, const std::string& config, const Load& load, bool only_power,
                         std::int64_t phase_ns) {
  VirtualDriver driver(library, config);
  driver.set_time(10 * kSecond);
  Readers readers(driver, only_power);
  bool entered = false, left = false;
  for (std::int64_t t = 10 * kSecond + phase_ns; t < load.stop_ns + 3 * kSecond; t += kSecond) {
    if (!entered && t > load.start_ns) {
      readers.mark(Mark::Kind::enter, load.start_ns);
      entered = true;
    }
    if (!left && t > load.stop_ns) {
      readers.mark(Mark::Kind::exit, load.stop_ns);
      left = true;
    }
    readers.round(t);
  }
  return readers.result();
}

}  // namespace detail

inline TrialErrors run_trial(const std::string& library, const Trial& trial) {
  using namespace detail;
  std::mt19937_64 random{trial.seed};
  TrialErrors sum;
  for (int i = 0; i < trial.runs; ++i) {
    const Load load = random_load(random);
    const auto below = [&](std::int64_t n) {
      return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n));
    };
    const double phase_ms = static_cast<double>(below(100 * kMs)) * 1e-6;
    nlohmann::json config{{"arch", trial.arch}, {"curve", load.curve}, {"counter", !trial.counter.empty()}};
    if (!trial.counter.empty()) config["counter_of"] = trial.counter;
    const Gpu plain = Gpu::from(config, 0);
    for (const auto& [key, has] :
         {std::pair{"usage", plain.usage.has_value()}, std::pair{"instant", plain.instant.has_value()},
          std::pair{"average", plain.average.has_value()}, std::pair{"samples", plain.samples.has_value()}}) {
      if (has) config[key] = {{"phase_ms", phase_ms}};
    }
    const Gpu gpu = Gpu::from(config, 0);
    const double truth = gpu.curve.energy_j(load.start_ns, load.stop_ns);
    const auto error = [&](double joules) { return std::abs(joules - truth) / truth; };
    sum.naive_1hz += error(naive_j(gpu, load, kSecond, below(kSecond)));
    sum.naive_10hz += error(naive_j(gpu, load, 100 * kMs, below(100 * kMs)));
    const RegionResult r = ours(library, config.dump(), load, trial.only_power, below(kSecond));
    const double mine = error(r.energy.best().value());
    sum.ours += mine;
    sum.worst = std::max(sum.worst, mine);
    sum.held += mine * truth <= r.energy.half().value() + r.energy.bias().value() ? 1 : 0;
  }
  const double n = trial.runs;
  return {sum.naive_1hz / n, sum.naive_10hz / n, sum.ours / n, sum.worst, sum.held / n};
}

}  // namespace impact::fakes
