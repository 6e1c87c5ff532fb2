"""From jobs and power to the energy of each job and the balance of each node.

In three rounds, each of independent parts: a look at every node (`survey`), its samples cut into slices (`cut`), its
slices split between jobs (`split`). Only slices and sums are kept between them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from .accounts import Accounts, Wanted
from .closing import balances_of, energies_of, findings_of, totals_of
from .executor import Executor, LocalThreads
from .frames import polars
from .job import JobTable
from .node import NodeRating
from .node_tasks import CutPlan, NodePlan, SplitPlan, bounds_around, cut_piece, gate_bounds, split_node, survey_node
from .ratings import ratings_of
from .slices import Cutting, Edge, Slices, empty_slices, joined, seam
from .splitting import NodeSplit, WorkSpread
from .spread import learned_spread
from .survey import Surveyed

if TYPE_CHECKING:
    from .integral import Times
    from .store import PowerPiece, PowerStore


def account(
    table: JobTable,
    store: PowerStore,
    *,
    nodes: Mapping[str, NodeRating] | None = None,
    wanted: Wanted | None = None,
    executor: Executor | None = None,
) -> Accounts:
    """The accounts of a site. ValueError where there is no power in the window."""
    wanted, executor = _resolved(wanted or Wanted(), table), executor or LocalThreads()
    pieces, gpu_pieces = store.pieces("node"), store.pieces("gpu")
    if wanted.only_node is not None:
        pieces = {node: listed for node, listed in pieces.items() if node == wanted.only_node}
    begin, end = _window(wanted, pieces)
    ratings = ratings_of(table, nodes or {}, pieces)
    plans = node_plans(table, ratings, pieces, gpu_pieces, (begin, end))
    surveys = dict(zip(ratings, executor.map(survey_node, plans)))
    usable = [plan for plan in plans if surveys[plan.rating.node].usable]
    bounds = {plan.rating.node: _bounds(plan, wanted) for plan in usable}
    slices = _cut_all(usable, surveys, bounds, wanted, executor, "node")
    gpu_slices = _cut_all([plan for plan in usable if plan.gpu_pieces], surveys, bounds, wanted, executor, "gpu")
    split_plans = [
        SplitPlan(
            plan,
            surveys[plan.rating.node],
            slices[plan.rating.node],
            gpu_slices.get(plan.rating.node),
            wanted.gates,
            None if wanted.curve is None else (wanted.curve.times_ns, wanted.curve.g_per_j),
            (wanted.bin_ns, wanted.offset_ns),
            wanted.meter_error,
        )
        for plan in usable
    ]
    rough = list(executor.map(split_node, split_plans))
    spread = learned_spread([split.alone for split in rough])
    # What was learned changes only nodes that jobs share: the others are split the same way.
    again = [index for index, split in enumerate(rough) if split.is_shared]
    anew = executor.map(split_node, [split_plans[index].with_spread(spread) for index in again])
    splits = {index: split for index, split in enumerate(rough)}
    splits.update(zip(again, anew))
    return _accounts(
        table, [splits[index] for index in range(len(rough))], slices, surveys, (begin, end), spread, wanted
    )


def _resolved(wanted: Wanted, table: JobTable) -> Wanted:
    """Gates with the rows of the jobs that they name; intervals of jobs that are not in the table are left out."""
    library = polars()
    numbered = table.jobs.with_row_index("job").select(library.col("job").cast(library.Int64), "job_id")
    gates = []
    for gate in wanted.gates:
        frames = [gate.intervals] if gate.known is None else [gate.intervals, gate.known]
        rows = [frame.join(numbered, on="job_id", how="left", maintain_order="left") for frame in frames]
        is_there = library.col("job_id").is_null() | library.col("job").is_not_null()
        intervals, *known = [frame.filter(is_there) for frame in rows]
        gates.append(replace(gate, intervals=intervals, known=known[0] if known else None))
    return replace(wanted, gates=tuple(gates))


def _window(wanted: Wanted, pieces: Mapping[str, Sequence[PowerPiece]]) -> tuple[int, int]:
    listed = [piece for of_node in pieces.values() for piece in of_node]
    if not listed:
        raise ValueError("there is no power of any node: import some with impact-tracker cluster import")
    begin = min(piece.first_ns for piece in listed) if wanted.begin_ns is None else wanted.begin_ns
    end = max(piece.last_ns for piece in listed) if wanted.end_ns is None else wanted.end_ns
    if end <= begin:
        raise ValueError("the window ends before it begins, or the power is a single reading: see --from and --to")
    return begin, end


def node_plans(
    table: JobTable,
    ratings: Mapping[str, NodeRating],
    pieces: Mapping[str, Sequence[PowerPiece]],
    gpu_pieces: Mapping[str, Sequence[PowerPiece]],
    window: tuple[int, int],
) -> list[NodePlan]:
    """A plan for each node that has power: its jobs and its pieces."""
    library = polars()
    jobs = table.jobs.with_row_index("job").select(
        library.col("job").cast(library.Int64),
        "job_id",
        "start_ns",
        "end_ns",
        use=library.col("cpu_time_s")
        / (library.col("cores") * (library.col("end_ns") - library.col("start_ns")) / 1e9),
    )
    inside = jobs.filter(
        (library.col("start_ns") < window[1]) & (library.col("end_ns").is_null() | (library.col("end_ns") > window[0]))
    )
    rows = table.shares.join(inside, on="job_id", how="inner").sort("node", "start_ns", "job")
    by_node = {str(node): frame for (node,), frame in rows.group_by("node", maintain_order=True)}
    nothing = rows.clear()
    return [
        NodePlan(
            rating,
            by_node.get(node, nothing).drop("node", "job_id"),
            tuple(pieces[node]),
            tuple(gpu_pieces.get(node, ())),
            window[0],
            window[1],
        )
        for node, rating in ratings.items()
    ]


def _bounds(plan: NodePlan, wanted: Wanted) -> Times:
    """All times at which a slice of this node begins or ends."""
    import numpy as np

    begin, end = plan.begin_ns, plan.end_ns
    first = (begin + wanted.offset_ns) // wanted.bin_ns + 1
    midnights = np.arange(first * wanted.bin_ns - wanted.offset_ns, end, wanted.bin_ns, dtype=np.int64)
    extra = [np.array([begin, end], dtype=np.int64), midnights, gate_bounds(wanted.gates, plan.rating.node)]
    if wanted.curve is not None:
        extra.append(wanted.curve.times_ns)
    times = plan.occupancy().bounds(np.concatenate(extra))
    return np.asarray(times[(times >= begin) & (times <= end)])


def _cut_all(
    plans: Sequence[NodePlan],
    surveys: Mapping[str, Surveyed],
    bounds: Mapping[str, Times],
    wanted: Wanted,
    executor: Executor,
    part: str,
) -> dict[str, Slices]:
    """The slices of each node: pieces are cut apart from each other and joined with the seams between them."""
    cuts: list[CutPlan] = []
    cuttings: dict[str, Cutting] = {}
    for plan in plans:
        node, looked = plan.rating.node, surveys[plan.rating.node]
        for piece in plan.pieces if part == "node" else plan.gpu_pieces:
            cutting = Cutting(
                piece.kind,
                wanted.mode,
                None,
                looked.highest_w,
                looked.clock_error_s,
                looked.off_below_w if part == "node" else 0.0,
            )
            cuttings[node] = cutting
            offset = round(looked.offset_s * 1e9)
            around = bounds_around(bounds[node], piece.first_ns - offset, piece.last_ns - offset)
            cuts.append(CutPlan(piece, around, offset, cutting))
    slices: dict[str, Slices] = {}
    answers: dict[str, list[tuple[Slices, Edge | None]]] = {}
    for number, (task, answer) in enumerate(zip(cuts, executor.map(cut_piece, cuts))):
        node = task.piece.node
        answers.setdefault(node, []).append(answer)
        is_last = number + 1 == len(cuts) or cuts[number + 1].piece.node != node
        if is_last:
            slices[node] = _joined(answers.pop(node), bounds[node], cuttings[node])
    return slices


def _joined(answers: Sequence[tuple[Slices, Edge | None]], bounds_ns: Times, cutting: Cutting) -> Slices:
    pieces = [piece for piece, _ in answers]
    edges = [edge for _, edge in answers if edge is not None]
    seams = [seam(earlier, later, bounds_ns, cutting) for earlier, later in zip(edges, edges[1:])]
    return joined([*pieces, *seams], bounds_ns) if pieces else empty_slices(bounds_ns)


def _accounts(
    table: JobTable,
    splits: Sequence[NodeSplit],
    slices: Mapping[str, Slices],
    surveys: Mapping[str, Surveyed],
    window: tuple[int, int],
    spread: WorkSpread,
    wanted: Wanted,
) -> Accounts:
    of_gates = tuple(finding for gate in wanted.gates for finding in gate.findings)
    return Accounts(
        table,
        energies_of(splits, wanted.bin_ns),
        balances_of(splits, wanted.bin_ns),
        totals_of(slices, surveys, window),
        surveys,
        window[0],
        window[1],
        spread,
        sum(piece.samples for piece in slices.values()),
        (*findings_of(table, splits, slices, surveys), *of_gates),
        wanted.gates,
    )
