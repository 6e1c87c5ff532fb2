"""Warming up until the power is steady."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ..judge.samples import LEAST_SAMPLES, slope_of
from ..row.rows import Settled

CHUNK_S = 2.0  # long against the tick of every counter, short against the heating of a machine
CHUNK_READINGS = 2  # of the slowest sensor: what says nothing new within a chunk would look steady
MOST_CHUNKS = 30
STEADY = 0.01  # change of the power over the last chunks, relative
WINDOW = 3
MARGIN = 1.05  # passes may go a little faster than while warming up: sixty samples are to be there then too


def settle(worker: Any, tracker: Any, name: str, options: Mapping[str, Any], chunk_s: float = CHUNK_S) -> Settled:
    """Chunks of passes until power changes by less than 1 % over three of them, or thirty have gone. `chunk_s`: of
    `chunk_seconds`."""
    seconds, passes = worker.warm_up(passes=1, **options), 1  # memory is allocated, kernels are chosen
    seconds += (last := worker.warm_up(passes=1, **options))
    passes += 1
    powers: list[float | None] = []
    speeds: list[float] = []
    slope, pass_s = math.inf, last
    for chunk in range(MOST_CHUNKS):
        count = max(1, round(chunk_s / pass_s)) if pass_s > 0 else 1
        region = tracker.region(f"{name}/{chunk}")
        with region:
            spent = worker.warm_up(passes=count, **options)
        seconds, passes, pass_s = seconds + spent, passes + count, spent / count
        powers.append(region.result.power_w if region.result is not None else None)
        speeds.append(1 / max(pass_s, 1e-9))
        known = [power for power in powers[-WINDOW:] if power is not None]
        levels = known if len(known) == WINDOW else speeds[-WINDOW:]  # watts are not held against speeds
        slope = slope_of(levels) if len(levels) >= WINDOW else math.inf
        if slope < STEADY:
            break
    return Settled(seconds, passes, pass_s, slope, slope < STEADY)


def chunk_seconds(phase_s: float) -> float:
    """How long a chunk of warming up must be where a phase must be `phase_s`: two readings of the slowest sensor."""
    return max(CHUNK_S, phase_s * CHUNK_READINGS / LEAST_SAMPLES)


def images_for(seconds: float, pass_s: float, batch: int) -> int:
    """Whole batches that take at least so long, and a twentieth more."""
    return batch * max(1, math.ceil(seconds * MARGIN / pass_s))
