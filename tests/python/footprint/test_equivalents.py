"""Equivalents: the calculator's screenshot, boundaries a person, and nothing for an unknown carbon."""

import pytest

from impact_tracker.factors import Factor
from impact_tracker.footprint import Impact, all_of, carbon, core_hours, flights, kilometres, person_years, tree_months
from impact_tracker.footprint.equivalents import boundary_a_person

SCREENSHOT = carbon(2.2813536 * 3.6e6, intensity=Factor.stated(453.22, "g/kWh", "US"))


def grams(number):
    return carbon(3.6e6, intensity=Factor.stated(number, "g/kWh", "x"))


def test_the_screenshot():
    assert tree_months(SCREENSHOT).value == pytest.approx(1.12795, abs=5e-6)
    assert kilometres(SCREENSHOT).value == pytest.approx(5.9083, abs=5e-5)
    assert kilometres(SCREENSHOT, "car km US").value == pytest.approx(4.1193, abs=5e-5)
    assert flights(SCREENSHOT).name == "flight Paris-London"
    assert flights(SCREENSHOT).value == pytest.approx(0.02068, abs=5e-6)
    assert tree_months(SCREENSHOT, "tree year 1.0").value == pytest.approx(1033.955 / 11400 * 12, rel=1e-6)


def test_boundaries_a_person():
    assert boundary_a_person("carbon") / 1000 == pytest.approx(984.65, abs=0.005)
    assert boundary_a_person("adp") == pytest.approx(0.031665, abs=5e-7)
    assert boundary_a_person("water_deprived") == pytest.approx(26_315, abs=0.5)
    assert boundary_a_person("fossil_energy") == pytest.approx(32_388, abs=0.5)
    assert person_years(grams(984_650.0)).value == pytest.approx(1.0, abs=1e-5)
    with pytest.raises(ValueError, match="ionising"):
        boundary_a_person("ionising")


def test_the_flight_grows_with_the_carbon():
    assert flights(grams(3e5)).name == "flight New York-San Francisco"
    assert flights(grams(2e6)).name == "flight New York-Melbourne"
    assert flights(grams(100.0), "flight Paris-Dublin").value == pytest.approx(100 / 110_000)


def test_core_hours():
    assert core_hours(grams(4680.0)).value == pytest.approx(1000.0)


def test_an_unknown_carbon_has_no_equivalent():
    unknown = Impact.missing("carbon", "g", "why not")
    assert all_of(unknown) == []
    with pytest.raises(ValueError, match="why not"):
        tree_months(unknown)
    assert len(all_of(SCREENSHOT)) == 7
