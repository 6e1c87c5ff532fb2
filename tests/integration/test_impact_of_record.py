"""A record that a real tracker made: its hardware reaches every export; the estimate stands beside it."""

from __future__ import annotations

import csv
import io
import json
import pickle
import re
import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

pytest.importorskip("impact_tracker._core", reason="the core is not built")

from impact_tracker import ImpactTracker, __version__, cli
from impact_tracker.hostinfo import hardware_of, host_info
from impact_tracker.interop import Statement, from_record, read_runs, write
from impact_tracker.interop.boamps_rules import faults_of
from impact_tracker.record import Record, read_record


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Record]:
    """Some real work, with whatever this machine has to measure or model it."""
    logdir = tmp_path_factory.mktemp("runs")
    with ImpactTracker(logdir, zone="FR", pue=1.3, interval_s=0.05, tags={"name": "sum"}) as tracker:
        while tracker.result.duration_s < 0.3:
            sum(range(50_000))
    yield read_record(logdir)


@pytest.fixture(scope="module")
def run(record: Record) -> Statement:
    return from_record(record)


def test_the_header_names_the_machine(record: Record) -> None:
    known, host = hardware_of(record.header), host_info()
    assert (known.cpu, known.threads, known.memory_bytes) == (
        host.get("cpu"),
        host["logical_cpus"],
        host["memory_bytes"],
    )
    assert known.tool == "impact-tracker" and known.tool_version == __version__
    assert known.cores is None or 1 <= known.cores <= host["logical_cpus"]
    assert len(known.gpus) == len(host.get("gpus", ()))


def test_the_run_holds_what_the_header_says(run: Statement) -> None:
    host = host_info()
    assert (run.hardware.cpu, run.hardware.threads) == (host.get("cpu"), host["logical_cpus"])
    assert run.memory_gb == pytest.approx(host["memory_bytes"] / 1e9)
    assert (
        run.hardware.kernel == host["kernel"]
        and run.hardware.system == host.get("system")
        and run.tool_version == __version__
    )
    assert run.hardware.python is not None and host["python"].endswith(run.hardware.python) and run.name == "sum"
    assert run.use.cpu is None or 0.0 <= run.use.cpu <= 1.0


def test_a_busy_machine_is_a_share_of_its_processors(record: Record, run: Statement) -> None:
    busy = record.result.utilisation.get("cpu")
    if busy is None:
        pytest.skip("no use of the processors is read here")
    assert run.use.cpu == pytest.approx(min(1.0, busy / host_info()["logical_cpus"]))


def test_every_export_holds_the_hardware(run: Statement) -> None:
    if run.energy.is_missing:
        pytest.skip("nothing can be measured or modelled here")
    model = run.hardware.cpu or ""
    row = next(csv.DictReader(io.StringIO(write("codecarbon", [run]))))
    assert (row["cpu_model"], row["cpu_count"]) == (model, str(run.hardware.threads)) and row["os"].startswith("Linux")
    assert row["codecarbon_version"] == f"impact-tracker {__version__}" and float(row["ram_total_size"]) > 0
    report = json.loads(write("boamps", [run]))
    assert faults_of(report) == [] and report["measures"][0]["version"] == __version__
    named = {part["componentType"]: part for part in report["infrastructure"]["components"]}
    assert named["cpu"].get("componentName", "") == model and named["ram"]["memorySize"] == run.memory_gb
    assert report["system"]["os"].startswith("Linux") and report["software"]["version"] == run.hardware.python
    assert model in write("neurips", [run]) and f"{run.memory_gb:.0f} GB" in write("neurips", [run])
    assert model in write("hugging-face", [run])


def test_the_estimate_stands_beside_it(record: Record) -> None:
    comparison = from_record(record).beside()
    assert comparison.estimate is not None and comparison.estimate.energy_kwh > 0
    if record.result.kwh:
        assert comparison.ratio == pytest.approx(comparison.estimate.energy_kwh / (record.result.kwh * 1.3))


def test_every_shape_of_the_report_shows_it(record: Record, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    place = str(record.path)
    assert cli.main(["report", place]) == 0
    assert "green-algorithms 3.0: " in capsys.readouterr().out
    assert cli.main(["report", place, "--json"]) == 0
    estimate = json.loads(capsys.readouterr().out)["runs"][0]["estimate"]
    assert estimate["method"] == "green-algorithms" and estimate["energy_kwh"] > 0 and "ratio" in estimate
    assert cli.main(["report", place, "--csv"]) == 0
    row = next(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert float(row["estimate_kwh"]) == estimate["energy_kwh"]
    page = tmp_path / "report.html"
    assert cli.main(["report", place, "--html", str(page)]) == 0
    text = page.read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>") and "green-algorithms 3.0: " in text
    # Sources are named by their addresses, and nothing is loaded from there.
    assert not re.search(r"(src|href)\s*=\s*.?(https?:)?//|url\(|@import", text)
    capsys.readouterr()
    assert cli.main(["report", place, "--explain"]) == 0
    assert "0.3725 W/GB" in capsys.readouterr().out


def test_the_data_json_is_read_as_its_own_tools_read_it(record: Record, tmp_path: Path) -> None:
    if not record.result.kwh or record.started_at is None:
        pytest.skip("nothing can be measured or modelled here")
    folder = tmp_path / "run" / "impacttracker"
    folder.mkdir(parents=True)
    assert cli.main(["export", str(record.path), "--to", "eit", "-o", str(folder / "data.json")]) == 0
    began = record.started_at.astimezone().replace(tzinfo=None)
    ended = began + timedelta(seconds=record.result.duration_s)
    (folder / "info.pkl").write_bytes(pickle.dumps({"experiment_start": began, "experiment_end": ended}))
    (back,) = read_runs(tmp_path, "eit")
    share = record.result.measured.share
    expected_j = record.result.energy_j if share is None or share.share_j is None else share.share_j
    assert back.energy.best_j == pytest.approx(expected_j, rel=0.25)  # that tool holds each power, edges too
    assert back.energy.quality == record.result.quality


def test_the_footprint_knows_the_machine(record: Record, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["footprint", str(record.path), "--this-machine", "--json", "--per", "image=1000"]) == 0
    document = json.loads(capsys.readouterr().out)[0]
    assert cli.main(["footprint", str(record.path)]) == 0
    assert record.header["host"].get("physical_cores") is None or "for each core-hour" in capsys.readouterr().out
    assert document["matrix"]["carbon"]["making"]["value"] > 0 and document["per"]["image"]["amount"] == 1000
    assert (
        cli.main(["what-if", str(record.path), "--this-machine", "--to-cloud", "aws/eu-north-1", "--energy", "0.5"])
        == 0
    )
    assert "use would eat the saving" in capsys.readouterr().out


def test_matched_in_time_is_the_records_energy(
    record: Record, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    if not record.result.kwh or record.started_at is None:
        pytest.skip("nothing can be measured or modelled here")
    began = record.started_at - timedelta(hours=2)
    grid = tmp_path / "grid.csv"
    lines = [f"{(began + timedelta(hours=hour)).isoformat()},100" for hour in range(5)]
    grid.write_text("\n".join(["time,intensity_g_per_kwh", *lines]))
    assert cli.main(["footprint", str(record.path), "--intensity-file", str(grid), "--json"]) == 0
    matched = json.loads(capsys.readouterr().out)[0]["matched"]
    assert matched["carbon_g"] == pytest.approx(record.result.kwh * 1.3 * 100, rel=0.02)
    half = record.result.uncertainty.half_width_j or 0.0
    assert matched["carbon_g_high"] == pytest.approx(matched["carbon_g"] * (1 + half / (record.result.energy_j or 1.0)))


@pytest.mark.parametrize(
    "arguments",
    [
        ["report", "PLACE", "--explain"],
        ["footprint", "PLACE", "--this-machine", "--explain", "--tornado"],
        ["what-if", "PLACE", "--to-zone", "SE"],
        ["export", "PLACE", "--to", "boamps"],
        ["lint", "PLACE"],
        ["estimate", "--hours", "1", "--cores", "4", "--zone", "FR"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_nothing_asks_a_network_unless_it_is_told_to(
    arguments: list[str], record: Record, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[object] = []

    def refuse(*connection: object) -> None:
        asked.append(connection)
        raise OSError("no network in this test")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    cli.main([str(record.path) if word == "PLACE" else word for word in arguments])
    assert capsys.readouterr().err.count("no network") == 0 and asked == []


def test_a_service_that_is_asked_for_is_asked(
    record: Record, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def refuse(*connection: object) -> None:
        raise OSError("no network in this test")

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert cli.main(["footprint", str(record.path), "--live", "rte"]) == 0
    assert "not matched in time: https://odre.opendatasoft.com" in capsys.readouterr().out
