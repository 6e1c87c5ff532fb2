"""Machines: the records of each united where they overlap in time, so that no energy is counted twice, then added up.

Each rank of a node records the whole node. Records with the same boot id are of one machine; the core computes what it
used while at least one of them ran, from all their readings and not from their sums.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from .. import _core, overlap
from ..record import unite
from ..result import Result
from ..values import Range, sum_if_known
from ..values import total as total_energy
from .runs import ReadRecord, Total, several_at_once

Steps = Callable[[Sequence[Sequence[ReadRecord]]], Iterable[Sequence[ReadRecord]]]

_TELLING_SPREAD = 0.01  # a smaller relative difference is not reported
_CLOCKS_APART_NS = 2_000_000_000


class Node(NamedTuple):
    """One machine over one stretch of time: the runs that it was measured by, and what it used, each joule once.

    `regions`: stretches in which at least one of the runs was in a region of that name. `over`: for each run what the
    machine used during it, to hold beside what the run itself measured.
    """

    runs: Sequence[ReadRecord]
    result: Result
    regions: Sequence[Result]
    over: Sequence[Result]

    @property
    def boot_id(self) -> str | None:
        """Of the machine; `None` where its records do not say."""
        return self.runs[0].record.boot_id

    @property
    def hostname(self) -> str:
        """The machine's name; the first one where containers on it have different names."""
        return next((run.hostname for run in self.runs if run.hostname), "")

    @property
    def as_run(self) -> ReadRecord:
        """The machine's result in place of that of its first run, for sums and means over machines."""
        return self.runs[0]._replace(result=self.result)

    @property
    def is_united(self) -> bool:
        """Whether the result comes from several records."""
        return len(self.runs) > 1

    @property
    def spread(self) -> float | None:
        """How far apart the runs' own energies lie, each relative to the machine's over the same time; `None` where
        fewer than two say anything."""
        differences = [disagreement(run, over) for run, over in zip(self.runs, self.over)]
        known = [difference for difference in differences if difference is not None]
        return max(known) - min(known) if len(known) > 1 else None

    @property
    def share_j(self) -> float | None:
        """The sum of the runs' own shares of the machine's energy, a consumer that several of them watched once."""
        return sum_of_shares(([run.result] for run in self.runs), self.writers)

    @property
    def writers(self) -> list[object]:
        """The process that wrote each run's record: two trackers of one program have the same."""
        return [(run.hostname, run.record.header.get("pid")) for run in self.runs]


def disagreement(run: ReadRecord, over: Result) -> float | None:
    """By which part a run's own energy is larger than what the machine used during it."""
    own_j, machine_j = run.result.energy_j, over.energy_j
    return own_j / machine_j - 1.0 if own_j is not None and machine_j else None


def contradicts(run: ReadRecord, over: Result) -> bool:
    """Whether the intervals of a run's own energy and of the machine's during it have no value in common."""
    difference = disagreement(run, over)
    if difference is None or abs(difference) < _TELLING_SPREAD:
        return False
    own, machine = run.result.energy, over.energy
    return abs((own.best_j or 0.0) - (machine.best_j or 0.0)) > (own.error_j or 0.0) + (machine.error_j or 0.0)


def sum_of_shares(by_run: Iterable[Sequence[Result]], writers: Sequence[object] | None = None) -> float | None:
    """The sum of the shares of all consumers, each run's own over its results.

    Several runs may watch one consumer, as ranks do that name their job, and as two trackers of one program do, which
    the `writers` of their records tell: then the largest of their shares counts.
    """
    by_consumer: dict[object, float] = {}
    for number, results in enumerate(by_run):
        share_j = sum_if_known(result.share_j for result in results)
        share = results[0].measured.share if results else None
        if share_j is None or share is None:
            continue
        writer = number if writers is None else writers[number]
        consumer = share.whose if share.scope in ("cgroup", "job") else (writer, share.whose)
        by_consumer[consumer] = max(share_j, by_consumer.get(consumer, 0.0))
    return sum_if_known(by_consumer.values())


def groups_of(runs: Sequence[ReadRecord]) -> list[list[ReadRecord]]:
    """Runs of one machine whose times overlap together, the newest group first, ranks in order within."""

    def place(run: ReadRecord) -> tuple[int, str]:
        rank = run.record.rank.rank
        return (rank if rank is not None else 1 << 30, str(run.record.path))

    groups = overlap.groups([run.record.span for run in runs])
    return [sorted((runs[index] for index in group), key=place) for group in groups]


def nodes_of(runs: Sequence[ReadRecord], progress: Steps = iter) -> list[Node]:
    """The runs by machine and time, each group united. Every run is in one of them."""
    groups = groups_of(runs)
    several = [group for group in groups if len(group) > 1]
    records = [[run.record for run in group] for group in several]
    united = {id(group): raw for group, raw in zip(progress(several), several_at_once(unite, records))}
    return [_node(group, united.get(id(group))) for group in groups]


def _node(group: Sequence[ReadRecord], united: _core.United | None) -> Node:
    first = group[0]
    if united is None:
        return Node(group, first.result, first.record.regions, [first.result])
    weighing = first.result.weighing

    def results(measured: Sequence[_core.RegionResult]) -> list[Result]:
        return [Result(each, weighing) for each in measured]

    return Node(group, Result(united.run, weighing), results(united.regions), results(united.records))


def total(runs: Sequence[ReadRecord], nodes: Sequence[Node] | None = None) -> Total:
    """The sum over machines and their times. `nodes`: of these runs, where they are at hand."""
    nodes = nodes_of(runs) if nodes is None else nodes
    results = [node.result for node in nodes]
    weighed = [result for result in results if result.energy_j is not None]
    grams = [sum_if_known(values) for values in zip(*((r.carbon_low_g, r.carbon_g, r.carbon_high_g) for r in weighed))]
    known = [gram for gram in grams if gram is not None]
    return Total(
        len(runs),
        len({node.boot_id or id(node) for node in nodes}),
        sum(len(node.runs) for node in nodes if node.result.energy_j is None),
        math.fsum(result.duration_s for result in results),
        total_energy(result.energy for result in results),
        Range(*known) if len(known) == 3 else None,
        sum_if_known(result.wall_j for result in results),
        sum_if_known(node.share_j for node in nodes if node.share_j is not None),
    )


def findings(node: Node) -> list[str]:
    """What to know beside a united machine's numbers."""
    if not node.is_united:
        return []
    sentences = []
    early = [run.label for run in node.runs if run.state != "complete"]
    alive = len(node.runs) - len(early)
    if early and alive:
        sentences.append(
            f"{', '.join(early)}: ends early; the other {alive} of {len(node.runs)} records cover the rest"
        )
    if any(map(contradicts, node.runs, node.over)):
        sentences.append(
            f"the ranks' own energies differ by up to {100 * (node.spread or 0.0):.1f} % over the same time"
        )
    if node.share_j is not None and node.result.energy_j is not None and node.share_j > node.result.energy_j:
        sentences.append("the ranks' shares overlap: one's process began another's, whose work both of them count")
    boot_times = [boot_ns for boot_ns in map(_booted_at, node.runs) if boot_ns is not None]
    if boot_times and max(boot_times) - min(boot_times) > _CLOCKS_APART_NS:
        sentences.append(
            "the wall clock was set between its records, or a container has a clock of its own: which of them "
            "overlap may be told wrongly"
        )
    factors = {(run.result.weighing.pue, run.result.weighing.intensity.value) for run in node.runs}
    if len(factors) > 1:
        sentences.append(f"its records hold different PUE or intensity; weighed as {node.runs[0].label}")
    return sentences


def _booted_at(run: ReadRecord) -> int | None:
    """When its machine was started, UTC nanoseconds, by the clock that goes on while the machine sleeps; of older
    records by the one that does not."""
    header = run.record.header
    start, start_utc = header.get("start_boot_ns", header.get("start_ns")), header.get("start_utc_ns")
    return start_utc - start if isinstance(start, int) and isinstance(start_utc, int) else None


def job_findings(nodes: Sequence[Node]) -> list[str]:
    """Ranks that left no record, on machines that are therefore not in the sum."""
    jobs: dict[tuple[str | None, str | None, int], dict[tuple[str | None, int | None], set[int]]] = {}
    for node in nodes:
        for run in node.runs:
            rank = run.record.rank
            if rank.is_one_of_several and rank.rank is not None and rank.world_size is not None:
                key = (rank.job, rank.step, rank.world_size)
                jobs.setdefault(key, {}).setdefault((node.boot_id, rank.local_world_size), set()).add(rank.rank)
    sentences = []
    for (_, _, size), machines in jobs.items():
        recorded = set().union(*machines.values())
        # Each rank measures its whole node, so one record stands for all ranks of the node.
        measured = sum(local or len(ranks) for (_, local), ranks in machines.items())
        if measured < size:
            missing = len(set(range(size)) - recorded)
            sentences.append(
                f"{missing} of {size} ranks left no record: machines on which no rank was tracked are not in the sum"
            )
    return sentences
