"""Water, primary energy, elements and scarcity by zone: how many, ranges, and how they hang together."""

import importlib.util

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impact_tracker.factors import FactorError, by_zone, use_overrides, zones_with
from impact_tracker.factors.tables import table

KINDS = ("water", "primary_energy", "fossil_energy", "adp")
FINER = [row[0] for row in table("subnational_intensity")["rows"]]
# ADEME's values of a few zones that are not bundled, as others' tables print them.
PUBLISHED = {
    ("adp", "IND"): 1.001e-7, ("adp", "KEN"): 9.585e-8, ("adp", "AGO"): 1.2407e-7, ("fossil_energy", "DEU"): 8.7477,
    ("fossil_energy", "POL"): 11.1352, ("fossil_energy", "USA"): 9.6884, ("fossil_energy", "SWE"): 4.73,
    ("fossil_energy", "CHE"): 4.7362, ("fossil_energy", "GBR"): 9.0976, ("fossil_energy", "CHN"): 10.6736,
}  # fmt: skip


@pytest.mark.parametrize("kind", [*KINDS, "aware"])
def test_at_least_130_zones_of_each_kind(kind):
    zones = zones_with(kind)
    assert len(zones) >= 130 and {"FRA", "USA", "IND", "BRA", "KEN"} <= set(zones)
    assert kind == "aware" or {"WORLD", "EU"} <= set(zones)


@given(st.sampled_from(KINDS), st.sampled_from([*zones_with("water"), *FINER]))
def test_every_factor_has_a_range_on_both_sides(kind, zone):
    factor = by_zone(kind, zone)
    assert 0 < factor.low < factor.value < factor.high and factor.source and zone in f"{factor.name} {factor.note}"


@given(st.sampled_from(zones_with("aware")))
def test_scarcity_has_a_range_on_both_sides(zone):
    factor = by_zone("aware", zone)
    assert 0 < factor.low < factor.value < factor.high and factor.unit == "m3/m3"


@given(st.sampled_from(zones_with("fossil_energy")))
def test_fossil_energy_is_a_part_of_all(zone):
    assert by_zone("fossil_energy", zone).value <= by_zone("primary_energy", zone).value
    assert by_zone("primary_energy", zone).value >= 3.6  # a kWh is 3.6 MJ


@pytest.mark.parametrize(("place", "value"), PUBLISHED.items())
def test_published_values_lie_in_the_range(place, value):
    factor = by_zone(*place)
    assert factor.low <= value <= factor.high


def test_a_state_takes_its_countrys_and_says_so():
    california = by_zone("water", "US-CA")
    assert california.value == by_zone("water", "USA").value and "USA as a whole" in california.note
    assert by_zone("aware", "US-CA").value == 34.4 != by_zone("aware", "USA").value  # AWARE knows some states


def test_unknown_kinds_and_packages_are_errors(tmp_path):
    with pytest.raises(FactorError, match="Did you mean water"):
        by_zone("watter", "FRA")
    path = tmp_path / "own.json"
    path.write_text('{"zone_package": "ecologit"}')
    with pytest.raises(FactorError, match="one of ecologits, boaviztapi"):
        use_overrides(path)


@pytest.mark.parametrize("package", ["ecologits", "boaviztapi"])
def test_an_installed_package_is_read_where_it_lies(tmp_path, package):
    path = tmp_path / "own.json"
    path.write_text(f'{{"zone_package": "{package}"}}')
    use_overrides(path)
    if importlib.util.find_spec(package) is None:
        with pytest.raises(FactorError, match=f"pip install {package}"):
            by_zone("adp", "KEN")
        return
    factor = by_zone("adp", "KEN")
    assert factor.value == pytest.approx(9.585e-8, rel=1e-3) and package in factor.source
    assert by_zone("fossil_energy", "POL").value == pytest.approx(11.1352, rel=1e-3)
