#pragma once
// Apple's IOReport as its own tools call it: a subscription to the channels of one group, samples of it, and what each
// channel counted between two samples. Its functions have no public header: the few that are used are declared here
// and looked up at run time.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "impact/core/error.hpp"
#include "impact/host/library.hpp"

namespace impact {

// Is one channel in the difference of two samples. The texts are as IOReport gives them, cut at 63 bytes.
struct IoReportChannel {
  std::string_view name;
  std::string_view unit;
  std::int64_t counted = 0;
};

class IoReport {
 public:
  // Takes the system's libraries, or one library that has the functions of both. The error is absent where one of them
  // or a function of theirs is not there.
  static Result<IoReport> open(const std::string& library = "");
  IoReport(IoReport&&) noexcept;
  ~IoReport();

  // Subscribes to a group's channels, once. Returns false where the system has no such group or refuses.
  bool subscribe(const char* group);

  // Takes a sample and hands each channel's count since the sample before to take(const IoReportChannel&), which must
  // not throw; of the first sample it hands the channels alone, with 0. Returns false where no sample is had: what is
  // counted meanwhile is then in the next difference. Not thread-safe.
  template <class Take>
  bool sample(Take take) noexcept {
    return sample([](void* context, const IoReportChannel& channel) { (*static_cast<Take*>(context))(channel); },
                  &take);
  }

 private:
  struct Functions;
  explicit IoReport(std::unique_ptr<Functions> functions);
  bool sample(void (*take)(void*, const IoReportChannel&), void* context) noexcept;
  std::unique_ptr<Functions> functions_;
};

}  // namespace impact
