"""Hardware and software of this host, for a record's header. Read once a process; what is not there is absent."""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path
from typing import Any

_OF_CPUINFO = 4096  # bytes: the first processor; the kernel writes one entry a processor, and hundreds take a while


def _text(path: str, limit: int = 65536) -> str:
    try:
        with Path(path).open(encoding="utf-8", errors="replace") as stream:
            return stream.read(limit)
    except OSError:
        return ""


def _field(text: str, name: str, separator: str) -> str | None:
    for line in text.splitlines():
        key, found, value = line.partition(separator)
        if found and key.strip() == name:
            return value.strip().strip('"')
    return None


def _memory_bytes() -> int | None:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return None


def _usable_cpus() -> int | None:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None


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


@cache
def host_info() -> dict[str, Any]:
    """`cpu`, `logical_cpus`, `usable_cpus` (this process's), `memory_bytes`, `system`, `kernel`, `machine`, `gpus`."""
    cpuinfo = _text("/proc/cpuinfo", _OF_CPUINFO)
    uname = os.uname()
    found: dict[str, Any] = {
        "cpu": _field(cpuinfo, "model name", ":") or _field(cpuinfo, "Model", ":"),
        "logical_cpus": os.cpu_count(),
        "usable_cpus": _usable_cpus(),
        "memory_bytes": _memory_bytes(),
        "machine": uname.machine,
        "system": _field(_text("/etc/os-release"), "PRETTY_NAME", "="),
        "kernel": f"{uname.sysname} {uname.release}",
        "product": _text("/sys/class/dmi/id/product_name", 200).strip() or None,
        "gpus": _nvidia_cards(),
        "python": f"{sys.implementation.name} {sys.version.split()[0]}",
    }
    return {name: value for name, value in found.items() if value not in (None, [])}
