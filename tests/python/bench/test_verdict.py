"""A campaign without a result says so by its exit code, says why and what helps; its invalid runs can be repeated."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from impact_tracker.bench import Settings
from impact_tracker.bench.row.log import current, ends_of, given_up, superseded
from impact_tracker.bench.row.row import Key, Row, TaskEnd
from impact_tracker.bench.row.storage import Storage
from impact_tracker.bench.run import circumstances
from impact_tracker.bench.show.verdict import verdict
from impact_tracker.bench.show.view import View, read
from impact_tracker.cli import main
from impact_tracker.runner import WorkerError
from python.bench.flat import flat
from python.bench.made import campaign
from python.bench.stand_ins import Worker, Workers, ended

SMALL = ("--models", "small-cnn", "--images", "100", "--test-images", "100", "-q")


class Lid:
    """A laptop that sleeps in every phase of these commands: their rows are invalid."""

    def __init__(self, workers: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
        self.commands: tuple[str, ...] = ()
        self._asleep = 0.0
        monkeypatch.setattr(circumstances, "suspended_s", lambda: self._asleep)
        workers.before = self._before

    def _before(self, worker: Worker, command: str) -> None:
        if command in self.commands:
            self._asleep += 60.0


@pytest.fixture
def lid(workers: Workers, monkeypatch: pytest.MonkeyPatch) -> Lid:
    return Lid(workers, monkeypatch)


def test_a_campaign_with_a_result_ends_with_0(lid: Lid, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "-o", "a", *SMALL, "--repeats", "1"]) == 0
    assert capsys.readouterr().err == ""


def test_no_valid_run_is_3_with_the_reasons_and_what_helps(lid: Lid, capsys: pytest.CaptureFixture[str]) -> None:
    lid.commands = ("train", "evaluate", "infer")
    assert main(["bench", "-o", "a", *SMALL, "--repeats", "2", "--json"]) == 3
    out, err = capsys.readouterr()
    assert err.splitlines() == [
        "impact-tracker bench: no run is valid, so there is no result",
        "  6 rows are invalid, as: the machine was suspended for 60.0 s in it",
        "    what helps: keep the machine awake: systemd-inhibit impact-tracker bench …",
        "  then: impact-tracker bench --resume a --redo-invalid",
    ]
    without = ["small-cnn training", "small-cnn evaluation", "small-cnn inference"]
    assert json.loads(out)["outcome"]["without_valid_run"] == without


def test_a_phase_without_a_valid_run_is_1_and_is_named(lid: Lid, capsys: pytest.CaptureFixture[str]) -> None:
    lid.commands = ("infer",)
    assert main(["bench", "-o", "a", *SMALL, "--repeats", "1"]) == 1
    err = capsys.readouterr().err
    assert (
        "bench: 1 of 3 phases has no valid run: small-cnn inference\n  1 row is invalid, as: the machine was susp"
        in err
    )


def test_one_valid_run_of_several_is_a_result(lid: Lid, workers: Workers, capsys: pytest.CaptureFixture[str]) -> None:
    seen = 0

    def before(worker: Worker, command: str) -> None:
        nonlocal seen
        seen += command == "infer"
        lid.commands = ("infer",) if seen < 2 else ()
        lid._before(worker, command)

    workers.before = before
    assert main(["bench", "-o", "a", *SMALL, "--repeats", "2"]) == 0
    assert "small-cnn.r1 inference is not averaged: the machine was suspended" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "kind", "helps"),
    [
        (ended(), "SIGKILL", "dmesg"),
        (WorkerError("out-of-memory", "it needs about 9 GB", ""), "9 GB", "a smaller --batch in a new campaign"),
        (RuntimeError("what?"), "what?", "impact-tracker bench --models NAME --repeats 1 shows one alone"),
    ],
)
def test_tasks_that_all_failed_are_3(
    workers: Workers, capsys: pytest.CaptureFixture[str], error: Exception, kind: str, helps: str
) -> None:
    def before(worker: Worker, command: str) -> None:
        if command == "train":
            raise error

    workers.before = before
    assert main(["bench", "-o", "a", *SMALL, "--repeats", "2"]) == 3
    err = capsys.readouterr().err
    assert "2 tasks failed, as: training: " in err
    assert kind in err
    assert f"what helps: {helps}" in err or helps in err
    assert err.endswith("then: impact-tracker bench --resume a\n")  # what failed is repeated anyway


def test_a_task_that_failed_beside_good_ones_is_1(workers: Workers, capsys: pytest.CaptureFixture[str]) -> None:
    workers.fail("small-cnn", "train", ended(), nth=1)
    assert main(["bench", "-o", "a", *SMALL, "--repeats", "2"]) == 1
    assert "impact-tracker bench: 1 task failed\n  1 task failed, as: training: " in capsys.readouterr().err


def test_invalid_runs_are_repeated_and_none_is_lost(
    lid: Lid, workers: Workers, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lid.commands = ("infer",)
    assert main(["bench", "-o", "a", *SMALL, "--repeats", "2"]) == 1
    before = (tmp_path / "a/rows.jsonl").read_bytes()
    old = flat(read(tmp_path / "a"))
    opened = workers.opened
    assert main(["bench", "--resume", "a", "-q"]) == 1  # by itself, what is finished stays
    assert workers.opened == opened + 1  # it was only asked what it can do
    lid.commands = ()
    capsys.readouterr()
    assert main(["bench", "--resume", "a", "--redo-invalid"]) == 0
    out, err = capsys.readouterr()
    assert "2 runs with invalid rows to repeat" in err
    assert "2 runs were repeated, as rows were invalid (--redo-invalid): the earlier rows are in no mean" in " ".join(
        out.split()
    )
    assert (tmp_path / "a/rows.jsonl").read_bytes().startswith(before)
    view = read(tmp_path / "a")
    assert {row["attempt"] for row in flat(view) if row["phase"] != "idle"} == {2}
    assert [cell.runs for cell in view.cells if cell.phase in ("training", "inference")] == [2, 2]
    assert (view.outcome.done, view.outcome.failed) == (2, {})
    superseded = json.loads((tmp_path / "a/results.json").read_text())["superseded"]
    gone = [row for row in old if row["phase"] != "idle"]
    keys = ("task", "phase", "attempt", "energy_j", "invalid")
    assert [[row.get(key) for key in keys] for row in superseded] == [[row.get(key) for key in keys] for row in gone]
    assert main(["bench", "--resume", "a", "--redo-invalid"]) == 0
    assert "no invalid row: nothing to repeat" in capsys.readouterr().err
    assert flat(read(tmp_path / "a")) == flat(view)


@pytest.mark.parametrize("step", ["load", "train", "infer"])
def test_a_repetition_that_is_cut_off_goes_on(lid: Lid, workers: Workers, tmp_path: Path, step: str) -> None:
    """Neither the old rows nor half of the new ones count meanwhile."""
    lid.commands = ("infer",)
    assert main(["bench", "-o", "a", *SMALL, "--repeats", "2"]) == 1
    lid.commands = ()
    loads = 0

    def interrupt(worker: Worker, command: str) -> None:
        nonlocal loads
        loads += command == "load"  # the first looks at the machine
        if loads == 2 and command == step:
            raise KeyboardInterrupt

    workers.before = interrupt
    assert main(["bench", "--resume", "a", "-q", "--redo-invalid"]) == 130
    view = read(tmp_path / "a")
    assert (view.outcome.done, view.outcome.failed) == (0, {})
    assert any("2 of 2 tasks have not run yet" in note for note in view.caveats)
    counted = {row["attempt"] for row in flat(view) if row["phase"] != "idle"}
    assert counted == (set() if step == "load" else {2})
    workers.before = lambda worker, command: None
    assert main(["bench", "--resume", "a", "-q"]) == 0
    rows = [row for row in flat(read(tmp_path / "a")) if row["phase"] != "idle"]
    assert len(rows) == 2 * 5
    assert all(row["attempt"] > 1 and not row.get("invalid") for row in rows)


def test_only_runs_that_are_invalid_are_repeated(lid: Lid, workers: Workers, tmp_path: Path) -> None:
    assert main(["bench", "-o", "a", *SMALL, "--repeats", "1"]) == 0
    lid.commands = ("evaluate",)
    assert main(["bench", "--resume", "a", "--repeats", "3", "-q"]) == 0
    lid.commands = ()
    assert main(["bench", "--resume", "a", "--redo-invalid", "-q"]) == 0
    attempts = {row["task"]: row["attempt"] for row in flat(read(tmp_path / "a")) if row["phase"] != "idle"}
    assert attempts == {"small-cnn.r1": 1, "small-cnn.r2": 2, "small-cnn.r3": 2}


def test_a_training_s_epochs_are_those_of_the_run_that_counts(lid: Lid, tmp_path: Path) -> None:
    lid.commands = ("train",)
    arguments = ["bench", "train", "--model", "small-cnn", "--epochs", "2", "--repeats", "1", "--images", "64", "-q"]
    assert main([*arguments, "-o", "a"]) == 3  # evaluations are a part of it
    lid.commands = ()
    assert main(["bench", "train", "--resume", "a", "--redo-invalid", "-q"]) == 0
    view = read(tmp_path / "a")
    epochs = view.to_dict()["epochs"]
    assert [(line["attempt"], line["epoch"]) for line in epochs] == [(2, 0), (2, 1), (2, 2)]


def test_it_needs_a_campaign(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--redo-invalid"]) == 2
    assert "it needs --resume DIR" in capsys.readouterr().err


def test_help_knows_it(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["bench"], ["bench", "train"]):
        with pytest.raises(SystemExit):
            main([*words, "--help"])
        assert "--redo-invalid" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["bench", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert "3 no run at all is valid" in text


def test_of_drivers_beside_each_other_the_order_of_files_decides_nothing(tmp_path: Path) -> None:
    """On a cluster the end stands in a task's own file, which is read after that of the one who gave it up."""
    lines = [
        TaskEnd("a.r1", 1, 1, "superseded", "invalid", ()),
        Row(Key("a.r1", "inference", 1, 1), "ok"),
        TaskEnd("a.r1", 1, 1, "ok", None, ("inference",)),
    ]
    for order in (lines, lines[::-1]):
        assert ends_of(order)["a.r1"].status == "superseded"
        assert current(order) == []
        assert [row.phase for row in superseded(order)] == ["inference"]
        assert list(given_up(order)) == [("a.r1", 1)]


def test_a_campaign_that_was_not_run_to_its_end_has_no_result(tmp_path: Path) -> None:
    view: View = campaign(tmp_path / "a", Settings(suite="ai-benchmark", mode="work", repeats=1, models=("vgg-16",)))
    assert view.verdict() == (0, [], None, False)
    storage = Storage(tmp_path / "b")
    storage.create(view.settings, list(view.head.tasks), {})
    begun = read(tmp_path / "b").verdict()
    assert (begun.code, begun.without) == (3, ["vgg-16/inference inference", "vgg-16/training training"])
    assert verdict([], [], view.outcome).code == 0


def test_a_forecast_of_runs_that_do_not_count_says_why(lid: Lid, capsys: pytest.CaptureFixture[str]) -> None:
    lid.commands = ("train", "infer")
    assert main(["bench", "forecast", "--images", "1000", "--models", "small-cnn"]) == 2
    err = capsys.readouterr().err
    assert "nothing that a forecast could rest on: 2 of 3 phases have no valid run: small-cnn training" in err
    assert "6 rows are invalid, as: the machine was suspended for 60.0 s in it" in err


def test_a_forecast_from_a_campaign_takes_it_as_it_was(lid: Lid, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "-o", "a", *SMALL, "--repeats", "1"]) == 0
    assert main(["bench", "forecast", "--images", "9", "--from", "a", "--batch", "4", "--threads", "1"]) == 2
    assert "--from takes what was measured then: leave out --batch, --threads" in capsys.readouterr().err
    assert main(["bench", "forecast", "--images", "9", "--from", "a", "--pue", "1.2"]) == 0
