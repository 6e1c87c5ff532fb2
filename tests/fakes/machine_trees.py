#!/usr/bin/env python3
"""Writes ``tests/data/machines/<name>/{proc,sys}``: machines as their kernels show them, for root-prefixed readers.

The trees are committed; run this after a change here. They stand still: counters that move are in ``machine.py``.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

DATA = Path(__file__).resolve().parents[1] / "data" / "machines"
PERF_SCALE = "2.3283064365386962890625e-10"
INTEL_FLAGS = "fpu vme de pse tsc msr pae mce cx8 apic sep sse sse2 ht syscall nx lm constant_tsc avx avx2 avx512f"
AMD_FLAGS = "fpu vme de pse tsc msr pae mce cx8 apic sep sse sse2 ht syscall nx lm constant_tsc avx avx2 rapl"
EVENTS = {"cores": 1, "pkg": 2, "ram": 3, "gpu": 4, "psys": 5}


@dataclass(frozen=True)
class Cpu:
    number: int
    package: int
    die: int
    core: int
    siblings: tuple[int, ...]


@dataclass(frozen=True)
class Zone:
    """path below class/powercap, its name, what it holds, and its range in microjoules."""

    path: str
    name: str
    energy_uj: int
    range_uj: int = 262_143_328_850


@dataclass(frozen=True)
class Machine:
    name: str
    vendor: str
    family: int
    model: int
    stepping: int
    model_name: str
    mhz: float
    cpus: tuple[Cpu, ...]
    memory_kb: int
    flags: str
    product: str
    zones: tuple[Zone, ...] = ()
    events: tuple[str, ...] = ()
    event_cpus: str = "0"
    paranoid: int = 2
    files: dict[str, str] = field(default_factory=dict)


def cpus(packages: int, cores: int, threads: int, dies: int = 1) -> tuple[Cpu, ...]:
    """Numbered as Linux does: first each core's first thread, package by package, then the second threads."""
    all_cores = packages * cores
    made = []
    for number in range(all_cores * threads):
        core = number % all_cores
        siblings = tuple(core + thread * all_cores for thread in range(threads))
        within = core % cores
        made.append(Cpu(number, core // cores, within * dies // cores, within, siblings))
    return tuple(made)


MACHINES = (
    Machine(
        "intel-server-2s", "GenuineIntel", 6, 143, 8, "Intel(R) Xeon(R) Gold 5415+", 2900.0, cpus(2, 8, 1),
        263_600_000, INTEL_FLAGS, "PowerEdge R760",
        zones=(
            Zone("intel-rapl:0", "package-0", 145_217_332_110),
            Zone("intel-rapl:0:0", "dram", 20_881_004_517),
            Zone("intel-rapl:1", "package-1", 139_940_027_655),
            Zone("intel-rapl:1:0", "dram", 19_116_778_290),
            Zone("intel-rapl:2", "psys", 201_000_000_000),
        ),
        events=("pkg", "ram", "psys"), event_cpus="0,8",
    ),
    Machine(
        "amd-epyc-4die", "AuthenticAMD", 23, 1, 2, "AMD EPYC 7251 8-Core Processor", 2100.0, cpus(1, 8, 2, dies=4),
        131_800_000, AMD_FLAGS, "H11SSL-i",
        # The kernel hangs a zone on each die; all of them show the counter of the one package.
        zones=tuple(
            Zone(f"intel-rapl:{die}", f"package-0-die-{die}", 31_415_926_535, 65_532_610_987) for die in range(4)
        ),
        events=("pkg",), event_cpus="0",
    ),
    Machine(
        "intel-laptop", "GenuineIntel", 6, 140, 1, "11th Gen Intel(R) Core(TM) i7-1165G7 @ 2.80GHz", 2800.0,
        cpus(1, 4, 2), 16_100_000, INTEL_FLAGS, "XPS 13 9310",
        zones=(
            Zone("intel-rapl:0", "package-0", 88_300_112_044),
            Zone("intel-rapl:0:0", "core", 40_021_556_001),
            Zone("intel-rapl:0:1", "uncore", 2_118_450_963),
            Zone("intel-rapl:1", "psys", 160_700_334_518),
            Zone("intel-rapl-mmio:0", "package-0", 88_300_112_044),
        ),
        events=("cores", "pkg", "gpu", "psys"),
        files={
            "sys/class/power_supply/AC/type": "Mains\n",
            "sys/class/power_supply/AC/online": "0\n",
            "sys/class/power_supply/BAT0/type": "Battery\n",
            "sys/class/power_supply/BAT0/status": "Discharging\n",
            "sys/class/power_supply/BAT0/voltage_now": "7600000\n",
            "sys/class/power_supply/BAT0/current_now": "1250000\n",
            "sys/class/power_supply/BAT0/charge_now": "4100000\n",
        },
    ),
    Machine(
        "vm-no-sensors", "AuthenticAMD", 25, 1, 1, "AMD EPYC 7763 64-Core Processor", 2445.4, cpus(1, 2, 1),
        4_026_000, AMD_FLAGS.replace(" rapl", "") + " hypervisor", "Standard PC (Q35 + ICH9, 2009)",
    ),
    # Seen on a real guest: the power PMU is there with the platform event alone, which reads 0 for ever.
    Machine(
        "vm-psys-zero", "GenuineIntel", 6, 207, 2, "Intel(R) Xeon(R) Processor", 2100.0, cpus(1, 2, 1),
        24_731_708, INTEL_FLAGS + " hypervisor", "Virtual Machine", events=("psys",),
    ),
)  # fmt: skip


def cpuinfo(machine: Machine) -> str:
    cores = 1 + max(cpu.core for cpu in machine.cpus)
    siblings = sum(cpu.package == 0 for cpu in machine.cpus)
    blocks = []
    for cpu in machine.cpus:
        rows = {
            "processor": cpu.number, "vendor_id": machine.vendor, "cpu family": machine.family,
            "model": machine.model, "model name": machine.model_name, "stepping": machine.stepping,
            "microcode": "0x1", "cpu MHz": f"{machine.mhz:.3f}", "cache size": "16384 KB",
            "physical id": cpu.package, "siblings": siblings, "core id": cpu.core, "cpu cores": cores,
            "apicid": cpu.number, "fpu": "yes", "flags": machine.flags, "bogomips": f"{2 * machine.mhz:.2f}",
        }  # fmt: skip
        lines = (key + ("\t\t" if len(key) < 8 else "\t") + f": {value}\n" for key, value in rows.items())
        blocks.append("".join(lines))
    return "\n".join(blocks) + "\n"


def stat(machine: Machine) -> str:
    rows = [f"{1000 + 37 * cpu.number} 2 {300 + cpu.number} 90000 12 0 5 0 0 0" for cpu in machine.cpus]
    total = [sum(column) for column in zip(*(map(int, row.split()) for row in rows))]
    lines = ["cpu  " + " ".join(map(str, total))] + [f"cpu{i} {row}" for i, row in enumerate(rows)]
    return "\n".join([*lines, "intr 0", "ctxt 123456", "btime 1700000000", "processes 4242", "procs_running 1",
                      "procs_blocked 0", "softirq 0 0 0 0 0 0 0 0 0 0 0", ""])  # fmt: skip


def meminfo(machine: Machine) -> str:
    kb = machine.memory_kb
    rows = {"MemTotal": kb, "MemFree": kb // 2, "MemAvailable": kb * 3 // 4, "Buffers": kb // 100, "Cached": kb // 5,
            "SwapCached": 0, "SwapTotal": 0, "SwapFree": 0, "Shmem": 8856, "Slab": kb // 50}  # fmt: skip
    return "".join(f"{key + ':':<16}{value:>8} kB\n" for key, value in rows.items())


def proc_and_topology(machine: Machine) -> Iterator[tuple[str, str]]:
    last = len(machine.cpus) - 1
    yield "proc/cpuinfo", cpuinfo(machine)
    yield "proc/stat", stat(machine)
    yield "proc/meminfo", meminfo(machine)
    yield "proc/uptime", "1234.56 2000.00\n"
    yield "proc/loadavg", "0.10 0.20 0.15 1/200 4242\n"
    yield "proc/sys/kernel/perf_event_paranoid", f"{machine.paranoid}\n"
    yield "proc/sys/kernel/osrelease", "6.1.0-28-amd64\n"
    yield "proc/sys/kernel/hostname", f"{machine.name}\n"
    yield "proc/sys/kernel/random/boot_id", "01234567-89ab-4cde-8f01-23456789abcd\n"
    yield "sys/class/dmi/id/product_name", f"{machine.product}\n"
    for name in ("online", "possible", "present"):
        yield f"sys/devices/system/cpu/{name}", f"0-{last}\n"
    for cpu in machine.cpus:
        base = f"sys/devices/system/cpu/cpu{cpu.number}/topology"
        yield f"{base}/physical_package_id", f"{cpu.package}\n"
        yield f"{base}/die_id", f"{cpu.die}\n"
        yield f"{base}/core_id", f"{cpu.core}\n"
        yield f"{base}/thread_siblings_list", ",".join(map(str, cpu.siblings)) + "\n"


def perf_power(machine: Machine) -> Iterator[tuple[str, str]]:
    base = "sys/devices/power"
    yield f"{base}/type", "9\n"
    yield f"{base}/cpumask", f"{machine.event_cpus}\n"
    yield f"{base}/format/event", "config:0-7\n"
    yield f"{base}/perf_event_mux_interval_ms", "4\n"
    for event in machine.events:
        yield f"{base}/events/energy-{event}", f"event=0x{EVENTS[event]:02x}\n"
        yield f"{base}/events/energy-{event}.scale", f"{PERF_SCALE}\n"
        yield f"{base}/events/energy-{event}.unit", "Joules\n"


def zone_directory(path: str) -> str:
    """intel-rapl:0:1 -> intel-rapl/intel-rapl:0/intel-rapl:0:1, as in devices/virtual/powercap."""
    parts = path.split(":")
    return "/".join(":".join(parts[: i + 1]) for i in range(len(parts)))


def powercap(machine: Machine) -> Iterator[tuple[str, str]]:
    for zone in machine.zones:
        base = f"sys/devices/virtual/powercap/{zone_directory(zone.path)}"
        yield f"{base}/name", f"{zone.name}\n"
        yield f"{base}/energy_uj", f"{zone.energy_uj}\n"
        yield f"{base}/max_energy_range_uj", f"{zone.range_uj}\n"
        yield f"{base}/enabled", "1\n"
        if zone.name.startswith("package"):
            yield f"{base}/constraint_0_name", "long_term\n"
            yield f"{base}/constraint_0_power_limit_uw", "150000000\n"


def links(machine: Machine) -> Iterator[tuple[str, str]]:
    if machine.events:
        yield "sys/bus/event_source/devices/power", "../../../devices/power"
    for path in {zone.path.split(":")[0] for zone in machine.zones} | {zone.path for zone in machine.zones}:
        yield f"sys/class/powercap/{path}", f"../../devices/virtual/powercap/{zone_directory(path)}"


def write(machine: Machine, root: Path) -> None:
    """Writes one machine below root/<name>; what was there is replaced."""
    base = root / machine.name
    shutil.rmtree(base, ignore_errors=True)
    files = dict(proc_and_topology(machine)) | dict(powercap(machine)) | machine.files
    if machine.events:
        files |= dict(perf_power(machine))
    for name, text in files.items():
        (base / name).parent.mkdir(parents=True, exist_ok=True)
        (base / name).write_text(text)
    for name, target in links(machine):
        (base / name).parent.mkdir(parents=True, exist_ok=True)
        (base / name).symlink_to(target)


if __name__ == "__main__":
    for each in MACHINES:
        write(each, Path(sys.argv[1]) if len(sys.argv) > 1 else DATA)
