"""impact-tracker what-if and indirect, and functional units of footprint: answers, JSON, errors that help."""

import json

import pytest

from impact_tracker import cli
from impact_tracker.factors import intensity

CSV = """timestamp,project_name,duration,emissions,energy_consumed,country_iso_code,country_name,cpu_model,cpu_count
2024-05-01T10:00:00,bert,3600,0.6,1.0,POL,Poland,AMD EPYC 7543 32-Core Processor,64
"""


@pytest.fixture
def emissions(tmp_path):
    path = tmp_path / "emissions.csv"
    path.write_text(CSV)
    return path


def call(capsys, *arguments):
    code = cli.main([str(a) for a in arguments])
    streams = capsys.readouterr()
    return code, streams.out, streams.err


def test_another_place(emissions, capsys):
    code, out, _ = call(capsys, "what-if", emissions, "--to-zone", "SE", "--label", "Sweden", "--explain")
    assert 560.0 <= 600.0 - intensity("SE").value < 565.0
    assert code == 0 and "Sweden: saves 560 g of CO2e a run" in out and "use would eat the saving" in out
    assert "making is not in it" in out and "before: carbon_g = " in out and "Ember" in out


def test_both_places_are_named_with_year_and_convention(emissions, capsys):
    code, out, _ = call(capsys, "what-if", emissions, "--zone", "US", "--to-zone", "US-CA")
    assert code == 0 and "United States 384.4 g/kWh, 2025, life cycle, production; then California" in out
    assert "g/kWh of direct emissions, raised to the life cycle" in out
    code, out, _ = call(capsys, "what-if", emissions, "--zone", "US", "--to-cloud", "aws/ca-central-1", "--json")
    ours = json.loads(out)[0]["changes"][0]
    code, out, _ = call(
        capsys, "what-if", emissions, "--zone", "US", "--to-cloud", "gcp/northamerica-northeast1", "--json"
    )
    theirs = json.loads(out)[0]["changes"][0]
    assert ours["saving_share"] > 0.8 and theirs["saving_share"] == pytest.approx(ours["saving_share"], abs=0.05)


def test_precision_with_its_range_in_json(emissions, capsys, core):
    code, out, _ = call(capsys, "what-if", emissions, "--energy", "0.4:0.5:0.8", "--json")
    change = json.loads(out)[0]["changes"][0]
    assert code == 0 and change["saving_g"] == pytest.approx(300.0) and 120 < change["saving_g_low"] < 300
    assert change["rebound"]["best"] == pytest.approx(1.0) and change["payback"] is None


def test_a_card_that_is_bought(emissions, capsys):
    options = [
        "--this-machine",
        "--energy",
        "0.5",
        "--to-cpus",
        "0",
        "--to-gpus",
        "1",
        "--to-gpu",
        "NVIDIA L4",
        "--bought",
    ]
    code, out, _ = call(capsys, "what-if", emissions, *options)
    assert code == 0 and "saved its own making after" in out


def test_another_instance(emissions, tmp_path, capsys):
    moved = ["--instance", "aws:p4d.24xlarge", "--to-instance", "aws:g5.xlarge"]
    code, out, _ = call(capsys, "what-if", emissions, *moved, "--energy", "0.7", "--label", "smaller")
    assert code == 0 and "smaller: saves" in out and "duration are taken" not in out
    assert "smaller: duration is taken as on the machine of before; --duration says otherwise" in out
    path = tmp_path / "changes.json"
    path.write_text(json.dumps({"smaller": {"energy": 0.7, "instance": "aws:g5.xlarge"}}))
    _, listed, _ = call(capsys, "what-if", emissions, *moved[:2], "--changes", path)
    assert listed == out
    _, out, _ = call(capsys, "what-if", emissions, *moved)
    assert "energy and duration are taken as on the machine of before; --energy and --duration say otherwise" in out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--instance", "aws:m5.large", "--to-instance", "aws:g5.xlarg"], "aws:g5.xlarge"),
        (["--instance", "aws:m5.large", "--to-instance", "aws:m5.large", "--to-cpus", "2"], "own parts"),
        (["--to-instance", "aws:m5.large"], "describe the machine of before"),
    ],
)
def test_instances_that_cannot_be_moved_to(emissions, capsys, options, message):
    code, out, err = call(capsys, "what-if", emissions, *options)
    assert code != 0 and message in err and not out


def test_an_instance_of_a_file_that_nobody_knows(emissions, tmp_path, capsys):
    path = tmp_path / "changes.json"
    for change, message in (
        ({"instance": "aws:g5.xlarg"}, "changes.json:1: no instance is known as 'aws:g5.xlarg'"),
        ({"instance": "aws:g5.xlarge", "machine": {"cpus": 1}}, "give either machine or instance"),
    ):
        path.write_text(json.dumps({"smaller": change}))
        code, _, err = call(capsys, "what-if", emissions, "--instance", "aws:m5.large", "--changes", path)
        assert code != 0 and message in err


def test_several_changes_from_a_file(emissions, tmp_path, capsys):
    path = tmp_path / "changes.json"
    path.write_text(json.dumps({"half": {"energy": 0.5}, "Stockholm": {"cloud": "aws/eu-north-1"}}))
    code, out, _ = call(capsys, "what-if", emissions, "--changes", path)
    assert code == 0 and "half: saves" in out and "Stockholm: saves" in out


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ([], "nothing is changed"),
        (["--to-zone", "Sweeden"], "Did you mean Sweden"),
        (["--energy", "0"], "ratio above 0"),
        (["--energy", "0.5:0.4:0.8"], "LOW:BEST:HIGH"),
        (["--to-cloud", "aws/mars"], "no region"),
        (["--to-gpus", "4"], "--to-cpus too"),
        (["--energy", "0.5", "--bought"], "--bought needs"),
        (["--to-cpus", "2"], "machine of before"),
        (["--to-zone", "SE", "--changes", "x.json"], "either"),
        (["--changes", "/nowhere.json"], "nowhere"),
        (["--to-zone", "SE", "--zone", "PL", "--year", "2999"], "future"),
    ],
)
def test_errors(emissions, capsys, more, message):
    code, out, err = call(capsys, "what-if", emissions, *more)
    assert code == 2 and message in err and out == ""


EFFECTS = {
    "reference": "letters sorted by hand",
    "effects": {
        "vans not driven": {"order": 2, "amount_kg": -1000},
        "more letters": {"order": 3, "causes": {"vans not driven": [-0.5, -0.3, -0.1]}},
    },
}


def test_indirect_effects_stand_apart_from_what_was_measured(emissions, tmp_path, capsys):
    path = tmp_path / "effects.json"
    path.write_text(json.dumps(EFFECTS))
    code, out, _ = call(capsys, "indirect", path, "--runs", emissions, "--explain")
    assert code == 0 and out.startswith("Reference scenario: letters sorted by hand")
    assert "Rebound: it eats 30%" in out and "Net: -700 kg" in out and "× vans not driven" in out
    assert "Measured, and in none of the sums above:\n  bert: 600 g" in out
    document = json.loads(call(capsys, "indirect", path, "--runs", emissions, "--json")[1])
    assert document["declared"]["measured"] is False and document["measured"][0]["carbon_g"] == pytest.approx(600.0)


def test_a_declaration_without_a_reference_is_none(tmp_path, capsys):
    path = tmp_path / "effects.json"
    path.write_text(json.dumps({**EFFECTS, "reference": ""}))
    code, out, err = call(capsys, "indirect", path)
    assert code == 2 and out == "" and "effects.json:1:" in err and "would be without" in err
    assert call(capsys, "indirect", path, "--draws", "0")[0] == 2


def test_functional_units_and_where_use_passes_training(emissions, tmp_path, capsys):
    training = tmp_path / "training.csv"
    training.write_text(CSV.replace("0.6,1.0", "600,1000"))
    options = ["--per", "request=2000", "--per", "year of service=0.5", "--training", training]
    code, out, _ = call(capsys, "footprint", emissions, *options)
    assert code == 0 and "carbon: 0.30 g for each request" in out and "carbon: 1200 g for each year of service" in out
    assert "using passes training after 2e+06 × request" in out
    per = json.loads(call(capsys, "footprint", emissions, *options, "--json")[1])[0]["per"]
    assert per["request"]["carbon_g"] == pytest.approx(0.3)
    assert per["request"]["uses_to_pass_training"][0] == pytest.approx(2e6)


@pytest.mark.parametrize("wrong", [["--per", "image"], ["--per", "image=0"], ["--per", "=5"], ["--training", "x"]])
def test_units_that_are_none(emissions, capsys, wrong):
    code, _, err = call(capsys, "footprint", emissions, *wrong)
    assert code == 2 and "--per" in err
