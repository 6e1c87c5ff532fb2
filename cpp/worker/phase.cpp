#include "worker/phase.hpp"

#include "worker/process.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace impact::worker {
namespace {

constexpr std::size_t kListedPasses = 4096;
constexpr std::int64_t kProgressPeriodNs = 250'000'000;

Json optional_bytes(const std::optional<std::int64_t>& bytes) { return bytes ? Json(*bytes) : Json(nullptr); }

}  // namespace

Phase::Phase(Protocol& protocol, const LoadOptions& load, std::string name, Limits limits, Json id)
    : protocol_(protocol),
      load_(load),
      devices_(load.devices()),
      name_(std::move(name)),
      limits_(limits),
      id_(std::move(id)) {
  pass_ns_.reserve(kListedPasses);
}

bool Phase::begin(const Json& details) {
  compat::synchronize(devices_);
  for (const auto& device : devices_) {
    compat::reset_peak_device_memory(device);
  }
  peak_since_ready_ = process::reset_peak_memory();
  Json ready{{"event", "ready"}, {"phase", name_}, {"id", id_}};
  ready.update(details);
  observation_.begin(load_.device);
  protocol_.clear_stop();
  protocol_.send(ready);
  const auto answer = protocol_.next();
  if (!answer || (*answer)["cmd"] != "go") {
    if (answer && (*answer)["cmd"] != "abort") {
      throw ProtocolError("bad-command", "the phase waits for go or abort, and got " + (*answer)["cmd"].dump());
    }
    protocol_.send({{"event", "aborted"}, {"phase", name_}, {"id", id_}});
    return false;
  }
  begin_ns_ = last_ns_ = monotonic_ns();
  next_progress_ns_ = begin_ns_ + kProgressPeriodNs;
  observation_.first_pass_begins();
  return true;
}

bool Phase::more() {
  if (limits_.passes > 0 && passes_ >= limits_.passes) {
    ended_by_ = "passes";
  } else if (limits_.images > 0 && images_ >= limits_.images) {
    ended_by_ = "images";
  } else if (limits_.epochs > 0 && epochs_ >= limits_.epochs) {
    ended_by_ = "epochs";
  } else if (protocol_.stop_requested()) {
    ended_by_ = "stop";
  } else {
    const auto elapsed = static_cast<double>(last_ns_ - begin_ns_) * 1e-9;
    const bool owed = passes_ < limits_.min_passes && (limits_.hard_seconds <= 0 || elapsed < limits_.hard_seconds);
    if (limits_.seconds > 0 && elapsed >= limits_.seconds && !owed) {
      ended_by_ = "seconds";
    }
  }
  return ended_by_.empty();
}

std::int64_t Phase::allowance(std::int64_t wanted) const {
  return limits_.images > 0 ? std::min(wanted, limits_.images - images_) : wanted;
}

void Phase::pass_done(std::int64_t images, const Tensor& output) {
  observation_.first_pass_done();
  wait_for_pending();
  pending_.emplace(devices_);
  if (!load_.device.is_cuda() || limits_.seconds > 0) {  // where time decides, the end of every pass must be known
    wait_for_pending();
  }
  ++passes_;
  images_ += images;
  if (passes_ == 1) {
    output_device_ = output.device().str();
  }
}

void Phase::wait_for_pending() {
  if (!pending_) {
    return;
  }
  pending_->wait();
  pending_.reset();
  const auto now = monotonic_ns();
  pass_ns_.push_back(now - last_ns_);
  last_ns_ = now;
}

void Phase::progress(const std::function<void(Json&)>& extra) {
  if (last_ns_ < next_progress_ns_) {
    return;
  }
  next_progress_ns_ = last_ns_ + kProgressPeriodNs;
  Json event{{"event", "progress"},
             {"phase", name_},
             {"id", id_},
             {"passes", passes_},
             {"images", images_},
             {"epochs", epochs_},
             {"elapsed_s", static_cast<double>(last_ns_ - begin_ns_) * 1e-9}};
  double fraction = -1;
  auto consider = [&](double done, double all) { fraction = all > 0 ? std::max(fraction, done / all) : fraction; };
  consider(static_cast<double>(passes_), static_cast<double>(limits_.passes));
  consider(static_cast<double>(images_), static_cast<double>(limits_.images));
  consider(static_cast<double>(passes_), static_cast<double>(expected_passes_));
  consider(event["elapsed_s"].get<double>(), limits_.seconds);
  event["fraction"] = fraction < 0 ? Json(nullptr) : Json(std::min(fraction, 1.0));
  extra(event);
  protocol_.send_if_room(event);
}

void Phase::end() {
  wait_for_pending();
  compat::synchronize(devices_);
  end_ns_ = monotonic_ns();
  observation_.end(end_ns_ - begin_ns_);
}

Json Phase::report() const {
  const auto memory = compat::device_memory(devices_);
  Json device_memory = nullptr;
  if (memory) {
    device_memory = {{"peak_allocated_bytes", memory->peak_allocated_bytes},
                     {"peak_reserved_bytes", memory->peak_reserved_bytes}};
  }
  return {{"event", "done"},
          {"phase", name_},
          {"id", id_},
          {"begin_ns", begin_ns_},
          {"end_ns", end_ns_},
          {"duration_s", static_cast<double>(end_ns_ - begin_ns_) * 1e-9},
          {"images", images_},
          {"passes", passes_},
          {"batch", load_.batch},
          {"stopped", ended_by_ == "stop"},
          {"limit", ended_by_.empty() ? Json("data") : Json(ended_by_)},
          {"loss", nullptr},
          {"accuracy", nullptr},
          {"peak_memory_bytes", optional_bytes(process::peak_memory_bytes())},
          {"peak_memory_scope", peak_since_ready_ ? "phase" : "process"},
          {"device_memory", device_memory},
          {"device", output_device_.empty() ? Json(nullptr) : Json(output_device_)},
          {"devices", device_names()},
          {"threads", torch::get_num_threads() * load_.replicas},
          {"layout", load_.channels_last ? "channels_last" : "nchw"},
          {"precision", load_.precision},
          {"observed", observation_.report()},
          {"torch_version", compat::version()},
          {"batch_norm", name_of(load_.build.batch_norm)},
          {"variant", load_.build.variant.empty() ? Json(nullptr) : Json(load_.build.variant)},
          {"network", load_.spec != nullptr ? Json(load_.spec->name) : Json(nullptr)},
          {"seed", load_.seed},
          {"pass_s", pass_statistics()},
          {"pass_ns", std::vector<std::int64_t>(
                          pass_ns_.begin(),
                          pass_ns_.begin() + static_cast<std::ptrdiff_t>(std::min(pass_ns_.size(), kListedPasses)))}};
}

Json Phase::device_names() const {
  Json names = Json::array();
  for (const auto& device : devices_) {
    names.push_back(device.str());
  }
  return names;
}

Json Phase::pass_statistics() const {
  if (pass_ns_.empty()) {
    return nullptr;
  }
  auto sorted = pass_ns_;
  std::sort(sorted.begin(), sorted.end());
  const auto n = static_cast<double>(sorted.size());
  const auto mean = std::accumulate(sorted.begin(), sorted.end(), 0.0) / n;
  const auto squares = std::accumulate(sorted.begin(), sorted.end(), 0.0, [&](double sum, std::int64_t v) {
    return sum + (static_cast<double>(v) - mean) * (static_cast<double>(v) - mean);
  });
  auto at = [&](double share) {
    return static_cast<double>(sorted[static_cast<std::size_t>(std::llround(share * (n - 1)))]) * 1e-9;
  };
  return {{"mean", mean * 1e-9}, {"std", n > 1 ? Json(std::sqrt(squares / (n - 1)) * 1e-9) : Json(nullptr)},
          {"min", at(0)},        {"p50", at(0.5)},
          {"p95", at(0.95)},     {"max", at(1)}};
}

}  // namespace impact::worker
