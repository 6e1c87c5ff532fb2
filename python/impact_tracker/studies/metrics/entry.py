"""One training or inference with every metric that is known of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

from ...values.statistics import Mean

_FLOP_OF_A_MAC = 2.0


@dataclass(frozen=True)
class MetricsEntry:
    """Means over the runs of one thing; `None`: not known. `macs`: multiply-adds of all of it; `core_hours`: processor
    time; `score`: accuracy, Dice …, by `metric`; `is_reported`: the score is what the network's authors report, not
    what these runs reached; `examples`: that were gone through; `bias`: the energy's common relative error (95 %)."""

    name: str
    origin: str
    phase: str
    runs: int
    energy: Mean | None = None
    carbon_g: Mean | None = None
    duration_s: float | None = None
    core_hours: float | None = None
    gpu_hours: float | None = None
    parameters: float | None = None
    bytes: float | None = None
    macs: float | None = None
    score: Mean | None = None
    metric: str | None = None
    is_reported: bool = False
    examples: float | None = None
    bias: float | None = None
    modelled: float | None = None

    @property
    def flops(self) -> float | None:
        """Floating-point operations: two a multiply-add."""
        return None if self.macs is None else _FLOP_OF_A_MAC * self.macs

    @property
    def energy_j(self) -> float | None:
        """Joules, of the mean."""
        return None if self.energy is None else self.energy.value

    def value(self, name: str) -> float | None:
        """One of `METRICS`, as a number above 0; `None` where it is not known, or nothing."""
        value = {
            "parameters": self.parameters,
            "bytes": self.bytes,
            "flops": self.flops,
            "duration_s": self.duration_s,
            "core_hours": self.core_hours,
            "gpu_hours": self.gpu_hours,
            "energy_j": self.energy_j,
            "carbon_g": None if self.carbon_g is None else self.carbon_g.value,
            "score": None if self.score is None else self.score.value,
            "energy_efficiency": self._score_per(self.energy_j, 1e3),
            "time_efficiency": self._score_per(self.duration_s, 3600),
            "size_efficiency": self._score_per(self.parameters, 1e6),
        }[name]
        return value if value is not None and math.isfinite(value) and value > 0 else None

    def _score_per(self, cost: float | None, unit: float) -> float | None:
        return None if self.score is None or not cost else self.score.value / cost * unit

    def each(self) -> MetricsEntry:
        """The same for one example; what no example has is left as it is."""
        count = self.examples
        if not count:
            return replace(
                self, energy=None, carbon_g=None, duration_s=None, core_hours=None, gpu_hours=None, macs=None
            )
        return replace(
            self,
            energy=_scaled(self.energy, 1 / count),
            carbon_g=_scaled(self.carbon_g, 1 / count),
            duration_s=_part(self.duration_s, count),
            core_hours=_part(self.core_hours, count),
            gpu_hours=_part(self.gpu_hours, count),
            macs=_part(self.macs, count),
        )


def _part(value: float | None, count: float) -> float | None:
    return None if value is None else value / count


def _scaled(mean: Mean | None, factor: float) -> Mean | None:
    if mean is None:
        return None
    half, deviation = mean.half_width, mean.deviation
    return Mean(
        mean.value * factor,
        None if half is None else half * factor,
        mean.runs,
        None if deviation is None else deviation * factor,
    )


class KnownMetric(NamedTuple):
    """`unit`: as it is shown; `is_energy`: whether it is the energy by another name, so that it is no news;
    `is_cost`: whether people take it for a cost, so that more of it should be more energy."""

    name: str
    title: str
    unit: str
    is_energy: bool = False
    is_cost: bool = True

    @property
    def is_of_score(self) -> bool:
        """Whether entries of different kinds of score cannot be compared by it."""
        return not self.is_cost


METRICS = {
    metric.name: metric
    for metric in (
        KnownMetric("parameters", "parameters", ""),
        KnownMetric("bytes", "bytes", "B"),
        KnownMetric("flops", "FLOPs", "FLOP"),
        KnownMetric("duration_s", "time", "s"),
        KnownMetric("core_hours", "core-hours", "h"),
        KnownMetric("gpu_hours", "GPU-hours", "h"),
        KnownMetric("carbon_g", "carbon", "g", is_energy=True),
        KnownMetric("score", "score", "", is_cost=False),
        KnownMetric("energy_efficiency", "score a kJ", "1/kJ", is_energy=True, is_cost=False),
        KnownMetric("time_efficiency", "score an hour", "1/h", is_cost=False),
        KnownMetric("size_efficiency", "score a million parameters", "1/M", is_cost=False),
    )
}
