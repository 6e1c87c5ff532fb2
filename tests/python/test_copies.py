"""Trackers, regions, decorated functions and results are copied and pickled: as worker processes and checkpoints do."""

from __future__ import annotations

import copy
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from impact_tracker.result import Result
from impact_tracker.tracker import ImpactTracker, _running
from python import fake_core

cloudpickle = pytest.importorskip("cloudpickle")

Machine = fake_core.Machine
Copied = Callable[[Any], Any]


def through_pickle(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value))


def through_cloudpickle(value: Any) -> Any:
    return pickle.loads(cloudpickle.dumps(value))


WAYS = pytest.mark.parametrize("copied", [through_pickle, through_cloudpickle, copy.deepcopy, copy.copy])


def records(logdir: Path) -> list[Path]:
    return sorted((logdir / "impacttracker").iterdir())


@WAYS
def test_a_copy_of_a_running_tracker_is_inert_and_harms_nothing(
    machine: Machine, tmp_path: Path, copied: Copied, recwarn: pytest.WarningsRecorder
) -> None:
    with ImpactTracker(tmp_path, tags={"model": "resnet"}) as tracker:
        machine.advance(1)
        other = copied(tracker)
        assert (other.running, other.result, other.energy_j, other.health, other.stop()) == (
            False,
            None,
            None,
            {},
            None,
        )
        assert (other.path, other.logdir, other.settings.tags) == (tracker.path, tracker.logdir, {"model": "resnet"})
        with other.region("epoch") as epoch:
            machine.advance(1)
        other.flush()
        assert epoch.result is None
        assert tracker.running
        assert _running == {tracker}
    assert tracker.result is not None
    assert tracker.result.duration_s == 2
    assert len(records(tmp_path)) == 1
    assert not recwarn.list


@WAYS
def test_a_copy_of_a_stopped_tracker_keeps_the_result(machine: Machine, tmp_path: Path, copied: Copied) -> None:
    with ImpactTracker(tmp_path) as tracker:
        machine.advance(3)
    assert copied(tracker).result.to_dict() == tracker.result.to_dict()  # type: ignore[union-attr]


@WAYS
def test_a_copy_that_is_started_writes_a_record_of_its_own(machine: Machine, tmp_path: Path, copied: Copied) -> None:
    with ImpactTracker(tmp_path) as tracker:
        other = copied(tracker)
        with other, other.region("epoch") as epoch:
            machine.advance(2)
        assert other.path != tracker.path
        assert epoch.result.duration_s == 2
    assert len(records(tmp_path)) == 2
    assert all("totals" in json.loads(path.read_text().splitlines()[-1]) for path in records(tmp_path))


@WAYS
def test_a_copy_of_an_open_region_is_inert_and_the_original_goes_on(
    machine: Machine, tmp_path: Path, copied: Copied
) -> None:
    with ImpactTracker(tmp_path) as tracker:
        with tracker.region("fold") as region:
            machine.advance(1)
            other = copied(region)
            with other:
                machine.advance(1)
            assert other.result is None
            assert other.name == "fold"
        assert region.result is not None
        assert region.result.duration_s == 2
        assert copied(region).result.to_dict() == region.result.to_dict()


@WAYS
def test_trainer_with_tracker_and_region_is_copied_as_one(machine: Machine, tmp_path: Path, copied: Copied) -> None:
    with ImpactTracker(tmp_path) as tracker:
        trainer = {"tracker": tracker, "epoch": tracker.region("epoch")}
        other = copied(trainer)
    if copied is not copy.copy:
        with other["tracker"], other["epoch"]:
            machine.advance(4)
        assert other["epoch"].result.duration_s == 4


def test_decorated_functions_travel_by_value_and_are_not_measured_there(machine: Machine, tmp_path: Path) -> None:
    tracker = ImpactTracker(tmp_path)

    @tracker.region("fold")
    def fold(number: int) -> int:
        return number + 1

    @tracker
    def train(number: int) -> int:
        return number + 2

    with tracker:
        before = Path(tracker.path).read_text()
        assert through_cloudpickle(fold)(1) == 2
        assert through_cloudpickle(train)(1) == 3
        assert Path(tracker.path).read_text() == before
    assert len(records(tmp_path)) == 1


def test_what_readers_were_told_is_not_in_a_pickle(machine: Machine, tmp_path: Path) -> None:
    file = tmp_path / "configuration.ini"
    file.write_text("[readers]\nredfish_password = sesame\n")
    file.chmod(0o600)
    tracker = ImpactTracker(tmp_path, config=file)
    assert tracker.settings.readers == {"redfish_password": "sesame"}
    assert b"sesame" not in pickle.dumps(tracker)


@WAYS
def test_a_result_is_copied_whole(machine: Machine, tmp_path: Path, copied: Copied) -> None:
    with ImpactTracker(tmp_path, zone="FR", pue=1.3) as tracker:
        machine.advance(5)
    result = tracker.result
    assert isinstance(result, Result)
    other = copied(copied(result))
    assert isinstance(other, Result)
    assert other.to_json() == result.to_json()
    assert repr(other) == repr(result)
    assert other.weigh(pue=2.0).carbon_g == result.weigh(pue=2.0).carbon_g


PROGRAM = """
import multiprocessing, os, pickle
from concurrent.futures import ProcessPoolExecutor
from impact_tracker import ImpactTracker

def work(region):
    with region:
        return os.getpid()

if __name__ == "__main__":
    with ImpactTracker({logdir!r}) as tracker:
        with tracker.region("fold") as region:
            with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
                pids = set(pool.map(work, [region] * 2))
        assert os.getpid() not in pids
        copy = pickle.loads(pickle.dumps(region.result))
        assert copy.to_json() == region.result.to_json(), "the core's own values"
    copy = pickle.loads(pickle.dumps(tracker.result))
    assert copy.to_json() == tracker.result.to_json()
    assert repr(copy) == repr(tracker.result) and len(copy.measured.channels) == len(tracker.result.measured.channels)
"""


def test_spawned_workers_take_a_region_of_the_real_core(tmp_path: Path) -> None:
    pytest.importorskip("impact_tracker._core")
    program = tmp_path / "program.py"
    program.write_text(PROGRAM.format(logdir=str(tmp_path / "runs")))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ran = subprocess.run(
        [sys.executable, program], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert len(records(tmp_path / "runs")) == 1
