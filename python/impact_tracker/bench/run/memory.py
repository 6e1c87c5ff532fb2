"""Whether a network fits, before it is tried."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from pathlib import Path

from ...control_groups import groups_of
from ...runner import NetworkFacts
from ..plan.test import Test

_WEIGHT_BYTES = 4
# The worker's own rough rule: what passes hold of a layer's outputs, weights with gradients and Adam's two moments.
_VALUE_BYTES = {"inference": 2, "training": 10}
_WEIGHTS_HELD = {"inference": 1, "training": 4}


def system_memory(root: str = "/") -> tuple[int, int] | None:
    """(bytes in all, bytes available) to this process: the machine's, or those of the control group (a container, a
    job of a cluster) that allows less. None where /proc/meminfo does not say."""
    sizes = {}
    try:
        for line in (Path(root) / "proc/meminfo").read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            if name in ("MemTotal", "MemAvailable"):
                sizes[name] = int(value.split()[0]) * 1024
    except (OSError, ValueError, IndexError):
        return None
    if len(sizes) < 2:
        return None
    most, free = sizes["MemTotal"], sizes["MemAvailable"]
    for limit, left in _group_limits(root):
        most, free = min(most, limit), min(free, left)
    return most, free


def _group_limits(root: str) -> Iterator[tuple[int, int]]:
    """(limit, what is left of it) of every control group above this process that has one."""
    for folder, v2 in groups_of("memory", root):
        if v2:
            yield from _limit_of(folder, "memory.max", "memory.current", "inactive_file")
        else:
            yield from _limit_of(folder, "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")


def _limit_of(folder: Path, limit: str, used: str, cache: str) -> Iterator[tuple[int, int]]:
    try:
        texts = ((folder / name).read_text(encoding="utf-8") for name in (limit, used))
        most, now = map(int, texts)  # "max" is no number
        stat = dict(line.split()[:2] for line in (folder / "memory.stat").read_text(encoding="utf-8").splitlines())
    except (OSError, ValueError):
        return
    yield most, max(most - now + int(stat.get(cache, 0)), 0)  # the cache of files is given back when it is wanted


def estimated_bytes(test: Test, network: NetworkFacts) -> int:
    """What a test needs about, from the network's facts at its own size and the size the test asks for."""
    phase = "training" if "training" in test.phases else "inference"
    own, asked = network.input or (), test.load.get("size")
    scale = 1.0
    if asked is not None and own:
        sides: Sequence[int] = [asked, asked] if isinstance(asked, int) else list(asked)
        before = own[-len(sides) :]
        scale = prod(sides) / max(prod(before), 1)
    values = float(network.activations or 0) * scale * float(test.load.get("batch", 1))
    weights = float(network.parameters or 0) * _WEIGHT_BYTES
    return round(weights * _WEIGHTS_HELD[phase] + values * _VALUE_BYTES[phase])


def shown(count: float) -> str:
    """An amount of memory in words: `1.4 GB`, `310 MB`."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
