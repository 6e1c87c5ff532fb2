"""Workers that answer nonsense, memory that runs out, laptops that sleep, terminals that go: the campaign goes on."""

from __future__ import annotations

import errno
import io
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from impact_tracker.bench import Campaign, Settings
from impact_tracker.bench.row.storage import Storage
from impact_tracker.bench.run import circumstances
from impact_tracker.bench.run.progress import Progress
from impact_tracker.bench.show import comparison
from impact_tracker.bench.show.comparable import apart
from impact_tracker.bench.show.view import View, read
from impact_tracker.cli import main
from impact_tracker.report.page import plain
from impact_tracker.runner import WorkerError
from impact_tracker.runner.messages import Capabilities, decoded
from python import fake_core
from python.bench import flat as lines
from python.bench.flat import append, flat
from python.bench.made import campaign, row_of
from python.bench.stand_ins import Worker, Workers, ended, idle


def run(folder: Path, workers: Workers, **settings: Any) -> Any:
    given = Settings(**{"images": 100, "test_images": 100, "models": ("small-cnn",), "repeats": 2, **settings})
    return Campaign.create(folder, given, open_worker=workers, sleep=idle).run(quiet=True)


@pytest.mark.parametrize(
    ("error", "words", "failure"),
    [
        (KeyError("duration_s"), "KeyError('duration_s')", "KeyError"),  # an answer of another version
        (TypeError("unsupported operand"), "TypeError('unsupported operand')", "TypeError"),
        (ValueError(), "ValueError()", "ValueError"),
        (RuntimeError("the worker sent a line without end"), "a line without end", "RuntimeError"),
        (MemoryError(), "MemoryError()", "MemoryError"),
        (TimeoutError("the worker (pid 5) hangs"), "the worker (pid 5) hangs", "TimeoutError"),
        (OSError(), "OSError()", "OSError"),
        (WorkerError("protocol", "the worker sent what is no event: 'Segmentation fault'"), "Segmentation", "protocol"),
    ],
)
@pytest.mark.parametrize("command", ["load", "warm_up", "train", "evaluate", "infer"])
def test_one_test_that_fails_does_not_end_it(
    workers: Workers, tmp_path: Path, error: Exception, words: str, failure: str, command: str
) -> None:
    # The first load, and its evaluation, look whether the machine has what is needed.
    workers.fail("small-cnn", command, error, nth=2 if command == "load" else 1)
    outcome = run(tmp_path / "a", workers)
    assert (outcome.done, outcome.total) == (1, 2)
    ((task, reason),) = outcome.failed.items()
    assert words in reason
    row = next(row for row in flat(read(tmp_path / "a")) if row["status"] == "failed")
    assert (row["task"], row["failure"]) == (task, failure)
    assert workers.closed == workers.opened
    workers.before = lambda worker, command: None
    outcome = Campaign.resume(tmp_path / "a", open_worker=workers, sleep=idle).run(quiet=True)
    assert (outcome.done, outcome.failed) == (2, {})


def test_an_answer_without_what_belongs_in_it(
    workers: Workers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker of another version looks at the machine: said at once, as one line."""
    monkeypatch.setattr(Worker, "capabilities", lambda self: decoded(Capabilities, {"networks": [{"title": "x"}]}))
    with pytest.raises(OSError, match=r"answers are not understood.*of another version"):
        run(tmp_path / "a", workers)
    assert not (tmp_path / "a").exists()
    assert workers.closed == workers.opened


def test_a_training_by_epochs_that_gets_nonsense_keeps_its_rows(workers: Workers, tmp_path: Path) -> None:
    workers.fail("small-cnn", "train", KeyError("loss"), nth=1)
    outcome = run(tmp_path / "a", workers, suite="learning", epochs=2, repeats=1)
    assert "KeyError('loss')" in next(iter(outcome.failed.values()))
    rows = {row["phase"]: row for row in flat(read(tmp_path / "a"))}
    assert rows["training"]["failure"] == "KeyError"
    assert rows["training"]["energy_j"] > 0  # what it used up to there


def vmstat(root: Path, kills: int) -> str:
    (root / "proc").mkdir(exist_ok=True)
    (root / "proc/vmstat").write_text(f"nr_free_pages 12\noom_kill {kills}\n")
    return str(root)


def test_memory_that_ran_out_is_told_from_a_kill(tmp_path: Path) -> None:
    watch = circumstances.Watch(vmstat(tmp_path, 3))
    row = watch.failed(lines.row_of({}), ended())
    assert (row.status, row.failure) == ("failed", "ended")
    assert "ended by SIGKILL (if nobody sent it, the system ran out of memory)" in str(row.reason)
    vmstat(tmp_path, 4)
    row = watch.failed(lines.row_of({}), ended())
    assert row.failure == "out-of-memory"
    assert str(row.reason).startswith("out of memory: the kernel ended the worker (pid 4711)")
    assert circumstances.oom_kills(str(tmp_path / "nothing")) is None
    assert (circumstances.oom_kills() or 0) >= 0


def test_a_phase_in_which_the_machine_slept_does_not_count(
    workers: Workers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asleep = 100.0
    monkeypatch.setattr(circumstances, "suspended_s", lambda: asleep)

    def close_the_lid(worker: Worker, command: str) -> None:
        nonlocal asleep
        if command == "train":
            asleep += 600.0

    workers.before = close_the_lid
    run(tmp_path / "a", workers, repeats=1)
    rows = {row["phase"]: row for row in flat(read(tmp_path / "a"))}
    assert rows["training"]["invalid"] == ["the machine was suspended for 600.0 s in it"]
    assert rows["training"]["suspended_s"] == pytest.approx(600.0)
    assert (rows["inference"]["invalid"], rows["inference"]["suspended_s"]) == ([], 0.0)
    old = {key: value for key, value in rows["inference"].items() if key != "suspended_s"}
    assert lines.judged(old, strict=False)["invalid"] == []  # rows of before this was looked at


def test_the_clocks_of_this_machine() -> None:
    assert circumstances.suspended_s() >= -circumstances.LEAST_S


def test_a_clock_that_steps_moves_no_number(workers: Workers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wall time is written into lines for people; an hour back between any two of them changes nothing else."""
    run(tmp_path / "a", workers)
    steps = iter(range(10**6))
    fake_core.reset()
    gmtime = time.gmtime
    monkeypatch.setattr(time, "gmtime", lambda *given: gmtime(1_900_000_000 - 3600 * next(steps)))
    run(tmp_path / "b", workers)
    times = [line.origin.written_at for line in Storage(tmp_path / "b").lines()]
    assert times == sorted(times, reverse=True)
    keys = ("task", "phase", "status", "duration_s", "energy_j", "images", "invalid")
    first, second = ([[row.get(key) for key in keys] for row in flat(read(tmp_path / name))] for name in "ab")
    assert first == second


def test_two_campaigns_of_one_second_have_folders_of_their_own(
    workers: Workers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = time.gmtime(1_900_000_000)
    monkeypatch.setattr(time, "gmtime", lambda *given: now)
    for _ in range(3):
        assert main(["bench", "--models", "small-cnn", "--repeats", "1", "--images", "10", "-q"]) == 0
    names = sorted(path.name for path in (tmp_path / "runs").iterdir())
    assert [name.replace(names[0], "") for name in names] == ["", "-2", "-3"]


class Gone(io.StringIO):
    """A terminal that was closed, a reader that ended."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        raise self.error


@pytest.mark.parametrize(
    "stream",
    [None, Gone(BrokenPipeError()), Gone(OSError(errno.EIO, "")), Gone(ValueError("I/O operation on closed file"))],
)
def test_nobody_who_reads_is_no_reason_to_end(
    workers: Workers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stream: Any
) -> None:
    monkeypatch.setattr("sys.stderr", stream)
    given = Settings(images=100, test_images=100, models=("small-cnn",), repeats=1)
    assert Campaign.create(tmp_path / "a", given, open_worker=workers, sleep=idle).run().done == 1


def test_a_closed_stream_is_no_terminal() -> None:
    stream = io.StringIO()
    stream.close()
    Progress(3, stream=stream).line("nobody")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("columns", "most"), [("1", 0), ("2", 1), ("20", 19), ("0", 200), ("nonsense", 200)])
def test_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch, columns: str, most: int) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    Progress(3, stream=stream).says("the idle machine")
    drawn = stream.getvalue().removeprefix("\r").removesuffix("\x1b[K")
    assert len(drawn) <= most


def test_a_terminal_that_knows_no_codes_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    stream = Terminal()
    progress = Progress(3, stream=stream)
    progress.says("the idle machine")
    progress.line("done")
    progress.clear()
    assert stream.getvalue() == "done\n"


@pytest.mark.parametrize("suite", ["fashion-mnist", "ai-benchmark", "modern", "learning"])
@pytest.mark.parametrize("how", ["begun", "failed", "half", "idle"])
def test_a_report_of_little(
    workers: Workers, tmp_path: Path, capsys: pytest.CaptureFixture[str], suite: str, how: str
) -> None:
    """A campaign that was only begun, of which everything failed, of which a phase is there, or a machine at rest."""
    settings = Settings(suite=suite, repeats=2)
    storage = Storage(tmp_path / "a")
    from impact_tracker.bench.plan.suites import tests_of as suite_tests
    from impact_tracker.bench.plan.task import plan

    tasks = plan(settings, suite_tests(settings))
    storage.create(settings, [task.id for task in tasks], {"networks": {}})
    with storage:
        first = tasks[0]
        phase = first.test.phases[0]
        learning = {"target_metric": "accuracy", "target": None, "epochs": 1} if suite == "learning" else {}
        if how == "failed":
            for task in tasks:
                row = row_of(task, task.test.phases[0], 1.0, 10, **learning)
                empty = dict.fromkeys(("energy_j", "kwh", "j_per_image", "carbon_g", "images", "duration_s", "power_w"))
                append(storage, {**row, **empty, "status": "failed", "reason": "load: it needs about 9 GB"})
                end = {"kind": "task", "task": task.id, "attempt": 1, "session": 1}
                append(storage, {**end, "status": "failed", "reason": "load: it needs about 9 GB"})
        elif how == "half":
            append(storage, row_of(first, phase, 1.0, 10, **learning))
        elif how == "idle":
            append(
                storage,
                {"kind": "row", "task": "idle-before.s1", "phase": "idle", "attempt": 1, "session": 1, "status": "ok"},
            )
    for more in (
        [],
        ["--json"],
        ["--format", "markdown"],
        ["--format", "latex"],
        ["--format", "csv"],
        ["--pue", "1.2"],
    ):
        assert main(["bench", "report", "a", *more]) == 0, more
        capsys.readouterr()
    text = plain(read(tmp_path / "a").page())
    assert ("tasks have not run yet" in text) == (how != "failed")
    assert ("it needs about 9 GB" in text) == (how == "failed")


def test_a_report_of_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    for name in ("empty", "nothing", "file"):
        assert main(["bench", "report", str(tmp_path / name)]) == 2
        assert "holds no campaign" in capsys.readouterr().err
        assert main(["bench", "compare", str(tmp_path / name), str(tmp_path / name)]) == 2
        assert "holds no campaign" in capsys.readouterr().err
        assert main(["bench", "--resume", str(tmp_path / name)]) == 2
        assert "holds no campaign" in capsys.readouterr().err
    assert list((tmp_path / "empty").iterdir()) == []


def two(tmp_path: Path, change: Callable[[dict[str, Any]], dict[str, Any]], **settings: Any) -> tuple[View, View]:
    """A campaign and another whose rows were changed."""
    given = {"suite": "ai-benchmark", "mode": "work", "repeats": 3, "models": ("vgg-16", "u-net"), **settings}
    a = campaign(tmp_path / "a", Settings(**given), seed=1)
    b = campaign(tmp_path / "b", Settings(**given), seed=2)
    b.rows = [lines.row_of({**row, **change(row)}) for row in flat(b)]
    return a, b


def test_seconds_of_other_numbers_of_images_are_not_compared(tmp_path: Path) -> None:
    def change(row: dict[str, Any]) -> dict[str, Any]:
        return {"images": 500, "duration_s": 15.0} if row["model"] == "vgg-16" else {}

    a, b = two(tmp_path, change)
    compared = {(difference.test, difference.quantity) for difference in comparison.compare(a, b)}
    assert ("vgg-16/training", "seconds") not in compared
    assert ("vgg-16/training", "images_per_s") in compared
    assert ("u-net/training", "seconds") in compared
    assert ("u-net/training", "images_per_s") not in compared
    notes = apart(a, b)
    assert "seconds are not compared where runs took different numbers of inputs, inputs per s are: VGG-16" in notes[0]
    assert "images per s" in plain(comparison.page(a, b))


def test_what_is_another_input_is_not_compared(tmp_path: Path) -> None:
    a, b = two(tmp_path, lambda row: {"input": [3, 999, 999]} if row["model"] == "vgg-16" else {})
    assert {difference.test.partition("/")[0] for difference in comparison.compare(a, b)} == {"u-net"}
    assert any(note.startswith("not compared, as one input is another thing: 3x") for note in apart(a, b))
    c, d = two(tmp_path / "more", lambda row: {"input": [3, 999, 999]})
    with pytest.raises(ValueError, match=r"no test in common that both measured\n  .*one input is another thing"):
        comparison.compare(c, d)


def test_how_it_was_run_is_said_where_it_differs(tmp_path: Path) -> None:
    sources = [{"id": "rapl/package-0"}]
    a, b = two(tmp_path, lambda row: {"batch": 7, "threads": 2, "sources": [{"id": "tdp/package-0"}]})
    a.rows = [lines.row_of({**row, "threads": 2, "sources": sources}) for row in flat(a)]
    notes = apart(a, b)
    assert any(note.startswith("batch differs: ") and "7 in B" in note for note in notes)
    assert not any(note.startswith("threads differs") for note in notes)
    assert "sensors differ: rapl/package-0 in A, tdp/package-0 in B" in notes


def test_what_only_one_measured_and_what_is_unfinished(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a = campaign(tmp_path / "a", Settings(suite="ai-benchmark", mode="work", repeats=3, models=("vgg-16", "u-net")))
    b = campaign(tmp_path / "b", Settings(suite="ai-benchmark", mode="paper", repeats=3, models=("vgg-16",)))
    path = tmp_path / "b" / "rows.jsonl"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    notes = comparison.caveats(a, read(tmp_path / "b"), comparison.compare(a, b))
    assert any(note.startswith("not compared, as only A measured them: U-Net") for note in notes)
    assert "B: 1 of 6 tasks have come to no good end" in notes
    assert "mode differs: work in A, paper in B" in notes
    assert main(["bench", "compare", str(tmp_path / "a"), str(tmp_path / "b"), "--json"]) == 0
    assert "mode differs" in capsys.readouterr().out
    campaign(tmp_path / "c", Settings(suite="modern", mode="work", repeats=1))
    assert main(["bench", "compare", str(tmp_path / "a"), str(tmp_path / "c")]) == 2
    err = capsys.readouterr().err
    assert "(suite ai-benchmark, work)" in err
    assert "(suite modern, work) have no test in common" in err
    assert "not compared, as only B measured them" in err


def test_the_command_s_folder_may_need_quotes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from impact_tracker.cli.bench.end import resume_hint

    monkeypatch.chdir(tmp_path)
    assert resume_hint(tmp_path / "my run's") == """impact-tracker bench --resume 'my run'"'"'s'"""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert resume_hint(Path("/a")) == "impact-tracker bench --resume /a"
    os.chdir(tmp_path)
