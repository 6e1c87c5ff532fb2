"""A run that nobody recorded, described in a file: BLOOM's training, faults of the file, what is not said."""

import json

import pytest

from impact_tracker import cli
from impact_tracker.factors import FactorError, UnknownFactorError
from impact_tracker.factors.examples import example_names
from impact_tracker.footprint import person_years
from impact_tracker.interop.assessment import Assumptions, footprint_of
from impact_tracker.services.workload import read_workload

RUN = {"hours": 10, "energy_kwh": 5}
MACHINE = {"cpus": 2, "cpu_cores": 32, "ram_gb": 256, "gpus": 4, "gpu": "NVIDIA A100-SXM4-80GB"}


@pytest.fixture
def written(tmp_path):
    def write(**tables):
        path = tmp_path / "mine.json"
        path.write_text(json.dumps(tables))
        return path

    return write


def command(capsys, *words):
    code = cli.main(["footprint", *map(str, words)])
    captured = capsys.readouterr()
    assert code == 0, captured.err
    return captured.out


def test_bloom_is_the_published_one():
    workload = read_workload("bloom")
    foot = footprint_of(workload.run, Assumptions(workload.machine, workload.allocation, extent=workload.extent))
    assert round(foot.carbon.value / 1e6) == 59
    assert foot.matrix["carbon", "use"].value / 1e6 == pytest.approx(43.5, abs=0.05)
    assert foot.matrix["carbon", "making"].value / 1e6 == pytest.approx(15.1, abs=0.05)
    assert round(foot.matrix.total("adp").value, 1) == 1.2
    assert round(person_years(foot.carbon).value) == 59
    assert round(person_years(foot.matrix.total("adp")).value) == 38
    assert workload.run.energy.kwh * 1.834862385321101 == pytest.approx(848_000, abs=500)
    assert foot.carbon.quality in ("modelled", "estimated") and foot.carbon.low < foot.carbon.value < foot.carbon.high


def test_bloom_by_the_command_line(capsys):
    text = command(capsys, "--workload", "bloom")
    assert "59 t (48 to 72 t" in text and "59 person-years" in text and "38 person-years" in text
    document = json.loads(command(capsys, "--workload", "bloom", "--json"))[0]
    assert document["extent"] == {"nodes": 48, "dynamic_ratio": pytest.approx(200 / 109), "development": None}
    developed = json.loads(command(capsys, "--workload", "bloom", "--json", "--development", "2.685"))[0]
    assert developed["carbon_g"] == pytest.approx(2.685 * document["carbon_g"])
    assert "the project's other runs 99 t" in command(capsys, "--workload", "bloom", "--development", "2.685")


def test_bloom_by_options_over_a_run_of_another_tool(tmp_path, capsys):
    kwh = 48 * 3.392955 * (118 * 24 + 5 + 41 / 60)
    seconds = (118 * 24 + 5 + 41 / 60) * 3600
    path = tmp_path / "emissions.csv"
    path.write_text(
        "timestamp,project_name,duration,emissions,energy_consumed,country_iso_code,country_name,pue\n"
        f"2022-07-06T10:00:00,bloom,{seconds},{kwh * 0.05128},{kwh},FRA,France,1\n"
    )
    machine = "--nodes 48 --cpus 2 --cpu-cores 32 --ram-gb 518 --ram-gb-per-cm2 0.625 --ssd-gb 1000 --gpus 8"
    card = "--gpu-die-cm2 8.26 --gpu-memory-gb 80 --lifetime-years 6 --utilisation 0.85"
    words = f"{machine} {card} --dynamic-ratio {200 / 109} --json".split()
    document = json.loads(command(capsys, path, *words))[0]
    expected = json.loads(command(capsys, "--workload", "bloom", "--json"))[0]
    assert document["carbon_g"] == pytest.approx(expected["carbon_g"])
    for indicator in ("adp", "primary_energy"):
        for stage in ("making", "use"):
            ours, theirs = (d["matrix"][indicator][stage]["value"] for d in (document, expected))
            assert ours == pytest.approx(theirs)


def test_options_win_over_the_file(capsys):
    document = json.loads(command(capsys, "--workload", "bloom", "--json", "--zone", "PL", "--lifetime-years", "3"))[0]
    bloom = json.loads(command(capsys, "--workload", "bloom", "--json"))[0]
    assert document["zone"] == "PL"
    made = [d["matrix"]["carbon"]["making"]["value"] for d in (document, bloom)]
    assert made[0] == pytest.approx(2 * made[1])


def test_what_is_not_said_is_not_known(written):
    workload = read_workload(written(run={"hours": 3}))
    assert workload.run.energy.is_missing and workload.machine is None and workload.run.site.intensity is None
    stated = read_workload(written(run={"hours": [2, 3, 4], "energy_kwh": [4, 5, 6]}, site={"zone": "FR"}))
    assert stated.run.energy.quality == "estimated" and stated.run.energy.kwh == pytest.approx(5)
    assert stated.run.energy.low_j == pytest.approx(4 * 3.6e6)
    measured = read_workload(written(run={**RUN, "quality": "measured"}))
    assert measured.run.energy.quality == "measured"


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ({"run": {"energy_kwh": 5}}, "hours"),
        ({"run": {**RUN, "nods": 4}}, "nodes"),
        ({"run": {**RUN, "nodes": 1.5}}, "whole number"),
        ({"run": {**RUN, "dynamic_ratio": 0.5}}, "dynamic_ratio must be 1"),
        ({"run": RUN, "power": {}}, "either energy_kwh"),
        ({"run": {"hours": 1}, "power": {"cpu": "AMD EPYC 7543"}}, r"needs \[machine\]"),
        ({"run": {"hours": 1}, "power": {"cpu_usage": 2}, "machine": MACHINE}, "between 0 and 1"),
        ({"run": {"hours": 1}, "power": {}, "machine": MACHINE}, "needs cpu"),
        ({"run": {**RUN, "dynamic_ratio": 2}, "site": {"pue": 1.5}}, "give one of the two"),
        ({"run": RUN, "site": {"zone": "Frence"}}, "France"),
        ({"run": RUN, "machine": {"chassis": "tent"}}, "chassis"),
        ({"run": {**RUN, "quality": "good"}}, "quality"),
        ({"run": RUN, "machin": {}}, "machine"),
        ({"run": RUN, "machine": {**MACHINE, "gpu": "banana"}}, "no card is known"),
    ],
)
def test_faults_name_the_remedy(written, tables, words):
    with pytest.raises(ValueError, match=words):
        read_workload(written(**tables))


def test_unknown_hardware_has_near_names(written):
    with pytest.raises(UnknownFactorError, match="H100"):
        read_workload(written(run={"hours": 1}, power={"cpu_usage": 0, "gpu": "NVIDIA H1000"}, machine=MACHINE))
    with pytest.raises(FactorError, match="Did you mean bloom"):
        read_workload("blom")


def test_either_runs_or_a_description(capsys):
    assert cli.main(["footprint"]) == 2 and "--workload" in capsys.readouterr().err
    assert cli.main(["footprint", "runs", "--workload", "bloom"]) == 2
    assert example_names("workloads") == ["bloom"]


def test_idle_power_is_of_each_node(capsys, written):
    path = written(run={"hours": 10, "energy_kwh": 100, "nodes": 4}, site={"intensity_g_per_kwh": 50, "pue": 1})
    document = json.loads(command(capsys, "--workload", path, "--idle-w", "200", "--json"))[0]
    assert document["use_carbon_g"]["idle"] == pytest.approx(4 * 0.2 * 10 * 50)


def test_figures_of_a_description(capsys, tmp_path, written):
    pytest.importorskip("matplotlib")
    own = tmp_path / "own.json"
    own.write_text(json.dumps({"extraction": {"carbon": {"value": 20, "unit": "kg"}}}))
    path = written(run=RUN, machine=MACHINE, site={"zone": "FR"})
    command(capsys, "--workload", path, "--figures", tmp_path / "figures", "--factors", own)
    assert len(list((tmp_path / "figures").glob("*.svg"))) == 5
