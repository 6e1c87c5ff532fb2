"""A first look at a node's power: what it draws idle and switched off, whether its unit and its clock can be right."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..digits import plus_minus
from .finding import ClusterFinding
from .integral import NS
from .node import NodeRating

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .integral import Numbers, Times
    from .occupancy import Occupancy

SAMPLES = 150_000
HIGHEST_W = 1e5  # no single node draws more
_NEAR_S, _LEAST_EDGES = 150.0, 8
WHOLE_SECOND_S = 0.58  # root of the mean square of what a time loses when it is cut to whole seconds


@dataclass(frozen=True)
class Surveyed:
    """What is known of a node after the look. `offset_s`: to take from the meter's times; `usable`: whether its values
    can be power in W at all."""

    rating: NodeRating
    idle_w: float
    idle_error_w: float
    off_below_w: float
    highest_w: float
    period_s: float
    offset_s: float
    clock_error_s: float
    usable: bool
    findings: tuple[ClusterFinding, ...] = ()


def survey(rating: NodeRating, times_ns: Times, values: Numbers, occupancy: Occupancy) -> Surveyed:
    """Look at some samples of a node's meter. The rating's own values win over those seen."""
    import numpy as np

    good = np.isfinite(values) & (values >= 0.0) & (values <= 1e9)
    times, powers = times_ns[good], values[good]
    if len(powers) < 3:
        blank = Surveyed(rating, 0.0, 0.0, 0.0, HIGHEST_W, 0.0, 0.0, WHOLE_SECOND_S, False)
        text = f"node {rating.node} has fewer than three usable readings: its jobs have no energy"
        return replace(blank, findings=(ClusterFinding("no_power", rating.node, text),))
    period = float(np.median(np.diff(times))) / NS
    finding = _wrong_unit(rating, float(np.median(powers)))
    powers_ok = powers <= HIGHEST_W
    times, powers = times[powers_ok], powers[powers_ok]
    if finding is not None or len(powers) < 3:
        blank = Surveyed(rating, 0.0, 0.0, 0.0, HIGHEST_W, period, 0.0, WHOLE_SECOND_S, False)
        return replace(blank, findings=(finding,) if finding else ())
    free = powers[~_is_busy(times, occupancy, 60.0 + 2.0 * period)]
    off_below = _off_threshold(rating, free)
    idle, idle_error = _idle(rating, free[free >= off_below], powers[powers >= off_below])
    offset, clock_error, moved = _clock(rating, times, powers, occupancy, period)
    rated = rating.rated_w or float(np.quantile(powers, 0.999)) * 1.1
    highest = 1.5 * rating.rated_w if rating.rated_w else HIGHEST_W
    return Surveyed(
        replace(rating, rated_w=rated),
        idle,
        idle_error,
        off_below,
        highest,
        period,
        offset,
        clock_error,
        True,
        () if moved is None else (moved,),
    )


def _wrong_unit(rating: NodeRating, median: float) -> ClusterFinding | None:
    """A finding where the values cannot be W."""
    most = rating.rated_w or 12_000.0
    least = 0.02 * rating.rated_w if rating.rated_w else 2.0
    if rating.standby_w:
        least = min(least, 0.5 * rating.standby_w)
    if least <= median <= 3.0 * most:
        return None
    unit = next((name for name, by in (("kW", 1e3), ("mW", 1e-3), ("uW", 1e-6)) if least <= median * by <= most), None)
    advice = f"they look like {unit}: import them with --unit {unit}" if unit else "see what the meter's unit is"
    text = f"readings of node {rating.node} are about {median:.3g}: no watts of a node, and not used; {advice}"
    return ClusterFinding("wrong_unit", rating.node, text)


def _is_busy(times_ns: Times, occupancy: Occupancy, around_s: float) -> NDArray[np.bool_]:
    """Whether a job is on the node, or was or will be in this many seconds."""
    import numpy as np

    around = int(around_s * NS)
    begun = np.searchsorted(np.sort(occupancy.start_ns - around), times_ns, side="right")
    ended = np.searchsorted(np.sort(occupancy.end_ns + around), times_ns, side="right")
    return np.asarray(begun > ended)


def _off_threshold(rating: NodeRating, free: Numbers) -> float:
    """Below it the node is switched off; 0 where it never was as far as this look sees."""
    import numpy as np

    if rating.standby_w and rating.idle_w:
        return math.sqrt(rating.standby_w * rating.idle_w)
    if len(free) < 30:
        return 2.5 * rating.standby_w if rating.standby_w else 0.0
    low, high = np.quantile(free, (0.005, 0.98))
    if rating.standby_w:
        low = min(low, rating.standby_w)
    return math.sqrt(max(low, 0.1) * high) if high > 2.5 * max(low, 0.1) else 0.0


def _idle(rating: NodeRating, free: Numbers, powers: Numbers) -> tuple[float, float]:
    """Idle power and its standard error."""
    import numpy as np

    if rating.idle_w:
        return rating.idle_w, 0.02 * rating.idle_w
    if len(free) >= 30:
        idle = float(np.median(free))
        spread = 1.4826 * float(np.median(np.abs(free - idle)))
        return idle, max(0.01 * idle, spread / math.sqrt(len(free) / 10.0))
    # Never seen idle: it draws less than the least that was seen, and how much less nobody knows.
    least = float(np.quantile(powers, 0.01)) if len(powers) else 0.0
    return least, 0.2 * least


def _clock(
    rating: NodeRating, times_ns: Times, powers: Numbers, occupancy: Occupancy, period: float
) -> tuple[float, float, ClusterFinding | None]:
    """The offset of the meter's clock, its standard error, and what to say of it."""
    import numpy as np

    stated = rating.clock_offset_s
    lags = _lags(times_ns, powers, occupancy, period)
    if len(lags) < _LEAST_EDGES:
        return stated, math.hypot(WHOLE_SECOND_S, 0.5), None
    lag = float(np.median(lags))
    error = 1.2533 * 1.4826 * float(np.median(np.abs(lags - lag))) / math.sqrt(len(lags))
    error = max(error, period / math.sqrt(12.0 * len(lags)))
    if abs(lag - stated) <= max(1.5 * period, 2.0, 4.0 * error):
        return stated, math.hypot(WHOLE_SECOND_S, min(max(error, 0.1), 0.5 * period + 0.5)), None
    text = (
        f"the meter of node {rating.node} is {plus_minus(lag, 1.96 * error, signed=True)} s off the scheduler's clock ("
        f"{len(lags)} begins and ends of jobs); its times are moved by that"
    )
    return lag, math.hypot(WHOLE_SECOND_S, error), ClusterFinding("clock_offset", rating.node, text, None, len(lags))


def _lags(times_ns: Times, powers: Numbers, occupancy: Occupancy, period: float) -> Numbers:
    """How much later than a job's begin or end the power crosses the middle of both levels, where nothing else changes
    near it."""
    import numpy as np

    edges = np.sort(np.concatenate((occupancy.start_ns, occupancy.end_ns)))
    near = int(max(_NEAR_S, 12.0 * period) * NS)
    inside = (edges > times_ns[0] + near) & (edges < times_ns[-1] - near)
    apart = np.ones(len(edges), dtype=bool)
    apart[1:] &= np.diff(edges) > near
    apart[:-1] &= np.diff(edges) > near
    lags = []
    for moment in edges[inside & apart][:300]:
        first, last = np.searchsorted(times_ns, (moment - near, moment + near))
        around = powers[first:last]
        quarter = len(around) // 5
        if quarter < 3:
            continue
        before, after = float(np.median(around[:quarter])), float(np.median(around[-quarter:]))
        noise = 1.4826 * float(np.median(np.abs(np.diff(around))))
        if abs(after - before) < max(8.0 * noise, 0.15 * min(before, after), 5.0):
            continue
        above = (around > 0.5 * (before + after)) == (after > before)
        changes = np.flatnonzero(above[1:] != above[:-1])
        if len(changes) != 1:
            continue  # the work itself goes up and down
        place = first + int(changes[0])
        lags.append((0.5 * (times_ns[place] + times_ns[place + 1]) - moment) / NS)
    return np.asarray(lags, dtype=np.float64)
