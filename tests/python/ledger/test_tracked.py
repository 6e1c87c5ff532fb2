"""A tracker that names a project leaves one spool file, whatever ends the run; a ledger that fails harms nothing."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from impact_tracker import ImpactTracker, spool, tracked_run
from impact_tracker.errors import ImpactWarning
from impact_tracker.spool import RunEntry, from_bytes
from impact_tracker.tracked_run import lineage_here
from python.fake_core import Machine


@pytest.fixture
def ledger(machine: Machine, tmp_path: Path) -> Path:
    return tmp_path / "ledger"


def files(folder: Path) -> list[Path]:
    return sorted((folder / "spool").rglob("*.json"))


def entries(folder: Path) -> list[RunEntry]:
    read = [from_bytes(path.read_bytes()) for path in files(folder)]
    return [entry for entry in read if isinstance(entry, RunEntry)]


def test_a_run_leaves_one_file_with_all_that_is_known(machine: Machine, ledger: Path) -> None:
    with ImpactTracker("r", project="asr", stage="training", ledger=ledger, tags={"name": "a"}, zone="FR") as tracker:
        assert [path.name for path in files(ledger)] == [f"{Path(tracker.path).stem}.open.json"]
        assert entries(ledger)[0].fate == "open"
        machine.advance(10)
        tracker.log_metrics({"wer": 0.2}, loss=float("nan"))
        tracker.log_metrics(wer=0.12)
    (entry,) = entries(ledger)
    assert files(ledger)[0].name == f"{entry.run_id}.json" == f"{Path(tracker.path).stem}.json"
    assert (entry.project, entry.stage, entry.fate, entry.name) == ("asr", "training", "finished", "a")
    assert tracker.result is not None
    assert entry.energy == tracker.result.energy
    assert entry.energy.best_j == 1050
    assert entry.duration_s == 10
    assert entry.metrics == {"wer": 0.12, "loss": None}
    assert entry.weighing["zone"] == "FR"
    assert entry.origin == tracker.path
    assert entry.place.machine == tracked_run.boot_id()


@pytest.mark.parametrize(
    ("error", "fate"),
    [
        (None, "finished"),
        (ValueError("x"), "failed"),
        (KeyboardInterrupt(), "cancelled"),
        (SystemExit(0), "finished"),
        (SystemExit(3), "failed"),
    ],
)
def test_the_end_is_the_fate(machine: Machine, ledger: Path, error: BaseException | None, fate: str) -> None:
    with contextlib.suppress(BaseException), ImpactTracker("r", project="asr", ledger=ledger) as tracker:
        if error is not None:
            raise error
    assert entries(ledger)[0].fate == fate
    words = json.loads(Path(tracker.path).read_text().splitlines()[-1])["totals"]["info"]["ledger"]
    assert words["fate"] == fate


def test_debug_and_what_the_user_says(machine: Machine, ledger: Path) -> None:
    with ImpactTracker("r", project="asr", ledger=ledger, debug=True):
        pass
    with ImpactTracker("r", project="asr", ledger=ledger) as tracker:
        tracker.set_fate("cancelled")
        with pytest.raises(ValueError, match="finished, failed, cancelled, debug, not 'lost'"):
            tracker.set_fate("lost")
    assert [entry.fate for entry in entries(ledger)] == ["debug", "cancelled"]


def test_without_a_project_nothing_is_written_and_metrics_warn_once(
    machine: Machine, ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ImpactTracker("r", ledger=ledger) as tracker:
        with pytest.warns(ImpactWarning, match="project="):
            tracker.log_metrics(wer=1)
        tracker.log_metrics(wer=1)
    assert not ledger.exists()


def test_each_call_of_a_decorated_function_is_a_run(machine: Machine, ledger: Path) -> None:
    tracker = ImpactTracker("r", project="asr", ledger=ledger)

    @tracker
    def train(score: float) -> None:
        tracker.log_metrics(score=score)

    for score in range(3):
        train(score)
    assert sorted(entry.metrics["score"] or 0.0 for entry in entries(ledger)) == [0, 1, 2]


def test_a_run_inside_another_knows_it(machine: Machine, ledger: Path) -> None:
    with ImpactTracker("r", project="asr", ledger=ledger) as outer, ImpactTracker("r", project="asr", ledger=ledger):
        pass
    by_id = {entry.run_id: entry for entry in entries(ledger)}
    within = [entry.lineage.within for entry in by_id.values()]
    assert sorted(within, key=str) == sorted([None, Path(outer.path).stem], key=str)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EIO])
def test_a_ledger_that_fails_costs_one_warning_with_the_remedy(
    machine: Machine, ledger: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_: object, **__: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(spool.os, "fsync", refuse)
    with pytest.warns(ImpactWarning, match="impact-tracker ledger add") as caught:  # noqa: SIM117
        with ImpactTracker("r", project="asr", ledger=ledger) as tracker:
            machine.advance(1)
    assert len(caught) == 1
    assert tracker.result is not None
    assert tracker.result.energy_j == 105
    assert [path.name for path in files(ledger)] == [f"{Path(tracker.path).stem}.open.json"]  # it joins by its record
    assert not list(ledger.rglob("*.tmp"))


def test_a_folder_that_is_a_file(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "in").write_text("a file")
    place = tmp_path / "in" / "ledger"
    with pytest.warns(ImpactWarning, match="another folder"), ImpactTracker("r", project="asr", ledger=place):
        machine.advance(1)


def test_the_default_place_follows_the_standard(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert spool.folder_of(None) == tmp_path / "impact-tracker/ledger" == spool.folder_of("postgresql://host/db")


def test_what_a_job_says_of_its_runs() -> None:
    environment = {"SLURM_JOB_ID": "4711", "SLURM_CLUSTER_NAME": "hal", "SLURM_RESTART_COUNT": "2"}
    lineage = lineage_here(None, environment)
    assert (lineage.job, lineage.cluster, lineage.restart, lineage.launch) == ("slurm:4711", "hal", 2000, None)
    elastic = {"TORCHELASTIC_RESTART_COUNT": "1", "RANK": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "n1"}
    ranks = lineage_here("run-a", elastic)
    assert (ranks.restart, ranks.continues) == (1, "run-a")
    assert ranks.launch is not None
    assert lineage_here(None, {}).restart is None


KILLED = """
import os, sys
from impact_tracker import ImpactTracker
tracker = ImpactTracker("r", project="asr", ledger=sys.argv[1]).start()
{end}
"""


@pytest.mark.parametrize(
    ("end", "left"),
    [("os.kill(os.getpid(), 9)", "open"), ("raise ValueError", "failed"), ("pass", "finished")],
)
def test_a_process_that_ends_by_itself_or_not(core: ModuleType, tmp_path: Path, end: str, left: str) -> None:
    subprocess.run(
        [sys.executable, "-c", KILLED.format(end=end), str(tmp_path / "ledger")],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    (entry,) = entries(tmp_path / "ledger")
    assert entry.fate == left
