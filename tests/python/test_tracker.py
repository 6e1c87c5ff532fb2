"""The context manager, regions, decorators, and that nothing of it harms the program."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import subprocess
import sys
import threading
import warnings
from pathlib import Path
from typing import Any

import pytest

from impact_tracker.errors import ImpactWarning
from impact_tracker.tracker import ImpactTracker, _running
from python import fake_core

Machine = fake_core.Machine


def header(tracker: ImpactTracker) -> dict[str, Any]:
    header: dict[str, Any] = json.loads(Path(tracker.path).read_text().splitlines()[0])["header"]
    return header


def test_with_block_measures_what_the_machine_used(machine: Machine, tmp_path: Path) -> None:
    with ImpactTracker(tmp_path / "deep" / "run") as tracker:
        machine.advance(10)
        assert tracker.energy_j == pytest.approx(1050)
        assert tracker.running
    assert tracker.result is not None
    assert tracker.result.energy_j == pytest.approx(1050)
    assert tracker.result.duration_s == 10
    assert tracker.result.power_w == pytest.approx(105)
    assert tracker.energy_j == tracker.result.energy_j
    assert not tracker.running
    assert Path(tracker.path).parent == tmp_path / "deep" / "run" / "impacttracker"


def test_result_before_start_is_none_and_stop_twice_is_once(machine: Machine, tmp_path: Path) -> None:
    tracker = ImpactTracker(tmp_path)
    assert tracker.result is None
    assert tracker.energy_j is None
    assert tracker.stop() is None
    assert tracker.start() is tracker
    machine.advance(1)
    first = tracker.stop()
    machine.advance(5)
    assert tracker.stop() is first
    assert first is not None
    assert first.duration_s == 1


def test_start_while_running_is_refused_and_start_again_writes_another_record(machine: Machine, tmp_path: Path) -> None:
    tracker = ImpactTracker(tmp_path)
    tracker.start()
    with pytest.raises(RuntimeError, match="runs already"):
        tracker.start()
    tracker.stop()
    first = tracker.path
    with tracker:
        machine.advance(1)
    assert tracker.path != first
    assert len(list((tmp_path / "impacttracker").iterdir())) == 2


def test_logdir_is_absolute_at_once(machine: Machine, tmp_path: Path) -> None:
    tracker = ImpactTracker("runs/a")
    (tmp_path / "elsewhere").mkdir()
    os.chdir(tmp_path / "elsewhere")
    with tracker:
        machine.advance(1)
    assert tracker.logdir == str(tmp_path / "runs" / "a")
    assert Path(tracker.path).is_relative_to(tmp_path / "runs" / "a")


def test_unwritable_logdir_fails_in_the_constructor_with_the_path(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        ImpactTracker(tmp_path / "file")


def test_unknown_zone_names_near_matches_and_where_it_came_from(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValueError, match=r"Franze.*Did you mean France.*argument zone"):
        ImpactTracker(tmp_path, zone="Franze")
    monkeypatch.setenv("IMPACT_TRACKER_ZONE", "Franze")
    with pytest.raises(ValueError, match="IMPACT_TRACKER_ZONE"):
        ImpactTracker(tmp_path)
    assert not (tmp_path / "impacttracker").exists()


def test_unknown_source_says_where_it_was_named(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMPACT_TRACKER_SOURCES", "no_such")
    with pytest.raises(ValueError, match=r"unknown source.*environment variable IMPACT_TRACKER_SOURCES"):
        ImpactTracker(tmp_path)


def test_strict_raises_where_nothing_can_be_measured(machine: Machine, tmp_path: Path) -> None:
    machine.measured = False
    with pytest.raises(fake_core.NoSourceError):
        ImpactTracker(tmp_path, strict=True)
    with pytest.warns(ImpactWarning, match="no energy was measured"), ImpactTracker(tmp_path) as tracker:
        machine.advance(1)
    assert tracker.result is not None
    assert tracker.result.energy_j is None


def test_regions_nest_and_overlap(machine: Machine, tmp_path: Path) -> None:
    with ImpactTracker(tmp_path) as tracker:
        first, second = tracker.region("first"), tracker.region("second", edges="tick")
        assert first.result is None
        first.__enter__()
        machine.advance(1)
        second.__enter__()
        machine.advance(2)
        first.__exit__(None, None, None)
        machine.advance(4)
        second.__exit__(None, None, None)
    assert first.result is not None
    assert second.result is not None
    assert first.result.duration_s == 3
    assert second.result.duration_s == 6
    assert (first.result.edges, second.result.edges) == ("plain", "tick")


def test_a_region_entered_again_holds_the_last_result(machine: Machine, tmp_path: Path) -> None:
    with ImpactTracker(tmp_path) as tracker:
        region = tracker.region("step")
        with region:
            machine.advance(1)
            with region:
                machine.advance(2)
            assert region.result is not None
            assert region.result.duration_s == 2
        assert region.result.duration_s == 3


def test_one_region_object_in_several_threads(machine: Machine, tmp_path: Path) -> None:
    inside, done = threading.Barrier(2), threading.Event()
    with ImpactTracker(tmp_path) as tracker:
        region = tracker.region("shared")

        def other() -> None:
            with region:
                inside.wait()
                done.wait(10)

        thread = threading.Thread(target=other)
        with region:
            machine.advance(1)
            thread.start()
            inside.wait()
            machine.advance(2)
        assert region.result is not None
        assert region.result.duration_s == 3
        machine.advance(4)
        done.set()
        thread.join()
        assert region.result.duration_s == 6


def test_one_region_object_in_several_tasks(machine: Machine, tmp_path: Path) -> None:
    with ImpactTracker(tmp_path) as tracker:
        region, lengths = tracker.region("task"), []

        async def task(before: asyncio.Event, after: asyncio.Event, seconds: float) -> None:
            with region:
                before.set()
                await after.wait()
                machine.advance(seconds)
            assert region.result is not None
            lengths.append(region.result.duration_s)

        async def both() -> None:
            first_in, second_in, never = asyncio.Event(), asyncio.Event(), asyncio.Event()
            first = asyncio.create_task(task(first_in, second_in, 1))
            await first_in.wait()
            machine.advance(10)
            second = asyncio.create_task(task(second_in, never, 2))
            await first
            never.set()
            await second

        asyncio.run(both())
    assert lengths == [11, 3]


def test_a_provisional_result_is_asked_for_again_until_it_is_final(machine: Machine, tmp_path: Path) -> None:
    machine.lagging = {1}
    with ImpactTracker(tmp_path) as tracker:
        with tracker.region("lagging") as region:
            machine.advance(1)
        assert region.result is not None
        assert region.result.provisional
        machine.lagging = set()
        final = region.result
        assert final is not None
        assert not final.provisional
        assert region.result is final


def test_region_of_a_tracker_that_does_not_run_records_nothing_and_warns_once(machine: Machine, tmp_path: Path) -> None:
    tracker = ImpactTracker(tmp_path)
    region = tracker.region("early")
    with pytest.warns(ImpactWarning, match="not running"), region:
        pass
    with region:
        pass
    assert region.result is None


def test_region_with_senseless_edges_is_refused_at_once(machine: Machine, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="plain"):
        ImpactTracker(tmp_path).region("x", edges="sharp")


@pytest.mark.parametrize("call", ["start", "enter", "exit", "stop", "result", "health", "flush"])
def test_a_failing_core_never_reaches_the_user(machine: Machine, tmp_path: Path, call: str) -> None:
    tracker = ImpactTracker(tmp_path)
    machine.fail(call)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with pytest.raises(ZeroDivisionError), tracker:
            with tracker.region("step") as step:
                machine.advance(1)
            tracker.flush()
            _ = tracker.energy_j, tracker.result, tracker.health, step.result
            raise ZeroDivisionError
        tracker.stop()
    assert len([warning for warning in caught if warning.category is ImpactWarning]) <= 1


def test_under_warnings_as_errors_the_users_exception_still_comes_out(machine: Machine, tmp_path: Path) -> None:
    machine.fail("stop")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(KeyError), ImpactTracker(tmp_path):
            raise KeyError("theirs")


def test_a_warning_points_at_the_users_line(machine: Machine, tmp_path: Path) -> None:
    machine.measured = False
    with pytest.warns(ImpactWarning) as caught:
        with ImpactTracker(tmp_path):
            machine.advance(1)
        tracker = ImpactTracker(tmp_path).start()
        machine.advance(1)
        tracker.stop()
        with ImpactTracker(tmp_path).region("early"):
            pass
    assert [Path(warning.filename).name for warning in caught] == [Path(__file__).name] * 3


def test_write_errors_are_said_once_with_the_path(machine: Machine, tmp_path: Path) -> None:
    with pytest.warns(ImpactWarning, match=r"jsonl is incomplete: No space") as caught, ImpactTracker(tmp_path):
        machine.write_errors = ["No space left on device", "again"]
        machine.advance(1)
    assert len(caught) == 1


def test_totals_name_the_exception_that_ended_the_block(machine: Machine, tmp_path: Path) -> None:
    tracker = ImpactTracker(tmp_path)
    with pytest.raises(KeyboardInterrupt), tracker:
        raise KeyboardInterrupt
    last = json.loads(Path(tracker.path).read_text().splitlines()[-1])
    assert last["totals"]["info"]["ended_by"] == "KeyboardInterrupt"


def test_a_tracker_nobody_holds_measures_on(machine: Machine, tmp_path: Path) -> None:
    ImpactTracker(tmp_path).start()
    gc.collect()
    assert len(_running) == 1


def test_forked_child_is_inert(machine: Machine, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # fork with threads: pytest-timeout's
        with ImpactTracker(tmp_path) as tracker:
            region = tracker.region("child")
            size = Path(tracker.path).stat().st_size
            pid = os.fork()
            if pid == 0:
                code = 1
                try:
                    with region:
                        pass
                    nothing = (tracker.result, tracker.energy_j, region.result, tracker.stop(), tracker.health)
                    code = 0 if nothing == (None, None, None, None, {}) else 2
                finally:
                    os._exit(code)
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
            assert Path(tracker.path).stat().st_size == size


def test_header_holds_settings_and_masks_secrets(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "orig_argv", ["python", "train.py", "--api-key", "sesame", "--lr=0.1"], raising=False)
    monkeypatch.setenv("SLURM_JOB_ID", "77")
    monkeypatch.setenv("HF_TOKEN", "never")
    tracker = ImpactTracker(tmp_path, zone="FR", pue=1.2, tags={"model": "resnet", "password": "sesame"})
    info = header(tracker)
    assert info["argv"][1:] == ["train.py", "--api-key", "***", "--lr=0.1"]
    assert info["job"] == {"SLURM_JOB_ID": "77"}
    assert (info["pue"], info["zone"], info["intensity"]["unit"]) == (1.2, "FR", "g/kWh")
    assert info["host"]["logical_cpus"] >= 1
    assert info["tool"] == {"name": "impact-tracker", "version": fake_core.__version__}
    assert info["tags"] == {"model": "resnet", "password": "***"}
    assert "sesame" not in Path(tracker.path).read_text()
    assert "never" not in Path(tracker.path).read_text()


def test_a_tracker_never_stopped_is_stopped_at_exit(tmp_path: Path) -> None:
    program = (
        "import sys, impact_tracker\n"
        "from python import fake_core\n"
        "sys.modules['impact_tracker._core'] = impact_tracker._core = fake_core\n"
        "from impact_tracker import ImpactTracker\n"
        f"ImpactTracker({str(tmp_path)!r}).start()\n"
        "fake_core.machine.advance(3)\n"
    )
    path = os.pathsep.join(sys.path)
    subprocess.run([sys.executable, "-c", program], check=True, env={**os.environ, "PYTHONPATH": path}, timeout=60)
    (record,) = (tmp_path / "impacttracker").iterdir()
    assert "totals" in json.loads(record.read_text().splitlines()[-1])


def test_names_that_are_no_utf8_work_and_are_kept_readable(machine: Machine, tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\351")
    with ImpactTracker(tmp_path / name, tags={name: name, "lone": "\ud800"}) as tracker, tracker.region(name) as region:
        machine.advance(1)
    assert [os.fsencode(place.name) for place in tmp_path.iterdir()] == [b"caf\351"]
    assert region.result is not None
    assert region.name == "caf\\xe9"
    assert header(tracker)["tags"] == {"caf\\xe9": "caf\\xe9", "lone": "\\ud800"}
