"""A node's energy between neighbouring times at which something changes: a job begins or ends, a gate, a day, a factor.

Samples are read once and forgotten; what is left of a month of samples are some hundred slices. Everything after this
works on slices. Two neighbouring pieces of a series are joined by the seam: the last sample of one, the first of the
next.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .integral import Integral, integral_of

if TYPE_CHECKING:
    from .integral import Numbers, Times


@dataclass(frozen=True, eq=False)
class Edge:
    """The first and the last sample of a piece of a series, its period, and the highest power that is believed."""

    first_ns: int
    first: float
    last_ns: int
    last: float
    period_s: float


@dataclass(frozen=True, eq=False)
class Slices:
    """Slice k is [bounds_ns[k], bounds_ns[k + 1]).

    `error_j[k]`: standard error at bound k of moving energy from one side to the other; `rough_j2[k]`: square of what
    sampling and noise may add to a slice. `total_j`: the integral over all of it, summed apart from the slices.
    `low_s`, `low_j`: of it, at a power below the threshold of a node that is switched off.
    """

    bounds_ns: Times
    energy_j: Numbers
    covered_s: Numbers
    across_j: Numbers
    error_j: Numbers
    low_s: Numbers
    low_j: Numbers
    rough_j2: Numbers
    total_j: float
    across_total_j: float
    samples: int = 0
    doubled: int = 0
    refused: int = 0


@dataclass(frozen=True)
class Cutting:
    """How a series is cut: see `integral_of`. `clock_error_s`: standard error of the meter's clock against the jobs'
    times; `off_below_w`: a node that draws less is switched off."""

    kind: str = "power"
    mode: str = "trapezoid"
    period_s: float | None = None
    highest_w: float = math.inf
    clock_error_s: float = 0.3
    off_below_w: float = 0.0


def empty_slices(bounds_ns: Times) -> Slices:
    """Slices without a sample."""
    import numpy as np

    count = max(len(bounds_ns) - 1, 0)
    zeros = np.zeros(count)
    return Slices(bounds_ns, zeros, zeros, zeros, np.zeros(len(bounds_ns)), zeros, zeros, zeros, 0.0, 0.0)


def cut(times_ns: Times, values: Numbers, bounds_ns: Times, cutting: Cutting) -> tuple[Slices, Edge | None]:
    """The slices of one piece of a series, and its edge for the seam."""
    import numpy as np

    summed = integral_of(
        times_ns, values, kind=cutting.kind, mode=cutting.mode, period_s=cutting.period_s, highest_w=cutting.highest_w
    )
    if summed is None:
        return empty_slices(bounds_ns), _lonely(times_ns, values, cutting)
    energy, seconds, across = (np.diff(column) for column in summed.at(bounds_ns))
    low_s, low_j = _low(summed, bounds_ns, cutting, seconds, energy)
    inside = (bounds_ns > summed.times_ns[0]) & (bounds_ns < summed.times_ns[-1])
    # A step of the power at an unknown place between two samples moves jump × period / (2·√5) as its standard error.
    spread_s = math.hypot(summed.period_s / (2.0 * math.sqrt(5.0)), cutting.clock_error_s)
    error = np.where(inside, summed.jump_w(bounds_ns) * spread_s, 0.0)
    within = _within(summed, bounds_ns)
    edge = Edge(int(summed.times_ns[0]), summed.ends[0], int(summed.times_ns[-1]), summed.ends[1], summed.period_s)
    slices = Slices(
        bounds_ns,
        energy,
        seconds,
        across,
        error,
        low_s,
        low_j,
        seconds * summed.roughness_w2s,
        within[0],
        within[1],
        len(summed.times_ns),
        summed.doubled,
        summed.refused,
    )
    return slices, edge


def _lonely(times_ns: Times, values: Numbers, cutting: Cutting) -> Edge | None:
    """A piece of one usable sample still joins its neighbours."""
    import numpy as np

    good = np.flatnonzero(np.isfinite(values) & (values >= 0.0))
    if len(good) == 0:
        return None
    moment, value = int(times_ns[good[-1]]), float(values[good[-1]])
    return Edge(moment, value, moment, value, cutting.period_s or 0.0)


def _within(summed: Integral, bounds_ns: Times) -> tuple[float, float]:
    """The integral between the first and the last bound, summed over whole steps apart from the slices."""
    import numpy as np

    times = summed.times_ns
    if bounds_ns[0] <= times[0] and bounds_ns[-1] >= times[-1]:
        return summed.total_j, summed.across_total_j
    first, last = np.searchsorted(times, bounds_ns[[0, -1]], side="left")
    if first >= last:
        edges = summed.at(bounds_ns[[0, -1]])
        return float(edges[0][1] - edges[0][0]), float(edges[2][1] - edges[2][0])
    steps = np.diff(summed.energy_j[first:last])
    head = summed.energy_j[first] - summed.at(bounds_ns[:1])[0][0]
    tail = summed.at(bounds_ns[-1:])[0][0] - summed.energy_j[last - 1]
    across = summed.at(bounds_ns[[0, -1]])[2]
    return float(math.fsum((head, float(np.sum(steps)), tail))), float(across[1] - across[0])


def _low(
    summed: Integral, bounds_ns: Times, cutting: Cutting, seconds: Numbers, energy: Numbers
) -> tuple[Numbers, Numbers]:
    """Seconds and energy of steps at whose both ends the node drew less than a switched-on one."""
    import numpy as np

    if cutting.off_below_w <= 0.0:
        return np.zeros(len(seconds)), np.zeros(len(energy))
    below = summed.start_w < cutting.off_below_w
    steps = below[:-1] & below[1:] & summed.is_covered
    if not steps.any():
        return np.zeros(len(seconds)), np.zeros(len(energy))
    if steps[summed.is_covered].all():
        return seconds, energy
    low_energy = np.concatenate(([0.0], np.cumsum(np.where(steps, np.diff(summed.energy_j), 0.0))))
    low_time = np.concatenate(([0.0], np.cumsum(np.where(steps, np.diff(summed.covered_s), 0.0))))
    grid = summed.times_ns.astype(np.float64)
    at = bounds_ns.astype(np.float64)
    # The power is nearly constant at a switched-off node: linear between samples is as good as the quadratic.
    moved_s, moved_j = np.diff(np.interp(at, grid, low_time)), np.diff(np.interp(at, grid, low_energy))
    return np.minimum(moved_s, seconds), np.minimum(moved_j, energy)


def seam(earlier: Edge, later: Edge, bounds_ns: Times, cutting: Cutting) -> Slices:
    """The slices between two neighbouring pieces."""
    import numpy as np

    period = cutting.period_s or max(earlier.period_s, later.period_s)
    if later.first_ns <= earlier.last_ns or period <= 0.0:
        return empty_slices(bounds_ns)
    joined = Cutting(cutting.kind, cutting.mode, period, cutting.highest_w, cutting.clock_error_s, cutting.off_below_w)
    times = np.array([earlier.last_ns, later.first_ns], dtype=np.int64)
    return cut(times, np.array([earlier.last, later.first]), bounds_ns, joined)[0]


def joined(pieces: Iterable[Slices], bounds_ns: Times) -> Slices:
    """The sum of pieces over the same bounds; each piece may cover a run of them."""
    import numpy as np

    count = max(len(bounds_ns) - 1, 0)
    sums = {name: np.zeros(count) for name in ("energy_j", "covered_s", "across_j", "low_s", "low_j", "rough_j2")}
    error = np.zeros(len(bounds_ns))
    totals: list[float] = []
    across: list[float] = []
    samples = doubled = refused = 0
    for piece in pieces:
        begin = int(np.searchsorted(bounds_ns, piece.bounds_ns[0]))
        run = slice(begin, begin + len(piece.energy_j))
        for name, column in sums.items():
            column[run] += getattr(piece, name)
        edges = slice(begin, begin + len(piece.bounds_ns))
        error[edges] = np.maximum(error[edges], piece.error_j)
        totals.append(piece.total_j)
        across.append(piece.across_total_j)
        samples, doubled, refused = samples + piece.samples, doubled + piece.doubled, refused + piece.refused
    return Slices(
        bounds_ns,
        sums["energy_j"],
        sums["covered_s"],
        sums["across_j"],
        error,
        sums["low_s"],
        sums["low_j"],
        sums["rough_j2"],
        math.fsum(totals),
        math.fsum(across),
        samples,
        doubled,
        refused,
    )
