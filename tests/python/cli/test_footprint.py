"""impact-tracker footprint: from a foreign file to matrix, explanation and figures."""

import json

import pytest

from impact_tracker import cli
from impact_tracker.factors import intensity, use_overrides

CSV = """timestamp,project_name,duration,emissions,energy_consumed,cpu_energy,country_iso_code,country_name,pue
2024-05-01T10:00:00,p,3600,0.12,0.6,0.3,FRA,France,1.2
"""


@pytest.fixture
def emissions(tmp_path):
    path = tmp_path / "emissions.csv"
    path.write_text(CSV)
    return path


def call(arguments):
    return cli.main(["footprint", *map(str, arguments)])


def test_the_page_answers_first(emissions, capsys):
    assert call([emissions, "--cpus", "2", "--ram-gb", "256", "--explain", "--wue", "0.5"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("p: ") and "life cycle" in out.splitlines()[0]
    assert "carbon, transport: X" in out and "Sources" in out and "person-years" in out


def test_json(emissions, capsys):
    assert call([emissions, "--json", "--zone", "Poland", "--idle-w", "100"]) == 0
    document = json.loads(capsys.readouterr().out)[0]
    assert document["carbon_g"] == pytest.approx(0.5 * 1.2 * 588.6)
    assert document["use_carbon_g"]["idle"] == pytest.approx(0.1 * 588.6)
    assert document["matrix"]["carbon"]["making"]["value"] is None


def test_figures(emissions, tmp_path, capsys):
    pytest.importorskip("matplotlib")
    assert call([emissions, "--figures", tmp_path / "figures", "--cpus", "1"]) == 0
    assert len(list((tmp_path / "figures").glob("*.svg"))) == 5


@pytest.mark.parametrize(
    ("extra", "message"), [(["--zone", "Frence"], "France"), (["--pue", "0.9"], "PUE"), (["--cpus", "-1"], "cpus")]
)
def test_errors(emissions, capsys, extra, message):
    assert call([emissions, *extra]) == 2 and message in capsys.readouterr().err


def test_the_estimate_stands_beside_the_measurement(emissions, capsys):
    assert call([emissions, "--cpu", "Xeon E5-2683 v4", "--cores", "12", "--memory-gb", "64"]) == 0
    assert "times the estimated" in capsys.readouterr().out


def test_matching_needs_a_record(emissions, tmp_path, capsys):
    grid = tmp_path / "grid.csv"
    grid.write_text("time,value\n2024-05-01T00:00:00Z,100\n")
    assert call([emissions, "--intensity-file", grid]) == 0
    assert "not matched in time: only a record" in capsys.readouterr().out


def test_marginal_and_market_stand_apart(emissions, tmp_path, capsys):
    own = tmp_path / "own.json"
    kinds = {"intensity_marginal": 700, "intensity_residual": 30}
    own.write_text(json.dumps({kind: {"FR": {"value": v, "unit": "g/kWh"}} for kind, v in kinds.items()}))
    assert call([emissions, "--factors", own, "--marginal", "--market", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)[0]
    assert document["marginal_carbon"]["marginal_carbon_g"] == pytest.approx(0.6 * 700)
    assert document["market_carbon"]["market_carbon_g"] == pytest.approx(0.6 * 30)
    assert document["carbon_g"] == pytest.approx(120.0)
    assert call([emissions, "--factors", own, "--marginal"]) == 0
    assert "marginal carbon, in no total: 420 g" in capsys.readouterr().out
    use_overrides(None)
    assert call([emissions, "--marginal"]) == 2 and "[intensity_marginal.FRA]" in capsys.readouterr().err


def test_a_clouds_region_brings_its_own(emissions, capsys):
    assert call([emissions, "--cloud", "aws/eu-north-1", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)[0]
    assert (
        document["carbon_g"] == pytest.approx(0.5 * 1.1 * intensity("SE-SE3").value)
        and document["wue_l_per_kwh"] == 0.02
    )
    assert call([emissions, "--cloud", "aws/eu-north-1", "--pue", "1.5"]) == 2 and "either" in capsys.readouterr().err
    assert call([emissions, "--cloud", "aws/mars"]) == 2


def test_a_regions_marginal_value_is_reached(emissions, capsys):
    assert call([emissions, "--cloud", "aws/us-east-1", "--marginal", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)[0]
    assert document["marginal_carbon"]["marginal_carbon_g"] == pytest.approx(0.5 * 1.15 * 557.17)
    assert document["zone"] == "US-VA" and document["carbon_g"] == pytest.approx(0.5 * 1.15 * intensity("US-VA").value)
    assert call([emissions, "--cloud", "aws/us-east-2", "--marginal"]) == 2
    assert "aws/us-east-1" in capsys.readouterr().err


def test_a_regions_site_keeps_its_range_and_its_grid_a_year(emissions, capsys):
    assert call([emissions, "--cloud", "azure/southcentralus", "--year", "2023", "--json"]) == 0
    newest = json.loads(capsys.readouterr().out)[0]
    grid = intensity("US-TX", 2023)
    assert newest["carbon_g"] == pytest.approx(0.5 * 1.28 * grid.value)
    assert newest["carbon_g_high"] > 1.05 * 0.5 * 1.28 * grid.high * 0.999  # the PUE's range is in it
    assert call([emissions, "--cloud", "aws/eu-west-3", "--year", "2016"]) == 0
    assert "no value for 2016" in capsys.readouterr().out.splitlines()[0]


def test_what_does_not_compare_is_an_x_with_its_reason(emissions, capsys):
    assert call([emissions, "--zone", "world"]) == 0
    assert "X person-years of the water deprived boundary: no zone" in capsys.readouterr().out
    assert call([emissions, "--zone", "ES", "--wue", "0.5", "--json"]) == 0
    persons = json.loads(capsys.readouterr().out)[0]["person_years"]
    assert all(persons[name]["value"] > 0 for name in ("carbon", "adp", "fossil_energy", "water_deprived"))


def test_a_year_that_is_absent_is_said_in_the_first_line(emissions, capsys):
    assert call([emissions, "--zone", "FR", "--year", "2015"]) == 0
    assert "France has no value for 2015; the first is of 2022" in capsys.readouterr().out.splitlines()[0]


def test_another_year(emissions, capsys):
    assert call([emissions, "--zone", "FR", "--year", "2023", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["carbon_g"] == pytest.approx(0.6 * 56.039)
    assert call([emissions, "--zone", "FR", "--year", "2999"]) == 2 and "future" in capsys.readouterr().err
