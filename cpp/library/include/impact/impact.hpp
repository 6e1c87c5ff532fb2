#pragma once
// Measures what a program uses in energy, in C++17: header only, over the C interface of libimpact.
//
//   impact::Tracker tracker("runs/a");                   // measures from here
//   {
//     const impact::Region region = tracker.region("solve");
//     solve();
//   }
//   std::cout << tracker.stop() << "\n";                 // "12.3 kJ ± 0.4 kJ, measured"
//
// As only C crosses the library's border, a program may be built with another compiler, standard or library than it.

#include <impact/impact.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace impact {
inline namespace v1 {

// What a call ended with; what() says it in words, with the remedy where there is one.
class Error : public std::runtime_error {
 public:
  explicit Error(impact_status status) : std::runtime_error(impact_last_error()), status_(status) {}
  impact_status status() const noexcept { return status_; }

 private:
  impact_status status_;
};

namespace detail {
inline void check(impact_status status) {
  if (status != IMPACT_OK) throw Error(status);
}
struct Free {
  void operator()(impact_settings* settings) const noexcept { impact_settings_free(settings); }
  void operator()(impact_tracker* tracker) const noexcept { impact_tracker_close(tracker); }
  void operator()(impact_result* result) const noexcept { impact_result_free(result); }
  void operator()(char* text) const noexcept { impact_free(text); }
};
}  // namespace detail

// "12.3 kJ ± 0.4 kJ, measured"; "not measured".
inline std::string text(const impact_energy& energy) {
  std::string words(impact_energy_text(&energy, nullptr, 0), '\0');
  impact_energy_text(&energy, words.data(), words.size() + 1);
  return words;
}

// What a run or a region cost. Empty where there is nothing to tell: in a forked child, before the start.
class Result {
 public:
  Result() noexcept = default;
  explicit Result(impact_result* result) noexcept : result_(result) {}

  explicit operator bool() const noexcept { return result_ != nullptr; }
  const impact_result* get() const noexcept { return result_.get(); }

  std::string name() const { return impact_result_name(get()); }
  double seconds() const noexcept { return impact_result_seconds(get()); }
  // Of the machine, in joules; best_j is NaN where nothing was measured.
  impact_energy energy() const noexcept { return impact_result_energy(get()); }
  double psys_j() const noexcept { return impact_result_psys_j(get()); }
  double wall_j() const noexcept { return impact_result_wall_j(get()); }
  double rest_j() const noexcept { return impact_result_rest_j(get()); }
  double coverage() const noexcept { return impact_result_coverage(get()); }
  bool is_provisional() const noexcept { return impact_result_is_provisional(get()) != 0; }
  // The tracked consumer's part. Its texts are valid as long as this result; so are those of devices.
  std::optional<impact_share> share() const noexcept {
    impact_share share{};
    return impact_result_share(get(), &share) != 0 ? std::optional(share) : std::nullopt;
  }
  std::vector<impact_device> devices() const {
    std::vector<impact_device> devices(impact_result_device_count(get()));
    for (std::size_t i = 0; i < devices.size(); ++i) impact_result_device(get(), i, &devices[i]);
    return devices;
  }
  std::vector<std::string> notes() const {
    std::vector<std::string> notes;
    for (std::size_t i = 0; i < impact_result_note_count(get()); ++i) notes.emplace_back(impact_result_note(get(), i));
    return notes;
  }
  std::string json() const { return impact_result_json(get()); }

 private:
  std::unique_ptr<impact_result, detail::Free> result_;
};

inline std::ostream& operator<<(std::ostream& out, const Result& result) { return out << text(result.energy()); }

// Settings by their names in impact.h: Settings().set("interval_s", 0.1).set("zone", "FR").
class Settings {
 public:
  Settings() : settings_(impact_settings_new()) {
    if (!settings_) throw std::bad_alloc();
  }
  Settings& set(const std::string& name, const std::string& value) {
    detail::check(impact_settings_set(settings_.get(), name.c_str(), value.c_str()));
    return *this;
  }
  Settings& set(const std::string& name, const char* value) { return set(name, std::string(value)); }
  Settings& set(const std::string& name, bool value) { return set(name, value ? "true" : "false"); }
  Settings& set(const std::string& name, int value) { return set(name, std::to_string(value)); }
  Settings& set(const std::string& name, double value) { return set(name, std::to_string(value)); }
  Settings& tag(const std::string& name, const std::string& value) { return set("tags", name + "=" + value); }
  const impact_settings* get() const noexcept { return settings_.get(); }

 private:
  std::unique_ptr<impact_settings, detail::Free> settings_;
};

class Tracker;

// A part of a run, from Tracker::region() to exit(), or to its end. It must not outlive its tracker.
class Region {
 public:
  Region(Region&& other) noexcept : tracker_(std::exchange(other.tracker_, nullptr)), number_(other.number_) {}
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;
  Region& operator=(Region&&) = delete;
  ~Region() {
    if (tracker_ != nullptr) impact_region_exit(tracker_, number_, nullptr);
  }
  // Leaves it. Empty where it was left before, and in a forked child.
  Result exit() {
    impact_result* result = nullptr;
    if (impact_tracker* tracker = std::exchange(tracker_, nullptr))
      detail::check(impact_region_exit(tracker, number_, &result));
    return Result(result);
  }

 private:
  friend class Tracker;
  Region(impact_tracker* tracker, const std::string& name) : tracker_(tracker) {
    detail::check(impact_region_enter(tracker, name.c_str(), &number_));
  }
  impact_tracker* tracker_;
  std::uint64_t number_ = 0;
};

// Measures from its construction to stop(), or to its end.
class Tracker {
 public:
  // Error where a setting is wrong, where the record cannot be written, and with "strict" where nothing can be measured.
  explicit Tracker(const std::string& folder) : Tracker(folder, nullptr) {}
  Tracker(const std::string& folder, const Settings& settings) : Tracker(folder, settings.get()) {}

  // The region lasts as long as what is returned: give it a name.
  [[nodiscard]] Region region(const std::string& name) { return Region(tracker_.get(), name); }
  // Calls the function in a region of this name, and returns what the region cost.
  template <class Function>
  Result measure(const std::string& name, Function&& function) {
    Region part = region(name);
    std::forward<Function>(function)();
    return part.exit();
  }

  Result stop() {
    impact_result* result = nullptr;
    detail::check(impact_tracker_stop(tracker_.get(), &result));
    return Result(result);
  }
  // The run up to now, or as it ended.
  Result result() const {
    impact_result* result = nullptr;
    detail::check(impact_tracker_result(tracker_.get(), &result));
    return Result(result);
  }
  // Waits until the run has used so much energy: whether it has. Another thread's stop() ends the wait.
  bool wait(double energy_j, double longest_s = std::numeric_limits<double>::infinity()) {
    int reached = 0;
    detail::check(impact_tracker_wait(tracker_.get(), energy_j, longest_s, &reached));
    return reached != 0;
  }
  bool is_running() const noexcept { return impact_tracker_is_running(tracker_.get()) != 0; }
  bool is_inert() const noexcept { return impact_tracker_is_inert(tracker_.get()) != 0; }
  std::string path() const { return impact_tracker_path(tracker_.get()); }
  void flush() noexcept { impact_tracker_flush(tracker_.get()); }
  // Samples, gaps, errors of sensors and of the record, as JSON.
  std::string health() const {
    const std::unique_ptr<char, detail::Free> text(impact_tracker_health(tracker_.get()));
    return text ? text.get() : "null";
  }
  impact_tracker* get() const noexcept { return tracker_.get(); }

 private:
  Tracker(const std::string& folder, const impact_settings* settings) {
    impact_tracker* opened = nullptr;
    detail::check(impact_tracker_open(folder.c_str(), settings, &opened));
    tracker_.reset(opened);
    detail::check(impact_tracker_start(opened));
  }
  std::unique_ptr<impact_tracker, detail::Free> tracker_;
};

}  // namespace v1
}  // namespace impact
