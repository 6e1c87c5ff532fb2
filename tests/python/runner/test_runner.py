"""The runner against a worker that speaks the protocol and computes nothing."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from impact_tracker.runner import (
    EpochResult,
    PhaseProgress,
    PhaseResult,
    Runner,
    WorkerEndedError,
    WorkerError,
    find_worker,
)
from waiting import is_gone, until

FAKE = Path(__file__).parents[2] / "fakes" / "worker.py"


def start(**options: Any) -> Runner:
    return Runner(sys.executable, arguments=[str(FAKE)], **options)


@pytest.fixture
def runner() -> Iterator[Runner]:
    with start() as worker:
        yield worker


def test_handshake_happens_in_order(runner: Runner) -> None:
    runner.load("good")
    phase = runner.infer(passes=3)
    assert phase.ready["event"] == "ready"
    events: list[PhaseProgress | EpochResult] = []
    result = phase.run(events.append)
    assert [event.passes for event in events if isinstance(event, PhaseProgress)] == [1, 2, 3]
    assert (result.passes, result.images, result.stopped) == (3, 6, False)
    assert result.go_ns and result.done_ns
    assert result.go_ns <= result.begin_ns <= result.end_ns <= result.done_ns
    assert result.loss is None and result.peak_memory_bytes is None


def test_iteration_gives_events_and_then_the_result(runner: Runner) -> None:
    phase = runner.train(passes=2)
    with pytest.raises(RuntimeError, match="go"):
        next(iter(phase))
    phase.go()
    assert len(list(phase)) == 2
    assert isinstance(phase.result, PhaseResult)
    with pytest.raises(RuntimeError, match="already begun"):
        phase.go()


def test_only_what_was_given_is_sent(runner: Runner) -> None:
    asked = json.loads(runner.load("good", size=[32, 48], threads=2).title or "")
    assert asked["size"] == [32, 48] and asked["threads"] == 2
    assert "classes" not in asked and "variant" not in asked and "timeout_s" not in asked


def test_abort_leaves_the_worker_usable(runner: Runner) -> None:
    runner.infer(passes=1).abort()
    assert runner.infer(passes=1).run().passes == 1


def test_stop_from_another_thread(runner: Runner) -> None:
    runner.load("slow")
    phase = runner.train(passes=100_000)
    phase.go()
    events = iter(phase)
    next(events)
    thread = threading.Thread(target=phase.stop)
    thread.start()
    for _ in events:
        pass
    thread.join()
    assert phase.result is not None and phase.result.stopped and phase.result.passes < 100_000


def test_an_error_is_an_exception_with_its_advice(runner: Runner) -> None:
    with pytest.raises(WorkerError, match="did you mean good") as caught:
        runner.load("refuses")
    assert caught.value.kind == "unknown-network"
    assert runner.load("good").network == "good"


def test_a_dead_worker_tells_how_it_died(runner: Runner) -> None:
    runner.load("dies")
    with pytest.raises(WorkerEndedError, match=r"SIGKILL.*out of luck") as caught:
        runner.infer(passes=1).run()
    assert caught.value.signal == signal.SIGKILL and caught.value.exit_code is None
    assert is_gone(runner.pid)
    with pytest.raises(WorkerEndedError):
        runner.load("good")


def test_noise_instead_of_events_is_named(runner: Runner) -> None:
    runner.load("garbage")
    with pytest.raises(WorkerError, match="Segmentation fault"):
        runner.infer(passes=1).run()


@pytest.mark.parametrize(
    ("network", "words"), [("bytes", "no event"), ("endless", "a line without end"), ("deep", "the worker sent")]
)
def test_whatever_it_writes_is_one_kind_of_error(runner: Runner, network: str, words: str) -> None:
    runner.load(network)
    with pytest.raises(WorkerError, match=words) as caught:
        runner.infer(passes=1).run()
    assert caught.value.kind == "protocol"
    runner.close()
    assert is_gone(runner.pid)


def test_last_words_that_are_cut_inside_a_character(runner: Runner) -> None:
    runner.load("cut")
    with pytest.raises(WorkerEndedError, match="out of luck") as caught:
        runner.infer(passes=1).run()
    assert caught.value.exit_code == 3


def test_a_worker_that_hangs_is_found_out(runner: Runner) -> None:
    runner.load("stuck")
    phase = runner.infer(passes=1)
    phase.look_s, phase.most_idle_looks = 0.02, 3
    with pytest.raises(TimeoutError, match=r"hangs: for 0\.06 s it has said nothing and computed nothing"):
        phase.run()


@pytest.mark.serial
def test_a_worker_that_computes_in_silence_is_waited_for(runner: Runner) -> None:
    runner.load("busy")
    phase = runner.infer(passes=1)
    phase.look_s, phase.most_idle_looks = 0.05, 3
    assert phase.run().passes == 1


@pytest.mark.parametrize(("number", "name"), [(9, "SIGKILL"), (34, "SIGRTMIN"), (40, "signal 40")])
def test_every_signal_has_a_name(number: int, name: str) -> None:
    assert f"ended by {name}" in str(WorkerEndedError(5, None, number, ""))


def test_no_answer_within_the_time(runner: Runner) -> None:
    with pytest.raises(TimeoutError, match="loaded"):
        runner.load("silent", timeout_s=0.05)


def test_another_protocol_is_refused_and_nothing_stays() -> None:
    with pytest.raises(WorkerError, match="protocol 99"):
        start(environment={"FAKE_PROTOCOL": "99"})


def test_close_leaves_no_process_and_may_be_repeated(runner: Runner) -> None:
    runner.close()
    assert is_gone(runner.pid)
    runner.close()


def test_kill_ends_a_wait(runner: Runner) -> None:
    runner.load("slow")
    phase = runner.train(passes=100_000)
    phase.go()
    next(iter(phase))
    runner.kill()
    with pytest.raises(WorkerEndedError):
        for _ in phase:
            pass


def test_a_missing_worker_is_a_file_not_found() -> None:
    with pytest.raises(FileNotFoundError, match="/no/such/worker"):
        Runner("/no/such/worker")


def test_find_worker_prefers_the_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    worker = tmp_path / "my-worker"
    monkeypatch.setenv("IMPACT_TRACKER_WORKER", str(worker))
    with pytest.raises(FileNotFoundError, match="my-worker"):
        find_worker()
    worker.write_text("")
    assert find_worker() == worker


def test_a_worker_of_its_own_package_comes_before_the_one_that_was_built(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("IMPACT_TRACKER_WORKER", raising=False)
    worker = tmp_path / "impact_tracker_worker" / "bin" / "impact-worker"
    worker.parent.mkdir(parents=True)
    (worker.parents[1] / "__init__.py").write_text("raise RuntimeError('found, and never imported')")
    monkeypatch.syspath_prepend(str(tmp_path))
    with suppress(FileNotFoundError):
        assert find_worker() != worker, "the package is there, without the program"
    worker.touch()
    assert find_worker() == worker


def test_without_a_worker_the_error_says_what_brings_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IMPACT_TRACKER_WORKER", raising=False)
    monkeypatch.setattr("impact_tracker.runner.runner._places", lambda: [])
    with pytest.raises(FileNotFoundError, match="pip install impact-tracker-worker"):
        find_worker()


PARENT = """
import sys
from impact_tracker.runner import Runner
runner = Runner(sys.executable, arguments=[sys.argv[1]])
runner.load("slow")
phase = runner.train(passes=10**9)
phase.go()
next(iter(phase))
print(runner.pid, flush=True)
for _ in phase: pass
"""


def test_kill_of_the_parent_leaves_no_worker() -> None:
    """The fake has no death signal, the end of its stream has to do."""
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(FAKE)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert until(lambda: is_gone(pid), 20)
