"""Lint reads documents too: each of the eleven traps is found in a file of the kind in which it occurs."""

import json
from dataclasses import replace

import pytest

from impact_tracker import cli
from impact_tracker.interop import InteropError, climate_card_markdown, codecarbon, read_runs, sci_json
from impact_tracker.interop.cards import Study
from impact_tracker.interop.documents import is_document, numbers_in, of_climate_card
from impact_tracker.interop.lint import lint_all
from impact_tracker.interop.reported import of_statement
from impact_tracker.values import Energy, joules_of


def call(capsys, arguments):
    code = cli.main(["lint", *map(str, arguments)])
    return code, *capsys.readouterr()


def matrix(carbon, water=None, primary=None):
    known = {"carbon": carbon, "water": water, "primary_energy": primary}
    return {name: {"use": {"value": value}} for name, value in known.items()}


USED = {"name": "x", "energy_kwh": 10.0, "pue": 1.2, "zone": "FR"}
ESTIMATE = {"method": "green-algorithms", "energy_kwh": 2.2813536, "carbon_g": 1033.955, "tree_months": 1.12795}
FACTORS = {"intensity": {"FR": {"value": 44.0, "unit": "g/kWh", "year": 2024, "method": "average, lifecycle"}}}
SCI = {"sci_g_per_unit": 0.5, "R": 1000.0, "E_kwh": 5.0, "I_g_per_kwh": 100.0, "O_g": 500.0, "M_g": None}

# trap -> a sound document, and what spoils it: where it occurs in files that people have
CASES = {
    1: ([{**USED, "wue_l_per_kwh": 0.5, "grid_water_l_per_kwh": 3.0, "matrix": matrix(530.0, 41.0)}], {"water": 49.2}),
    3: ([{**USED, "matrix": matrix(530.0)}], {"carbon": 0.53}),
    4: (ESTIMATE, {"tree_months": 1033.955 / 917}),
    5: (FACTORS, {"year": None}),
    6: (FACTORS, {"method": "marginal"}),
    7: (FACTORS, {"method": "direct, production"}),
    8: (
        {"gpu_embodied": {"NVIDIA H100 SXM5": {"value": 164, "unit": "kg", "low": 164, "high": 575}}},
        {"low": None, "high": None},
    ),
    9: ([{**USED, "matrix": matrix(530.0, None, 12 * 11.289)}], {"primary_energy": 12 * 9.3135}),
    10: ({"ram_power": {"per GB": {"value": 0.3725, "unit": "W/GB"}}}, {"value": 5.0}),
    11: (SCI, {"sci_g_per_unit": 500.0}),
}


def spoiled(document, changes):
    """The document with some fields changed wherever they stand."""
    if isinstance(document, list):
        return [spoiled(part, changes) for part in document]
    if not isinstance(document, dict):
        return document
    out = {}
    for name, value in document.items():
        if name in changes and name in ("water", "carbon", "primary_energy"):
            out[name] = {"use": {"value": changes[name]}}
        elif name in changes:
            if changes[name] is not None:
                out[name] = changes[name]
        else:
            out[name] = spoiled(value, changes)
    return out


@pytest.mark.parametrize("trap", sorted(CASES))
def test_a_trap_is_found_in_a_file_and_none_in_a_sound_one(trap, tmp_path, capsys):
    document, changes = CASES[trap]
    path = tmp_path / "report.json"
    path.write_text(json.dumps(document, indent=1))
    assert is_document(path)
    code, out, _ = call(capsys, [path, "--json"])
    assert (code, json.loads(out)) == (0, [])
    path.write_text(json.dumps(spoiled(document, changes), indent=1))
    code, out, _ = call(capsys, [path, "--json"])
    assert {finding["trap"] for finding in json.loads(out)} == {trap}


def test_trap_2_is_found_in_codecarbons_file(tmp_path, capsys):
    path = tmp_path / "emissions.csv"
    path.write_text(
        "timestamp,duration,emissions,energy_consumed,cpu_power,pue\n2024-05-01T10:00:00,3600,0.0672,1.2,1000,1.2\n"
    )
    _, out, _ = call(capsys, [path, "--json"])
    assert 2 in {finding["trap"] for finding in json.loads(out)}


def test_a_fault_in_a_file_of_factors_has_its_line(tmp_path):
    path = tmp_path / "factors.json"
    path.write_text(json.dumps(spoiled(FACTORS, {"year": None}), indent=1))
    (finding,) = lint_all(numbers_in(path))
    assert finding.where.startswith(f"{path}:3:")


GPT_3 = [
    ("how much time does the training of the final model take?", "14.8 days"),
    ("what was the energy consumption (gpu/cpu)?", "1,287 MWh"),
    ("what was the energy mix at the geo location?", "429 gCO2eq/kWh"),
    ("how much co2eq was emitted to train the final model?", "5,521,000 kg"),
]


def test_the_gpt_3_card_is_off_by_ten():
    stated = of_climate_card(GPT_3, "card")
    assert (stated.site_kwh, stated.carbon_g, stated.intensity) == (1_287_000.0, 5_521_000e3, 429.0)
    assert any(finding.trap == 11 and "10^1" in finding.what for finding in lint_all([stated]))


def test_climateberts_card_is_sound_by_power_and_time():
    rows = [
        (GPT_3[0][0], "48 hours"),
        (GPT_3[1][0], "0.7 kW"),
        (GPT_3[2][0], "470 gCO2eq/kWh"),
        (GPT_3[3][0], "15.79 kg"),
    ]
    assert [finding.trap for finding in lint_all([of_climate_card(rows, "card")])] == [5]  # no year is stated


def test_our_own_documents_are_sound(climatebert, tmp_path):
    card, score = tmp_path / "card.md", tmp_path / "sci.json"
    card.write_text(climate_card_markdown(Study(climatebert), extended=True), encoding="utf-8")
    score.write_text(sci_json(climatebert, functional_unit="image", units=1000), encoding="utf-8")
    assert lint_all([*numbers_in(card), *numbers_in(score)]) == []
    small = replace(climatebert, energy=Energy(joules_of(4.16e-6)))
    card.write_text(climate_card_markdown(Study(small), extended=True), encoding="utf-8")
    assert numbers_in(card)[0].site_kwh == pytest.approx(4.16e-6) and lint_all(numbers_in(card)) == []
    table = tmp_path / "emissions.csv"
    table.write_text(
        codecarbon.to_csv([replace(climatebert, site=replace(climatebert.site, pue=1.5))]), encoding="utf-8"
    )
    findings = lint_all([of_statement(run) for run in read_runs(table)])
    assert {finding.trap for finding in findings} == {5}  # its form has no place for the intensity's year


@pytest.mark.parametrize("text", ["{}", "[]", "[1]", '{"a": 1}'])
def test_json_of_another_kind_is_refused(tmp_path, text):
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(InteropError, match=r"x\.json: neither"):
        numbers_in(path)


def test_a_model_card_without_either(tmp_path):
    path = tmp_path / "README.md"
    path.write_text("| a | b |\n|---|---|\n")
    with pytest.raises(InteropError, match="co2_eq_emissions"):
        numbers_in(path)


def test_explain_shows_what_was_checked(tmp_path, capsys):
    path = tmp_path / "report.json"
    path.write_text(json.dumps(ESTIMATE))
    code, out, _ = call(capsys, [path, "--explain"])
    assert code == 0 and "site_kwh 2.28135, carbon_g 1033.95" in out
