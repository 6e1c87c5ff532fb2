"""Water, primary energy, depletion; average, marginal and market-based never mixed; sums of known and unknown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impact_tracker.factors import Factor, FactorError, by_zone, intensity, wue
from impact_tracker.footprint import (
    Impact,
    carbon,
    depletion,
    marginal_carbon,
    market_carbon,
    primary_energy,
    water,
    zone_factor,
)

KWH = 3.6e6


def stated(value, unit, method=""):
    return Factor(value, unit, value, value, "test", method=method)


SIZE = st.floats(0.0, 1e3)


@given(st.floats(0.0, 1e12), st.floats(1.0, 3.0), SIZE, SIZE, SIZE, st.floats(0.0, 1e2), st.floats(0.0, 1e-3))
def test_each_impact_is_its_published_formula(joules, pue, wue, grams, litres, megajoules, antimony):
    kwh = joules / KWH
    truth = {
        "carbon_g": kwh * pue * grams,
        "water_l": kwh * (wue + pue * litres),
        "primary_energy_mj": kwh * pue * megajoules,
        "adp_kg_sb": kwh * pue * antimony,
    }
    computed = [
        carbon(joules, pue, intensity=stated(grams, "g/kWh")),
        water(joules, pue, wue=stated(wue, "L/kWh"), grid=stated(litres, "L/kWh")),
        primary_energy(joules, pue, factor=stated(megajoules, "MJ/kWh")),
        depletion(joules, pue, factor=stated(antimony, "kg Sb/kWh")),
    ]
    assert {impact.key: impact.value for impact in computed} == pytest.approx(truth, rel=1e-12, abs=1e-300)


def test_water_counts_the_pue_once():
    result = water(1000 * KWH, 1.2, wue=stated(0.55, "L/kWh"), grid=stated(3.14, "L/kWh"))
    assert result.value == pytest.approx(550 + 3768) and result.key == "water_l"


def test_water_without_one_half_is_partial_and_says_which():
    off_site = water(1000 * KWH, 1.2, wue=None, grid=stated(3.14, "L/kWh"))
    assert off_site.value == pytest.approx(3768) and off_site.partial and "WUE" in off_site.note
    on_site = water(1000 * KWH, 1.2, wue=stated(0.55, "L/kWh"), grid=None)
    assert on_site.value == pytest.approx(550) and on_site.partial
    nothing = water(1000 * KWH, 1.2, wue=None, grid=None)
    assert nothing.value is None and "WUE" in nothing.note and "grid" in nothing.note


def test_primary_energy_and_depletion_of_france():
    assert primary_energy(KWH, factor=by_zone("primary_energy", "FRA")).value == pytest.approx(11.289)
    result = depletion(848_000 * KWH, factor=by_zone("adp", "FRA"))
    assert result.value == pytest.approx(848_000 * 4.858e-8) and result.key == "adp_kg_sb"


def test_a_zone_nobody_published_is_of_its_own_fuels_never_the_worlds():
    for kind in ("water", "adp", "primary_energy", "fossil_energy"):
        own = zone_factor(kind, "AFG")
        assert own.quality == "estimated" and own.value != zone_factor(kind, None).value and "AFG" in own.name
    assert zone_factor("aware", None) is None  # scarcity belongs to a place
    assert zone_factor("adp", None).quality == "estimated" and "no zone" in zone_factor("adp", None).note
    assert zone_factor("adp", "France").value == 4.858e-8


def test_average_marginal_and_market_are_never_swapped():
    average, marginal, market = (stated(24.7, "g/kWh", m) for m in ("average", "marginal", "market-based residual mix"))
    assert marginal_carbon(KWH, intensity=marginal).indicator == "marginal_carbon"
    assert market_carbon(KWH, intensity=market).indicator == "market_carbon"
    for weigh, wrong in [(carbon, marginal), (carbon, market), (marginal_carbon, average), (market_carbon, average)]:
        with pytest.raises(FactorError):
            weigh(KWH, intensity=wrong)
    with pytest.raises(ValueError, match="cannot be added"):
        carbon(KWH, intensity=average) + marginal_carbon(KWH, intensity=marginal)


def test_wrong_units_are_errors():
    with pytest.raises(ValueError, match="L/kWh"):
        water(KWH, wue=stated(0.5, "L/h"), grid=None)
    with pytest.raises(ValueError, match="MJ/kWh"):
        primary_energy(KWH, factor=stated(3.0, "kWh/kWh"))


def test_nothing_measured_is_missing_everywhere():
    assert water(None, wue=wue("gcp"), grid=None).value is None
    assert primary_energy(None, factor=by_zone("primary_energy", "FRA")).quality == "missing"


def test_sums_of_known_and_unknown():
    known = carbon(KWH, intensity=intensity("FR", 2023))
    unknown = Impact.missing("carbon", "g", "nobody knows")
    assert (known + known).value == pytest.approx(2 * 56.039) and not (known + known).partial
    half = known + unknown
    assert half.value == known.value and half.partial and "nobody knows" in half.note
    assert (unknown + unknown).value is None


@given(st.floats(0, 1e12), st.floats(0.001, 1e6))
def test_scaling_and_dividing(joules, amount):
    carbon_of_one = carbon(joules, 1.1, intensity=intensity("DE", 2023))
    assert (carbon_of_one * amount).value == pytest.approx(carbon_of_one.value * amount)
    assert (carbon_of_one / amount).high == pytest.approx(carbon_of_one.high / amount)


@pytest.mark.parametrize("amount", [0, -1, float("nan"), float("inf")])
def test_for_each_of_nothing_is_an_error(amount):
    with pytest.raises(ValueError, match="above 0"):
        carbon(KWH, intensity=intensity("FR")) / amount
