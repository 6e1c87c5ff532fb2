"""How a machine was set while a phase ran, as its row says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class PowerLimit:
    """A limit that is in force on a device: `name` as its source calls it, as long_term, enforced, power1_cap."""

    device: str
    name: str
    limit_w: float


@dataclass(frozen=True)
class MachineState:
    """How the machine was set in a phase. `boost`: whether processors may go beyond their nominal clock; `clock_mhz`:
    mean over the processors while it ran, between the slowest and the fastest of them; `clock_floor_mhz`,
    `clock_ceiling_mhz`: what the governor may choose between; `missing`: why a part is not known."""

    governor: str | None = None
    boost: bool | None = None
    clock_mhz: float | None = None
    clock_low_mhz: float | None = None
    clock_high_mhz: float | None = None
    clock_floor_mhz: float | None = None
    clock_ceiling_mhz: float | None = None
    power_limits: tuple[PowerLimit, ...] = ()
    missing: Mapping[str, str] = field(default_factory=dict)
