"""Warming up until the power is steady."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..judge.samples import LEAST_SAMPLES, slope_of
from ..plan.test import Options
from ..row.make import Settled

if TYPE_CHECKING:
    from ...runner import Runner
    from ...tracker import ImpactTracker

CHUNK_S = 2.0  # long against the tick of every counter, short against the heating of a machine
CHUNK_READINGS = 2  # of the slowest sensor: what says nothing new within a chunk would look steady
MOST_CHUNKS = 30
STEADY = 0.01  # change of the power over the last chunks, relative
WINDOW = 3
MARGIN = 1.05  # passes may go a little faster than while warming up: sixty samples are to be there then too


def settle(worker: Runner, tracker: ImpactTracker, name: str, options: Options, chunk_s: float = CHUNK_S) -> Settled:
    """Chunks of passes until power changes by less than 1 % over three of them, or thirty have gone. `chunk_s`: of
    `chunk_seconds`."""
    first = worker.warm_up(passes=1, **options)  # memory is allocated, kernels are chosen
    pass_s = worker.warm_up(passes=1, **options)
    seconds, passes = first + pass_s, 2
    powers: list[float | None] = []
    speeds: list[float] = []
    slope = math.inf
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
