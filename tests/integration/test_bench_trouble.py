"""`impact-tracker bench` with real processes and a worker that computes nothing: told to end, killed, cut off from its
terminal and its disk, in every step; then resumed."""

from __future__ import annotations

import json
import os
import pty
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from impact_tracker import Record
from impact_tracker.bench.show.view import read
from python.bench.flat import flat
from waiting import has_ended, until

pytestmark = pytest.mark.usefixtures("core")

FAKE = Path(__file__).parents[1] / "fakes" / "campaign_worker.py"
SMALL = ("--models", "small-cnn", "--images", "64", "--test-images", "64", "--threads", "1", "--idle", "0")
PHASES = ["load", "warm-up", "training", "evaluation", "inference"]


class Place:
    """A folder for a campaign, and one in which the workers leave word of where they are."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "a"
        self.words = root / "words"
        self.words.mkdir()
        worker = root / "impact-worker"
        worker.write_text(f"#!/bin/sh\nexec '{sys.executable}' '{FAKE}'\n")
        worker.chmod(0o755)
        self.worker = worker
        # Figures and bootstraps take longer than all the rest; the campaign says that they are missing, and goes on.
        self.without = root / "without"
        (self.without / "scipy").mkdir(parents=True)
        (self.without / "scipy/__init__.py").write_text("")
        (self.without / "scipy/special.py").write_text(
            "def stdtrit(freedom, share):\n    return 12.706\n\n\ndef chdtri(freedom, share):\n    return 1.0\n"
        )
        for name in ("matplotlib", "scipy/stats"):
            (self.without / f"{name}.py").write_text("raise ImportError('left out')\n")

    def environment(self, trouble: str = "", **more: str) -> dict[str, str]:
        words = {"IMPACT_TRACKER_WORKER": str(self.worker), "FAKE_FOLDER": str(self.words), "FAKE_TROUBLE": trouble}
        path = os.pathsep.join([str(self.without), os.environ.get("PYTHONPATH", "")])
        return {**os.environ, "PYTHONPATH": path, **words, **more}

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "impact_tracker", "bench", *arguments]

    def bench(self, *arguments: str, trouble: str = "", **options: Any) -> subprocess.CompletedProcess[str]:
        environment = self.environment(trouble, **options.pop("env", {}))
        given = {"capture_output": True, "text": True, "timeout": 120, **options}
        return subprocess.run(self.command(*arguments), env=environment, check=False, **given)

    def begin(self, *arguments: str, trouble: str = "", **options: Any) -> subprocess.Popen[str]:
        given = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **options}
        return subprocess.Popen(
            self.command("-o", str(self.folder), *arguments),
            env=self.environment(trouble),
            start_new_session=True,
            **given,
        )

    def came_to(self, step: str, count: int = 1) -> bool:
        path = self.words / step
        return until(lambda: path.exists() and path.stat().st_size >= count)

    def is_whole(self, repeats: int = 2, phases: list[str] = PHASES) -> None:
        """Resumed, every task is there once, with every phase."""
        resumed = self.bench("--resume", str(self.folder))
        assert resumed.returncode == 0, resumed.stderr
        view = read(self.folder)
        assert (view.outcome.done, view.outcome.total, view.outcome.failed) == (repeats, repeats, {})
        phases_of_rows = [(row["repeat"], row["phase"]) for row in flat(view) if row["phase"] != "idle"]
        assert sorted(phases_of_rows) == sorted((repeat, phase) for repeat in range(1, repeats + 1) for phase in phases)
        assert view.left_out == []
        for path in (self.folder / "impacttracker").glob("*.jsonl"):
            assert Record(path).damage is None


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def children_of(pid: int) -> list[int]:
    children: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        children += map(int, (task / "children").read_text().split())
    return children


STEPS = [("load", 2), ("warmup", 1), ("ready-train", 1), ("go-train", 1), ("go-evaluate", 1), ("go-infer", 2)]


@pytest.mark.parametrize(
    ("step", "count", "number", "kind"),
    [(*step, signal.SIGTERM, "wait") for step in STEPS]
    + [("go-train", 1, signal.SIGINT, "wait"), ("load", 2, signal.SIGINT, "wait")]
    + [("go-train", 2, signal.SIGHUP, "wait"), ("warmup", 2, signal.SIGHUP, "wait")]
    + [("go-train", 1, signal.SIGTERM, "deaf"), ("load", 2, signal.SIGINT, "deaf")],
)
def test_told_to_end(place: Place, step: str, count: int, number: int, kind: str) -> None:
    driver = place.begin(*SMALL, "--repeats", "2", trouble=f"{step}:{kind}:{count}")
    assert place.came_to(step, count)
    workers = children_of(driver.pid)
    driver.send_signal(number)
    _, err = driver.communicate(timeout=60)
    assert driver.returncode == 128 + number
    assert f"Go on: impact-tracker bench --resume {place.folder}" in err or "--resume ../" in err
    assert "Traceback" not in err
    assert all(map(has_ended, workers))
    (record,) = (place.folder / "impacttracker").glob("*.jsonl")
    assert Record(record).complete
    place.is_whole()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_told_to_end_while_the_machine_is_looked_at(place: Place, number: int) -> None:
    driver = place.begin(*SMALL, trouble="list:wait:1")
    assert place.came_to("list")
    workers = children_of(driver.pid)
    driver.send_signal(number)
    _, err = driver.communicate(timeout=60)
    assert driver.returncode == 128 + number
    assert "Traceback" not in err
    assert not place.folder.exists()
    assert until(lambda: all(map(has_ended, workers)))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize(("step", "count"), [("load", 2), ("go-train", 1)])
def test_told_again_and_again(place: Place, step: str, count: int, number: int) -> None:
    driver = place.begin(*SMALL, "--repeats", "2", trouble=f"{step}:deaf:{count}")
    assert place.came_to(step, count)
    workers = children_of(driver.pid)

    def told() -> bool:
        driver.send_signal(number)
        return driver.poll() is not None

    assert until(told)
    _, err = driver.communicate(timeout=60)
    assert driver.returncode in (128 + number, -number)  # the last one may meet the interpreter at its end
    assert "ending: the worker and the record are closed" in err
    assert until(lambda: all(map(has_ended, workers))), f"orphans: {workers}"
    place.is_whole()


@pytest.mark.parametrize(("step", "count"), [("list", 1), *STEPS])
@pytest.mark.parametrize("kind", ["wait", "deaf"])
def test_kill_9_of_the_driver(place: Place, step: str, count: int, kind: str) -> None:
    driver = place.begin(*SMALL, "--repeats", "2", trouble=f"{step}:{kind}:{count}")
    assert place.came_to(step, count)
    workers = children_of(driver.pid)
    assert workers
    driver.kill()
    driver.communicate(timeout=60)
    assert until(lambda: all(map(has_ended, workers))), f"orphans: {workers}"
    if step == "list":
        assert not place.folder.exists()
        return
    before = (place.folder / "rows.jsonl").read_bytes()
    place.is_whole()
    assert (place.folder / "rows.jsonl").read_bytes().startswith(before)


@pytest.mark.parametrize(
    ("step", "kind", "words"),
    [
        ("start", "die", "ended by SIGKILL (if nobody sent it, the system ran out of memory)"),
        ("load", "die", "ended by SIGKILL"),
        ("warmup", "die", "ended by SIGKILL"),
        ("ready-train", "die", "ended by SIGKILL"),
        ("go-train", "die", "ended by SIGKILL"),
        ("go-evaluate", "exit", "ended with exit code 3"),
        ("load", "exit", "out of luck"),
        ("go-train", "closed", "closed its stream without ending; it was stopped"),
        ("start", "noise", "the worker sent what is no event"),
        ("load", "noise", "the worker sent what is no event"),
        ("go-train", "noise", "the worker sent what is no event"),
        ("go-infer", "flood", "a line without end"),
        ("go-train", "nested", "the worker sent"),
        ("go-train", "nonsense", "PhaseResult.begin_ns is missing"),
        ("warmup", "nonsense", "WarmedUp.duration_s is missing"),
    ],
)
def test_a_worker_in_trouble_is_a_row_and_the_campaign_goes_on(place: Place, step: str, kind: str, words: str) -> None:
    looked = 1 if step in ("start", "load") else 0  # by the worker that looks at the machine
    done = place.bench("-o", str(place.folder), *SMALL, "--repeats", "2", trouble=f"{step}:{kind}:{1 + looked}")
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    view = read(place.folder)
    assert (view.outcome.done, view.outcome.total) == (1, 2)
    assert words in view.outcome.failed["small-cnn.r1"]
    assert "small-cnn.r1 failed: " in done.stdout
    place.is_whole()


def test_a_full_disk(place: Place) -> None:
    """A limit on the size of files stands for it: rows and record meet it."""

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (24_000, resource.RLIM_INFINITY))

    arguments = ("-o", str(place.folder), *SMALL, "--repeats", "6")
    done = place.bench(*arguments, preexec_fn=limited)
    assert done.returncode == 2, done.stderr
    assert "rows.jsonl cannot be written: files may not grow any further here" in done.stderr
    assert "finished rows are kept. Go on: impact-tracker bench --resume" in done.stderr
    assert "Traceback" not in done.stderr
    kept = (place.folder / "rows.jsonl").read_bytes()
    assert kept.endswith(b"\n")
    done_before = read(place.folder).outcome.done
    assert 0 < done_before < 6
    place.is_whole(6)
    assert (place.folder / "rows.jsonl").read_bytes().startswith(kept)


def test_without_any_standard_stream(place: Place) -> None:
    """Descriptors 0, 1 and 2 are free: what is opened next must not take their numbers."""
    arguments = ("-o", str(place.folder), *SMALL, "--repeats", "1")
    process = subprocess.Popen(
        place.command(*arguments), env=place.environment(), preexec_fn=lambda: os.closerange(0, 3)
    )
    assert process.wait(120) == 0
    place.is_whole(1)
    assert json.loads((place.folder / "results.json").read_text())["schema"] == 1


@pytest.mark.parametrize("quiet", [[], ["-q"]])
def test_nobody_reads_what_it_says(place: Place, quiet: list[str]) -> None:
    driver = place.begin(*SMALL, "--repeats", "2", *quiet, stdout=subprocess.DEVNULL)
    assert driver.stderr is not None
    driver.stderr.close()
    assert driver.wait(120) == 0
    assert read(place.folder).outcome.done == 2


def test_a_terminal_that_is_narrow_and_knows_only_ascii(place: Place) -> None:
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "NO_COLOR": "1", "COLUMNS": "20"}
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        place.command("-o", str(place.folder), *SMALL, "--repeats", "1"),
        env=place.environment(TERM="xterm", **plain),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    try:
        while chunk := os.read(ours, 65536):
            shown += chunk
    except OSError:  # as a terminal says that everybody has gone
        pass
    finally:
        os.close(ours)
    assert process.wait(60) == 0
    assert b"Traceback" not in shown
    assert max(shown) < 0x80
    assert b"\x1b[3" not in shown  # no colours


def test_the_terminal_goes(place: Place) -> None:
    """Under nohup, or `disown`: the campaign goes on."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        place.command("-o", str(place.folder), *SMALL, "--repeats", "2"),
        env=place.environment("go-train:wait:1"),
        stdin=theirs,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    assert place.came_to("go-train")
    os.close(ours)
    (worker,) = children_of(process.pid)
    os.kill(worker, signal.SIGKILL)  # the first task fails; that is said to nobody
    assert process.wait(120) == 1
    assert read(place.folder).outcome.done == 1


def test_looked_at_while_it_runs(place: Place) -> None:
    driver = place.begin(*SMALL, "--repeats", "2", trouble="go-train:wait:2")
    try:
        assert place.came_to("go-train", 2)
        report = place.bench("report", str(place.folder))
        assert report.returncode == 0, report.stderr
        assert "1 of 2 tasks have not run yet" in report.stdout
        assert place.bench("report", str(place.folder), "--json").returncode == 0
        rows, head = ((place.folder / name).read_bytes() for name in ("rows.jsonl", "campaign.json"))
        second = place.bench("--resume", str(place.folder), "--repeats", "4")
        assert second.returncode == 2
        assert "another campaign is being run in" in second.stderr
        again = place.bench("-o", str(place.folder), *SMALL)
        assert again.returncode == 2
        assert "holds a campaign" in again.stderr
        assert (place.folder / "rows.jsonl").read_bytes() == rows
        assert (place.folder / "campaign.json").read_bytes() == head
        assert driver.poll() is None
    finally:
        driver.kill()
        driver.communicate(timeout=60)
    place.is_whole()


@pytest.mark.parametrize(("step", "count"), [("go-train", 2), ("go-evaluate", 3), ("ready-evaluate", 3)])
@pytest.mark.parametrize("end", ["driver", "worker"])
def test_a_training_by_epochs(place: Place, step: str, count: int, end: str) -> None:
    """An attempt that was cut off is begun anew: half a training is none."""
    arguments = ("train", "--model", "small-cnn", "--epochs", "3", "--repeats", "2", "--idle", "0")
    shutil.rmtree(place.without / "scipy")  # curves of censored runs are its own
    driver = place.begin(*arguments, trouble=f"{step}:wait:{count}")
    assert place.came_to(step, count)
    (worker,) = children_of(driver.pid)
    os.kill(driver.pid if end == "driver" else worker, signal.SIGKILL)
    driver.communicate(timeout=60)
    assert until(lambda: has_ended(worker))
    assert driver.returncode == (-signal.SIGKILL if end == "driver" else 1)
    place.is_whole(2, ["load", "warm-up", "training", "evaluation", "scoring"])
    view = read(place.folder)
    epochs = [(line["task"], line["epoch"]) for line in view.to_dict()["epochs"]]
    assert sorted(epochs) == [(f"small-cnn.r{run}", epoch) for run in (1, 2) for epoch in (0, 1, 2, 3)]
