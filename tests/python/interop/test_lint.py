"""The eleven traps: each found where it is, none where it is not."""

import json
from dataclasses import replace

import pytest

from impact_tracker import cli
from impact_tracker.factors import intensity
from impact_tracker.interop import Site, Statement
from impact_tracker.interop.lint import CHECKS, lint
from impact_tracker.interop.reported import ReportedNumbers, of_statement
from impact_tracker.values import Energy

SOUND = ReportedNumbers(
    "sound",
    it_kwh=10.0,
    site_kwh=12.0,
    pue=1.2,
    wue=0.5,
    grid_water=3.0,
    water_l=10 * (0.5 + 3.6),
    zone="FR",
    intensity=44.18,
    intensity_year=2024,
    intensity_method="lifecycle, average",
    run_year=2024,
    carbon_g=12 * 44.18,
    tree_months=12 * 44.18 / 11_000 * 12,
    primary_energy_mj=12 * 11.289,
    units=1000.0,
    carbon_each_g=12 * 44.18 / 1000,
    ram_w=64 * 0.3725,
    ram_gb=64.0,
    embodied_gpu_kg=164.0,
    embodied_has_range=True,
    gpu_model="NVIDIA H100 SXM5",
)


def traps(**changes):
    return {finding.trap for finding in lint(replace(SOUND, **changes))}


def test_there_are_eleven_and_a_sound_report_falls_into_none():
    assert len(CHECKS) == 11 and lint(SOUND) == [] and lint(ReportedNumbers("empty")) == []


@pytest.mark.parametrize(
    ("trap", "changes"),
    [
        (1, {"water_l": 12 * 0.5 + 12 * 3.0}),
        (1, {"water_l": 12 * (0.5 + 1.2 * 3.0)}),
        (2, {"reported_kwh": 12.0, "power_w": 1000.0, "duration_s": 36_000.0}),
        (3, {"carbon_g": 12 * 44.18 / 1000, "tree_months": None, "carbon_each_g": None, "intensity": None}),
        (3, {"carbon_g": 12 * 44.18 * 1000, "tree_months": None, "carbon_each_g": None, "intensity": None}),
        (4, {"tree_months": 12 * 44.18 / 917}),
        (4, {"tree_months": 12 * 44.18 / 11_400 * 12}),
        (5, {"intensity_year": None}),
        (5, {"intensity_year": 2016}),
        (6, {"intensity_method": "marginal"}),
        (6, {"intensity": 394.64, "carbon_g": None, "tree_months": None}),
        (7, {"intensity_method": "direct"}),
        (7, {"intensity": 12.0, "carbon_g": None, "tree_months": None}),
        (8, {"embodied_has_range": False}),
        (8, {"embodied_has_range": False, "gpu_model": None, "embodied_gpu_kg": 1.0}),
        (9, {"primary_energy_mj": 12 * 2.0}),
        (9, {"primary_energy_mj": 12 * 9.3135}),
        (10, {"ram_w": 10.0, "ram_gb": 512.0}),
        (11, {"carbon_each_g": 12 * 44.18}),
    ],
)
def test_each_trap_is_found_alone(trap, changes):
    assert traps(**changes) == {trap}


def test_the_gpt_3_card_is_off_by_ten():
    card = ReportedNumbers(
        "GPT-3 card", site_kwh=1_287_000.0, intensity=429.0, intensity_year=2021, carbon_g=5_521_000e3
    )
    slips = [finding.what for finding in lint(card) if finding.trap == 11]
    assert len(slips) == 1 and "10^1" in slips[0]


def test_the_sci_ai_example_is_off_by_a_thousand():
    example = ReportedNumbers("SCI-AI", carbon_g=6500e3, units=50e9 / 1e6, carbon_each_g=0.13)
    assert "10^-3" in next(finding.what for finding in lint(example) if finding.trap == 11)


def test_strubells_bert_is_rounding_not_a_slip():
    bert = ReportedNumbers("BERT", site_kwh=1507.0, intensity=432.727, intensity_year=2018, carbon_g=1438 * 453.59237)
    assert all(finding.trap != 11 for finding in lint(bert))


def test_our_own_run_is_sound():
    site = Site(pue=1.2, intensity=intensity("FR"), zone="FR")
    run = Statement("x", "impact-tracker", duration_s=3600.0, energy=Energy(3.6e6), site=site)
    assert [finding for finding in lint(of_statement(run)) if finding.level == "error"] == []


CSV = (
    "timestamp,duration,emissions,energy_consumed,cpu_power,gpu_power,ram_power,cpu_energy,water_consumed,pue,wue,"
    "country_iso_code\n2024-05-01T10:00:00,3600,0.0672,1.2,700,200,100,0.84,0.6,1.2,0.5,FRA\n"
)


def call(capsys, arguments):
    code = cli.main(["lint", *map(str, arguments)])
    streams = capsys.readouterr()
    return code, streams.out, streams.err


def test_codecarbons_csv(tmp_path, capsys):
    path = tmp_path / "emissions.csv"
    path.write_text(CSV)
    code, out, _ = call(capsys, [path, "--json"])
    by_trap = {finding["trap"]: finding for finding in json.loads(out)}
    assert (
        code == 1 and {1, 2, 5} <= set(by_trap) and ":2" in by_trap[1]["where"]
    )  # water: 1.2 kWh × 0.5, not 1.0 × 0.5


def test_a_model_card_in_kilograms(tmp_path, capsys):
    card = tmp_path / "README.md"
    card.write_text("---\nco2_eq_emissions:\n  emissions: 0.33\n  source: codecarbon\n---\n")
    code, out, _ = call(capsys, [card, "--energy-kwh", "0.75", "--zone", "US"])
    assert code == 1 and "kilograms" in out
    card.write_text("---\nco2_eq_emissions: 330\n---\n")
    code, out, _ = call(capsys, [card, "--energy-kwh", "0.75"])
    assert code == 0 and "0 errors" in out
    card.write_text("nothing")
    assert call(capsys, [card])[0] == 2


def test_a_place_that_cannot_be_read_does_not_hide_what_the_others_say(tmp_path, capsys):
    path, other = tmp_path / "emissions.csv", tmp_path / "README.md"
    path.write_text(CSV)
    other.write_text("# a model\n\nIt was trained.\n")
    alone, findings, _ = call(capsys, [path])
    code, out, err = call(capsys, [other, path])
    assert (out, code) == (findings, 2) and alone in (0, 1)
    assert "1 statement, " in out and "not read: " in err and "README.md" in err
    assert call(capsys, [other])[0] == 2
