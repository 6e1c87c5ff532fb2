#pragma once
// RAPL's registers: which there are, what a count of each is worth. For the readers that see registers, not joules.

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "impact/core/error.hpp"
#include "impact/sources/rapl.hpp"

namespace impact::rapl {

struct PlannedRegister {
  unsigned cpu = 0;
  std::uint32_t address = 0;
  Channel channel;  // count: the lower 32 bits
};

inline constexpr std::uint64_t kCountMask = 0xFFFF'FFFF;

// The register's content on that CPU; nullopt where it cannot be read.
using RegisterReader = std::function<std::optional<std::uint64_t>(unsigned cpu, std::uint32_t address)>;

// One CPU a package, and a die on Intel.
std::vector<std::pair<unsigned, Place>> lead_cpus(const Host& host, const CpuInfo& cpu);

// Why this processor's registers cannot be read whatever the door; nullopt where they can.
std::optional<Error> unknown_registers(const CpuInfo& cpu);

// The counters that count. Error broken: a package has no unit register, or its counter cannot be read or stands at 0.
Result<std::vector<PlannedRegister>> plan_registers(const Host& host, const CpuInfo& cpu, std::string_view source,
                                                    const RegisterReader& read);

}  // namespace impact::rapl
