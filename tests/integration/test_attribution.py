"""Whose energy, with real processes on a machine whose power follows the real load."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fakes import zones
from fakes.machine import FakeMachine
from fakes.plugin import MachineFactory
from integration.tracked import command, environment, the_result

IDLE_W, WATTS_PER_CPU = 20.0, 40.0
HEAD = """
import json, os, resource, subprocess, sys, time
def burn(cpu_s):
    end = time.process_time() + cpu_s
    while time.process_time() < end: pass
def used():
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in both)
"""

pytestmark = [pytest.mark.serial, pytest.mark.usefixtures("core")]


@pytest.fixture
def machine(fake_machine: MachineFactory) -> FakeMachine:
    return fake_machine(zones.following_load(idle_w=IDLE_W, watts_per_cpu=WATTS_PER_CPU))


def run(machine: FakeMachine, program: str, folder: Path, **more: str) -> dict[str, Any]:
    """What the program prints."""
    settings = environment(IMPACT_TRACKER_SOURCES=machine.reader, **more)
    words = [sys.executable, "-c", HEAD + "from impact_tracker import ImpactTracker\n" + program, folder]
    done = machine.run(words, capture_output=True, text=True, env=settings, cwd=folder, timeout=120)
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def adds_up(result: dict[str, Any]) -> bool:
    share = result["share"]
    parts = [share[name] or 0.0 for name in ("share_j", "others_j", "machine_idle_j", "unattributed_j")]
    return bool(abs(sum(parts) - result["energy_j"]) <= 1e-9 * result["energy_j"])


BESIDE_ANOTHER = """
other = subprocess.Popen([sys.executable, "-c", "while True: pass"])
try:
    with ImpactTracker(sys.argv[1], scope="machine"):  # warm: the interpreter's own start is over
        time.sleep(0.2)
    with ImpactTracker(sys.argv[1] + "/run", interval_s=0.5, share_of=%s) as tracker:
        before = used()
        for _ in range(6): burn(0.4), time.sleep(0.1)
        own = used() - before
finally:
    other.kill()
    other.wait()
r = tracker.result
print(json.dumps({"own_s": own, "start": r.start_ns, "stop": r.stop_ns, "cpu_s": r.share["cpu_s"]}))
"""


def test_a_job_beside_another_has_its_own_part(machine: FakeMachine, tmp_path: Path) -> None:
    """The other burns in a process of its own that this one did start: the child is told apart by its number."""
    told = run(machine, BESIDE_ANOTHER % "other.pid", tmp_path)
    result = the_result(tmp_path / "run")
    busy_s = machine.truth.busy_s(told["start"], told["stop"])
    energy = machine.truth.energy_j(told["start"], told["stop"])
    share = result["share"]
    assert adds_up(result)
    # By use: the energy of every moment by the CPU time in it; for steady loads that is the whole by the whole.
    assert share["share_j"] == pytest.approx(energy * share["cpu_s"] / busy_s, rel=0.10)
    assert share["machine_cpu_s"] == pytest.approx(busy_s, rel=0.10)


def test_short_lived_children_are_not_lost(machine: FakeMachine, tmp_path: Path) -> None:
    """Two hundred children a second, none of which lives as long as the time between two looks."""
    program = """
with ImpactTracker(sys.argv[1], interval_s=0.5) as tracker:
    before = used()
    for batch in range(400):
        pid = os.fork()
        if pid == 0:
            burn(0.003)
            os._exit(0)
        os.waitpid(pid, 0)
    own = used() - before
print(json.dumps({"own_s": own, "cpu_s": tracker.result.share["cpu_s"]}))
"""
    told = run(machine, program, tmp_path)
    assert told["own_s"] > 1.0
    assert told["cpu_s"] == pytest.approx(told["own_s"], rel=0.01, abs=0.02)


def test_threads_and_workers_count(machine: FakeMachine, tmp_path: Path) -> None:
    """As a DataLoader's: children that live on, and threads."""
    program = """
import threading
with ImpactTracker(sys.argv[1], interval_s=0.5) as tracker:
    before = used()
    work = "import time\\nend = time.process_time() + 0.6\\nwhile time.process_time() < end: pass"
    words = [sys.executable, "-c", work]
    workers = [subprocess.Popen(words) for _ in range(2)]
    threads = [threading.Thread(target=burn, args=(0.3,)) for _ in range(3)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    for worker in workers: worker.wait()
    own = used() - before
print(json.dumps({"own_s": own, "cpu_s": tracker.result.share["cpu_s"]}))
"""
    told = run(machine, program, tmp_path)
    assert told["own_s"] > 1.4
    assert told["cpu_s"] == pytest.approx(told["own_s"], rel=0.03, abs=0.03)


def test_a_commands_share_is_the_commands(machine: FakeMachine, tmp_path: Path) -> None:
    program = HEAD + "burn(0.8)\nprint(json.dumps(used()))"
    words = [*command("run", "-q", "-o", tmp_path, "--"), sys.executable, "-c", program]
    settings = environment(IMPACT_TRACKER_SOURCES=machine.reader)
    done = machine.run(words, capture_output=True, text=True, env=settings, cwd=tmp_path, timeout=60)
    assert done.returncode == 0, done.stderr
    share = the_result(tmp_path)["share"]
    assert share["whose"].startswith("what process")
    assert share["cpu_s"] == pytest.approx(json.loads(done.stdout), abs=0.05)


def test_idle_energy_is_nobodys_where_that_is_asked(machine: FakeMachine, tmp_path: Path) -> None:
    """A load that changes shows what the machine draws without it."""
    program = """
with ImpactTracker(sys.argv[1], interval_s=0.5, idle_policy="none") as tracker:
    for _ in range(3): burn(1.2), time.sleep(1.2)
print(json.dumps({"share": tracker.result.share}))
"""
    share = run(machine, program, tmp_path)["share"]
    result = the_result(tmp_path)
    assert adds_up(result)
    if share["share_j"] is None:
        pytest.skip(f"other programs kept this machine evenly busy: {share['reasons']}")
    assert share["share_j"] == pytest.approx(WATTS_PER_CPU * share["cpu_s"], rel=0.25)
    assert share["machine_idle_j"] > 0


@pytest.fixture
def group() -> Iterator[Path]:
    """A control group of our own; gone with the test."""
    for parent in ("/sys/fs/cgroup/cpuacct", "/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/unified", "/sys/fs/cgroup"):
        folder = Path(parent) / f"impact-tracker-test-{os.getpid()}"
        try:
            folder.mkdir()
        except OSError:
            continue
        if not (folder / "cgroup.procs").exists():
            folder.rmdir()
            continue
        yield folder
        folder.rmdir()
        return
    pytest.skip("no control group can be made on this machine")


def test_a_control_group_counts_all_that_was_in_it(machine: FakeMachine, tmp_path: Path, group: Path) -> None:
    """Also children that nobody waits for, of which nothing else tells."""
    program = f"""
import signal
open({str(group / "cgroup.procs")!r}, "w").write(str(os.getpid()))
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
with ImpactTracker(sys.argv[1], interval_s=0.5, scope="cgroup") as tracker:
    children = []
    for _ in range(30):
        pid = os.fork()
        if pid == 0:
            burn(0.02)
            os._exit(0)
        children.append(pid)
    while children:
        children = [pid for pid in children if os.path.exists(f"/proc/{{pid}}")]
        time.sleep(0.01)
print(json.dumps(tracker.result.share))
"""
    share = run(machine, program, tmp_path)
    assert group.name in share["whose"]
    assert 0.6 <= share["cpu_s"] < 1.5


def test_a_forked_child_keeps_the_parents_share_whole(machine: FakeMachine, tmp_path: Path) -> None:
    program = """
with ImpactTracker(sys.argv[1], interval_s=0.5) as tracker:
    pid = os.fork()
    if pid == 0:
        burn(0.3)
        assert tracker.result is None
        os._exit(0)
    os.waitpid(pid, 0)
print(json.dumps(tracker.result.share))
"""
    assert run(machine, program, tmp_path)["cpu_s"] >= 0.3


def test_the_report_shows_machine_and_share(machine: FakeMachine, tmp_path: Path) -> None:
    run(machine, "with ImpactTracker(sys.argv[1]): burn(0.3)\nprint('{}')", tmp_path)
    done = subprocess.run(command("report", tmp_path), capture_output=True, text=True, check=True, env=environment())
    assert "\nshare " in done.stdout
    assert "and its children" in done.stdout
    table = subprocess.run(
        command("report", tmp_path, "--csv"), capture_output=True, text=True, check=True, env=environment()
    )
    head, row = table.stdout.splitlines()
    assert float(dict(zip(head.split(","), row.split(",")))["share_j"]) > 0
