// The pure parsers of attribution: lines of /proc, paths of control groups.

#include "fuzz/fuzz.hpp"
#include "impact/attribution/cgroup.hpp"
#include "impact/attribution/machine_time.hpp"
#include "impact/host/process_usage.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  impact::parse_process_stat(text);
  std::string_view name;
  impact::busy_ticks(text, name);
  if (const auto job = impact::find_job(text)) {
    fuzz::require(text.starts_with(job->path), "a job's path is the beginning of the path");
    fuzz::require(!job->id.empty(), "a job has a name");
  }
  return 0;
}
