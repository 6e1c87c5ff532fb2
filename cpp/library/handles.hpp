#pragma once
// What stands behind the opaque types of impact.h, and how an exception of the core becomes a status of C.

#include <impact/impact.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "impact/tracker/tracker.hpp"

struct impact_settings {
  std::map<std::string, std::string, std::less<>> values;  // by name, as they were set
};

struct impact_tracker {
  std::shared_ptr<impact::Tracker> core;
  std::string path;
};

struct impact_result {
  std::shared_ptr<const std::vector<impact::Channel>> channels;
  impact::RegionResult region;
  std::vector<std::size_t> devices;  // channels of `region` that measure energy
  std::string json;
};

namespace impact {

// The text of impact_last_error() of this thread.
void keep_error(const std::string& text) noexcept;

// Calls `body`; what it throws becomes a status, and its words what impact_last_error() says.
template <class Body>
impact_status guarded(Body&& body) noexcept {
  try {
    body();
    return IMPACT_OK;
  } catch (const NoSourceError& error) {
    return keep_error(error.what()), IMPACT_NO_SOURCE;
  } catch (const IoError& error) {
    return keep_error(error.what()), IMPACT_NO_RECORD;
  } catch (const std::invalid_argument& error) {
    return keep_error(error.what()), IMPACT_BAD_ARGUMENT;
  } catch (const std::logic_error& error) {
    return keep_error(error.what()), IMPACT_BAD_STATE;
  } catch (const std::bad_alloc&) {
    return keep_error("there is no memory left"), IMPACT_NO_MEMORY;
  } catch (const std::exception& error) {
    return keep_error(error.what()), IMPACT_FAILED;
  } catch (...) {
    return keep_error("something was thrown that is no std::exception"), IMPACT_FAILED;
  }
}

// std::invalid_argument that names the argument, where it is a null pointer.
void need(bool is_given, const char* name);

// What Tracker::open takes: what was set, then the environment, then defaults. std::invalid_argument for a bad value,
// with the variable where it came from there. `folder` may be null.
TrackerSettings core_settings(const char* folder, const impact_settings* settings);
// std::invalid_argument for a name that is no setting, with near ones, and for a value that it does not take.
void set(impact_settings& settings, const std::string& name, const std::string& value);

// A result as C sees it; null where there is none.
impact_result* make_result(const Tracker& tracker, std::optional<RegionResult> region);

}  // namespace impact
