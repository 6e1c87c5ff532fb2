#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "handles.hpp"
#include "impact/tracker/json.hpp"

namespace impact {
namespace {

std::string& last_error() noexcept {
  thread_local std::string text;
  return text;
}

template <class Body>
impact_status with(const impact_tracker* tracker, Body&& body) noexcept {
  return guarded([&] {
    need(tracker != nullptr, "tracker");
    body(*tracker->core);
  });
}

}  // namespace

void keep_error(const std::string& text) noexcept {
  try {
    last_error() = text;
  } catch (const std::bad_alloc&) {
    last_error().clear();
  }
}

void need(bool is_given, const char* name) {
  if (!is_given) throw std::invalid_argument(std::string(name) + " must not be a null pointer");
}

}  // namespace impact

using impact::guarded;
using impact::need;
using impact::with;

const char* impact_last_error(void) { return impact::last_error().c_str(); }
const char* impact_version(void) { return IMPACT_VERSION; }
int impact_abi(void) { return IMPACT_ABI; }
void impact_free(void* text) { std::free(text); }

impact_settings* impact_settings_new(void) {
  impact_settings* settings = nullptr;
  (void)guarded([&] { settings = new impact_settings; });
  return settings;
}

void impact_settings_free(impact_settings* settings) { delete settings; }

impact_status impact_settings_set(impact_settings* settings, const char* name, const char* value) {
  return guarded([&] {
    need(settings != nullptr, "settings"), need(name != nullptr, "name"), need(value != nullptr, "value");
    impact::set(*settings, name, value);
  });
}

impact_status impact_tracker_open(const char* folder, const impact_settings* settings, impact_tracker** tracker) {
  if (tracker != nullptr) *tracker = nullptr;
  return guarded([&] {
    need(tracker != nullptr, "tracker");
    auto opened = std::make_unique<impact_tracker>();
    opened->core = impact::Tracker::open(impact::core_settings(folder, settings));
    opened->path = opened->core->path();
    *tracker = opened.release();
  });
}

void impact_tracker_close(impact_tracker* tracker) {
  (void)guarded([&] {
    if (tracker != nullptr) tracker->core->stop();
    delete tracker;
  });
}

impact_status impact_tracker_start(impact_tracker* tracker) {
  return with(tracker, [](impact::Tracker& core) { core.start(); });
}

impact_status impact_tracker_stop(impact_tracker* tracker, impact_result** result) {
  if (result != nullptr) *result = nullptr;
  return with(tracker, [&](impact::Tracker& core) {
    core.stop();
    if (result != nullptr) *result = impact::make_result(core, core.result());
  });
}

impact_status impact_tracker_result(impact_tracker* tracker, impact_result** result) {
  if (result != nullptr) *result = nullptr;
  return with(tracker, [&](impact::Tracker& core) {
    need(result != nullptr, "result");
    *result = impact::make_result(core, core.result());
  });
}

impact_status impact_region_enter(impact_tracker* tracker, const char* name, uint64_t* region) {
  return with(tracker, [&](impact::Tracker& core) {
    need(name != nullptr, "name"), need(region != nullptr, "region");
    *region = core.enter(name);
  });
}

impact_status impact_region_exit(impact_tracker* tracker, uint64_t region, impact_result** result) {
  if (result != nullptr) *result = nullptr;
  return with(tracker, [&](impact::Tracker& core) {
    std::optional<impact::RegionResult> left = core.exit(region);
    if (result != nullptr) *result = impact::make_result(core, std::move(left));
  });
}

impact_status impact_region_settled(impact_tracker* tracker, uint64_t region, impact_result** result) {
  if (result != nullptr) *result = nullptr;
  return with(tracker, [&](impact::Tracker& core) {
    need(result != nullptr, "result");
    *result = impact::make_result(core, core.settled(region));
  });
}

impact_status impact_tracker_wait(impact_tracker* tracker, double energy_j, double longest_s, int* reached) {
  if (reached != nullptr) *reached = 0;
  return with(tracker, [&](impact::Tracker& core) {
    need(reached != nullptr, "reached");
    if (std::isnan(energy_j) || std::isnan(longest_s))
      throw std::invalid_argument("energy_j and longest_s must be numbers");
    constexpr double kLongest = 1e8;  // three years, for a wait without end
    const double longest = std::clamp(longest_s, 0.0, kLongest);
    *reached = core.wait(impact::Joules{energy_j}, impact::Duration{std::llround(longest * 1e9)}) ? 1 : 0;
  });
}

int impact_tracker_is_running(const impact_tracker* tracker) {
  return tracker != nullptr && tracker->core->running() ? 1 : 0;
}

int impact_tracker_is_inert(const impact_tracker* tracker) {
  return tracker != nullptr && tracker->core->inert() ? 1 : 0;
}

const char* impact_tracker_path(const impact_tracker* tracker) {
  return tracker == nullptr ? "" : tracker->path.c_str();
}

void impact_tracker_flush(impact_tracker* tracker) {
  (void)with(tracker, [](impact::Tracker& core) { core.flush(); });
}

char* impact_tracker_health(impact_tracker* tracker) {
  char* text = nullptr;
  (void)with(tracker, [&](impact::Tracker& core) {
    // Names from elsewhere may be no UTF-8: they are shown as far as they are.
    text = ::strdup(core.health().dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
  });
  return text;
}
