"""What joins a ledger afterwards: records, the files of other tools, and the ends of runs that were killed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from ..hostinfo import Hardware
from ..interop import Statement, read_runs
from ..interop.sources import guess
from ..record import Record, find_records
from ..spool import Lineage, Place, RunEntry, finite_metrics
from ..system import node_name
from ..tracked_run import RunFacts, boot_id, fate_named, hardware_words
from .rows import digest

_STALE_S = 900.0  # a record is written each second: one that has not grown for so long has no writer any more
_JOBS = (("slurm", "SLURM_JOB_ID"), ("oar", "OAR_JOB_ID"), ("pbs", "PBS_JOBID"), ("lsf", "LSB_JOBID"))
Progress = Callable[[Sequence[Path]], Iterable[Path]]


def entries_of(
    place: Path, project: str | None = None, kind: str | None = None, *, progress: Progress = iter
) -> tuple[list[RunEntry], list[str]]:
    """The runs at a place, as files of a spool: records of this tool, or what other tools left, as `read_runs` reads
    it; and what is left out, in words.

    `project`: of those that name none themselves. ValueError where nothing is understood, and where a project is
    needed. The same run has the same id, however often and from wherever it is added.
    """
    if (kind or guess(place)) == "record":
        entries: list[RunEntry] = []
        faults: list[str] = []
        for path in progress(find_records(place)):
            try:
                entry = entry_of_record(Record(path), project)
            except (OSError, ValueError) as error:
                faults.append(str(error) if str(path) in str(error) else f"{path}: {error}")
                continue
            if entry is not None:
                entries.append(entry)
        return entries, faults
    if not project:
        raise ValueError(f"{place} names no project: --project says to which ledger its runs belong")
    seen: dict[str, int] = {}
    return [_entry_of_statement(run, project, seen) for run in read_runs(place, kind)], []


def entry_of_record(record: Record, project: str | None = None) -> RunEntry | None:
    """A run from its record; None for one whose tracker was never started. ValueError where no project is known, and
    for a run that goes on still."""
    if not record.started:
        return None
    header = record.header
    facts = RunFacts.of_info(header.get("ledger"))
    if project is None and facts is None:
        raise ValueError(f"{record.path} names no project: --project says to which ledger it belongs")
    host = str(header.get("hostname") or "") or None
    pid = header.get("pid")
    boot = record.boot_id
    if not record.complete and not _has_ended(host, boot, pid if isinstance(pid, int) else None, record.path):
        raise ValueError(f"{record.path} goes on still: it joins when it has ended")
    begun = RunEntry(
        str(header.get("run_id") or record.path.stem),
        project or (facts.project if facts else ""),
        name=record.tags.get("name", ""),
        started_ns=_utc_ns(record),
        stage=facts.stage if facts else None,
        person=facts.person if facts else None,
        tags=record.tags,
        place=Place(host, boot, pid=pid if isinstance(pid, int) else None, hardware=_hardware(header)),
        lineage=facts.lineage if facts else _lineage(header),
        weighing=record.weighing.as_info(),
        origin=str(record.path),
    )
    return ended_by_record(begun, record, is_debug=bool(facts and facts.debug))


def ended_by_record(begun: RunEntry, record: Record, *, is_debug: bool = False) -> RunEntry:
    """A run that was begun, with the end that its record tells; cut off where the record is, and then its energy is
    partial: nobody knows what followed."""
    result = record.result
    info = (record.totals or {}).get("info") or {}
    words = info.get("ledger") or {}
    if record.complete:
        fate = str(words.get("fate") or ("debug" if is_debug else fate_named(info.get("ended_by"))))
    else:
        fate = "debug" if is_debug else "failed"
    energy = result.energy if record.complete else replace(result.energy, partial=True)
    return replace(
        begun,
        energy=energy,
        duration_s=result.duration_s,
        fate=fate,
        metrics=finite_metrics(words.get("metrics") or {}),
        place=replace(begun.place, start_ns=result.start_ns, stop_ns=result.stop_ns, share_j=result.share_j),
        written_ns=time.time_ns(),
        recovered=True,
    )


def ended_since(begun: RunEntry) -> RunEntry | None:
    """A run whose spool is open, with its end, where its process is no more and its record can be read; else None."""
    path = Path(begun.origin)
    if not begun.origin or not _has_ended(begun.place.host, begun.place.machine, begun.place.pid, path):
        return None
    try:
        record = Record(path)
    except (OSError, ValueError):
        return None
    facts = RunFacts.of_info(record.header.get("ledger"))
    return ended_by_record(begun, record, is_debug=bool(facts and facts.debug)) if record.started else None


def _has_ended(host: str | None, boot: str | None, pid: int | None, record: Path) -> bool:
    """Whether a run's process is no more: seen here where it ran on this machine, else by its record, which no longer
    grows. Where this is wrong, the run's own last word replaces what its record told."""
    if boot is not None and boot == boot_id() and host == node_name() and pid is not None:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        except OSError:
            pass
    try:
        return time.time() - record.stat().st_mtime > _STALE_S
    except OSError:
        return False


def _utc_ns(record: Record) -> int | None:
    started = record.started_at
    return None if started is None else round(started.timestamp() * 1e6) * 1000


def _hardware(header: Mapping[str, object]) -> dict[str, str]:
    host = header.get("host")
    return hardware_words(host) if isinstance(host, Mapping) else {}


def _lineage(header: Mapping[str, object]) -> Lineage:
    """Of a record that was made without a ledger: the job that it ran in."""
    job = header.get("job")
    variables = job if isinstance(job, Mapping) else {}
    named = next((f"{kind}:{variables[name]}" for kind, name in _JOBS if variables.get(name)), None)
    words = [str(header.get("cwd") or ""), *map(str, header.get("argv") or ())]  # type: ignore[call-overload]
    cluster = variables.get("SLURM_CLUSTER_NAME")
    return Lineage(job=named, cluster=str(cluster) if cluster else None, series=digest("\0".join(words)))


def _entry_of_statement(run: Statement, project: str, seen: dict[str, int]) -> RunEntry:
    started_ns = None if run.started_at is None else round(run.started_at.timestamp() * 1e6) * 1000
    identity = f"{run.tool}|{run.run_id}|{run.name}|{started_ns}|{run.duration_s}|{run.energy.best_j}"
    number = seen[identity] = seen.get(identity, -1) + 1  # rows of one file that are alike are several runs
    span, site = run.span, run.site
    place = Place(hardware=_words_of(run.hardware), host=run.hardware.hostname)
    if span is not None:
        place = replace(
            place,
            machine=span.machine,
            start_ns=span.start_ns,
            stop_ns=span.stop_ns,
            scope=span.scope,
            is_certain=span.is_certain,
        )
    grid = None if site.intensity is None else asdict(site.intensity)
    return RunEntry(
        f"run-{digest(f'{identity}|{number}')}",
        project,
        run.energy,
        run.name,
        "statement",
        run.tool,
        started_ns,
        run.duration_s,
        "finished",
        place=place,
        weighing={"pue": site.pue, "zone": site.zone, "intensity": grid},
        origin=run.origin,
        written_ns=time.time_ns(),
    )


def _words_of(hardware: Hardware) -> dict[str, str]:
    known = {"cpu": hardware.cpu, "threads": hardware.threads, "gpus": len(hardware.gpus) or None}
    return {name: str(value) for name, value in known.items() if value is not None}
