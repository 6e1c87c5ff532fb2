"""Training to a target on a worker without a process: what was spent, what was reached, what was missed."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from impact_tracker.bench import Campaign, Settings
from impact_tracker.bench.plan.suites import learning as suite_learning
from impact_tracker.bench.plan.suites import listing
from impact_tracker.bench.plan.suites import tests_of as suite_tests
from impact_tracker.bench.plan.test import is_reached
from impact_tracker.bench.row.log import current
from impact_tracker.bench.row.row import Epoch
from impact_tracker.bench.row.storage import Storage
from impact_tracker.bench.show.view import View, read
from impact_tracker.cli import bench as command
from python import fake_core
from python.bench.flat import flat
from python.bench.late_sensors import settle_late
from python.bench.stand_ins import Worker, Workers, ended, idle

WATTS = 105.0  # the fake machine's package and memory
EPOCH_S, EVALUATION_S = 3.0, 0.5  # 1000 images trained at 3 ms each, 500 run at 1 ms


class Learner(Worker):
    """Its accuracy after epoch n is what the campaign of this test says of its seed."""

    def __init__(self, workers: Learners) -> None:
        super().__init__(workers)
        self._learners = workers
        self._epochs = 0

    def train(self, **options: Any) -> Any:
        self._epochs += 1
        self._learners.trained.append(options)
        return super().train(**options)

    def evaluate(self, **options: Any) -> Any:
        return Judged(super().evaluate(**options), lambda: self._learners.value(self.loaded["seed"], self._epochs))


class Judged:
    def __init__(self, phase: Any, value: Callable[[], Any]) -> None:
        self._phase, self._value = phase, value

    def abort(self) -> None:
        self._phase.abort()

    def run(self, on_event: Any) -> Any:
        return replace(self._phase.run(on_event), accuracy=self._value(), loss=1.0)


class Learners(Workers):
    def __init__(self) -> None:
        super().__init__()
        self.trained: list[dict[str, Any]] = []
        self.value: Callable[[int, int], Any] = lambda seed, epoch: 0.6 + 0.1 * epoch

    def __call__(self) -> Worker:
        self.opened += 1
        return Learner(self)


@pytest.fixture
def learners(machine: fake_core.Machine) -> Learners:
    return Learners()


def train(folder: Path, learners: Learners, **settings: Any) -> View:
    options = {"suite": "learning", "models": ("small-cnn",), "images": 1000, "test_images": 500, "repeats": 1}
    options.update(settings)
    campaign = Campaign.create(folder, Settings(**options), open_worker=learners, sleep=idle)
    campaign.run(quiet=True)
    return read(folder)


def only(view: View, phase: str, task: str = "small-cnn.r1") -> dict[str, Any]:
    return next(row for row in flat(view) if (row["phase"], row["task"]) == (phase, task))


def test_it_ends_with_the_epoch_that_reaches_the_target(learners: Learners, tmp_path: Path) -> None:
    view = train(tmp_path / "a", learners, target_metric="accuracy", target=0.89)
    row = only(view, "training")
    assert (row["reached"], row["epochs"], row["most_epochs"], row["parts"]) == (True, 3, 50, 3)
    assert row["final"] == pytest.approx(0.9)
    assert row["images"] == 3000
    assert row["duration_s"] == pytest.approx(3 * EPOCH_S)
    assert row["energy_j"] == pytest.approx(3 * EPOCH_S * WATTS)
    assert row["j_per_image"] == pytest.approx(EPOCH_S * WATTS / 1000)
    assert row["power_w"] == pytest.approx(WATTS)
    evaluation = only(view, "evaluation")
    assert evaluation["energy_j"] == pytest.approx(4 * EVALUATION_S * WATTS)  # of the untrained network too
    assert evaluation["accuracy"] == pytest.approx(0.9)
    assert [line.value for line in view.lines if isinstance(line, Epoch)] == pytest.approx([0.6, 0.7, 0.8, 0.9])
    assert not row.get("invalid")


def test_towards_a_target_the_rate_stays_and_the_optimizer_goes_on(learners: Learners, tmp_path: Path) -> None:
    train(tmp_path / "a", learners, target_metric="accuracy", target=0.75)
    assert [options["resume"] for options in learners.trained] == [False, True]
    assert all("lr_schedule" not in options for options in learners.trained)
    assert all(options["epochs"] == 1 for options in learners.trained)


def test_without_a_target_all_epochs_share_one_schedule(learners: Learners, tmp_path: Path) -> None:
    view = train(tmp_path / "a", learners, epochs=4)
    ends = [(options["schedule_from"], options["schedule_to"]) for options in learners.trained]
    assert ends == [(0, 0.25), (0.25, 0.5), (0.5, 0.75), (0.75, 1)]
    row = only(view, "training")
    assert (row["reached"], row["epochs"]) == (None, 4)
    (target,) = view.targets
    assert (target.target, target.reached, target.share) == (None, None, None)
    assert target.training_j is not None
    assert target.training_j.mean is not None
    assert target.training_j.mean.value == pytest.approx(4 * EPOCH_S * WATTS)
    assert "accuracy 1.00 on the test part after 4 epochs" in view.page().headline
    once = train(tmp_path / "b", learners, epochs=1)
    assert "after 1 epoch, " in once.page().headline


def test_runs_that_miss_are_censored_and_not_dropped(learners: Learners, tmp_path: Path) -> None:
    steps = {1: 0.3, 2: 0.15, 3: 0.01, 4: 0.1, 5: 0.3}  # accuracy gained an epoch, by seed: epochs 1, 2, never, 3, 1
    learners.value = lambda seed, epoch: 0.6 + steps[seed] * epoch
    view = train(tmp_path / "a", learners, target_metric="accuracy", target=0.89, epochs=4, repeats=5)
    assert view.outcome.done == 5  # a run that misses has run
    assert only(view, "training", "small-cnn.r3")["reached"] is False
    (target,) = view.targets
    assert (target.runs, target.reached) == (5, 4)
    joules = EPOCH_S * WATTS
    assert target.training_j is not None
    # Between evaluations by the straight line: from the untrained 0.6 to 0.9, from 0.75 to 0.9 and from 0.8 to 0.9.
    first, second, fourth = 0.29 / 0.3, 1 + 0.14 / 0.15, 2 + 0.09 / 0.1
    assert target.training_j.median == pytest.approx(second * joules)
    assert target.training_j.mean is None
    assert target.training_j.per_success == pytest.approx((2 * first + second + 4 + fourth) * joules / 4)
    assert target.first_epoch == 2
    assert target.epochs is not None
    assert target.epochs.median == pytest.approx(second)
    assert target.whole_j is not None
    assert target.whole_j.median == pytest.approx(second * joules + 3 * EVALUATION_S * WATTS)
    page = view.page()
    assert page.headline.startswith("Small CNN reaches accuracy ≥ 0.89 on the validation part: 4 of 5 runs, median")
    assert any("1 of 5 runs ended without accuracy ≥ 0.89 and are censored" in note for note in page.caveats)
    assert page.tables[0].rows[0][2] == "4 of 5"


def test_no_run_reaches_it(learners: Learners, tmp_path: Path) -> None:
    view = train(tmp_path / "a", learners, target_metric="accuracy", target=0.99, epochs=2, repeats=2)
    (target,) = view.targets
    assert (target.reached, target.runs) == (0, 2)
    assert target.training_j is not None
    assert (target.training_j.median, target.training_j.per_success) == (None, None)
    assert "none of 2 runs reached accuracy ≥ 0.99 on the validation part" in view.page().headline
    assert view.page().tables[0].rows[0][3:6] == ("–", "–", "most runs did not get there")


def test_files_of_a_campaign(learners: Learners, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    view = train(tmp_path / "a", learners, target_metric="accuracy", target=0.89, repeats=2)
    assert view.write_files() is None
    document = json.loads((tmp_path / "a" / "results.json").read_text())
    assert document["targets"][0]["reached"] == 2
    assert len(document["epochs"]) == 8  # of each run those of the untrained network and of three epochs
    assert "2 of 2" in (tmp_path / "a" / "targets.csv").read_text()
    assert (tmp_path / "a" / "learning.png").stat().st_size > 5000
    assert (tmp_path / "a" / "learning.svg").stat().st_size > 1000
    from impact_tracker.bench.show.suite_files import suite_tables, write_suite

    assert list(suite_tables(view)) == ["targets"]
    assert "Small CNN" in write_suite(view)[0].read_text()


def test_a_worker_that_dies_leaves_what_it_used_and_resume_begins_anew(learners: Learners, tmp_path: Path) -> None:
    learners.fail("small-cnn", "evaluate", ended(), nth=3)
    view = train(tmp_path / "a", learners, target_metric="accuracy", target=0.89)
    row = only(view, "training")
    assert (row["status"], row["failure"], row["epochs"]) == ("failed", "ended", 1)
    assert row["energy_j"] == pytest.approx(2 * EPOCH_S * WATTS)  # the second epoch was trained, not judged
    assert only(view, "evaluation")["energy_j"] == pytest.approx(2.5 * EVALUATION_S * WATTS)
    assert "SIGKILL" in view.outcome.failed["small-cnn.r1"]
    (target,) = view.targets
    assert (target.runs, list(target.left_out)) == (0, ["small-cnn.r1"])
    assert "no run came to its end" in view.page().headline
    Campaign.resume(tmp_path / "a", open_worker=learners, sleep=idle).run(quiet=True)
    again = read(tmp_path / "a")
    assert only(again, "training")["reached"] is True
    assert only(again, "training")["attempt"] == 2
    assert [line.attempt for line in again.lines if isinstance(line, Epoch)] == [1, 1, 2, 2, 2, 2]
    assert learners.opened == learners.closed


def test_a_training_that_went_astray_ends_and_has_missed(learners: Learners, tmp_path: Path) -> None:
    train_phase = Learner.train

    def astray(self: Learner, **options: Any) -> Any:
        phase = train_phase(self, **options)
        run = phase.run
        phase.run = lambda on_event: replace(run(on_event), finite=False, loss=None)
        return phase

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Learner, "train", astray)
        learners.value = lambda seed, epoch: None
        view = train(tmp_path / "a", learners, target_metric="accuracy", target=0.89)
    row = only(view, "training")
    assert (row["reached"], row["epochs"], row["final"]) == (False, 1, None)
    assert any("not a number" in warning for warning in row["warnings"])


def test_energy_that_was_not_measured_is_none(learners: Learners, machine: fake_core.Machine, tmp_path: Path) -> None:
    machine.measured = False
    with pytest.warns(Warning, match="no energy was measured"):
        view = train(tmp_path / "a", learners, target_metric="accuracy", target=0.89)
    row = only(view, "training")
    assert (row["energy_j"], row["quality"], row["j_per_image"]) == (None, "missing", None)
    (target,) = view.targets
    assert (target.training_j, target.whole_j, target.evaluation_j) == (None, None, None)
    assert target.epochs is not None
    assert "energy not measured" in view.page().headline
    assert read(tmp_path / "a").write_files() is None


def test_provisional_energies_of_every_epoch_are_settled(
    learners: Learners, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle_late(monkeypatch)
    train(tmp_path / "a", learners, target_metric="accuracy", target=0.89)
    rows = flat(current(Storage(tmp_path / "a").lines()))
    training = next(row for row in rows if row["phase"] == "training")
    assert training["provisional"] is False
    assert training["energy_j"] == pytest.approx(2 * 3 * EPOCH_S * WATTS)


def test_what_makes_no_sense_is_said_at_once() -> None:
    def refused(text: str, **settings: Any) -> None:
        with pytest.raises(ValueError, match=text):
            suite_tests(Settings(**{"suite": "learning", **settings}))

    refused("belong together", target=0.9)
    refused("above 0 and below 1", target_metric="accuracy", target=90.0)
    refused("lies above 0, not at -1", target_metric="loss", target=-1.0)
    refused("accuracy, dice, loss", target_metric="speed", target=0.5)
    refused("belongs to suite learning", target_metric="accuracy", target=0.5, suite="modern")
    refused(
        "small-cnn has no dice to reach.*--target-accuracy", target_metric="dice", target=0.5, models=("small-cnn",)
    )
    refused("54000 training images", images=54_001)  # a tenth of the 60,000 is kept for validation
    refused("there is no model 'vgg-16' in suite learning", models=("vgg-16",))
    refused("--phase inference", phase="inference")
    refused("--suite ai-benchmark", mode="paper")


def test_the_usual_network_of_a_target() -> None:
    for metric, model in (("accuracy", "small-cnn"), ("dice", "u-net-3d"), ("loss", "small-gpt")):
        tests = suite_tests(Settings(suite="learning", target_metric=metric, target=0.5))
        assert [test.model for test in tests] == [model]
    assert [test.model for test in suite_tests(Settings(suite="learning"))] == ["small-cnn", "u-net-3d", "small-gpt"]


def test_the_list_names_data_targets_and_sizes() -> None:
    listed = {entry["model"]: entry for entry in suite_learning.listing()}
    assert listed["u-net-3d"]["targets"][0] == "dice"
    assert listed["small-gpt"]["data"] == "text"
    for entry in listed.values():
        assert entry["parameters"] > 0
        assert entry["gmac"] > 0
        assert entry["batch"] > 0
        assert entry["size"]


def test_every_listed_test_is_complete() -> None:
    for entry in listing():
        assert {"suite", "test", "model", "title", "task", "phases", "reference_ms"} <= set(entry)
        for name in ("parameters", "gmac", "batch", "size"):
            assert entry[name], f"{entry['suite']} {entry['test']} has no {name}"


@pytest.mark.parametrize(
    ("metric", "value", "target", "reached"),
    [
        ("accuracy", 0.9, 0.9, True),
        ("accuracy", 0.89, 0.9, False),
        ("loss", 1.9, 2.0, True),
        ("loss", 2.1, 2.0, False),
        ("loss", float("nan"), 2.0, False),
        ("dice", None, 0.5, False),
        ("accuracy", 0.9, None, False),
    ],
)
def test_a_loss_falls_to_its_target_and_the_others_rise(
    metric: str, value: float | None, target: float | None, reached: bool
) -> None:
    assert is_reached(metric, value, target) is reached


def settings_of(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[Settings, str]:
    """What the command line asks of a campaign."""
    asked: list[Any] = []

    class AskedError(Exception):
        pass

    def create(folder: Any, settings: Settings, **_: Any) -> None:
        asked[:] = [settings, str(folder)]
        raise AskedError

    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    monkeypatch.setattr(Campaign, "create", create)
    with pytest.raises(AskedError):
        command.run(parser.parse_args(arguments))
    return asked[0], asked[1]


def test_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    words = "train --model small-cnn,resnet-18 --target-accuracy 0.9 --epochs 20 --repeats 5 --replicas 2 -o here"
    settings, folder = settings_of(monkeypatch, *words.split())
    assert folder == "here"
    assert settings == Settings(
        suite="learning",
        models=("small-cnn", "resnet-18"),
        target_metric="accuracy",
        target=0.9,
        epochs=20,
        repeats=5,
        replicas=2,
    )
    settings, folder = settings_of(monkeypatch, "--mode", "work", "train", "--target-loss", "2")
    assert (settings.mode, settings.target_metric, settings.target) == ("work", "loss", 2.0)
    assert folder.startswith("runs/train-")
    assert settings_of(monkeypatch, "--models", "small-cnn")[0].suite == "fashion-mnist"


def test_two_targets_or_a_word_are_no_target(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    for words in ("train --target-loss 2 --target-dice 0.5", "train --target-accuracy much"):
        with pytest.raises(SystemExit):
            parser.parse_args(words.split())
    assert "invalid number value: 'much'" in capsys.readouterr().err


def test_an_epoch_without_a_result_leaves_no_sum(
    learners: Learners, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Less one of its epochs a training's energy would look like a cheap one."""
    enter = fake_core.Tracker.enter
    count = 0

    def failing(self: fake_core.Tracker, name: str, edges: str | None = None) -> int:
        nonlocal count
        count += name == "small-cnn.r1/training"
        if name == "small-cnn.r1/training" and count == 2:
            raise RuntimeError("no region could be opened")
        return enter(self, name, edges)

    monkeypatch.setattr(fake_core.Tracker, "enter", failing)
    with pytest.warns(Warning):
        view = train(tmp_path / "a", learners, target_metric="accuracy", target=0.89)
    row = only(view, "training")
    assert (row["epochs"], row["energy_j"], row["quality"]) == (3, None, "missing")
    assert only(view, "evaluation")["energy_j"] is not None
    epochs = [line.training_j for line in view.lines if isinstance(line, Epoch)]
    assert [joules is None for joules in epochs] == [False, False, True, False]
