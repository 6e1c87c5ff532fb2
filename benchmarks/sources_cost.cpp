// What all sources of a large node cost at 1 Hz: two sockets by powercap, eight GPUs behind the fake driver, the board's
// meter, temperatures, a management controller over HTTP on the loopback, load and memory. CPU time of the sampling
// threads alone (the services run beside), of one core; the time of one round of each source. Files are as dear as sysfs
// makes them where they are links to it; the driver's and the controller's own work is the fake's, not a real one's.
//
//   sources_cost [--seconds S] [--json]

#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "cpp/sources/http_server.hpp"
#include "impact/sampling/sampler.hpp"
#include "impact/sources/registry.hpp"
#include "options.hpp"
#include "sysfs_machine.hpp"

namespace {

using namespace impact;
using namespace impact::bench;

void write(const fs::path& file, std::string_view text) {
  fs::create_directories(file.parent_path());
  std::ofstream(file) << text;
}

void make_node(const fs::path& root) {
  make_machine(root);
  for (const char* name : {"stat", "meminfo"}) fs::create_symlink(fs::path("/proc") / name, root / "proc" / name);
  write(root / "sys/devices/system/cpu/online", "0-1\n");
  for (int cpu = 0; cpu < 2; ++cpu) {
    const fs::path at = root / "sys/devices/system/cpu" / ("cpu" + std::to_string(cpu));
    write(at / "topology/physical_package_id", std::to_string(cpu) + "\n");
    write(at / "topology/die_id", "0\n");
    write(at / "cpufreq/scaling_cur_freq", "2500000\n");
    const fs::path chip = root / "sys/class/hwmon" / ("hwmon" + std::to_string(cpu));
    write(chip / "name", "coretemp\n");
    write(chip / "temp1_label", "Package id " + std::to_string(cpu) + "\n");
    write(chip / "temp1_input", "54000\n");
  }
  write(root / "sys/class/hwmon/hwmon2/name", "power_meter\n");
  write(root / "sys/class/hwmon/hwmon2/power1_average", "1800000000\n");
}

void eight_gpus() {
  nlohmann::json gpus = nlohmann::json::array();
  for (int i = 0; i < 8; ++i) gpus.push_back({{"arch", "hopper"}, {"curve", "constant:500"}});
  setenv("IMPACT_TRACKER_NVML", IMPACT_FAKE_NVML_LIBRARY, 1);
  setenv("IMPACT_FAKE_NVML", nlohmann::json{{"epoch_ns", 0}, {"gpus", gpus}}.dump().c_str(), 1);
}

test::ServerAnswer controller(const test::ServerRequest& request) {
  if (request.target == "/redfish/v1/Chassis")
    return {200, R"({"Members": [{"@odata.id": "/redfish/v1/Chassis/1"}]})", ""};
  if (request.target == "/redfish/v1/Chassis/1/Power")
    return {200, R"({"PowerControl": [{"PowerConsumedWatts": 4800}]})", ""};
  return {404, "", ""};
}

// The median time of one round, in microseconds.
double round_us(Source& source) {
  std::vector<double> times;
  Sink sink;
  for (int i = 0; i < 15; ++i) {
    sink.clear();
    const double start = now_s();
    source.read(sink);
    times.push_back((now_s() - start) * 1e6);
  }
  std::ranges::sort(times);
  return times[times.size() / 2];
}

nlohmann::json run(double length_s) {
  const fakes::Scratch scratch;
  const fs::path& root = scratch.path();
  make_node(root);
  eight_gpus();
  const test::HttpServer server(controller);
  setenv("IMPACT_TRACKER_REDFISH", server.url().c_str(), 1);
  setenv("no_proxy", "127.0.0.1", 1);
  nlohmann::json out;
  for (Probe& probe : open_sources(Host{root})) {
    if (!probe.source) continue;
    out["sources"].push_back({{"name", probe.entry.name},
                              {"channels", probe.source->channels().size()},
                              {"fast", is_fast(*probe.source)},
                              {"round_us", round_us(*probe.source)}});
  }
  TrackerSettings settings = settings_for(root, std::chrono::seconds{1});
  settings.sources.clear();
  const auto tracker = Tracker::open(settings, Host{root});
  tracker->start();
  std::this_thread::sleep_for(std::chrono::milliseconds{2500});  // the first rounds open connections
  // A thread tells its time after its round: what lies between is a round at either end.
  out["cpu_percent"] = cpu_percent(length_s, [] { return seconds(Sampler::shared().stats().cpu_time); });
  out["channels"] = tracker->channels().size();
  out["missed_ticks"] = tracker->health().at("missed_ticks");
  tracker->stop();
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options(argc, argv);
  const nlohmann::json result = run(options.number("--seconds", 30));
  if (options.json()) {
    std::printf("%s\n", result.dump(2).c_str());
    return 0;
  }
  std::printf("%-16s %9s %6s %12s\n", "source", "channels", "thread", "round, us");
  for (const auto& row : result["sources"]) {
    std::printf("%-16s %9d %6s %12.1f\n", row["name"].get<std::string>().c_str(), row["channels"].get<int>(),
                row["fast"].get<bool>() ? "common" : "own", row["round_us"].get<double>());
  }
  std::printf("all at 1 Hz: %.4f %% of a core; %d channels; deadlines missed: %d\n",
              result["cpu_percent"].get<double>(), result["channels"].get<int>(), result["missed_ticks"].get<int>());
  return 0;
}
