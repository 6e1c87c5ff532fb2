"""Warming up until the power is steady, and how long a phase must be so that its sensors say something."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

CHUNK_S = 2.0  # long against the tick of every counter, short against the heating of a machine
MOST_CHUNKS = 30
STEADY = 0.01  # change of the power over the last chunks, relative
WINDOW = 3
LEAST_SAMPLES = 60
LEAST_S = 10.0


class Settled(NamedTuple):
    """How warming up went. `slope`: relative change of the power over the last chunks (of the speed, where the power
    cannot be read); `steady`: whether it came below 1 %; `pass_s`: seconds of a pass then."""

    seconds: float
    passes: int
    pass_s: float
    slope: float
    steady: bool


def settle(worker: Any, tracker: Any, name: str, options: Mapping[str, Any]) -> Settled:
    """Chunks of passes until power changes by less than 1 % over three of them, or thirty have gone."""
    seconds, passes = worker.warm_up(passes=1, **options), 1  # memory is allocated, kernels are chosen
    seconds += (last := worker.warm_up(passes=1, **options))
    passes += 1
    levels: list[float] = []
    slope, pass_s = math.inf, last
    for chunk in range(MOST_CHUNKS):
        count = max(1, round(CHUNK_S / pass_s)) if pass_s > 0 else 1
        region = tracker.region(f"{name}/{chunk}")
        with region:
            spent = worker.warm_up(passes=count, **options)
        seconds, passes, pass_s = seconds + spent, passes + count, spent / count
        power = region.result.power_w if region.result is not None else None
        levels.append(power if power is not None else 1 / max(pass_s, 1e-9))
        slope = slope_of(levels[-WINDOW:]) if len(levels) >= WINDOW else math.inf
        if slope < STEADY:
            break
    return Settled(seconds, passes, pass_s, slope, slope < STEADY)


def slope_of(levels: Sequence[float]) -> float:
    """Change over the levels by their straight line, relative to their mean, never negative."""
    n = len(levels)
    mean = math.fsum(levels) / n
    middle = (n - 1) / 2
    spread = math.fsum((i - middle) ** 2 for i in range(n))
    rise = math.fsum((i - middle) * level for i, level in enumerate(levels)) / spread if spread else 0.0
    return abs(rise * (n - 1) / mean) if mean else math.inf


def slowest_period_s(channels: Sequence[Mapping[str, Any]], in_total: Sequence[str], interval_s: float) -> float | None:
    """The longest time between two readings among the channels of a total (a record's header has their periods): a
    counter's own update period, a gauge's or the sampler's, whichever is longer. None where nothing is known."""
    periods = []
    for channel in channels:
        if str(channel.get("id")) not in in_total:
            continue
        own = channel.get("update_period_s")
        if isinstance(own, (int, float)):
            periods.append(float(own) if channel.get("kind") == "counter" else max(float(own), interval_s))
    return max(periods) if periods else None


def phase_seconds(period_s: float | None, interval_s: float) -> float:
    """How long a phase must be: sixty samples of the slowest sensor, ten seconds at least."""
    return max(LEAST_S, LEAST_SAMPLES * (interval_s if period_s is None else period_s))


def images_for(seconds: float, pass_s: float, batch: int) -> int:
    """Whole batches that take at least so long."""
    return batch * max(1, math.ceil(seconds / pass_s))
