"""Time, energy or epochs to a target when some runs never reach it.

Such runs are censored: they are neither dropped nor counted as if they had reached it.

Kaplan–Meier estimate with Greenwood's variance; median with the log-log interval (Brookmeyer and Crowley; Klein and
Moeschberger, Survival Analysis, §4.3–4.5); share of runs that reach the target with Wilson's interval.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import NamedTuple

from ...values.statistics import Mean, mean_of, scipy_stats

_SHARES_EQUAL = 1e-9
# All three lie above the median of their source once in eight draws, and no interval that begins at one of them holds
# it then. From four runs on the log-log interval holds it in 93 % and more.
OF_THREE = "of three runs the median's interval holds it in 88 %, not in 95 %: --repeats 5"


class Drop(NamedTuple):
    """The estimate from `value` on: the share of runs that have not reached the target, with its 95 % interval."""

    value: float
    surviving: float
    low: float
    high: float


def kaplan_meier(values: Sequence[float], reached: Sequence[bool]) -> list[Drop]:
    """One drop at each value where a run reached the target. `values`: where each run reached it, or ended without.

    A run that ended at the value at which another reached the target is still at risk there. Where nobody is left,
    nothing is known of the share but that it lies between 0 and 1.
    """
    if len(values) != len(reached):
        raise ValueError(f"{len(values)} values and {len(reached)} marks of what was reached")
    hits = [value for value, hit in zip(values, reached) if hit]
    if not hits:
        return []
    stats = scipy_stats()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # scipy warns of the end, where the interval is undefined
        curve = stats.ecdf(stats.CensoredData(hits, right=[value for value, hit in zip(values, reached) if not hit])).sf
        interval = curve.confidence_interval(0.95, method="log-log")
    columns = (curve.quantiles, curve.probabilities, interval.low.probabilities, interval.high.probabilities)
    all_drops = (Drop(*(float(number) for number in numbers)) for numbers in zip(*columns))
    drops = [drop for drop in all_drops if drop.value in set(hits)]
    return [drop if drop.low <= drop.high else drop._replace(low=0.0, high=1.0) for drop in drops]


class Survival(NamedTuple):
    """What it takes to reach a target. `median`: None where fewer than half of the runs would; `low`, `high`: its 95 %
    interval, an end that the runs do not settle being None; `mean`: only where every run reached it;
    `per_success`: of all runs together, over those that reached it: what one success costs who starts again until
    there is one; `success_low`, `success_high`: its 95 % interval, `None` of one run."""

    runs: int
    reached: int
    median: float | None
    low: float | None
    high: float | None
    mean: Mean | None
    per_success: float | None
    success_low: float | None = None
    success_high: float | None = None

    def to_dict(self) -> dict[str, object]:
        """The same as what JSON holds."""
        return {**self._asdict(), "mean": None if self.mean is None else self.mean.to_dict()}


def survival(values: Sequence[float], reached: Sequence[bool]) -> Survival | None:
    """What these runs tell of the cost of the target; `None` for no runs."""
    if not values:
        return None
    curve = kaplan_meier(values, reached)
    hits = sum(reached)
    median = _half([(drop.value, drop.surviving) for drop in curve])
    low = _half([(drop.value, drop.low) for drop in curve])
    high = _half([(drop.value, drop.high) for drop in curve])
    success = _success_ends(values, reached)
    return Survival(
        runs=len(values),
        reached=hits,
        median=median,
        low=low if median is not None else None,
        high=high,
        mean=mean_of(list(values)) if hits == len(values) else None,
        per_success=math.fsum(values) / hits if hits else None,
        success_low=success[0],
        success_high=success[1],
    )


def _success_ends(values: Sequence[float], reached: Sequence[bool]) -> tuple[float | None, float | None]:
    """The 95 % interval of what one success costs: what a run that succeeds costs, and what those cost that fail before
    it, (1 - share) / share of them. The share's ends are Clopper and Pearson's, which allow for a run that would fail
    even where none did; those of the costs are Student's of the logarithms. Their distances are put together as
    logarithms (MOVER; Donner and Zou 2012). `None` of one run, and where none succeeds."""
    hits, runs = sum(reached), len(values)
    if not hits or runs < 2 or min(values) <= 0:
        return None, None
    successes = [value for value, hit in zip(values, reached) if hit]
    failures = [value for value, hit in zip(values, reached) if not hit] or successes
    success, failure = (math.fsum(part) / len(part) for part in (successes, failures))
    interval = scipy_stats().binomtest(hits, runs).proportion_ci(0.95, method="exact")

    def cost(share: float) -> float:
        return success + failure * (1 - share) / share

    logs = [math.log(value / (success if hit else failure)) for value, hit in zip(values, reached)]
    spread = mean_of(logs)
    assert spread is not None
    half, best = spread.half_width or 0.0, cost(hits / runs)
    below, above = (abs(math.log(cost(float(end)) / best)) for end in (interval.high, interval.low))
    return best / math.exp(math.hypot(half, below)), best * math.exp(math.hypot(half, above))


def _half(curve: Sequence[tuple[float, float]]) -> float | None:
    """Where a falling curve of (value, share) passes one half; `None` where it does not. Where it lies at one half
    for a while, the middle of that while, as R's survfit and the median of an even number of runs have it."""
    below = [(value, share) for value, share in curve if share <= 0.5 + _SHARES_EQUAL]
    if not below:
        return None
    value, share = below[0]
    lower = [later for later, less in below if less < share - _SHARES_EQUAL]
    if abs(share - 0.5) < _SHARES_EQUAL and lower:
        return (value + lower[0]) / 2
    return value


def wilson(successes: int, runs: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927). ValueError for no runs."""
    if runs < 1 or not 0 <= successes <= runs:
        raise ValueError(f"{successes} of {runs} is no share")
    interval = scipy_stats().binomtest(successes, runs).proportion_ci(0.95, method="wilson")
    return float(interval.low), float(interval.high)
