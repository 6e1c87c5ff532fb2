"""How long a phase must be so that its sensors say something, and how steady a series is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

LEAST_SAMPLES = 60
LEAST_S = 60.0


def slope_of(levels: Sequence[float]) -> float:
    """Change over the levels by their straight line, relative to their mean, never negative."""
    n = len(levels)
    mean = math.fsum(levels) / n
    middle = (n - 1) / 2
    spread = math.fsum((i - middle) ** 2 for i in range(n))
    rise = math.fsum((i - middle) * level for i, level in enumerate(levels)) / spread if spread else 0.0
    return abs(rise * (n - 1) / mean) if mean else math.inf


def slowest_period_s(
    channels: Sequence[Mapping[str, object]], in_total: Sequence[str], interval_s: float
) -> float | None:
    """The longest time between two readings among the channels of a total (a record's header has their periods): a
    counter's own update period, a gauge's or the sampler's, whichever is longer. `None` where nothing is known."""
    periods = []
    for channel in channels:
        if str(channel.get("id")) not in in_total:
            continue
        own = channel.get("update_period_s")
        if isinstance(own, (int, float)):
            periods.append(float(own) if channel.get("kind") == "counter" else max(float(own), interval_s))
    return max(periods) if periods else None


def phase_seconds(period_s: float | None, least_s: float = LEAST_S) -> float:
    """How long a phase must be: a minute at least, whatever its sensors, and sixty samples of the slowest of them."""
    return max(least_s, LEAST_SAMPLES * (period_s or 0.0))
