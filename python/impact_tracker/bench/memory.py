"""Whether a network fits, before it is tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any

from .suites_base import Test

_WEIGHT_BYTES = 4
# The worker's own rough rule: what passes hold of a layer's outputs, weights with gradients and Adam's two moments.
_VALUE_BYTES = {"inference": 2, "training": 10}
_WEIGHTS_HELD = {"inference": 1, "training": 4}


def system_memory(root: str = "/") -> tuple[int, int] | None:
    """(bytes in all, bytes available) of this machine; None where /proc/meminfo does not say."""
    found = {}
    try:
        for line in (Path(root) / "proc/meminfo").read_text().splitlines():
            name, _, value = line.partition(":")
            if name in ("MemTotal", "MemAvailable"):
                found[name] = int(value.split()[0]) * 1024
    except (OSError, ValueError, IndexError):
        return None
    return (found["MemTotal"], found["MemAvailable"]) if len(found) == 2 else None


def estimated_bytes(test: Test, network: Mapping[str, Any]) -> int:
    """What a test needs about, from the network's facts at its own size and the size the test asks for."""
    phase = "training" if "training" in test.phases else "inference"
    own, asked = list(network.get("input") or []), test.load.get("size")
    scale = 1.0
    if asked is not None and own:
        sides: Sequence[int] = [asked, asked] if isinstance(asked, int) else list(asked)
        before = own[-len(sides) :]
        scale = prod(sides) / max(prod(before), 1)
    values = float(network.get("activations") or 0) * scale * float(test.load.get("batch", 1))
    weights = float(network.get("parameters") or 0) * _WEIGHT_BYTES
    return round(weights * _WEIGHTS_HELD[phase] + values * _VALUE_BYTES[phase])


def shown(count: float) -> str:
    """`1.4 GB`"""
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.0f} MB"
