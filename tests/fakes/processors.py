"""Processors of fake machines: what the kernel tells of each, and which of a machine's energy counters it has.

A fake machine brings its own processor, so that no test depends on that of the machine which runs it. `default` is the
one of a machine that names none: an Intel, or what `IMPACT_FAKE_PROCESSOR` says, by which `scripts/test` runs the tests
that carry the mark `processors` once more as AMD and as ARM.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Tree = dict[str, str]
CPU = "/sys/devices/system/cpu"
X86_FLAGS = "fpu vme de pse tsc msr pae mce cx8 apic sep sse sse2 ht syscall nx lm constant_tsc avx avx2"

# Where a machine's own sensors are read. A fake machine shows these places empty: it has its test's sensors alone.
SENSORS = (
    "/sys/class/powercap",
    "/sys/devices/virtual/powercap",
    "/sys/bus/event_source/devices/power",
    "/sys/class/hwmon",
    "/sys/class/power_supply",
    "/sys/class/thermal",
    "/sys/class/drm",
    "/sys/class/dmi/id",
    "/sys/bus/pci/devices",
    "/sys/bus/i2c/drivers/ina3221",
    "/sys/bus/i2c/drivers/ina3221x",
    "/sys/devices/system/edac/mc",
    "/sys/cray/pm_counters",
    "/sys/hypervisor",
    "/proc/device-tree",
    "/proc/driver/nvidia",
    "/dev/cpu",
    "/dev/hsmp",
    "/dev/kfd",
    "/dev/ipmi0",
    "/dev/ipmi",
    "/dev/ipmidev",
    "/dev/nvidiactl",
)


@dataclass(frozen=True)
class Processor:
    """`rows`: what /proc/cpuinfo says of each CPU beside its numbers. `control`, `reader`: the kernel's name for its
    powercap zones, and that of our reader of them. `quality`: of what they count. `has_parts`: whether memory and the
    parts of a package have zones too."""

    name: str
    rows: Mapping[str, str]
    control: str
    reader: str
    quality: str
    has_parts: bool

    def device(self, package: int) -> str:
        """What our reader calls a package."""
        return "cpu" if self.reader == "scmi_powercap" else f"cpu:{package}"

    def zones(self, zones: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Those of a machine's zones (`fakes.zones`) that this processor has, under the names it has for them."""
        kept = [dict(zone) for zone in zones if self.has_parts or _is_package(zone)]
        for zone in kept:
            for key in ("path", "mirror_of"):
                if key in zone:
                    zone[key] = str(zone[key]).replace("intel-rapl", self.control, 1)
        return kept

    def cpuinfo(self, cpus: Sequence[int], sockets: int) -> str:
        """The text of /proc/cpuinfo."""
        is_x86 = "vendor_id" in self.rows
        blocks = []
        for place, cpu in enumerate(cpus):
            rows = {"processor": str(cpu), **self.rows}
            if is_x86:
                count = len(cpus) // sockets or 1
                numbers = {"physical id": _socket(place, cpus, sockets), "siblings": count, "core id": place}
                rows |= {name: str(number) for name, number in numbers.items()} | {"cpu cores": str(count)}
            blocks.append("".join(f"{name}\t: {value}\n" for name, value in rows.items()))
        return "\n".join(blocks) + "\n"


def _is_package(zone: Mapping[str, Any]) -> bool:
    return str(zone["path"]).startswith("intel-rapl:") and str(zone["name"]).startswith("package")


def _socket(place: int, cpus: Sequence[int], sockets: int) -> int:
    return place * sockets // len(cpus)


def _x86(vendor: str, family: int, model: int, name: str, flags: str = X86_FLAGS) -> dict[str, str]:
    return {
        "vendor_id": vendor,
        "cpu family": str(family),
        "model": str(model),
        "model name": name,
        "stepping": "1",
        "cpu MHz": "2000.000",
        "flags": flags,
    }


INTEL = Processor(
    "intel",
    _x86("GenuineIntel", 6, 106, "Intel(R) Xeon(R) Gold 6330 CPU @ 2.00GHz"),
    control="intel-rapl",
    reader="rapl_powercap",
    quality="measured",
    has_parts=True,
)
AMD = Processor(
    "amd",
    _x86("AuthenticAMD", 25, 1, "AMD EPYC 7763 64-Core Processor", X86_FLAGS + " rapl"),
    control="intel-rapl",
    reader="rapl_powercap",
    quality="modelled",
    has_parts=False,
)
ARM = Processor(
    "arm",
    {
        "BogoMIPS": "50.00",
        "Features": "fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics",
        "CPU implementer": "0x41",
        "CPU architecture": "8",
        "CPU variant": "0x3",
        "CPU part": "0xd0c",
        "CPU revision": "1",
    },
    control="arm-scmi",
    reader="scmi_powercap",
    quality="measured",
    has_parts=False,
)
ALL = {processor.name: processor for processor in (INTEL, AMD, ARM)}


def default() -> Processor:
    """The processor of a machine whose test names none."""
    return ALL[os.environ.get("IMPACT_FAKE_PROCESSOR", "intel")]


def sockets_of(zones: Sequence[Mapping[str, Any]]) -> int:
    """How many processors the zones of a machine are of."""
    names = {str(zone["name"]).partition("-die-")[0] for zone in zones if _is_package(zone)}
    return max(len(names), 1)


def shown(processor: Processor, zones: Sequence[Mapping[str, Any]], root: Path = Path("/")) -> dict[str, str | Tree]:
    """Files and directories that stand in for those of the machine beneath: its processor, and nothing of its sensors.

    The CPUs keep their numbers, as programs run on them and /proc/stat counts their time; they are spread over the
    sockets that the zones have.
    """
    listed = {name: _text(root, f"{CPU}/{name}") for name in ("online", "possible", "present", "kernel_max")}
    cpus = _numbers(listed["online"]) or list(range(os.cpu_count() or 1))
    sockets = min(sockets_of(zones), len(cpus))
    tree = {name: text for name, text in listed.items() if text}
    for place, cpu in enumerate(cpus):
        topology = {
            "physical_package_id": _socket(place, cpus, sockets),
            "die_id": 0,
            "core_id": place,
            "thread_siblings_list": cpu,
        }
        tree |= {f"cpu{cpu}/topology/{name}": f"{number}\n" for name, number in topology.items()}
    hidden: dict[str, str | Tree] = {path: {} for path in SENSORS}
    return {**hidden, "/proc/cpuinfo": processor.cpuinfo(cpus, sockets), CPU: tree}


def _text(root: Path, path: str) -> str:
    try:
        return (root / path.lstrip("/")).read_text()
    except OSError:
        return ""


def _numbers(text: str) -> list[int]:
    """`0-2,5` as the numbers that it means."""
    spans = [part.split("-") for part in text.strip().split(",") if part]
    return [number for span in spans for number in range(int(span[0]), int(span[-1]) + 1)]
