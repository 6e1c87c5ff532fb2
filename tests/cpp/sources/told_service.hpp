#pragma once
// A service of the machine whose answers a test sets, and the source that reads it.

#include <mutex>
#include <string>
#include <vector>

#include "cpp/sources/local_server.hpp"
#include "cpp/sources/service_frames.hpp"
#include "impact/sources/settings.hpp"
#include "impact/sources/source.hpp"

namespace impact {
OpenedSource open_service(const Host&, const SourceSettings&);
}  // namespace impact

namespace impact::test {

inline std::int64_t now_ns() { return nanoseconds(system_clock().now()); }

inline SourceSettings told(const std::string& path, const std::string& user = "") {
  return SourceSettings({{"service_socket", path}, {"service_user", user}});
}

// A service whose next answer the test sets.
class Told {
 public:
  explicit Told(const nlohmann::json& frame) { tell(frame); }
  void tell(const nlohmann::json& frame) { tell_bytes(with_length(frame.dump())); }
  void tell_bytes(std::string bytes) {
    const std::lock_guard lock(mutex_);
    bytes_ = std::move(bytes);
  }
  std::string path() const { return server_.path(); }
  int connections() const { return server_.connections(); }
  OpenedSource opened() const { return open_service(Host{}, told(path())); }

 private:
  std::mutex mutex_;
  std::string bytes_;
  LocalServer server_{LocalServer::answering([this] {
    const std::lock_guard lock(mutex_);
    return bytes_;
  })};
};

inline std::vector<Reading> round(Source& source) {
  Sink sink;
  source.read(sink);
  return {sink.readings().begin(), sink.readings().end()};
}

}  // namespace impact::test
