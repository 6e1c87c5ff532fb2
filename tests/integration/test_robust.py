"""What goes wrong on real machines: killed programs, forks, full disks, failing and vanishing counters, threads."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fakes import zones
from fakes.plugin import MachineFactory
from integration.tracked import environment, holds, report, the_result

FLUSH_S = 1.0

pytestmark = pytest.mark.usefixtures("core")


def python(program: str, *arguments: str | Path) -> list[str]:
    return [sys.executable, "-c", program, *map(str, arguments)]


TRACKED = (
    "import os, sys, time\nfrom impact_tracker import ImpactTracker\n"
    "tracker = ImpactTracker(sys.argv[1], interval_s=0.02)\n"
)

STEADY = (
    TRACKED
    + """
tracker.start()
while True:
    with tracker.region("step"):
        time.sleep(0.003)
    os.write(1, b"%d\\n" % time.monotonic_ns())
"""
)


@pytest.mark.parametrize("part", range(4))
def test_a_killed_program_loses_at_most_one_flush(fake_machine: MachineFactory, tmp_path: Path, part: int) -> None:
    """25 kills in each of four parts, a few at a time, at random moments."""
    machine = fake_machine(zones.server("constant:100"))
    moments = random.Random(part)
    for batch in range(5):
        running = [
            (
                machine.popen(
                    python(STEADY, tmp_path / f"{batch}-{n}"),
                    stdout=subprocess.PIPE,
                    env=environment(IMPACT_TRACKER_SOURCES=machine.reader),
                ),
                n,
            )
            for n in range(5)
        ]
        for child, n in running:
            assert child.stdout is not None
            first = child.stdout.readline()
            time.sleep(moments.uniform(0, 0.3) + (1.1 if n == 0 else 0))
            child.kill()
            rest = child.communicate(timeout=20)[0].splitlines()
            last_ns = int(next((line for line in reversed(rest) if line.isdigit()), first))
            document = report(tmp_path / f"{batch}-{n}")["runs"][0]
            assert document["complete"] is False
            assert document["damage"] is None
            result = document["result"]
            if result["energy_j"] is not None:
                truth = machine.truth.energy_j(result["start_ns"], result["stop_ns"])
                assert holds(result, truth), (result["energy_j"], truth)
            # Busy machines write late; what is lost must stay in the order of one flush.
            recorded_ns = result["stop_ns"] if result["duration_s"] else int(first)
            assert last_ns - recorded_ns < (FLUSH_S + 1.0) * 1e9


FORKS = (
    TRACKED
    + """
tracker.start()
children = []
with tracker.region("parent") as parent:
    for n in range(40):
        pid = os.fork()
        if pid == 0:
            with tracker.region("child") as mine:   # inert: nothing measured, nothing written, nothing raised
                pass
            tracker.stop()
            with ImpactTracker(os.path.join(sys.argv[1], "children")) as own:  # one of its own works
                time.sleep(0.002)
            ok = mine.result is None and own.result.energy_j is not None
            os._exit(0 if ok else 1)
        children.append(pid)
    codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children]
tracker.stop()
print(codes.count(0), parent.result.energy_j is not None)
"""
)


def test_forty_forked_children(fake_machine: MachineFactory, tmp_path: Path) -> None:
    machine = fake_machine(zones.server("constant:100"))
    done = machine.run(
        python(FORKS, tmp_path),
        capture_output=True,
        text=True,
        env=environment(IMPACT_TRACKER_SOURCES=machine.reader),
        timeout=120,
    )
    assert (done.returncode, done.stdout.split()) == (0, ["40", "True"]), done.stderr
    parents = list((tmp_path / "impacttracker").glob("*.jsonl"))
    assert len(parents) == 1
    lines = parents[0].read_text().splitlines()
    assert sum('"m":"enter"' in line for line in lines) == 2  # the run and its one region: no child wrote
    assert len(list((tmp_path / "children" / "impacttracker").glob("*.jsonl"))) == 40


def test_exceptions_pass_through_and_the_record_is_whole(fake_machine: MachineFactory, tmp_path: Path) -> None:
    machine = fake_machine(zones.server("constant:100"))
    program = TRACKED + "with tracker, tracker.region('bad'):\n    raise KeyError('theirs')\n"
    done = machine.run(
        python(program, tmp_path),
        capture_output=True,
        text=True,
        env=environment(IMPACT_TRACKER_SOURCES=machine.reader),
    )
    assert done.returncode == 1
    assert "KeyError: 'theirs'" in done.stderr
    (run,) = report(tmp_path, "--regions")["runs"]
    assert run["complete"] is True


@pytest.mark.processors
def test_reads_that_fail_inside_a_region_are_bridged(fake_machine: MachineFactory, tmp_path: Path) -> None:
    """Other tools end the program here, raise into it, or lose half of the energy in silence."""
    machine = fake_machine(zones.server("constant:100", dram="constant:25"))
    ready = tmp_path / "ready"
    program = (
        TRACKED
        + "tracker.start()\nwith tracker.region('r') as r:\n    open(sys.argv[2], 'w').close()\n    time.sleep(1.2)\n"
        + "tracker.stop()\nprint(tracker.health['read_failures'])\n"
    )
    child = machine.popen(
        python(program, tmp_path, ready),
        stdout=subprocess.PIPE,
        text=True,
        env=environment(IMPACT_TRACKER_SOURCES=machine.reader),
    )
    while not ready.exists():
        time.sleep(0.005)
    machine.control("eio * on")
    time.sleep(0.4)
    machine.control("eio * off")
    output, _ = child.communicate(timeout=30)
    assert child.returncode == 0
    assert int(output) > 0
    (region,) = report(tmp_path, "--regions")["runs"][0]["regions"]
    assert holds(region, machine.truth.energy_j(region["start_ns"], region["stop_ns"]))
    assert region["partial"] is not machine.processor.has_parts  # where there are no such zones, memory is missing


@pytest.mark.processors
def test_a_counter_that_fails_at_the_end_is_a_part_never_a_zero(fake_machine: MachineFactory, tmp_path: Path) -> None:
    machine = fake_machine(zones.server("constant:100"))
    ready = tmp_path / "ready"
    program = (
        TRACKED
        + "import json\ntracker.start()\nwith tracker.region('r') as r:\n    time.sleep(0.3)\n"
        + "    open(sys.argv[2], 'w').close()\n    while os.path.exists(sys.argv[2]): time.sleep(0.01)\n"
        + "    time.sleep(0.3)\ntracker.stop()\nprint(json.dumps(r.result.to_dict()))\n"
    )
    child = machine.popen(
        python(program, tmp_path, ready),
        stdout=subprocess.PIPE,
        text=True,
        env=environment(IMPACT_TRACKER_SOURCES=machine.reader),
    )
    while not ready.exists():
        time.sleep(0.005)
    machine.control("vanish *")
    ready.unlink()
    output, _ = child.communicate(timeout=30)
    assert child.returncode == 0
    result = json.loads(output)
    assert result["partial"] is True
    assert 0.2 < result["coverage"] < 0.9
    assert result["energy_j"] == pytest.approx(100 * result["duration_s"] * result["coverage"], rel=0.1)


def test_a_wrapping_counter_over_ten_wraps(fake_machine: MachineFactory, tmp_path: Path) -> None:
    machine = fake_machine(zones.server("square:150:250:50ms", range_uj=40e6))  # each 0.2 s
    program = TRACKED + "tracker.start()\nwith tracker.region('r'):\n    time.sleep(2)\ntracker.stop()\n"
    done = machine.run(
        python(program, tmp_path),
        capture_output=True,
        text=True,
        env=environment(IMPACT_TRACKER_SOURCES=machine.reader),
    )
    assert done.returncode == 0, done.stderr
    (region,) = report(tmp_path, "--regions")["runs"][0]["regions"]
    truth = machine.truth.energy_j(region["start_ns"], region["stop_ns"])
    assert truth > 350
    assert region["energy_j"] == pytest.approx(truth, rel=0.01) or region["quality"] == "estimated"


def test_two_sockets_mirrors_and_psys_count_once(fake_machine: MachineFactory, tmp_path: Path) -> None:
    machine = fake_machine(
        [*zones.server("constant:60", sockets=2, dram="constant:20"), zones.psys(2), zones.mmio_mirror()]
    )
    program = TRACKED + "tracker.start()\ntime.sleep(0.5)\ntracker.stop()\n"
    done = machine.run(
        python(program, tmp_path),
        capture_output=True,
        text=True,
        env=environment(IMPACT_TRACKER_SOURCES=machine.reader),
    )
    assert done.returncode == 0, done.stderr
    result = the_result(tmp_path)
    assert holds(result, machine.truth.energy_j(result["start_ns"], result["stop_ns"]))
    assert result["psys_j"] is not None


def test_a_full_disk_harms_nobody(fake_machine: MachineFactory, tmp_path: Path) -> None:
    """A file-size limit stands for the full disk: write() fails the same way for this process alone."""
    machine = fake_machine(zones.server("constant:100"))
    program = (
        "import resource, signal\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        + TRACKED
        + "tracker.start()\n"
        + "resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))\n"
        + "for _ in range(200):\n    with tracker.region('r'):\n        time.sleep(0.002)\n"
        + "    if _ % 50 == 0: tracker.flush()\n"
        + "tracker.stop()\nassert tracker.result.energy_j > 0\nprint(tracker.health['write_errors'])\n"
    )
    done = machine.run(
        python(program, tmp_path),
        capture_output=True,
        text=True,
        env=environment(IMPACT_TRACKER_SOURCES=machine.reader),
    )
    assert done.returncode == 0, done.stderr
    assert "impacttracker" in done.stdout  # the error names the file
    document = report(tmp_path)["runs"][0]
    assert document["complete"] is False


SMALL_DISK = """
import ctypes, sys
libc = ctypes.CDLL(None, use_errno=True)
NEW_MOUNTS, PRIVATE_BELOW = 0x20000, 0x44000
folder = sys.argv[1].encode()
if libc.unshare(NEW_MOUNTS) or libc.mount(b"none", b"/", None, PRIVATE_BELOW, None):
    sys.exit(77)
if libc.mount(b"tmpfs", folder, b"tmpfs", 0, b"size=96k"):
    sys.exit(77)
"""


def test_a_record_on_a_full_disk_ends_with_its_totals(fake_machine: MachineFactory, tmp_path: Path) -> None:
    """The counters' last reading is in it, so that the run's energy is whole; which lines it lacks is said."""
    machine = fake_machine(zones.server("constant:100"))
    program = (
        SMALL_DISK
        + TRACKED
        + """
import json
from impact_tracker.record import read_record
tracker.start()
regions = 0
while not tracker.health["write_errors"]:
    for _ in range(50):
        with tracker.region("step"):
            pass
        regions += 1
    tracker.flush()
for _ in range(300):
    with tracker.region("after"):
        time.sleep(0.001)
tracker.stop()
record = read_record(sys.argv[1])
assert record.complete and record.damage is None, record.damage
assert record.totals is not None and record.totals["result"] is not None
assert len(record.regions) <= regions and {region.name for region in record.regions} == {"step"}
result, live = record.result, tracker.result
assert (result.start_ns, result.stop_ns, result.energy_j) == (live.start_ns, live.stop_ns, live.energy_j)
(note,) = (note for note in record.notes if note["kind"] == "disk_full")
print(json.dumps({**json.loads(result.to_json()), "lines": note["lines"], "remarks": result.notes}))
"""
    )
    done = machine.run(
        python(program, tmp_path),
        capture_output=True,
        text=True,
        env=environment(IMPACT_TRACKER_SOURCES=machine.reader),
    )
    if done.returncode == 77:
        pytest.skip("no right to mount a small file system")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert holds(result, machine.truth.energy_j(result["start_ns"], result["stop_ns"]))
    assert result["lines"] >= 600  # two for each of the regions behind
    assert any(f"{result['lines']} lines" in remark and "free space" in remark for remark in result["remarks"])


@pytest.mark.processors
def test_regions_of_many_threads_and_trackers(fake_machine: MachineFactory, tmp_path: Path) -> None:
    machine = fake_machine(zones.server("constant:100"))
    program = (
        TRACKED
        + """
import threading
second = ImpactTracker(sys.argv[1], interval_s=0.05)
tracker.start(); second.start()
def work():
    for _ in range(20):
        with tracker.region("a"), second.region("b"):
            time.sleep(0.001)
threads = [threading.Thread(target=work) for _ in range(4)]
[t.start() for t in threads]; [t.join() for t in threads]
tracker.stop(); second.stop()
"""
    )
    done = machine.run(
        python(program, tmp_path),
        capture_output=True,
        text=True,
        env=environment(IMPACT_TRACKER_SOURCES=machine.reader),
    )
    assert done.returncode == 0, done.stderr
    runs = report(tmp_path, "--regions")["runs"]
    assert sorted(len(run["regions"]) for run in runs) == [80, 80]
    assert all(run["complete"] for run in runs)


def test_a_program_that_exits_hard_or_never_stops_is_not_held_up(fake_machine: MachineFactory, tmp_path: Path) -> None:
    machine = fake_machine(zones.server("constant:100"))
    for ending, code in (("os._exit(5)", 5), ("sys.exit(6)", 6), ("os.abort()", -6)):
        begin = time.monotonic()
        program = TRACKED + f"tracker.start()\n{ending}\n"
        done = machine.run(
            python(program, tmp_path),
            capture_output=True,
            text=True,
            env=environment(IMPACT_TRACKER_SOURCES=machine.reader),
            timeout=30,
        )
        assert done.returncode in (code, 128 - code), done.stderr
        assert time.monotonic() - begin < 20
    assert list((tmp_path / "impacttracker").iterdir())
