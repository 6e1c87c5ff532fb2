#pragma once
// Says which registers RAPL has and what a count of each is worth, for the readers that see registers and not joules.

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
  Channel channel;  // its count is the lower 32 bits
};

inline constexpr std::uint64_t kCountMask = 0xFFFF'FFFF;

// Returns the register's content on that CPU, and nullopt where it cannot be read.
using RegisterReader = std::function<std::optional<std::uint64_t>(unsigned cpu, std::uint32_t address)>;

// Lists one CPU a package; on Intel one a die.
std::vector<std::pair<unsigned, Place>> lead_cpus(const Host& host, const CpuInfo& cpu);

// Says why this processor's registers cannot be read whatever the door; returns nullopt where they can.
std::optional<Error> unknown_registers(const CpuInfo& cpu);

// Lists the counters that count. It is broken where a package has no unit register, or its counter is 0 or unreadable.
Result<std::vector<PlannedRegister>> plan_registers(const Host& host, const CpuInfo& cpu, std::string_view source,
                                                    const RegisterReader& read);

}  // namespace impact::rapl
