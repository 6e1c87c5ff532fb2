"""The command on machines with a known power curve: numbers, exit codes, signals, what is left after a crash."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fakes import zones
from fakes.plugin import MachineFactory
from integration.tracked import command, counted_j, environment, holds, report, the_result
from waiting import until

pytestmark = pytest.mark.usefixtures("core")

FULL = Path("/dev/full")  # a device without room

# How doctor begins on a machine whose memory and packages have counters, as far as such a processor has them.
HEADLINES = {
    "intel": "measured: CPU, memory; no GPU",
    "amd": "modelled: CPU (the processor's own model ± 10 %), memory (the memory's usual power",
    "arm": "measured: CPU; modelled: memory (the memory's usual power",
}


@pytest.mark.processors
def test_run_measures_what_the_machine_used(fake_machine: MachineFactory, tmp_path: Path) -> None:
    machine = fake_machine(zones.server("square:50:150:40ms", sockets=2, dram="constant:20"))
    done = machine.run(
        command("run", "-o", tmp_path, "--sources", machine.reader, "--", "sh", "-c", "sleep 0.7; echo theirs; exit 3"),
        capture_output=True,
        text=True,
        env=environment(),
        cwd=tmp_path,
    )
    assert (done.returncode, done.stdout) == (3, "theirs\n"), done.stderr
    assert done.stderr.startswith("impact-tracker: ")
    result = the_result(tmp_path)
    truth = machine.truth.energy_j(result["start_ns"], result["stop_ns"])
    assert holds(result, truth), (result["energy_j"], truth)
    assert set(result["devices"]) >= {machine.processor.device(0), machine.processor.device(1)}
    assert result["duration_s"] >= 0.7


@pytest.mark.processors
def test_report_and_result_of_the_process_agree(fake_machine: MachineFactory, tmp_path: Path) -> None:
    machine = fake_machine(zones.server("constant:100", dram="constant:25"))
    program = (
        "import json, sys, time\nfrom impact_tracker import ImpactTracker\n"
        "with ImpactTracker(sys.argv[1], interval_s=0.05, edges='tick') as tracker:\n"
        "    with tracker.region('a') as a:\n        time.sleep(0.2)\n"
        "    with tracker.region('b') as b:\n        time.sleep(0.1)\n"
        "print(json.dumps([one.result.to_dict() for one in (tracker, a, b)]))\n"
    )
    done = machine.run(
        [sys.executable, "-c", program, tmp_path],
        capture_output=True,
        text=True,
        env=environment(IMPACT_TRACKER_SOURCES=machine.reader),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    live = json.loads(done.stdout)
    replayed = report(tmp_path, "--regions")["runs"][0]
    for then, now in zip(live, [replayed["result"], *replayed["regions"]]):
        assert now["energy_j"] == pytest.approx(then["energy_j"], rel=1e-9)
        assert now["energy_low_j"] == pytest.approx(then["energy_low_j"], rel=1e-6)
        assert (now["start_ns"], now["stop_ns"]) == (then["start_ns"], then["stop_ns"])
        truth = machine.truth.energy_j(now["start_ns"], now["stop_ns"])
        assert holds(now, truth), (now["energy_j"], truth)


@pytest.mark.parametrize(("name", "code"), [("TERM", 7), ("INT", 8), ("USR1", 9)])
def test_signals_reach_the_command_and_its_answer_comes_back(tmp_path: Path, name: str, code: int) -> None:
    ready = tmp_path / "ready"
    script = f"trap 'exit {code}' {name}; touch {ready}; n=0; while [ $n -lt 1000 ]; do n=$((n + 1)); sleep 0.02; done"
    child = subprocess.Popen(command("run", "-o", tmp_path, "--", "sh", "-c", script), env=environment(), cwd=tmp_path)
    try:
        assert until(ready.exists, 20), f"{ready} did not appear"
        child.send_signal(getattr(signal, f"SIG{name}"))
        assert child.wait(20) == code
    finally:
        child.kill()
        child.wait()
    assert report(tmp_path)["complete"]


def test_a_python_program_gets_its_keyboard_interrupt(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    program = (
        f"import pathlib, time\npathlib.Path({str(ready)!r}).touch()\n"
        "try:\n    time.sleep(30)\nexcept KeyboardInterrupt:\n    raise SystemExit(42)\n"
    )
    child = subprocess.Popen(
        command("run", "-q", "-o", tmp_path, "--", sys.executable, "-c", program), env=environment(), cwd=tmp_path
    )
    try:
        assert until(ready.exists, 20), f"{ready} did not appear"
        time.sleep(0.1)
        child.send_signal(signal.SIGINT)
        assert child.wait(20) == 42
    finally:
        child.kill()
        child.wait()


def test_a_key_of_the_terminal_is_not_sent_twice(tmp_path: Path) -> None:
    """Ctrl-C goes to the whole foreground group: the command has got it already."""
    ready, count = tmp_path / "ready", tmp_path / "count"
    program = (
        "import pathlib, signal, time\nseen = []\n"
        "def note(*_):\n    seen.append(1)\n"
        f"    pathlib.Path({str(count)!r}).write_text(str(len(seen)))\n"
        "signal.signal(signal.SIGINT, note)\n"
        f"pathlib.Path({str(ready)!r}).touch()\n"
        "end = time.monotonic() + 20\nwhile not seen and time.monotonic() < end: time.sleep(0.01)\n"
        "time.sleep(0.3)\n"
    )
    words = command("run", "-q", "-o", tmp_path, "--", sys.executable, "-c", program)
    pid, terminal = os.forkpty()
    if pid == 0:
        try:
            os.chdir(tmp_path)
            os.execve(words[0], words, environment())
        finally:
            os._exit(99)
    try:
        assert until(ready.exists, 20), f"{ready} did not appear"
        os.write(terminal, b"\x03")
        _, status = os.waitpid(pid, 0)
    finally:
        os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 0
    assert count.read_text() == "1"


@pytest.mark.processors
def test_killed_at_once_the_record_reads_back(fake_machine: MachineFactory, tmp_path: Path) -> None:
    machine = fake_machine(zones.server("constant:100"))
    ready, holder = tmp_path / "ready", tmp_path / "pid"
    script = f"echo $$ > {holder}; sleep 1.5; touch {ready}; sleep 30"
    words = command("run", "-o", tmp_path, "--interval", "0.1", "--", "sh", "-c", script)
    child = machine.popen(words, env=environment(), cwd=tmp_path)
    try:
        assert until(ready.exists, 20), f"{ready} did not appear"
        child.kill()
        child.wait(20)
    finally:
        if holder.exists():
            os.kill(int(holder.read_text()), signal.SIGKILL)
    done = subprocess.run(command("report", tmp_path), capture_output=True, text=True, env=environment(), check=False)
    assert done.returncode == 0, done.stderr
    assert "ends early" in done.stdout
    document = report(tmp_path)
    assert document["complete"] is False
    result = document["runs"][0]["result"]
    assert 0.4 < result["duration_s"] < 4
    assert counted_j(result) == pytest.approx(100 * result["duration_s"], rel=0.25)


def test_compare_sees_a_difference(fake_machine: MachineFactory, tmp_path: Path) -> None:
    for name, watts in (("a", 100), ("b", 150)):
        machine = fake_machine(zones.server(f"constant:{watts}"))
        words = command("run", "-q", "-o", tmp_path / name, "--sources", machine.reader, "--", "sleep", "0.5")
        assert machine.run(words, env=environment(), cwd=tmp_path).returncode == 0
    done = subprocess.run(
        command("compare", "a", "b", "--json"),
        capture_output=True,
        text=True,
        check=True,
        env=environment(),
        cwd=tmp_path,
    )
    power = next(comparison for comparison in json.loads(done.stdout)["comparisons"] if comparison["name"] == "power")
    assert power["ratio"] == pytest.approx(1.5, rel=0.03)
    assert power["clear"]
    assert not power["overlap"]


@pytest.mark.processors
def test_doctor_names_the_door_that_is_used(fake_machine: MachineFactory, tmp_path: Path) -> None:
    machine = fake_machine(zones.server("constant:100", dram="constant:25"))
    done = machine.run(command("doctor"), capture_output=True, text=True, env=environment(), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(HEADLINES[machine.processor.name])
    assert re.search(rf"^{machine.reader} +used ", done.stdout, re.MULTILINE)


@pytest.mark.processors
def test_doctor_on_a_machine_without_sensors_is_no_failure(fake_machine: MachineFactory, tmp_path: Path) -> None:
    machine = fake_machine([])
    done = machine.run(command("doctor", "--json"), capture_output=True, text=True, env=environment(), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    states = {source["name"]: source["state"] for source in answer["sources"]}
    assert states[machine.reader] != "used"
    assert answer["summary"].startswith("nothing is measured by a sensor; modelled: CPU (TDP × load ± ")


@pytest.mark.processors
def test_strict_fails_before_the_command_where_nothing_is_measured(
    fake_machine: MachineFactory, tmp_path: Path
) -> None:
    machine = fake_machine([])
    words = command("run", "--strict", "--sources", "rapl_powercap", "-o", tmp_path, "--", "touch", tmp_path / "ran")
    done = machine.run(words, capture_output=True, text=True, env=environment(), cwd=tmp_path)
    assert done.returncode == 2
    assert "rapl_powercap" in done.stderr
    assert not (tmp_path / "ran").exists()


def test_an_unwritable_logdir_is_named_and_nothing_runs(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    words = command("run", "-o", tmp_path / "file" / "below", "--", "touch", tmp_path / "ran")
    done = subprocess.run(words, capture_output=True, text=True, env=environment(), cwd=tmp_path, check=False)
    assert done.returncode == 2
    assert str(tmp_path / "file") in done.stderr and "Errno" not in done.stderr
    assert "a file stands where a folder is needed: name another folder" in done.stderr
    assert not (tmp_path / "ran").exists()


@pytest.mark.skipif(not FULL.exists(), reason="Linux")
def test_a_full_disk_is_said_with_the_remedy_before_anything_runs(tmp_path: Path) -> None:
    program = (
        "import resource, sys\nfrom impact_tracker import ImpactTracker\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
        "try:\n    ImpactTracker(sys.argv[1])\n"
        "except OSError as error:\n    print(error.errno, error.strerror, error.filename)\n"
    )
    words = [sys.executable, "-c", program, str(tmp_path)]
    done = subprocess.run(words, env=environment(), cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"{errno.EFBIG} the record cannot be written: ")
    assert "(ulimit -f)" in done.stdout and str(tmp_path) in done.stdout


def test_a_record_that_is_deleted_while_it_is_written_is_said(tmp_path: Path) -> None:
    words = command("run", "-o", tmp_path / "a", "--", "rm", "-r", tmp_path / "a")
    done = subprocess.run(words, capture_output=True, text=True, env=environment(), cwd=tmp_path, check=False)
    assert done.returncode == 0
    assert "it was deleted or moved while the run wrote it" in done.stderr
    assert "impact-tracker: " in done.stderr and not (tmp_path / "a").exists()


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    words = command("run", "-q", "-o", tmp_path, "--", "true")
    subprocess.run(words, env=environment(), cwd=tmp_path, check=True)
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        command("report", tmp_path, "--json"), stdout=writing, stderr=subprocess.PIPE, env=environment(), check=False
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


def test_in_an_ascii_locale_nothing_fails(tmp_path: Path) -> None:
    ascii_only = environment(LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0", PYTHONIOENCODING="")
    words = command("run", "-o", tmp_path, "--", "true")
    done = subprocess.run(words, env=ascii_only, cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    done = subprocess.run(command("report", tmp_path), env=ascii_only, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert b"+/-" in done.stdout and b"?" not in done.stdout
    program = (
        "import sys\nfrom impact_tracker import ImpactTracker\n"
        "with ImpactTracker(sys.argv[1]) as tracker: pass\nprint(tracker.result)"
    )
    words = [sys.executable, "-c", program, str(tmp_path)]
    done = subprocess.run(words, env=ascii_only, cwd=tmp_path, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"") and b"<Result" in done.stdout


@pytest.mark.skipif(not FULL.exists(), reason="a device that is always full")
@pytest.mark.parametrize("code", [0, 5])
def test_standard_error_that_is_full_or_gone_leaves_the_exit_code(tmp_path: Path, code: int) -> None:
    words = command("run", "-o", tmp_path, "--budget", "1 kWh", "--", "sh", "-c", f"sleep 0.1; exit {code}")
    with FULL.open("w") as full:
        done = subprocess.run(words, env=environment(), cwd=tmp_path, stderr=full, check=False)
    assert done.returncode == code
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(words, env=environment(), cwd=tmp_path, stderr=writing, check=False)
    os.close(writing)
    assert done.returncode == code


@pytest.mark.skipif(not FULL.exists(), reason="a device that is always full")
def test_a_budget_ends_its_command_where_nobody_can_be_told(tmp_path: Path) -> None:
    words = command(
        "run", "-o", tmp_path, "--budget", "0.1 J", "--grace", "5", "--interval", "0.05", "--", "sleep", "60"
    )
    with FULL.open("w") as full:
        done = subprocess.run(words, env=environment(), cwd=tmp_path, stderr=full, check=False, timeout=50)
    assert done.returncode == 143
