"""Stand-ins of the core's results: values with the properties that `_core.pyi` promises, which tests may set."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from impact_tracker.values import Energy, Quality


@dataclass(frozen=True)
class ChannelResult:
    id: str
    source: str
    device: str
    domain: str
    energy_j: float | None
    quality: Quality = "measured"
    half_width_j: float | None = None
    bias_j: float | None = None
    role: str = "in_total"
    quantity: str = "energy"
    unit: str = "J"
    coverage: float | None = 1.0
    provisional: bool = False

    measures_energy = True

    @property
    def energy(self) -> Energy:
        if self.energy_j is None:
            return Energy.missing()
        return Energy(self.energy_j, self.half_width_j, self.bias_j, quality=self.quality)

    @property
    def in_total(self) -> bool:
        return self.role == "in_total"

    @property
    def value(self) -> float | None:
        return self.energy_j


@dataclass(frozen=True)
class DeviceShare:
    id: str
    device: str
    share_j: float | None
    idle_j: float | None
    others_j: float | None
    machine_idle_j: float | None
    unattributed_j: float | None


@dataclass(frozen=True)
class Share:
    scope: str
    idle_policy: str
    whose: str
    share_j: float | None
    half_width_j: float | None
    bias_j: float | None
    idle_j: float | None
    others_j: float | None
    machine_idle_j: float | None
    unattributed_j: float | None
    cpu_s: float | None
    machine_cpu_s: float | None
    quality: Quality
    devices: list[DeviceShare] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class RegionResult:
    name: str
    start_ns: int
    stop_ns: int
    energy: Energy
    region: int = 0
    parent: int = 0
    edges: str = "plain"
    psys_j: float | None = None
    wall_j: float | None = None
    rest_j: float | None = None
    coverage: float | None = 1.0
    provisional: bool = False
    channels: list[ChannelResult] = field(default_factory=list)
    utilisation: dict[str, float | None] = field(default_factory=dict)
    share: Share | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def duration_s(self) -> float:
        return (self.stop_ns - self.start_ns) / 1e9

    @property
    def devices(self) -> dict[str, float | None]:
        energies: dict[str, float | None] = {}
        for channel in self.channels:
            if channel.in_total:
                before, joules = energies.get(channel.device), channel.energy_j
                energies[channel.device] = before if joules is None else joules + (before or 0.0)
        return energies

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> RegionResult:
        channels = [ChannelResult(**channel) for channel in fields["channels"]]
        return cls(**{**fields, "energy": Energy(**fields["energy"]), "channels": channels})
