"""Warming up until the machine is near its steady state."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ..judge.warming import Remaining, Stretch, remaining
from ..plan.test import Options
from ..row.make import Settled, measured_by
from ..row.row import Measured

if TYPE_CHECKING:
    from ...runner import Runner
    from ...tracker import ImpactTracker

CHUNK_S = 2.0  # long against the tick of every counter, short against the heating of a machine
CHUNK_READINGS = 2  # of the slowest sensor: what says nothing new within a chunk would look steady
LEAST_S, MOST_S = 30.0, 900.0
STEADY = 0.015  # change that may be left from the phase to the steady state, relative, at the end of its interval
SLOPE_S = 60.0  # over which the slope is taken
LATER = 1.15  # the next look is when it has lasted so much longer: each costs some milliseconds of a processor
MARGIN = 1.15  # passes may go faster than while warming up: the phase is to be long enough then too
NOT_READ = ("modelled", "estimated", "missing")  # qualities of channels whose energy says nothing of the machine's heat
WARMING_K_PER_MIN = 1.0


def settle(
    worker: Runner,
    tracker: ImpactTracker,
    name: str,
    options: Options,
    chunk_s: float = CHUNK_S,
    *,
    phase_s: float = 60.0,
    most_s: float = MOST_S,
    warming: Callable[[], float | None] = lambda: None,
) -> Settled:
    """Chunks of passes until a phase of `phase_s` will be within 1.5 % of the steady state by all that the chunks can
    tell, or `most_s` have gone. Chunks are judged by power, by speed where no sensor reads one. `chunk_s`: of
    `chunk_seconds`; `warming`: the least slope in kelvins a minute that thermometers leave possible now."""
    first = worker.warm_up(passes=1, **options)  # memory is allocated, kernels are chosen
    pass_s = worker.warm_up(passes=1, **options)
    seconds, passes = first + pass_s, 2
    times: list[float] = []
    powers: list[float | None] = []
    speeds: list[float] = []
    look_s, steady = LEAST_S, False
    while not steady and seconds < most_s:
        count = max(1, round(chunk_s / pass_s)) if pass_s > 0 else 1
        region = tracker.region(f"{name}/{len(times)}")
        with region:
            spent = worker.warm_up(passes=count, **options)
        times.append(seconds + spent / 2)
        seconds, passes, pass_s = seconds + max(spent, 1e-6), passes + count, spent / count
        powers.append(read_power_w(measured_by(region.result)))
        speeds.append(1 / max(pass_s, 1e-9))
        if seconds >= look_s:
            look_s = seconds * LATER
            steady = _is_near(remaining([_course(times, powers, speeds)], (seconds, seconds + phase_s)))
            steady = steady and (warming() or 0.0) <= WARMING_K_PER_MIN
    return Settled(seconds, passes, pass_s, slope_per_minute(_course(times, powers, speeds)), steady)


def _is_near(left: Remaining | None) -> bool:
    return left is not None and left.most <= STEADY


def _course(times: Sequence[float], powers: Sequence[float | None], speeds: Sequence[float]) -> Stretch:
    """The powers that were read; the speeds where most of them were not: watts are not held against speeds."""
    known = [(time_s, power) for time_s, power in zip(times, powers) if power is not None]
    if 2 * len(known) <= len(times):
        return Stretch(times, speeds)
    return Stretch(*(list(part) for part in zip(*known)))


def read_power_w(measured: Measured | None) -> float | None:
    """Mean power of those channels that a sensor reads. A model's follow the load and never the heat."""
    if measured is None or not measured.region_s:
        return None
    energies = [source.energy_j for source in measured.sources if source.quality not in NOT_READ]
    known = [energy_j for energy_j in energies if energy_j is not None]
    return math.fsum(known) / measured.region_s if known and len(known) == len(energies) else None


def slope_per_minute(stretch: Stretch) -> float:
    """Change of the levels in a minute by the straight line through their last minute, relative to their mean; infinite
    where there are fewer than three."""
    latest = [
        (time_s, level)
        for time_s, level in zip(*stretch)
        if stretch.times_s and time_s >= stretch.times_s[-1] - SLOPE_S
    ]
    if len(latest) < 3:
        return math.inf
    times, levels = zip(*latest)
    middle, mean = math.fsum(times) / len(times), math.fsum(levels) / len(levels)
    spread = math.fsum((time_s - middle) ** 2 for time_s in times)
    rise = math.fsum((time_s - middle) * level for time_s, level in latest)
    return 60.0 * rise / spread / mean if spread and mean else math.inf


def chunk_seconds(period_s: float | None) -> float:
    """How long a chunk of warming up must be: two readings of the slowest sensor."""
    return max(CHUNK_S, CHUNK_READINGS * (period_s or 0.0))


def images_for(seconds: float, pass_s: float, batch: int) -> int:
    """Whole batches that take at least so long, with a margin."""
    return batch * max(1, math.ceil(seconds * MARGIN / pass_s))
