"""Zones of well-known machines, as the configuration that ``fake-powercap`` and ``counter-files`` read.

A zone is a plain dictionary; its keys are listed in ``powercap/machine.hpp``. Curves are texts of ``curve.hpp``.
"""

from __future__ import annotations

from typing import Any

Zone = dict[str, Any]

PACKAGE_LIMITS = [
    {"name": "long_term", "power_limit_uw": 150_000_000, "time_window_us": 999_424, "max_power_uw": 150_000_000},
    {"name": "short_term", "power_limit_uw": 180_000_000, "time_window_us": 7_808, "max_power_uw": 376_000_000},
]


def package(index: int, curve: str = "constant:100", *, socket: int | None = None, **options: Any) -> Zone:
    """``intel-rapl:<index>``, named after its socket. Each starts elsewhere in its range, as real counters do."""
    return {
        "path": f"intel-rapl:{index}",
        "name": f"package-{index if socket is None else socket}",
        "curve": curve,
        "start_j": 1000.0 + 7777.7 * index,
        "constraints": PACKAGE_LIMITS,
        **options,
    }


def subzone(parent: str, index: int, name: str, curve: str = "constant:20", **options: Any) -> Zone:
    """A part (core, uncore) or a neighbour (dram) of a package: the kernel hangs both below it."""
    return {"path": f"{parent}:{index}", "name": name, "curve": curve, "start_j": 321.5 + 1000.1 * index, **options}


def psys(index: int = 1, curve: str = "constant:130", **options: Any) -> Zone:
    """The platform domain: it looks like one more socket."""
    return {"path": f"intel-rapl:{index}", "name": "psys", "curve": curve, "start_j": 55.5, **options}


def mmio_mirror(index: int = 0, of: str = "intel-rapl:0") -> Zone:
    """The same package through its other door: counted twice by whoever adds it."""
    return {"path": f"intel-rapl-mmio:{index}", "name": "package-0", "mirror_of": of, "constraints": PACKAGE_LIMITS}


def server(
    curve: str = "constant:100",
    *,
    sockets: int = 1,
    dram: str | None = None,
    core: str | None = None,
    **options: Any,
) -> list[Zone]:
    """An Intel server: packages, each with a core and a dram zone where these have a curve."""
    zones = []
    for socket in range(sockets):
        zones.append(package(socket, curve, **options))
        parts = [(name, text) for name, text in (("core", core), ("dram", dram)) if text is not None]
        zones += [subzone(f"intel-rapl:{socket}", i, name, text, **options) for i, (name, text) in enumerate(parts)]
    return zones


def laptop(
    curve: str = "sine:15:10:2s", *, core: str = "sine:9:8:2s", platform: str = "sine:22:10:2s", **options: Any
) -> list[Zone]:
    """package with core and uncore, psys (numbered like a socket) and the mmio mirror of the package."""
    return [
        package(0, curve, **options),
        subzone("intel-rapl:0", 0, "core", core, **options),
        subzone("intel-rapl:0", 1, "uncore", "constant:1", **options),
        psys(1, platform, **options),
        mmio_mirror(),
    ]


def multi_die(curve: str = "constant:110", *, dies: int = 2, **options: Any) -> list[Zone]:
    """One socket whose every die shows the counter of the whole package: mirrors that must be counted once."""
    first = package(0, curve, **options) | {"name": "package-0-die-0"}
    return [first] + [
        {"path": f"intel-rapl:{die}", "name": f"package-0-die-{die}", "mirror_of": "intel-rapl:0"}
        for die in range(1, dies)
    ]


def intel_msr(cpus: list[int], zones: list[Zone], unit_register: str = "0xA0E03") -> dict[str, Any]:
    """The registers of one Intel package on these CPUs, for ``FakeMachine(msr=[…])``.

    Give the zones ``unit_uj=61.03515625``, to which the unit register's ESU of 14 belongs.
    """
    numbers = {"dram": "0x619", "core": "0x639", "uncore": "0x641", "psys": "0x64D"}
    registers = {numbers.get(zone["name"], "0x611"): zone["path"] for zone in zones}
    return {"cpus": cpus, "registers": {"0x606": unit_register, **registers}}


def amd_msr(cpus: list[int], package_path: str, core_path: str | None = None) -> dict[str, Any]:
    """The registers of an AMD package; give the zones ``unit_uj=15.2587890625``."""
    core = {"0xC001029A": core_path} if core_path else {}
    return {"cpus": cpus, "registers": {"0xC0010299": "0xA1003", "0xC001029B": package_path, **core}}


def following_load(
    *, idle_w: float = 20.0, watts_per_cpu: float = 40.0, by_command: dict[str, float] | None = None, dram: bool = False
) -> list[Zone]:
    """A package (and a dram zone with a tenth of it) whose power follows the real load of this machine."""
    load = {"idle_w": idle_w, "watts_per_cpu": watts_per_cpu, "by_command": by_command or {}}
    zones: list[Zone] = [{"path": "intel-rapl:0", "name": "package-0", "load": load, "start_j": 1000.0}]
    if dram:
        tenth = {
            "idle_w": idle_w / 10,
            "watts_per_cpu": watts_per_cpu / 10,
            "by_command": {name: watts / 10 for name, watts in (by_command or {}).items()},
        }
        zones.append({"path": "intel-rapl:0:0", "name": "dram", "load": tenth})
    return zones
