"""`impact-tracker top` on a fake machine and on records."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import struct
import subprocess
import termios
from pathlib import Path

import pytest

from fakes import zones
from fakes.gpu import FakeGpus
from fakes.plugin import MachineFactory
from impact_tracker import ImpactTracker
from integration.tracked import command, environment

pytestmark = pytest.mark.usefixtures("core")


def test_one_look_tells_the_machines_power(fake_machine: MachineFactory) -> None:
    machine = fake_machine(zones.server("constant:80", dram="constant:10"))
    done = machine.run(
        command("top", "--once", "--json", "--interval", "1"),
        env=environment(IMPACT_TRACKER_SOURCES=machine.reader), capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    snapshot = json.loads(done.stdout)
    by_name = {device["name"]: device["watts"] for device in snapshot["devices"]}
    packages = [watts for name, watts in by_name.items() if name.endswith("package")]
    assert packages == [pytest.approx(80, rel=0.1)] * len(packages) and packages
    shared = sum(use["watts"] for use in snapshot["processes"] if use["watts"] is not None)
    assert shared <= sum(packages) * (1 + 1e-9)


def test_a_gpus_power_goes_to_those_who_use_it() -> None:
    """This process and its parent use two GPUs of a driver that tells each one's work, and of another that does not."""
    own, other = os.getpid(), os.getppid()
    gpus = FakeGpus(
        [
            {"arch": "hopper", "uuid": "GPU-told", "curve": "constant:400", "processes": [
                {"pid": own, "sm": 60, "memory_mib": 2048}, {"pid": other, "sm": 20, "memory_mib": 512}]},
            {"arch": "hopper", "uuid": "GPU-untold", "curve": "constant:200", "processes": [
                {"pid": own, "sm": 50, "memory_mib": 1024}, {"pid": other, "sm": 50, "memory_mib": 256}],
             "fail": [{"call": "ProcessUtilization", "code": 3, "from_s": 0, "for_s": 3600}]},
        ],
        age_s=5.0,
    )  # fmt: skip
    done = subprocess.run(
        command("top", "--once", "--json", "--interval", "1"),
        env={**gpus.environment(environment()), "IMPACT_TRACKER_SOURCES": "nvml"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    snapshot = json.loads(done.stdout)
    if os.readlink("/proc/self/ns/pid") != "pid:[4026531836]":  # noqa: PTH115
        assert any("this container numbers processes" in note for note in snapshot["notes"])
        return
    uses = {use["pid"]: use for use in snapshot["processes"] if use["gpu"] is not None}
    assert uses.keys() == {own, other}
    assert uses[own]["gpu"]["memory_bytes"] == 3 * 2**30 and uses[other]["gpu"]["memory_bytes"] == 768 * 2**20
    # The second GPU's power is not divided, so that nobody's sum is known: it is None, and never a part of it.
    assert uses[own]["gpu"]["watts"] is None and uses[own]["gpu"]["use"] is None
    jobs = sum(job["processes"] for job in snapshot["jobs"])
    assert jobs == len(snapshot["processes"])


def test_a_gpus_power_is_divided_by_work() -> None:
    own, other = os.getpid(), os.getppid()
    users = [{"pid": own, "sm": 60, "memory_mib": 2048}, {"pid": other, "sm": 20, "memory_mib": 512}]
    gpus = FakeGpus([{"arch": "hopper", "curve": "constant:400", "processes": users}], age_s=5.0)
    done = subprocess.run(
        command("top", "--once", "--json", "--interval", "1"),
        env={**gpus.environment(environment()), "IMPACT_TRACKER_SOURCES": "nvml"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    if os.readlink("/proc/self/ns/pid") != "pid:[4026531836]":  # noqa: PTH115
        pytest.skip("process numbers of the driver are not this container's")
    uses = {use["pid"]: use for use in json.loads(done.stdout)["processes"] if use["gpu"] is not None}
    assert uses[own]["gpu"]["watts"] == pytest.approx(300, rel=0.1)
    assert uses[other]["gpu"]["watts"] == pytest.approx(100, rel=0.1)
    assert uses[own]["gpu"]["use"] == pytest.approx(0.6)
    assert uses[own]["partial"]  # no sensor of the processors is asked here


def test_a_record_that_is_being_written(tmp_path: Path) -> None:
    with ImpactTracker(tmp_path) as tracker, tracker.region("epoch"):
        tracker._guard.core.flush()
        done = subprocess.run(
            command("top", tmp_path, "--once", "--json"), env=environment(), capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stderr
    snapshot = json.loads(done.stdout)
    assert snapshot["regions"] == ["epoch"] and "runs, or was cut off" in snapshot["title"]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["/nowhere"], "there is nothing at"),
        (["--interval", "0"], "--interval must lie between"),
        ([], "needs a terminal"),
    ],
)
def test_what_cannot_be_watched_is_said(words: list[str], reason: str) -> None:
    done = subprocess.run(command("top", *words), env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 2 and reason in done.stderr


def test_it_draws_in_a_terminal_and_ends_with_q(tmp_path: Path) -> None:
    """Textual draws on the standard error."""
    pytest.importorskip("textual")
    terminal, inside = pty.openpty()
    fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 10, 40, 0, 0))
    program = subprocess.Popen(
        command("top", "--interval", "0.2"), stdin=inside, stdout=inside, stderr=inside, cwd=tmp_path,
        env=environment(TERM="xterm-256color"), start_new_session=True,
    )  # fmt: skip
    os.close(inside)
    # What is pressed once a text was drawn: the jobs, then a picture and the end.
    steps = [(b"[processes", b"\t"), (b"[jobs]", b"pq")]
    drawn = b""
    try:
        while select.select([terminal], [], [], 60)[0]:
            try:
                drawn += os.read(terminal, 65536)
            except OSError:  # the program has closed its side
                break
            if steps and steps[0][0] in drawn:
                os.write(terminal, steps.pop(0)[1])
        assert program.wait(30) == 0 and not steps
    finally:
        program.kill()
        os.close(terminal)
    (picture,) = tmp_path.glob("impact-top-*.svg")
    assert "[jobs]" in picture.read_text(encoding="utf-8").replace("&#160;", " ")


def test_a_damaged_record_is_said(tmp_path: Path) -> None:
    place = tmp_path / "impacttracker" / "x.jsonl"
    place.parent.mkdir()
    place.write_text("not a record\n")
    done = subprocess.run(
        command("top", tmp_path, "--once"), env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 2 and str(place) in done.stderr
