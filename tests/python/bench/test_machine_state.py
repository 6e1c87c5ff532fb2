"""Governor, clocks, boost and power limits of machines of every vendor, by files of machines that are made here."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from fakes.gpu import FakeGpus
from fakes.machine import FakeUnavailableError
from impact_tracker.bench.run.circumstances import Watch
from impact_tracker.bench.run.machine_state import NO_CPUFREQ, machine_state
from python.bench.flat import row_of
from python.bench.test_checks import good

CPU = "sys/devices/system/cpu"


def write(root: Path, files: dict[str, str | float]) -> str:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")
    return str(root)


def processors(
    clocks_mhz: list[int], governor: str, low_mhz: int = 800, high_mhz: int = 3600
) -> dict[str, str | float]:
    files: dict[str, str | float] = {}
    for number, clock in enumerate(clocks_mhz):
        folder = f"{CPU}/cpu{number}/cpufreq"
        files[f"{folder}/scaling_governor"] = governor
        files[f"{folder}/scaling_cur_freq"] = clock * 1000
        files[f"{folder}/scaling_min_freq"] = low_mhz * 1000
        files[f"{folder}/scaling_max_freq"] = high_mhz * 1000
    return files


@pytest.fixture(autouse=True)
def no_nvml(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMPACT_TRACKER_NVML", "/nowhere/libnvidia-ml.so.1")


@pytest.mark.parametrize("seed", range(5))
def test_processors_of_every_count_and_clock(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    clocks = [chance.randint(400, 5900) for _ in range(chance.randint(1, 96))]
    governor = chance.choice(["performance", "powersave", "schedutil", "ondemand"])
    state = machine_state(write(tmp_path, processors(clocks, governor, 400, 6000)))
    assert state.governor == governor
    assert state.clock_mhz == pytest.approx(sum(clocks) / len(clocks))
    assert (state.clock_low_mhz, state.clock_high_mhz) == (min(clocks), max(clocks))
    assert (state.clock_floor_mhz, state.clock_ceiling_mhz) == (400, 6000)


def test_intel_has_turbo_and_two_limits_a_package(tmp_path: Path) -> None:
    zone = "sys/class/powercap/intel-rapl:0"
    files: dict[str, str | float] = {
        **processors([3100, 2900], "powersave"),
        f"{CPU}/intel_pstate/no_turbo": 0,
        f"{zone}/name": "package-0",
        f"{zone}/enabled": 1,
        f"{zone}/constraint_0_name": "long_term",
        f"{zone}/constraint_0_power_limit_uw": 125_000_000,
        f"{zone}/constraint_1_name": "short_term",
        f"{zone}/constraint_1_power_limit_uw": 241_000_000,
        f"{zone}:0/name": "dram",
        f"{zone}:0/enabled": 0,
        f"{zone}:0/constraint_0_power_limit_uw": 30_000_000,
    }
    state = machine_state(write(tmp_path, files))
    assert state.boost is True
    assert [(limit.device, limit.name, limit.limit_w) for limit in state.power_limits] == [
        ("package-0", "long_term", 125.0),
        ("package-0", "short_term", 241.0),
    ]
    assert state.missing == {}
    write(tmp_path, {f"{CPU}/intel_pstate/no_turbo": 1, f"{zone}:0/enabled": 1})
    state = machine_state(str(tmp_path))
    assert state.boost is False
    assert state.power_limits[-1].device == "package-0/dram"


@pytest.mark.parametrize("place", ["cpufreq/boost", "cpu1/cpufreq/boost"])
@pytest.mark.parametrize("switch", [0, 1])
def test_amd_and_arm_have_a_switch_of_boost(tmp_path: Path, place: str, switch: int) -> None:
    files = {**processors([2400] * 4, "schedutil"), f"{CPU}/{place}": switch}
    state = machine_state(write(tmp_path, files))
    assert state.boost is bool(switch)
    assert state.power_limits == ()
    assert "power_limits" in state.missing


def test_big_and_little_processors_have_governors_of_their_own(tmp_path: Path) -> None:
    files = {**processors([1800, 1800, 2800], "schedutil"), f"{CPU}/cpu2/cpufreq/scaling_governor": "performance"}
    assert machine_state(write(tmp_path, files)).governor == "performance, schedutil"


def test_cards_of_amd_and_intel_have_caps(tmp_path: Path) -> None:
    files: dict[str, str | float] = {
        "sys/class/drm/card0/device/hwmon/hwmon3/power1_cap": 300_000_000,
        "sys/class/drm/card1/device/hwmon/hwmon4/power1_max": 120_000_000,
        "sys/class/drm/card1-DP-1/device/hwmon/hwmon4/power1_max": 1,
    }
    limits = machine_state(write(tmp_path, files)).power_limits
    assert [(limit.device, limit.limit_w) for limit in limits] == [("card0", 300.0), ("card1", 120.0)]


def test_a_machine_that_says_nothing_gives_reasons_and_no_values(tmp_path: Path) -> None:
    state = machine_state(str(tmp_path))
    assert (state.governor, state.boost, state.clock_mhz, state.power_limits) == (None, None, None, ())
    assert state.missing["governor"] == state.missing["clocks"] == NO_CPUFREQ
    assert {"boost", "power_limits"} <= set(state.missing)


def test_a_register_that_nobody_set_is_no_limit(tmp_path: Path) -> None:
    zone = "sys/class/powercap/intel-rapl:0"
    files: dict[str, str | float] = {f"{zone}/name": "package-0", f"{zone}/constraint_0_power_limit_uw": 4095875000000}
    assert machine_state(write(tmp_path, files)).power_limits == ()


def test_damaged_files_are_reasons(tmp_path: Path) -> None:
    files = {**processors([2000], "performance"), f"{CPU}/cpu0/cpufreq/scaling_cur_freq": "<unknown>"}
    state = machine_state(write(tmp_path, files))
    assert state.clock_mhz is None
    assert "<unknown>" in state.missing["clocks"]


def test_clocks_are_those_while_the_work_ran(tmp_path: Path) -> None:
    root = write(tmp_path, processors([3000, 3000], "schedutil"))
    watch = Watch(root)
    watch.runs()
    write(tmp_path, processors([800, 800], "schedutil"))  # idle again
    row = watch.ended(row_of(good()))
    assert row.around.machine is not None
    assert row.around.machine.clock_mhz == 3000


def test_nvml_tells_the_limit_that_is_enforced() -> None:
    gpus = [{"uuid": "GPU-a", "power_limit_w": 700}, {"uuid": "GPU-b", "power_limit_w": 250.5}]
    try:
        environment = FakeGpus(gpus).environment()
    except FakeUnavailableError as error:
        pytest.skip(str(error))
    environment.pop("IMPACT_TRACKER_NVML", None)
    code = (
        "import json; from impact_tracker.bench.run.machine_state import machine_state; "
        "print(json.dumps([[l.device, l.name, l.limit_w] for l in machine_state('/nowhere').power_limits]))"
    )
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    out = subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True)
    assert json.loads(out.stdout) == [["gpu:GPU-a", "enforced", 700.0], ["gpu:GPU-b", "enforced", 250.5]]
