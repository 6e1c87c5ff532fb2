"""Energy × PUE × intensity: known answers, ranges that hold the truth, and None for what was not measured."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impact_tracker.factors import Factor, intensity
from impact_tracker.footprint import carbon

GRID = Factor(453.22, "g/kWh", 400.0, 500.0, "test")
positive = st.floats(0, 1e15, allow_nan=False)
triples = st.lists(positive, min_size=3, max_size=3).map(sorted)


def test_known_answer():
    result = carbon(2.2813536 * 3.6e6, intensity=GRID)  # the Green Algorithms screenshot: 2.28 kWh, 1.03 kg
    assert result.carbon_g == pytest.approx(1033.955, abs=5e-4)
    assert result.value == result.carbon_g and result.unit == "g"


def test_pue_scales_and_zero_energy_is_zero():
    assert carbon(3.6e6, 1.5, intensity=GRID).carbon_g == pytest.approx(1.5 * 453.22)
    assert carbon(0.0, intensity=GRID).carbon_g == 0.0


@pytest.mark.parametrize("absent", [None, math.nan])
def test_not_measured_is_none_never_zero(absent):
    result = carbon(absent, intensity=GRID)
    assert (result.carbon_g, result.low, result.high, result.quality) == (None, None, None, "missing")
    assert "not measured" in result.note


@pytest.mark.parametrize("pue", [0.99, 0.0, -1.0, math.nan, math.inf])
def test_impossible_pue(pue):
    with pytest.raises(ValueError, match="PUE"):
        carbon(1.0, pue, intensity=GRID)


@pytest.mark.parametrize("energy", [-1.0, math.inf, (2.0, 1.0, 3.0), (1.0, 2.0), (-1.0, 1.0, 2.0)])
def test_impossible_energy(energy):
    with pytest.raises(ValueError, match="energy"):
        carbon(energy, intensity=GRID)


def test_intensity_in_another_unit_is_an_error():
    with pytest.raises(ValueError, match="kg/kWh"):
        carbon(1.0, intensity=Factor.stated(0.4, "kg/kWh", "intensity"))
    with pytest.raises(ValueError, match="negative"):
        Factor.stated(-5.0, "g/kWh", "intensity")


def test_quality_is_that_of_the_worst_part():
    assert carbon(1.0, 1.0, intensity=GRID).quality == "modelled"
    assert carbon(1.0, 1.0, intensity=intensity()).quality == "estimated"
    assert carbon(1.0, 1.0, intensity=GRID, quality="stale").quality == "stale"


def test_a_pue_that_nobody_stated_is_estimated_and_its_range_counts():
    unstated, stated = carbon(3.6e6, intensity=GRID), carbon(3.6e6, 1.0, intensity=GRID)
    assert unstated.value == stated.value and unstated.low == stated.low
    assert unstated.high == pytest.approx(1.67 * stated.high)
    assert (unstated.quality, stated.quality) == ("estimated", "modelled")
    assert any("nobody stated it" in line for line in unstated.sources)


def test_result_names_formula_and_sources():
    result = carbon((3.5e6, 3.6e6, 3.7e6), 1.2, intensity=intensity("FR", 2023))
    assert "56.039 g/kWh" in result.formula and "1.2" in result.formula
    assert any("Ember" in line for line in result.sources)
    assert result.as_dict()["carbon_g"] == result.value and result.as_dict()["carbon_g_high"] == result.high


@given(triples, st.floats(1, 3), triples, st.floats(0, 1), st.floats(0, 1))
def test_the_range_holds_every_combination_of_parts(energy, pue, grid, a, b):
    result = carbon(energy, pue, intensity=Factor(grid[1], "g/kWh", grid[0], grid[2], "test"))
    used = energy[0] + a * (energy[2] - energy[0])
    factor = grid[0] + b * (grid[2] - grid[0])
    truth = used / 3.6e6 * pue * factor
    slack = 1e-9 * abs(truth)
    assert result.low - slack <= truth <= result.high + slack
    assert result.low <= result.value * (1 + 1e-12) and result.value <= result.high * (1 + 1e-12)
