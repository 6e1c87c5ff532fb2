"""Machines out of records: which hang together, what they add up to, what is said."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from impact_tracker import cli
from impact_tracker.report import load_runs, nodes_of, total
from impact_tracker.report.nodes import groups_of, job_findings, sum_of_shares
from impact_tracker.tracker import ImpactTracker
from python import fake_core

Machine = fake_core.Machine
Capture = pytest.CaptureFixture[str]


def ranks(machine: Machine, monkeypatch: pytest.MonkeyPatch, folder: Path, count: int = 8, **more: str) -> None:
    """`count` ranks of one node: each begins a second after the last, all run for 100 s more."""
    trackers = []
    for rank in range(count):
        for name, value in {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "8", **more}.items():
            monkeypatch.setenv(name, value)
        trackers.append(ImpactTracker(folder, intensity_g_per_kwh=50.0).start())
        machine.advance(1)
    for tracker in trackers:
        with tracker.region("epoch"):
            machine.advance(10)
    machine.advance(20)
    for tracker in trackers:
        tracker.stop()


def report(folder: Path, capsys: Capture, *options: str) -> Any:
    assert cli.main(["report", str(folder), "--json", *options]) == 0
    return json.loads(capsys.readouterr().out, parse_constant=pytest.fail)


def test_eight_ranks_are_one_node(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    ranks(machine, monkeypatch, tmp_path, LOCAL_WORLD_SIZE="8")
    document = report(tmp_path, capsys, "--regions")
    assert len(document["runs"]) == 8
    (node,) = document["nodes"]
    assert node["records"] == 8
    assert document["total"]["energy_j"] == node["result"]["energy_j"] == pytest.approx(105 * 108)
    assert document["total"]["duration_s"] == pytest.approx(108)
    assert (document["total"]["runs"], document["total"]["machines"], document["total"]["missing"]) == (8, 1, 0)
    assert [row["rank"] for row in node["ranks"]] == list(range(8))
    assert node["ranks"][3]["energy_j"] == pytest.approx(105 * 105)
    assert node["spread"] == pytest.approx(0, abs=1e-9)
    (region,) = node["regions"]
    assert (region["name"], len(region["ranks"])) == ("epoch", 8)
    assert region["energy_j"] == pytest.approx(105 * 80)
    assert region["ranks"][0]["energy_j"] == pytest.approx(105 * 10)
    assert [run["rank"]["rank"] for run in document["runs"]] == list(range(7, -1, -1))

    assert cli.main(["report", str(tmp_path), "--regions", "--html", str(tmp_path / "page.html")]) == 0
    assert (tmp_path / "page.html").read_text().count('<p class="lead">8 ranks on 1 node: 11.3 kJ') == 1
    page = capsys.readouterr().out
    assert page.startswith("8 ranks on 1 node: 11.3 kJ")
    assert "3 of 8" in page
    assert "left no record" not in page
    assert "ranks' own energies agree within" in page


def test_rows_that_count_add_up(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    ranks(machine, monkeypatch, tmp_path / "a", 3)
    machine.boot_id = "another"
    ranks(machine, monkeypatch, tmp_path / "b", 1)
    total = report(tmp_path, capsys)["total"]
    for options in ([], ["--regions"]):
        assert cli.main(["report", str(tmp_path), "--csv", *options]) == 0
        rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
        assert len(rows) == 5
        assert [row["row"] for row in rows] == ["machine", *["run"] * 4]
        counted = [row for row in rows if row["counted"] == "true"]
        assert len(counted) == 2
        if not options:
            assert sum(float(row["energy_j"]) for row in counted) == pytest.approx(total["energy_j"])
            assert rows[1]["rank"] == "0"
            assert (rows[0]["records"], rows[0]["path"], rows[0]["boot_id"]) == ("3", "", "b007")


def test_machines_add_up_and_times_of_one_machine_too(machine: Machine, tmp_path: Path) -> None:
    def run(name: str, seconds: float) -> None:
        with ImpactTracker(tmp_path / name, intensity_g_per_kwh=50.0):
            machine.advance(seconds)

    run("first", 10)
    run("second", 20)
    machine.boot_id = "another"
    run("third", 30)
    runs, _ = load_runs([tmp_path])
    nodes = nodes_of(runs)
    assert [len(node.runs) for node in nodes] == [1, 1, 1]
    united = total(runs, nodes)
    assert united.energy.best_j == pytest.approx(105 * 60)
    assert (united.machines, united.runs, united.duration_s) == (2, 3, pytest.approx(60))
    assert united.wall_j is None


def test_without_a_boot_id_nothing_is_united(machine: Machine, tmp_path: Path) -> None:
    machine.boot_id = "unknown"
    outer = ImpactTracker(tmp_path / "outer").start()
    with ImpactTracker(tmp_path / "inner"):
        machine.advance(10)
    outer.stop()
    runs, _ = load_runs([tmp_path])
    assert [len(group) for group in groups_of(runs)] == [1, 1]


def test_a_rank_that_died_is_said(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    ranks(machine, monkeypatch, tmp_path, 2)
    path = sorted((tmp_path / "impacttracker").iterdir())[0]
    lines = path.read_text().splitlines()
    last = json.loads(lines[-1])["totals"]["result"]
    path.write_text("\n".join([*lines[:-1], json.dumps({"now": last})]) + "\n")
    (node,) = report(tmp_path, capsys)["nodes"]
    assert any("ends early; the other 1 of 2 records cover the rest" in finding for finding in node["findings"])


def test_ranks_without_a_record_are_said(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    ranks(machine, monkeypatch, tmp_path / "a", 2)
    runs, _ = load_runs([tmp_path / "a"])
    assert job_findings(nodes_of(runs)) == [
        "6 of 8 ranks left no record: machines on which no rank was tracked are not in the sum"
    ]
    # One rank measures its whole node: where all eight were on it, nothing is missing.
    ranks(machine, monkeypatch, tmp_path / "b", 1, LOCAL_WORLD_SIZE="8")
    runs, _ = load_runs([tmp_path / "b"])
    assert job_findings(nodes_of(runs)) == []


def test_shares_of_ranks_add_up_and_a_jobs_counts_once() -> None:
    class Shared:
        def __init__(self, share_j: float | None, scope: str = "process", whose: str = "") -> None:
            self.share_j = share_j
            self.measured = SimpleNamespace(share=SimpleNamespace(scope=scope, whose=whose))

    def of(*results: Shared, writers: list[object] | None = None) -> float | None:
        return sum_of_shares(([result] for result in results), writers)  # type: ignore[misc]

    assert of(Shared(1.0), Shared(2.0), Shared(None)) == 3.0
    assert of(Shared(1.0, "job", "job 7"), Shared(1.5, "job", "job 7"), Shared(4.0, "job", "job 8")) == 5.5
    assert of(Shared(None)) is None
    # Two trackers of one program watch one process; processes 1 of two containers are two.
    twice = [Shared(5.0, "process", "process 1 and its children"), Shared(6.0, "process", "process 1 and its children")]
    assert of(*twice, writers=[("node", 1), ("node", 1)]) == 6.0
    assert of(*twice, writers=[("pod-a", 1), ("pod-b", 1)]) == 11.0


def test_a_sleep_between_two_starts_is_no_wall_clock_that_was_set(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    ranks(machine, monkeypatch, tmp_path, 2)
    path = sorted((tmp_path / "impacttracker").iterdir())[-1]
    first, rest = path.read_text().split("\n", 1)
    header: dict[str, Any] = json.loads(first)["header"]
    slept_ns = 3_600_000_000_000
    for is_known in (False, True):
        header["start_utc_ns"] += 0 if is_known else slept_ns
        if is_known:
            header["start_boot_ns"] = header["start_ns"] + slept_ns
        path.write_text(json.dumps({"header": header}) + "\n" + rest)
        assert cli.main(["report", str(tmp_path)]) == 0
        assert ("the wall clock was set" in capsys.readouterr().out.replace("\n", " ")) is not is_known
