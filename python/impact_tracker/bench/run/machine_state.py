"""How a machine is set while a phase runs: governor, clocks, boost and power limits, of processors and GPUs.

Processors by the kernel's files, of every vendor that has them: cpufreq (governor, clocks, boost), intel_pstate
(no_turbo), powercap (RAPL's limits), hwmon (GPUs of AMD and Intel). NVIDIA's GPUs by NVML. What a machine does not say
is `None`, with the reason.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator, Sequence
from math import fsum
from pathlib import Path

from ..row.machine import MachineState, PowerLimit

UNSET_W = 100_000.0  # registers that nobody has set hold limits beyond every machine
_SWITCHED_OFF = "0"
NO_CPUFREQ = "the kernel has no cpufreq here, as in virtual machines and many containers"


def machine_state(root: str = "/") -> MachineState:
    """The state now. Clocks are those of this moment: it is asked while the work runs."""
    missing: dict[str, str] = {}
    top = Path(root)
    policies = sorted(top.glob("sys/devices/system/cpu/cpu[0-9]*/cpufreq"))
    clocks = _numbers(policies, "scaling_cur_freq")
    lows, highs = _numbers(policies, "scaling_min_freq"), _numbers(policies, "scaling_max_freq")
    governors = sorted({text for policy in policies if (text := _text(policy / "scaling_governor"))})
    if not policies:
        missing.update(governor=NO_CPUFREQ, clocks=NO_CPUFREQ)
    else:
        first = policies[0]
        if not governors:
            missing["governor"] = _why(first / "scaling_governor")
        if not clocks:
            missing["clocks"] = _why(first / "scaling_cur_freq")
    boost = _boost(top)
    if boost is None:
        missing["boost"] = "neither cpufreq/boost nor intel_pstate/no_turbo is there"
    limits = [*_rapl(top, missing), *_hwmon(top), *_nvml(missing)]
    if not limits:
        missing.setdefault("power_limits", "no powercap zone, no GPU and no NVML that has one")
    return MachineState(
        governor=", ".join(governors) or None,
        boost=boost,
        clock_mhz=fsum(clocks) / len(clocks) / 1000 if clocks else None,
        clock_low_mhz=min(clocks) / 1000 if clocks else None,
        clock_high_mhz=max(clocks) / 1000 if clocks else None,
        clock_floor_mhz=min(lows) / 1000 if lows else None,
        clock_ceiling_mhz=max(highs) / 1000 if highs else None,
        power_limits=tuple(limits),
        missing=missing,
    )


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None


def _number(path: Path) -> float | None:
    try:
        return float(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _numbers(folders: Sequence[Path], name: str) -> list[float]:
    values = (_number(folder / name) for folder in folders)
    return [value for value in values if value is not None and value > 0]


def _why(path: Path) -> str:
    """Why a file cannot be read."""
    try:
        text = path.read_text(encoding="ascii").strip()
    except PermissionError:
        return f"permission denied: {path} is readable by root alone (chmod a+r, or run as root)"
    except (OSError, ValueError) as error:
        return f"{path} cannot be read: {getattr(error, 'strerror', None) or error}"
    return f"{path} holds {text[:40]!r}"


def _boost(top: Path) -> bool | None:
    """Whether processors may go beyond their nominal clock. Each driver has a switch of its own."""
    cpu = top / "sys/devices/system/cpu"
    no_turbo = _text(cpu / "intel_pstate/no_turbo")
    if no_turbo in ("0", "1"):
        return no_turbo == _SWITCHED_OFF
    switches = {_text(path) for path in (cpu / "cpufreq/boost", *cpu.glob("cpu[0-9]*/cpufreq/boost"))}
    known = switches & {"0", "1"}
    return "1" in known if known else None


def _rapl(top: Path, missing: dict[str, str]) -> Iterator[PowerLimit]:
    """The constraints of powercap's zones that are in force."""
    for zone in sorted((top / "sys/class/powercap").glob("*:*")):
        name = _text(zone / "name")
        if name is None or _text(zone / "enabled") == _SWITCHED_OFF or name == "psys":
            continue
        parent = _text(zone.parent / zone.name.rpartition(":")[0] / "name")
        device = f"{parent}/{name}" if parent and zone.name.count(":") > 1 else name
        for constraint in sorted(zone.glob("constraint_*_power_limit_uw")):
            limit_uw = _number(constraint)
            if limit_uw is None:
                missing["power_limits"] = _why(constraint)
            elif 0 < limit_uw < UNSET_W * 1e6:
                what = _text(constraint.with_name(constraint.name.replace("power_limit_uw", "name")))
                yield PowerLimit(device, what or constraint.name.split("_")[1], limit_uw / 1e6)


def _hwmon(top: Path) -> Iterator[PowerLimit]:
    """Caps of GPUs by their hwmon: AMD's cap, Intel's sustained limit."""
    for card in sorted((top / "sys/class/drm").glob("card[0-9]*")):
        if "-" in card.name:  # an output of the card
            continue
        for name in ("power1_cap", "power1_max"):
            for path in sorted((card / "device").glob(f"hwmon/hwmon*/{name}")):
                limit_uw = _number(path)
                if limit_uw:
                    yield PowerLimit(card.name, name, limit_uw / 1e6)


def _nvml(missing: dict[str, str]) -> list[PowerLimit]:
    """The limits that NVIDIA's driver enforces, each card by its UUID. A machine without the driver has none of it."""
    try:
        nvml = ctypes.CDLL(os.environ.get("IMPACT_TRACKER_NVML") or "libnvidia-ml.so.1")
    except OSError:
        return []
    limits = []
    try:
        status = nvml.nvmlInit_v2()
        if status != 0:
            missing["gpu_power_limits"] = f"NVML does not start (code {status}): is the driver loaded (nvidia-smi)?"
            return []
        count = ctypes.c_uint(0)
        nvml.nvmlDeviceGetCount_v2(ctypes.byref(count))
        for index in range(count.value):
            handle, uuid, limit_mw = ctypes.c_void_p(), ctypes.create_string_buffer(96), ctypes.c_uint(0)
            if nvml.nvmlDeviceGetHandleByIndex_v2(index, ctypes.byref(handle)) != 0:
                continue
            named = nvml.nvmlDeviceGetUUID(handle, uuid, ctypes.c_uint(len(uuid))) == 0
            device = f"gpu:{uuid.value.decode('ascii', 'replace')}" if named else f"gpu:{index}"
            status = nvml.nvmlDeviceGetEnforcedPowerLimit(handle, ctypes.byref(limit_mw))
            if status == 0:
                limits.append(PowerLimit(device, "enforced", limit_mw.value / 1000))
            else:
                missing["gpu_power_limits"] = f"{device} does not tell its limit (NVML code {status})"
        nvml.nvmlShutdown()
    except AttributeError as error:  # a library of another kind or age
        missing["gpu_power_limits"] = f"NVML lacks a function: {error}"
    return limits
