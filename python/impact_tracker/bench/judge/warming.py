"""How far a machine that warms up is from its steady state, with what its noise leaves open.

A machine under a constant load approaches its steady power as P = a + b exp(-t/T). T is not known: it is looked for on
a grid that grows finer where it fits, and every T is weighed by how well it does. A level that a noisy series seems to
have reached is not taken for the steady one: what the series cannot tell stands in the interval.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

SHORTEST_S, LONGEST_S = 40.0, 450.0  # time constants: of a heat sink, of a case with all that is in it
USUAL_CHANGE = 0.3  # a machine's power from cold to warm, relative: what is expected before anything was read
LEAST_LEVELS = 8
_NORMAL_95 = 1.959964
_GRID, _ROUNDS = 12, 4
_UNLIKELY = 12.0  # a time constant whose logarithm of likelihood is so much below the best one's is left out
_MOST_LEVELS = 120  # of a stretch; more are averaged, which changes nothing over times short against T


class Remaining(NamedTuple):
    """How much the steady level lies above (below, where negative) the mean of a window, relative to it: the best value
    and the ends of its 95 % interval."""

    best: float
    low: float
    high: float

    @property
    def most(self) -> float:
        """The largest change, up or down, that the interval still holds."""
        return max(abs(self.low), abs(self.high))


class Stretch(NamedTuple):
    """Levels (power or speed) at times since the load began, evenly spaced, between which nothing else changed."""

    times_s: Sequence[float]
    levels: Sequence[float]

    def thinned(self) -> _Thinned:
        """The same in fewer levels, where there are very many."""
        count = len(self.levels)
        group = max(-(-count // _MOST_LEVELS), 1)
        slices = [slice(first, min(first + group, count)) for first in range(0, count, group)]
        times_s, levels = ([_mean(part[piece]) for piece in slices] for part in self)
        return _Thinned(times_s, levels, [piece.stop - piece.start for piece in slices])


class _Thinned(NamedTuple):
    """Means of neighbouring levels, and of how many each is."""

    times_s: Sequence[float]
    levels: Sequence[float]
    counts: Sequence[int]

    def mean(self, values: Sequence[float]) -> float:
        """Mean of a value a level, weighed by the counts."""
        return math.fsum(count * value for count, value in zip(self.counts, values)) / sum(self.counts)


def remaining(stretches: Sequence[Stretch], ahead: tuple[float, float] | None = None) -> Remaining | None:
    """How far the last stretch's mean is from the steady level, each stretch having a level of its own but all of them
    one course; `ahead`: a window to come is meant instead. `None` for too few levels, and where they are not
    positive."""
    known = [stretch.thinned() for stretch in stretches if len(stretch.levels) > 1]
    means = sum(len(stretch.levels) for stretch in known)
    if means < LEAST_LEVELS:
        return None
    scale, last = known[-1].mean(known[-1].levels), sum(known[-1].counts)
    if not scale > 0:
        return None
    free = max(sum(len(stretch.levels) for stretch in known) - len(known) - 2, 1)
    fits = _fits(known, free)
    best = min(fits, key=lambda fit: fit.residual)
    variance = max(best.residual / free * inflation_of(best.residuals(known)), (1e-6 * scale) ** 2)
    parts = []
    for fit in fits:
        # What is known beforehand acts as one level more: no change, give or take the usual one.
        precision = fit.xx + variance / (USUAL_CHANGE * scale) ** 2
        slope = fit.xy / precision
        likelihood = -0.5 * (fit.yy - fit.xy * slope) / variance - 0.5 * math.log(precision)
        # Each second of T is as likely as another, and the grid has steps of its logarithm.
        weight = likelihood + math.log(fit.time_constant_s)
        x = fit.last_x if ahead is None else _mean_x(fit.time_constant_s, *ahead)
        spread = x * x * variance / precision + (variance / last if ahead is None else 0.0)
        parts.append((weight, -slope * x / scale, math.sqrt(spread) / scale))
    return _mixture(parts)


class _Fit(NamedTuple):
    """A course of one time constant through all stretches. Sums of x = exp(-t/T) and of the levels y are about each
    stretch's own means; `residual`: what of the squares of y it leaves; `last_x`: mean of x in the last stretch."""

    time_constant_s: float
    xx: float
    xy: float
    yy: float
    last_x: float

    @classmethod
    def of(cls, stretches: Sequence[_Thinned], time_constant_s: float) -> _Fit:
        """The fit by least squares."""
        xx = xy = yy = x_mean = 0.0
        for stretch in stretches:
            x = [math.exp(-time_s / time_constant_s) for time_s in stretch.times_s]
            x_mean, y_mean = stretch.mean(x), stretch.mean(stretch.levels)
            for value, level, count in zip(x, stretch.levels, stretch.counts):
                dx, dy = value - x_mean, level - y_mean
                xx += count * dx * dx
                xy += count * dx * dy
                yy += count * dy * dy
        return cls(time_constant_s, xx, xy, yy, x_mean)

    @property
    def residual(self) -> float:
        """The squares that it leaves."""
        return max(self.yy - self.xy**2 / self.xx, 0.0) if self.xx > 0 else self.yy

    def residuals(self, stretches: Sequence[_Thinned]) -> list[float]:
        """What it leaves of each level, times the root of how many levels that one is a mean of."""
        slope = self.xy / self.xx if self.xx > 0 else 0.0
        left: list[float] = []
        for stretch in stretches:
            course = [slope * math.exp(-time_s / self.time_constant_s) for time_s in stretch.times_s]
            y = [level - part for level, part in zip(stretch.levels, course)]
            middle = stretch.mean(y)
            left += [math.sqrt(count) * (value - middle) for value, count in zip(y, stretch.counts)]
        return left


def _fits(stretches: Sequence[_Thinned], free: int) -> list[_Fit]:
    """Fits at time constants that are evenly spaced in their logarithm over all that are likely."""
    low, high = math.log(SHORTEST_S), math.log(LONGEST_S)
    for _ in range(_ROUNDS):
        step = (high - low) / (_GRID - 1)
        fits = [_Fit.of(stretches, math.exp(low + place * step)) for place in range(_GRID)]
        least = min(fit.residual for fit in fits)
        unlikely = _UNLIKELY * 2 * max(least, 1e-300) / free
        likely = [place for place, fit in enumerate(fits) if fit.residual - least <= unlikely]
        if len(likely) > _GRID // 2:
            break
        low, high = (
            max(low + (likely[0] - 1) * step, math.log(SHORTEST_S)),
            min(low + (likely[-1] + 1) * step, math.log(LONGEST_S)),
        )
    return fits


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _mean_x(time_constant_s: float, begin_s: float, end_s: float) -> float:
    """Mean of exp(-t/T) from one time to another."""
    if end_s <= begin_s:
        return math.exp(-begin_s / time_constant_s)
    ends = math.exp(-begin_s / time_constant_s) - math.exp(-end_s / time_constant_s)
    return ends * time_constant_s / (end_s - begin_s)


def _mixture(parts: Sequence[tuple[float, float, float]]) -> Remaining:
    """Mean and central 95 % of normal distributions that are weighed by the exponentials of their first numbers."""
    top = max(weight for weight, _, _ in parts)
    weights = [math.exp(weight - top) for weight, _, _ in parts]
    total = math.fsum(weights)
    best = math.fsum(weight * mean for weight, (_, mean, _) in zip(weights, parts)) / total

    def below(value: float) -> float:
        return (
            math.fsum(
                weight * 0.5 * (1 + math.erf((value - mean) / (sd * math.sqrt(2))))
                for weight, (_, mean, sd) in zip(weights, parts)
            )
            / total
        )

    ends = []
    for wanted in (0.025, 0.975):
        low = min(mean - 6 * sd for _, mean, sd in parts)
        high = max(mean + 6 * sd for _, mean, sd in parts)
        for _ in range(50):
            middle = (low + high) / 2
            low, high = (middle, high) if below(middle) < wanted else (low, middle)
        ends.append((low + high) / 2)
    return Remaining(best, *ends)


def inflation_of(residuals: Sequence[float]) -> float:
    """By how much levels that resemble the one before them widen the variance of a mean; 1 where chance alone could
    make them as alike."""
    n = len(residuals)
    squares = math.fsum(value * value for value in residuals)
    if n < LEAST_LEVELS or squares <= 0:
        return 1.0
    alike = math.fsum(a * b for a, b in zip(residuals, residuals[1:])) / squares
    if alike <= _NORMAL_95 / math.sqrt(n):
        return 1.0
    alike = min(alike, 0.9)
    return (1 + alike) / (1 - alike)
