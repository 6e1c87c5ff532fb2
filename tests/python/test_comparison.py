"""Comparing runs: which errors of two sides cancel, which add up."""

from __future__ import annotations

import math
from typing import Any

import pytest

from impact_tracker.report import ReadRecord
from impact_tracker.report.comparison import compare, scatter_of, side_of
from impact_tracker.result import Result
from impact_tracker.values import Energy
from impact_tracker.values.statistics import student_t
from python.fake_results import ChannelResult, RegionResult


class Read:
    """A record of which only its host is asked."""

    def __init__(self, hostname: str) -> None:
        self.header = {"hostname": hostname}


def run(sensors_j: float, models_j: float = 0.0, host: str = "a", half_j: float = 3.0) -> ReadRecord:
    """A run of 10 s: sensors with a bias of 2 %, models with one of 30 %."""
    channels = [
        ChannelResult("cpu", "x", "cpu", "package", sensors_j, "measured", None, 0.02 * sensors_j),
        ChannelResult("disk", "x", "disk", "other", models_j, "modelled", None, 0.2 * models_j),
        ChannelResult("fans", "x", "fans", "other", 0.0, "modelled", None, 0.1 * models_j),
    ]
    bias_j = sum(channel.bias_j or 0.0 for channel in channels)
    energy = Energy(sensors_j + models_j, half_j, bias_j, models_j, "modelled" if models_j else "measured")
    measured: Any = RegionResult("run", 0, 10 * 10**9, energy, channels=channels)
    return ReadRecord("run", Read(host), Result(measured))  # type: ignore[arg-type]


def energy_of(a: list[ReadRecord], b: list[ReadRecord]) -> Any:
    return compare(a, b)[0]


def test_the_same_sensors_bias_cancels_as_far_as_it_is_equal() -> None:
    same = energy_of([run(1000.0)], [run(1100.0)])
    assert same.a.half_width == pytest.approx(3.0)
    assert same.difference_half_width == pytest.approx(math.hypot(3.0, 3.0, 0.02 * 100.0))
    other = energy_of([run(1000.0)], [run(1100.0, host="b")])
    assert other.a.half_width == pytest.approx(math.hypot(3.0, 20.0))
    assert other.difference_half_width == pytest.approx(math.hypot(3.0, 3.0, 20.0, 22.0))


def test_the_models_biases_add_up_and_do_not_cancel() -> None:
    difference = energy_of([run(1000.0, 100.0)], [run(1000.0, 100.0)])
    assert difference.a.half_width == pytest.approx(math.hypot(3.0, 30.0))
    assert difference.difference_half_width == pytest.approx(math.hypot(3.0, 3.0, 30.0, 30.0))


def test_repeating_does_not_shrink_a_bias() -> None:
    side = side_of([run(1000.0, host="a")] * 4, lambda result: 1.0)
    assert side is not None
    mean = side.mean(same_sensors=False)
    assert (mean.value, mean.runs) == (pytest.approx(1000.0), 4)
    assert mean.half_width == pytest.approx(math.hypot(3.0 / 2.0, 20.0))


def test_scatter_wins_over_smaller_intervals_and_the_bias_stays() -> None:
    side = side_of([run(990.0), run(1010.0)], lambda result: 1.0)
    assert side is not None
    assert side.mean(same_sensors=False).half_width == pytest.approx(math.hypot(scatter_of([990.0, 1010.0]), 20.0))


def test_power_and_carbon_follow_the_energy() -> None:
    energy, power, duration, carbon = compare([run(1000.0)], [run(1100.0)])
    assert [power.unit, duration.unit, carbon.unit] == ["W", "s", "g"]
    assert power.difference_half_width == pytest.approx(energy.difference_half_width / 10.0)
    assert carbon.ratio == pytest.approx(energy.ratio)
    assert duration.difference_half_width == 0.0


def test_students_t_is_the_tables() -> None:
    assert [round(student_t(0.95, freedom), 3) for freedom in (1, 4, 10, 11, 120)] == [
        12.706,
        2.776,
        2.228,
        2.201,
        1.98,
    ]


def test_without_scipy_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("impact_tracker.values.statistics.find_spec", lambda name: None)
    assert scatter_of([1.0]) == 0.0
    with pytest.raises(ImportError, match=r"impact-tracker\[report\]"):
        scatter_of([1.0, 2.0])
