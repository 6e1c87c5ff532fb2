"""Scaphandre beside a workload: a program that writes as it does, powers that are cut, runs that are too short."""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

import pytest

from impact_tracker.studies.meters.measure import MeasuredCommand, run_one
from impact_tracker.studies.meters.meter import KNOWN, FoundMeter
from impact_tracker.studies.meters.scaphandre import LEAST_WHOLE, energy_of, powers_in

# It takes no command, writes reports one after the other in blocks of 8 KiB, and leaves out what has no power yet.
STAND_IN = """
import argparse, json, time
parser = argparse.ArgumentParser()
parser.add_argument("kind", choices=["json"])
for name, kind in (("step", int), ("step-nano", int), ("timeout", int), ("file", str)):
    parser.add_argument(f"--{name}", type=kind)
asked = parser.parse_args()
file = open(asked.file, "w", buffering=8192)
before = time.time()
while True:
    time.sleep(asked.step + asked.step_nano / 1e9)
    host = {"consumption": 40e6, "timestamp": time.time(), "components": {"disks": []}}
    file.write(json.dumps({"host": host, "consumers": [{"cmdline": "x" * 1500}], "sockets": []}))
"""


def place(tmp_path: Path, text: str) -> FoundMeter:
    script, program = tmp_path / "stand_in.py", tmp_path / "scaphandre"
    script.write_text(text)
    program.write_text(f'#!/bin/sh\nexec {sys.executable} {script} "$@"\n')
    program.chmod(0o755)
    return FoundMeter(KNOWN["scaphandre"], str(program))


def test_it_runs_beside_the_workload(tmp_path: Path) -> None:
    reading = run_one(place(tmp_path, STAND_IN), MeasuredCommand(["sleep", "0.8"], "sleep"), 0, 0.05)
    assert reading.error == ""
    assert 0.8 <= reading.duration_s < 3
    assert reading.energy_j == pytest.approx(40 * reading.duration_s, rel=1e-6)


def test_a_run_of_few_powers_has_no_energy_and_is_told_what_helps(tmp_path: Path) -> None:
    reading = run_one(place(tmp_path, STAND_IN), MeasuredCommand(["true"], "true"), 0, 0.05)
    assert reading.energy_j is None
    assert "a longer workload" in reading.error and "--interval" in reading.error


def test_one_that_ends_by_itself_says_why(tmp_path: Path) -> None:
    text = "import sys; sys.exit('no RAPL here')"
    reading = run_one(place(tmp_path, text), MeasuredCommand(["true"], "true"), 0, 0.05)
    assert reading.energy_j is None
    assert reading.error == "exit code 1: no RAPL here"


def test_powers_are_those_of_the_time_before_them() -> None:
    """Of a power that changes at random: the energy is that of the run, but for the steps at its ends."""
    draw = random.Random(4)
    for _ in range(200):
        step, begin = draw.uniform(0.1, 2), draw.uniform(3, 5)
        powers = [(n * step, draw.uniform(10, 90)) for n in range(60)]
        start, end = begin * step, draw.uniform(begin + LEAST_WHOLE + 1, 58) * step
        known = 0.0
        for n in range(1, 60):
            known += powers[n][1] * max(0.0, min(end, n * step) - max(start, (n - 1) * step))
        assert energy_of(powers, start, end, step)[0] == pytest.approx(known)


@pytest.mark.parametrize(
    ("times", "reason"),
    [
        ([1.0], "fewer than two"),
        ([*range(3, 30)], "do not cover"),
        ([*range(15)], "do not cover"),
        ([*range(10), *range(19, 23)], "a gap"),
        ([0, 5, 10, 15, 20, 25], "fewer than 5"),
    ],
)
def test_what_is_not_known_is_missing(times: list[float], reason: str) -> None:
    energy_j, error = energy_of([(at, 50.0) for at in times], 2.0, 20.0, 1.0)
    assert energy_j is None
    assert reason in error


def test_reports_are_read_however_they_stand(tmp_path: Path) -> None:
    reports = [json.dumps({"host": {"timestamp": at, "consumption": 5e7}}) for at in (1.0, 2.0, 4.0)]
    known = [(1.0, 50.0), (2.0, 50.0), (4.0, 50.0)]
    file = tmp_path / "reports"
    assert powers_in(file) == []
    for text in ("".join(reports), "\n".join(reports), f"[{', '.join(reports)}]", "".join(reports) + '{"host": {"tim'):
        file.write_text(text)
        assert powers_in(file) == known
