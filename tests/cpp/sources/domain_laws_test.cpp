// Machines drawn at random, with every door to their sensors open or closed by chance: whatever is read, each watt counts
// once, and what is not in the sum is named.
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "fakes/random.hpp"
#include "impact/sources/domain_tree.hpp"

namespace impact {
namespace {

struct Truth {
  Channel channel;
  double watts = 0;
};

class Machine {
 public:
  explicit Machine(std::uint64_t seed) : random_(seed) {
    const bool has_modules = one_in(6);
    packages_ = static_cast<unsigned>(random_.between(1, 4));
    const auto dies = static_cast<unsigned>(random_.between(1, 2));
    for (unsigned k = 0; k < packages_; ++k) {
      for (unsigned d = 0; d < dies; ++d) die_w_[k].push_back(watts(20, 200));
      memory_w_[k] = watts(5, 50);
      present_.push_back("cpu:" + number(k));
    }
    present_.emplace_back("memory");
    const auto gpus = static_cast<unsigned>(has_modules ? packages_ : random_.between(0, 4));
    for (unsigned g = 0; g < gpus; ++g) gpu_w_.push_back(watts(50, 700));
    if (has_modules)
      add_modules();
    else
      add_processors(dies);
    add_gpus();
    if (one_in(3)) add("ipmi/node", "ipmi", "node", Domain::wall, Kind::gauge, 2'000);
    if (one_in(3)) add("rapl/psys", "rapl_perf", "node", Domain::psys, Kind::counter, 1'500);
    add("cpu_model/package", "cpu_model", "cpu", Domain::package, Kind::counter, all_packages());
    add("ram_model/dram", "ram_model", "memory", Domain::dram, Kind::counter, all_memory());
    for (std::size_t i = channels.size(); i > 1; --i)
      std::swap(channels[i - 1],
                channels[static_cast<std::size_t>(random_.between(0, static_cast<std::int64_t>(i) - 1))]);
  }

  // All components, and what a module has beside them.
  double whole_w() const {
    double sum = all_packages() + all_memory();
    for (const double each : gpu_w_) sum += each;
    return sum;
  }
  double rest_w() const { return rest_w_; }
  const std::vector<std::string>& present() const { return present_; }

  std::vector<Truth> channels;

 private:
  static std::string number(std::size_t k) { return std::to_string(k); }
  bool one_in(std::int64_t n) { return random_.between(1, n) == 1; }
  double watts(std::int64_t low, std::int64_t high) { return static_cast<double>(random_.between(low, high)); }
  double package_w(unsigned k) const {
    double sum = 0;
    for (const double each : die_w_.at(k)) sum += each;
    return sum;
  }
  double all_packages() const {
    double sum = 0;
    for (unsigned k = 0; k < packages_; ++k) sum += package_w(k);
    return sum;
  }
  double all_memory() const {
    double sum = 0;
    for (const auto& [k, each] : memory_w_) sum += each;
    return sum;
  }

  void add(std::string id, const char* source, std::string device, Domain domain, Kind kind, double w) {
    Channel c;
    c.id = std::move(id);
    c.source = source;
    c.device = std::move(device);
    c.domain = domain;
    c.kind = kind;
    c.unit = kind == Kind::gauge ? Unit::watt : Unit::joule;
    c.quantity = kind == Kind::gauge ? "power" : "energy";
    channels.push_back({std::move(c), w});
  }

  // A package or its memory that this door does not show, now and then.
  void add_processors(unsigned dies) {
    const bool has_rapl = !one_in(4), has_dram = one_in(2), has_lost = one_in(4);
    for (unsigned k = 0; k < packages_ && has_rapl; ++k) {
      if (has_lost && one_in(2)) continue;
      for (unsigned d = 0; d < dies; ++d) {
        const std::string place = dies > 1 ? number(k) + "-die-" + number(d) : number(k);
        add("rapl/package-" + place, "rapl_perf", "cpu:" + number(k), Domain::package, Kind::counter, die_w_[k][d]);
        add("rapl/core-" + place, "rapl_perf", "cpu:" + number(k), Domain::core, Kind::counter, 0.7 * die_w_[k][d]);
      }
      if (has_dram && !(has_lost && one_in(3)))
        add("rapl/dram-" + number(k), "rapl_perf", "memory:" + number(k), Domain::dram, Kind::counter, memory_w_[k]);
    }
    for (unsigned k = 0; k < packages_; ++k) {
      const std::string device = "cpu:" + number(k);
      if (has_rapl && one_in(3)) add("hsmp/" + number(k), "hsmp", device, Domain::package, Kind::gauge, package_w(k));
      if (has_rapl && one_in(3)) add("amd/" + number(k), "hwmon", device, Domain::package, Kind::counter, package_w(k));
    }
    if (packages_ == 1 && has_rapl && one_in(3)) add("hwmon/apu", "hwmon", "cpu:0", Domain::igpu, Kind::gauge, 9);
    const char* all = one_in(2) ? "ipmi_nm" : "cray";
    const Kind kind = std::string_view(all) == "cray" ? Kind::counter : Kind::gauge;
    if (one_in(3)) add("all/cpu", all, "cpu", Domain::package, kind, all_packages());
    if (one_in(3)) add("all/memory", all, "memory", Domain::dram, kind, all_memory());
  }

  void add_modules() {
    const bool has_lost = one_in(3);
    for (unsigned k = 0; k < packages_; ++k) {
      const double both = package_w(k) + memory_w_[k];
      const std::string device = "cpu+memory:" + number(k);
      add("board/grace-" + number(k), "hwmon_board", device, Domain::package, Kind::gauge, both);
      add("board/cpu-" + number(k), "hwmon_board", device, Domain::core, Kind::gauge, 0.6 * both);
      add("board/sysio-" + number(k), "hwmon_board", device, Domain::uncore, Kind::gauge, 0.2 * both);
      if (has_lost && one_in(2)) continue;
      rest_w_ += 15;
      add("board/module-" + number(k), "hwmon_board", "module:" + number(k), Domain::module, Kind::gauge,
          both + gpu_w_[k] + 15);
    }
  }

  void add_gpus() {
    // A rank may have begun before the driver was ready, and another after.
    const bool is_late = one_in(5), has_accelerators = !is_late && one_in(4);
    const bool has_lost = (has_accelerators || is_late) && one_in(4);
    for (std::size_t g = 0; g < gpu_w_.size(); ++g) {
      const std::string device = "gpu:GPU-" + number(g);
      if (has_accelerators)
        add("cray/" + number(g), "cray", "gpu:accel" + number(g), Domain::gpu, Kind::counter, gpu_w_[g]);
      if (is_late)
        add("late/" + number(g), "nvml_late", "gpu:pci-0000:1" + number(g) + ":00.0", Domain::gpu, Kind::counter,
            gpu_w_[g]);
      if (has_lost && one_in(3)) continue;  // its driver does not answer
      add("nvml/" + number(g), "nvml", device, Domain::gpu, Kind::counter, gpu_w_[g]);
      if (one_in(2)) add("nvml/power-" + number(g), "nvml_power", device, Domain::gpu, Kind::gauge, gpu_w_[g]);
      if (one_in(3))
        add("nvml/memory-" + number(g), "nvml", device, Domain::gpu_memory, Kind::counter, 0.3 * gpu_w_[g]);
    }
  }

  fakes::Random random_;
  unsigned packages_ = 0;
  std::map<unsigned, std::vector<double>> die_w_;
  std::map<unsigned, double> memory_w_;
  std::vector<double> gpu_w_;
  std::vector<std::string> present_;
  double rest_w_ = 0;
};

TEST(DomainLaws, EachWattCountsOnceWhateverCanBeRead) {
  int whole = 0;
  for (std::uint64_t seed = 1; seed <= 5'000; ++seed) {
    SCOPED_TRACE(seed);
    const Machine machine(seed);
    std::vector<Channel> channels;
    for (const Truth& each : machine.channels) channels.push_back(each.channel);
    const Cover cover = find_cover(channels, {.present = machine.present()});
    double sum_w = 0;
    bool by_module = false;
    for (const std::uint32_t c : cover.total) {
      sum_w += machine.channels[c].watts;
      by_module = by_module || channels[c].domain == Domain::module;
    }
    const double whole_w = machine.whole_w() + (by_module ? machine.rest_w() : 0);
    if (cover.partial()) {
      EXPECT_LT(sum_w, whole_w - 1.0) << testing::PrintToString(cover.missing);
    } else {
      EXPECT_NEAR(sum_w, whole_w, 1e-6);
      ++whole;
    }
    if (HasFailure()) {
      for (std::size_t i = 0; i < channels.size(); ++i)
        ADD_FAILURE() << channels[i].id << " " << channels[i].device << " " << machine.channels[i].watts
                      << " W: " << to_string(cover.parts[i].role);
      break;
    }
  }
  EXPECT_GT(whole, 3'500);
}

}  // namespace
}  // namespace impact
