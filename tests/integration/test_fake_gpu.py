"""The fake NVIDIA driver, found by a program of another process on its library path."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fakes.gpu import FakeGpus
from fakes.machine import FakeUnavailableError
from integration.tracked import environment, the_result

PROGRAM = """
import ctypes
nvml = ctypes.CDLL("libnvidia-ml.so.1")
assert nvml.nvmlInit_v2() == 0
device, energy = ctypes.c_void_p(), ctypes.c_ulonglong()
assert nvml.nvmlDeviceGetHandleByIndex_v2(0, ctypes.byref(device)) == 0
assert nvml.nvmlDeviceGetTotalEnergyConsumption(device, ctypes.byref(energy)) == 0
print(energy.value)
"""


def test_another_process_sees_the_same_machine() -> None:
    try:
        gpus = FakeGpus([{"arch": "hopper", "curve": "constant:500", "start_j": 0}], age_s=60)
    except FakeUnavailableError as error:
        pytest.skip(str(error))
    before = time.monotonic_ns()
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=gpus.environment(), capture_output=True, text=True, check=True
    )
    after = time.monotonic_ns()
    energy_j = int(done.stdout) * 1e-3
    assert gpus.energy_j(0, gpus.epoch_ns, before - 20_000_000) <= energy_j <= gpus.energy_j(0, gpus.epoch_ns, after)


def test_a_counter_that_stands_still_is_missing_and_never_a_measured_zero(core: object, tmp_path: Path) -> None:
    try:
        gpus = FakeGpus([{"arch": "hopper", "curve": "constant:300", "counter_gain": 0, "start_j": 5000}], age_s=60)
    except FakeUnavailableError as error:
        pytest.skip(str(error))
    program = "import sys, time\nfrom impact_tracker import *\nwith ImpactTracker(sys.argv[1]): time.sleep(1.5)\n"
    settings = environment(**gpus.environment({}), IMPACT_TRACKER_SOURCES="nvml")
    subprocess.run([sys.executable, "-c", program, tmp_path], env=settings, capture_output=True, text=True, check=True)
    result = the_result(tmp_path)
    (counter,) = (channel for channel in result["channels"] if channel["in_total"])
    assert counter["unit"] == "J"
    assert counter["quality"] == "missing"
    assert result["energy_j"] is None
    assert result["partial"]
    assert any(f"{counter['id']}: its counter stood still" in note for note in result["notes"])


LATE = """
import json, os, sys, time
from pathlib import Path
from impact_tracker import _core
root, log, ready = map(Path, sys.argv[1:])
(root / "dev").mkdir(parents=True)
(root / "dev/nvidia0").touch()
not_ready = root / "driver.json"
not_ready.write_text('{"init_error": 9}')
os.environ["IMPACT_FAKE_NVML"] = str(not_ready)
settings = _core.TrackerSettings()
settings.logdir, settings.interval_s, settings.scope = str(log), 0.1, _core.Scope.machine
settings.sources = ["nvml", "nvml_late"]
tracker = _core.Tracker(settings, str(root))
tracker.start()
time.sleep(1)
not_ready.write_text(ready.read_text())
time.sleep(4)
tracker.stop({})
"""


def test_a_driver_that_is_loaded_while_the_program_runs_is_taken_up(core: object, tmp_path: Path) -> None:
    try:
        gpus = FakeGpus([{"arch": "hopper", "curve": "constant:300", "start_j": 5000}], age_s=60)
    except FakeUnavailableError as error:
        pytest.skip(str(error))
    ready = tmp_path / "ready.json"
    ready.write_text(json.dumps(gpus.config))
    settings = environment(**gpus.environment({}), IMPACT_TRACKER_NVML=str(gpus.library))
    log = tmp_path / "log"
    words = [sys.executable, "-c", LATE, tmp_path / "root", log, ready]
    subprocess.run(words, env=settings, check=True, timeout=60)
    result = the_result(log)
    (counter,) = (channel for channel in result["channels"] if channel["in_total"])
    assert counter["id"] == "nvml_late/nvidia0/energy"
    assert 0.3 < counter["coverage"] < 0.85  # it is asked again every 2 s
    covered_s = counter["coverage"] * result["duration_s"]
    assert counter["energy_j"] == pytest.approx(300 * covered_s, abs=80)
    assert result["partial"]
    assert any("nvml_late/nvidia0/energy: no reading covers" in note for note in result["notes"])
