"""From the spools to the index: what came is read, what went is taken out, what cannot be read is set aside.

Files never change, so their names tell what is new; and a folder whose time of change is old needs no look at all.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields
from pathlib import Path

from ..file_text import no_pipe
from ..spool import DAMAGED, SPOOL, Amendment, DamagedSpoolError, NewerSpoolError, RunEntry, from_bytes
from .database import Database, Row
from .rows import as_json, digest, entry_row
from .schema import ENTRY_COLUMNS, empty
from .settle import Touched, settle

_SETTLED_NS = 60_000_000_000  # a folder that changed within this time is looked at again: clocks of servers differ
_STALE_S = 86_400.0  # a file that a killed writer left half written
_CHUNK = 5000

Progress = Callable[[Sequence[str]], Iterable[str]]


@dataclass
class SyncOutcome:
    """What bringing the index up to date did. `set_aside`: files that could not be read, with the reason; `notes`: what
    to know beside."""

    added: int = 0
    removed: int = 0
    set_aside: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def spool_id(folder: Path) -> str:
    """The spool's own name, by which a team's index knows whose files are whose; made at the first use."""
    path = folder / "id"
    with suppress(OSError, UnicodeDecodeError):
        text = path.read_text(encoding="ascii").strip()
        if text:
            return text
    fresh = os.urandom(8).hex()
    beside = folder / f".id.{fresh}"
    try:
        beside.write_text(fresh + "\n", encoding="ascii")
        try:
            os.link(beside, path)  # of two that make it at the same time one is first
        except FileExistsError:
            pass
        except OSError:
            beside.replace(path)
        return path.read_text(encoding="ascii").strip()
    except OSError:  # a folder that may only be read
        return digest(str(folder.absolute()))
    finally:
        with suppress(OSError):
            beside.unlink()


def sync(database: Database, folder: Path, progress: Progress = iter, *, anew: bool = False) -> SyncOutcome:
    """Brings the index up to date with the folder's spool; `anew`: from nothing. OSError where either fails."""
    outcome = SyncOutcome()
    spool = spool_id(folder)
    if not anew and not _changed(database, folder, spool):
        return outcome
    with database.exclusive():
        touched = Touched(everything=anew)
        if anew:
            empty(database, spool)
        for shard, mtime_ns in _changed(database, folder, spool):
            began_ns, notes = time.time_ns(), len(outcome.notes)
            _sync_shard(database, folder, (spool, shard), progress, outcome, touched)
            # A month of which a file could not be read is looked at again: rights and versions change without its time.
            newest_ns = began_ns - _SETTLED_NS if len(outcome.notes) == notes else 0
            known = mtime_ns if mtime_ns is not None and 0 < mtime_ns < newest_ns else 0
            database.run("DELETE FROM ledger_shards WHERE spool = ? AND shard = ?", (spool, shard))
            if mtime_ns is not None:
                database.run("INSERT INTO ledger_shards VALUES (?, ?, ?)", (spool, shard, known))
        settle(database, touched)
    return outcome


def _changed(database: Database, folder: Path, spool: str) -> list[tuple[str, int | None]]:
    """Months with their time of change, where it is not the one that was seen; None for one that is gone."""
    rows = database.rows("SELECT shard, mtime_ns FROM ledger_shards WHERE spool = ?", (spool,))
    seen = {str(shard): mtime_ns for shard, mtime_ns in rows}
    there: dict[str, int] = {}
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder / SPOOL) as listing:
        there = {item.name: item.stat().st_mtime_ns for item in listing if item.is_dir() and item.name[:1] != "."}
    gone: list[tuple[str, int | None]] = [(shard, None) for shard in seen if shard not in there]
    return gone + [(shard, mtime) for shard, mtime in sorted(there.items()) if seen.get(shard) != mtime]


def _sync_shard(
    database: Database, folder: Path, place: tuple[str, str], progress: Progress, outcome: SyncOutcome, touched: Touched
) -> None:
    spool, shard = place
    prefix = f"{spool}/{shard}/"
    known = {
        str(file)[len(prefix) :]
        for table in ("ledger_entries", "ledger_amendments")
        for (file,) in database.rows(f"SELECT file FROM {table} WHERE spool = ? AND shard = ?", place)
    }
    there = set(_names(folder / SPOOL / shard))
    _remove(database, [prefix + name for name in sorted(known - there)], outcome, touched)
    fresh = sorted(there - known)
    entries: list[Row] = []
    weighings: dict[str, str] = {}
    for name in progress(fresh):
        content = _read(folder, shard, name, outcome)
        if content is None:
            continue
        if not touched.everything:
            touched.run_ids.add(content.run_id)
        outcome.added += 1
        if isinstance(content, Amendment):
            _insert_amendment(database, content, prefix + name, place)
            continue
        entries.append(entry_row(content, prefix + name, spool, shard, weighing_id(database, content, weighings)))
        if len(entries) >= _CHUNK:
            insert_entries(database, entries)
            entries = []
    insert_entries(database, entries)


def _names(folder: Path) -> Iterator[str]:
    """Of the files that have taken their names. What killed writers left half written is taken away after a day."""
    with suppress(FileNotFoundError), os.scandir(folder) as listing:
        for item in listing:
            if item.name.endswith(".json") and not item.name.startswith("."):
                yield item.name
            elif item.name.endswith(".tmp") and item.name.startswith("."):
                with suppress(OSError):
                    if time.time() - item.stat().st_mtime > _STALE_S:
                        Path(item.path).unlink()


def _read(folder: Path, shard: str, name: str, outcome: SyncOutcome) -> RunEntry | Amendment | None:
    """None for a file that went meanwhile, and for one that could not be read, which is set aside."""
    path = folder / SPOOL / shard / name
    try:
        return from_bytes(no_pipe(path, DamagedSpoolError).read_bytes())
    except FileNotFoundError:
        return None
    except NewerSpoolError as error:
        outcome.notes.append(f"{path} is left out: {error}")
    except DamagedSpoolError as error:
        outcome.set_aside[f"{shard}/{name}"] = _set_aside(folder, path, str(error))
    except OSError as error:
        outcome.notes.append(f"{path} is left out: {error.strerror or error}")
    return None


def _set_aside(folder: Path, path: Path, reason: str) -> str:
    """Moves a damaged file out of the spool, with its reason beside it: it is looked at once, and kept."""
    aside = folder / DAMAGED / f"{path.parent.name}~{path.name}"
    try:
        aside.parent.mkdir(exist_ok=True)
        aside.with_name(aside.name + ".reason").write_text(reason + "\n", encoding="utf-8")
        path.replace(aside)
    except OSError as error:
        return f"{reason}; it stays where it is, for it cannot be moved: {error.strerror or error}"
    return reason


def damaged_files(folder: Path) -> dict[str, str]:
    """Every file that was set aside, with its reason."""
    reasons = {}
    for path in sorted((folder / DAMAGED).glob("*.reason")):
        with suppress(OSError, UnicodeDecodeError):
            reasons[path.name[: -len(".reason")].replace("~", "/", 1)] = path.read_text(encoding="utf-8").strip()
    return reasons


def _remove(database: Database, files: Sequence[str], outcome: SyncOutcome, touched: Touched) -> None:
    for file in files:
        rows = database.rows("SELECT run_id, at, family FROM ledger_entries WHERE file = ?", (file,))
        rows += database.rows("SELECT run_id, NULL, NULL FROM ledger_amendments WHERE file = ?", (file,))
        for run_id, machine, family in rows:
            touched.run_ids.add(str(run_id))
            touched.machines.update({str(machine)} - {"None"})
            touched.families.update({str(family)} - {"None"})
        for table in ("ledger_entries", "ledger_amendments"):
            database.run(f"DELETE FROM {table} WHERE file = ?", (file,))
        outcome.removed += 1


def insert_entries(database: Database, entries: Sequence[Row]) -> None:
    """Rows of `entry_row`; one that is there already is left as it is."""
    marks = ", ".join("?" * len(ENTRY_COLUMNS))
    database.many(
        f"INSERT INTO ledger_entries ({', '.join(ENTRY_COLUMNS)}) VALUES ({marks}) ON CONFLICT DO NOTHING", entries
    )


def weighing_id(database: Database, entry: RunEntry, known: dict[str, str]) -> str:
    """The name of the run's weighing, which many runs share. `known`: names by weighing that the index has."""
    body = as_json(entry.weighing)
    if body not in known:
        known[body] = digest(body)
        database.run("INSERT INTO ledger_weighings VALUES (?, ?) ON CONFLICT DO NOTHING", (known[body], body))
    return known[body]


def _insert_amendment(database: Database, amendment: Amendment, file: str, place: tuple[str, str]) -> None:
    changes = {
        item.name: value
        for item in fields(amendment)
        for value in (getattr(amendment, item.name),)
        if value is not None and value != {} and item.name not in ("run_id", "written_ns")
    }
    database.run(
        "INSERT INTO ledger_amendments VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (file, *place, amendment.run_id, amendment.written_ns, json.dumps(changes)),
    )
