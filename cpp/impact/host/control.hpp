#pragma once
// Makes requests to device files that are neither reads nor writes, and waits for an answer.

#include "impact/core/time.hpp"
#include "impact/host/file.hpp"

namespace impact {

// Does what ioctl(file, request, argument) does; returns 0, or the errno of the failure. Tests replace it.
using DeviceControl = int (*)(const Descriptor& file, unsigned long request, void* argument) noexcept;
int device_control(const Descriptor& file, unsigned long request, void* argument) noexcept;

// Waits until there is something to read; returns false after the time, or on an error.
bool wait_readable(const Descriptor& file, Duration at_most) noexcept;

// Opens a device for reading and writing, else for reading alone. Its errors are those of open_for_reading.
Result<Descriptor> open_device(const std::filesystem::path& path);

}  // namespace impact
