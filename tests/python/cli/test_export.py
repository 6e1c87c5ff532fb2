"""impact-tracker export: from a foreign file to every form, errors without a half-written file."""

import json

import pytest

from impact_tracker import cli
from impact_tracker.interop import FORMS

CSV = """timestamp,project_name,duration,emissions,energy_consumed,country_iso_code
2024-05-01T10:00:00,p,3600,0.12,0.6,FRA
"""


def call(arguments):
    return cli.main(["export", *map(str, arguments)])


@pytest.fixture
def emissions(tmp_path):
    path = tmp_path / "emissions.csv"
    path.write_text(CSV)
    return path


def test_from_codecarbon_to_hugging_face(emissions, capsys):
    assert call([emissions, "--to", "hugging-face"]) == 0
    assert "emissions: 120.0" in capsys.readouterr().out


def test_another_zone_and_a_file(emissions, tmp_path):
    out = tmp_path / "report.json"
    assert call([emissions, "--to", "boamps", "--zone", "Poland", "-o", out]) == 0
    assert json.loads(out.read_text())["impacts"]["carbon_g"] == pytest.approx(0.6 * 588.6)


def test_fields_and_the_list(emissions, capsys):
    assert call([emissions, "--to", "sci", "--field", "functional_unit=image", "--field", "units=1000"]) == 0
    assert json.loads(capsys.readouterr().out)["sci_g_per_unit"] == pytest.approx(0.12)
    assert call([emissions, "--list"]) == 0 and "boamps" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--to", "boamp"], "boamps"),
        (["--to", "sci"], "functional_unit"),
        ([], "--to"),
        (["--to", "sci", "--field", "x"], "NAME=VALUE"),
        (["--to", "boamps", "--zone", "Frence"], "France"),
        (["--to", "boamps", "--pue", "0.5"], "PUE"),
    ],
)
def test_errors_write_nothing(emissions, tmp_path, capsys, arguments, message):
    out = tmp_path / "out"
    assert call([emissions, *arguments, "-o", out]) == 2
    assert message in capsys.readouterr().err and not out.exists()


def test_a_missing_place(capsys):
    assert call(["/nowhere/at/all", "--to", "boamps"]) == 2 and "nothing at" in capsys.readouterr().err


def test_a_form_for_one_run_says_which(emissions, capsys):
    emissions.write_text(CSV + CSV.splitlines()[1].replace(",p,", ",q,") + "\n")
    assert call([emissions, "--to", "hugging-face"]) == 0
    assert "p alone, the newest of 2 runs" in capsys.readouterr().err
    assert call([emissions, "--to", "hugging-face", "--newest", "--explain"]) == 0
    err = capsys.readouterr().err
    assert "alone" not in err and "carbon_g = " in err


def test_the_list_needs_no_place_and_has_every_form(capsys):
    assert call(["--list"]) == 0
    out = capsys.readouterr().out
    assert all(form in out for form in (*FORMS, "eit"))


def test_sci_with_its_share_of_making(emissions, capsys):
    fields = ["--field", "functional_unit=hour", "--field", "units=1", "--field", "total_embodied_kg=1000"]
    assert call([emissions, "--to", "sci", *fields, "--field", "lifetime_years=4"]) == 0
    score = json.loads(capsys.readouterr().out)
    assert score["M_g"] == pytest.approx(28.54, abs=0.005) and score["conforming"]
    assert call([emissions, "--to", "sci", *fields[:4], "--field", "lifetime_years=4"]) == 0
    of_hardware = json.loads(capsys.readouterr().out)  # which the file names
    assert of_hardware["M_g"] != score["M_g"] and of_hardware["conforming"] == (of_hardware["M_g"] is not None)
    assert call([emissions, "--to", "sci", *fields[:4], "--field", "embodied_source=me"]) == 2
    assert "total_embodied_kg" in capsys.readouterr().err
