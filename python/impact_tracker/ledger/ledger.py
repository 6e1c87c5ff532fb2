"""The ledger of a folder or of a team: what is asked of it, and what brings its index up to date."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType

from .. import spool
from ..config import resolve
from ..errors import complain
from ..ledger_words import is_url
from ..spool import Amendment, RunEntry, from_bytes
from ..system import node_name
from ..weighing import Weighing
from .database import Cell, DamagedIndexError, Database, Postgres, Sqlite, index_path, url_in
from .rows import Filter, LedgerRun, metrics_of, run_of, texts_of
from .schema import RUN_COLUMNS, prepare
from .settle import Touched, settle
from .sync import SyncOutcome, damaged_files, spool_id, sync

__all__ = ["BestRun", "Ledger", "SyncOutcome"]

Progress = Callable[[Sequence[str]], Iterable[str]]
_GOALS = {"min": "ASC", "max": "DESC"}


@dataclass(frozen=True)
class BestRun:
    """The finished run whose metric is the smallest or largest of its project. `candidates`: how many were compared;
    `alike`: others that have the same value; `unmeasured`: better runs that nobody measured, and that are passed
    over."""

    run: LedgerRun
    metric: str
    goal: str
    value: float
    candidates: int
    alike: int = 0
    unmeasured: int = 0


class Ledger:
    """Runs of projects, from the spools of a folder. As context manager; brought up to date when it is opened.

    >>> with Ledger.open() as ledger:
    ...     for run in ledger.runs(Filter(project="asr")):
    ...         print(run.run_id, run.fate, run.energy.kwh)
    """

    def __init__(self, folder: Path, database: Database) -> None:
        """Where the spools are, and the index over them."""
        self.folder = folder
        self.database = database
        self.outcome = SyncOutcome()

    @classmethod
    def open(
        cls, place: str | os.PathLike[str] | None = None, *, progress: Progress = iter, is_synced: bool = True
    ) -> Ledger:
        """The ledger at a place: a folder, a postgresql:// URL, or a file that holds one; `None`: as trackers here use
        it. OSError where a database does not answer: the spools are kept, and join once it does."""
        text = resolve({} if place is None else {"ledger": os.fspath(place)}).ledger
        folder = spool.folder_of(text)
        database: Database
        if text is not None and (is_url(text) or Path(text).is_file()):
            database = Postgres(text if is_url(text) else url_in(Path(text)))
        else:
            database = _embedded(folder)
        ledger = cls(folder, database)
        try:
            if prepare(database, ledger.settle_all):
                ledger.rebuild(progress)
            elif is_synced:
                ledger.sync(progress)
        except DamagedIndexError:
            database.close()
            ledger = cls(folder, _embedded(folder, anew=True))
            prepare(ledger.database, ledger.settle_all)
            ledger.rebuild(progress)
            ledger.outcome.notes.append("the index was damaged and is made anew from the spools")
        return ledger

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.database.close()

    def sync(self, progress: Progress = iter) -> SyncOutcome:
        """Reads what came into the spool since, and tells the end of runs that were killed from their records."""
        outcome = sync(self.database, self.folder, progress)
        if self._end_killed():
            after = sync(self.database, self.folder, progress)
            outcome.added, outcome.removed = outcome.added + after.added, outcome.removed + after.removed
        return self._done(outcome)

    def rebuild(self, progress: Progress = iter) -> SyncOutcome:
        """The index anew from the spools; of a team's, what this spool brought to it."""
        outcome = sync(self.database, self.folder, progress, anew=True)
        if self._end_killed():
            sync(self.database, self.folder, progress)
        return self._done(outcome)

    def settle_all(self) -> None:
        """Makes anew all that follows from the files that the index has read, within a transaction of the caller."""
        settle(self.database, Touched(everything=True))

    def _done(self, outcome: SyncOutcome) -> SyncOutcome:
        # What was set aside before stands in the spool no longer: it is told until the ledger is closed.
        outcome.set_aside = {**self.outcome.set_aside, **outcome.set_aside}
        outcome.notes = list(dict.fromkeys([*self.outcome.notes, *outcome.notes]))
        self.outcome = outcome
        return outcome

    def _end_killed(self) -> int:
        """How many runs that were killed have their end now, from what their records hold."""
        from .joins import ended_since

        rows = self.database.rows(
            "SELECT file FROM ledger_entries WHERE live = 1 AND fate = 'open' AND kind = 'tracked' AND spool = ?",
            (spool_id(self.folder),),
        )
        count = 0
        for (file,) in rows:
            path = self.folder / spool.SPOOL / str(file).partition("/")[2]
            with suppress(OSError, ValueError):  # one that cannot be read or written stays open
                begun = from_bytes(path.read_bytes())
                ended = ended_since(begun) if isinstance(begun, RunEntry) else None
                if ended is not None:
                    spool.write(self.folder, ended)
                    path.unlink(missing_ok=True)
                    count += 1
        return count

    def add(self, entries: Sequence[RunEntry]) -> tuple[int, int]:
        """Runs that join: how many are new or have changed, and how many were there already, as they are.

        OSError where the spool cannot be written; what was written until then stays."""
        added = 0
        for entry in entries:
            if self._has(entry):
                continue
            spool.write(self.folder, entry)
            added += 1
        self.sync()
        return added, len(entries) - added

    def _has(self, entry: RunEntry) -> bool:
        """Whether the ledger has this run, as it is or with the end that its own process told."""
        rows = self.database.rows(
            "SELECT file, recovered, kind, fate, best_j, duration_s, metrics, spool FROM ledger_entries "
            "WHERE live = 1 AND run_id = ?",
            (entry.run_id,),
        )
        if not rows:
            return False
        file, recovered, kind, fate, best_j, duration_s, metrics, owner = rows[0]
        if kind == "tracked" and fate != "open" and not recovered:
            return True
        if owner != spool_id(self.folder):
            mine = (entry.fate, entry.energy.best_j, entry.duration_s, dict(entry.metrics))
            return (fate, best_j, duration_s, metrics_of(metrics)) == mine
        try:
            there = from_bytes((self.folder / spool.SPOOL / str(file).partition("/")[2]).read_bytes())
        except (OSError, ValueError):
            return False
        return isinstance(there, RunEntry) and replace(there, written_ns=0) == replace(entry, written_ns=0)

    def tag(self, run: str, change: Amendment) -> LedgerRun:
        """Says something of a run afterwards, and gives it as it is then. KeyError for a run that there is not."""
        found_run = self.run(run)
        written_ns = time.time_ns()
        ids = [found_run.run_id]
        if change.continues:
            earlier = self.run(change.continues)
            change = replace(change, continues=earlier.run_id)
            ids.append(earlier.run_id)
        for run_id in ids:
            only = change if run_id == ids[0] else Amendment(run_id, continues=change.continues)
            spool.write(self.folder, replace(only, run_id=run_id, written_ns=written_ns))
        self.sync()
        return self.run(ids[-1] if change.continues else ids[0])

    def run(self, name: str) -> LedgerRun:
        """A run by its id, or by a beginning of it that no other has. KeyError says what is near."""
        columns = ", ".join(RUN_COLUMNS)
        rows = self.database.rows(f"SELECT {columns} FROM ledger_runs WHERE run_id = ?", (name,))
        if not rows:
            member = self.database.rows("SELECT family FROM ledger_entries WHERE run_id = ? AND live = 1", (name,))
            rows = self.database.rows(
                f"SELECT {columns} FROM ledger_runs WHERE substr(run_id, 1, ?) = ? ORDER BY run_id LIMIT 5",
                (len(name), name),
            )
            if member:
                rows = self.database.rows(f"SELECT {columns} FROM ledger_runs WHERE family = ?", (member[0][0],))
        if len(rows) != 1:
            several = f"; {len(rows)} or more begin so: {', '.join(str(row[0]) for row in rows)}" if rows else ""
            raise KeyError(f"no run {name!r} in the ledger{several}: impact-tracker ledger list shows all")
        return run_of(rows[0])

    def runs(self, wanted: Filter | None = None, *, newest: int | None = None) -> list[LedgerRun]:
        """The runs, the newest first."""
        wanted = wanted or Filter()
        where, values = wanted.where()
        limit = f" LIMIT {int(newest)}" if newest is not None and not wanted.tags else ""
        rows = self.database.rows(
            f"SELECT {', '.join(RUN_COLUMNS)} FROM ledger_runs WHERE {where} "
            f"ORDER BY started_ns DESC NULLS LAST, run_id{limit}",
            values,
        )
        runs = [run_of(row) for row in rows if _has_tags(row, wanted.tags)]
        return runs if newest is None else runs[:newest]

    def count(self, wanted: Filter) -> int:
        """How many runs there are."""
        if wanted.tags:
            return len(self.runs(wanted))
        where, values = wanted.where()
        return int(self.database.rows(f"SELECT count(*) FROM ledger_runs WHERE {where}", values)[0][0] or 0)

    def projects(self) -> list[str]:
        """Every project that has a run."""
        return [str(row[0]) for row in self.database.rows("SELECT DISTINCT project FROM ledger_sums ORDER BY project")]

    def metrics(self, project: str) -> list[str]:
        """Names of the metrics that runs of a project have."""
        rows = self.database.rows(
            "SELECT DISTINCT name FROM ledger_metrics WHERE project = ? ORDER BY name", (project,)
        )
        return [str(row[0]) for row in rows]

    def best(self, wanted: Filter, metric: str, goal: str) -> BestRun:
        """Of the finished training runs of a project the one with the best metric. `goal`: "min" or "max".

        LookupError where none has the metric, or none that has it was measured: it names the metrics that there are.
        """
        order = _GOALS.get(goal)
        if order is None:
            raise ValueError(f'a metric is best at its "min" or "max", not {goal!r}')
        where, values = replace(wanted, fate="finished").where()
        where += " AND name = ?" if wanted.stage else " AND (stage IS NULL OR stage = 'training') AND name = ?"
        rows = self.database.rows(
            f"SELECT value, run_id FROM ledger_metrics WHERE {where} AND is_measured = 1 "
            f"ORDER BY value {order}, started_ns NULLS LAST, run_id LIMIT 1",
            [*values, metric],
        )
        if not rows:
            names = self.metrics(wanted.project or "")
            known = ", ".join(names) or "none (tracker.log_metrics, or ledger tag --metric)"
            elsewhere = " (runs that failed, were not of training, or have no energy do)" if metric in names else ""
            raise LookupError(
                f"no finished training run has an energy and the metric {metric!r}{elsewhere}; "
                f"metrics there are: {known}"
            )
        value = float(rows[0][0] or 0.0)
        better = "<" if goal == "min" else ">"
        counts = self.database.rows(
            "SELECT count(*), sum(CASE WHEN value = ? AND is_measured = 1 THEN 1 ELSE 0 END), sum(CASE WHEN "
            f"is_measured = 0 AND value {better} ? THEN 1 ELSE 0 END) FROM ledger_metrics WHERE {where}",
            [value, value, *values, metric],
        )
        candidates, alike, unmeasured = (int(count or 0) for count in counts[0])
        return BestRun(self.run(str(rows[0][1])), metric, goal, value, candidates, alike - 1, unmeasured)

    def weighings(self) -> dict[str, Weighing]:
        """PUE and electricity as they were set for the runs, by the name in `LedgerRun.weighing`."""
        rows = self.database.rows("SELECT id, body FROM ledger_weighings")
        return {str(name): Weighing.from_info(_info(body)) for name, body in rows}

    def set_aside(self) -> dict[str, str]:
        """Files that could not be read, with the reason of each."""
        return damaged_files(self.folder)


def _info(body: object) -> Mapping[str, object]:
    return texts_of(body)


def _has_tags(row: Sequence[Cell], tags: Mapping[str, str]) -> bool:
    if not tags:
        return True
    there = texts_of(row[RUN_COLUMNS.index("tags")])
    return all(there.get(name) == text for name, text in tags.items())


def _embedded(folder: Path, *, anew: bool = False) -> Sqlite:
    path = index_path(folder, node_name())
    if anew:
        for name in (path, path.with_name(path.name + "-journal")):
            with suppress(OSError):
                name.unlink()
    try:
        return Sqlite(path)
    except DamagedIndexError as error:
        complain(f"{error}: the index is made anew from the spools")
        path.unlink(missing_ok=True)
        return Sqlite(path)
