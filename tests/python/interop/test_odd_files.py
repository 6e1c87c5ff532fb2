"""Files of other trackers as they are found: rows written over and over, stated units, bad rows, other encodings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from impact_tracker import cli
from impact_tracker.interop import InteropError, Statement, boamps, carbontracker, each_once, read_runs
from impact_tracker.interop.lint import lint
from impact_tracker.interop.reported import of_statement
from impact_tracker.values import total

Capture = pytest.CaptureFixture[str]
HEADER = (
    "timestamp",
    "project_name",
    "run_id",
    "duration",
    "emissions",
    "energy_consumed",
    "country_name",
    "cpu_model",
)


def row(
    stamp: str = "2024-05-01T10:00:00", run: str = "r", seconds: float = 3600, kwh: float = 0.5, **more: str
) -> str:
    cells = {"timestamp": stamp, "project_name": "p", "run_id": run, "duration": f"{seconds}", "cpu_model": "X"}
    cells |= {"emissions": f"{kwh * 0.2}", "energy_consumed": f"{kwh}", "country_name": "France", **more}
    return ",".join(cells[name] for name in HEADER)


def write(place: Path, *rows: str, header: str = ",".join(HEADER)) -> Path:
    place.write_text("\n".join([header, *rows]) + "\n")
    return place


def kwh_of(runs: list[Statement]) -> float | None:
    return total(run.energy for run in each_once(runs)).kwh


# ---- one machine over the same time


def test_rows_that_a_run_wrote_over_and_over_count_as_the_last(tmp_path: Path, capsys: Capture) -> None:
    flushed = [row(f"2024-05-01T10:00:{10 * n}", seconds=10 * n + 0.4, kwh=0.0099 * n) for n in (1, 2)]
    last = row("2024-05-01T10:00:30", seconds=30.9, kwh=0.0285)
    place = write(tmp_path / "emissions.csv", *flushed, last, last)
    (run,) = read_runs(place)
    assert run.energy.kwh == pytest.approx(0.0285)
    assert run.energy.partial is False
    assert cli.main(["export", str(place), "--to", "neurips"]) == 0
    assert "0.0285 kWh" in capsys.readouterr().out


def test_later_rows_of_the_same_id_that_began_later_add_up(tmp_path: Path) -> None:
    place = write(tmp_path / "emissions.csv", row("2024-05-01T10:00:00"), row("2024-05-01T12:00:00", kwh=0.25))
    assert kwh_of(read_runs(place)) == pytest.approx(0.75)


def test_files_of_ranks_in_one_hour_count_once_and_it_is_said(tmp_path: Path, capsys: Capture) -> None:
    places = [write(tmp_path / f"emissions_{rank}.csv", row(run=f"{rank}", kwh=0.5)) for rank in range(4)]
    assert cli.main(["report", *map(str, places)]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert out.startswith("4 runs: 0.500 kWh")
    assert (
        "4 runs overlap in time, and whether on one machine is not said: they count once, 0.500 kWh of 2.00 kWh" in out
    )
    assert "read each file by itself" in out
    joined = write(tmp_path / "all.csv", *(row(run=f"{rank}", kwh=0.5) for rank in range(4)))
    assert cli.main(["export", str(joined), "--to", "latex"]) == 0
    streams = capsys.readouterr()
    assert "0.5~kWh" in streams.out
    assert "whether on one machine is not said" in streams.out
    assert "whether on one machine is not said" in streams.err


def test_other_hardware_and_other_hours_add_up(tmp_path: Path) -> None:
    rows = [row(), row(run="s", cpu_model="Y"), row("2024-05-01T11:00:00", run="t")]
    assert kwh_of(read_runs(write(tmp_path / "emissions.csv", *rows))) == pytest.approx(1.5)


def test_a_file_that_is_named_twice_counts_once(tmp_path: Path, capsys: Capture) -> None:
    place = write(tmp_path / "emissions.csv", row())
    assert cli.main(["report", str(place), str(tmp_path / "." / "emissions.csv"), "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["runs"]) == 1


REPORT: dict[str, Any] = {
    "task": {
        "taskStage": "training",
        "taskFamily": "textGeneration",
        "algorithms": [{}],
        "dataset": [{"dataUsage": "input", "dataType": "text"}],
    },
    "infrastructure": {"infraType": "onPremise", "components": [{"componentType": "gpu", "nbComponent": 1}]},
    "environment": {"country": "France"},
}


def report(place: Path, *measures: dict[str, Any]) -> Path:
    filled = [{"measurementMethod": f"meter {n}", **measure} for n, measure in enumerate(measures)]
    place.write_text(json.dumps({**REPORT, "measures": filled}))
    return place


def test_several_meters_of_one_task_count_as_the_largest(tmp_path: Path) -> None:
    runs = boamps.read_json(report(tmp_path / "r.json", {"powerConsumption": 2.0}, {"powerConsumption": 3.0}))
    (run,) = each_once(runs)
    assert run.energy.kwh == pytest.approx(3.0)
    assert run.energy.partial
    assert "do not all say when they ran" in run.notes[0]
    hours = [
        {"powerConsumption": 2.0, "measurementDateTime": f"2024-05-01 1{hour}:00:00", "measurementDuration": 3600}
        for hour in range(2)
    ]
    assert kwh_of(boamps.read_json(report(tmp_path / "r.json", *hours))) == pytest.approx(4.0)


LOG = """{stamp} - CarbonTracker:
Actual consumption for {epochs} epoch(s):
\tTime:\t1:00:00
\tEnergy:\t{kwh} kWh
\tCO2eq:\t100.0 g
"""


def test_logs_of_one_machine_count_once(tmp_path: Path) -> None:
    for pid, stamp in ((1, "2024-01-05 10:00:00"), (2, "2024-01-05 10:00:00"), (3, "2024-01-05 12:00:00")):
        log = LOG.format(stamp=stamp, epochs=2, kwh=1.58)
        (tmp_path / f"{pid}_2024_carbontracker_output.log").write_text(log)
    assert kwh_of(read_runs(tmp_path)) == pytest.approx(2.0)


# ---- what is stated beside the number


@pytest.mark.parametrize(
    ("unit", "kwh"), [("Wh", 0.351), ("kWh", 351), ("MWh", 351e3), ("kJ", 351e3 / 3.6e6), ("J", 351 / 3.6e6)]
)
def test_the_unit_of_early_boamps_reports(tmp_path: Path, unit: str, kwh: float) -> None:
    (run,) = boamps.read_json(report(tmp_path / "r.json", {"powerConsumption": 351, "unit": unit}))
    assert run.energy.kwh == pytest.approx(kwh)


@pytest.mark.parametrize("unit", ["kiloFLOPS", "", None, 3])
def test_a_unit_that_is_no_energy_stops(tmp_path: Path, unit: object) -> None:
    with pytest.raises(InteropError, match="unit"):
        boamps.read_json(report(tmp_path / "r.json", {"powerConsumption": 351, "unit": unit}))


def test_fields_that_the_schema_does_not_know_are_named(tmp_path: Path) -> None:
    (run,) = boamps.read_json(report(tmp_path / "r.json", {"powerConsumption": 1.0, "per": "request"}))
    assert any("per" in note and "not read" in note for note in run.notes)


def test_a_part_of_the_epochs_is_not_the_run(tmp_path: Path) -> None:
    place = tmp_path / "1_carbontracker_output.log"
    log = LOG.format(stamp="2022-01-05 10:00:00", epochs=1, kwh=1.67)
    place.write_text(log + "Predicted consumption for 200 epoch(s):\n\tTime:\t200:00:00\n")
    (tmp_path / "1_carbontracker.log").write_text("2022-01-05 09:00:00 - PUE set to 1.67\n")
    (run,) = carbontracker.read_logs(place)
    assert run.energy.partial
    assert "1 of 200 epochs" in run.notes[0]
    assert run.site.pue == 1.67
    assert run.energy.kwh == pytest.approx(1.0)


def test_a_pue_that_no_file_states_is_not_the_users(tmp_path: Path, capsys: Capture) -> None:
    place = write(tmp_path / "emissions.csv", row())
    assert cli.main(["report", str(place), "--explain"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "it states no PUE" in out and "PUE not stated (1 to 1.67)" in out
    assert "PUE: 1, stated by the user" not in out
    assert cli.main(["report", str(place), "--explain", "--pue", "1.2"]) == 0
    assert "PUE: 1.2, stated by the user" in " ".join(capsys.readouterr().out.split())


def test_a_country_by_its_name_is_a_zone_in_every_importer(tmp_path: Path) -> None:
    log = tmp_path / "1_carbontracker_output.log"
    log.write_text(
        "Carbon intensity is 150 gCO2/kWh at detected location: Lyon, France.\n" + LOG.format(stamp="", epochs=1, kwh=1)
    )
    places = [write(tmp_path / "e.csv", row()), report(tmp_path / "r.json", {"powerConsumption": 1.0}), log]
    assert [read_runs(place)[0].site.zone for place in places] == ["France"] * 3
    (unknown,) = read_runs(write(tmp_path / "e.csv", row(country_name="Atlantis")))
    assert (unknown.site.zone, unknown.site.zone_name) == (None, "Atlantis")


def test_lint_finds_powers_that_no_machine_draws(tmp_path: Path) -> None:
    cell = {"powerConsumption": 351, "measurementDuration": 1500}
    (run,) = boamps.read_json(report(tmp_path / "r.json", cell))
    assert any("842.4 kW" in finding.what for finding in lint(of_statement(run)))
    (run,) = read_runs(write(tmp_path / "e.csv", row(kwh=315.0)))
    assert any("315 kW" in finding.what for finding in lint(of_statement(run)))
    (run,) = read_runs(write(tmp_path / "e.csv", row(kwh=0.5)))
    assert not any("on average" in finding.what for finding in lint(of_statement(run)))


# ---- tables with bad rows

BAD = {
    "short": ("a,b", "2 cells under a header of 8"),
    "glued": (row() + row(), "15 cells under a header of 8"),
    "negative": (row(kwh=-1.0), "must not be negative"),
    "header": (",".join(HEADER), "the header again"),
    "merge": ("<<<<<<< HEAD", "the mark of a merge"),
    "word": (row(emissions="much"), "emissions is no number"),
    "infinite": (row(duration="inf"), "finite"),
}


@pytest.mark.parametrize("bad", BAD, ids=list(BAD))
def test_the_good_rows_are_read_and_the_bad_one_is_named(bad: str, tmp_path: Path, capsys: Capture) -> None:
    text, reason = BAD[bad]
    place = write(tmp_path / "emissions.csv", row(run="a"), text, row("2024-05-01T12:00:00", run="b", kwh=0.25))
    runs = read_runs(place)
    assert kwh_of(runs) == pytest.approx(0.75)
    assert any("emissions.csv:3: " in note and reason in note for note in runs[0].notes)
    assert cli.main(["export", str(place), "--to", "openmetrics"]) == 0
    assert f"not read: {place}:3" in capsys.readouterr().err
    with pytest.raises(InteropError, match=":2: "):
        read_runs(write(place, text))


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_separators_encodings_and_padding(tmp_path: Path, separator: str, encoding: str) -> None:
    lines = [",".join(HEADER), row(project_name="café")]
    cells = [line.split(",") for line in lines]
    if separator == ";":
        cells[1] = [cell.replace(".", ",") for cell in cells[1]]
    text = "\r\n".join(separator.join(f" {cell} " for cell in line) for line in cells)
    place = tmp_path / "emissions.csv.bak"
    place.write_bytes(text.encode(encoding))
    (run,) = read_runs(place)
    assert (run.energy.kwh, run.name) == (pytest.approx(0.5), "café")
    assert run.started_at is not None


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "Git LFS"),
        (",".join(HEADER) + "\n", "a header alone"),
        ("", "lacks the columns"),
    ],
)
def test_a_file_that_stops_is_named_and_can_be_left_out(
    tmp_path: Path, capsys: Capture, content: str, reason: str
) -> None:
    bad, good = tmp_path / "bad.csv", write(tmp_path / "good.csv", row())
    bad.write_text(content)
    assert cli.main(["report", str(bad), str(good)]) == 2
    assert reason in capsys.readouterr().err
    with pytest.warns(UserWarning, match=reason):
        assert cli.main(["report", str(bad), str(good), "--skip", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["runs"]) == 1
    with pytest.warns(UserWarning, match=reason):
        assert cli.main(["report", str(bad), "--skip"]) == 2


def test_task_files_name_their_tasks(tmp_path: Path) -> None:
    header = "task_name," + ",".join(HEADER)
    place = write(
        tmp_path / "emissions_base_r.csv", "load," + row(), "fit," + row("2024-05-01T12:00:00"), header=header
    )
    assert [run.name for run in read_runs(place)] == ["load", "fit"]


@pytest.mark.parametrize("seconds", ["0", "0.0", ""])
def test_a_duration_of_0_is_not_known_and_no_making_is_0(tmp_path, capsys, seconds):
    """A tracker that was stopped before it knew writes 0: no run takes no time, and none is made of nothing."""
    path = tmp_path / "emissions.csv"
    path.write_text(
        "timestamp,project_name,duration,emissions,energy_consumed,country_iso_code,cpu_model,cpu_count\n"
        f"2024-05-01T10:00:00,p,{seconds},0.0001,,FRA,AMD EPYC 7543 32-Core Processor,64\n"
    )
    assert cli.main(["footprint", str(path), "--json", "--this-machine"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["carbon_g"] is None
    assert cli.main(["what-if", str(path), "--this-machine", "--zone", "FR", "--to-zone", "SE"]) == 2
    assert "how long it took is not known" in capsys.readouterr().err
