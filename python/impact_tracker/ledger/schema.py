"""The index's tables, and how an older index becomes one of today."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .database import Database

VERSION = 2

# fmt: off
_KINDS: dict[str, tuple[str, ...]] = {
    "TEXT": ("file", "spool", "shard", "run_id", "kind", "project", "name", "tool", "person", "host", "stage", "fate",
             "machine", "scope", "hardware", "job", "cluster", "series", "launch", "within", "continues", "metrics",
             "tags", "weighing", "origin", "family", "month"),
    "DOUBLE PRECISION": ("duration_s", "best_j", "half_j", "bias_j", "modelled_j", "share_j", "best_sum_j",
                         "half_squares_j2", "bias_sum_j", "modelled_sum_j", "duration_sum_s"),
}
# What one file of a spool says of a run, as columns in this order.
ENTRY_COLUMNS = (
    "file", "spool", "shard", "run_id", "kind", "project", "name", "tool", "person", "host", "stage", "fate",
    "started_ns", "duration_s", "best_j", "half_j", "bias_j", "modelled_j", "quality", "partial", "machine", "start_ns",
    "stop_ns", "scope", "is_certain", "share_j", "hardware", "pid", "job", "cluster", "restart", "series", "launch",
    "within", "continues", "metrics", "tags", "weighing", "origin", "written_ns", "recovered",
)
# A run as reports see it: its files together, each joule once.
RUN_COLUMNS = (
    "run_id", "family", "project", "name", "tool", "kind", "person", "host", "stage", "fate", "started_ns",
    "duration_s", "attempts", "ranks", "best_j", "half_j", "bias_j", "modelled_j", "quality", "partial", "weighing",
    "metrics", "tags", "origin", "month",
)
# fmt: on
# Sums over runs that are alike, kept for reports; what a sum is of one run, as SQL. A half-width, bias or modelled part
# that one run does not know is not known of the sum: hence the counts of those that know theirs.
SUM_TABLES = {
    "ledger_sums": ("project", "month", "stage", "fate", "weighing"),
    "ledger_person_sums": ("project", "month", "person", "weighing"),
}
SUMS = {
    "runs": "1",
    "measured": "CASE WHEN best_j IS NULL THEN 0 ELSE 1 END",
    "best_sum_j": "best_j",
    # PostgreSQL refuses a product that is too small for a number.
    "half_squares_j2": "CASE WHEN half_j < 1e-150 THEN 0.0 ELSE half_j * half_j END",
    "half_known": "CASE WHEN half_j IS NULL THEN 0 ELSE 1 END",
    "bias_sum_j": "bias_j",
    "bias_known": "CASE WHEN bias_j IS NULL THEN 0 ELSE 1 END",
    "modelled_sum_j": "modelled_j",
    "modelled_known": "CASE WHEN modelled_j IS NULL THEN 0 ELSE 1 END",
    "worst": "CASE WHEN best_j IS NULL THEN 0 ELSE quality END",
    "partial": "partial",
    "duration_sum_s": "duration_s",
    "duration_known": "CASE WHEN duration_s IS NULL THEN 0 ELSE 1 END",
    "first_ns": "started_ns",
    "last_ns": "started_ns",
}
_JOINED = {"worst": "max", "partial": "max", "first_ns": "min", "last_ns": "max"}


def added_up() -> str:
    """The sums of sums, as SQL."""
    return ", ".join(f"{_JOINED.get(name, 'sum')}({name}) AS {name}" for name in SUMS)


def of_each_run(where: str) -> str:
    """The sums of each run alone, with all that runs are told apart by, as SQL."""
    each = ", ".join(f"{sql} AS {name}" for name, sql in SUMS.items())
    return f"(SELECT project, month, stage, fate, person, weighing, {each} FROM ledger_runs WHERE {where}) AS each_run"


def _columns(names: tuple[str, ...]) -> str:
    kinds = {name: kind for kind, listed in _KINDS.items() for name in listed}
    return ", ".join(f"{name} {kinds.get(name, 'BIGINT')}" for name in names)


# What spools say, one row a file. `live`: whether it is the version of the run that counts. `at`: the machine whose
# energy it shares; c_…: its part.
_KEPT = (
    "CREATE TABLE ledger_meta (name TEXT PRIMARY KEY, value TEXT)",
    "CREATE TABLE ledger_shards (spool TEXT, shard TEXT, mtime_ns BIGINT, PRIMARY KEY (spool, shard))",
    f"CREATE TABLE ledger_entries ({_columns(ENTRY_COLUMNS)}, live BIGINT, family TEXT, at TEXT, "
    "c_best DOUBLE PRECISION, c_half DOUBLE PRECISION, c_bias DOUBLE PRECISION, c_modelled DOUBLE PRECISION, "
    "c_quality BIGINT, c_partial BIGINT, PRIMARY KEY (file))",
    "CREATE TABLE ledger_amendments (file TEXT PRIMARY KEY, spool TEXT, shard TEXT, run_id TEXT, written_ns BIGINT, "
    "body TEXT)",
    "CREATE TABLE ledger_weighings (id TEXT PRIMARY KEY, body TEXT)",
)
# What follows from it, and may be made anew at any time.
_DERIVED = (
    f"CREATE TABLE ledger_runs ({_columns(RUN_COLUMNS)}, PRIMARY KEY (run_id))",
    # With what a search for the best run asks of it, so that it reads one index alone.
    "CREATE TABLE ledger_metrics (run_id TEXT, name TEXT, value DOUBLE PRECISION, project TEXT, fate TEXT, stage TEXT, "
    "person TEXT, started_ns BIGINT, is_measured BIGINT, PRIMARY KEY (run_id, name))",
    *(
        f"CREATE TABLE {table} ({', '.join(f'{name} TEXT' for name in dimensions)}, {_columns(tuple(SUMS))})"
        for table, dimensions in SUM_TABLES.items()
    ),
)
_INDICES = (
    "ledger_entries_run ON ledger_entries (run_id)",
    "ledger_entries_shard ON ledger_entries (spool, shard)",
    "ledger_entries_at ON ledger_entries (at)",
    "ledger_entries_family ON ledger_entries (family)",
    "ledger_entries_within ON ledger_entries (within)",
    "ledger_amendments_run ON ledger_amendments (run_id)",
    "ledger_amendments_shard ON ledger_amendments (spool, shard)",
    "ledger_runs_family ON ledger_runs (family)",
    "ledger_entries_began ON ledger_entries (started_ns)",
    "ledger_entries_open ON ledger_entries (spool) WHERE live = 1 AND fate = 'open'",
    "ledger_entries_described ON ledger_entries (file) WHERE live = 1 AND is_certain = 0",
    "ledger_metrics_value ON ledger_metrics (project, name, value, fate, stage, is_measured, started_ns, person)",
    "ledger_runs_month ON ledger_runs (project, month)",
    "ledger_runs_began ON ledger_runs (started_ns)",
    *(f"{table}_month ON {table} (project, month)" for table in SUM_TABLES),
)

# From each version to the next, for the tables that are kept: what follows from them is made anew. Version 1 had other
# tables of what follows, and no sums. The index of one host is made anew from its spools altogether; a team's cannot
# be, for nobody has everybody's spools.
_STEPS: dict[int, tuple[str, ...]] = {1: ()}


def prepare(database: Database, settle_all: Callable[[], None]) -> bool:
    """Makes the tables where there are none, or brings them to this version; `settle_all` fills those that follow from
    the others. Whether the spools are to be read anew.

    ValueError for an index of a newer version.
    """
    if _version(database) == VERSION:
        return False
    with database.exclusive():
        version = _version(database)  # another process may have been first
        if version == VERSION:
            return False
        if version is not None and version > VERSION:
            raise ValueError(
                f"the ledger's index {database.place} is of version {version}, this program knows {VERSION}: "
                "it was written by a newer impact-tracker, install that"
            )
        if version is None or not database.is_shared:
            _drop(database, (*_KEPT, *_DERIVED))
            _create(database, (*_KEPT, *_DERIVED))
            database.run("INSERT INTO ledger_meta VALUES ('version', ?)", (str(VERSION),))
            return True
        for step in range(version, VERSION):
            for statement in _STEPS[step]:
                database.run(statement)
        _drop(database, _DERIVED)
        _create(database, _DERIVED)
        settle_all()
        database.run("UPDATE ledger_meta SET value = ? WHERE name = 'version'", (str(VERSION),))
    return False


def _version(database: Database) -> int | None:
    if not database.has_table("ledger_meta"):
        return None
    rows = database.rows("SELECT value FROM ledger_meta WHERE name = 'version'")
    return int(str(rows[0][0])) if rows else None


def _create(database: Database, tables: Sequence[str]) -> None:
    for table in tables:
        database.run(table.replace("TEXT", database.text))
    for index in _INDICES:
        database.run(f"CREATE INDEX IF NOT EXISTS {index}")


def _drop(database: Database, tables: Sequence[str]) -> None:
    for table in tables:
        database.run(f"DROP TABLE IF EXISTS {table.split()[2]}")


def empty(database: Database, spool: str) -> None:
    """Takes out all that came from one spool, before it is read anew; what others brought stays."""
    for table in ("ledger_shards", "ledger_entries", "ledger_amendments"):
        database.run(f"DELETE FROM {table} WHERE spool = ?", (spool,))
