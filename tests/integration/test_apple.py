"""Apple's energy model through the whole package, on a fake of its functions: 12 W of processors, 3 W of the GPU, 2 W
of memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fakes.machine import find_program
from integration.tracked import environment

COUNTERS = "CPU Energy|mJ|@12;GPU Energy|nJ|@3;ANE|mJ|0;DRAM|mJ|@2;DRAM1|furlong|7"
PROGRAM = """
import json, sys, time
from impact_tracker import ImpactTracker
with ImpactTracker(sys.argv[1], sources=["apple_energy"], interval_s=0.1) as tracker:
    time.sleep(1.5)
result = tracker.result
energy = result.energy
print(json.dumps([energy.best_j, energy.half_j, energy.bias_j, str(energy.quality), result.duration_s]))
"""


def asked(*words: str) -> str:
    library = find_program("apple/libIOReport.so")
    variables = environment(IMPACT_TRACKER_IOREPORT=str(library), IMPACT_FAKE_IOREPORT=COUNTERS)
    done = subprocess.run(
        [sys.executable, *words], env=variables, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_power_is_the_controllers_and_marked_as_its_model(tmp_path: Path) -> None:
    energy_j, half_j, bias_j, quality, duration_s = json.loads(asked("-c", PROGRAM, str(tmp_path)))
    assert energy_j == pytest.approx(17.0 * duration_s, abs=3 * half_j + 0.02 * energy_j)
    assert "modelled" in quality.lower()
    assert bias_j == pytest.approx(0.2 * energy_j, rel=0.01)


def test_doctor_names_the_parts_and_what_is_left_out() -> None:
    answer = json.loads(asked("-m", "impact_tracker", "doctor", "--json"))
    probe = next(probe for probe in answer["sources"] if probe["name"] == "apple_energy")
    assert probe["state"] == "used"
    assert 'DRAM1 in "furlong"' in probe["error"]
    assert {channel["quality"] for channel in probe["channels"]} == {"modelled"}
    assert "integrated GPU (the processor's own model ± 20 %)" in answer["summary"]
