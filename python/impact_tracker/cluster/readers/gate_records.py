"""Gates from this package's own records: regions of a tracked program (phases of a training), and its life.

A record belongs to a job by the batch system's id that its tracker saw, else to the one job that had its machine for
all of its time. Of jobs without a record a gate says nothing: it is not known, not closed.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from ...record import Record, find_records
from ..finding import ClusterFinding
from ..frames import GATES, polars, schema
from ..gate import Gate
from ..job import JobTable

if TYPE_CHECKING:
    import polars as pl

SLACK_NS = 2 * 10**9  # a scheduler's times are whole seconds, and a job's begin is written before its program begins
ALWAYS = (-(2**62), 2**62 - 1)
_IDS = ("SLURM_JOB_ID", "SLURM_JOBID", "OAR_JOB_ID", "PBS_JOBID", "LSB_JOBID", "JOB_ID")
_PAIRS = (("SLURM_ARRAY_JOB_ID", "_", "SLURM_ARRAY_TASK_ID"), ("SLURM_HET_JOB_ID", "+", "SLURM_HET_OFFSET"))

Interval = tuple[str, str, int, int, float]


@dataclass(frozen=True)
class RecordWish:
    """A gate that is asked for: open in regions whose name matches `region` (with * and ?), without one while the
    tracked program lives."""

    name: str
    region: str | None = None

    @property
    def about(self) -> str:
        """When it is open."""
        if self.region is None:
            return "open while a tracked program of the job is alive"
        return f"open in the regions {self.region} of the job's records"


@dataclass(frozen=True)
class _Run:
    """A record and where it belongs: `place` is a job and a node, or `None` with the reason."""

    path: Path
    place: tuple[str, str] | None
    reason: str
    span: tuple[int, int]
    regions: tuple[tuple[str, int, int], ...]
    left_open: tuple[str, ...]


def record_gates(wishes: Sequence[RecordWish], places: Sequence[str | Path], table: JobTable) -> list[Gate]:
    """The gates of the records at or below the places. ValueError where there is no record, or no region of a name."""
    files = sorted({file for place in places for file in find_records(place)})
    if not files:
        raise ValueError(f"there is no record of this tracker below {', '.join(map(str, places))}")
    jobs = _Jobs(table)
    runs: list[_Run] = []
    findings: list[ClusterFinding] = []
    for file in files:
        try:
            runs.append(_run(Record(file), jobs))
        except (ValueError, OSError) as error:
            findings.append(ClusterFinding("unread_record", file.name, f"record {file} cannot be read: {error}"))
    for run in runs:
        if run.place is None:
            text = f"record {run.path} opens no gate: {run.reason}"
            findings.append(ClusterFinding("record_without_job", run.path.name, text))
    gates = [_gate(wish, runs) for wish in wishes]
    # What concerns all gates is said once.
    return [
        Gate(gate.name, gate.about, gate.intervals, gate.known, "", (*(() if place else findings), *gate.findings))
        for place, gate in enumerate(gates)
    ]


def _gate(wish: RecordWish, runs: Sequence[_Run]) -> Gate:
    inside: list[Interval] = []
    known: list[Interval] = []
    findings: list[ClusterFinding] = []
    names = {name for run in runs for name, _, _ in run.regions} | {name for run in runs for name in run.left_open}
    region = wish.region
    if region is not None and not any(fnmatchcase(name, region) for name in names):
        near = difflib.get_close_matches(region, names, cutoff=0.5)
        there = ", ".join(sorted(names)[:12]) or "none"
        hint = f" (near: {', '.join(near)})" if near else ""
        raise ValueError(f"no region of {len(runs)} records is named {region!r}{hint}; there are: {there}")
    unsaid = set()
    for run in runs:
        if run.place is not None and region is not None and any(fnmatchcase(name, region) for name in run.left_open):
            unsaid.add(run.place)
            text = f"record {run.path} ends within a region {region} and does not hold its begin: not known of its job"
            findings.append(ClusterFinding("open_region", run.path.name, text))
    for run in runs:
        if run.place is None or run.place in unsaid:
            continue
        job, node = run.place
        known.append((node, job, *ALWAYS, 1.0))
        if region is None:
            inside.append((node, job, *run.span, 1.0))
        inside += [
            (node, job, begin, end, 1.0)
            for name, begin, end in run.regions
            if region is not None and fnmatchcase(name, region)
        ]
    return Gate(wish.name, wish.about, _frame(inside), _frame(known), "", tuple(findings))


def _frame(rows: Sequence[Interval]) -> pl.DataFrame:
    frame: pl.DataFrame = polars().DataFrame(list(rows), schema=schema(GATES), orient="row")
    return frame


def _run(record: Record, jobs: _Jobs) -> _Run:
    header = record.header
    opened, start = header.get("start_utc_ns"), header.get("start_ns")
    if not isinstance(opened, int) or not isinstance(start, int) or not record.started:
        raise ValueError("it does not say when it began")
    moved = opened - start  # from the machine's clock to UTC
    span = (record.result.start_ns + moved, record.result.stop_ns + moved)
    given = header.get("job")
    ids = _ids({str(name): str(text) for name, text in given.items()} if isinstance(given, Mapping) else {})
    if record.rank.job:
        ids |= {record.rank.job, record.rank.job.partition(":")[2]}
    place, reason = jobs.of(str(header.get("hostname") or ""), ids - {""}, span)
    regions = tuple((str(region.name), region.start_ns + moved, region.stop_ns + moved) for region in record.regions)
    return _Run(record.path, place, reason, span, regions, tuple(record.left_open))


def _ids(environment: Mapping[str, str]) -> set[str]:
    """All ids by which a scheduler's table may name the job."""
    names = {environment[name] for name in _IDS if environment.get(name)}
    for first, between, second in _PAIRS:
        if environment.get(first) and environment.get(second):
            names.add(f"{environment[first]}{between}{environment[second]}")
    return names


class _Jobs:
    """The jobs on each node, found by id or by time."""

    def __init__(self, table: JobTable) -> None:
        rows = table.shares.select("job_id", "node").join(
            table.jobs.select("job_id", "start_ns", "end_ns"), on="job_id", how="inner"
        )
        self._by_host: dict[str, list[tuple[str, str, int, int]]] = {}
        self._by_id: dict[str, list[tuple[str, str, int, int]]] = {}
        for job, node, start, end in rows.iter_rows():
            row = (job, node, start, ALWAYS[1] if end is None else end)
            self._by_host.setdefault(_short(node), []).append(row)
            shown = job.partition("#")[0]  # the runs of a requeued job are 10, 10#2 …
            for name in {shown, table.own_ids.get(job, shown)}:
                self._by_id.setdefault(name, []).append(row)

    def of(self, host: str, ids: set[str], span: tuple[int, int]) -> tuple[tuple[str, str] | None, str]:
        """The job and node of a record, or why there is none."""
        mine = [row for name in sorted(ids) for row in self._by_id.get(name, ())]
        if ids and not mine:
            return None, f"its job {' or '.join(sorted(ids))} is not among the jobs"
        rows = mine or self._by_host.get(_short(host), [])
        if not rows:
            return None, f"no job was on its machine {host or '(not named)'}"
        rows = _around(rows, span, 0) or _around(rows, span, SLACK_NS)
        if not rows:
            return None, "no job had its machine for all of its time"
        here = [row for row in rows if _short(row[1]) == _short(host)]
        if not here and len({row[1] for row in rows}) > 1:
            return None, f"its machine {host or '(not named)'} is none of its job's nodes"
        rows = here or rows  # a container's host has a name of its own
        jobs = sorted({row[0] for row in rows})
        if len(jobs) > 1:
            shown = ", ".join(jobs[:5])
            return None, f"it may be of any of the jobs {shown}, and its tracker saw no job's id"
        return (rows[0][0], rows[0][1]), ""


def _around(
    rows: Sequence[tuple[str, str, int, int]], span: tuple[int, int], slack_ns: int
) -> list[tuple[str, str, int, int]]:
    """The rows whose time holds a span, but for some slack at its ends."""
    return [row for row in rows if row[2] - slack_ns <= span[0] and span[1] <= row[3] + slack_ns]


def _short(host: str) -> str:
    """A machine's name without its domain; an address is its own name."""
    name = host.strip().casefold()
    return name if name.replace(".", "").isdigit() else name.partition(".")[0]
