"""What a campaign shows and leaves: page, JSON, CSV, figures, the command's own errors."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from impact_tracker.bench import Campaign, Settings
from impact_tracker.bench.analyse.cells import with_half
from impact_tracker.bench.run import campaign
from impact_tracker.bench.show.view import read
from impact_tracker.cli import main
from impact_tracker.report.page import plain
from impact_tracker.runner import EpochResult, PhaseProgress
from python import fake_core
from python.bench.stand_ins import SECONDS_AN_IMAGE, Workers, ended


@pytest.fixture
def scattered(monkeypatch: pytest.MonkeyPatch, machine: fake_core.Machine) -> None:
    """Every load changes the machine's power: runs differ."""
    powers = iter([100.0, 104.0, 96.0, 101.0, 99.0, 105.0, 100.0, 95.0] * 4)

    def load(self: Any, *args: Any, **options: Any) -> Any:
        fake_core.machine.power_w = next(powers)
        return before(self, *args, **options)

    from python.bench.stand_ins import Worker

    before = Worker.load
    monkeypatch.setattr(Worker, "load", load)


def test_the_command_without_options_is_the_whole_job(
    workers: Workers, scattered: None, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["bench"]) == 0
    out, err = capsys.readouterr()
    (folder,) = (tmp_path / "runs").iterdir()
    first = out.splitlines()[0]
    assert first.startswith("MobileNet-V2 takes 7.73 (7.25 to 8.23) times")
    assert "the energy of Small CNN to train" in first
    assert first.endswith("accuracy 72.0 % against 86.0 %")
    for column in ("kWh", "J per image", "kgCO2e", "seconds", "accuracy"):
        assert column in out
    assert out.count("MobileNet-V2   ") + out.count("MobileNet-V2 ") >= 5
    assert "of the energy is modelled" in out
    assert "Student's t" in out
    assert str(folder) in out
    assert "mobilenet-v2 run 1 training: " in err
    assert "\x1b" not in out + err
    names = sorted(path.name for path in folder.iterdir())
    expected = "campaign.json energy.png energy.svg impacttracker results.csv results.json rows.jsonl summary.csv"
    assert names == expected.split()


def test_json_and_csv_hold_the_same_unrounded_numbers(
    workers: Workers, scattered: None, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = tmp_path / "a"
    assert main(["bench", "-o", str(folder), "--json", "-q", "--images", "500", "--idle", "0"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    printed = json.loads(out)
    assert printed == json.loads((folder / "results.json").read_text())
    assert printed["outcome"] == {"done": 6, "total": 6, "failed": {}, "without_valid_run": []}
    assert any(answer["question"] == "How much does training cost?" for answer in printed["answers"])
    assert printed["scores"] is None
    rows = list(csv.DictReader(io.StringIO((folder / "results.csv").read_text())))
    assert len(rows) == len(printed["rows"]) == 30
    for row, same in zip(rows, printed["rows"]):
        assert float(row["energy_j"]) == same["energy_j"]
        assert row["valid"] == "true"
        assert (row["accuracy"] == "") == (same.get("accuracy") is None)
    summary = list(csv.DictReader(io.StringIO((folder / "summary.csv").read_text())))
    cells = {(cell["test"], cell["phase"]): cell for cell in printed["summary"]}
    for line in summary:
        cell = cells[line["test"], line["phase"]]
        assert float(line["kwh"]) == cell["kwh"]["value"]
        assert float(line["kwh_half_width"]) == cell["kwh"]["half_width"]


def test_the_figure_has_a_bar_a_model_with_its_interval(workers: Workers, scattered: None, tmp_path: Path) -> None:
    from impact_tracker.bench.show.figures import energy_figure, save

    Campaign.create(tmp_path / "a", Settings(images=500)).run(quiet=True)
    cells = read(tmp_path / "a").cells
    figure = energy_figure(cells)
    training, inference = figure.axes[:2]
    assert [text.get_text() for text in training.get_xticklabels()] == ["Small CNN", "MobileNet-V2"]
    heights = [bar.get_height() for bar in training.patches]
    assert heights[1] / heights[0] == pytest.approx(8.0, rel=0.1)
    assert len(training.containers) >= 2
    assert inference.get_title(loc="left").startswith("Inference: 3 runs")
    colours = {bar.get_facecolor() for bar in training.patches}
    assert len(colours) == 2
    again = [save(energy_figure(cells), tmp_path / name).read_bytes() for name in ("a.svg", "b.svg")]
    assert again[0] == again[1]
    assert (tmp_path / "a.svg").read_text().count("J/image") == 4


def test_nothing_measured_draws_nothing(workers: Workers, machine: fake_core.Machine, tmp_path: Path) -> None:
    from impact_tracker.bench.show.figures import energy_figure

    machine.measured = False
    with pytest.warns(Warning, match="no energy"):
        Campaign.create(tmp_path / "a", Settings(images=500, repeats=1)).run(quiet=True)
    view = read(tmp_path / "a")
    assert energy_figure(view.cells) is None
    assert view.write_files() is None
    assert not (tmp_path / "a" / "energy.png").exists()


def test_without_matplotlib_the_rest_is_there(
    workers: Workers, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.figure", None)
    assert main(["bench", "-o", str(tmp_path / "a"), "--repeats", "1", "--images", "100", "-q"]) == 0
    assert "pip install 'impact-tracker[bench]'" in capsys.readouterr().out
    assert (tmp_path / "a" / "summary.csv").is_file()


def test_a_failed_task_is_exit_code_1(workers: Workers, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    workers.fail("small-cnn", "train", ended())
    assert main(["bench", "-o", str(tmp_path / "a"), "--repeats", "1", "--images", "100"]) == 1
    out, err = capsys.readouterr()
    assert "! small-cnn.r1 failed: training: the worker (pid 4711) ended by SIGKILL" in out
    assert "failed: the worker" in err
    assert "0 of 1" in out


def test_interrupted_it_says_how_to_go_on(workers: Workers, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    workers.fail("small-cnn", "train", KeyboardInterrupt(), nth=2)  # type: ignore[arg-type]
    assert main(["bench", "-o", str(tmp_path / "a"), "--models", "small-cnn", "--images", "100"]) == 130
    assert "Go on: impact-tracker bench --resume a" in capsys.readouterr().err
    workers.before = lambda worker, command: None
    assert main(["bench", "--resume", str(tmp_path / "a")]) == 0
    assert "finished" not in capsys.readouterr().out
    assert workers.opened == workers.closed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--models", "smallcnn"], "there is no model 'smallcnn'"),
        (["--models", "mobilenet_v3"], "did you mean mobilenet-v2"),
        (["--models", "srcnn"], "in suite fashion-mnist; --suite ai-benchmark has it; there are small-cnn,"),
        (["--repeats", "0"], "repeats is 1 or more"),
        (["--data", "/nowhere"], "dataset-fashion-mnist"),
        (["--resume", "nothing-there"], "holds no campaign"),
        (["--resume", "x", "--images", "5"], "leave out images"),
        (["--zone", "Atlantis"], "Atlantis"),
        (["--pue", "0.5"], "PUE is 1 or more"),
        (["--interval", "-1"], "interval_s lies between"),
        (["--suite", "ai-benchmark", "--epochs", "3"], "--epochs belongs to suites on real data"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    workers: Workers, capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: list[str], message: str
) -> None:
    assert main(["bench", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert err.startswith("impact-tracker bench: ")
    assert not (tmp_path / "runs").exists()


def test_a_missing_worker_says_what_to_install(
    machine: fake_core.Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing() -> Any:
        raise FileNotFoundError("the worker that runs networks is not installed: apt install libtorch-dev")

    monkeypatch.setitem(Campaign.__init__.__kwdefaults__, "open_worker", missing)
    assert main(["bench"]) == 2
    assert "apt install libtorch-dev" in capsys.readouterr().err
    assert campaign.open_runner is not missing


def test_a_forecast_runs_a_light_campaign_first(
    workers: Workers, scattered: None, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    options = ["--images", "60000", "--epochs", "10", "--models", "small-cnn", "--intensity", "100", "--pue", "2"]
    assert main(["bench", "forecast", *options, "--json"]) == 0
    out, err = capsys.readouterr()
    assert err.startswith("a light run first")
    training, inference = json.loads(out)
    # 3 ms an image of training at about 100 W and 5 W of memory, and the little that starting costs
    assert training["images"] == 600_000
    assert training["energy_j"] == pytest.approx(600_000 * 3e-3 * 105, rel=0.05)
    assert training["energy_low_j"] < training["energy_j"] < training["energy_high_j"]
    assert training["seconds"] == pytest.approx(1800, rel=0.01)
    assert training["carbon_g"] == pytest.approx(training["energy_j"] / 3.6e6 * 100 * 2)
    assert (training["runs"], inference["images"]) == (3, 60_000)
    assert {load["network"] for load in workers.loads} == {"small-cnn"}
    assert not (tmp_path / "runs").exists()
    assert main(["bench", "forecast", "--images", "10", "--models", "smallcnn"]) == 2


def test_how_often_where_nobody_says() -> None:
    from impact_tracker.bench.plan.modes import default_repeats

    assert default_repeats(None, None) == default_repeats("ai-benchmark", "work") == 3
    assert default_repeats("ai-benchmark", None) == default_repeats("modern", "quick") == 1


def test_list_names_every_test(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    small = next(test for test in listed if test["test"] == "small-cnn")
    assert small["parameters"] == 421_738
    assert small["size"] == [28, 28]
    assert main(["bench", "--list"]) == 0
    assert "MobileNet-V2" in capsys.readouterr().out
    assert main(["bench", "--list", "--json", "--suite", "ai-benchmark", "--models", "u-net,vgg-16"]) == 0
    chosen = [test["test"] for test in json.loads(capsys.readouterr().out)]
    assert chosen == ["vgg-16/inference", "vgg-16/training", "u-net/inference-a", "u-net/inference-b", "u-net/training"]
    assert main(["bench", "--list", "--suite", "modern", "--models", "unet"]) == 2
    assert "there is no model 'unet' in suite modern" in capsys.readouterr().err


def test_a_bar_on_a_terminal_and_lines_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    from impact_tracker.bench.plan.suites import tests_of as tests
    from impact_tracker.bench.plan.task import plan
    from impact_tracker.bench.run.progress import Progress

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    task = plan(Settings(models=("small-cnn",)), tests(Settings(models=("small-cnn",))))[0]
    for stream, drawn in ((Terminal(), True), (io.StringIO(), False)):
        progress = Progress(3, stream=stream)
        progress.phase(task, "training")
        progress._next = 0.0
        progress.event(PhaseProgress("train", passes=4, images=400, elapsed_s=2.0, fraction=0.5, loss=0.25))
        progress.event(EpochResult(1, 400, 0.25, None, 0))
        progress.clear()
        text = stream.getvalue()
        assert ("small-cnn run 1: training 50% 200 images/s loss 0.250" in text) is drawn
        assert ("\r" in text) is drawn
        # Half of the first of three phases, of the first of three tasks
        assert ("[#                       ] 0/3" in text) is drawn


@pytest.mark.parametrize(
    ("value", "half", "expected"),
    [
        (0.0003123, 0.0000123, "0.000312 ± 0.000013"),
        (12.345, 0.4, "12.3 ± 0.4"),
        (12.345, None, "12.3"),
        (1.0, 3.0, "1 ± 3"),
        (5.0, 0.0, "5.00"),
    ],
)
def test_digits_are_never_finer_than_what_is_known(value: float, half: float | None, expected: str) -> None:
    assert with_half(value, half) == expected


def test_the_page_reads_well(workers: Workers, scattered: None, tmp_path: Path) -> None:
    Campaign.create(tmp_path / "a", Settings(images=500, idle_s=0.0)).run(quiet=True)
    page = read(tmp_path / "a").page()
    assert SECONDS_AN_IMAGE["mobilenet-v2"] == 8 * SECONDS_AN_IMAGE["small-cnn"]
    text = plain(page)
    assert max(map(len, text.splitlines()[2:14])) <= 140
    print(text)
