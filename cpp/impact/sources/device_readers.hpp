#pragma once
// Opens readers that speak to devices by requests. The caller gives the system call: tests answer it themselves.

#include "impact/host/control.hpp"
#include "impact/sources/settings.hpp"
#include "impact/sources/source.hpp"

namespace impact {

OpenedSource open_msr_safe_with(const Host& host, DeviceControl control);
OpenedSource open_hsmp_with(const Host& host, DeviceControl control);
OpenedSource open_ipmi_with(const Host& host, DeviceControl control);
OpenedSource open_ipmi_xcc_with(const Host& host, DeviceControl control);
OpenedSource open_ipmi_nm_with(const Host& host, DeviceControl control, const SourceSettings& settings = {});

}  // namespace impact
