#include "fakes/powercap/load_meter.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "fakes/powercap/machine.hpp"

namespace impact::fakes {
namespace {

double seconds_per_tick() { return 1.0 / static_cast<double>(sysconf(_SC_CLK_TCK)); }

double machine_busy_s() {
  std::ifstream file("/proc/stat");
  std::string cpu;
  double user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0;
  file >> cpu >> user >> nice >> system >> idle >> iowait >> irq >> softirq;
  return (user + nice + system + irq + softirq) * seconds_per_tick();
}

/// Name and utime + stime of a process; nothing if it is gone.
std::optional<std::pair<std::string, double>> process_time(const std::filesystem::path& directory) {
  std::ifstream file(directory / "stat");
  std::string line;
  if (!std::getline(file, line)) return {};
  const auto open = line.find('('), close = line.rfind(')');
  if (open == std::string::npos || close == std::string::npos) return {};
  std::istringstream rest(line.substr(close + 2));
  std::string skipped;
  for (int field = 3; field < 14; ++field) rest >> skipped;
  double user = 0, system = 0;
  rest >> user >> system;
  return std::pair{line.substr(open + 1, close - open - 1), (user + system) * seconds_per_tick()};
}

}  // namespace

LoadMeter::LoadMeter(std::int64_t epoch_ns, std::int64_t poll_ns, std::vector<std::string> commands)
    : commands_{std::move(commands)}, busy_at_start_s_{machine_busy_s()} {
  samples_.push_back(poll(epoch_ns));
  thread_ = std::thread([this, epoch_ns, poll_ns] { run(epoch_ns, poll_ns); });
}

LoadMeter::~LoadMeter() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void LoadMeter::run(std::int64_t epoch_ns, std::int64_t poll_ns) {
  auto deadline = std::chrono::steady_clock::now();
  std::unique_lock lock(mutex_);
  while (!stop_) {
    deadline = std::max(deadline + std::chrono::nanoseconds(poll_ns), std::chrono::steady_clock::now());
    if (wake_.wait_until(lock, deadline, [this] { return stop_; })) return;
    lock.unlock();
    Sample sample = poll(epoch_ns);
    lock.lock();
    samples_.push_back(std::move(sample));
  }
}

LoadMeter::Sample LoadMeter::poll(std::int64_t epoch_ns) {
  Sample sample;
  sample.busy_s = machine_busy_s() - busy_at_start_s_;
  if (!commands_.empty()) count_commands();
  sample.command_s = commands_s_;
  sample.t_ns = monotonic_ns() - epoch_ns;
  return sample;
}

void LoadMeter::count_commands() {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
    const std::string name = entry.path().filename();
    int pid = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), pid).ec != std::errc{}) continue;
    const auto now = process_time(entry.path());
    if (!now || std::find(commands_.begin(), commands_.end(), now->first) == commands_.end()) continue;
    const auto before = processes_.find(pid);
    const bool same =
        before != processes_.end() && before->second.first == now->first && before->second.second <= now->second;
    // What ran before the epoch is not ours; what started since counts from its beginning.
    if (!first_) commands_s_[now->first] += now->second - (same ? before->second.second : 0.0);
    processes_[pid] = *now;
  }
  first_ = false;
}

LoadMeter::Sample LoadMeter::latest() const {
  const std::lock_guard lock(mutex_);
  return samples_.back();
}

std::vector<LoadMeter::Sample> LoadMeter::log() const {
  const std::lock_guard lock(mutex_);
  return samples_;
}

double LoadMeter::energy_j(const Sample& sample, const Weights& weights) {
  double energy = weights.idle_w * static_cast<double>(sample.t_ns) * 1e-9 + weights.watts_per_cpu * sample.busy_s;
  for (const auto& [command, watts] : weights.by_command) {
    const auto time = sample.command_s.find(command);
    if (time != sample.command_s.end()) energy += (watts - weights.watts_per_cpu) * time->second;
  }
  return std::max(0.0, energy);
}

}  // namespace impact::fakes
