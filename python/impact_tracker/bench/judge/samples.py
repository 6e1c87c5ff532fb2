"""How long a phase must be so that its sensors say something, and how steady a series is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True)
class SensorPeriod:
    """How often a channel's sensor has a new value."""

    channel_id: str
    update_period_s: float
    is_counter: bool


def slowest_period_s(sensors: Sequence[SensorPeriod], in_total: Sequence[str], interval_s: float) -> float | None:
    """The longest time between two readings among the channels of a total: a counter's own update period, a gauge's or
    the sampler's, whichever is longer. `None` where nothing is known."""
    periods = [
        sensor.update_period_s if sensor.is_counter else max(sensor.update_period_s, interval_s)
        for sensor in sensors
        if sensor.channel_id in in_total
    ]
    return max(periods, default=None)


def phase_seconds(period_s: float | None, least_s: float = LEAST_S) -> float:
    """How long a phase must be: a minute at least, whatever its sensors, and sixty samples of the slowest of them."""
    return max(least_s, LEAST_SAMPLES * (period_s or 0.0))
