"""On macOS and Windows the package imports, reads records, reports and estimates, and says plainly what needs Linux.

A child interpreter sees one of these systems in place of its own (`fakes.foreign_system`); the core is the one compiled
here. Whether the core compiles for these systems is a stage of `make test-long`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from python.pages.written import Meter, Run, Stretch, write

SYSTEMS = ("darwin", "win32")
TESTS = Path(__file__).parents[1]
CHILD = Path(__file__).with_name("on_another_system.py")


def on(system: str, task: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(TESTS), *(entry for entry in sys.path if entry)])
    return subprocess.run(
        [sys.executable, "-X", "warn_default_encoding", str(CHILD), system, task, *arguments],
        capture_output=True, text=True, check=False, timeout=240, env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip


def checked(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_module_imports_and_every_help_prints(system: str) -> None:
    told = json.loads(checked(on(system, "imports")))
    assert told["failed"] == {}
    assert told["modules"] > 400
    assert told["helps"] > 40


@pytest.mark.parametrize("system", SYSTEMS)
def test_records_are_read_reported_weighed_and_estimated(system: str, tmp_path: Path) -> None:
    meters = (Meter("cpu:0", watts=lambda time: 90.0), Meter("memory", "dram", lambda time: 20.0))
    record = write(tmp_path / "runs", Run(meters, stretches=(Stretch("époque", 10.0, 40.0),)))
    told = json.loads(checked(on(system, "commands", str(record), str(tmp_path))).splitlines()[-1])
    assert told["codes"] == {command: 0 for command in told["codes"]}
    assert len(told["codes"]) > 15
    assert told["energy_j"] == pytest.approx(60 * 110.0, rel=0.01)
    assert told["has_region"]
    assert (tmp_path / "report.html").stat().st_size > 10_000
    assert told["encodings"] == []


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_program_runs_under_the_tracker_with_its_exit_code(system: str, tmp_path: Path) -> None:
    told = json.loads(checked(on(system, "runs", str(tmp_path))).splitlines()[-1])
    assert told == {"good": 0, "bad": 7, "missing": 127, "records": 2, "header": told["header"]}
    assert told["header"]["hostname"]


@pytest.mark.parametrize("system", SYSTEMS)
def test_what_needs_linux_says_so_in_a_sentence(system: str, tmp_path: Path) -> None:
    told = json.loads(checked(on(system, "refusals", str(tmp_path))).splitlines()[-1])
    for command, (code, text) in told.items():
        assert code == 2, (command, text)
        assert "Linux" in text or "udev" in text, (command, text)
        assert "Traceback" not in text


@pytest.mark.parametrize(("system", "name"), [("darwin", "macOS"), ("win32", "Windows")])
def test_doctor_says_that_readers_are_of_another_system(system: str, name: str) -> None:
    out = checked(on(system, "doctor"))
    assert f"this is {name}" in out
    assert "records" in out
