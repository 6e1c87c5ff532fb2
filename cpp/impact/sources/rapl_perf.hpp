#pragma once
// Reads RAPL through perf events. The caller gives the system call, so that tests give descriptors of their own.

#include <functional>

#include "impact/host/perf.hpp"
#include "impact/sources/source.hpp"

namespace impact {

using PerfOpener =
    std::function<Result<PerfGroup>(std::uint32_t type, std::span<const std::uint64_t> configs, unsigned cpu)>;

OpenedSource open_rapl_perf_with(const Host& host, const PerfOpener& open_group);

}  // namespace impact
