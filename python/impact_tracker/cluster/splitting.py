"""One node's energy split between its jobs, its idle time and its standby: every joule once.

In a slice of energy E over t covered seconds with jobs of parts a (sum at most 1) and expected work w:

    idle power      B = min(E, P_idle · t)       each job has a · B; the rest is idle that nobody had
    work            D = E − B                    each job has D · w / Σ w (cards apart where they have a meter)
    without a job   E is idle, or standby where the node drew less than a node that is switched on
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .integral import NS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .integral import Numbers
    from .occupancy import Occupancy
    from .slices import Slices

DAY_NS = 86_400 * 10**9


@dataclass(frozen=True)
class NodeFacts:
    """What the split needs of a node: see `NodeRating`; `idle_error_w`: standard error of the idle power."""

    idle_w: float
    idle_error_w: float
    idle_gpu_w: float
    rated_w: float
    meter_error: float


@dataclass(frozen=True)
class WorkSpread:
    """How far expected work is from measured work, as the standard deviation of its logarithm; learned from jobs that
    were alone on a node. `gpu_scale`: by how much cards draw more of it than their weight says, against cores."""

    core: float = 0.5
    gpu: float = 0.3
    gpu_scale: float = 1.0
    learned_from: int = 0


@dataclass(frozen=True, eq=False)
class NodeSplit:
    """`rows`: columns of one row for each job and day (see `ROWS`); `days`: columns of the balance of each day."""

    node: str
    rows: Mapping[str, NDArray[np.generic]]
    days: Mapping[str, NDArray[np.generic]]
    overbooked_j: float = 0.0
    is_shared: bool = False
    gates: tuple[str, ...] = ()
    alone: Mapping[str, Numbers] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Pairs:
    """Every job in every slice that it is in, ordered by job and time."""

    row: NDArray[np.int64]  # of the occupancy
    slice: NDArray[np.int64]

    @classmethod
    def of(cls, occupancy: Occupancy, bounds_ns: NDArray[np.int64]) -> Pairs:
        import numpy as np

        first = np.searchsorted(bounds_ns, occupancy.start_ns)
        counts = np.searchsorted(bounds_ns, occupancy.end_ns) - first
        row = np.repeat(np.arange(len(counts)), counts)
        before = np.cumsum(counts) - counts
        return cls(row, np.arange(len(row)) - np.repeat(before - first, counts))


@dataclass(frozen=True, eq=False)
class PairGate:
    """A gate's value for each pair, NaN where it is not known. `is_of_node`: of all power of the node, else of the
    job's own."""

    value: Numbers
    is_of_node: bool = False


def _gated(name: str, gate: PairGate, base_j: Numbers, covered_s: Numbers) -> dict[str, Numbers]:
    """Energy inside and outside of a gate, and the seconds for which it is known."""
    import numpy as np

    known = ~np.isnan(gate.value)
    value = np.where(known, gate.value, 0.0)
    return {
        f"gate_{name}_j": base_j * value,
        f"outside_{name}_j": np.where(known, base_j * (1.0 - value), 0.0),
        f"known_{name}_s": np.where(known, covered_s, 0.0),
    }


def _weighed(energy_j: Numbers, g_per_j: Numbers) -> dict[str, Numbers]:
    """Carbon of the energy whose intensity is known, and how much energy that is: a hole of an hour shall not take the
    rest of its day with it."""
    import numpy as np

    known = ~np.isnan(g_per_j)
    return {"carbon_g": energy_j * np.where(known, g_per_j, 0.0), "weighed_j": np.where(known, energy_j, 0.0)}


def split(
    occupancy: Occupancy,
    slices: Slices,
    gpu_slices: Slices | None,
    facts: NodeFacts,
    spread: WorkSpread,
    *,
    intensity_g_per_j: Numbers | None = None,
    gates: Mapping[str, PairGate] | None = None,
    bins: tuple[int, int] = (DAY_NS, 0),
) -> NodeSplit:
    """Split one node. `intensity_g_per_j`: of each slice, NaN where not known; `gates`: by name; `bins`:
    length and offset of what `day` numbers."""
    import numpy as np

    pairs = Pairs.of(occupancy, slices.bounds_ns)
    count = len(slices.energy_j)
    length_s = np.diff(slices.bounds_ns) / NS
    energy, covered = slices.energy_j, slices.covered_s
    part = occupancy.part[pairs.row]
    parts = np.bincount(pairs.slice, part, count)
    overbooked = parts > 1.0 + 1e-9
    part = part / np.maximum(parts, 1.0)[pairs.slice]
    idle = np.minimum(energy, facts.idle_w * covered)
    shares = _shares(occupancy, pairs, (energy - idle, covered), gpu_slices, facts, spread)
    own_idle = idle[pairs.slice] * part
    given = own_idle + shares.work_j
    busy = np.bincount(pairs.slice, minlength=count) > 0
    uncovered = np.maximum(length_s - covered, 0.0)
    errors = _errors(pairs, slices, given, part, shares, facts)
    columns = {
        "energy_j": given,
        "own_idle_j": own_idle,
        "gpu_j": shares.gpu_j + facts.idle_gpu_w * covered[pairs.slice] * shares.gpu_part,
        "node_j": energy[pairs.slice],
        "part_j": energy[pairs.slice] * part,
        "covered_s": covered[pairs.slice],
        "node_s": length_s[pairs.slice],
        "part_s": length_s[pairs.slice] * part,
        "least_j": uncovered[pairs.slice] * part * facts.idle_w,
        "most_j": uncovered[pairs.slice] * np.maximum(part, 0.0) * facts.rated_w,
        "shared_j": np.where(np.bincount(pairs.slice, minlength=count)[pairs.slice] > 1, given, 0.0),
        **errors,
    }
    if gpu_slices is None:
        columns["gpu_j"] = np.full(len(given), math.nan)
    if intensity_g_per_j is not None:
        columns.update(_weighed(given, intensity_g_per_j[pairs.slice]))
    for name, gate in (gates or {}).items():
        columns.update(_gated(name, gate, energy[pairs.slice] if gate.is_of_node else given, covered[pairs.slice]))
    day = (slices.bounds_ns[:-1] + bins[1]) // bins[0]
    rows = _by_job_and_day(occupancy, pairs, day, columns)
    held = np.bincount(pairs.slice, given, count).astype(np.float64)
    days = _balance(slices, held, busy, length_s)
    if intensity_g_per_j is not None:
        days.update(_weighed(energy, intensity_g_per_j))
    return NodeSplit(
        occupancy.node,
        rows,
        _by_day(day, days),
        float(energy[overbooked].sum()),
        bool((columns["shared_j"] > 0.0).any()),
        tuple(gates or {}),
        shares.alone,
    )


def _balance(slices: Slices, held: Numbers, busy: NDArray[np.bool_], length_s: Numbers) -> dict[str, Numbers]:
    """Where each slice's energy went: to jobs what they hold, the rest idle or standby."""
    import numpy as np

    low = np.where(busy, 0.0, slices.low_j)
    energy = slices.energy_j
    return {
        "jobs_j": held,
        "idle_j": energy - held - low,
        "standby_j": low,
        "shared_idle_j": np.where(busy, energy - held, 0.0),
        "uncovered_j": slices.across_j,
        "covered_s": slices.covered_s,
        "uncovered_s": np.maximum(length_s - slices.covered_s, 0.0),
        "busy_s": np.where(busy, length_s, 0.0),
    }


@dataclass(frozen=True, eq=False)
class _Shares:
    work_j: Numbers
    gpu_j: Numbers
    gpu_part: Numbers
    error_j: Numbers  # standard error of the split of work
    work_part: Numbers
    alone: Mapping[str, Numbers]


def _shares(
    occupancy: Occupancy,
    pairs: Pairs,
    work_and_time: tuple[Numbers, Numbers],
    gpu_slices: Slices | None,
    facts: NodeFacts,
    spread: WorkSpread,
) -> _Shares:
    """Each pair's work, and how uncertain the split is: f (1 − f) and f · f_j for each other j, times the spread."""
    import numpy as np

    work, covered = work_and_time
    count = len(work)
    gpus = occupancy.gpus[pairs.row]
    all_gpus = np.bincount(pairs.slice, gpus, count)
    gpu_work = np.zeros(count)
    if gpu_slices is not None:
        beyond = np.maximum(gpu_slices.energy_j - facts.idle_gpu_w * gpu_slices.covered_s, 0.0)
        gpu_work = np.where(all_gpus > 0.0, np.minimum(beyond, work), 0.0)
        weight = occupancy.core_work_w[pairs.row]
    else:
        weight = occupancy.core_work_w[pairs.row] + occupancy.gpu_work_w[pairs.row] * spread.gpu_scale
    rest = work - gpu_work
    # Where nobody is said to have a core, the work is as much anyone's.
    weight = np.where(np.bincount(pairs.slice, weight, count)[pairs.slice] > 0.0, weight, 1.0)
    core_part = weight / np.bincount(pairs.slice, weight, count)[pairs.slice]
    gpu_part = np.divide(gpus, all_gpus[pairs.slice], out=np.zeros(len(gpus)), where=all_gpus[pairs.slice] > 0.0)

    def uncertain(part: Numbers, sigma: float | Numbers) -> Numbers:
        squares = np.bincount(pairs.slice, part * part, count)[pairs.slice] - part * part
        return np.asarray(part * np.sqrt((1.0 - part) ** 2 + np.maximum(squares, 0.0)) * sigma)

    sigma = np.where(gpus > 0.0, spread.gpu, spread.core) if gpu_slices is None else spread.core
    core_error = rest[pairs.slice] * uncertain(core_part, sigma)
    gpu_error = gpu_work[pairs.slice] * uncertain(gpu_part, spread.gpu)
    gpu_given = gpu_work[pairs.slice] * gpu_part
    given = rest[pairs.slice] * core_part + gpu_given
    alone = np.bincount(pairs.slice, minlength=count)[pairs.slice] == 1
    total_part = np.divide(given, work[pairs.slice], out=core_part.copy(), where=work[pairs.slice] > 0.0)
    return _Shares(
        given,
        gpu_given,
        gpu_part,
        np.hypot(core_error, gpu_error),
        total_part,
        _alone(occupancy, pairs, alone, work, covered),
    )


def _alone(
    occupancy: Occupancy, pairs: Pairs, alone: NDArray[np.bool_], work: Numbers, covered_s: Numbers
) -> Mapping[str, Numbers]:
    """Work of jobs (J) while nobody else was on the node, and what their weights would have it be."""
    import numpy as np

    rows, row, place = len(occupancy.job), pairs.row[alone], pairs.slice[alone]
    expected = (occupancy.core_work_w + occupancy.gpu_work_w)[row] * covered_s[place]
    return {
        "work_j": np.bincount(row, work[place], rows).astype(np.float64),
        "expected_j": np.bincount(row, expected, rows).astype(np.float64),
        "covered_s": np.bincount(row, covered_s[place], rows).astype(np.float64),
        "gpus": occupancy.gpus,
    }


def _errors(
    pairs: Pairs, slices: Slices, given: Numbers, part: Numbers, shares: _Shares, facts: NodeFacts
) -> dict[str, Numbers]:
    """Standard errors: linear ones that a job has all the time, and squares of independent ones."""
    import numpy as np

    energy = slices.energy_j[pairs.slice]
    fraction = np.divide(given, energy, out=np.zeros(len(given)), where=energy > 0.0)
    first = np.append(True, pairs.row[1:] != pairs.row[:-1]) if len(given) else np.zeros(0, dtype=bool)
    before = np.where(first, 0.0, np.roll(fraction, 1)) if len(given) else fraction
    last = np.roll(first, -1) if len(given) else first
    moved = ((fraction - before) * slices.error_j[pairs.slice]) ** 2
    moved = moved + np.where(last, (fraction * slices.error_j[pairs.slice + 1]) ** 2, 0.0)
    idle = facts.idle_error_w * slices.covered_s[pairs.slice] * np.abs(part - shares.work_part)
    return {
        "split_j": shares.error_j + idle,
        "edge_j2": moved + fraction * fraction * slices.rough_j2[pairs.slice] / 4.0,
        "bias_j": facts.meter_error * given,
    }


def _by_job_and_day(
    occupancy: Occupancy, pairs: Pairs, day: NDArray[np.int64], columns: Mapping[str, Numbers]
) -> dict[str, NDArray[np.generic]]:
    """Sums of runs of pairs with the same job and day."""
    import numpy as np

    days = day[pairs.slice]
    if len(days) == 0:
        none = np.zeros(0, dtype=np.int64)
        return {"job": none, "day": none, **{name: np.zeros(0) for name in columns}}
    starts = np.flatnonzero(np.append(True, (pairs.row[1:] != pairs.row[:-1]) | (days[1:] != days[:-1])))
    sums: dict[str, NDArray[np.generic]] = {"job": occupancy.job[pairs.row[starts]], "day": days[starts]}
    sums.update({name: np.add.reduceat(column, starts) for name, column in columns.items()})
    return sums


def _by_day(day: NDArray[np.int64], columns: Mapping[str, Numbers]) -> dict[str, NDArray[np.generic]]:
    """Sums of slices of the same day; slices are cut at midnight."""
    import numpy as np

    if len(day) == 0:
        return {"day": np.zeros(0, dtype=np.int64), **{name: np.zeros(0) for name in columns}}
    starts = np.flatnonzero(np.append(True, day[1:] != day[:-1]))
    sums: dict[str, NDArray[np.generic]] = {"day": day[starts]}
    sums.update({name: np.add.reduceat(column, starts) for name, column in columns.items()})
    return sums
