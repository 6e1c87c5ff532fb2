"""The parts that a report is computed in, a node or a piece of it each: pure functions of plans that can be sent."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from .gate import RUNNING, SHARE, Gate
from .node import NodeRating
from .occupancy import Occupancy, occupancy_of
from .slices import Cutting, Edge, Slices, cut
from .splitting import NodeFacts, NodeSplit, PairGate, Pairs, WorkSpread, split
from .store import PowerPiece
from .survey import SAMPLES, Surveyed, survey

if TYPE_CHECKING:
    import polars as pl

    from .integral import Numbers, Times


@dataclass(frozen=True, eq=False)
class NodePlan:
    """A node with its jobs (see `occupancy_of`) and the pieces of its power."""

    rating: NodeRating
    jobs: pl.DataFrame
    pieces: tuple[PowerPiece, ...]
    gpu_pieces: tuple[PowerPiece, ...]
    begin_ns: int
    end_ns: int

    def occupancy(self) -> Occupancy:
        """Its jobs as arrays, cut to the window."""
        return occupancy_of(self.rating, self.jobs, self.begin_ns, self.end_ns)


@dataclass(frozen=True, eq=False)
class CutPlan:
    """One piece to cut at the bounds around it. `offset_ns` is taken from the samples' times."""

    piece: PowerPiece
    bounds_ns: Times
    offset_ns: int
    cutting: Cutting


@dataclass(frozen=True, eq=False)
class SplitPlan:
    """One node to split. `intensity`: times and g/J of a step curve."""

    plan: NodePlan
    surveyed: Surveyed
    slices: Slices
    gpu_slices: Slices | None
    gates: tuple[Gate, ...]
    intensity: tuple[Times, Numbers] | None
    bins: tuple[int, int]  # length and offset of local midnight in ns
    meter_error: float
    spread: WorkSpread = field(default_factory=WorkSpread)

    def with_spread(self, spread: WorkSpread) -> SplitPlan:
        """The same with what was learned of all nodes."""
        return replace(self, spread=spread)


def survey_node(plan: NodePlan) -> Surveyed:
    """A look at the node's first pieces."""
    import numpy as np

    # A counter's rows are joules; its power is the difference. The look is at powers.
    piece = max(plan.pieces, key=lambda piece: piece.rows)
    times, values = piece.read(SAMPLES)
    if piece.kind == "energy" and len(values) > 1:
        steps = np.diff(times) / 1e9
        grown = np.diff(values)
        powers = np.where((grown >= 0.0) & (steps > 0.0), grown / np.where(steps > 0.0, steps, 1.0), math.nan)
        times, values = times[1:], powers
    return survey(plan.rating, times, values, plan.occupancy())


def cut_piece(plan: CutPlan) -> tuple[Slices, Edge | None]:
    """Read a piece and cut it; its samples are forgotten."""
    times, values = plan.piece.read()
    if plan.offset_ns:
        times = times - plan.offset_ns
    return cut(times, values, plan.bounds_ns, plan.cutting)


def bounds_around(bounds_ns: Times, first_ns: int, last_ns: int) -> Times:
    """The bounds of the slices in which a piece lies. Two at least: a single sample, and one outside of the window,
    still joins its neighbours."""
    import numpy as np

    count = len(bounds_ns)
    first = min(max(int(np.searchsorted(bounds_ns, first_ns, side="right")) - 1, 0), count - 2)
    last = max(min(int(np.searchsorted(bounds_ns, last_ns, side="left")) + 1, count), first + 2)
    return bounds_ns[first:last]


def split_node(plan: SplitPlan) -> NodeSplit:
    """Split the node's slices between its jobs."""
    import numpy as np

    looked, rating = plan.surveyed, plan.plan.rating
    occupancy = plan.plan.occupancy()
    pairs = Pairs.of(occupancy, plan.slices.bounds_ns)
    intensity = None
    if plan.intensity is not None:
        times, values = plan.intensity
        place = np.searchsorted(times, plan.slices.bounds_ns[:-1], side="right") - 1
        intensity = np.where(place >= 0, values[np.maximum(place, 0)], math.nan)
    facts = NodeFacts(
        looked.idle_w,
        looked.idle_error_w,
        _idle_gpu_w(plan, pairs),
        looked.rating.rated_w or looked.idle_w,
        (plan.meter_error if rating.meter_error is None else rating.meter_error) / 1.96,
    )
    gates = {gate.name: pair_gate(gate, occupancy, plan.slices.bounds_ns, pairs) for gate in plan.gates}
    return split(
        occupancy,
        plan.slices,
        plan.gpu_slices,
        facts,
        plan.spread,
        intensity_g_per_j=intensity,
        gates=gates,
        bins=plan.bins,
    )


def _idle_gpu_w(plan: SplitPlan, pairs: Pairs) -> float:
    """Mean power of the node's cards while it is on and has no job; 0 where that was never seen, so that all of the
    cards' energy counts as work."""
    import numpy as np

    if plan.gpu_slices is None:
        return 0.0
    count = len(plan.slices.energy_j)
    free = (np.bincount(pairs.slice, minlength=count) == 0) & (plan.slices.low_s <= 0.0)
    seconds = float(plan.gpu_slices.covered_s[free].sum())
    return float(plan.gpu_slices.energy_j[free].sum()) / seconds if seconds >= 60.0 else 0.0


def gate_bounds(gates: Sequence[Gate], node: str) -> Times:
    """All times at which a gate of this node changes."""
    import numpy as np

    times = [np.zeros(0, dtype=np.int64)]
    for gate in gates:
        for frame in (gate.intervals, gate.known):
            if frame is not None:
                rows = _of_node(frame, node)
                times += [rows["begin_ns"].to_numpy(), rows["end_ns"].to_numpy()]
    return np.unique(np.concatenate(times))


def _of_node(rows: pl.DataFrame, node: str) -> pl.DataFrame:
    """The rows for a node; a row without a node is for all nodes."""
    column = rows["node"]
    return rows.filter((column == node) | column.is_null())


def pair_gate(gate: Gate, occupancy: Occupancy, bounds_ns: Times, pairs: Pairs) -> PairGate:
    """The gate's value for each pair of a node."""
    import numpy as np

    if gate.built_in == RUNNING:
        return PairGate(np.ones(len(pairs.row)), True)
    if gate.built_in == SHARE:
        parts = np.bincount(pairs.slice, occupancy.part[pairs.row], len(bounds_ns) - 1)
        return PairGate(occupancy.part[pairs.row] / np.maximum(parts, 1.0)[pairs.slice], True)
    if gate.built_in:
        return PairGate(occupancy.shares[gate.built_in.partition(":")[2]][pairs.row], True)
    value = _highest(_of_node(gate.intervals, occupancy.node), occupancy, bounds_ns, pairs)
    if gate.known is not None:
        known = _highest(_of_node(gate.known, occupancy.node), occupancy, bounds_ns, pairs)
        value = np.where(known > 0.0, value, math.nan)
    return PairGate(value)


def _highest(rows: pl.DataFrame, occupancy: Occupancy, bounds_ns: Times, pairs: Pairs) -> Numbers:
    """The rows' value for each pair; where they overlap, the highest."""
    import numpy as np

    values = np.zeros(len(pairs.row))
    begins = np.clip(rows["begin_ns"].to_numpy(), bounds_ns[0], bounds_ns[-1])
    ends = np.clip(rows["end_ns"].to_numpy(), bounds_ns[0], bounds_ns[-1])
    first, last = np.searchsorted(bounds_ns, begins), np.searchsorted(bounds_ns, ends)
    level, job = rows["value"].to_numpy(), rows["job"].fill_null(-1).to_numpy()
    of_all = np.zeros(len(bounds_ns) - 1)
    # The pairs of a row of the occupancy lie side by side, slice after slice.
    place = np.searchsorted(pairs.row, np.arange(len(occupancy.job) + 1))
    rows_of: dict[int, list[int]] = {}
    for row, number in enumerate(occupancy.job.tolist()):
        rows_of.setdefault(number, []).append(row)
    for index in np.flatnonzero(last > first):
        if job[index] < 0:
            run = slice(first[index], last[index])
            of_all[run] = np.maximum(of_all[run], level[index])
            continue
        for row in rows_of.get(int(job[index]), ()):
            begin, end = place[row], place[row + 1]
            if begin == end:
                continue
            at = begin - pairs.slice[begin]
            run = slice(max(first[index] + at, begin), max(min(last[index] + at, end), begin))
            values[run] = np.maximum(values[run], level[index])
    return np.asarray(np.maximum(values, of_all[pairs.slice]))
