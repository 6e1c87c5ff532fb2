"""The job array without any cluster: what is submitted, when a job has ended, and what is said of it."""

from __future__ import annotations

import pickle
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from impact_tracker.bench import Campaign, Settings
from impact_tracker.bench.row.row import TaskEnd
from impact_tracker.bench.row.storage import Storage
from impact_tracker.bench.run import slurm
from impact_tracker.bench.run.slurm_queue import LOOKS, JobEnding, queued
from impact_tracker.bench.show.view import read
from python import fake_core
from python.bench.flat import flat
from python.bench.stand_ins import Workers, idle

TRACE = "Job failed during processing with trace:\n-----\nTraceback:\n  File x\nValueError: no device\n\n-----\nSee"


class Job:
    """`state`: what Slurm's accounts say; `error`: what its result holds, with `result` True."""

    def __init__(self, folder: Path, number: int, *, state: str = "UNKNOWN", result: bool = False, error: str = ""):
        self.job_id, self.state, self._error = f"7_{number}", state, error
        files = {name: folder / f"{number}.{name}" for name in ("result_pickle", "stderr", "stdout")}
        self.paths = SimpleNamespace(**files)
        if result:
            self.paths.result_pickle.write_bytes(pickle.dumps("there"))

    def done(self) -> bool:
        return self.paths.result_pickle.exists() or self.state not in ("UNKNOWN", "RUNNING")

    def exception(self) -> Exception | None:
        assert self.done(), "it would wait for ever"
        return RuntimeError(self._error) if self._error else None


def test_waiting_ends_with_every_job_and_names_those_that_failed(tmp_path: Path) -> None:
    lost = Job(tmp_path, 3)
    lost.paths.stderr.write_text("starting\nslurmstepd: error: Detected 1 oom-kill event\n")
    jobs = [
        ("good", Job(tmp_path, 0, result=True)),
        ("bad", Job(tmp_path, 1, result=True, error=TRACE)),
        ("late", Job(tmp_path, 2)),
        ("lost", lost),
    ]
    messages: list[str] = []
    looks = 0

    def in_queue(arrays: list[str]) -> set[str]:
        nonlocal looks
        assert arrays == ["7"]
        looks += 1
        if looks == LOOKS + 2:
            jobs[2][1].paths.result_pickle.write_bytes(b"x")
        return {"7_2"}

    failed = slurm.wait(jobs, messages.append, in_queue=in_queue, sleep=lambda seconds: None)
    assert failed == {
        "bad": "ValueError: no device",
        "lost": "its job ended without a word (killed, or out of memory or time?): "
        "slurmstepd: error: Detected 1 oom-kill event",
    }
    assert messages[0] == "good: done (3 left)"
    assert messages[-1] == "late: done (0 left)"


def test_a_queue_that_does_not_answer_ends_nothing(tmp_path: Path) -> None:
    ending = JobEnding(Job(tmp_path, 0, state="RUNNING"))
    assert not any(ending.has_come(None) for _ in range(10))
    assert [ending.has_come(set()), ending.has_come({"7_0"}), ending.has_come(set())] == [False] * 3
    assert [ending.has_come(set()) for _ in range(2)] == [False, True]


def test_what_the_accounts_say_is_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sacct = tmp_path / "sacct"
    sacct.write_text("#!/bin/sh\necho OUT_OF_MEMORY\n")
    sacct.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    ending = JobEnding(Job(tmp_path, 0))
    assert [ending.has_come(set()) for _ in range(LOOKS)] == [False] * (LOOKS - 1) + [True]
    assert ending.reason() == "its job ended without a word (OUT_OF_MEMORY)"


def test_without_a_queue_the_job_itself_is_asked(tmp_path: Path) -> None:
    in_queue = slurm.queue_of(slurm.ClusterOptions(cluster="local"))
    assert in_queue(["7"]) is None
    job = Job(tmp_path, 0, state="FAILED")
    assert slurm.wait([("a", job)], str, in_queue=in_queue) == {
        "a": "its job ended without a word (killed, or out of memory or time?)"
    }


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("echo 7_0; echo 7_1", {"7_0", "7_1"}),
        ("echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1", set()),
        ("echo 'slurm_load_jobs error: Unable to contact slurm controller' >&2; exit 1", None),
    ],
)
def test_what_the_queue_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, expected: set[str] | None
) -> None:
    squeue = tmp_path / "squeue"
    squeue.write_text(f"#!/bin/sh\n{script}\n")
    squeue.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert queued(["7"]) == expected
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert queued(["7"]) is None


def test_without_a_cluster_it_says_so_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("submitit")
    from impact_tracker.cli import main

    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert main(["bench", "--slurm", "-o", str(tmp_path / "a")]) == 2
    assert "sbatch, squeue, srun cannot be found" in capsys.readouterr().err
    assert main(["bench", "--slurm", "--minutes", "0", "-o", str(tmp_path / "a")]) == 2
    assert "minutes is 1 or more" in capsys.readouterr().err
    assert not (tmp_path / "a").exists()


def test_without_submitit_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "submitit", None)
    with pytest.raises(ImportError, match=r"impact-tracker\[cluster\]"):
        slurm.require(slurm.ClusterOptions())


def test_the_login_node_needs_neither_device_nor_data(machine: fake_core.Machine, tmp_path: Path) -> None:
    settings = Settings(device="cuda", data_folder="/nowhere", images=100)
    campaign = Campaign.create(tmp_path / "a", settings, here=False, open_worker=Workers(), sleep=idle)
    assert len(campaign.tasks) == 6
    with pytest.raises(ValueError, match="there are small-cnn"):
        Campaign.create(tmp_path / "b", Settings(models=("resnet-18",)), here=False, open_worker=Workers(), sleep=idle)


def test_an_element_on_a_node_without_the_device_says_so_and_ends(workers: Workers, tmp_path: Path) -> None:
    Campaign.create(tmp_path / "a", Settings(device="cuda", models=("small-cnn",), repeats=1), here=False)
    for attempt in (1, 2):
        assert slurm.run_task(str(tmp_path / "a"), "small-cnn.r1") is False
        view = read(tmp_path / "a")
        assert "there is no device 'cuda'" in view.outcome.failed["small-cnn.r1"]
        assert [line.attempt for line in Storage(tmp_path / "a").lines() if isinstance(line, TaskEnd)] == list(
            range(1, attempt + 1)
        )
    assert workers.opened == workers.closed


def test_elements_of_one_campaign_are_gathered(workers: Workers, tmp_path: Path) -> None:
    settings = Settings(models=("small-cnn",), repeats=3, images=100, test_images=100)
    campaign = Campaign.create(tmp_path / "a", settings, here=False)
    for task in campaign.tasks:
        assert slurm.run_task(str(tmp_path / "a"), task.id)
    view = read(tmp_path / "a")
    assert (view.outcome.done, view.outcome.failed) == (3, {})
    assert len({row["record"] for row in flat(view)}) == 3
    assert len({row["session"] for row in flat(view)}) == 3


def test_what_sbatch_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("submitit")
    for name in ("srun", "sbatch"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    options: dict[str, Any] = {"partition": "gpu", "account": "me", "minutes": 20, "cpus": 4, "gpus": 1}
    executor = slurm.executor_of(Storage(tmp_path / "a b"), slurm.ClusterOptions(**options))
    text = executor._executor._make_submission_file_text(executor._executor._submitit_command_str, "uid")
    flags = {line.removeprefix("#SBATCH --") for line in text.splitlines() if line.startswith("#SBATCH")}
    assert {"partition=gpu", "account=me", "time=20", "cpus-per-task=4", "gpus-per-node=1", "exclusive"} <= flags
    assert {"mem=0", "signal=B:USR2@30"} <= flags
    command = [line for line in text.splitlines() if "submitit.core._submit" in line]
    assert len(command) == 1
    assert command[0].startswith("exec ")
    assert "srun" not in command[0]
    shared = slurm.executor_of(Storage(tmp_path / "a"), slurm.ClusterOptions(exclusive=False))
    assert "exclusive" not in shared._executor._make_submission_file_text("x", "uid")


def test_more_tasks_than_an_array_may_have(machine: fake_core.Machine, tmp_path: Path, monkeypatch: Any) -> None:
    settings = Settings(models=("small-cnn",), repeats=25)
    campaign = Campaign.create(tmp_path / "a", settings, here=False, open_worker=Workers(), sleep=idle)
    sizes: list[int] = []

    def map_array(run: Any, folders: list[str], tasks: list[str]) -> list[Any]:
        sizes.append(len(tasks))
        return [SimpleNamespace(job_id=f"{len(sizes)}_{number}") for number in range(len(tasks))]

    monkeypatch.setattr(slurm, "executor_of", lambda storage, options: SimpleNamespace(map_array=map_array))
    monkeypatch.setattr(slurm, "LARGEST_ARRAY", 10)
    jobs = slurm.submit(campaign, slurm.ClusterOptions())
    assert sizes == [10, 10, 5]
    assert [task for task, _ in jobs] == [task.id for task in campaign.tasks]
    assert slurm.arrays_of(jobs) == ["1", "2", "3"]
