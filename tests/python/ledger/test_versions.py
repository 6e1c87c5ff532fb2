"""Files and indices of every earlier version stay readable: tests/data/ledger holds some of each, for ever."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from impact_tracker.ledger import Ledger
from impact_tracker.ledger.database import Sqlite
from impact_tracker.ledger.schema import prepare
from impact_tracker.spool import SCHEMA, Amendment, RunEntry, as_bytes, from_bytes
from python.ledger.test_index import content

DATA = Path(__file__).parents[2] / "data" / "ledger"
SPOOLS = sorted(DATA.glob("spool_v*"))


def spooled(folder: Path, version: Path) -> Path:
    shard = folder / "spool" / "2026-09"
    shard.mkdir(parents=True)
    for path in version.iterdir():
        (shard / path.name).write_bytes(path.read_bytes())
    return folder


def test_every_earlier_schema_has_its_files() -> None:
    assert [path.name for path in SPOOLS] == [f"spool_v{schema}" for schema in range(1, SCHEMA)]


@pytest.mark.parametrize("version", SPOOLS, ids=lambda path: path.name)
def test_an_earlier_spool_reads_as_it_was_meant(version: Path, tmp_path: Path) -> None:
    for path in version.iterdir():
        old = from_bytes(path.read_bytes())
        assert isinstance(old, (RunEntry, Amendment))
        assert from_bytes(as_bytes(old)) == old
    with Ledger.open(spooled(tmp_path, version)) as ledger:
        runs = ledger.runs()
    assert ledger.outcome.set_aside == {}
    fates = sorted((run.project, run.fate, run.attempts) for run in runs)
    finished = [("asr", "finished", 1), ("asr", "finished", 2), ("vision", "finished", 1)]
    assert fates == [("asr", "cancelled", 1), *finished[:2], ("asr", "open", 1), finished[2]]
    # Two runs of 100 and 120 J overlap on one machine; 80 and 90 J are attempts of one job; another job took 500 J.
    assert sum(run.energy.best_j or 0.0 for run in runs) == pytest.approx(165 + 170 + 500)


def test_an_index_of_version_1_becomes_one_of_today(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a team's is, whose spools nobody has: what follows is made anew from what the index has read."""
    path = tmp_path / "old.sqlite"
    connection = sqlite3.connect(path)
    connection.executescript((DATA / "index_v1.sql").read_text(encoding="utf-8"))
    connection.close()
    monkeypatch.setattr(Sqlite, "is_shared", True)
    old = Ledger(tmp_path, Sqlite(path))
    assert prepare(old.database, old.settle_all) is False
    with Ledger.open(spooled(tmp_path / "fresh", DATA / "spool_v1")) as fresh:
        assert content(old) == content(fresh)
        assert old.projects() == fresh.projects() == ["asr", "vision"]
    assert prepare(old.database, old.settle_all) is False
    old.database.close()
