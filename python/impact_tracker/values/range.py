"""Range: a best value between two bounds."""

from __future__ import annotations

from typing import NamedTuple


class Range(NamedTuple):
    """A quantity's lower bound, best value and upper bound (95 % where the source gives one), in one unit."""

    low: float
    best: float
    high: float
