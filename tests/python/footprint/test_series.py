"""Carbon over a changing intensity: exact, and honest about holes."""

import math
import time
from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impact_tracker.factors import FactorError
from impact_tracker.footprint import IntensityCurve, carbon_over_time

HOUR = 3_600_000_000_000
KWH = 3.6e6
pytestmark = pytest.mark.usefixtures("core")


def curve(values, shape="step", hold=0.0, method="average, lifecycle", times=None):
    times = times or [i * HOUR for i in range(len(values))]
    return IntensityCurve("FR", times, values, times[-1] + HOUR, "test", method, shape=shape, max_hold_s=hold)


def test_known_answer():
    result = carbon_over_time([0, 3 * HOUR], [0.0, 3 * KWH], curve([100, 200, 400]), pue=1.5)
    assert result.carbon_g == pytest.approx(1050.0) and result.quality == "modelled" and not result.partial
    assert "100 to 400" in result.factors[-1].method


def test_an_electricity_maps_reply_of_one_hour():
    grams = carbon_over_time([0, HOUR], [0.0, 10 * KWH], curve([58.765447504659946])).carbon_g
    assert grams / 1000 == pytest.approx(0.58765, abs=5e-6)


def test_a_held_hole_is_estimated_and_said():
    result = carbon_over_time([0, 2 * HOUR], [0.0, 2 * KWH], curve([100, None], hold=7200))
    assert result.carbon_g == pytest.approx(200.0) and result.quality == "estimated" and "bridged" in result.note


def test_energy_without_an_intensity_is_named_and_left_out():
    result = carbon_over_time([0, 4 * HOUR], [0.0, 4 * KWH], curve([100, 100]))
    assert result.partial and result.carbon_g == pytest.approx(200.0) and "2 kWh" in result.note


def test_no_intensity_at_all_is_missing_never_zero():
    result = carbon_over_time([9 * HOUR, 10 * HOUR], [0.0, KWH], curve([100]))
    assert result.carbon_g is None and "no intensity" in result.note


def test_a_gap_of_the_energy_is_partial():
    result = carbon_over_time(
        [0, HOUR, 2 * HOUR, 3 * HOUR], [1000.0, 1000.0, math.nan, 1000.0], curve([100] * 3), kind="power"
    )
    assert result.partial and "7200 s" in result.note and result.carbon_g == pytest.approx(100.0)


def test_a_marginal_curve_is_refused():
    with pytest.raises(FactorError, match="marginal"):
        carbon_over_time([0, HOUR], [0.0, KWH], curve([100], method="marginal"))


@settings(max_examples=50)
@given(st.lists(st.floats(0, 1000), min_size=24, max_size=24), st.lists(st.floats(0, 1e6), min_size=5, max_size=40))
def test_cutting_a_record_in_two_adds_up(grid, steps):
    times = [i * 24 * HOUR // len(steps) for i in range(len(steps) + 1)]
    joules = [0.0]
    for step in steps:
        joules.append(joules[-1] + step)
    cut = len(steps) // 2
    day = curve(grid)

    def grams(a, b):
        carbon_g = carbon_over_time(times[a:b], joules[a:b], day).carbon_g
        return carbon_g or 0.0

    assert grams(0, None) == pytest.approx(grams(0, cut + 1) + grams(cut, None), rel=1e-9, abs=1e-9)


@pytest.mark.serial
def test_a_year_at_5_minutes_over_a_day_at_10_hz_takes_50_ms_at_most():
    step = 300 * 10**9
    values = array("d", [300 + 100 * math.sin(i / 288) for i in range(365 * 288)])
    year = IntensityCurve(
        "FR", array("q", [i * step for i in range(len(values))]), values, 365 * 288 * step, "t", "average"
    )
    times = array("q", [200 * 288 * step + i * 10**8 for i in range(864_001)])
    joules = array("d", [i * 10.0 for i in range(864_001)])
    best = math.inf
    for _ in range(5):
        begin = time.process_time()  # its own work: other programs of the machine do not count
        carbon_over_time(times, joules, year)
        best = min(best, time.process_time() - begin)
    assert best <= 0.05


def test_a_market_based_curve_is_kept_apart():
    with pytest.raises(FactorError, match="market_carbon"):
        carbon_over_time([0, HOUR], [0.0, KWH], curve([100], method="market-based, residual mix"))
