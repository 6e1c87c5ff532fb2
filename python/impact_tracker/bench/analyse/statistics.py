"""Statistics over runs, with nothing but the standard library: means with Student's interval, Olympic means."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

OLYMPIC_RUNS = 5  # so many at least, that best and worst may be dropped


class Mean(NamedTuple):
    """Mean over `runs` values with the half-width of its 95 % interval; `None` where one run tells no spread."""

    value: float
    half_width: float | None
    runs: int
    deviation: float | None

    @property
    def relative(self) -> float | None:
        """Coefficient of variation: standard deviation of the runs over their mean."""
        return abs(self.deviation / self.value) if self.deviation is not None and self.value else None


def kept_of(values: Sequence[float], *, olympic: bool = False) -> list[float]:
    """In order of size; `olympic`: without the best and the worst, where five or more are there."""
    kept = sorted(values)
    return kept[1:-1] if olympic and len(kept) >= OLYMPIC_RUNS else kept


def mean_of(values: Sequence[float], *, olympic: bool = False, level: float = 0.95) -> Mean | None:
    """Mean with Student's t interval. `olympic`: best and worst are dropped first, where five or more are there; its
    interval is that of a trimmed mean, from the winsorised deviation of all runs (Tukey and McLaughlin 1963), as the
    deviation of those that are left is too small.

    None for no values.
    """
    kept = kept_of(values, olympic=olympic)
    if not kept:
        return None
    value = math.fsum(kept) / len(kept)
    if len(kept) == 1:
        return Mean(value, None, 1, None)
    deviation = deviation_of(kept)
    error = deviation / math.sqrt(len(kept))
    if len(kept) < len(values):
        winsorised = [kept[0], *kept, kept[-1]]
        error = deviation_of(winsorised) * math.sqrt(len(values)) / len(kept)
    return Mean(value, student_t(level, len(kept) - 1) * error, len(kept), deviation)


def deviation_of(values: Sequence[float]) -> float:
    """Standard deviation of a sample of two or more; 0 where the values are equal but for the rounding of their sum."""
    mean = math.fsum(values) / len(values)
    found = math.sqrt(math.fsum((one - mean) ** 2 for one in values) / (len(values) - 1))
    return 0.0 if found < 1e-14 * abs(mean) else found


def student_t(level: float, freedom: float) -> float:
    """Two-sided quantile of Student's t: |t| stays below it with probability `level`."""
    if not 0 < level < 1 or freedom <= 0:
        raise ValueError(f"a level lies between 0 and 1 and degrees of freedom above 0, not {level} and {freedom}")
    low, high = 0.0, 2.0
    while _within(high, freedom) < level:
        low, high = high, high * 2
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if _within(middle, freedom) < level else (low, middle)
    return (low + high) / 2


def student_p(t: float, freedom: float) -> float:
    """Two-sided p-value of a t statistic."""
    return 1.0 if math.isnan(t) else _beta(freedom / 2, 0.5, freedom / (freedom + t * t))


def _within(t: float, freedom: float) -> float:
    return 1.0 - student_p(t, freedom)


def _beta(a: float, b: float, x: float) -> float:
    """Regularised incomplete beta function I_x(a, b), by its continued fraction (Numerical Recipes, §6.4)."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(a, b, x) / a
    return 1.0 - front * _fraction(b, a, 1 - x) / b


def _fraction(a: float, b: float, x: float) -> float:
    tiny = 1e-300
    c, d = 1.0, 1.0 / _away(1.0 - (a + b) * x / (a + 1), tiny)
    value = d
    for m in range(1, 500):
        for numerator in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1.0 / _away(1.0 + numerator * d, tiny)
            c = _away(1.0 + numerator / c, tiny)
            value *= c * d
        if abs(c * d - 1.0) < 1e-15:
            break
    return value


def _away(value: float, tiny: float) -> float:
    return value if abs(value) > tiny else tiny
