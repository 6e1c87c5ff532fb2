"""Time, energy or epochs to a target when some runs never reach it: those are censored, neither dropped nor counted as
if they had.

Kaplan–Meier estimate with Greenwood's variance; median with the log-log interval (Brookmeyer and Crowley; Klein and
Moeschberger, Survival Analysis, §4.3–4.5); share of runs that reach the target with Wilson's interval.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from .statistics import Mean, mean_of

Z = 1.959963984540054  # two-sided 95 % of the normal distribution


class Drop(NamedTuple):
    """The estimate from `value` on: `surviving`, the share of runs that have not reached the target there, and the sum
    of Greenwood's terms (None once nobody is left)."""

    value: float
    at_risk: int
    reached: int
    surviving: float
    greenwood: float | None


def kaplan_meier(values: Sequence[float], reached: Sequence[bool]) -> list[Drop]:
    """One drop at each value where a run reached the target. `values`: where each run reached it, or ended without.

    A run that ended at the value at which another reached the target is still at risk there.
    """
    if len(values) != len(reached):
        raise ValueError(f"{len(values)} values and {len(reached)} marks of what was reached")
    surviving, greenwood = 1.0, 0.0
    curve = []
    for value in sorted({value for value, hit in zip(values, reached) if hit}):
        at_risk = sum(other >= value for other in values)
        hits = sum(hit and other == value for other, hit in zip(values, reached))
        surviving *= 1 - hits / at_risk
        greenwood += hits / (at_risk * (at_risk - hits)) if at_risk > hits else 0.0
        curve.append(Drop(value, at_risk, hits, surviving, greenwood if at_risk > hits else None))
    return curve


def _bounds(drop: Drop) -> tuple[float, float]:
    """95 % interval of the share that has not reached the target, on the log-log scale; where nobody is left, nothing
    is known but that it lies between 0 and 1."""
    if drop.greenwood is None or not 0 < drop.surviving < 1:
        return 0.0, 1.0
    scale = math.log(-math.log(drop.surviving))
    half = Z * math.sqrt(drop.greenwood) / abs(math.log(drop.surviving))
    return math.exp(-math.exp(scale + half)), math.exp(-math.exp(scale - half))


class Survival(NamedTuple):
    """What it takes to reach a target. `median`: None where fewer than half of the runs would; `low`, `high`: its 95 %
    interval, an end that the runs do not settle being None; `mean`: only where every run reached it;
    `per_success`: of all runs together, over those that reached it: what one success costs who starts again until
    there is one."""

    runs: int
    reached: int
    median: float | None
    low: float | None
    high: float | None
    mean: Mean | None
    per_success: float | None

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**self._asdict(), "mean": None if self.mean is None else self.mean._asdict()}


def survival(values: Sequence[float], reached: Sequence[bool]) -> Survival | None:
    """None for no runs."""
    if not values:
        return None
    curve = kaplan_meier(values, reached)
    hits = sum(reached)
    median = next((drop.value for drop in curve if drop.surviving <= 0.5 + 1e-12), None)
    low = next((drop.value for drop in curve if _bounds(drop)[0] <= 0.5), None)
    high = next((drop.value for drop in curve if _bounds(drop)[1] <= 0.5), None)
    return Survival(
        runs=len(values),
        reached=hits,
        median=median,
        low=low if median is not None else None,
        high=high,
        mean=mean_of(list(values)) if hits == len(values) else None,
        per_success=math.fsum(values) / hits if hits else None,
    )


def wilson(successes: int, runs: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927). ValueError for no runs."""
    if runs < 1 or not 0 <= successes <= runs:
        raise ValueError(f"{successes} of {runs} is no share")
    share = successes / runs
    middle = (share + Z * Z / (2 * runs)) / (1 + Z * Z / runs)
    half = Z / (1 + Z * Z / runs) * math.sqrt(share * (1 - share) / runs + Z * Z / (4 * runs * runs))
    return max(0.0, middle - half), min(1.0, middle + half)
