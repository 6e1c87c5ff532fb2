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

    def interval_up_to(self, most: float) -> tuple[float, float] | None:
        """The ends of a share's 95 % interval: Student's, as far as they lie between 0 and `most`."""
        if self.half_width is None:
            return None
        return max(0.0, self.value - self.half_width), min(most, self.value + self.half_width)

    def to_dict(self, most: float | None = None) -> dict[str, float | int | None]:
        """For JSON: `low` and `high` are the ends that texts print, of a share up to `most`; `half_width` is Student's
        alone. All of these are `None` where one run tells no spread."""
        ends = self.interval if most is None else self.interval_up_to(most)
        low, high = (None, None) if ends is None else ends
        return {**self._asdict(), "low": low, "high": high}

    @property
    def error(self) -> float | None:
        """Standard error of the mean, of one that was trimmed too; `None` where one run tells no spread."""
        if self.half_width is None or self.runs < 2:
            return None
        return self.half_width / student_t(0.95, self.runs - 1)

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


def scaled(mean: Mean, by: float) -> Mean:
    """A mean, its interval and its spread times a number."""
    half, deviation = (None if part is None else part * by for part in (mean.half_width, mean.deviation))
    return Mean(mean.value * by, half, mean.runs, deviation)


def sum_of_means(parts: Sequence[tuple[float, Mean]]) -> Mean | None:
    """The sum of means that were measured in runs of their own, each so many times: variances add up, with the degrees
    of freedom of Welch and Satterthwaite. `None` for no parts. Of parts of which one is a single run the interval is
    not known. `runs`: of the part with the fewest.

    Quantities of the same runs belong together instead: the mean of the runs' own sums (`mean_of`) knows how they vary
    with each other.
    """
    if not parts:
        return None
    value = math.fsum(times * mean.value for times, mean in parts)
    runs = min(mean.runs for _, mean in parts)
    errors = [mean.error for _, mean in parts]
    if None in errors:
        return Mean(value, None, runs, None)
    variances = [(times * (error or 0.0)) ** 2 for (times, _), error in zip(parts, errors)]
    variance = math.fsum(variances)
    deviation = math.sqrt(variance * runs)
    if variance == 0:
        return Mean(value, 0.0, runs, 0.0)
    freedom = variance**2 / math.fsum(part**2 / (mean.runs - 1) for part, (_, mean) in zip(variances, parts))
    return Mean(value, student_t(0.95, freedom) * math.sqrt(variance), runs, deviation)


def interval_of_scatter(mean: Mean) -> tuple[float, float] | None:
    """The 95 % interval of the coefficient of variation, by chi-squared of the logarithms' variance; `None` where one
    run tells no spread. Of runs that are equal it is as far as it can be told 0."""
    relative = mean.relative
    if relative is None or mean.runs < 2:
        return None
    from scipy.special import chdtri

    freedom = mean.runs - 1
    ends = (math.log1p(relative**2) * freedom / float(chdtri(freedom, tail)) for tail in (0.025, 0.975))
    low, high = (math.sqrt(math.expm1(min(end, 700.0))) for end in ends)
    return low, high


class MeanRatio(NamedTuple):
    """The ratio of two positive means with its 95 % interval, whose ends are positive and hold 1 where Welch's test of
    the logarithms does not tell the two apart, and that test's p; `None` where a side is one run."""

    value: float
    low: float | None
    high: float | None
    p: float | None = None


def ratio_of_means(above: Mean, below: Mean, *, among: int = 1) -> MeanRatio | None:
    """By the logarithms, whose variance is log(1 + CV²), with the degrees of freedom of Welch and Satterthwaite; `None`
    for a mean that is not above 0. `among`: of how many ratios this one was picked by its size, for which interval and
    p are adjusted (Bonferroni)."""
    if not above.value > 0 or not below.value > 0:
        return None
    ratio = above.value / below.value
    if above.error is None or below.error is None:
        return MeanRatio(ratio, None, None)
    variances = [
        math.log1p((mean.error / mean.value) ** 2 * mean.runs) / mean.runs
        for mean in (above, below)
        if mean.error is not None
    ]
    freedoms = [mean.runs - 1 for mean in (above, below)]
    variance = math.fsum(variances)
    if variance == 0:
        return MeanRatio(ratio, ratio, ratio, 1.0 if ratio == 1 else 0.0)
    freedom = variance**2 / math.fsum(each**2 / free for each, free in zip(variances, freedoms))
    factor = math.exp(min(student_t(1 - 0.05 / among, freedom) * math.sqrt(variance), 700.0))
    from scipy.special import stdtr

    p = 2 * float(stdtr(freedom, -abs(math.log(ratio)) / math.sqrt(variance)))
    return MeanRatio(ratio, ratio / factor, ratio * factor, min(p * among, 1.0))


def ratio_of_paired(above: Sequence[float], below: Sequence[float]) -> MeanRatio | None:
    """The ratio of the means of two positive quantities of the same runs, in order: its interval knows how they vary
    together, for it is Student's of the logarithms of the runs' own ratios. `None` for no runs, and for a value that is
    not above 0."""
    if not above or min(*above, *below) <= 0:
        return None
    ratio = math.fsum(above) / math.fsum(below)
    logs = mean_of([math.log(a / b) for a, b in zip(above, below)])
    if logs is None or logs.half_width is None:
        return MeanRatio(ratio, None, None)
    factor = math.exp(min(logs.half_width, 700.0))
    return MeanRatio(ratio, ratio / factor, ratio * factor)


def ratio_of_extremes(means: Sequence[Mean]) -> tuple[int, int, MeanRatio | None]:
    """The places of the smallest and the largest mean, and the ratio of both. ValueError for no means.

    Where others may be the smallest or the largest as well, chance has picked these two, and the plain interval of
    their ratio would hold it too seldom: it is widened for all pairs that may be it.
    """
    if not means:
        raise ValueError("there is no largest of no means")
    order = sorted(range(len(means)), key=lambda place: means[place].value)
    least, most = order[0], order[-1]

    def alike(place: int, extreme: int) -> bool:
        ratio = ratio_of_means(means[place], means[extreme])
        return place == extreme or (ratio is not None and ratio.p is not None and ratio.p >= 0.05)

    lows, highs = (sum(alike(place, extreme) for place in order) for extreme in (least, most))
    return least, most, ratio_of_means(means[most], means[least], among=max(lows * highs, 1))


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
