"""Country intensities: known values, names, years, and no silent default."""

import datetime
import math
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impact_tracker.factors import Factor, FactorError, UnknownZoneError, country_code, intensity, worst_quality
from impact_tracker.factors.tables import table

ROWS = table("country_intensity")["rows"]


@pytest.mark.parametrize(
    ("zone", "year", "value"),
    [
        ("FRA", 2023, 56.039),
        ("FRA", 2024, 44.18),
        ("POL", 2024, 614.98),
        ("NOR", 2024, 30.75),
        ("USA", 2024, 383.55),
        ("GBR", 2023, 237.589),
        ("POL", 2023, 661.926),
        ("NOR", 2023, 30.08),
        ("DEU", 2023, 380.95),
    ],
)
def test_values_as_published(zone, year, value):
    factor = intensity(zone, year)
    assert factor.value == pytest.approx(value, rel=5e-4)
    assert (factor.unit, factor.year, factor.quality, factor.note) == ("g/kWh", year, "modelled", "")
    assert factor.low < factor.value < factor.high
    assert "Ember" in factor.source and factor.licence == "CC-BY-4.0" and "lifecycle" in factor.method


@pytest.mark.parametrize(("zone", "value"), [("PL", 733), ("DE", 420), ("CA", 157)])
def test_2022_is_carried_to_the_method_of_the_other_years_and_says_so(zone, value):
    """As the newest edition has it; the edition of December 2023 says 633, 385 and 126."""
    factor = intensity(zone, 2022)
    assert factor.value == pytest.approx(value, rel=0.02) and factor.year == 2022
    assert factor.quality == "estimated" and "carried to the method" in factor.note


@pytest.mark.parametrize("spelling", ["FR", "fr", "FRA", "France", "FRANCE", " france "])
def test_spellings_of_one_country(spelling):
    assert intensity(spelling) == intensity("FRA")


@pytest.mark.parametrize(
    ("spelling", "code"),
    [
        ("UK", "GBR"),
        ("Côte d’Ivoire", "CIV"),
        ("Reunion", "REU"),
        ("Réunion", "REU"),
        ("Czech Republic", "CZE"),
        ("Viet Nam", "VNM"),
        ("NA", "NAM"),
        ("Türkiye", "TUR"),
    ],
)
def test_other_names(spelling, code):
    assert country_code(spelling) == code


def test_about_210_countries_all_found_by_each_name():
    assert len(ROWS) >= 205
    for code, alpha2, name, _values in ROWS:
        assert {country_code(code), country_code(alpha2), country_code(name)} == {code}


@pytest.mark.parametrize(
    ("wrong", "near"),
    [
        ("Frence", "France"),
        ("Germny", "Germany"),
        ("FRX", "France (FRA)"),
        ("DX", ""),
        ("Atlantis", ""),
        ("", ""),
        ("Untied Kingdom", "United Kingdom"),
    ],
)
def test_unknown_zone_names_near_matches(wrong, near):
    with pytest.raises(UnknownZoneError) as caught:
        intensity(wrong)
    assert repr(wrong) in str(caught.value)
    if near:
        assert near in caught.value.near and near in str(caught.value)
    assert isinstance(caught.value, ValueError)


def test_no_zone_is_the_world_and_says_so():
    factor = intensity()
    values = [v[-1][1] for *_, v in ROWS]
    assert intensity(None, 2024).value == pytest.approx(472.94, rel=0.01)  # Ember's own world mean
    assert factor.value == pytest.approx(454.9, rel=0.01) and factor.year == 2025
    assert factor.quality == "estimated" and "world average" in factor.name and "no zone" in factor.note
    assert factor.low == pytest.approx(min(values), abs=0.01) and factor.high == pytest.approx(max(values), abs=0.01)


def test_a_missing_year_takes_the_nearest_earlier_and_says_so():
    this_year = datetime.datetime.now(datetime.timezone.utc).year
    newest = intensity("FR")
    factor = intensity("FR", this_year)
    if newest.year != this_year:
        assert factor.value == newest.value and factor.quality == "estimated"
        assert str(this_year) in factor.note and "nearest earlier" in factor.note


def test_the_union_is_the_mean_of_its_countries_by_what_they_generate():
    union = intensity("EU", 2024)
    assert intensity("SE", 2024).value < union.value < intensity("PL", 2024).value
    assert union.value == pytest.approx(213.3, rel=0.03)  # as Ember has it, of its own weights


def test_a_year_before_the_table_takes_its_first_and_says_so():
    factor = intensity("FR", 2005)
    assert factor.year == 2022 and factor.quality == "estimated" and "the first" in factor.note
    assert factor.high / factor.value > intensity("FR", 2023).high / intensity("FR", 2023).value  # years go by


@pytest.mark.parametrize("year", [2999, datetime.datetime.now(datetime.timezone.utc).year + 1])
def test_future_year_is_an_error(year):
    with pytest.raises(FactorError, match="future"):
        intensity("FR", year)
    with pytest.raises(FactorError, match="future"):
        intensity(None, year)


@pytest.mark.parametrize("year", ["2023", 2023.0, True])
def test_a_year_is_a_whole_number(year):
    with pytest.raises(FactorError, match="whole number"):
        intensity("FR", year)


@given(st.sampled_from(ROWS), st.integers(1900, 2025))
def test_every_answer_is_one_of_the_table(row, year):
    factor = intensity(row[0], year)
    assert [factor.year, factor.value] in [v[:2] for v in row[3]]
    assert (factor.year == year) == ("has no value for" not in factor.note)
    assert bool(factor.note) == (factor.quality == "estimated")


@pytest.mark.parametrize("bad", [math.nan, math.inf, -1.0, True, "5"])
def test_a_factor_refuses_what_is_no_number(bad):
    with pytest.raises(FactorError):
        Factor.stated(bad, "g/kWh", "intensity")


def test_a_factor_lies_in_its_range():
    with pytest.raises(FactorError, match="outside its range"):
        Factor(5.0, "W", 6.0, 7.0, "test")


def test_worst_quality():
    assert worst_quality([]) == "measured"
    assert worst_quality(["measured", "stale", "modelled"]) == "stale"
    with pytest.raises(ValueError, match="guessed"):
        worst_quality(["guessed"])


def test_cite_names_source_year_and_licence():
    line = intensity("FR", 2023).cite()
    for part in ("France", "56.039", "g/kWh", "2023", "Ember", "CC-BY-4.0", "https://"):
        assert part in line


def test_import_reads_no_table():
    code = (
        "import impact_tracker.factors, impact_tracker.factors.tables as t\nassert t.table.cache_info().currsize == 0"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.serial
def test_loading_the_table_takes_at_most_5_ms():
    best = math.inf
    for _ in range(5):
        table.cache_clear()
        begin = time.perf_counter()
        table("country_intensity")
        best = min(best, time.perf_counter() - begin)
    assert best <= 5e-3
