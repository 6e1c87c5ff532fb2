"""Whatever is printed with an error has no digit finer than it: in cards, statements, footprints and estimates."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from impact_tracker.estimators import beside
from impact_tracker.factors import Factor
from impact_tracker.footprint import all_of, carbon, mass_words_of, per_unit, words_of
from impact_tracker.interop import Study, climate_card_markdown, hugging_face, latex_statement, neurips, write
from impact_tracker.interop.statement import Statement
from impact_tracker.report.statement_page import page_of
from impact_tracker.values import Energy

_NUMBER = r"(-?\d[\d.]*(?:e[+-]?\d+)?)"
_SPREAD = re.compile(rf"{_NUMBER}[ ~](\S+) (?:±|\$\\pm\$) {_NUMBER}[ ~]\2")
_RANGE = re.compile(rf"{_NUMBER} [^\d()]*(?:CO2e?)?[^\d()]*\({_NUMBER} to {_NUMBER}")


def assert_coarse(text: str) -> int:
    """How many numbers with an error stand in a text, none of them with a digit finer than a tenth of it."""
    pairs = [(match[1], float(match[3])) for match in _SPREAD.finditer(text)]
    pairs += [(match[1], (float(match[3]) - float(match[2])) / 2.0) for match in _RANGE.finditer(text)]
    for number, half in pairs:
        mantissa, _, power = number.partition("e")
        zeros = 0 if "." in mantissa else len(mantissa) - len(mantissa.rstrip("0"))  # 1010 is of tens
        step = 10.0 ** (int(power or 0) - len(mantissa.partition(".")[2]) + zeros)
        telling = len(mantissa.replace(".", "").strip("-0"))
        assert telling <= 2 or step >= half / 30.0 or (telling <= 5 and half < step), (number, half, text)
    return len(pairs)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.floats(1.0, 1e9), st.floats(1e-3, 0.9), st.floats(1e-3, 0.9), st.floats(1.0, 3.0), st.floats(5.0, 900.0))
def test_no_printed_value_has_digits_finer_than_its_error(
    climatebert: Statement, best_j: float, half: float, bias: float, spread: float, grams: float
) -> None:
    energy = Energy(best_j, half * best_j, bias * best_j, quality="modelled")
    grid = Factor(grams, "g/kWh", grams / spread, grams * spread, "drawn", name="intensity, somewhere", year=2024)
    run = replace(climatebert, energy=energy, site=replace(climatebert.site, intensity=grid))
    study = Study(run, [run])
    for text in (neurips(study), latex_statement(study), climate_card_markdown(study, extended=True)):
        assert assert_coarse(text) >= 1, text
    for runs in ([run], [run, replace(run, name="another", run_id="another")]):
        page = page_of(runs)
        lines = [page.headline, *(" ".join(map(str, row)) for table in page.tables for row in table.rows)]
        assert sum(assert_coarse(line) for line in lines) >= 1, lines
    fields = {"need": "a", "alternatives": "b", "sufficient_level": "c", "reached_level": "d"}
    assert_coarse(write("frugal", [run], {**fields, "functional_unit": "image", "units": "7"}))
    assert_coarse(hugging_face(run))
    impact = carbon(energy, 1.1, intensity=grid)
    for text in (words_of(impact), mass_words_of(impact), per_unit(impact, 13.0, "image").sentence()):
        assert assert_coarse(text) == 1, text
    assert_coarse(beside(energy, 3600.0, run.hardware).sentence())
    for equivalent in all_of(impact):
        assert_coarse(f"{equivalent.amount} x ({equivalent.low} to {equivalent.high})")


def test_a_mean_power_has_its_error_and_no_finer_digit(climatebert: Statement) -> None:
    """It is the energy's error over the time; nobody states one: three digits."""
    run = replace(climatebert, energy=Energy(1.2345e8, 1e6, 8.5e6, quality="modelled"))
    assert "0.71 kW ± 0.05 kW on average (modelled" in climate_card_markdown(Study(run))
    assert ", 0.7 kW on average" in climate_card_markdown(Study(climatebert))


def test_an_intensity_has_no_digit_finer_than_its_range(climatebert: Statement) -> None:
    grid = Factor(123.456, "g/kWh", 80.0, 200.0, "drawn", name="intensity, somewhere", year=2024)
    run = replace(climatebert, site=replace(climatebert.site, intensity=grid))
    assert "120 gCO2eq/kWh (2024, drawn)" in climate_card_markdown(Study(run), extended=True)
    assert "at 120~g\\,CO$_2$e/kWh" in latex_statement(Study(run))
    assert "at 120 g/kWh" in page_of([run]).headline


def test_a_modelled_energy_is_as_coarse_in_a_paper_as_on_the_console(climatebert: Statement) -> None:
    run = replace(climatebert, energy=Energy(1.2345e8, 1e6, 8.5e7, quality="modelled"))
    assert "used 34~kWh $\\pm$ 24~kWh of electricity" in latex_statement(Study(run))
    assert "(34 kWh ± 24 kWh without the site's overhead" in neurips(Study(run))


def test_an_error_that_is_not_known_leaves_three_digits(climatebert: Statement) -> None:
    assert re.search(r"used \d\d\.\d~kWh of electricity", latex_statement(Study(climatebert)))
    assert pytest.approx(33.6) == climatebert.energy.kwh
