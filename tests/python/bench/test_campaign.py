"""Campaigns on a worker without a process and a machine whose power and clock are set: every number is known."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from impact_tracker.bench import Campaign, Settings
from impact_tracker.bench.analyse.cells import cell_of
from impact_tracker.bench.plan import suites
from impact_tracker.bench.plan.task import plan
from impact_tracker.bench.row.log import current
from impact_tracker.bench.row.make import with_loaded
from impact_tracker.bench.row.storage import Storage
from impact_tracker.bench.show.view import read
from impact_tracker.runner import Loaded, WorkerError
from python import fake_core
from python.bench.flat import flat, row_of
from python.bench.late_sensors import settle_late
from python.bench.stand_ins import Workers, ended, idle


def tools(workers: Workers) -> dict[str, Any]:
    return {"open_worker": workers, "sleep": idle}


def run(folder: Path, workers: Workers, **settings: Any) -> Any:
    campaign = Campaign.create(folder, Settings(**{"images": 1000, "test_images": 500, **settings}), **tools(workers))
    return campaign.run(quiet=True)


def test_every_phase_is_a_row_with_the_energy_of_its_region(workers: Workers, tmp_path: Path) -> None:
    outcome = run(tmp_path / "a", workers, models=("small-cnn",), repeats=2)
    assert (outcome.done, outcome.total, outcome.failed) == (2, 2, {})
    view = read(tmp_path / "a")
    phases = [row["phase"] for row in flat(view) if row["task"] == "small-cnn.r1"]
    assert phases == ["load", "warm-up", "training", "evaluation", "inference"]
    training = next(row for row in flat(view) if row["phase"] == "training")
    # 1000 images at 3 ms, 100 W of the package and 5 W of the memory
    assert training["duration_s"] == pytest.approx(3.0)
    assert training["energy_j"] == pytest.approx(315.0)
    assert training["j_per_image"] == pytest.approx(0.315)
    assert training["kwh"] == pytest.approx(315.0 / 3.6e6)
    assert training["quality"] == "modelled"
    assert training["parameters"] == 421_738
    assert (tmp_path / "a" / training["record"]).is_file()
    before = [row for row in flat(view) if row["phase"] == "idle"]
    assert [row["task"] for row in before] == ["idle-before.s1", "idle-after.s1"]
    assert before[0]["power_w"] == pytest.approx(45.0)
    assert workers.opened == workers.closed == 3  # one to look, one a run


def test_means_over_runs_and_accuracy_of_what_was_trained(workers: Workers, tmp_path: Path) -> None:
    run(tmp_path / "a", workers, repeats=3, pue=1.5, intensity_g_per_kwh=100.0)
    cells = read(tmp_path / "a").cells
    dear, cheap = (cell_of(cells, name, "training") for name in ("mobilenet-v2", "small-cnn"))
    assert dear is not None
    assert cheap is not None
    assert dear.j_per_image is not None
    assert cheap.j_per_image is not None
    assert dear.j_per_image.value / cheap.j_per_image.value == pytest.approx(8.0)
    assert dear.j_per_image.half_width == pytest.approx(0.0, abs=1e-9)
    assert dear.accuracy is not None
    assert dear.accuracy.value == pytest.approx(0.72)
    assert dear.carbon_kg is not None
    assert dear.kwh is not None
    assert dear.carbon_kg.value == pytest.approx(dear.kwh.value * 1.5 * 0.1)
    assert dear.bias == pytest.approx(((0.02 * 100) ** 2 + 2.5**2) ** 0.5 / 105)
    inference = cell_of(cells, "small-cnn", "inference")
    assert inference is not None
    assert inference.accuracy is None
    assert inference.images == 1000


@pytest.mark.parametrize(
    ("phase", "expected"),
    [
        ("training", ["load", "warm-up", "training", "evaluation"]),
        ("inference", ["load", "warm-up", "inference"]),
    ],
)
def test_one_phase_alone(workers: Workers, tmp_path: Path, phase: str, expected: list[str]) -> None:
    run(tmp_path / "a", workers, models=("small-cnn",), repeats=1, phase=phase, idle_s=0.0)
    assert [row["phase"] for row in flat(read(tmp_path / "a"))] == expected


def test_a_worker_that_dies_is_a_row_and_the_campaign_goes_on(workers: Workers, tmp_path: Path) -> None:
    workers.fail("mobilenet-v2", "train", ended(), nth=2)
    outcome = run(tmp_path / "a", workers, repeats=3)
    assert outcome.done == 5
    (task,) = outcome.failed
    assert task.startswith("mobilenet-v2.r")
    assert "SIGKILL" in outcome.failed[task]
    view = read(tmp_path / "a")
    row = next(row for row in flat(view) if row["status"] == "failed")
    assert row["phase"] == "training"
    assert row["energy_j"] == pytest.approx(12.0 * 105)  # half of the phase: it was used, and is not averaged
    assert row.get("j_per_image") is None
    cell = cell_of(view.cells, "mobilenet-v2", "training")
    assert cell is not None
    assert cell.runs == 2
    assert list(cell.left_out) == [task]
    assert any("SIGKILL" in caveat for caveat in view.caveats)
    assert workers.closed == workers.opened


def test_out_of_memory_at_load_is_a_row(workers: Workers, tmp_path: Path) -> None:
    error = WorkerError("out-of-memory", "the system refused more memory", "a smaller batch or size")
    workers.fail("mobilenet-v2", "load", error)
    outcome = run(tmp_path / "a", workers, repeats=1)
    assert outcome.done == 1
    row = next(row for row in flat(read(tmp_path / "a")) if row["status"] == "failed")
    assert (row["phase"], row["failure"]) == ("load", "out-of-memory")


class Killed(BaseException):
    """As if the driver had gone."""


def test_finished_rows_stay_and_resume_does_the_rest(workers: Workers, tmp_path: Path) -> None:
    folder = tmp_path / "a"
    workers.fail("small-cnn", "evaluate", Killed(), nth=2)  # type: ignore[arg-type]
    with pytest.raises(Killed):
        run(folder, workers, models=("small-cnn",), repeats=3)
    with (folder / "rows.jsonl").open("a") as stream:
        stream.write('{"kind":"row","task":"small-cnn.r2","ph')  # the line that was being written
    before = (folder / "rows.jsonl").read_text()
    view = read(folder)
    assert view.outcome.done == 1
    assert any("--resume" in caveat for caveat in view.caveats)
    workers.before = lambda worker, command: None
    outcome = Campaign.resume(folder, **tools(workers)).run(quiet=True)
    assert (outcome.done, outcome.total) == (3, 3)
    after = (folder / "rows.jsonl").read_text()
    assert after.startswith(before[: before.rindex("\n") + 1])
    rows = flat(read(folder))
    assert len({(row["task"], row["phase"]) for row in rows}) == len(rows)
    second = [row for row in rows if row["task"] == "small-cnn.r2"]
    assert [row["phase"] for row in second] == ["load", "warm-up", "training", "evaluation", "inference"]
    assert {row["attempt"] for row in second} == {2}
    assert {row["session"] for row in second} == {2}
    assert len(list((folder / "impacttracker").glob("*.jsonl"))) == 2


def test_resume_of_a_finished_campaign_does_nothing_and_more_repeats_append(workers: Workers, tmp_path: Path) -> None:
    folder = tmp_path / "a"
    run(folder, workers, repeats=1)
    lines = len(Storage(folder).lines())
    Campaign.resume(folder, **tools(workers)).run(quiet=True)
    assert len(Storage(folder).lines()) == lines
    outcome = Campaign.resume(folder, repeats=2, **tools(workers)).run(quiet=True)
    assert (outcome.done, outcome.total) == (4, 4)
    with pytest.raises(ValueError, match="begun with 2 repeats"):
        Campaign.resume(folder, repeats=1, **tools(workers))


def test_a_folder_with_a_campaign_is_not_overwritten(workers: Workers, tmp_path: Path) -> None:
    run(tmp_path / "a", workers, models=("small-cnn",), repeats=1)
    opened = workers.opened
    with pytest.raises(FileExistsError, match="--resume"):
        run(tmp_path / "a", workers)
    assert workers.opened == opened


def test_two_drivers_do_not_work_in_one_folder(workers: Workers, tmp_path: Path) -> None:
    campaign = Campaign.create(tmp_path / "a", Settings(images=100, repeats=1), **tools(workers))
    with Storage(tmp_path / "a"), pytest.raises(BlockingIOError, match="another campaign"):
        campaign.run(quiet=True)


def test_what_is_wrong_is_said_before_anything_is_written(workers: Workers, tmp_path: Path) -> None:
    for settings, error, text in (
        ({"models": ("mobilnet-v2",)}, ValueError, "did you mean mobilenet-v2"),
        ({"models": ("resnet-18",)}, ValueError, "this worker; .*there are small-cnn, mobilenet-v2"),
        ({"device": "cuda"}, ValueError, "no device 'cuda'.*sees cpu"),
        ({"data_folder": "/nowhere"}, FileNotFoundError, "dataset-fashion-mnist"),
        ({"precision": "tf32"}, ValueError, "CUDA"),
        ({"precision": "fp8"}, ValueError, "precision is one of fp32, tf32, bf16, not 'fp8'"),
        ({"layout": "nhwc"}, ValueError, "layout is one of auto, nchw, channels_last, not 'nhwc'"),
        ({"images": 70_000}, ValueError, "60000 training images"),
    ):
        with pytest.raises(error, match=text):
            run(tmp_path / "a", workers, **settings)
    assert not (tmp_path / "a").exists()
    assert workers.closed == workers.opened


def test_provisional_energies_are_settled_at_the_end(
    workers: Workers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle_late(monkeypatch)
    run(tmp_path / "a", workers, models=("small-cnn",), repeats=1)
    lines = Storage(tmp_path / "a").lines()
    training = next(row for row in flat(current(lines)) if row["phase"] == "training")
    assert training["provisional"] is False
    assert training["energy_j"] == pytest.approx(630.0)
    assert training["j_per_image"] == pytest.approx(0.63)


def test_a_late_idle_baseline_is_what_rows_are_held_against(
    workers: Workers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sensor that had said little of the idle machine when its region was left says it in the end."""
    fake_core.machine.lagging = set(range(1, 100))
    regions = fake_core.Record.regions

    def settled(self: fake_core.Record) -> list[fake_core.RegionResult]:
        more = {"idle-before": 3, "idle-after": 3}
        return [
            replace(region, provisional=False, energy=region.energy.scaled(more.get(region.name, 1)))
            for region in regions(self)
        ]

    monkeypatch.setattr(fake_core.Record, "regions", settled)
    run(tmp_path / "a", workers, models=("small-cnn",), repeats=1)
    training = next(row for row in flat(read(tmp_path / "a")) if row["phase"] == "training")
    # 105 W at work; 45 W idle as first seen, 135 W in truth
    assert training["above_idle_j"] == pytest.approx(315.0 - 135.0 * 3.0)


def test_a_sensor_that_falls_silent_makes_its_rows_invalid(
    workers: Workers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = fake_core.result_of_span

    def silent(name: str, *args: Any, **options: Any) -> fake_core.RegionResult:
        result = before(name, *args, **options)
        if name != "small-cnn.r2/training":
            return result
        package, memory = result.channels
        package = replace(package, energy_j=None, half_width_j=None, bias_j=None)
        assert result.energy.best_j is not None
        energy = replace(result.energy, best_j=result.energy.best_j - 300.0)
        return replace(result, energy=energy, channels=[package, memory])

    monkeypatch.setattr(fake_core, "result_of_span", silent)
    settings = Settings(images=1000, test_images=500, models=("small-cnn",), repeats=2)
    Campaign.create(tmp_path / "a", settings, **tools(workers)).run()
    view = read(tmp_path / "a")
    cell = cell_of(view.cells, "small-cnn", "training")
    assert cell is not None
    assert cell.j_per_image is not None
    assert (cell.runs, cell.j_per_image.value) == (1, pytest.approx(0.315))
    assert cell.left_out == {
        "small-cnn.r2": "no reading of rapl/package-0, which had spoken before: it is not in the sum"
    }
    assert "small-cnn run 2 training: 3.00 s, 15.0 J; invalid: no reading of rapl/package-0" in capsys.readouterr().err


def test_energy_that_was_not_measured_is_none(workers: Workers, machine: fake_core.Machine, tmp_path: Path) -> None:
    machine.measured = False
    with pytest.warns(Warning, match="no energy was measured"):
        run(tmp_path / "a", workers, models=("small-cnn",), repeats=1)
    view = read(tmp_path / "a")
    assert all(row["energy_j"] is None for row in flat(view))
    cell = cell_of(view.cells, "small-cnn", "training")
    assert cell is not None
    assert (cell.kwh, cell.j_per_image, cell.quality) == (None, None, "missing")
    assert cell.seconds is not None
    assert view.page().headline.startswith("Energy was not measured")


def test_order_is_shuffled_by_round_from_one_seed_and_more_rounds_only_append() -> None:
    tests = suites.tests_of(Settings(models=("small-cnn", "mobilenet-v2", "resnet-18", "resnet-v2-50")))
    four, eight = (plan(Settings(repeats=n, seed=5), tests) for n in (4, 8))
    assert [task.id for task in eight][: len(four)] == [task.id for task in four]
    assert len({task.id for task in eight}) == 32
    rounds = [tuple(task.test.name for task in eight if task.repeat == n) for n in range(1, 9)]
    assert len(set(rounds)) > 1
    assert [task.id for task in plan(Settings(repeats=4, seed=6), tests)] != [task.id for task in four]
    assert {task.seed for task in eight if task.repeat == 3} == {7}


def test_settings_survive_the_disk_and_unknown_ones_are_refused(machine: fake_core.Machine) -> None:
    settings = Settings(models=("small-cnn",), pue=1.2, images=5)
    assert Settings.from_dict(json.loads(json.dumps(settings.to_dict()))) == settings
    with pytest.raises(ValueError, match="does not know: speed"):
        Settings.from_dict({"speed": 3})
    with pytest.raises(ValueError, match="mode is one of"):
        Settings(mode="fast")
    with pytest.raises(ValueError, match="repeats is 1 or more"):
        Settings(repeats=0)
    for interval_s in (0.0, -1.0, 1e9, float("nan")):
        with pytest.raises(ValueError, match=r"interval_s lies between 0\.0005 and 3600 s"):
            Settings(interval_s=interval_s)
    with pytest.raises(ValueError, match="idle_s is 0 or more"):
        Settings(idle_s=float("inf"))


def test_damage_inside_the_rows_is_named(workers: Workers, tmp_path: Path) -> None:
    run(tmp_path / "a", workers, models=("small-cnn",), repeats=1)
    path = tmp_path / "a" / "rows.jsonl"
    text = path.read_text().split("\n")
    text[1] = text[1][:20]
    path.write_text("\n".join(text))
    view = read(tmp_path / "a")
    assert view.caveats[0] == "rows.jsonl: line 2 is damaged and left out"
    assert view.outcome.done == 0  # its task is run again


def test_a_training_s_multiply_adds_are_those_of_its_own_pass() -> None:
    """What only follows a prompt scores one token, what is trained scores all of them."""
    loaded = Loaded("small-gpt", 1, macs=48_000_000_000, gmac=48.0, training_macs=68_000_000_000)
    for phase, gmac in (("training", 68.0), ("evaluation", 68.0), ("inference", 48.0)):
        setup = with_loaded(row_of({"phase": phase}), loaded).setup
        assert (setup.gmac, setup.macs) == (gmac, gmac * 1e9)
