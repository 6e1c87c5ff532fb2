"""Two runs, or two groups of runs, beside each other: difference and ratio with their intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from .. import digits
from ..result import Result
from .page import Page, Table
from .runs import Run

# Student's t, two-sided 95 %, by degrees of freedom; beyond, the next lower of the list.
_T95 = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262, 10: 2.228}
_T95.update({12: 2.179, 15: 2.131, 20: 2.086, 25: 2.060, 30: 2.042, 40: 2.021, 60: 2.000, 120: 1.980, 100000: 1.960})


def student_t95(freedom: int) -> float:
    """Half-width of a mean's 95 % interval in standard errors."""
    return _T95[max(known for known in _T95 if known <= freedom)]


class Side(NamedTuple):
    """One side's quantity: mean over its runs, 95 % half-width, how many runs."""

    value: float
    half_width: float
    runs: int


class Comparison(NamedTuple):
    """B against A: each with its 95 % half-width; `overlap`: whether the two intervals have values in common;
    `clear`: whether the interval of the difference leaves out 0."""

    name: str
    unit: str
    a: Side
    b: Side
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

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            **self._asdict(),
            "a": self.a._asdict(),
            "b": self.b._asdict(),
            "overlap": self.overlap,
            "clear": self.clear,
        }


def same_sensors(a: Sequence[Run], b: Sequence[Run]) -> bool:
    """Whether both sides were metered by the same channels of the same host: then their common bias cancels."""

    def kinds(runs: Sequence[Run]) -> set[tuple[Any, ...]]:
        return {
            (
                run.record.header.get("hostname"),
                *sorted(str(c["id"]) for c in run.result.channels if c.get("in_total")),
            )
            for run in runs
        }

    together = kinds(a) | kinds(b)
    return len(together) == 1 and next(iter(together))[0] is not None


def modelled_bias(result: Result) -> float:
    """The models' part of the bias: it changes with the load, and so does not cancel as a sensor's own does."""
    modelled = (c for c in result.channels if c.get("in_total") and c.get("quality") != "measured")
    return math.hypot(*(c["bias_j"] for c in modelled if isinstance(c.get("bias_j"), (int, float))))


def _side(
    runs: Sequence[Run], value: Callable[[Result], float | None], spread: Callable[[Result], float]
) -> Side | None:
    values = [found for found in (value(run.result) for run in runs) if found is not None]
    if len(values) != len(runs):
        return None
    mean = math.fsum(values) / len(values)
    own = math.hypot(*(spread(run.result) for run in runs)) / len(values)
    if len(values) == 1:
        return Side(mean, own, 1)
    scatter = math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (len(values) - 1) / len(values))
    # Scatter between runs holds what changes from run to run; the intervals of each are in it already.
    return Side(mean, max(own, student_t95(len(values) - 1) * scatter), len(values))


def _compared(name: str, unit: str, a: Side | None, b: Side | None) -> Comparison | None:
    if a is None or b is None:
        return None
    difference, half = b.value - a.value, math.hypot(a.half_width, b.half_width)
    if not a.value > 0:
        return Comparison(name, unit, a, b, difference, half, None, None)
    ratio = b.value / a.value
    relative = math.hypot(a.half_width / a.value, b.half_width / b.value if b.value else 0.0)
    return Comparison(name, unit, a, b, difference, half, ratio, ratio * relative)


def compare(a: Sequence[Run], b: Sequence[Run]) -> list[Comparison]:
    """Energy, mean power, duration and carbon of B against A; a quantity that one run lacks is left out."""
    cancels = same_sensors(a, b)

    def interval(result: Result) -> float:
        spread = ((result.energy_high_j or 0.0) - (result.energy_low_j or 0.0)) / 2
        return math.hypot(spread, modelled_bias(result) if cancels else result.bias_j or 0.0)

    def of_power(result: Result) -> float:
        return interval(result) / result.duration_s if result.duration_s > 0 else 0.0

    def of_carbon(result: Result) -> float:
        return interval(result) * (result.carbon_g or 0.0) / result.energy_j if result.energy_j else 0.0

    found = [
        _compared("energy", "J", *(_side(side, lambda r: r.energy_j, interval) for side in (a, b))),
        _compared("power", "W", *(_side(side, lambda r: r.power_w, of_power) for side in (a, b))),
        _compared("duration", "s", *(_side(side, lambda r: r.duration_s, lambda r: 0.0) for side in (a, b))),
        _compared("carbon", "g", *(_side(side, lambda r: r.carbon_g, of_carbon) for side in (a, b))),
    ]
    return [one for one in found if one is not None]


def _shown(value: float, half: float | None, unit: str) -> str:
    if unit == "s":
        return digits.quantity(value, "s", half or None)
    if unit == "g":
        return digits.quantity(value, "g CO2e", half or None)
    return digits.energy(value, half) if unit == "J" else digits.quantity(value, unit, half)


def _ratio(one: Comparison) -> str:
    if one.ratio is None:
        return ""
    half = one.ratio_half_width or None
    decimals = digits.decimals_for(one.ratio, half)
    return digits.fixed(one.ratio, decimals) + (f" ± {digits.widened(half, decimals)}" if half else "")


def _verdict(one: Comparison, names: tuple[str, str]) -> str:
    if one.ratio is None:
        return f"{one.name}: no ratio, {names[0]} used none"
    if not one.clear:
        return f"{names[1]} and {names[0]} used the same {one.name} within what is known: the difference may be 0"
    percent = abs(one.ratio - 1) * 100
    half = (one.ratio_half_width or 0.0) * 100
    decimals = max(0, digits.decimals_for(percent, half or None))
    word = "more" if one.ratio > 1 else "less"
    amount = f"{percent:.{decimals}f} % ± {digits.widened(half, decimals)} % {word} {one.name}"
    return f"{names[1]} used {amount} than {names[0]}"


def page_of(a: Sequence[Run], b: Sequence[Run], names: tuple[str, str]) -> Page:
    """The verdict on energy, then every quantity, then what to know."""
    found = compare(a, b)
    energy = next((one for one in found if one.name == "energy"), None)
    rows = []
    for one in found:
        rows.append(
            (
                one.name,
                _shown(one.a.value, one.a.half_width, one.unit),
                _shown(one.b.value, one.b.half_width, one.unit),
                _shown(one.difference, one.difference_half_width, one.unit),
                _ratio(one),
                "overlap" if one.overlap else "apart",
            )
        )
    headline = _verdict(energy, names) if energy else "energy cannot be compared: a run measured none"
    table = Table(("", f">A {names[0]}", f">B {names[1]}", ">B - A", ">B / A", "intervals"), rows)
    return Page(headline, [table], _caveats(a, b, names))


def _caveats(a: Sequence[Run], b: Sequence[Run], names: tuple[str, str]) -> list[str]:
    found = []
    for runs, name in ((a, names[0]), (b, names[1])):
        if len(runs) == 1:
            found.append(f"{name} is one run: its interval holds the measurement's error, not the scatter between runs")
        else:
            found.append(f"{name}: mean of {len(runs)} runs, interval from their scatter (Student's t, 95 %)")
        for run in runs:
            if run.state != "complete":
                found.append(f"{run.label} {run.state if run.state == 'ends early' else 'is damaged'}")
    if same_sensors(a, b):
        found.append("same sensors on one host: their own bias cancels and is left out, that of models is not")
    else:
        found.append("different hosts or sensors: each side's sensor bias is in its interval")
    if len({run.result.weighing.intensity.value for run in (*a, *b)}) > 1:
        found.append("the runs are weighed with different carbon intensities")
    if len({run.result.weighing.pue for run in (*a, *b)}) > 1:
        found.append("the runs are weighed with different PUEs")
    return found
