"""The processor of this machine, and the assertion that stops a job on the wrong one."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

from impact_tracker.hostinfo import host_info

_RENAMED = {"brand": "brand_raw", "vendor_id": "vendor_id_raw"}  # what py-cpuinfo 6 renamed; both names are known


class CPUAttributeAssertionError(AssertionError):
    """The processor differs from what was demanded."""


def _cpuinfo_fields() -> dict[str, str]:
    """The first processor of /proc/cpuinfo."""
    try:
        first = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").partition("\n\n")[0]
    except OSError:
        return {}
    pairs = (line.partition(":") for line in first.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def get_my_cpu_info(*args: Any, **kwargs: Any) -> dict[str, Any]:
    """The processor under the names of py-cpuinfo, before and after its version 6; `usable_cpus` of this process."""
    fields = _cpuinfo_fields()

    def whole(name: str) -> int | None:
        return int(fields[name]) if fields.get(name, "").isdigit() else None

    affinity = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    # Arm's kernels name no model as a rule: there it is the core's.
    brand = fields.get("model name") or host_info().get("cpu") or platform.processor()
    vendor = fields.get("vendor_id", "")
    return {
        "brand": brand,
        "brand_raw": brand,
        "vendor_id": vendor,
        "vendor_id_raw": vendor,
        "arch": platform.machine(),
        "arch_string_raw": platform.machine(),
        "count": os.cpu_count(),
        "family": whole("cpu family"),
        "model": whole("model"),
        "stepping": whole("stepping"),
        "flags": sorted(fields.get("flags", fields.get("Features", "")).split()),
        "usable_cpus": affinity,
    }


def assert_cpus_by_attributes(attributes_set: dict[str, Any]) -> None:
    """CPUAttributeAssertionError unless the processor has these values; keys as in `get_my_cpu_info`."""
    info = get_my_cpu_info()
    for key, value in attributes_set.items():
        actual = info.get(key, info.get(_RENAMED.get(key, key)))
        if actual != value:
            raise CPUAttributeAssertionError(f"{key} of the processor is {actual!r}, {value!r} was demanded")
