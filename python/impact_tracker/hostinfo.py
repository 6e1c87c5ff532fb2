"""Hardware and software of this host, for a record's header. Read once a process; what is not there is absent."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from . import _core
from .control_groups import cpu_quota, cpu_set_size, memory_limit
from .system import system_version, usable_processors

_OF_CPUINFO = 4096  # bytes: the first processor; the kernel writes one entry a processor, and hundreds take a while


def _text(path: str, limit: int = 65536) -> str:
    try:
        with Path(path).open(encoding="utf-8", errors="replace") as stream:
            return stream.read(limit)
    except OSError:
        return ""


def _field(text: str, name: str, separator: str) -> str | None:
    for line in text.splitlines():
        key, separated, value = line.partition(separator)
        if separated and key.strip() == name:
            return value.strip().strip('"')
    return None


def _memory_bytes() -> int | None:
    if sys.platform == "win32":
        return None
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return None


def _usable_cpus() -> int | None:
    return usable_processors() if hasattr(os, "sched_getaffinity") else None


def _reserved_cpus(root: str = "/", threads: int | None = None) -> float | None:
    """Threads that the limits of the control group leave, `None` where they leave all."""
    limits = [limit for limit in (cpu_quota(root), cpu_set_size(root)) if limit is not None]
    most = threads or os.cpu_count()
    return min(limits) if limits and most and min(limits) < most else None


def _reserved_memory(root: str = "/", memory_bytes: int | None = None) -> int | None:
    """Bytes that the limits of the control group leave, `None` where they leave all."""
    limit, most = memory_limit(root), memory_bytes or _memory_bytes()
    return limit if limit is not None and most and limit < most else None


def _nvidia_cards() -> list[dict[str, str]]:
    """Name and UUID of each card, as the driver shows them without being asked through NVML."""
    cards = []
    folder = Path("/proc/driver/nvidia/gpus")
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return []
    for entry in entries:
        text = _text(str(entry / "information"))
        cards.append({"name": _field(text, "Model", ":") or "", "uuid": _field(text, "GPU UUID", ":") or ""})
    return cards


def _amd_cards(folder: str = "/sys/class/drm") -> list[dict[str, str]]:
    """AMD's cards, with their name where the driver has one."""
    cards = []
    for entry in sorted(Path(folder).glob("card[0-9]*/device/vendor")):
        if _text(str(entry), 16).strip() == "0x1002":
            device = entry.parent
            name, uuid = (_text(str(device / field), 200).strip() for field in ("product_name", "unique_id"))
            cards.append({"name": name, "uuid": uuid})
    return cards


def _sockets_and_cores(cpuinfo: str, threads: int | None) -> tuple[int | None, int | None]:
    """From the first processor's entry: threads and cores of its socket. None where the system does not tell (Arm)."""
    siblings, cores = (_field(cpuinfo, name, ":") or "" for name in ("siblings", "cpu cores"))
    if not threads or not siblings.isdigit() or not cores.isdigit() or int(siblings) == 0:
        return None, None
    sockets = max(1, round(threads / int(siblings)))
    return sockets, sockets * int(cores)


def _product(root: str = "/") -> str | None:
    """The board: of the firmware's tables, or of the device tree that Arm boards (Jetson) have instead."""
    files = ("sys/class/dmi/id/product_name", "proc/device-tree/model")
    names = (_text(str(Path(root) / file), 200).strip(" \t\n\0") for file in files)
    return next((name for name in names if name), None)


# What a cloud's firmware says of itself: file below sys/class/dmi/id, the words in it, the cloud.
_CLOUDS = (
    ("sys_vendor", "Amazon EC2", "aws"),
    ("bios_vendor", "Amazon EC2", "aws"),
    ("bios_version", ".amazon", "aws"),  # machines of its first generations, whose maker is Xen
    ("product_name", "Google Compute Engine", "gcp"),
    ("chassis_asset_tag", "7783-7084-3265-9085-8269-3286-77", "azure"),  # the maker and product are Hyper-V's anywhere
    ("sys_vendor", "Scaleway", "scaleway"),
    ("chassis_asset_tag", "OracleCloud.com", "oracle"),
    ("sys_vendor", "Alibaba Cloud", "alibaba"),
    ("sys_vendor", "DigitalOcean", "digitalocean"),
    ("sys_vendor", "Hetzner", "hetzner"),
)


def _cloud(root: str = "/") -> str | None:
    """The cloud whose machine this is, where its firmware says so."""
    folder = Path(root) / "sys/class/dmi/id"
    firmware = {file: _text(str(folder / file), 200) for file, _, _ in _CLOUDS}
    return next((cloud for file, words, cloud in _CLOUDS if words in firmware[file]), None)


def _cpu_id(cpuinfo: str) -> str | None:
    """Maker, family and model of the first processor, of an Arm core its implementer and part."""
    fields = (
        ("vendor_id", "cpu family", "model") if _field(cpuinfo, "vendor_id", ":") else ("CPU implementer", "CPU part")
    )
    told = [_field(cpuinfo, name, ":") for name in fields]
    return " ".join(word for word in told if word) if all(told) else None


@cache
def host_info() -> dict[str, object]:
    """`cpu`, `cpu_id`, `virtual`, `sockets`, `physical_cores`, `logical_cpus`, `usable_cpus` (this process's),
    `memory_bytes`, `reserved_cpus` and `reserved_memory_bytes` (limits of the control group, below the machine's),
    `system`, `kernel`, `machine`, `product`, `cloud`, `gpus`."""
    cpuinfo = _text("/proc/cpuinfo", _OF_CPUINFO)
    sockets, cores = _sockets_and_cores(cpuinfo, os.cpu_count())
    facts: dict[str, object] = {
        "cpu": _core.cpu_name() or _field(cpuinfo, "cpu", ":") or _field(cpuinfo, "Model", ":"),
        "cpu_id": _cpu_id(cpuinfo),
        "virtual": True if " hypervisor" in cpuinfo else None,
        "sockets": sockets,
        "physical_cores": cores,
        "logical_cpus": os.cpu_count(),
        "usable_cpus": _usable_cpus(),
        "memory_bytes": _memory_bytes(),
        "reserved_cpus": _reserved_cpus(),
        "reserved_memory_bytes": _reserved_memory(),
        "machine": platform.machine(),
        "system": _field(_text("/etc/os-release"), "PRETTY_NAME", "=") or system_version(),
        "kernel": f"{platform.system()} {platform.release()}",
        "product": _product(),
        "cloud": _cloud(),
        "gpus": [*_nvidia_cards(), *_amd_cards()],
        "python": f"{sys.implementation.name} {sys.version.split()[0]}",
    }
    return {name: value for name, value in facts.items() if value not in (None, [])}


class Hardware(NamedTuple):
    """What a record's header says of its machine; `None` where it does not. `cores` are physical, `threads` what the
    system counts; `gpus` the names of the cards, one each; `cpu_id` the processor's maker, family and model;
    `virtual`: a virtual machine; `product`: its board, or the type of a cloud's instance; `cloud`: whose firmware it
    is; `reserved_cpus`, `reserved_memory_bytes`: threads and bytes that a container's limits leave it."""

    cpu: str | None = None
    cores: int | None = None
    threads: int | None = None
    sockets: int | None = None
    memory_bytes: int | None = None
    gpus: tuple[str, ...] = ()
    kernel: str | None = None
    system: str | None = None
    python: str | None = None
    hostname: str | None = None
    tool: str | None = None
    tool_version: str | None = None
    cpu_id: str | None = None
    virtual: bool = False
    product: str | None = None
    reserved_cpus: float | None = None
    reserved_memory_bytes: int | None = None
    cloud: str | None = None

    @property
    def gpu(self) -> str | None:
        """The cards' name; names joined where they differ."""
        return " and ".join(dict.fromkeys(name for name in self.gpus if name)) or None


def hardware_of(header: Mapping[str, object]) -> Hardware:
    """The machine of a record's header (its keys `host`, `tool`, `hostname`), of `host_info()` where it is given as
    `{"host": …}`. What is of an unlooked-for type is taken as not said."""
    host = _table(header.get("host"))
    tool = _table(header.get("tool"))
    cards = host.get("gpus")
    listed = cards if isinstance(cards, (list, tuple)) else ()
    names = [card.get("name") if isinstance(card, Mapping) else card for card in listed]
    return Hardware(
        cpu=_word(host.get("cpu")),
        cores=_count(host.get("physical_cores")),
        threads=_count(host.get("logical_cpus")),
        sockets=_count(host.get("sockets")),
        memory_bytes=_count(host.get("memory_bytes")),
        gpus=tuple(_word(name) or "" for name in names),
        kernel=_word(host.get("kernel")),
        system=_word(host.get("system")),
        python=(_word(host.get("python")) or "").rpartition(" ")[2] or None,
        hostname=_word(header.get("hostname")),
        tool=_word(tool.get("name")),
        tool_version=_word(tool.get("version")),
        cpu_id=_word(host.get("cpu_id")),
        virtual=host.get("virtual") is True,
        product=_word(host.get("product")),
        reserved_cpus=_amount(host.get("reserved_cpus")),
        reserved_memory_bytes=_count(host.get("reserved_memory_bytes")),
        cloud=_word(host.get("cloud")),
    )


def _table(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _word(value: object) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _amount(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if 0 < value < float("inf") else None
