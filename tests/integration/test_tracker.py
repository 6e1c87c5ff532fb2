"""The tracker inside programs that fork, thread, fail and end in every way: right numbers, and nobody is harmed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fakes import processors, zones
from fakes.machine import FakeMachine
from fakes.plugin import MachineFactory
from integration.tracked import environment, holds, report

pytestmark = pytest.mark.usefixtures("core")


def run(machine: FakeMachine, program: str, folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """A program on the machine: `log_dir` is its first argument, every warning an error but ours."""
    head = "import json, os, sys, threading, time, warnings\nlog_dir = sys.argv[1]\nfrom impact_tracker import *\n"
    settings = environment(IMPACT_TRACKER_SOURCES=machine.reader, **more)
    words = [sys.executable, "-c", head + program, folder]
    done: subprocess.CompletedProcess[str] = machine.run(
        words, capture_output=True, text=True, env=settings, cwd=folder, timeout=120
    )
    return done


def runs_of(folder: Path) -> list[dict[str, Any]]:
    runs: list[dict[str, Any]] = report(folder, "--regions")["runs"]
    return runs


@pytest.mark.serial
def test_regions_nest_overlap_and_come_from_threads(fake_machine: MachineFactory, tmp_path: Path) -> None:
    # The power is smooth: a tick edge carries the power of its tick to the region's edge, and where a jump lies between
    # the two (one edge in fifty on a square of 50 ms) the energy is off by more than any multiple of a 95 % interval.
    machine = fake_machine(zones.server("sine:100:80:50ms", sockets=2))
    program = """
def work(name, seconds):
    with tracker.region(name):
        time.sleep(seconds)
with ImpactTracker(log_dir, interval_s=0.1, edges="tick") as tracker:
    threads = [threading.Thread(target=work, args=(f"thread {i}", 0.2 + 0.05 * i)) for i in range(4)]
    with tracker.region("outer") as outer:
        for thread in threads: thread.start()
        with tracker.region("inner") as inner:
            time.sleep(0.1)
    for thread in threads: thread.join()
print(json.dumps([outer.result.energy_j, inner.result.energy_j]))
"""
    done = run(machine, program, tmp_path)
    assert done.returncode == 0, done.stderr
    (reported,) = runs_of(tmp_path)
    regions = {region["name"]: region for region in reported["regions"]}
    assert len(regions) == 6
    for region in (*regions.values(), reported["result"]):
        truth = machine.truth.energy_j(region["start_ns"], region["stop_ns"])
        assert holds(region, truth), (region["name"], region["energy_j"], truth)
    assert json.loads(done.stdout) == pytest.approx([regions["outer"]["energy_j"], regions["inner"]["energy_j"]])


@pytest.mark.processors
def test_forty_forked_children_are_inert_and_in_the_parents_record(
    fake_machine: MachineFactory, tmp_path: Path
) -> None:
    machine = fake_machine(zones.server("constant:100"))
    program = """
tracker = ImpactTracker(log_dir, interval_s=0.05)
with tracker:
    region, pids = tracker.region("child"), []
    for number in range(40):
        pid = os.fork()
        if pid == 0:
            with region: pass
            nothing = (tracker.result, tracker.energy_j, region.result, tracker.stop())
            # Half leave as a program does (atexit handlers run), half at once.
            code = 0 if nothing == (None,) * 4 else 1
            sys.exit(code) if number % 2 else os._exit(code)
        pids.append(pid)
    codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]
    time.sleep(0.2)
print(codes == [0] * 40)
"""
    done = run(machine, program, tmp_path)
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr
    (reported,) = runs_of(tmp_path)
    assert reported["complete"]
    assert reported["regions"] == []
    assert holds(
        reported["result"], machine.truth.energy_j(reported["result"]["start_ns"], reported["result"]["stop_ns"])
    )


def test_a_child_may_have_a_tracker_of_its_own(fake_machine: MachineFactory, tmp_path: Path) -> None:
    machine = fake_machine(zones.server("constant:100"))
    program = """
with ImpactTracker(log_dir + "/parent"):
    pid = os.fork()
    if pid == 0:
        with ImpactTracker(log_dir + "/child") as own:
            time.sleep(0.2)
        os._exit(0 if own.result.energy_j > 10 else 1)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""
    done = run(machine, program, tmp_path)
    assert (done.returncode, done.stdout) == (0, "0\n"), done.stderr
    assert all(run["complete"] for run in runs_of(tmp_path))
    assert len(runs_of(tmp_path)) == 2


ENDS = {
    "exception": ("raise KeyError('theirs')", 1, True),
    "sys.exit": ("sys.exit(5)", 5, True),
    "os._exit": ("os._exit(6)", 6, False),
    "kill": ("os.kill(os.getpid(), 9)", -9, False),
    "terminated": ("os.kill(os.getpid(), 15); time.sleep(20)", -15, False),
    "interrupted": ("os.kill(os.getpid(), 2); time.sleep(20)", -2, True),
}


@pytest.mark.parametrize("end", ENDS)
def test_however_a_program_ends_its_exit_is_its_own_and_the_record_reads(
    fake_machine: MachineFactory, tmp_path: Path, end: str
) -> None:
    how, code, complete = ENDS[end]
    machine = fake_machine(zones.server("constant:100"))
    program = f"""
with ImpactTracker(log_dir, interval_s=0.05) as tracker:
    with tracker.region("part"): time.sleep(0.1)
    time.sleep(0.2)
    tracker.flush()
    {how}
"""
    done = run(machine, program, tmp_path)
    assert done.returncode == code, done.stderr
    if end == "exception":
        assert "KeyError: 'theirs'" in done.stderr
    (reported,) = runs_of(tmp_path)
    assert reported["complete"] is complete
    assert len(reported["regions"]) == 1
    result = reported["result"]
    assert result["duration_s"] > 0.2
    assert holds(result, machine.truth.energy_j(result["start_ns"], result["stop_ns"]))


def test_the_program_ends_as_soon_as_without_a_tracker(fake_machine: MachineFactory, tmp_path: Path) -> None:
    machine = fake_machine(zones.server("constant:100"))
    program = """
import atexit
begin = time.monotonic()
ImpactTracker(log_dir, interval_s=30).start()
atexit.register(lambda: None)
print(begin)
"""
    done = run(machine, program, tmp_path)
    assert done.returncode == 0, done.stderr
    (reported,) = runs_of(tmp_path)
    assert reported["complete"]
    assert reported["result"]["duration_s"] < 10


@pytest.mark.processors
def test_failing_reads_are_a_gap_and_never_an_error(fake_machine: MachineFactory, tmp_path: Path) -> None:
    machine = fake_machine(zones.server("constant:100"))
    program = """
with ImpactTracker(log_dir, interval_s=0.05) as tracker:
    time.sleep(0.2)
    print("ready", flush=True); sys.stdin.readline()
    time.sleep(0.2)
    print("again", flush=True); sys.stdin.readline()
    time.sleep(0.2)
print(json.dumps(tracker.health["read_failures"]))
"""
    head = "import json, sys, time\nlog_dir = sys.argv[1]\nfrom impact_tracker import *\n"
    words = [sys.executable, "-c", head + program, tmp_path]
    piped = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    settings = environment(IMPACT_TRACKER_SOURCES=machine.reader)
    with machine.popen(words, **piped, cwd=tmp_path, env=settings) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        for line, fault in (("ready\n", "eio * on"), ("again\n", "eio * off")):
            assert child.stdout.readline() == line
            machine.control(fault)
            child.stdin.write("\n")
            child.stdin.flush()
        rest, _ = child.communicate(timeout=60)
    assert child.returncode == 0
    assert int(rest) > 0
    (run,) = runs_of(tmp_path)
    result = run["result"]
    # A counter bridges the gap: its difference holds what was used meanwhile.
    assert holds(result, machine.truth.energy_j(result["start_ns"], result["stop_ns"]))


@pytest.mark.parametrize("name", sorted(processors.ALL))
def test_a_counter_that_stands_still_is_missing_and_never_a_measured_zero(
    name: str, fake_machine: MachineFactory, tmp_path: Path
) -> None:
    processor = processors.ALL[name]
    machine = fake_machine(zones.server("constant:100", sockets=2), processor=processor)
    machine.control(f"freeze {processor.control}:1 on")
    program = """
with ImpactTracker(log_dir, interval_s=0.05) as tracker:
    time.sleep(float(os.environ["SECONDS"]))
print(json.dumps(tracker.health["channels"]))
"""
    done = run(machine, program, tmp_path, SECONDS="3" if name == "arm" else "0.8")
    assert done.returncode == 0, done.stderr
    (stuck,) = (health for channel, health in json.loads(done.stdout).items() if "package-1" in channel)
    assert stuck["standstills"] == 1
    (reported,) = runs_of(tmp_path)
    result = reported["result"]
    frozen, moving = (
        next(channel for channel in result["channels"] if channel["in_total"] and part in channel["id"])
        for part in ("package-1", "package-0")
    )
    assert frozen["quality"] == "missing"
    assert frozen["energy_j"] is None
    assert holds(moving | {"energy_low_j": 0, "energy_high_j": 2}, 100 * result["duration_s"])
    assert result["partial"]
    assert any("package-1" in note and "its counter stood still" in note for note in result["notes"])


def test_a_logdir_that_vanishes_harms_nobody(fake_machine: MachineFactory, tmp_path: Path) -> None:
    machine = fake_machine(zones.server("constant:100"))
    program = """
import shutil
with ImpactTracker(log_dir + "/gone", interval_s=0.05) as tracker:
    time.sleep(0.1)
    shutil.rmtree(log_dir + "/gone")
    with tracker.region("part") as part: time.sleep(0.1)
print(part.result.energy_j > 0, tracker.result.energy_j > 0)
"""
    done = run(machine, program, tmp_path)
    assert (done.returncode, done.stdout) == (0, "True True\n"), done.stderr


def test_a_full_disk_is_said_once_and_the_numbers_stay(fake_machine: MachineFactory, tmp_path: Path) -> None:
    machine = fake_machine(zones.server("constant:100"))
    program = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with ImpactTracker(log_dir, interval_s=0.01) as tracker:
    size = os.stat(tracker.path).st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 500, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    time.sleep(1.5)
print(tracker.result.energy_j > 100, len(tracker.health["write_errors"]) > 0)
"""
    done = run(machine, program, tmp_path)
    assert (done.returncode, done.stdout) == (0, "True True\n"), done.stderr
    assert done.stderr.count("is incomplete") == 1
    (reported,) = runs_of(tmp_path)
    assert reported["complete"] is False
