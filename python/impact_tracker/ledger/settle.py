"""After files came or went: which version of each run counts, what each used of its machine, and which runs they make.

What is computed depends on the files alone, not on the order in which they came: an index that grew is equal to one
that was made anew. Only what the files touch is computed again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from ..overlap import MachineSpan, Scope, counted, groups
from .database import Database, Row
from .families import BuiltRun, runs_of, split
from .rows import MEMBER_COLUMNS, Member, as_json, energy_cells, energy_of, metrics_of, texts_of
from .schema import RUN_COLUMNS, SUM_TABLES, added_up, of_each_run

_CHUNK = 20_000
_DEEP = 8  # runs within runs within runs


@dataclass
class Touched:
    """What has to be settled: runs by their ids, machines and families of files that went; `everything` for all."""

    run_ids: set[str] = field(default_factory=set)
    machines: set[str] = field(default_factory=set)
    families: set[str] = field(default_factory=set)
    everything: bool = False

    def __bool__(self) -> bool:
        return self.everything or bool(self.run_ids or self.machines or self.families)


def settle(database: Database, touched: Touched) -> None:
    """Within a transaction: brings everything that follows from the files up to date."""
    if not touched:
        return
    for name in ("runs", "machines", "families"):
        database.run(f"CREATE TEMP TABLE IF NOT EXISTS touched_{name} (key TEXT PRIMARY KEY)")
        database.run(f"DELETE FROM touched_{name}")
    _add(database, "runs", touched.run_ids)
    _add(database, "machines", touched.machines)
    _add(database, "families", touched.families)
    everything = touched.everything
    if not everything:
        _reach(database)
    runs = "1 = 1" if everything else "run_id IN (SELECT key FROM touched_runs)"
    _remember(database, runs, everything)
    _choose(database, runs)
    amendments = _amendments(database, runs)
    _place(database, runs, amendments, everything)
    _remember(database, runs, everything)
    _share_machines(database, "1 = 1" if everything else "at IN (SELECT key FROM touched_machines)")
    if not everything:
        database.run(
            "INSERT INTO touched_families SELECT DISTINCT family FROM ledger_entries WHERE live = 1 AND at IN "
            "(SELECT key FROM touched_machines) AND family IS NOT NULL ON CONFLICT DO NOTHING"
        )
    families = "1 = 1" if everything else "family IN (SELECT key FROM touched_families)"
    months = set() if everything else _months(database, families)
    _make_runs(database, families)
    _add_up(database, None if everything else months | _months(database, families))


def _add(database: Database, name: str, keys: Iterable[str]) -> None:
    database.many(f"INSERT INTO touched_{name} VALUES (?) ON CONFLICT DO NOTHING", [(key,) for key in sorted(keys)])


def _reach(database: Database) -> None:
    """What began within a run is touched with it."""
    for _ in range(_DEEP):
        before = database.rows("SELECT count(*) FROM touched_runs")
        database.run(
            "INSERT INTO touched_runs SELECT DISTINCT run_id FROM ledger_entries WHERE within IN "
            "(SELECT key FROM touched_runs) ON CONFLICT DO NOTHING"
        )
        if database.rows("SELECT count(*) FROM touched_runs") == before:
            return


def _remember(database: Database, runs: str, everything: bool) -> None:
    """Machines and families of the touched runs, as they are now."""
    if everything:
        return
    for name, column in (("machines", "at"), ("families", "family")):
        database.run(
            f"INSERT INTO touched_{name} SELECT DISTINCT {column} FROM ledger_entries WHERE {runs} AND {column} "
            "IS NOT NULL ON CONFLICT DO NOTHING"
        )


def _choose(database: Database, runs: str) -> None:
    """Of a run's versions the one that counts: an end before none, the process's own before its record's, the
    newest."""
    database.run(f"UPDATE ledger_entries SET live = 0 WHERE {runs}")
    database.run(
        "UPDATE ledger_entries SET live = 1 WHERE file IN (SELECT file FROM (SELECT file, ROW_NUMBER() OVER (PARTITION "
        "BY run_id ORDER BY CASE WHEN fate = 'open' THEN 1 ELSE 0 END, recovered, written_ns DESC, file DESC) "
        f"AS place FROM ledger_entries WHERE {runs}) AS ranked WHERE place = 1)"
    )


Amendments = dict[str, dict[str, object]]


def _amendments(database: Database, runs: str) -> Amendments:
    """What was said of runs afterwards, the newest word last."""
    said_of: Amendments = {}
    rows = database.rows(f"SELECT run_id, body FROM ledger_amendments WHERE {runs} ORDER BY run_id, written_ns, file")
    for run_id, body in rows:
        changes = said_of.setdefault(str(run_id), {})
        for name, value in json.loads(str(body)).items():
            earlier = changes.get(name)
            changes[name] = {**earlier, **value} if isinstance(earlier, dict) else value
    return said_of


def _place(database: Database, runs: str, amendments: Amendments, everything: bool) -> None:
    """On which machine each counts, and which family it belongs to."""
    database.run(
        "UPDATE ledger_entries SET at = CASE WHEN machine IS NULL THEN 'run ' || run_id ELSE machine END, family = "
        "CASE WHEN continues IS NOT NULL THEN 'named|' || project || '|' || continues "
        "WHEN job IS NOT NULL THEN 'job|' || job "
        f"WHEN launch IS NOT NULL THEN 'launch|' || launch ELSE 'run|' || run_id END WHERE {runs}"
    )
    for run_id, changes in amendments.items():
        if changes.get("continues"):
            database.run(
                "UPDATE ledger_entries SET family = ? WHERE run_id = ?", (f"named||{changes['continues']}", run_id)
            )
    within = f"within IS NOT NULL AND continues IS NULL AND {runs}"
    for _ in range(_DEEP if database.rows(f"SELECT 1 FROM ledger_entries WHERE {within} LIMIT 1") else 0):
        database.run(
            "UPDATE ledger_entries SET family = COALESCE((SELECT parent.family FROM ledger_entries AS parent WHERE "
            f"parent.run_id = ledger_entries.within AND parent.live = 1), family) WHERE {within}"
        )
    _place_described(database, everything)


def _place_described(database: Database, everything: bool) -> None:
    """A run of another tool whose machine is only described may be of the machine of one that was tracked at the same
    time on such hardware: it then counts there, for what cannot be decided counts as an overlap."""
    described = database.rows(
        "SELECT file, at, hardware, started_ns, duration_s, machine FROM ledger_entries WHERE live = 1 "
        "AND is_certain = 0 AND started_ns IS NOT NULL AND duration_s IS NOT NULL ORDER BY file"
    )
    if not described:
        return
    longest = database.rows("SELECT max(duration_s) FROM ledger_entries")[0][0] or 0.0
    for file, at, hardware, started, lasted, machine in described:
        begin, end = int(started or 0), int(started or 0) + round(float(lasted or 0.0) * 1e9)
        candidates = database.rows(
            "SELECT at, hardware, started_ns, duration_s FROM ledger_entries WHERE live = 1 AND is_certain = 1 AND "
            "kind = 'tracked' AND machine IS NOT NULL AND started_ns < ? AND started_ns > ?",
            (end, begin - round(float(longest) * 1e9)),
        )
        place = str(machine)
        if not database.rows("SELECT 1 FROM ledger_entries WHERE at = ? AND is_certain = 1 LIMIT 1", (place,)):
            place = _nearest(candidates, texts_of(hardware), begin, end) or place
        if place != at:
            _add(database, "machines", {str(at), place})
            database.run("UPDATE ledger_entries SET at = ? WHERE file = ?", (place, file))


def _nearest(candidates: Sequence[Row], hardware: dict[str, str], begin: int, end: int) -> str | None:
    """The machine of such hardware on which most of this time was tracked."""
    common: dict[str, int] = {}
    for at, other, started, lasted in candidates:
        theirs = texts_of(other)
        stop = int(started or 0) + round(float(lasted or 0.0) * 1e9)
        shared = min(end, stop) - max(begin, int(started or 0))
        if shared > 0 and all(theirs.get(name, value) == value for name, value in hardware.items()):
            common[str(at)] = common.get(str(at), 0) + shared
    return max(sorted(common), key=lambda at: common[at]) if common else None


_SPAN = "at, file, start_ns, stop_ns, scope, is_certain, machine, started_ns, share_j"
_OWN = "best_j, half_j, bias_j, modelled_j, quality, partial"


def _share_machines(database: Database, machines: str) -> None:
    """The energy of files of one machine over the same time counts once, split by what each process used of it, or by
    their own energies where that is not known of all."""
    database.run(
        "UPDATE ledger_entries SET c_best = best_j, c_half = half_j, c_bias = bias_j, c_modelled = modelled_j, "
        f"c_quality = quality, c_partial = partial WHERE live = 1 AND {machines}"
    )
    rows = database.stream(
        f"SELECT {_SPAN}, {_OWN} FROM ledger_entries WHERE live = 1 AND best_j IS NOT NULL AND {machines} AND at IN "
        f"(SELECT at FROM ledger_entries WHERE live = 1 AND {machines} GROUP BY at HAVING count(*) > 1) "
        "ORDER BY at, started_ns NULLS FIRST, run_id"
    )
    parts: list[Row] = []
    for _, of_machine in groupby(rows, key=lambda row: row[0]):
        parts += _parts(list(of_machine))
    database.many(
        "UPDATE ledger_entries SET c_best = ?, c_half = ?, c_bias = ?, c_modelled = ?, c_quality = ?, c_partial = ? "
        "WHERE file = ?",
        parts,
    )


def _parts(rows: Sequence[Row]) -> list[Row]:
    """New energies, and the file of each, of those files of a machine that overlap with others."""
    offset = next((int(row[7]) - int(row[2]) for row in rows if row[5] and row[2] is not None and row[7]), 0)
    spans = [_span(row, offset) for row in rows]
    parts: list[Row] = []
    for group in groups(spans):
        if len(group) == 1:
            continue
        energies = [energy_of(rows[index][-6:]) for index in group]
        energy_once, _ = counted([spans[index] for index in group], energies)
        shares = [rows[index][8] for index in group]
        own = [max(energy.best_j or 0.0, 0.0) for energy in energies]
        weights = own
        if all(share is not None for share in shares) and sum(float(share or 0.0) for share in shares) > 0:
            weights = [max(float(share or 0.0), 0.0) for share in shares]
        parts += [(*energy_cells(part), rows[index][1]) for index, part in zip(group, split(energy_once, weights, own))]
    return parts


def _span(row: Row, offset_ns: int) -> MachineSpan:
    """On the machine's clock; times of another tool, which are UTC, are moved there."""
    at, _, start, stop, scope, is_certain, machine = row[:7]
    moved = offset_ns if not is_certain and machine != at else 0
    kind: Scope = "process" if scope == "process" else "machine"
    if start is None or stop is None:
        return MachineSpan(str(at), scope=kind, is_certain=bool(is_certain))
    return MachineSpan(str(at), int(start) - moved, int(stop) - moved, kind, bool(is_certain))


def _make_runs(database: Database, families: str) -> None:
    database.run(
        f"DELETE FROM ledger_metrics WHERE run_id IN (SELECT run_id FROM ledger_runs WHERE {families})"
        if families != "1 = 1"
        else "DELETE FROM ledger_metrics"
    )
    database.run(f"DELETE FROM ledger_runs WHERE {families}")
    members_of = f"run_id IN (SELECT run_id FROM ledger_entries WHERE {families})"
    amendments = _amendments(database, "1 = 1" if families == "1 = 1" else members_of)
    rows = database.stream(
        f"SELECT family, {MEMBER_COLUMNS} FROM ledger_entries WHERE live = 1 AND {families} "
        "ORDER BY family, started_ns NULLS FIRST, run_id"
    )
    runs: list[Row] = []
    metrics: list[Row] = []
    for family, of_family in groupby(rows, key=lambda row: str(row[0])):
        members = [_amended(Member._make(row[1:]), amendments) for row in of_family]
        for run in runs_of(family, members):
            runs.append(run.row)
            metrics += _metric_rows(run)
        if len(runs) >= _CHUNK:
            _insert(database, runs, metrics)
            runs, metrics = [], []
    _insert(database, runs, metrics)


def _months(database: Database, families: str) -> set[Row]:
    """Projects and months in which the runs of some families are."""
    return set(database.rows(f"SELECT DISTINCT project, month FROM ledger_runs WHERE {families}"))


def _add_up(database: Database, months: set[Row] | None) -> None:
    """The sums of these projects and months, `None` for all, from their runs."""
    chosen: list[tuple[str, Row]] = [("1 = 1", ())]
    if months is not None:
        chosen = [("project = ? AND month = ?", month) for month in sorted(months, key=str)]
    for where, values in chosen:
        for table, dimensions in SUM_TABLES.items():
            keys = ", ".join(dimensions)
            database.run(f"DELETE FROM {table} WHERE {where}", values)
            database.run(
                f"INSERT INTO {table} SELECT {keys}, {added_up()} FROM {of_each_run(where)} GROUP BY {keys}", values
            )


def _insert(database: Database, runs: Sequence[Row], metrics: Sequence[Row]) -> None:
    database.many(f"INSERT INTO ledger_runs VALUES ({', '.join('?' * len(RUN_COLUMNS))})", runs)
    database.many("INSERT INTO ledger_metrics VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", metrics)


def _metric_rows(run: BuiltRun) -> list[Row]:
    if not run.metrics:
        return []
    of_run = dict(zip(RUN_COLUMNS, run.row))
    shared = tuple(of_run[name] for name in ("project", "fate", "stage", "person", "started_ns"))
    is_measured = int(of_run["best_j"] is not None)
    return [
        (of_run["run_id"], name, value, *shared, is_measured)
        for name, value in run.metrics.items()
        if value is not None
    ]


def _amended(member: Member, amendments: Amendments) -> Member:
    """With what was said of it afterwards."""
    changes = amendments.get(member.run_id)
    if not changes:
        return member
    values: dict[str, object] = {
        name: changes[name] or None for name in ("stage", "person") if changes.get(name) is not None
    }
    values.update({name: changes[name] for name in ("fate", "project") if changes.get(name)})
    for name, read in (("metrics", metrics_of), ("tags", texts_of)):
        given = changes.get(name)
        if isinstance(given, dict):
            values[name] = as_json({**read(getattr(member, name)), **given})
    return member.changed(**values)
