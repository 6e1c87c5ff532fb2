"""How quantities go together over networks: rank correlations, fits, bootstrap intervals. Needs scipy (extra bench)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from .statistics import deviation_of, kept_of, student_p, student_t

LEAST_POINTS = 4  # below this a rank correlation cannot be told from chance
_ROUNDING = 1e-9  # logarithms of values that are closer than this hold more of rounding than of them
_LARGEST_LOG = 700.0  # e to its power is still a float


class Correlation(NamedTuple):
    """Spearman's rho and Kendall's tau with two-sided p-values (exact for few points)."""

    points: int
    spearman: float
    spearman_p: float
    kendall: float
    kendall_p: float

    def text(self) -> str:
        """`Spearman 0.93 (p 0.003), Kendall 0.81 (p 0.011), 7 points`"""
        return (
            f"Spearman {self.spearman:.2f} (p {_p(self.spearman_p)}), Kendall {self.kendall:.2f} "
            f"(p {_p(self.kendall_p)}), {self.points} points"
        )

    @property
    def clear(self) -> bool:
        """Whether Spearman's rho is told from 0 at 5 %."""
        return self.spearman_p < 0.05


class Fit(NamedTuple):
    """A power law y = factor · x^exponent, by least squares on the logarithms, with the exponent's 95 % interval;
    `proportional`: geometric mean of y / x, and `within`: the factor by which single points leave it (95 %)."""

    points: int
    factor: float
    exponent: float
    exponent_low: float
    exponent_high: float
    r2: float
    proportional: float
    within: float

    def text(self, y: str, x: str) -> str:
        """One sentence."""
        return (
            f"{y} = {self.factor:.3g} · {x}^{self.exponent:.2f} (exponent {self.exponent_low:.2f} to "
            f"{self.exponent_high:.2f}, R² {self.r2:.2f}, {self.points} points); in the mean {self.proportional:.3g} "
            f"per {x}, single ones within a factor of {self.within:.1f}"
        )


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def scipy_stats() -> Any:
    """scipy.stats, or an error that names the extra."""
    try:
        import scipy.stats
    except ImportError:
        raise ImportError("rank correlations and bootstrap need scipy: pip install 'impact-tracker[bench]'") from None
    return scipy.stats


def correlation(x: Sequence[float], y: Sequence[float]) -> Correlation | None:
    """None for fewer than four points or where one side is constant."""
    if len(x) != len(y):
        raise ValueError(f"{len(x)} values against {len(y)}")
    if len(x) < LEAST_POINTS or len(set(x)) < 2 or len(set(y)) < 2:
        return None
    stats = scipy_stats()
    rho = float(stats.spearmanr(x, y).statistic)
    tau = stats.kendalltau(x, y)
    return Correlation(len(x), rho, _spearman_p(x, y, rho, stats), float(tau.statistic), float(tau.pvalue))


def _spearman_p(x: Sequence[float], y: Sequence[float], rho: float, stats: Any) -> float:
    """Exact by all orders up to 8 points, by Student's t above (Zar, Biostatistical Analysis)."""
    n = len(x)
    if n > 8:
        if abs(rho) >= 1:
            return 0.0
        return student_p(rho * math.sqrt((n - 2) / (1 - rho * rho)), n - 2)
    from itertools import permutations

    ranks_x, ranks_y = stats.rankdata(x), stats.rankdata(y)
    middle = (n + 1) / 2
    centred_x, centred_y = [r - middle for r in ranks_x], [r - middle for r in ranks_y]
    found = abs(math.fsum(a * b for a, b in zip(centred_x, centred_y)))
    orders = [abs(math.fsum(a * b for a, b in zip(centred_x, order))) for order in permutations(centred_y)]
    return sum(one >= found - 1e-9 for one in orders) / len(orders)


def power_law(x: Sequence[float], y: Sequence[float]) -> Fit | None:
    """None for fewer than four points, or where x does not vary enough to tell an exponent: where it is equal but for
    rounding, or the factor would be beyond all numbers. All values are above 0 (ValueError)."""
    if any(value <= 0 for value in (*x, *y)):
        raise ValueError("a power law is fitted to values above 0")
    if len(x) < LEAST_POINTS or max(x) / min(x) < 1 + _ROUNDING:
        return None
    u, v = [math.log(value) for value in x], [math.log(value) for value in y]
    n = len(u)
    mean_u, mean_v = math.fsum(u) / n, math.fsum(v) / n
    spread = math.fsum((a - mean_u) ** 2 for a in u)
    slope = math.fsum((a - mean_u) * (b - mean_v) for a, b in zip(u, v)) / spread
    offset = mean_v - slope * mean_u
    if abs(offset) > _LARGEST_LOG:
        return None
    rest = math.fsum((b - offset - slope * a) ** 2 for a, b in zip(u, v))
    whole = math.fsum((b - mean_v) ** 2 for b in v)
    half = student_t(0.95, n - 2) * math.sqrt(rest / (n - 2) / spread)
    ratios = [b - a for a, b in zip(u, v)]
    middle = math.fsum(ratios) / n
    scatter = math.sqrt(math.fsum((ratio - middle) ** 2 for ratio in ratios) / (n - 1))
    within = math.exp(student_t(0.95, n - 1) * scatter)
    r2 = 1 - rest / whole if whole > 0 else 1.0
    return Fit(n, math.exp(offset), slope, slope - half, slope + half, r2, math.exp(middle), within)


def bootstrap(
    values: Sequence[float], *, seed: int = 0, level: float = 0.95, olympic: bool = False
) -> tuple[float, float] | None:
    """Bias-corrected and accelerated bootstrap interval of the mean over runs; None for fewer than three runs.
    `olympic`: of the mean without best and worst, of five runs or more: all runs are drawn from, and each draw loses
    its own best and worst."""
    if len(values) < 3:
        return None
    kept = kept_of(values, olympic=olympic)
    if len(set(kept)) == 1:
        return kept[0], kept[0]
    import numpy as np

    options: dict[str, Any] = {"confidence_level": level, "n_resamples": 2000, "method": "BCa"}
    data, chance = (np.asarray(values, dtype=float),), np.random.default_rng(seed)

    def trimmed(sample: Any, axis: int = -1) -> Any:
        return np.sort(sample, axis=axis).take(range(1, sample.shape[axis] - 1), axis=axis).mean(axis=axis)

    statistic = trimmed if len(kept) < len(values) else np.mean
    try:
        found = scipy_stats().bootstrap(data, statistic, rng=chance, **options)
    except TypeError:  # scipy before 1.15
        found = scipy_stats().bootstrap(data, statistic, random_state=chance, **options)
    low, high = (float(end) for end in found.confidence_interval)
    return (low, high) if math.isfinite(low) and math.isfinite(high) else None


class Difference(NamedTuple):
    """Welch's comparison of two means: b - a with its 95 % interval, and its p-value."""

    difference: float
    half_width: float
    p: float


def welch(a: Sequence[float], b: Sequence[float]) -> Difference | None:
    """None where a side has fewer than two runs."""
    if len(a) < 2 or len(b) < 2:
        return None
    means = [math.fsum(side) / len(side) for side in (a, b)]
    errors = [deviation_of(side) ** 2 / len(side) for side in (a, b)]
    difference, error = means[1] - means[0], math.fsum(errors)
    if error <= 0:
        if math.isclose(*means, rel_tol=1e-12):  # equal but for the rounding of what they were computed from
            difference = 0.0
        return Difference(difference, 0.0, 0.0 if difference else 1.0)
    freedom = error**2 / math.fsum(e**2 / (len(side) - 1) for e, side in zip(errors, (a, b)))
    t = difference / math.sqrt(error)
    return Difference(difference, student_t(0.95, freedom) * math.sqrt(error), student_p(t, freedom))


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values adjusted for how many were looked at (Holm 1979), in the order given."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted, largest = [0.0] * len(p_values), 0.0
    for place, index in enumerate(order):
        largest = max(largest, min(1.0, p_values[index] * (len(p_values) - place)))
        adjusted[index] = largest
    return adjusted
