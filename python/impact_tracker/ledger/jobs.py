"""A cluster's jobs in the ledger's own terms: what writes them needs no more of the ledger than this type.

A job whose runs were tracked becomes a part of them: it counts once, with the larger energy, which is split among them.
"""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from ..file_text import no_pipe
from ..spool import Lineage, Place, RunEntry
from ..values import Energy, quality_of
from .rows import digest


@dataclass(frozen=True)
class JobRow:
    """One row of a job table: a start of a job, as accounting knows it.

    `job`: with its batch system, as trackers in it name it: "slurm:4711" (an array's task by its own id); `restart`:
    how often it was requeued before; `energy`: missing where the site does not know it, never 0; `energy_source`: who
    measured it; `started_ns`, `ended_ns`: UTC.
    """

    job: str
    project: str
    energy: Energy = field(default_factory=Energy.missing)
    cluster: str | None = None
    restart: int = 0
    started_ns: int | None = None
    ended_ns: int | None = None
    fate: str = "open"
    stage: str | None = None
    user: str | None = None
    name: str = ""
    nodes: tuple[str, ...] = ()
    energy_source: str = "batch system"
    origin: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    weighing: Mapping[str, object] = field(default_factory=dict)

    def entry(self) -> RunEntry:
        """As a file of the spool. The same start of the same job has the same name, however often it is added.

        ValueError for a job that ends before it starts, and for words that the ledger does not know.
        """
        if not self.job.strip():
            raise ValueError("a job has a name, as in slurm:4711")
        seconds = None
        if self.started_ns is not None and self.ended_ns is not None:
            seconds = (self.ended_ns - self.started_ns) / 1e9
            if seconds < 0:
                raise ValueError(f"{self.job} ends before it starts")
        place = Place(host=", ".join(self.nodes)[:200] or None, start_ns=self.started_ns, stop_ns=self.ended_ns)
        return RunEntry(
            f"job-{digest(f'{self.cluster or str()}|{self.job}|{self.restart}')}",
            self.project,
            self.energy,
            self.name,
            "job",
            self.energy_source,
            self.started_ns,
            seconds,
            self.fate,
            self.stage,
            self.user,
            tags=self.tags,
            place=place,
            lineage=Lineage(job=self.job, cluster=self.cluster, restart=self.restart * 1000),
            weighing=self.weighing,
            origin=self.origin,
            written_ns=time.time_ns(),
        )


_SECONDS, _NUMBERS = ("started_at", "ended_at"), ("energy_j", "half_j", "bias_j")
_MOMENT_NS = 10 * 10**9
_NO_COLUMNS = ("energy", "started_ns", "ended_ns", "tags", "weighing")
_COLUMNS = (
    *(item.name for item in fields(JobRow) if item.name not in _NO_COLUMNS),
    *_SECONDS,
    *_NUMBERS,
    "quality",
    "partial",
)


def read_job_rows(path: Path, project: str | None = None) -> tuple[list[JobRow], list[str]]:
    """The rows of a CSV of jobs, and for each that is left out its line and reason.

    Columns: job (slurm:4711), project, cluster, restart, started_at and ended_at (ISO 8601 with a zone, or seconds
    since 1970), energy_j (empty where it is not known; 0 over more than some seconds is not known), half_j, bias_j,
    quality, partial, fate, stage, user, name, nodes (blanks between them), energy_source; job alone is needed, and
    project where none is given here.
    """
    text = no_pipe(path).read_text(encoding="utf-8-sig", errors="replace")
    reader = csv.DictReader(io.StringIO(text))
    unknown = sorted(set(reader.fieldnames or ()) - set(_COLUMNS))
    if "job" not in (reader.fieldnames or ()):
        raise ValueError(f"{path}: a table of jobs has a column job; known columns are {', '.join(_COLUMNS)}")
    rows: list[JobRow] = []
    faults = [f"{path}: no column {name!r} is known, it is left out" for name in unknown]
    for line in reader:
        try:
            rows.append(_row(line, project, f"{path}:{reader.line_num}"))
            rows[-1].entry()
        except (ValueError, TypeError, OverflowError) as error:
            faults.append(f"{path}:{reader.line_num}: left out: {error}")
            rows = [row for row in rows if row.origin != f"{path}:{reader.line_num}"]
    return rows, faults


def _row(line: Mapping[str, str | None], project: str | None, origin: str) -> JobRow:
    def word(name: str) -> str | None:
        return (line.get(name) or "").strip() or None

    best_j, half_j, bias_j = (_number(word(name), name) for name in _NUMBERS)
    started_ns, ended_ns = _utc_ns(word("started_at")), _utc_ns(word("ended_at"))
    energy = Energy.missing()
    if best_j == 0.0 and not _is_moment(started_ns, ended_ns):
        best_j = None  # accounting writes 0 for a plugin that does not read: no node draws nothing
    if best_j is not None:
        if not 0 <= best_j < 2**63:  # accounting writes 2^64 − 2 for what it does not know
            raise ValueError(f"an energy of {best_j:g} J is no measurement")
        if best_j in (2**32 - 2, 2**32 - 1):  # and older ones 2^32 − 2
            raise ValueError(f"an energy of {best_j:.0f} J is a scheduler's mark of an energy that it does not know")
        quality = quality_of(word("quality") or "measured")
        energy = Energy(best_j, half_j, bias_j, quality=quality, partial=word("partial") in ("1", "true", "yes"))
    return JobRow(
        word("job") or "",
        word("project") or project or "",
        energy,
        word("cluster"),
        int(word("restart") or 0),
        started_ns,
        ended_ns,
        (word("fate") or "open").lower(),
        word("stage"),
        word("user"),
        word("name") or "",
        tuple((word("nodes") or "").split()),
        word("energy_source") or "batch system",
        origin,
    )


def _is_moment(started_ns: int | None, ended_ns: int | None) -> bool:
    """Whether a job was so short that its energy may have been rounded to 0."""
    return started_ns is not None and ended_ns is not None and ended_ns - started_ns < _MOMENT_NS


def _number(text: str | None, name: str) -> float | None:
    from ..setting_values import number

    if text is None:
        return None
    try:
        return number(text)
    except ValueError as error:
        raise ValueError(f"{name} {error}, not {text!r}") from None


def _utc_ns(text: str | None) -> int | None:
    """Of ISO 8601 or of seconds since 1970. ValueError for a time without a zone: a table is read elsewhere too."""
    from datetime import datetime

    if text is None:
        return None
    try:
        return round(float(text) * 1e9)
    except ValueError:
        when = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if when.tzinfo is None:
        raise ValueError(f"the time {text} has no zone: write it as 2026-11-30T12:00:00Z")
    return round(when.timestamp() * 1e9)
