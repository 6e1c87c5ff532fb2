"""What a size adds that did not run: how much the cost of a multiply-add differs from one size to another.

Joules (or seconds) for one input are carried to another size by its multiply-adds, or pixels. What that misses is the
spread of the cost of one multiply-add over the sizes that did run; of one size alone nothing is known of it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ...values.statistics import student_t


class SizeSpread(NamedTuple):
    """How a cost carried from one size to another may be off (95 %): the half-width of its logarithm; `sizes`: over how
    many sizes that was seen; `of_others`: of other networks, as this one ran at one size."""

    half_width: float
    sizes: int
    of_others: bool = False


def size_spread(costs: Sequence[float], others: Mapping[str, Sequence[float]]) -> SizeSpread | None:
    """`costs`: of one multiply-add at each size of a network, `others`: the same of other networks, which tell where
    the network itself ran at one size. `None` where nothing ran at two.

    The logarithm's standard deviation over sizes belongs to the size that was carried from and to that which was
    carried to: √2 of it, by Student's t.
    """
    own = _squares(costs)
    pooled = [own] if own[1] > 0 else [_squares(values) for values in others.values()]
    freedom = sum(count for _, count in pooled)
    if freedom == 0:
        return None
    deviation = math.sqrt(math.fsum(squares for squares, _ in pooled) / freedom)
    networks = sum(count > 0 for _, count in pooled)
    return SizeSpread(student_t(0.95, freedom) * deviation * math.sqrt(2), freedom + networks, own[1] == 0)


def _squares(costs: Sequence[float]) -> tuple[float, int]:
    """Sum of squares of the logarithms around their mean, with its degrees of freedom."""
    logs = [math.log(cost) for cost in costs if cost > 0]
    mean = math.fsum(logs) / max(len(logs), 1)
    return math.fsum((log - mean) ** 2 for log in logs), max(len(logs) - 1, 0)
