"""One machine over the same time counts once in every sum: exports, cards, footprints, comparisons, metrics."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from impact_tracker import cli
from impact_tracker.interop import FORMS, read_runs
from impact_tracker.tracker import ImpactTracker
from python import fake_core

Capture = pytest.CaptureFixture[str]
RANKS, SECONDS = 4, 100
JOULES = 105.0 * SECONDS  # the machine of the fixture draws 105 W


@pytest.fixture
def ranks(machine: fake_core.Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The logdir of four ranks of one machine."""
    trackers = []
    for rank in range(RANKS):
        monkeypatch.setenv("OMPI_COMM_WORLD_RANK", str(rank))
        trackers.append(ImpactTracker(tmp_path / "a", intensity_g_per_kwh=360.0).start())
    machine.advance(SECONDS)
    for tracker in trackers:
        tracker.stop()
    return tmp_path / "a"


def output(capsys: Capture, *arguments: object) -> str:
    assert cli.main([*map(str, arguments)]) == 0
    return capsys.readouterr().out


def test_ranks_are_one_run(ranks: Path) -> None:
    (run,) = read_runs(ranks)
    assert run.energy.best_j == pytest.approx(JOULES)
    assert run.duration_s == pytest.approx(SECONDS)
    assert any("of 4 records of one machine" in note for note in run.notes)


@pytest.mark.parametrize("form", ["latex", "neurips", "climate-card-extended", "openmetrics", "codecarbon"])
def test_an_export_of_ranks_is_that_of_their_machine(ranks: Path, form: str, capsys: Capture) -> None:
    together = output(capsys, "export", ranks, "--to", form)
    alone = output(capsys, "export", sorted((ranks / "impacttracker").glob("*.jsonl"))[-1], "--to", form)
    assert "4 runs" not in together
    numbers = [[float(number) for number in re.findall(r"\d+\.\d+", text)] for text in (together, alone)]
    assert numbers[0] == pytest.approx(numbers[1], rel=1e-6)


def test_footprint_and_compare_count_the_machine_once(ranks: Path, capsys: Capture) -> None:
    (document,) = json.loads(output(capsys, "footprint", ranks, "--json"))
    assert document["energy_kwh"] == pytest.approx(JOULES / 3.6e6)
    sides: dict[str, Any] = json.loads(output(capsys, "compare", ranks, ranks, "--json"))
    assert sides["a"]["runs"] == 1
    assert sides["comparisons"][0]["a"]["value"] == pytest.approx(JOULES)


def test_two_trackers_on_one_logdir_do_not_double(machine: fake_core.Machine, tmp_path: Path, capsys: Capture) -> None:
    outer = ImpactTracker(tmp_path, intensity_g_per_kwh=360.0).start()
    machine.advance(10)
    with ImpactTracker(tmp_path, intensity_g_per_kwh=360.0):
        machine.advance(20)
    machine.advance(10)
    outer.stop()
    with ImpactTracker(tmp_path, intensity_g_per_kwh=360.0):
        machine.advance(5)
    runs = read_runs(tmp_path)
    assert [run.energy.best_j for run in runs] == pytest.approx([105 * 5, 105 * 40])
    samples = re.findall(r"joules_total\{.*\} (.*)", output(capsys, "export", tmp_path, "--to", "openmetrics"))
    assert sum(map(float, samples)) == pytest.approx(105 * 45)


def test_every_form_of_several_runs_is_tried_here() -> None:
    cards = {"climate-card", "climate-card-latex", "climate-card-extended-latex"}  # of the same rows
    several = {name for name, form in FORMS.items() if not form.single} - cards
    assert several == {"latex", "neurips", "climate-card-extended", "openmetrics", "codecarbon"}
