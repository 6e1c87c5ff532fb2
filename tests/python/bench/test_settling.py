"""Warming up until the power is steady, and how long a phase must be, on a machine whose power is set."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from impact_tracker.bench.judge.samples import SensorPeriod, phase_seconds, slope_of, slowest_period_s
from impact_tracker.bench.run.settling import chunk_seconds, images_for, settle
from python import fake_core


def test_slope_of_a_line_and_of_noise() -> None:
    assert slope_of([99.0, 100.0, 101.0]) == pytest.approx(0.02)
    assert slope_of([101.0, 99.0, 101.0]) == pytest.approx(0.0)
    assert slope_of([0.0, 0.0]) == math.inf


def test_the_slowest_sensor_sets_the_length_of_a_phase() -> None:
    sensors = [
        SensorPeriod("rapl/package-0", 0.001, is_counter=True),
        SensorPeriod("nvml/0", 0.1, is_counter=False),
        SensorPeriod("bmc", 5.0, is_counter=False),
    ]
    assert slowest_period_s(sensors, ["rapl/package-0"], 1.0) == 0.001
    assert slowest_period_s(sensors, ["rapl/package-0", "nvml/0"], 1.0) == 1.0
    assert slowest_period_s(sensors, ["bmc"], 1.0) == 5.0
    assert slowest_period_s(sensors, [], 1.0) is None
    assert phase_seconds(0.001) == phase_seconds(1.0) == phase_seconds(None) == 60.0  # a minute, whatever the sensor
    assert phase_seconds(5.0) == 300.0
    assert phase_seconds(1.0, 600.0) == 600.0
    assert images_for(60.0, 0.7, 10) == 990  # 60 s and a margin
    assert chunk_seconds(None) == chunk_seconds(0.001) == chunk_seconds(1.0) == 2.0
    assert chunk_seconds(5.0) == 10.0  # two readings of the slowest


def test_settling_waits_until_the_power_is_steady(machine: fake_core.Machine, tmp_path: Path) -> None:
    from impact_tracker import ImpactTracker

    now = 0.0

    class Warming:
        def warm_up(self, *, passes: int, **options: Any) -> float:
            nonlocal now
            now += 0.5 * passes
            machine.power_w = 100.0 * (1 - 0.2 * math.exp(-now / 120.0))
            machine.advance(0.5 * passes)
            return 0.5 * passes

    with ImpactTracker(tmp_path) as tracker:
        settled = settle(Warming(), tracker, "a", {"training": True})
    assert settled.steady
    assert settled.pass_s == 0.5
    assert settled.seconds == 0.5 * settled.passes
    assert 0.2 * math.exp(-settled.seconds / 120.0) < 0.02
    assert 200 < settled.seconds < 600
    assert 0 < settled.slope < 0.02  # a minute


def test_a_slow_sensor_is_given_time_to_speak(machine: fake_core.Machine, tmp_path: Path) -> None:
    """Chunks shorter than its period would all show its last value, and look steady at once."""
    from impact_tracker import ImpactTracker

    asked: list[int] = []

    class Even:
        def warm_up(self, *, passes: int, **options: Any) -> float:
            asked.append(passes)
            machine.advance(0.5 * passes)
            return 0.5 * passes

    with ImpactTracker(tmp_path) as tracker:
        settle(Even(), tracker, "a", {}, chunk_seconds(10.0))
    assert asked[:5] == [1, 1, 40, 40, 40]


def test_powers_are_not_held_against_speeds(machine: fake_core.Machine, tmp_path: Path) -> None:
    """A sensor that is silent for a chunk: 100 W, nothing, 100 W are no change of the power."""
    from impact_tracker import ImpactTracker

    count = 0

    class Silent:
        def warm_up(self, *, passes: int, **options: Any) -> float:
            nonlocal count
            count += 1
            machine.measured = count != 4
            machine.advance(0.5 * passes)
            return 0.5 * passes

    with ImpactTracker(tmp_path) as tracker:
        settled = settle(Silent(), tracker, "a", {})
    assert settled.steady
    assert settled.slope == pytest.approx(0.0)
    assert count == 17  # half a minute


def test_settling_gives_up_and_says_so(machine: fake_core.Machine, tmp_path: Path) -> None:
    from impact_tracker import ImpactTracker

    class Restless:
        def warm_up(self, *, passes: int, **options: Any) -> float:
            machine.power_w *= 1.01
            machine.advance(2.0 * passes)
            return 2.0 * passes

    with ImpactTracker(tmp_path) as tracker:
        settled = settle(Restless(), tracker, "a", {})
    assert not settled.steady
    assert settled.seconds == pytest.approx(900.0, abs=5.0)
    assert settled.slope > 0.01
