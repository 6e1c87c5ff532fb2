"""Disks that are full, read-only or without locks: finished rows stay, and it is said what to do."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from impact_tracker.bench import Campaign, Settings
from impact_tracker.bench.row import disk, lock
from impact_tracker.bench.row.log import read_lines
from impact_tracker.bench.row.storage import Storage
from impact_tracker.bench.show.view import read
from impact_tracker.cli import main
from impact_tracker.cli.bench import end as bench_end
from python.bench.flat import append
from python.bench.stand_ins import Workers

SMALL = ("--models", "small-cnn,mobilenet-v2", "--images", "100", "--test-images", "100")


class Disk:
    """Takes `room` bytes of rows, and then says `number`."""

    def __init__(self, room: int, number: int) -> None:
        self.room, self.number = room, number

    def write(self, descriptor: int, data: bytes) -> int:
        part = bytes(data)[: self.room]
        if not part:
            raise OSError(self.number, os.strerror(self.number))
        self.room -= len(part)
        return WRITE(descriptor, part)


WRITE = os.write


@pytest.mark.parametrize(
    ("room", "number", "words"),
    [
        (0, errno.ENOSPC, "the disk is full: free some space"),
        (5_000, errno.ENOSPC, "the disk is full: free some space"),
        (9_000, errno.EDQUOT, "the quota of this file system is used up"),
        (12_345, errno.EFBIG, "files may not grow any further here: raise the limit (ulimit -f)"),
        (17_001, errno.EIO, "Input/output error"),
    ],
)
def test_a_full_disk_ends_the_campaign_and_keeps_whole_rows(
    workers: Workers,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    room: int,
    number: int,
    words: str,
) -> None:
    monkeypatch.setattr("impact_tracker.bench.row.storage.os.write", Disk(room, number).write)
    assert main(["bench", "-o", "a", *SMALL]) == 2
    err = capsys.readouterr().err
    assert f"rows.jsonl cannot be written: {words}" in err
    assert "finished rows are kept. Go on: impact-tracker bench --resume a" in err
    assert "results, tables and figures were not made" in err
    kept = (tmp_path / "a" / "rows.jsonl").read_bytes()
    assert kept == b"" or kept.endswith(b"\n")
    assert not read_lines(kept).damaged
    assert workers.opened == workers.closed
    read(tmp_path / "a").page()
    monkeypatch.setattr("impact_tracker.bench.row.storage.os.write", WRITE)
    assert main(["bench", "--resume", "a"]) == 0
    assert (tmp_path / "a" / "rows.jsonl").read_bytes().startswith(kept)


def test_an_interruption_inside_a_line_leaves_none_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(descriptor: int, data: bytes) -> int:
        if len(data) > 10:
            return WRITE(descriptor, bytes(data)[:10])
        raise KeyboardInterrupt

    storage = Storage(tmp_path)
    with storage:
        append(storage, {"kind": "word", "n": 1})
        monkeypatch.setattr("impact_tracker.bench.row.storage.os.write", lambda *a: interrupted(*a))
        with pytest.raises(KeyboardInterrupt):
            append(storage, {"kind": "word", "n": 2})
        monkeypatch.setattr("impact_tracker.bench.row.storage.os.write", WRITE)
        append(storage, {"kind": "word", "n": 3})
    log = read_lines((tmp_path / "rows.jsonl").read_bytes())
    assert ([line.origin.others["n"] for line in log.lines], log.damaged, log.unfinished) == ([1, 3], [], False)


@pytest.mark.parametrize("victim", ["results.json", "results.csv", "energy.png", "energy.svg"])
def test_files_that_do_not_fit_are_said_and_the_answer_is_shown(
    workers: Workers,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    victim: str,
) -> None:
    replace = Path.replace

    def full(self: Path, target: Path) -> Path:
        if target.name == victim:
            raise OSError(errno.ENOSPC, "No space left on device")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", full)
    assert main(["bench", "-o", "a", *SMALL, "--repeats", "1"]) == 1
    out, err = capsys.readouterr()
    assert "Small CNN" in out
    assert f"{victim} cannot be written: the disk is full: free some space; then `impact-tracker bench report" in err
    assert f"Not written, or still of before: {victim}\n" in err
    assert out.splitlines()[-1].endswith(f"{tmp_path / 'a'} (not written, or still of before: {victim})")
    others = {"results.json", "results.csv", "summary.csv", "energy.png", "energy.svg"} - {victim}
    assert others < {path.name for path in (tmp_path / "a").iterdir()}  # one that does not fit keeps no other out
    assert not [path for path in (tmp_path / "a").iterdir() if path.name.startswith(".")]
    monkeypatch.setattr(Path, "replace", replace)
    assert main(["bench", "report", "a"]) == 0
    assert (tmp_path / "a" / victim).stat().st_size > 0
    assert "not written" not in capsys.readouterr().out


def test_of_a_full_disk_every_file_that_is_missing_is_named(
    workers: Workers, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def full(path: Path, data: bytes) -> Path:
        raise disk.explained(OSError(errno.ENOSPC, "No space left on device"), path)

    assert main(["bench", "-o", "a", *SMALL, "--repeats", "1", "-q"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"rows, records, summary, figures: {tmp_path / 'a'}"
    monkeypatch.setattr("impact_tracker.bench.row.storage.write_whole", full)
    monkeypatch.setattr("impact_tracker.bench.show.figures.write_whole", full)
    assert main(["bench", "--resume", "a", "-q"]) == 2  # campaign.json is renewed first
    assert main(["bench", "report", "a"]) == 0
    out = capsys.readouterr().out
    last = out.splitlines()[-1]
    assert last.startswith(f"rows, records: {tmp_path / 'a'} (not written, or still of before: ")
    for name in ("tables.md", "answers.csv", "results.json", "results.csv", "summary.csv", "energy.svg"):
        assert name in last
    assert out.count("the disk is full: free some space") == 1


def test_a_report_of_what_is_not_ours_to_write_is_shown(
    workers: Workers, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["bench", "-o", "a", *SMALL, "-q"]) == 0
    before = {path: path.read_bytes() for path in (tmp_path / "a").iterdir() if path.is_file()}
    capsys.readouterr()

    def refused(path: Path, data: bytes) -> Path:
        raise disk.explained(OSError(errno.EROFS, "Read-only file system"), path)

    monkeypatch.setattr("impact_tracker.bench.row.storage.write_whole", refused)
    monkeypatch.setattr("impact_tracker.bench.show.figures.write_whole", refused)
    assert main(["bench", "report", "a"]) == 0
    out = capsys.readouterr().out
    assert "Small CNN" in out
    assert out.count("the file system is read-only: work in a copy") == 1
    assert {path: path.read_bytes() for path in (tmp_path / "a").iterdir() if path.is_file()} == before


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EACCES, "permission denied: work in a copy, or name another folder"),
        (errno.EROFS, "the file system is read-only"),
    ],
)
def test_a_folder_that_cannot_be_made_is_said_and_nothing_runs(
    workers: Workers,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    number: int,
    words: str,
) -> None:
    def refused(self: Path, *args: Any, **options: Any) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "mkdir", refused)
        assert main(["bench", "-o", "a", *SMALL]) == 2
    assert f"{tmp_path / 'a'} cannot be written: {words}" in capsys.readouterr().err
    (tmp_path / "file").write_text("mine")
    assert main(["bench", "-o", "file", *SMALL]) == 2
    assert "there is a file of this name" in capsys.readouterr().err
    assert main(["bench", "-o", "file/below", *SMALL]) == 2
    assert "a part of this path is a file" in capsys.readouterr().err
    assert (tmp_path / "file").read_text() == "mine"
    assert workers.opened == workers.closed


def test_a_campaign_in_a_read_only_folder_cannot_be_resumed_and_says_so(
    workers: Workers, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["bench", "-o", "a", *SMALL, "-q"]) == 0
    opened = workers.opened

    def refused(path: Any, flags: int, mode: int = 0o777, **options: Any) -> int:
        if flags & os.O_RDWR:
            raise OSError(errno.EROFS, "Read-only file system", str(path))
        return OPEN(path, flags, mode, **options)

    with monkeypatch.context() as patch:
        patch.setattr("impact_tracker.bench.row.storage.os.open", refused)
        assert main(["bench", "--resume", "a", "--repeats", "9"]) == 2
    assert "rows.jsonl cannot be written: the file system is read-only" in capsys.readouterr().err
    assert workers.opened == opened
    assert read(tmp_path / "a").settings.repeats == 3


OPEN = os.open


def test_a_second_driver_changes_nothing(workers: Workers, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    Campaign.create(tmp_path / "a", Settings(models=("small-cnn",), repeats=1, images=10))
    head, opened = (tmp_path / "a" / "campaign.json").read_bytes(), workers.opened
    with Storage(tmp_path / "a"):
        assert main(["bench", "--resume", "a", "--repeats", "5"]) == 2
        err = capsys.readouterr().err
        assert f"another campaign is being run in {tmp_path / 'a'}" in err
        assert "wait for its end, or name another folder" in err
        view = read(tmp_path / "a")
        if view.storage.driver() is not None:  # some containers do not show their locks
            assert f"by process {os.getpid()}" in err
            assert any(f"have not run yet: process {os.getpid()} is at it" in note for note in view.caveats)
    assert (tmp_path / "a" / "campaign.json").read_bytes() == head
    assert workers.opened == opened  # nobody looked at the machine beside the one that measures
    assert read(tmp_path / "a").storage.driver() is None


def test_of_two_that_begin_at_once_one_is_first(workers: Workers, tmp_path: Path) -> None:
    first, second = (Storage(tmp_path / "a") for _ in range(2))
    first.folder.mkdir()
    with first, pytest.raises(BlockingIOError):
        second.create(Settings(), [], {})
    first.create(Settings(seed=7), [], {})
    with pytest.raises(FileExistsError, match="--resume"):
        second.create(Settings(seed=8), [], {})
    assert first.settings().seed == 7


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_without_locks_a_campaign_runs_and_says_so(
    workers: Workers,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    number: int,
) -> None:
    def none(descriptor: int, operation: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", none)
    assert main(["bench", "-o", "a", *SMALL, "--repeats", "1"]) == 0
    assert capsys.readouterr().err.count("this file system has no locks") == 1


def test_who_holds_a_lock(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.touch()
    status = path.stat()
    place = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    (tmp_path / "proc").mkdir()
    locks = tmp_path / "proc/locks"
    locks.write_text(
        f"1: POSIX  ADVISORY  WRITE 11 {place} 0 EOF\n2: FLOCK  ADVISORY  WRITE 12 08:01:1 0 EOF\n"
        f"3: FLOCK  ADVISORY  WRITE 13 {place} 0 EOF\n3: -> FLOCK  ADVISORY  WRITE 14 {place} 0 EOF\n"
    )
    assert lock.holder(path, str(tmp_path)) == 13
    locks.write_text("")
    assert lock.holder(path, str(tmp_path)) is None
    assert lock.holder(path, str(tmp_path / "nothing")) is None
    assert lock.holder(tmp_path / "none", str(tmp_path)) is None


@pytest.mark.parametrize("number", [None, errno.EPERM, errno.EOPNOTSUPP])
def test_the_size_that_was_claimed_first_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int | None
) -> None:
    if number is not None:

        def no_links(*args: Any) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(os, "link", no_links)
    storage = Storage(tmp_path)
    assert storage.claim("vgg-16/training.training", 640) == 640
    assert storage.claim("vgg-16/training.training", 320) == 640
    path = tmp_path / "sizes" / "vgg-16~training.training.json"
    for damaged in ("", "{", "[]", '{"images": null}', '{"images": 0}'):
        path.write_text(damaged)
        assert storage.claim("vgg-16/training.training", 160) == 160
        assert json.loads(path.read_text()) == {"images": 160}
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_file_is_there_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "results.json"
    disk.write_whole(path, b"old")
    for error in (OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()):

        def full(descriptor: int, error: BaseException = error) -> None:
            raise error

        with monkeypatch.context() as patch, pytest.raises(type(error)):
            patch.setattr(os, "fsync", full)
            disk.write_whole(path, b"new")
        assert path.read_bytes() == b"old"
        assert list(tmp_path.iterdir()) == [path]


def test_bytes_that_are_no_text_and_numbers_that_are_none(tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    with storage:
        append(
            storage,
            {"kind": "word", "path": "a\udcffb", "values": [1.0, float("nan"), {"a": float("inf")}], "to": "µ"},
        )
    line = json.loads((tmp_path / "rows.jsonl").read_bytes())
    assert (line["path"], line["values"], line["to"]) == ("a\udcffb", [1.0, None, {"a": None}], "µ")
    storage.create(Settings(data_folder="/data/\udcff"), [], {})
    assert storage.settings().data_folder == "/data/\udcff"


def test_signals_end_it_once_and_those_that_come_together_are_one(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    ended: list[int] = []
    monkeypatch.setattr(os, "_exit", ended.append)
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)):
        ended.clear()
        with pytest.raises(bench_end.Ended) as caught, bench_end.ending():
            try:
                signal.raise_signal(number)
                pytest.fail("it went on")
            finally:
                signal.raise_signal(signal.SIGTERM)  # of the same moment
                assert ended == []
                monkeypatch.setattr(bench_end, "TOGETHER_S", -1.0)
                signal.raise_signal(signal.SIGTERM)
                assert ended == [143]
                monkeypatch.undo()
                monkeypatch.setattr(os, "_exit", ended.append)
        assert bench_end.code_of(caught.value) == code
    assert bench_end.code_of(KeyboardInterrupt()) == 130
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == before
    assert capfd.readouterr().err.count("ending: the worker and the record are closed") == 3


def test_what_is_ignored_stays_ignored() -> None:
    """As under nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with bench_end.ending():
            os.kill(os.getpid(), signal.SIGHUP)
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_ended_before_there_is_a_campaign(workers: Workers, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The machine is looked at first: nothing is there yet to go on with."""
    kill: Callable[[Any, str], None] = lambda worker, command: os.kill(os.getpid(), signal.SIGTERM)  # noqa: E731
    workers.before = kill
    assert main(["bench", "-o", "a", *SMALL]) == 143
    assert "--resume" not in capsys.readouterr().err
    assert not (tmp_path / "a").exists()
    assert workers.opened == workers.closed
