"""Carbon computed anew from rows that stay as they were run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from impact_tracker import Record
from impact_tracker.bench import Campaign, Settings
from impact_tracker.bench.analyse.reweigh import weighed
from impact_tracker.bench.show.view import read
from impact_tracker.cli import main
from impact_tracker.weighing import Reweighing
from python import fake_core
from python.bench.flat import flat, row_of
from python.bench.made import campaign
from python.bench.stand_ins import Workers, idle


@pytest.fixture
def folder(machine: fake_core.Machine, tmp_path: Path) -> Path:
    settings = Settings(models=("small-cnn",), repeats=2, images=500, test_images=500, pue=1.5, intensity_g_per_kwh=100)
    Campaign.create(tmp_path / "a", settings, open_worker=Workers(), sleep=idle).run(quiet=True)
    return tmp_path / "a"


@pytest.mark.parametrize(
    "asked",
    [{"pue": 1.2}, {"intensity_g_per_kwh": 56.0}, {"zone": "FR"}, {"zone": "FR", "pue": 1.58}, {"zone": "world"}],
    ids=str,
)
def test_rows_are_weighed_as_their_records_are(folder: Path, asked: dict[str, Any]) -> None:
    rows = flat(read(folder, weights=Reweighing(**asked)))
    before = flat(read(folder))
    regions = {region.name: region for region in Record(folder / rows[0]["record"]).regions}
    assert len(rows) == len(before) == 12
    for row, old in zip(rows, before):
        same = regions[row["region"]].weigh(**asked)
        assert (row["carbon_g"], row["carbon_low_g"], row["carbon_high_g"]) == pytest.approx(
            (same.carbon_g, same.carbon_low_g, same.carbon_high_g)
        )
        assert row["pue"] == same.weighing.pue
        assert row["intensity_g_per_kwh"] == same.weighing.intensity.value
        assert row["energy_j"] == old["energy_j"]


def test_a_row_says_whether_its_pue_was_stated(machine: fake_core.Machine, tmp_path: Path) -> None:
    """A PUE of 1 that somebody said is kept on another grid; one that nobody said gives way to its range."""
    for name, pue in (("unsaid", None), ("said", 1.0)):
        settings = Settings(models=("small-cnn",), repeats=1, images=500, test_images=500, pue=pue)
        Campaign.create(tmp_path / name, settings, open_worker=Workers(), sleep=idle).run(quiet=True)
        view = read(tmp_path / name)
        is_stated = pue is not None
        assert {row.measured.pue_is_stated for row in view.rows if row.measured.carbon_g} == {is_stated}
        lines = [json.loads(line) for line in (tmp_path / name / "rows.jsonl").read_text().splitlines()]
        assert {line["pue_is_stated"] for line in lines if "pue_is_stated" in line} == {is_stated}
        (note,) = [line for line in view.caveats if line.startswith("kWh are")]
        assert ("PUE 1 that nobody stated" in note) is not is_stated
        abroad = read(tmp_path / name, weights=Reweighing(zone="FR")).rows
        ratios = [r.measured.carbon_high_g / r.measured.carbon_g for r in abroad if r.measured.carbon_g]
        assert all(ratio > 2 for ratio in ratios) is not is_stated
        stated = read(tmp_path / name, weights=Reweighing(pue=1.2)).rows
        assert {row.measured.pue_is_stated for row in stated if row.measured.carbon_g} == {True}


def test_nothing_asked_changes_nothing_and_bad_weights_are_refused(folder: Path) -> None:
    rows = read(folder).rows
    assert weighed(rows, Reweighing()) == rows
    with pytest.raises(ValueError, match="PUE is 1 or more"):
        weighed(rows, Reweighing(pue=0.0))
    with pytest.raises(ValueError, match="Atlantis"):
        weighed(rows, Reweighing(zone="Atlantis"))
    with pytest.raises(ValueError, match="not both"):
        weighed(rows, Reweighing(zone="FR", intensity_g_per_kwh=5.0))


def test_energy_that_is_missing_has_no_carbon() -> None:
    row = row_of({"energy_j": None, "carbon_g": None, "pue": 1.0, "quality": "missing"})
    assert weighed([row], Reweighing(zone="FR")) == weighed([row], Reweighing(pue=2.0)) == [row]


def test_the_command_weighs_anew_without_new_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("scipy.stats")
    models = ("mobilenet-v2", "vgg-16")
    view = campaign(tmp_path / "a", Settings(suite="ai-benchmark", mode="work", repeats=2, models=models))
    lines = (tmp_path / "a" / "rows.jsonl").read_bytes()
    kilograms = {cell.test: cell.carbon_kg.value for cell in view.cells if cell.carbon_kg is not None}
    assert main(["bench", "report", str(tmp_path / "a"), "--pue", "2", "--intensity", "40", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["weighed_with"] == {"intensity_g_per_kwh": 40.0, "pue": 2.0}
    assert len(document["summary"]) == 4
    for cell in document["summary"]:  # 400 g/kWh and PUE 1 before
        assert cell["carbon_kg"]["value"] == pytest.approx(kilograms[cell["test"]] * 2 * 40 / 400)
    assert any("weighed anew (intensity_g_per_kwh 40.0, pue 2.0)" in note for note in document["caveats"])
    assert main(["bench", "report", str(tmp_path / "a"), "--pue", "2"]) == 0
    assert "kWh × PUE 2 × 400 g/kWh" in capsys.readouterr().out
    assert main(["bench", "report", str(tmp_path / "a"), "--zone", "Atlantis"]) == 2
    assert "Atlantis" in capsys.readouterr().err
    assert (tmp_path / "a" / "rows.jsonl").read_bytes() == lines
