// Power that follows the machine's real load, so that joules per image and shares of processes have a truth:
//   P = idle_w + watts_per_cpu * (busy CPUs) + sum over named commands of (their watts - watts_per_cpu) * (their busy
//   CPUs)
// Busy time is user, nice, system, irq and softirq of /proc/stat; a command's is utime + stime of its processes.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace impact::fakes {

class LoadMeter {
 public:
  struct Weights {
    double idle_w = 0, watts_per_cpu = 0;
    std::map<std::string, double> by_command;  ///< watts per busy CPU of processes of this name (15 characters)
  };
  struct Sample {
    std::int64_t t_ns = 0;  ///< since the epoch
    double busy_s = 0;      ///< CPU seconds since the epoch, whole machine
    std::map<std::string, double> command_s;
  };

  /// Polls every poll_ns from now on; commands: those whose time is kept apart.
  LoadMeter(std::int64_t epoch_ns, std::int64_t poll_ns, std::vector<std::string> commands);
  ~LoadMeter();
  LoadMeter(const LoadMeter&) = delete;
  LoadMeter& operator=(const LoadMeter&) = delete;

  Sample latest() const;
  std::vector<Sample> log() const;
  static double energy_j(const Sample& sample, const Weights& weights);

 private:
  void run(std::int64_t epoch_ns, std::int64_t poll_ns);
  Sample poll(std::int64_t epoch_ns);
  void count_commands();

  std::vector<std::string> commands_;
  double busy_at_start_s_;
  std::map<int, std::pair<std::string, double>> processes_;  // pid -> command, CPU seconds when last seen
  std::map<std::string, double> commands_s_;  // summed differences, so that an ended process still counts
  bool first_ = true;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false;
  std::vector<Sample> samples_;
  std::thread thread_;
};

}  // namespace impact::fakes
