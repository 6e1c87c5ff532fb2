"""Quantiles of a sample with intervals that assume nothing of its distribution: two values of the sample in order."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

_LEVEL = 0.95


class Quantile(NamedTuple):
    """The value that a share of the sample lies at or below, and an interval that holds that of its source in 95 % of
    samples at least, where the values are independent."""

    share: float
    value: float
    low: float
    high: float


def quantile_of(values: Sequence[float], share: float) -> Quantile | None:
    """The quantile of a sample by nearest rank; `None` where the sample has too few values to say between which two of
    them it lies (`least_count`)."""
    ordered = sorted(values)
    ranks = _ranks(len(ordered), share)
    if ranks is None:
        return None
    low, high = ranks
    place = max(math.ceil(share * len(ordered) - 1e-9), 1)
    return Quantile(share, ordered[place - 1], ordered[low - 1], ordered[high - 1])


def least_count(share: float) -> int:
    """The smallest sample that tells this quantile's interval: one with a value above it, and one below, in all but
    2.5 % of samples each."""
    rare = min(share, 1.0 - share)
    count = max(math.ceil(math.log((1.0 - _LEVEL) / 2) / math.log1p(-rare)), 2)
    while _ranks(count, share) is None:
        count += 1
    while count > 2 and _ranks(count - 1, share) is not None:
        count -= 1
    return count


def _ranks(count: int, share: float) -> tuple[int, int] | None:
    """The narrowest ranks (from 1) of which each lies on the wrong side of the quantile in 2.5 % of samples at most:
    how many values lie below it is binomial."""
    tail = (1.0 - _LEVEL) / 2
    below = 0.0  # probability that `number` values or fewer lie below the quantile
    low: int | None = None
    for number in range(count):
        below += _probability(count, number, share)
        if below <= tail:
            low = number + 1
        if below >= 1.0 - tail:
            return None if low is None else (low, number + 1)
    return None


def _probability(count: int, number: int, share: float) -> float:
    ways = math.lgamma(count + 1) - math.lgamma(number + 1) - math.lgamma(count - number + 1)
    return math.exp(ways + number * math.log(share) + (count - number) * math.log1p(-share))
