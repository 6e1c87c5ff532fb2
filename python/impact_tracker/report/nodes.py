"""Machines: the records of each united where they overlap in time, so that no energy is counted twice, then added up.

Ranks of one node each record the whole node. Which records are one machine's is told by the boot id; what its energy
was while at least one of them ran is computed by the core from all their readings, not from their sums.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from .. import _core
from ..result import Result
from .runs import Run, Total, several_at_once

Steps = Callable[[Sequence[Sequence[Run]]], Iterable[Sequence[Run]]]

_TELLING_SPREAD = 0.01  # a smaller difference is not worth a word
_CLOCKS_APART_NS = 2_000_000_000


class Node(NamedTuple):
    """One machine over one stretch of time: the runs that it was measured by, and what it used, each joule once.

    `regions`: stretches in which at least one of the runs was in a region of that name. `over`: for each run what the
    machine used during it, to hold beside what the run itself measured.
    """

    runs: Sequence[Run]
    result: Result
    regions: Sequence[Result]
    over: Sequence[Result]

    @property
    def boot_id(self) -> str | None:
        """Of the machine; `None` where its records do not say."""
        return self.runs[0].record.boot_id

    @property
    def hostname(self) -> str:
        """Its name; of containers on one machine the first's."""
        return next((run.hostname for run in self.runs if run.hostname), "")

    @property
    def is_united(self) -> bool:
        """Whether several records were made one."""
        return len(self.runs) > 1

    @property
    def spread(self) -> float | None:
        """How far apart the runs' own energies lie, each relative to the machine's over the same time; `None` where
        fewer than two say anything."""
        apart = [
            found
            for run, over in zip(self.runs, self.over)
            for found in (disagreement(run, over),)
            if found is not None
        ]
        return max(apart) - min(apart) if len(apart) > 1 else None

    @property
    def share_j(self) -> float | None:
        """The sum of the runs' own shares of the machine's energy, a consumer that several of them watched once."""
        return sum_of_shares([run.result] for run in self.runs)


def disagreement(run: Run, over: Result) -> float | None:
    """A run's own energy over the machine's during it, less one."""
    own, whole = run.result.energy_j, over.energy_j
    return own / whole - 1.0 if own is not None and whole else None


def contradicts(run: Run, over: Result) -> bool:
    """Whether a run's own energy differs from the machine's during it by more than both state."""
    apart = disagreement(run, over)
    if apart is None or abs(apart) < _TELLING_SPREAD:
        return False
    stated = (run.result.uncertainty.half_width_j or 0.0) + (over.uncertainty.half_width_j or 0.0)
    return abs((run.result.energy_j or 0.0) - (over.energy_j or 0.0)) > stated


def sum_of_shares(by_run: Iterable[Sequence[Result]]) -> float | None:
    """Shares of different consumers added up, of each run over its results; of one consumer that several runs watched
    (a job that each of its ranks names) the largest."""
    by_consumer: dict[Any, float] = {}
    for number, results in enumerate(by_run):
        shares = [getattr(result, "share", None) or {} for result in results]
        joules = [float(share["share_j"]) for share in shares if share.get("share_j") is not None]
        if not shares or len(joules) < len(shares):
            continue
        consumer = shares[0].get("whose") if shares[0].get("scope") in ("cgroup", "job") else number
        by_consumer[consumer] = max(math.fsum(joules), by_consumer.get(consumer, 0.0))
    return math.fsum(by_consumer.values()) if by_consumer else None


def _overlapping(runs: Sequence[Run]) -> Iterator[list[Run]]:
    """Runs of one machine, in groups that hang together in time."""
    group: list[Run] = []
    end = 0
    for run in sorted(runs, key=lambda run: (run.result.start_ns, run.result.stop_ns)):
        if group and run.result.start_ns >= end:
            yield group
            group = []
        group.append(run)
        end = max(end, run.result.stop_ns) if len(group) > 1 else run.result.stop_ns
    if group:
        yield group


def groups_of(runs: Sequence[Run]) -> list[list[Run]]:
    """Runs of one machine whose times overlap together, the newest group first, ranks in order within."""
    by_boot: dict[str, list[Run]] = {}
    for run in runs:
        # Without a boot id nothing says that two records are one machine's.
        by_boot.setdefault(run.record.boot_id or f"path {run.record.path}", []).append(run)
    groups = [_in_order(group) for of_one in by_boot.values() for group in _overlapping(of_one)]
    newest = {id(run): number for number, run in enumerate(runs)}
    return sorted(groups, key=lambda group: min(newest[id(run)] for run in group))


def _in_order(group: list[Run]) -> list[Run]:
    def place(run: Run) -> tuple[int, str]:
        rank = run.record.rank.rank
        return (rank if rank is not None else 1 << 30, str(run.record.path))

    return sorted(group, key=place)


def nodes_of(runs: Sequence[Run], progress: Steps = iter) -> list[Node]:
    """The runs by machine and time, each group united. Every run is in one of them."""
    groups = groups_of(runs)
    several = [group for group in groups if len(group) > 1]
    united = {id(group): found for group, found in zip(progress(several), several_at_once(_unite, several))}
    return [_node(group, united.get(id(group))) for group in groups]


def _unite(group: Sequence[Run]) -> dict[str, Any]:
    return _core.unite([(str(run.record.path), run.result.start_ns, run.result.stop_ns) for run in group])


def _node(group: Sequence[Run], united: dict[str, Any] | None) -> Node:
    first = group[0]
    if united is None:
        return Node(group, first.result, first.record.regions, [first.result])
    weighing = first.result.weighing

    def results(raw: Sequence[dict[str, Any]]) -> list[Result]:
        return [Result(one, weighing) for one in raw]

    return Node(group, Result(united["run"], weighing), results(united["regions"]), results(united["records"]))


def total(runs: Sequence[Run], nodes: Sequence[Node] | None = None) -> Total:
    """The sum over machines and their times. `nodes`: of these runs, where they are at hand."""
    from ..factors import worst_quality

    nodes = nodes_of(runs) if nodes is None else nodes
    whole = [node.result for node in nodes]
    measured = [result for result in whole if result.energy_j is not None]
    energy = math.fsum(result.energy_j or 0.0 for result in measured) if measured else None
    half = None
    if measured:
        spreads = [((r.energy_high_j or 0.0) - (r.energy_low_j or 0.0)) / 2 for r in measured]
        half = math.hypot(math.hypot(*spreads), math.fsum(r.bias_j or 0.0 for r in measured))

    def sum_if_all(name: str, results: Sequence[Result]) -> float | None:
        known = [getattr(result, name) for result in results]
        return math.fsum(known) if known and all(value is not None for value in known) else None

    shares = [node.share_j for node in nodes]
    return Total(
        len(runs),
        len({node.boot_id or id(node) for node in nodes}),
        sum(len(node.runs) for node in nodes if node.result.energy_j is None),
        math.fsum(result.duration_s for result in whole),
        energy,
        half,
        sum_if_all("carbon_g", measured),
        sum_if_all("carbon_low_g", measured),
        sum_if_all("carbon_high_g", measured),
        worst_quality(result.quality for result in measured) if measured else "missing",
        sum_if_all("wall_j", whole),
        math.fsum(share for share in shares if share is not None) if any(s is not None for s in shares) else None,
    )


def findings(node: Node) -> list[str]:
    """What to know beside a united machine's numbers."""
    if not node.is_united:
        return []
    found = []
    early = [run.label for run in node.runs if run.state != "complete"]
    alive = len(node.runs) - len(early)
    if early and alive:
        found.append(f"{', '.join(early)}: ends early; the other {alive} of {len(node.runs)} records cover the rest")
    if any(map(contradicts, node.runs, node.over)):
        found.append(f"the ranks' own energies differ by up to {100 * (node.spread or 0.0):.1f} % over the same time")
    if node.share_j is not None and node.result.energy_j is not None and node.share_j > node.result.energy_j:
        found.append("the ranks' shares overlap: one's process began another's, whose work both of them count")
    booted = [at for run in node.runs for at in (_booted_at(run),) if at is not None]
    if booted and max(booted) - min(booted) > _CLOCKS_APART_NS:
        found.append(
            "the wall clock was set between its records, or a container has a clock of its own: which of them "
            "overlap may be told wrongly"
        )
    factors = {(run.result.weighing.pue, run.result.weighing.intensity.value) for run in node.runs}
    if len(factors) > 1:
        found.append(f"its records hold different PUE or intensity; weighed as {node.runs[0].label}")
    return found


def _booted_at(run: Run) -> int | None:
    """When its monotonic clock stood at 0, UTC nanoseconds."""
    start, start_utc = run.record.header.get("start_ns"), run.record.header.get("start_utc_ns")
    return start_utc - start if isinstance(start, int) and isinstance(start_utc, int) else None


def job_findings(nodes: Sequence[Node]) -> list[str]:
    """Ranks of which no record was found, on machines that are therefore not in the sum."""
    jobs: dict[tuple[str | None, str | None, int], dict[Any, set[Any]]] = {}
    for node in nodes:
        for run in node.runs:
            rank = run.record.rank
            if rank.is_one_of_several and rank.rank is not None and rank.world_size is not None:
                key = (rank.job, rank.step, rank.world_size)
                jobs.setdefault(key, {}).setdefault((node.boot_id, rank.local_world_size), set()).add(rank.rank)
    found = []
    for (_, _, size), machines in jobs.items():
        recorded = set().union(*machines.values())
        # A node is measured whole by any one of its ranks.
        measured = sum(local or len(ranks) for (_, local), ranks in machines.items())
        if measured < size:
            missing = len(set(range(size)) - recorded)
            found.append(
                f"{missing} of {size} ranks left no record: machines on which no rank was tracked are not in the sum"
            )
    return found
