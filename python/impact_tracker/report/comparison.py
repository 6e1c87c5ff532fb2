"""Two runs, or two groups of runs: how far B differs from A in energy, power, duration and carbon."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from .. import digits
from ..result import Result
from ..values import Energy, total
from ..values.statistics import deviation_of, student_t
from .page import Page, Table
from .runs import ReadRecord


class SideMean(NamedTuple):
    """One side's quantity: mean over its runs, 95 % half-width, how many runs."""

    value: float
    half_width: float
    runs: int


class Difference(NamedTuple):
    """One quantity of B against A, each with its 95 % half-width."""

    name: str
    unit: str
    a: SideMean
    b: SideMean
    difference: float
    difference_half_width: float
    ratio: float | None
    ratio_half_width: float | None

    @property
    def overlap(self) -> bool:
        """Whether the sides' intervals have values in common."""
        return abs(self.difference) <= self.a.half_width + self.b.half_width

    @property
    def clear(self) -> bool:
        """Whether the difference is larger than its own uncertainty."""
        return abs(self.difference) > self.difference_half_width

    def to_dict(self) -> dict[str, object]:
        """For JSON."""
        return {
            **self._asdict(),
            "a": self.a._asdict(),
            "b": self.b._asdict(),
            "overlap": self.overlap,
            "clear": self.clear,
        }


@dataclass(frozen=True)
class Side:
    """One side's mean energy, in two parts whose biases differ in kind.

    A sensor's bias is a part of what it reads, so it cancels between sides that the same sensors metered. A model's
    bias changes with the load and does not cancel. `sensors` holds all of the error that differs from run to run.
    The same holds for power and carbon, which are in proportion to energy: then the unit is watts or grams.
    """

    sensors: Energy
    models: Energy
    runs: int

    def mean(self, *, same_sensors: bool) -> SideMean:
        """The side alone; without the sensors' bias where both sides have the same one."""
        sensors = replace(self.sensors, bias_j=0.0) if same_sensors else self.sensors
        energy = total([sensors, self.models])
        return SideMean(energy.best_j or 0.0, energy.error_j or 0.0, self.runs)

    def minus(self, other: Side, *, same_sensors: bool) -> Energy:
        """What this side has beyond the other."""
        if not same_sensors:
            return total([self.sensors, self.models]).minus(total([other.sensors, other.models]), same_sensors=False)
        models = self.models.minus(other.models, same_sensors=False)
        return total([self.sensors.minus(other.sensors, same_sensors=True), models])


def same_sensors(a: Sequence[ReadRecord], b: Sequence[ReadRecord]) -> bool:
    """Whether both sides were metered by the same channels of the same host: then their common bias cancels."""

    def meters(run: ReadRecord) -> tuple[str, ...]:
        return (run.hostname, *sorted(channel.id for channel in run.result.measured.channels if channel.in_total))

    return len({meters(run) for run in (*a, *b)}) == 1 and a[0].hostname != ""


def parts_of(result: Result) -> tuple[Energy, Energy]:
    """(what sensors gave, what models gave) of an energy that was measured."""
    energy = result.energy
    modelled = (channel for channel in result.measured.channels if channel.in_total and channel.quality != "measured")
    bias_j = math.fsum(channel.bias_j or 0.0 for channel in modelled)
    models = Energy(energy.modelled_j or 0.0, 0.0, bias_j, quality="modelled")
    sensors = Energy(
        (energy.best_j or 0.0) - (energy.modelled_j or 0.0),
        energy.half_j,
        None if energy.bias_j is None else max(energy.bias_j - bias_j, 0.0),
    )
    return sensors, models


def side_of(runs: Sequence[ReadRecord], factor: Callable[[Result], float]) -> Side | None:
    """The mean over runs of their energies times a factor; `None` where one of them was not measured."""
    if any(run.result.energy_j is None for run in runs):
        return None
    parts = [[part.scaled(factor(run.result)) for part in parts_of(run.result)] for run in runs]
    sensors, models = (total(column).scaled(1.0 / len(runs)) for column in zip(*parts))
    # The scatter between runs holds all that changes from run to run, each run's own interval as well.
    scatter = scatter_of([total(pair).best_j or 0.0 for pair in parts])
    return Side(replace(sensors, half_j=max(sensors.half_j or 0.0, scatter)), models, len(runs))


def scatter_of(values: Sequence[float]) -> float:
    """95 % half-width of the mean, by Student's t; 0 for one value, of which no scatter is known."""
    if len(values) < 2:
        return 0.0
    return student_t(0.95, len(values) - 1) * deviation_of(values) / math.sqrt(len(values))


def _difference(name: str, unit: str, a: SideMean, b: SideMean, half_width: float) -> Difference:
    if not a.value > 0:
        return Difference(name, unit, a, b, b.value - a.value, half_width, None, None)
    ratio = b.value / a.value
    relative = math.hypot(a.half_width / a.value, b.half_width / b.value if b.value else 0.0)
    return Difference(name, unit, a, b, b.value - a.value, half_width, ratio, ratio * relative)


def compare(a: Sequence[ReadRecord], b: Sequence[ReadRecord]) -> list[Difference]:
    """Energy, mean power, duration and carbon of B against A; a quantity that one run lacks is left out."""
    cancels = same_sensors(a, b)

    def proportional(name: str, unit: str, factor: Callable[[Result], float]) -> list[Difference]:
        first, second = side_of(a, factor), side_of(b, factor)
        if first is None or second is None:
            return []
        half_width = second.minus(first, same_sensors=cancels).error_j or 0.0
        means = [side.mean(same_sensors=cancels) for side in (first, second)]
        return [_difference(name, unit, means[0], means[1], half_width)]

    def duration(runs: Sequence[ReadRecord]) -> SideMean:
        seconds = [run.result.duration_s for run in runs]
        return SideMean(math.fsum(seconds) / len(runs), scatter_of(seconds), len(runs))

    first, second = duration(a), duration(b)
    lengths = _difference("duration", "s", first, second, math.hypot(first.half_width, second.half_width))
    has_power = all(run.result.duration_s > 0 for run in (*a, *b))
    return [
        *proportional("energy", "J", lambda result: 1.0),
        *(proportional("power", "W", lambda result: 1.0 / result.duration_s) if has_power else ()),
        lengths,
        *proportional("carbon", "g", _grams_per_joule),
    ]


def _grams_per_joule(result: Result) -> float:
    return max((result.carbon_g or 0.0) / result.energy_j, 0.0) if result.energy_j else 0.0


def _shown(value: float, half: float | None, unit: str) -> str:
    if unit == "s":
        return digits.quantity(value, "s", half or None)
    if unit == "g":
        return digits.quantity(value, "g CO2e", half or None)
    return digits.energy(value, half) if unit == "J" else digits.quantity(value, unit, half)


def _ratio(difference: Difference) -> str:
    if difference.ratio is None:
        return ""
    half = difference.ratio_half_width or None
    decimals = digits.decimals_for(difference.ratio, half)
    return digits.fixed(difference.ratio, decimals) + (f" ± {digits.widened(half, decimals)}" if half else "")


def _verdict(difference: Difference, names: tuple[str, str]) -> str:
    if difference.ratio is None:
        return f"{difference.name}: no ratio, {names[0]} used none"
    if not difference.clear:
        return (
            f"{names[1]} and {names[0]} used the same {difference.name} within what is known: the difference may be 0"
        )
    percent = abs(difference.ratio - 1) * 100
    half = (difference.ratio_half_width or 0.0) * 100
    decimals = max(0, digits.decimals_for(percent, half or None))
    word = "more" if difference.ratio > 1 else "less"
    amount = f"{percent:.{decimals}f} % ± {digits.widened(half, decimals)} % {word} {difference.name}"
    return f"{names[1]} used {amount} than {names[0]}"


def page_of(a: Sequence[ReadRecord], b: Sequence[ReadRecord], names: tuple[str, str]) -> Page:
    """The verdict on energy, then every quantity, then what to know."""
    differences = compare(a, b)
    rows = [
        (
            each.name,
            _shown(each.a.value, each.a.half_width, each.unit),
            _shown(each.b.value, each.b.half_width, each.unit),
            _shown(each.difference, each.difference_half_width, each.unit),
            _ratio(each),
            "overlap" if each.overlap else "apart",
        )
        for each in differences
    ]
    energies = [each for each in differences if each.name == "energy"]
    headline = _verdict(energies[0], names) if energies else "energy cannot be compared: a run measured none"
    table = Table(("", f">A {names[0]}", f">B {names[1]}", ">B - A", ">B / A", "intervals"), rows)
    return Page(headline, [table], _caveats(a, b, names))


def _caveats(a: Sequence[ReadRecord], b: Sequence[ReadRecord], names: tuple[str, str]) -> list[str]:
    caveats = []
    for runs, name in ((a, names[0]), (b, names[1])):
        if len(runs) == 1:
            caveats.append(
                f"{name} is one run: its interval holds the measurement's error, not the scatter between runs"
            )
        else:
            caveats.append(f"{name}: mean of {len(runs)} runs, interval from their scatter (Student's t, 95 %)")
        for run in runs:
            if run.state != "complete":
                caveats.append(f"{run.label} {run.state if run.state == 'ends early' else 'is damaged'}")
    if same_sensors(a, b):
        caveats.append("same sensors on one host: their own bias cancels and is left out, that of models is not")
    else:
        caveats.append("different hosts or sensors: each side's sensor bias is in its interval")
    if len({run.result.weighing.intensity.value for run in (*a, *b)}) > 1:
        caveats.append("the runs are weighed with different carbon intensities")
    if len({run.result.weighing.pue for run in (*a, *b)}) > 1:
        caveats.append("the runs are weighed with different PUEs")
    return caveats
