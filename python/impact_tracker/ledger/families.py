"""From the files of one family to its runs: ranks of a launch, what ran within a run, attempts of a requeued job, and
the cluster's own row of the job are one run, whose energy holds each joule once."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from ..overlap import MachineSpan, counted, groups
from ..values import Energy, total
from .database import Row
from .rows import Member, as_json, energy_cells, metrics_of, texts_of

# Of the parts of one run the first word that one of them has is the run's.
_WORST_FIRST = ("debug", "failed", "cancelled", "open", "finished")
_UNFINISHED = frozenset({"failed", "cancelled", "open"})


class BuiltRun(NamedTuple):
    """Values of `RUN_COLUMNS`, and the run's metrics."""

    row: Row
    metrics: dict[str, float | None]


def split(energy: Energy, weights: Sequence[float], most: Sequence[float] | None = None) -> list[Energy]:
    """An energy in parts by weights, whose sum it is: half-widths are those of independent errors, and add up to the
    energy's. `most`: what each part may be at the most, where together they are enough; what one leaves the others
    take."""
    parts_j = _filled(energy.best_j or 0.0, list(weights), [math.inf] * len(weights) if most is None else list(most))
    sum_j = math.fsum(parts_j)
    parts = []
    for part_j in parts_j:
        share = part_j / sum_j if sum_j > 0 else 1.0 / len(parts_j)
        half_j = None if energy.half_j is None else energy.half_j * math.sqrt(share)
        parts.append(replace(energy.scaled(share), half_j=half_j))
    return parts


def _filled(left_j: float, weights: list[float], most: list[float]) -> list[float]:
    if math.fsum(most) < left_j:
        most = [math.inf] * len(most)
    parts = [0.0] * len(weights)
    waiting = list(range(len(weights)))
    while waiting:
        weight_sum = math.fsum(weights[index] for index in waiting)
        shares = {index: weights[index] / weight_sum if weight_sum > 0 else 1.0 / len(waiting) for index in waiting}
        full = [index for index in waiting if left_j * shares[index] > most[index]]
        for index in full or waiting:
            parts[index] = most[index] if full else left_j * shares[index]
        if not full:
            return parts
        left_j = max(left_j - math.fsum(most[index] for index in full), 0.0)
        waiting = [index for index in waiting if index not in full]
    return parts


def runs_of(family: str, members: Sequence[Member]) -> Iterator[BuiltRun]:
    """The runs of one family, from its members in order of their begin."""
    if len(members) == 1:
        yield _of_one(family, members[0])
        return
    tracked = [member for member in members if member.kind != "job"]
    jobs = [member for member in members if member.kind == "job"]
    if not tracked:
        for cluster in sorted({member.cluster or "" for member in jobs}):
            yield _built(family, [[member] for member in jobs if (member.cluster or "") == cluster])
        return
    tracked, left_over = _with_jobs(tracked, jobs)
    units = _units(tracked) + [[member] for member in left_over]
    for run in [units] if family.startswith("named|") else _chained(units):
        yield _built(family, run)


def _with_jobs(tracked: Sequence[Member], jobs: Sequence[Member]) -> tuple[list[Member], list[Member]]:
    """The tracked members with what the cluster's row of their job says: its energy, split by theirs, where it is more
    than theirs, and its fate where nobody has seen theirs. And the rows during which nothing was tracked."""
    members, left_over = list(tracked), []
    projects = {member.project for member in tracked}
    taken: set[int] = set()
    for job in jobs:
        inside = [index for index, member in enumerate(members) if index not in taken and _is_within(member, job)]
        if not inside:
            left_over.append(job.changed(project=projects.pop()) if len(projects) == 1 else job)
            projects = {member.project for member in tracked}
            continue
        taken.update(inside)
        energies = [members[index].energy for index in inside]
        energy_once, _ = counted(
            [_span(job), _hull([members[index] for index in inside], job)], [job.energy, total(energies)]
        )
        parts = energies
        if not energy_once.is_missing:
            parts = split(energy_once, [max(energy.best_j or 0.0, 0.0) for energy in energies])
        for index, energy in zip(inside, parts):
            member = members[index]
            cells = dict(zip(Member._fields[-6:], energy_cells(energy)))
            nobody_saw = member.fate == "open" or (member.recovered and job.fate != "open")
            fate = job.fate if nobody_saw else member.fate
            members[index] = member.changed(**cells, fate=fate, person=member.person or job.person)
    return members, left_over


def _is_within(member: Member, job: Member) -> bool:
    if member.cluster and job.cluster and member.cluster != job.cluster:
        return False
    if member.restart is not None and job.restart is not None and member.restart // 1000 != job.restart // 1000:
        return False
    (begin, end), (job_begin, job_end) = member.times, job.times
    if begin is None or job_begin is None:
        return True
    ends_before = end is not None and end <= job_begin and begin != job_begin
    return not ends_before and (job_end is None or begin < job_end)


def _span(member: Member) -> MachineSpan:
    return MachineSpan("the job", *member.times)


def _hull(members: Sequence[Member], job: Member) -> MachineSpan:
    """From the first begin to the last end; where one has no end, the job's."""
    times = [member.times for member in members]
    begins, ends = [begin for begin, _ in times if begin], [end for _, end in times if end]
    if len(begins) < len(times) or len(ends) < len(times):
        return _span(job)
    return MachineSpan("the job", min(begins), max(ends))


def _units(members: Sequence[Member]) -> list[list[Member]]:
    """Members that are parts of one execution: ranks that were launched together, and what began within another."""
    leader = {member.run_id: member.run_id for member in members}

    def of(run_id: str) -> str:
        while leader[run_id] != run_id:
            run_id = leader[run_id]
        return run_id

    for member in members:
        if member.within in leader and of(member.within) != of(member.run_id):
            leader[of(member.run_id)] = of(member.within)
    launched = [member for member in members if member.launch]
    spans = [MachineSpan(str(member.launch), *_timed(member)) for member in launched]
    for group in groups(spans):
        for index in group[1:]:
            first, other = of(launched[group[0]].run_id), of(launched[index].run_id)
            leader[other] = first
    units: dict[str, list[Member]] = {}
    for member in members:
        units.setdefault(of(member.run_id), []).append(member)
    return list(units.values())


def _timed(member: Member) -> tuple[int | None, int | None]:
    """A rank that nobody saw end is taken to have lasted a moment: it shall not join launches that came later."""
    begin, end = member.times
    return begin, end if end is not None or begin is None else begin + 1


class _Unit(NamedTuple):
    members: list[Member]
    restart: int
    began_ns: int

    def continues(self, other: _Unit) -> bool:
        """Whether it may go on with what the other left unfinished."""
        mine, its = self.members[0], other.members[0]
        clusters = {mine.cluster, its.cluster} - {None}
        return other.restart < self.restart and mine.project == its.project and len(clusters) < 2


def _chained(units: Sequence[list[Member]]) -> list[list[list[Member]]]:
    """Executions of one job, those together that went on after a requeue with what an earlier one left unfinished: by
    the same command first; then where only one was left, and only one goes on."""
    ordered = sorted(
        (
            _Unit(unit, max(member.restart or 0 for member in unit), min(member.started_ns or 0 for member in unit))
            for unit in units
        ),
        key=lambda unit: (unit.restart, unit.began_ns, unit.members[0].run_id),
    )
    unfinished = [index for index, unit in enumerate(ordered) if _fate(unit.members) in _UNFINISHED]
    successor: dict[int, int] = {}
    taken: set[int] = set()
    going_on = [index for index, unit in enumerate(ordered) if unit.restart > ordered[0].restart]
    for is_alike in (True, False):
        for later in going_on:
            unit = ordered[later]
            earlier = [
                index
                for index in unfinished
                if index not in successor
                and unit.continues(ordered[index])
                and (not is_alike or unit.members[0].series == ordered[index].members[0].series)
            ]
            if later in taken or not earlier:
                continue
            rivals = sum(1 for index in going_on if ordered[index].restart == unit.restart and index not in taken)
            if is_alike or (len(earlier) == 1 and rivals == 1):
                newest = max(ordered[index].restart for index in earlier)
                successor[min(index for index in earlier if ordered[index].restart == newest)] = later
                taken.add(later)
    runs = []
    for index in range(len(ordered)):
        if index not in taken:
            chain = [index]
            while chain[-1] in successor:
                chain.append(successor[chain[-1]])
            runs.append([ordered[link].members for link in chain])
    return runs


def _fate(members: Sequence[Member]) -> str:
    fates = {member.fate for member in members}
    return next(fate for fate in _WORST_FIRST if fate in fates)


def _lasted(members: Sequence[Member]) -> float | None:
    """How long an execution took, from its first begin to its last end."""
    times = [member.times for member in members]
    begins, ends = [begin for begin, _ in times if begin is not None], [end for _, end in times if end is not None]
    if len(members) == 1 or len(begins) < len(times) or len(ends) < len(times):
        known = [member.duration_s for member in members if member.duration_s is not None]
        return max(known) if len(known) == len(members) else None
    return (max(ends) - min(begins)) / 1e9


def _built(family: str, units: Sequence[Sequence[Member]]) -> BuiltRun:
    """One run of its executions, in their order."""
    members = [member for unit in units for member in unit]
    ids = {member.run_id for member in members}
    inner = [member for member in members if member.within in ids]
    roots = [member for member in members if member.within not in ids]
    if not roots:  # made up: each is within another
        inner, roots = [], members
    first = roots[0]
    energy = members[0].energy if len(members) == 1 else total(member.energy for member in members)
    lasted = [_lasted(unit) for unit in units]
    seconds = [each for each in lasted if each is not None]
    metrics: dict[str, float | None] = {}
    tags: dict[str, str] = {}
    for member in inner + roots:
        if member.metrics:
            metrics.update(metrics_of(member.metrics))
        if member.tags:
            tags.update(texts_of(member.tags))
    begins = [member.started_ns for member in members if member.started_ns is not None]
    began = min(begins, default=None)
    attempts = len({member.restart for unit in units for member in unit[:1]}) if family[:4] == "job|" else len(units)
    row = (
        *(first.run_id, family, first.project, first.name, first.tool, first.kind),
        *(_first(member.person for member in roots), first.host, _first(member.stage for member in roots)),
        *(_fate(units[-1]), began, math.fsum(seconds) if len(seconds) == len(lasted) else None),
        *(max(attempts, 1), len(roots), *energy_cells(energy), first.weighing, as_json(metrics), as_json(tags)),
        *(first.origin, month_of(began)),
    )
    return BuiltRun(row, metrics)


def _of_one(family: str, member: Member) -> BuiltRun:
    """A run of one file, as most are: as `_built` makes it, without what it adds up."""
    row = (
        *(member.run_id, family, member.project, member.name, member.tool, member.kind, member.person, member.host),
        *(member.stage, member.fate, member.started_ns, member.duration_s, 1, 1, *member[-6:], member.weighing),
        *(member.metrics, member.tags, member.origin, month_of(member.started_ns)),
    )
    return BuiltRun(row, metrics_of(member.metrics))


def _first(words: Iterator[str | None]) -> str | None:
    return next((word for word in words if word), None)


def month_of(began_ns: int | None) -> str:
    """Of UTC, as "2026-11"; "" where nobody said when."""
    return "" if began_ns is None else time.strftime("%Y-%m", time.gmtime(began_ns // 1_000_000_000))
