"""One training or inference with every metric that is known of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

from ...values.statistics import Mean, MeanRatio, ratio_of_means, ratio_of_paired, scaled
from ..questions.groups import BOUNDED

_FLOP_OF_A_MAC = 2.0


class ScoredRun(NamedTuple):
    """One run's score and what was spent on it; `None`: not known."""

    score: float | None
    energy_j: float | None
    duration_s: float | None


@dataclass(frozen=True)
class MetricsEntry:
    """Means over the runs of one thing; `None`: not known. `macs`: multiply-adds of all of it; `core_hours`: processor
    time; `score`: accuracy, Dice …, by `metric`; `is_reported`: the score is what the network's authors report, not
    what these runs reached; `examples`: that were gone through; `bias`: the energy's common relative error (95 %);
    `each_run`: score and cost of the same run, for how they vary together, none where that is not known."""

    name: str
    origin: str
    phase: str
    runs: int
    energy: Mean | None = None
    carbon_g: Mean | None = None
    duration_s: Mean | None = None
    core_hours: Mean | None = None
    gpu_hours: Mean | None = None
    parameters: float | None = None
    bytes: float | None = None
    macs: Mean | None = None
    score: Mean | None = None
    metric: str | None = None
    is_reported: bool = False
    examples: float | None = None
    bias: float | None = None
    modelled: float | None = None
    each_run: tuple[ScoredRun, ...] = ()

    @property
    def flops(self) -> Mean | None:
        """Floating-point operations: two a multiply-add."""
        return None if self.macs is None else scaled(self.macs, _FLOP_OF_A_MAC)

    @property
    def energy_j(self) -> float | None:
        """Joules, of the mean."""
        return None if self.energy is None else self.energy.value

    def value(self, name: str) -> float | None:
        """One of `METRICS`, as a number above 0; `None` where it is not known, or nothing."""
        if name in ("parameters", "bytes"):
            value = self.parameters if name == "parameters" else self.bytes
        else:
            known = self.efficiency(name) if name.endswith("_efficiency") else self.mean(name)
            value = None if known is None else known.value
        return value if value is not None and math.isfinite(value) and value > 0 else None

    def mean(self, name: str) -> Mean | None:
        """One of `METRICS` that was measured run by run; `None` of any other."""
        return {
            "flops": self.flops,
            "duration_s": self.duration_s,
            "core_hours": self.core_hours,
            "gpu_hours": self.gpu_hours,
            "energy_j": self.energy,
            "carbon_g": self.carbon_g,
            "score": self.score,
        }.get(name)

    def efficiency(self, name: str) -> MeanRatio | None:
        """The score over what was spent on it, with the interval of both, which knows how they vary together where both
        are known of the same runs; of a reported score with that of the cost."""
        cost, unit = {
            "energy_efficiency": (self.energy, 1e3),
            "time_efficiency": (self.duration_s, 3600.0),
            "size_efficiency": (_exactly(self.parameters, self.score), 1e6),
        }[name]
        if self.score is None or cost is None:
            return None
        paired = self._paired(name)
        if paired:
            ratio = ratio_of_paired([score for score, _ in paired], [spent for _, spent in paired])
        else:
            score = _exactly(self.score.value, cost) if self.is_reported else self.score
            ratio = None if score is None else ratio_of_means(score, cost)
        if ratio is None:
            return None
        ends = [None if end is None else end * unit for end in (ratio.low, ratio.high)]
        return MeanRatio(ratio.value * unit, *ends)

    def _paired(self, name: str) -> list[tuple[float, float]]:
        """Score and cost of every run, where all of them know both and neither is counted once for all."""
        if self.is_reported or name == "size_efficiency":
            return []
        spent = [run.energy_j if name == "energy_efficiency" else run.duration_s for run in self.each_run]
        pairs = [(run.score, cost) for run, cost in zip(self.each_run, spent)]
        known = [(score, cost) for score, cost in pairs if score is not None and cost is not None]
        return known if len(known) == len(pairs) == self.runs and all(min(pair) > 0 for pair in known) else []

    @property
    def is_paired(self) -> bool | None:
        """Whether the efficiencies' intervals know how score and cost vary together; `None` where there is nothing to
        know, as of one run or a reported score."""
        if self.runs < 2 or self.score is None or self.is_reported:
            return None
        costs = [name for name, mean in (("energy_efficiency", self.energy), ("time_efficiency", self.duration_s))
                 if mean is not None]  # fmt: skip
        return all(map(self._paired, costs)) if costs else None

    def ends(self, name: str) -> tuple[float, float] | None:
        """The 95 % interval of one of `METRICS` over its runs; `None` where there is none: of one run, of a count."""
        if name in ("parameters", "bytes"):
            return None
        if name.endswith("_efficiency"):
            ratio = self.efficiency(name)
            return None if ratio is None or ratio.low is None or ratio.high is None else (ratio.low, ratio.high)
        mean = self.mean(name)
        if mean is None:
            return None
        return mean.interval_up_to(1.0) if name == "score" and self.metric in BOUNDED else mean.interval

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
            duration_s=_scaled(self.duration_s, 1 / count),
            core_hours=_scaled(self.core_hours, 1 / count),
            gpu_hours=_scaled(self.gpu_hours, 1 / count),
            macs=_scaled(self.macs, 1 / count),
            each_run=tuple(
                ScoredRun(run.score, _divided(run.energy_j, count), _divided(run.duration_s, count))
                for run in self.each_run
            ),
        )


def _scaled(mean: Mean | None, factor: float) -> Mean | None:
    return None if mean is None else scaled(mean, factor)


def _divided(value: float | None, by: float) -> float | None:
    return None if value is None else value / by


def _exactly(value: float | None, beside: Mean | None) -> Mean | None:
    """A number that no run scatters around, as often as the mean it is held against."""
    if value is None or beside is None:
        return None
    return Mean(value, None, 1, None) if beside.runs < 2 else Mean(value, 0.0, beside.runs, 0.0)


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
