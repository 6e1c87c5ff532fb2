"""The index is a function of the spools alone; damaged files are set aside; names appear whole or not at all."""

from __future__ import annotations

import contextlib
import json
import math
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impact_tracker import spool
from impact_tracker.ledger import Ledger, sync
from impact_tracker.ledger.database import Row
from impact_tracker.spool import Amendment, DamagedSpoolError, NewerSpoolError, RunEntry, as_bytes, from_bytes, write
from python.ledger.drawn import EPOCH, SECOND, amendments, entries, entry, put


def content(ledger: Ledger) -> tuple[list[Row], list[Row]]:
    """All that reports rest on."""
    return (
        ledger.database.rows("SELECT * FROM ledger_runs ORDER BY run_id"),
        ledger.database.rows("SELECT * FROM ledger_metrics ORDER BY run_id, name"),
    )


@given(entries() | amendments)
def test_a_file_holds_what_was_written(drawn: RunEntry | Amendment) -> None:
    assert from_bytes(as_bytes(drawn)) == drawn


@given(entries(), st.data())
def test_a_changed_byte_is_never_read_as_another_run(drawn: RunEntry, data: st.DataObject) -> None:
    written = as_bytes(drawn)
    index = data.draw(st.integers(0, len(written) - 2))  # the last byte ends the line
    changed = bytearray(written)
    changed[index] = data.draw(st.integers(0, 255))
    with contextlib.suppress(DamagedSpoolError, NewerSpoolError):
        assert from_bytes(bytes(changed)) == drawn
    with pytest.raises(DamagedSpoolError):
        from_bytes(written[:index])


@settings(max_examples=60)
@given(st.lists(entries() | amendments, min_size=1, max_size=14), st.data())
def test_an_index_that_grew_is_one_that_was_made_anew(drawn: list[RunEntry | Amendment], data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr("impact_tracker.ledger.ledger.Ledger._end_killed", lambda self: 0)
        folder = Path(name)
        paths: list[Path] = []
        with Ledger.open(folder) as ledger:
            for each in drawn:
                paths.append(put(folder, each))
                if data.draw(st.booleans()):
                    ledger.sync()
            gone = data.draw(st.lists(st.sampled_from(paths), max_size=3))
            ledger.sync()
            for path in gone:
                path.unlink(missing_ok=True)
            ledger.sync()
            grown = content(ledger)
            ledger.rebuild()
            assert content(ledger) == grown
        with Ledger.open(folder) as again:
            assert content(again) == grown


@settings(max_examples=60)
@given(st.lists(entries(), min_size=1, max_size=10))
def test_no_joule_is_counted_twice_and_every_file_is_in_one_run(drawn: list[RunEntry]) -> None:
    """Of each machine at most what its files state; at least the largest of them; nothing missing becomes 0."""
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr("impact_tracker.ledger.ledger.Ledger._end_killed", lambda self: 0)
        folder = Path(name)
        for each in drawn:
            put(folder, each)
        with Ledger.open(folder) as ledger:
            live = ledger.database.rows("SELECT best_j FROM ledger_entries WHERE live = 1")
            runs = ledger.runs()
    assert len(live) == len({each.run_id for each in drawn})
    stated = [float(row[0]) for row in live if row[0] is not None]
    counted = [run.energy.best_j for run in runs if run.energy.best_j is not None]
    assert math.fsum(counted) <= math.fsum(stated) * (1 + 1e-9) + 1e-9
    assert math.fsum(counted) >= max(stated, default=0.0) * (1 - 1e-9)
    assert bool(counted) is bool(stated)


def test_a_run_joins_once_and_its_end_replaces_its_begin(tmp_path: Path) -> None:
    ended = entry("a", 0, 10, 100)
    begun = RunEntry("a", "asr", started_ns=EPOCH, origin="/none", written_ns=EPOCH - SECOND)
    write(tmp_path, begun)
    with Ledger.open(tmp_path) as ledger:
        (run,) = ledger.runs()
        assert (run.fate, run.energy.is_missing) == ("open", True)
        write(tmp_path, ended)
        ledger.sync()
        (run,) = ledger.runs()
        assert (run.fate, run.energy) == ("finished", ended.energy)
        write(tmp_path, ended)
        ledger.sync()
        assert ledger.add([ended]) == (0, 1)
        assert len(ledger.runs()) == 1


@pytest.mark.parametrize("reason", [PermissionError(13, "Permission denied"), NewerSpoolError("schema 99")])
def test_what_could_not_be_read_once_joins_when_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: Exception
) -> None:
    """Neither rights nor the package's version change the time of the folder that the file is in."""
    shard = write(tmp_path, entry("a", 0, 10, 100)).parent
    os.utime(shard, ns=(EPOCH, EPOCH))  # long settled

    def refuse(content: bytes) -> RunEntry:
        raise reason

    with monkeypatch.context() as patch:
        patch.setattr(sync, "from_bytes", refuse)
        for _ in range(2):  # it is said each time
            with Ledger.open(tmp_path) as ledger:
                assert ledger.runs() == []
                (note,) = ledger.outcome.notes
                assert str(shard) in note and "is left out" in note
    with Ledger.open(tmp_path) as ledger:
        assert [run.energy.best_j for run in ledger.runs()] == [100]
        assert ledger.outcome.notes == []


def test_the_own_end_wins_over_the_records_whatever_came_first(tmp_path: Path) -> None:
    write(tmp_path, entry("a", joules=100, written_ns=EPOCH))
    write(tmp_path, entry("a", joules=90, recovered=True, fate="failed", written_ns=EPOCH + 99 * SECOND))
    with Ledger.open(tmp_path) as ledger:
        (run,) = ledger.runs()
        assert (run.fate, run.energy.best_j) == ("finished", 100)


def test_damaged_files_are_set_aside_with_their_reason(tmp_path: Path) -> None:
    good = write(tmp_path, entry("good"))
    for name, data in {
        "empty.json": b"",
        "half.json": good.read_bytes()[:90],
        "changed.json": good.read_bytes().replace(b"training", b"analysis"),
        "other.json": b"[1, 2]",
        "zeros.json": bytes(300),
    }.items():
        (good.parent / name).write_bytes(data)
    with Ledger.open(tmp_path) as ledger:
        assert [run.run_id for run in ledger.runs()] == ["good"]
        assert len(ledger.outcome.set_aside) == 5
        reasons = ledger.set_aside()
    assert reasons[f"{good.parent.name}/changed.json"].endswith("its content does not fit its check sum")
    assert sorted(path.name for path in good.parent.iterdir()) == ["good.json"]
    assert len(list((tmp_path / "damaged").glob("*.reason"))) == 5


def test_a_newer_file_stays_and_is_told(tmp_path: Path) -> None:
    path = write(tmp_path, entry("good"))
    newer = path.with_name("newer.json")
    newer.write_bytes(path.read_bytes().replace(b'{"schema":%d' % spool.SCHEMA, b'{"schema":99'))
    with Ledger.open(tmp_path) as ledger:
        assert "install the newer one" in ledger.outcome.notes[0]
        assert ledger.set_aside() == {}
    assert newer.exists()


def test_a_damaged_index_is_made_anew(tmp_path: Path) -> None:
    write(tmp_path, entry("good"))
    with Ledger.open(tmp_path):
        pass
    (index,) = (tmp_path / "index").glob("*.sqlite")
    intact = index.read_bytes()
    for broken in (b"no database at all" * 100, intact[:5000], intact[:4096] + os.urandom(len(intact) - 4096)):
        index.write_bytes(broken)
        try:
            with Ledger.open(tmp_path) as ledger:
                assert len(ledger.runs()) == 1
        except Warning:
            with Ledger.open(tmp_path) as ledger:
                assert len(ledger.runs()) == 1


def test_an_older_index_is_made_anew_and_a_newer_one_refused(tmp_path: Path) -> None:
    write(tmp_path, entry("good"))
    with Ledger.open(tmp_path) as ledger:
        ledger.database.run("UPDATE ledger_meta SET value = '0' WHERE name = 'version'")
        ledger.database.run("DELETE FROM ledger_runs")
    with Ledger.open(tmp_path) as ledger:
        assert len(ledger.runs()) == 1
        ledger.database.run("UPDATE ledger_meta SET value = '99' WHERE name = 'version'")
    with pytest.raises(ValueError, match="newer impact-tracker"):
        Ledger.open(tmp_path)


def test_a_writer_that_dies_leaves_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever call of the write is the last one: the name is there with all of its bytes, or not at all."""
    calls = ("open", "write", "fsync", "close")
    for call in calls:
        folder = tmp_path / call

        def die(*_: object, **__: object) -> int:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(spool.os, call, die)
            write(folder, entry("a"))
        assert not list(folder.rglob("*.json")) or from_bytes(next(folder.rglob("*.json")).read_bytes()) == entry("a")


def test_old_half_written_files_go_and_fresh_ones_stay(tmp_path: Path) -> None:
    path = write(tmp_path, entry("a"))
    old, fresh = path.with_name(".b.json.1.tmp"), path.with_name(".c.json.2.tmp")
    for beside in (old, fresh):
        beside.write_bytes(b"{")
    os.utime(old, (0, 0))
    with Ledger.open(tmp_path):
        pass
    assert fresh.exists()
    assert not old.exists()


def test_a_folder_that_may_only_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "theirs", entry("a"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("impact_tracker.ledger.database.os.access", lambda *_: False)
    with Ledger.open(tmp_path / "theirs") as ledger:
        assert len(ledger.runs()) == 1
        assert Path(ledger.database.place).is_relative_to(tmp_path / "cache")


@pytest.mark.parametrize("cache", ["a file", "no home"])
def test_a_ledger_without_any_place_for_its_index_says_what_to_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: str
) -> None:
    write(tmp_path / "theirs", entry("a"))
    (tmp_path / "file").write_text("")
    monkeypatch.setattr("impact_tracker.ledger.database.os.access", lambda *_: False)
    if cache == "a file":
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    else:

        def homeless(_self: Path) -> Path:
            raise RuntimeError("Could not determine home directory.")

        monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
        monkeypatch.setattr(Path, "expanduser", homeless)
    with pytest.raises(OSError, match=r"neither to .*theirs.* nor to .*: let XDG_CACHE_HOME name a folder"):
        Ledger.open(tmp_path / "theirs")
    assert list((tmp_path / "theirs").glob("spool/*/*.json"))


def test_a_file_is_json_with_a_schema(tmp_path: Path) -> None:
    head = json.loads(write(tmp_path, entry("a", tags={"name": "é\udce9"})).read_bytes())
    assert head["schema"] == spool.SCHEMA
    assert head["what"] == "run"
