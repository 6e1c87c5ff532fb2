// The zones of a fake powercap machine: their counters on CLOCK_MONOTONIC, their attributes as text, their faults.
// It knows nothing of files or FUSE: layout.hpp gives the tree, fuse_server.hpp and file_writer.hpp show it.
// Safe to use from several threads.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "fakes/powercap/load_meter.hpp"
#include "fakes/ticking_counter.hpp"

namespace impact::fakes {

std::int64_t monotonic_ns();

/// One zone, from an object of the configuration:
///   path      "intel-rapl:0", "intel-rapl:0:1", "intel-rapl-mmio:0": its place in the tree       (needed)
///   name      "package-0", "dram", "core", "psys", "package-0-die-1"                             (needed)
///   curve     text of curve.hpp | load {idle_w, watts_per_cpu, by_command {comm: watts}} | mirror_of PATH  (one
///   needed) tick_ns 1e6, phase_ns 0, jitter_ns 0, seed 1, unit_uj 61.035, range_uj 262143328850, start_j 0 mode octal
///   text of energy_uj, "0400" as the kernel gives it since 5.10 enabled   1; constraints [{name, power_limit_uw,
///   time_window_us, max_power_uw}] slow_ms 0; deny false (EACCES for root too); eio [[start_s, length_s]…]; frozen
///   [[start_s, length_s]…] unreadable [attribute…]: answer EIO for ever
class Zone {
 public:
  struct Answer {
    int error = 0;  ///< errno, or 0
    std::string text;
  };

  Zone(const nlohmann::json& config, const std::map<std::string, std::shared_ptr<Zone>>& earlier,
       const LoadMeter* meter);

  const std::string& path() const { return path_; }
  const std::vector<std::pair<std::string, unsigned>>& attributes() const { return attributes_; }  ///< name, mode
  bool vanished() const { return vanished_.load(); }
  bool counts_uj_cheaply() const { return !load_; }

  /// errno of an open, 0 if it succeeds.
  int open(std::string_view attribute) const;
  /// Reads as the kernel would, slow reads and failures included. since_epoch: ns.
  Answer read(std::string_view attribute, std::int64_t epoch_ns) const;
  /// The counter before its unit and its wrap.
  std::uint64_t counts(std::int64_t since_epoch_ns) const;
  /// The counter as energy_uj shows it.
  std::uint64_t energy_uj(std::int64_t since_epoch_ns) const;
  /// Joules used since the epoch, before unit, tick and wrap (follows the load in load mode: as of the last poll).
  double energy_j(std::int64_t since_epoch_ns) const;
  nlohmann::json truth() const;

  /// "eio on|off|for S", "slow MS", "deny on|off", "freeze on|off", "reset", "vanish", "restore"; false: not
  /// understood.
  bool control(std::string_view verb, std::string_view argument, std::int64_t since_epoch_ns);

 private:
  bool fails_at(std::int64_t since_epoch_ns) const;

  std::string path_, name_, curve_text_, mirror_of_;
  std::vector<std::pair<std::string, unsigned>> attributes_;
  std::map<std::string, std::string, std::less<>> fixed_;  // attributes that never change
  std::vector<std::string> unreadable_;
  std::shared_ptr<Zone> mirrored_;
  std::optional<TickingCounter> counter_;
  std::optional<LoadMeter::Weights> load_;
  const LoadMeter* meter_ = nullptr;
  TickModel ticks_;
  double unit_uj_ = 61.035;

  mutable std::mutex mutex_;
  std::vector<Window> eio_;
  bool eio_on_ = false;
  std::optional<std::int64_t> frozen_at_;
  std::uint64_t reset_counts_ = 0;
  std::atomic<std::int64_t> slow_ns_ = 0;
  std::atomic<bool> deny_ = false, vanished_ = false;
};

class Machine {
 public:
  /// Configuration: {"epoch_ns": null | CLOCK_MONOTONIC, "zones": […], "poll_ms": 5, "powercap": true,
  ///   "msr": [{"cpus": [0, 1], "registers": {"0x606": "0xA0E03", "0x611": "intel-rapl:0"}}]}: a register holds a number,
  ///   or the low 32 bits of a zone's counts; powercap false: the zones can be had through the registers alone.
  /// Throws with what is wrong.
  explicit Machine(const nlohmann::json& config);

  std::int64_t epoch_ns() const { return epoch_ns_; }
  std::int64_t now() const { return monotonic_ns() - epoch_ns_; }
  const std::vector<std::shared_ptr<Zone>>& zones() const { return zones_; }
  bool has_powercap() const { return powercap_; }

  /// The CPUs that have registers, and a register of one; a number that it has not: nothing.
  std::vector<int> register_cpus() const;
  std::optional<std::uint64_t> register_value(int cpu, std::uint64_t number) const;

  /// One JSON line with all that a test needs to know the true energy between two times of CLOCK_MONOTONIC.
  std::string truth() const;
  /// Load mode: one JSON line a poll: {"t_ns", "busy_s", "energy_j": {path: J}}; empty else.
  std::string log() const;
  /// Lines "VERB ZONE|* [ARGUMENT]". Returns the line that was not understood, or nothing.
  std::optional<std::string> control(std::string_view lines);

 private:
  void read_registers(const nlohmann::json& config);

  std::int64_t epoch_ns_;
  std::unique_ptr<LoadMeter> meter_;
  std::vector<std::shared_ptr<Zone>> zones_;
  bool powercap_ = true;
  struct Register {
    std::uint64_t value = 0;
    std::shared_ptr<Zone> zone;
  };
  std::map<int, std::map<std::uint64_t, Register>> registers_;
};

}  // namespace impact::fakes
