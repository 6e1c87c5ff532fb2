#include <cerrno>

#include "impact/host/control.hpp"

namespace impact {

int device_control(const Descriptor&, unsigned long, void*) noexcept { return ENOSYS; }

bool wait_readable(const Descriptor&, Duration) noexcept { return false; }

Result<Descriptor> open_device(const std::filesystem::path& path) { return open_for_reading(path); }

}  // namespace impact
