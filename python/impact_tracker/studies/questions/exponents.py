"""With which power an energy grows, and how well that is known: by the repeats' own slopes, or by the scatter of single
runs around the line."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ...bench.analyse.relations import LEAST_POINTS, power_law
from ...digits import with_range
from ...values.statistics import mean_of


class Exponent(NamedTuple):
    """The slope of the straight line through the logarithms of energy and size, by least squares, with its 95 %
    interval. `repeats`: that ran every one of the `sizes`; their own slopes are the sample where they are two or more.
    Of one repeat the interval is that of a line through so few points, from four on; else there is none."""

    value: float
    low: float | None
    high: float | None
    repeats: int
    sizes: int

    @property
    def text(self) -> str:
        """`0.97 (0.91 to 1.03)`; without an interval the number alone."""
        if self.low is None or self.high is None or self.low == self.high:
            return f"{self.value:.2f}"
        return with_range(self.value, self.low, self.high)

    @property
    def how(self) -> str:
        """What the interval is made of, or why there is none."""
        if self.repeats > 1:
            return f"n = {self.repeats} repeats of {self.sizes} sizes"
        if self.low is not None:
            return f"scatter around the line, n = {self.sizes} sizes run once"
        return f"{self.sizes} sizes run once: no interval"


def exponent_of(runs: Sequence[Mapping[float, float]]) -> Exponent | None:
    """Of the repeats' energies by size. A repeat that lacks a size says nothing of it, unless all lack one: then the
    geometric means of the sizes are one repeat. `None` for fewer than two sizes, or where nothing is above 0."""
    sizes = sorted({size for run in runs for size in run})
    if len(sizes) < 2 or min(sizes) <= 0 or any(joules <= 0 for run in runs for joules in run.values()):
        return None
    complete = [run for run in runs if len(run) == len(sizes)]
    if len(complete) < 2:
        means = {size: _geometric_mean([run[size] for run in runs if size in run]) for size in sizes}
        complete = [means] if len(runs) > 1 else complete
    slopes = mean_of([slope_of(run) for run in complete])
    if slopes is None:
        return None
    if slopes.half_width is not None:
        ends = slopes.value - slopes.half_width, slopes.value + slopes.half_width
        return Exponent(slopes.value, *ends, slopes.runs, len(sizes))
    fit = power_law(sizes, [complete[0][size] for size in sizes]) if len(sizes) >= LEAST_POINTS else None
    if fit is None or not math.isfinite(fit.exponent_low):
        return Exponent(slopes.value, None, None, 1, len(sizes))
    return Exponent(fit.exponent, fit.exponent_low, fit.exponent_high, 1, len(sizes))


def _geometric_mean(values: Sequence[float]) -> float:
    return math.exp(math.fsum(map(math.log, values)) / len(values))


def slope_of(energies: Mapping[float, float]) -> float:
    """The slope of the line through the logarithms of one repeat's energies and sizes."""
    logs = [(math.log(size), math.log(joules)) for size, joules in energies.items()]
    x, y = (math.fsum(part) / len(logs) for part in zip(*logs))
    spread = math.fsum((log_x - x) ** 2 for log_x, _ in logs)
    return math.fsum((log_x - x) * (log_y - y) for log_x, log_y in logs) / spread
