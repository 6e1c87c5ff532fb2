"""Statistics over runs: means with Student's interval, Olympic means. Intervals need scipy (extra report)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from importlib.util import find_spec
from types import ModuleType
from typing import NamedTuple, cast

OLYMPIC_RUNS = 5  # so many at least, that best and worst may be dropped


class Mean(NamedTuple):
    """Mean over `runs` values with the half-width of its 95 % interval; `None` where one run tells no spread."""

    value: float
    half_width: float | None
    runs: int
    deviation: float | None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The ends of the 95 % interval; `None` where one run tells no spread. Of a positive mean both are positive:
        where the half-width is as large as the mean itself, the interval is that of the logarithm."""
        if self.half_width is None:
            return None
        if self.value > 0 and self.half_width >= self.value:
            # An exponent beyond 700 is beyond all numbers, and so is what is known of such a mean.
            factor = math.exp(min(self.half_width / self.value, 700.0))
            return self.value / factor, self.value * factor
        return self.value - self.half_width, self.value + self.half_width

    @property
    def relative(self) -> float | None:
        """Coefficient of variation: standard deviation of the runs over their mean."""
        return abs(self.deviation / self.value) if self.deviation is not None and self.value else None


def kept_of(values: Sequence[float], *, olympic: bool = False) -> list[float]:
    """In order of size; `olympic`: without the best and the worst, where five or more are there."""
    kept = sorted(values)
    return kept[1:-1] if olympic and len(kept) >= OLYMPIC_RUNS else kept


def mean_of(values: Sequence[float], *, olympic: bool = False, level: float = 0.95) -> Mean | None:
    """Mean with Student's t interval; `None` for no values.

    `olympic`: the best and the worst are dropped first, where five or more are there. The interval is then that of a
    trimmed mean, from the winsorised deviation of all runs (Tukey and McLaughlin 1963), as the deviation of those that
    are left is too small.
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


class MeanRatio(NamedTuple):
    """The ratio of two positive means with its 95 % interval, whose ends are positive and hold 1 where Welch's test of
    the logarithms does not tell the two apart, and that test's p; `None` where a side is one run."""

    value: float
    low: float | None
    high: float | None
    p: float | None = None


def ratio_of_means(above: Mean, below: Mean) -> MeanRatio | None:
    """By the logarithms, whose variance is log(1 + CV²), with the degrees of freedom of Welch and Satterthwaite; `None`
    for a mean that is not above 0."""
    if not above.value > 0 or not below.value > 0:
        return None
    ratio = above.value / below.value
    if above.relative is None or below.relative is None:
        return MeanRatio(ratio, None, None)
    variances = [math.log1p(mean.relative**2) / mean.runs for mean in (above, below) if mean.relative is not None]
    freedoms = [mean.runs - 1 for mean in (above, below)]
    variance = math.fsum(variances)
    if variance == 0:
        return MeanRatio(ratio, ratio, ratio, 1.0 if ratio == 1 else 0.0)
    freedom = variance**2 / math.fsum(each**2 / free for each, free in zip(variances, freedoms))
    factor = math.exp(min(student_t(0.95, freedom) * math.sqrt(variance), 700.0))
    from scipy.special import stdtr

    p = 2 * float(stdtr(freedom, -abs(math.log(ratio)) / math.sqrt(variance)))
    return MeanRatio(ratio, ratio / factor, ratio * factor, p)


def deviation_of(values: Sequence[float]) -> float:
    """Standard deviation of a sample of two or more; 0 where the values are equal but for the rounding of their sum."""
    mean = math.fsum(values) / len(values)
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))
    return 0.0 if deviation < 1e-14 * abs(mean) else deviation


def student_t(level: float, freedom: float) -> float:
    """Two-sided quantile of Student's t: |t| stays below it with probability `level`."""
    if not 0 < level < 1 or freedom <= 0:
        raise ValueError(f"a level lies between 0 and 1 and degrees of freedom above 0, not {level} and {freedom}")
    require_scipy()
    from scipy.special import stdtrit  # a tenth of the time that scipy.stats takes to load

    return float(stdtrit(freedom, (1 + level) / 2))


def require_scipy() -> None:
    """ImportError that names the extra where scipy is missing."""
    if find_spec("scipy") is None:
        raise ImportError("statistics over runs need scipy: pip install 'impact-tracker[report]'")


def scipy_stats() -> ModuleType:
    """scipy.stats, or an error that names the extra."""
    require_scipy()
    import scipy.stats

    return cast("ModuleType", scipy.stats)
