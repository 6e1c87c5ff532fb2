"""The simulator of paradigms: worked examples, limits, break-even, sensitivity, files with faults."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impact_tracker import cli
from impact_tracker.factors import Factor, FactorError
from impact_tracker.studies.paradigms.breakeven import advice, all_break_evens, break_even
from impact_tracker.studies.paradigms.scenario import PARAMETERS, Learners, ParameterPlace, TrainingScenario
from impact_tracker.studies.paradigms.scenario_file import read_scenario
from impact_tracker.studies.paradigms.simulation import PARADIGMS, simulate

Capture = pytest.CaptureFixture[str]

# The regression example of the published structure: 11.8 J a batch in the centre, 0.969 J on a device.
WORKED = """
title: worked example
task: {rounds_centralised: 60, rounds_federated: 100, batches: 30, model_bits: 290 kB, server_share: 0.1}
centre: {power_w: 590, batch_s: 20 ms, pue: 1.67, intensity_g_per_kwh: 661.926}
learners:
  - {learners: 10, active: 10, local_batches: 3, power_w: 5.1, batch_s: 190 ms, intensity_g_per_kwh: 56.039,
     data_bits: 30 MB, links: {up: 50 kbit/J}}
"""


def scenario_of(tmp_path: Path, text: str = WORKED) -> TrainingScenario:
    file = tmp_path / "scenario.yaml"
    file.write_text(text)
    return read_scenario(file)


def test_the_worked_example_to_its_last_digit(tmp_path: Path) -> None:
    simulation = simulate(scenario_of(tmp_path))
    energies = {result.paradigm: result.energy_j.best for result in simulation.results}
    assert energies["centralised"] == pytest.approx(83_470.8, abs=0.05)
    assert energies["federated"] == pytest.approx(132_706.8, abs=0.05)
    assert energies["consensus"] == pytest.approx(49_307, abs=0.5)
    simulation = simulate(scenario_of(tmp_path, WORKED.replace("50 kbit/J", "200 kbit/J")))
    carbons = {result.paradigm: result.carbon_g.best for result in simulation.results}
    assert carbons["centralised"] == pytest.approx(6.70875, abs=5e-6)
    assert carbons["federated"] == pytest.approx(4.87471, abs=5e-6)
    assert carbons["consensus"] == pytest.approx(0.225822, abs=5e-7)


@pytest.mark.parametrize(
    ("changes", "crossing"),
    [
        ({}, 142_368.3),
        (
            {
                "30 MB": "300 MB",
                "rounds_federated: 100": "rounds_federated: 600",
                "rounds_centralised: 60": "rounds_centralised: 300",
            },
            105_804.2,
        ),
    ],
)
def test_links_break_even_where_the_algebra_says(tmp_path: Path, changes: dict[str, str], crossing: float) -> None:
    text = WORKED
    for old, new in changes.items():
        text = text.replace(old, new)
    (links,) = [row for row in advice(scenario_of(tmp_path, text)) if row.rule == "links"]
    assert f"{crossing / 1e3:.4g} kbit/J" in links.reason


def test_break_even_of_rounds_is_the_closed_form(tmp_path: Path) -> None:
    scenario = scenario_of(tmp_path)
    (rounds,) = break_even(scenario, ParameterPlace("rounds_federated")).crossings
    # One round of the federated training costs a hundredth of its hundred.
    assert rounds == pytest.approx(83_470.8 / 1_327.068, rel=1e-6)
    (bits,) = break_even(scenario, ParameterPlace("data_bits", 0)).crossings
    assert bits == pytest.approx((132_706.8 - 35_470.8) * 50_000 / 10, rel=1e-6)


def positive(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_nan=False)


@given(
    st.fixed_dictionaries(
        {name: positive(1, 1e4) for name, row in PARAMETERS.items() if not row.of_group and row.fallback is None}
    ),
    st.fixed_dictionaries(
        {name: positive(1, 1e4) for name, row in PARAMETERS.items() if row.of_group and row.fallback is None}
    ),
    st.floats(1.0, 9.0),
)
def test_energy_of_every_paradigm_follows_its_parameters(
    common: dict[str, float], group: dict[str, float], times: float
) -> None:
    common["centre_pue"] = 1 + common["centre_pue"] % 5
    common["centre_intensity_g_per_kwh"] %= 1000
    group["intensity_g_per_kwh"] %= 1000
    group["active"] = group["learners"]

    def made(**changes: float) -> dict[str, float]:
        def factors(values: dict[str, float]) -> dict[str, Factor]:
            changed = {name: value * changes.get(name, 1.0) for name, value in values.items()}
            return {name: Factor.stated(value, PARAMETERS[name].unit, name) for name, value in changed.items()}

        scenario = TrainingScenario("t", "t", factors(common), (Learners("g", factors(group)),))
        return {name: cost.energy_j for name, cost in zip(PARADIGMS, scenario.core().costs())}

    before = made()
    assert before["federated"] == pytest.approx(before["federated_low_power"])
    assert before["centralised"] == before["continual"]  # one training
    rounds = made(rounds_federated=times)
    for paradigm in ("federated", "federated_low_power", "consensus"):
        assert rounds[paradigm] == pytest.approx(times * before[paradigm])
    assert rounds["centralised"] == before["centralised"]
    # Links and devices that do as much for less energy divide all energies alike.
    every = ("centre_flop_per_j", "flop_per_j", "uplink_bit_per_j", "downlink_bit_per_j", "sidelink_bit_per_j")
    better = made(**dict.fromkeys(every, times))
    for paradigm in PARADIGMS:
        assert better[paradigm] * times == pytest.approx(before[paradigm])
    assert made(model_bits=times)["centralised"] == before["centralised"]
    assert made(data_bits=times)["consensus"] == before["consensus"]


def test_ranges_go_through_and_one_draw_serves_all_paradigms(tmp_path: Path) -> None:
    text = WORKED.replace("links: {up: 50 kbit/J}", "links: {up: [40 kbit/J, 50 kbit/J, 60 kbit/J]}")
    simulation = simulate(scenario_of(tmp_path, text), draws=4000)
    for result in simulation.results:
        assert result.energy_j.low < result.energy_j.best < result.energy_j.high
    # Only the uplink has a range, the other ways take its best; so data and models move together in each draw.
    wins = simulation.share_of_wins("energy_j")
    assert sum(wins.values()) == pytest.approx(1)
    assert wins["consensus"] == 1


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("pue: 1.67", "pue: 0.9", ["scenario.yaml:4", "centre.pue", "at least 1"]),
        ("active: 10", "active: 11", ["scenario.yaml:6", "active", "more than the 10 learners"]),
        ("pue: 1.67", "peu: 1.67", ["scenario.yaml:4", "centre.peu", "Did you mean pue"]),
        ("30 MB", "30 Mo", ["scenario.yaml:7", "'Mo'", "MB"]),
        ("batches: 30,", "", ["scenario.yaml:3", "batches is missing", "batches of the centre in one round"]),
        ("local_batches: 3,", "", ["scenario.yaml:6", "local_batches is missing"]),
        ("intensity_g_per_kwh: 56.039", "zone: FRX", ["scenario.yaml:6", "FRX"]),
        ("{up: 50 kbit/J}", "{up: fixed-netwrk}", ["scenario.yaml:7", "Did you mean fixed-network"]),
        ("60", "[60, 50, 70]", ["scenario.yaml:3", "rounds_centralised", "[low, best, high]"]),
        ("60", "many", ["scenario.yaml:3", "rounds_centralised", "'many'"]),
        ("60", ".nan", ["scenario.yaml:3", "rounds_centralised"]),
        ("task: {", "task: [", ["scenario.yaml:3", "no YAML"]),
        ("rounds_federated: 100", "rounds_federated: 100, trainings: 0.5", ["scenario.yaml:3", "trainings"]),
        ("title: worked example", "title: a\ntitle: b", ["scenario.yaml:3", "title is given twice"]),
        ("power_w: 590, batch_s: 20 ms", "device: a1000", ["scenario.yaml:4", "Did you mean a100"]),
    ],
)
def test_a_fault_names_file_line_and_field(tmp_path: Path, old: str, new: str, words: list[str]) -> None:
    with pytest.raises(FactorError) as fault:
        scenario_of(tmp_path, WORKED.replace(old, new, 1))
    for word in words:
        assert word in str(fault.value)


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(FactorError, match="cannot be read"):
        read_scenario(tmp_path / "missing.yaml")
    with pytest.raises(FactorError, match="is empty"):
        scenario_of(tmp_path, "# nothing\n")
    with pytest.raises(FactorError, match="has no task"):
        scenario_of(tmp_path, "title: x\n")
    with pytest.raises(FactorError, match="must hold names"):
        scenario_of(tmp_path, "- 1\n")


def test_sobol_shares_the_variance_of_a_sum_as_algebra_says(tmp_path: Path) -> None:
    pytest.importorskip("SALib")
    from impact_tracker.studies.paradigms.sensitivity import sobol, swings

    # Data of 10 learners: the uplink costs bits / efficiency. Rounds and bits multiply different, independent terms.
    text = WORKED.replace("rounds_centralised: 60", "rounds_centralised: {low: 50, best: 60, high: 70}")
    text = text.replace("data_bits: 30 MB", "data_bits: [20 MB, 30 MB, 40 MB]")
    scenario = scenario_of(tmp_path, text)
    shares = {index.places[0].parameter: index for index in sobol(scenario, "centralised", "energy_j", draws=20_000)}
    # Two triangular ranges: variances (h - l)^2 / 24 of the two terms.
    computing, data = 35_470.8 / 60 * 20, 48_000 / 30 * 20
    expected = data**2 / (computing**2 + data**2)
    assert shares["data_bits"].alone == pytest.approx(expected, abs=0.02)
    assert shares["data_bits"].total == pytest.approx(expected, abs=0.02)
    bars = swings(scenario, "centralised", "energy_j")
    assert [bar.places[0].parameter for bar in bars] == ["data_bits", "rounds_centralised"]
    assert bars[0].width == pytest.approx(data)


def test_the_example_is_answered_and_drawn(tmp_path: Path, capsys: Capture) -> None:
    assert cli.main(["study", "paradigms", "--example"]) == 0
    file = tmp_path / "scenario.yaml"
    file.write_text(capsys.readouterr().out)
    options = ["--draws", "500", "--map", "uplink_bit_per_j", "data_bits", "--figures", str(tmp_path / "figures")]
    assert cli.main(["study", "paradigms", str(file), *options]) == 0
    text = capsys.readouterr().out
    assert text.startswith(
        "Handwritten letters on thirty edge devices: to reach 85 % of test accuracy, the least energy has "
    )
    assert {path.name for path in (tmp_path / "figures").iterdir()} == {"terms.svg", "map.svg"}
    assert cli.main(["study", "paradigms", str(file), "--json", "--set", "skew=1", "--set", "active=5:8:10"]) == 0
    answers = json.loads(capsys.readouterr().out)
    assert answers["parameters"]["skew"]["value"] == 1
    assert answers["parameters"]["active"]["low"] == 5
    assert {row["paradigm"] for row in answers["paradigms"]} == set(PARADIGMS)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--set", "skw=1"], "Did you mean skew"),
        (["--set", "skew"], "NAME=VALUE"),
        (["--set", "skew=much"], "no number"),
        (["--set", "skew=0.5"], "at least 1"),
        (["--decide", "federated", "central"], "Did you mean centralised"),
        (["--decide", "federated", "federated"], "with itself"),
        (["--map", "skew", "learners"], "--figures"),
        (["--draws", "3"], "too few"),
    ],
)
def test_options_that_make_no_sense_say_why(tmp_path: Path, capsys: Capture, options: list[str], words: str) -> None:
    file = tmp_path / "scenario.yaml"
    file.write_text(WORKED)
    assert cli.main(["study", "paradigms", str(file), *options]) == 2
    assert words in capsys.readouterr().err


def test_every_preset_and_parameter_is_listed(capsys: Capture) -> None:
    from impact_tracker.studies.paradigms.presets import presets

    assert cli.main(["study", "paradigms", "--presets"]) == 0
    text = capsys.readouterr().out
    assert all(name in text for kind in (presets().devices, presets().links, presets().models) for name in kind)
    assert cli.main(["study", "paradigms", "--parameters", "--json"]) == 0
    assert {row["name"] for row in json.loads(capsys.readouterr().out)} == set(PARAMETERS)
    for kind in (presets().devices, presets().links, presets().models):
        for preset in kind.values():
            for numbers in vars(preset).values():
                if isinstance(numbers, tuple):
                    assert len(numbers) == 3 and list(numbers) == sorted(numbers) and numbers[0] > 0


@pytest.mark.parametrize("model", ["u-net", "bert-base", "gpt-2", "stable-diffusion"])
def test_presets_beyond_vision_give_an_answer(tmp_path: Path, model: str) -> None:
    text = files("impact_tracker.studies.paradigms").joinpath("example.yaml").read_text()
    simulation = simulate(scenario_of(tmp_path, text.replace("emnist-cnn", model)), draws=200)
    assert all(result.energy_j.best > 0 for result in simulation.results)


def test_break_evens_are_true_where_they_are_printed(tmp_path: Path) -> None:
    scenario = scenario_of(tmp_path)
    rows = all_break_evens(scenario)
    assert rows
    for row in rows:
        for crossing in row.crossings:
            factor = Factor.stated(crossing, PARAMETERS[row.place.parameter].unit, "x")
            costs = dict(zip(PARADIGMS, scenario.changed(row.place, factor).core().costs()))
            assert costs["federated"].energy_j == pytest.approx(costs["centralised"].energy_j, rel=1e-5)
