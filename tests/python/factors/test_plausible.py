"""What is typed or reported is doubted by one set of rules: on the command line, in files, in the tracker, by lint."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impact_tracker import cli
from impact_tracker.errors import ImpactWarning
from impact_tracker.factors import use_overrides
from impact_tracker.factors.plausible import (
    HIGHEST_GRID,
    LOWEST_GRID,
    OF_CARBON,
    OF_ENERGY,
    RULES,
    doubts_of,
    grams_per_kwh,
    of_intensity,
    slip_of,
    slips,
)
from impact_tracker.interop.documents import numbers_in
from impact_tracker.interop.lint import lint
from impact_tracker.interop.reported import ReportedNumbers


@given(st.floats(LOWEST_GRID, HIGHEST_GRID))
def test_what_a_grid_has_is_not_doubted_and_in_kilograms_it_is(grams):
    assert of_intensity(grams) is None
    doubt = of_intensity(grams / 1000)
    if grams / 1000 < LOWEST_GRID:
        assert doubt is not None and doubt.level == "warning" and "kg/kWh" in doubt.what + doubt.remedy


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"intensity": 0.05}, "kg/kWh"),
        ({"intensity": 0.05}, "50 g/kWh"),
        ({"to_intensity": 0.4}, "400 g/kWh"),
        ({"intensity_g_per_kwh": 380_000.0}, "g/MWh"),
        ({"pue": 50.0}, "1.5"),
        ({"pue": 156.0}, "1.56"),
        ({"to_pue": 12.0}, "1.12"),
        ({"wue": 1800.0}, "1.8 L/kWh"),
        ({"gpu_w": 3200.0}, "one card"),
        ({"gpu_w": 0.4}, "400 W"),
        ({"core_w": 280.0}, "cores"),
        ({"gpu_die_cm2": 814.0}, "8.14 cm2"),
        ({"gpu_memory_gb": 81_920.0}, "80 GB"),
        ({"hours": 1e6}, "114 years"),
        ({"hours": 1e6}, "277.8 h"),
        ({"memory_gb": 5000.0, "cores": 1.0}, "4.883 GB"),
        ({"memory_gb": 65_536.0, "cores": 16.0}, "16 cores"),
        ({"memory_gb": 4e6, "cores": 4.0}, "MB"),
        ({"ram_gb": 2e6}, "1953 GB"),
        ({"cores": 1e9}, "cores"),
        ({"gpus": 1e6}, "cards"),
        ({"lifetime_years": 48.0}, "4 years"),
    ],
)
def test_a_slip_is_named_with_what_was_meant(typed, words):
    ((_, doubt),) = doubts_of(typed)
    assert words in str(doubt)


def test_what_may_be_is_not_doubted():
    sound = {"intensity": 56.0, "pue": 1.2, "wue": 0.5, "gpu_w": 400.0, "core_w": 7.5, "idle_w": 300.0}
    sound |= {"hours": 2880.0, "cores": 2e5, "gpus": 25_000.0, "memory_gb": 2e4, "lifetime_years": 6.0}
    assert doubts_of({**dict.fromkeys(RULES), **sound, "runs": 1e9, "zone": "FR"}) == []


@pytest.mark.parametrize(
    ("command", "flag"),
    [
        (["estimate", "--hours", "1", "--cores", "4", "--intensity", "0.05"], "--intensity"),
        (["estimate", "--hours", "1", "--cores", "4", "--pue", "50"], "--pue"),
    ],
)
def test_the_command_line_warns_and_the_estimate_says_it(capsys, command, flag):
    assert cli.main([*command, "--json"]) == 0
    streams = capsys.readouterr()
    assert f"warning: {flag}" in streams.err
    assert json.loads(streams.out)["notes"][0].startswith(flag)


def test_a_file_of_factors_is_doubted_too(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({"intensity": {"FR": {"value": 0.0217, "unit": "g/kWh"}}}))
    with pytest.warns(ImpactWarning, match=r"21\.7 g/kWh"):
        use_overrides(path)
    use_overrides(None)


@pytest.mark.parametrize(
    ("number", "unit", "grams"),
    [
        (0.0217, "kg/kWh", 21.7),
        (0.0217, "kg CO2e/kWh", 21.7),
        (0.0217, "kgCO2eq per kWh", 21.7),
        (0.0217, "kg CO₂-eq/kWh", 21.7),
        (21.7, "g/kWh", 21.7),
        (21.7, "kg/MWh", 21.7),
        (800.0, "lb/MWh", 362.874),
        (0.38, "t/MWh", 380.0),
        (100.0, "g/MJ", 360.0),
        (1.0, "banana", None),
        (1.0, "g", None),
    ],
)
def test_units_of_intensity(number, unit, grams):
    assert grams_per_kwh(number, unit) == (None if grams is None else pytest.approx(grams, rel=1e-6))


@pytest.mark.parametrize("unit", ["kg/kWh", "kg CO2e/kWh", "kgCO2eq/kWh"])
def test_a_card_in_kilograms_a_kwh_is_converted(tmp_path, unit):
    card = tmp_path / "card.md"
    rows = [
        "| Climate performance model card | |",
        "|---|---|",
        "| 4. What was the energy consumption (GPU/CPU)? | 100 kWh |",
        f"| 6. What was the energy mix at the geo location? | 0.0217 {unit} (2024) |",
        "| 7. How much CO2eq was emitted to train the final model? | 2.17 kg |",
    ]
    card.write_text("\n".join(rows) + "\n")
    (numbers,) = numbers_in(card)
    assert numbers.intensity == pytest.approx(21.7) and numbers.intensity_year == 2024
    assert [finding for finding in lint(numbers) if finding.level == "error"] == []


@given(st.floats(20, 900), st.floats(0.01, 1e4), st.sampled_from([*OF_CARBON]))
def test_lint_names_a_slip_of_carbon_where_power_confirms_the_energy(grams, kwh, slip):
    report = ReportedNumbers(
        "x", site_kwh=kwh, it_kwh=kwh, power_w=kwh * 1000, duration_s=3600.0, intensity=grams, intensity_year=2024,
        carbon_g=kwh * grams / slip.factor,
    )  # fmt: skip
    errors = [finding for finding in lint(report) if finding.level == "error"]
    assert errors and any(slip.words in finding.what for finding in errors)


@given(st.floats(20, 900), st.floats(0.01, 1e4), st.sampled_from([*OF_ENERGY]))
def test_lint_names_a_slip_of_energy_where_power_contradicts_it(grams, kwh, slip):
    report = ReportedNumbers(
        "x", site_kwh=kwh / slip.factor, it_kwh=kwh / slip.factor, power_w=kwh * 1000, duration_s=3600.0,
        carbon_g=kwh * grams, zone="FR",
    )  # fmt: skip
    errors = [finding for finding in lint(report) if finding.level == "error"]
    assert errors and any(slip.words in finding.what for finding in errors)


def test_the_likeliest_slip_is_the_nearest_to_the_zone():
    assert [slip.factor for slip in slips(0.056, 5, 1400, OF_CARBON, near=56.0)] == [1000.0]
    assert slip_of(453.59237, 1.0, OF_CARBON) is None
    assert slip_of(1.0, 453.59237, OF_CARBON).words.startswith("pounds")
