"""How quantities go together over networks: rank correlations, fits, bootstrap intervals. All need scipy."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

from ...digits import span, with_range, within
from ...values.statistics import deviation_of, kept_of, scipy_stats, student_t

if TYPE_CHECKING:
    from numpy import ndarray

MOST_ORDERED = 8  # points up to which every order of the ranks is counted
LEAST_POINTS = 4  # below this a rank correlation cannot be told from chance
LEAST_BOOTSTRAPPED = 10
_RESAMPLES = 4000
_ROUNDING = 1e-9  # logarithms of values that are closer than this hold more of rounding than of them
_LARGEST_LOG = 700.0  # e to its power is still a float


class Correlation(NamedTuple):
    """Spearman's rho and Kendall's tau with two-sided p-values (exact for few points)."""

    points: int
    spearman: float
    spearman_p: float
    kendall: float
    kendall_p: float

    def text(self, p: float | None = None, among: int = 1) -> str:
        """The relation in words: `Spearman 0.93 (p 0.012 among 4 questions), Kendall 0.81, 7 points`. `p`: of
        Spearman's rho, adjusted for all `among` which it was asked, its own where it is the only one. One p is told:
        that of the other coefficient would be a second question of the same points."""
        p = self.spearman_p if p is None else p
        asked = f" among {among} questions" if among > 1 else ""
        return f"Spearman {self.spearman:.2f} (p {p_text(p)}{asked}), Kendall {self.kendall:.2f}, {self.points} points"


class Fit(NamedTuple):
    """A power law y = factor · x^exponent, by least squares on the logarithms, with the exponent's 95 % interval;
    `proportional`: geometric mean of y / x, and `within`: the factor within which a new point lies of it (95 %).
    `scatter`: standard deviation of log y around the line; `centre`, `spread`: mean of log x and the sum of squares
    around it."""

    points: int
    factor: float
    exponent: float
    exponent_low: float
    exponent_high: float
    r2: float
    proportional: float
    within: float
    scatter: float = 0.0
    centre: float = 0.0
    spread: float = 1.0

    def band(self, x: float) -> tuple[float, float]:
        """The ends of the line's own 95 % interval at a place."""
        away = (math.log(x) - self.centre) ** 2 / self.spread
        error = student_t(0.95, self.points - 2) * self.scatter * math.sqrt(1 / self.points + away)
        value, factor = self.factor * x**self.exponent, math.exp(min(error, _LARGEST_LOG))
        return value / factor, value * factor

    @property
    def proportional_ends(self) -> tuple[float, float]:
        """The 95 % interval of the geometric mean of y / x: that of one new point is √(n + 1) times as wide."""
        factor = self.within ** (1 / math.sqrt(self.points + 1))
        return self.proportional / factor, self.proportional * factor

    def text(self, y: str, x: str) -> str:
        """The fit in one sentence."""
        power = (self.exponent, self.exponent_low, self.exponent_high)
        mean = with_range(self.proportional, *self.proportional_ends)
        return (
            f"{y} = {with_range(self.factor, *self.band(1.0))} · {x}^{within(*power)} (exponent {span(*power)}, "
            f"R² {self.r2:.2f}, {self.points} points); in the mean {mean} per {x}, "
            f"single ones within a factor of {self.within:.1f}"
        )


def p_text(value: float) -> str:
    """A p-value as tables show it."""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def correlation(x: Sequence[float], y: Sequence[float]) -> Correlation | None:
    """Correlates two quantities; `None` for fewer than four points or where one side is constant."""
    if len(x) != len(y):
        raise ValueError(f"{len(x)} values against {len(y)}")
    if len(x) < LEAST_POINTS or len(set(x)) < 2 or len(set(y)) < 2:
        return None
    stats = scipy_stats()
    spearman, kendall = stats.spearmanr(x, y), stats.kendalltau(x, y)
    p = float(spearman.pvalue) if len(x) > MOST_ORDERED else _exact_spearman_p(x, y, stats)
    return Correlation(len(x), float(spearman.statistic), p, float(kendall.statistic), float(kendall.pvalue))


def _exact_spearman_p(x: Sequence[float], y: Sequence[float], stats: ModuleType) -> float:
    """Share of all orders of the ranks that go together as far as these, or farther (Zar, Biostatistical Analysis)."""
    middle = (len(x) + 1) / 2
    centred_x, centred_y = stats.rankdata(x) - middle, stats.rankdata(y) - middle
    orders = stats.permutation_test(
        (centred_x,),
        lambda ranks, axis=-1: abs((ranks * centred_y).sum(axis=axis)),
        permutation_type="pairings",
        alternative="greater",
        n_resamples=math.inf,
    )
    return float(orders.pvalue)


def power_law(x: Sequence[float], y: Sequence[float]) -> Fit | None:
    """Fits a power law; `None` for fewer than four points, or where x does not vary enough to tell an exponent: where
    it is equal but for rounding, or the factor would be beyond all numbers. ValueError for values of 0 or below."""
    if any(value <= 0 for value in (*x, *y)):
        raise ValueError("a power law is fitted to values above 0")
    if len(x) < LEAST_POINTS or max(x) / min(x) < 1 + _ROUNDING:
        return None
    logs_x, logs_y = [math.log(value) for value in x], [math.log(value) for value in y]
    count = len(x)
    line = scipy_stats().linregress(logs_x, logs_y)
    if abs(line.intercept) > _LARGEST_LOG:
        return None
    slope, half_width = float(line.slope), student_t(0.95, count - 2) * float(line.stderr)
    ratios = [log_y - log_x for log_x, log_y in zip(logs_x, logs_y)]
    mean_ratio = math.fsum(ratios) / count
    scatter = math.sqrt(math.fsum((ratio - mean_ratio) ** 2 for ratio in ratios) / (count - 1))
    centre = math.fsum(logs_x) / count
    left = [log_y - line.intercept - slope * log_x for log_x, log_y in zip(logs_x, logs_y)]
    return Fit(
        points=count,
        factor=math.exp(line.intercept),
        exponent=slope,
        exponent_low=slope - half_width,
        exponent_high=slope + half_width,
        r2=float(line.rvalue) ** 2 if len(set(logs_y)) > 1 else 1.0,
        proportional=math.exp(mean_ratio),
        within=math.exp(min(student_t(0.95, count - 1) * scatter * math.sqrt(1 + 1 / count), _LARGEST_LOG)),
        scatter=math.sqrt(math.fsum(part**2 for part in left) / (count - 2)),
        centre=centre,
        spread=math.fsum((log_x - centre) ** 2 for log_x in logs_x),
    )


def bootstrap(
    values: Sequence[float], *, seed: int = 0, level: float = 0.95, olympic: bool = False
) -> tuple[float, float] | None:
    """Studentised bootstrap interval of the mean over runs; `None` for fewer than ten runs, of which its 95 % would
    hold the mean too seldom (the BCa interval of three runs: 72 %). Efron and Tibshirani 1993, chapter 12.

    `olympic`: of the mean without best and worst: all runs are drawn from, and each draw loses its own best and worst;
    its error is that of the winsorised sample, as in `mean_of`."""
    if len(values) < LEAST_BOOTSTRAPPED:
        return None
    kept = kept_of(values, olympic=olympic)
    if len(set(kept)) == 1:
        return kept[0], kept[0]
    import numpy as np

    count, trims = len(values), len(kept) < len(values)

    def mean_and_error(samples: ndarray) -> tuple[ndarray, ndarray]:
        ordered = np.sort(samples, axis=-1)
        if not trims:
            return ordered.mean(axis=-1), ordered.std(axis=-1, ddof=1) / math.sqrt(count)
        inner = ordered[..., 1:-1]
        winsorised = np.concatenate([inner[..., :1], inner, inner[..., -1:]], axis=-1)
        return inner.mean(axis=-1), winsorised.std(axis=-1, ddof=1) * math.sqrt(count) / (count - 2)

    chance = np.random.default_rng(seed)
    means, errors = mean_and_error(chance.choice(np.asarray(values, dtype=float), size=(_RESAMPLES, count)))
    mean, error = mean_and_error(np.asarray(values, dtype=float))
    spread = errors > 0  # a draw of one value alone, again and again, has no error to be measured by
    if not spread.any():
        return None
    tail = (1 - level) / 2
    low_t, high_t = np.quantile((means[spread] - mean) / errors[spread], [tail, 1 - tail])
    low, high = float(mean - high_t * error), float(mean - low_t * error)
    return (low, high) if math.isfinite(low) and math.isfinite(high) else None


class RatioTest(NamedTuple):
    """The ratio b / a of two positive quantities with its 95 % interval, and the p-value of their being equal, all from
    the logarithms: the interval holds 1 where, and only where, p is above 5 %."""

    ratio: float
    low: float
    high: float
    p: float


def ratio_test(a: Sequence[float], b: Sequence[float]) -> RatioTest | None:
    """The ratio of the geometric means by Welch's test of the logarithms; `None` where a side has fewer than two runs
    or a value that is not above 0."""
    if any(value <= 0 for value in (*a, *b)):
        return None
    test = welch([math.log(value) for value in a], [math.log(value) for value in b])
    if test is None:
        return None
    low, middle, high = (
        math.exp(max(-_LARGEST_LOG, min(_LARGEST_LOG, test.difference + step)))
        for step in (-test.half_width, 0.0, test.half_width)
    )
    return RatioTest(middle, low, high, test.p)


class WelchTest(NamedTuple):
    """Welch's comparison of two means: b - a with its 95 % interval, and its p-value."""

    difference: float
    half_width: float
    p: float


def welch(a: Sequence[float], b: Sequence[float]) -> WelchTest | None:
    """Compares the means of two sides; `None` where a side has fewer than two runs."""
    if len(a) < 2 or len(b) < 2:
        return None
    if deviation_of(a) == deviation_of(b) == 0:
        equal = math.isclose(a[0], b[0], rel_tol=1e-12)  # but for rounding
        return WelchTest(0.0 if equal else b[0] - a[0], 0.0, 1.0 if equal else 0.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # one side may be constant
        test = scipy_stats().ttest_ind(b, a, equal_var=False)
        low, high = test.confidence_interval(0.95)
    return WelchTest(math.fsum(b) / len(b) - math.fsum(a) / len(a), float(high - low) / 2, float(test.pvalue))


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusts p-values for how many were looked at (Holm 1979); they keep their order."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted, largest = [0.0] * len(p_values), 0.0
    for place, index in enumerate(order):
        largest = max(largest, min(1.0, p_values[index] * (len(p_values) - place)))
        adjusted[index] = largest
    return adjusted
