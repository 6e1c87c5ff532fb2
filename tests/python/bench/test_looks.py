"""Evaluations within epochs: where they lie, what they cost, and that the energy to a target is known to within one."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impact_tracker.bench import Campaign, Settings
from impact_tracker.bench.plan.looks import MOST_SHARE, TRAINING_PASSES, Looks, affordable, places
from impact_tracker.bench.row.codec import as_line, decode
from impact_tracker.bench.row.row import Epoch
from impact_tracker.bench.show.figures.learning import learning_figure
from impact_tracker.bench.show.view import View, read
from impact_tracker.cli import main
from impact_tracker.runner import WorkerError
from python import fake_core
from python.bench.dividing import BATCH, DividingLearners
from python.bench.flat import flat
from python.bench.stand_ins import Workers, idle
from python.bench.test_learning import settings_of
from python.figures.looking import check_texts

pytest.importorskip("scipy")
WATTS = 105.0
IMAGES, EVALUATED = 6400, 640
J_AN_IMAGE = 3e-3 * WATTS  # of the training
STEEP = 2000.0  # images in which the learner gets a long way


def curve(seed: int, seen: int) -> float:
    return 0.1 + 0.85 * (1 - math.exp(-seen / (STEEP * (1 + seed / 10))))


def images_to(target: float, seed: int) -> float:
    """Where the curve is at the target."""
    return -STEEP * (1 + seed / 10) * math.log(1 - (target - 0.1) / 0.85)


@pytest.fixture
def learners(machine: fake_core.Machine) -> DividingLearners:
    return DividingLearners(curve)


def train(folder: Path, workers: Workers, **settings: Any) -> View:
    asked = {"suite": "learning", "models": ("small-cnn",), "images": IMAGES, "test_images": EVALUATED, "repeats": 1}
    asked.update(settings)
    campaign = Campaign.create(folder, Settings(**asked), open_worker=workers, sleep=idle)
    campaign.run(quiet=True)
    return read(folder)


def row_of(view: View, phase: str) -> dict[str, Any]:
    return next(row for row in flat(view) if row["phase"] == phase)


def lines_of(view: View) -> list[Epoch]:
    return [line for line in view.lines if isinstance(line, Epoch)]


# ---- where they lie
@given(
    epoch=st.integers(1, 30),
    batches=st.integers(1, 3000),
    count=st.integers(1, 60),
)
def test_places_rise_to_the_end_of_the_epoch(epoch: int, batches: int, count: int) -> None:
    at = places(epoch, batches, count)
    assert list(at) == sorted(set(at))
    assert at[-1] == batches and at[0] >= 1
    assert len(at) <= count
    longest = max(b - a for a, b in zip((0, *at), at))
    assert longest <= math.ceil(1.5 * batches / count) + 1  # a third of the first epoch's lie early at most


def test_in_the_first_epoch_some_lie_early_each_at_half_of_the_next() -> None:
    assert places(1, 96, 4) == (16, 32, 64, 96)
    assert places(1, 96, 6) == (6, 12, 24, 48, 72, 96)
    assert places(2, 96, 4) == (24, 48, 72, 96)
    assert places(1, 96, 2) == (48, 96)
    assert places(1, 3, 40) == (1, 2, 3)


def test_after_so_many_batches_and_at_the_end() -> None:
    assert Looks(every=40).at(1, 100, 10, 1000) == (40, 80, 100)
    assert Looks(every=50).at(3, 100, 10, 1000) == (50, 100)
    assert Looks(every=500).at(3, 100, 10, 1000) == (100,)


@given(evaluated=st.integers(0, 100_000), trained=st.integers(1, 100_000))
def test_where_nobody_says_how_many_they_take_a_tenth_of_the_time(evaluated: int, trained: int) -> None:
    count = affordable(evaluated, trained)
    assert count >= 1
    if count > 1:
        assert count * evaluated <= MOST_SHARE * TRAINING_PASSES * trained * (1 + 1e-9)


def test_only_a_target_divides_epochs_by_itself() -> None:
    assert Looks().at(1, 100, 10, 1000) == (100,)
    assert len(Looks(target=True).at(2, 100, 10, 1000)) == 30
    assert Looks(per_epoch=1, target=True).at(1, 100, 10, 1000) == (100,)


# ---- what comes of it
@pytest.mark.parametrize("seed", range(12))
def test_the_energy_to_a_target_is_known_to_within_one_evaluation(
    learners: DividingLearners, tmp_path: Path, seed: int
) -> None:
    random.seed(seed)
    target = round(random.uniform(0.3, 0.9), 4)
    how = random.choice([{"evaluations": random.randint(2, 12)}, {"evaluate_every": random.randint(3, 60)}])
    view = train(tmp_path / "a", learners, target_metric="accuracy", target=target, seed=seed + 1, **how)
    truth_j = images_to(target, seed + 1) * J_AN_IMAGE
    (reached,) = view.targets
    assert reached.reached == 1
    assert reached.training_j is not None and reached.training_j.median is not None
    assert reached.between_j is not None
    assert abs(reached.training_j.median - truth_j) <= reached.between_j
    lines = lines_of(view)
    before_j = sum(line.training_j or 0.0 for line in lines[:-1])
    after_j = before_j + (lines[-1].training_j or 0.0)
    assert before_j <= truth_j <= after_j
    assert reached.between_j == pytest.approx(after_j - before_j)
    assert reached.epochs is not None and reached.epochs.median is not None
    assert reached.between_epochs is not None
    assert abs(reached.epochs.median - images_to(target, seed + 1) / IMAGES) <= reached.between_epochs + 1e-9


def test_it_stops_at_the_batch_and_not_at_the_end_of_the_epoch(learners: DividingLearners, tmp_path: Path) -> None:
    view = train(tmp_path / "a", learners, target_metric="accuracy", target=0.5, evaluate_every=5)
    needed = images_to(0.5, 1)
    batches = 5 * math.ceil(needed / (5 * BATCH))
    row = row_of(view, "training")
    assert (row["reached"], row["passes"], row["images"]) == (True, batches, batches * BATCH)
    assert row["epochs"] == pytest.approx(batches * BATCH / IMAGES)
    assert row["energy_j"] == pytest.approx(batches * BATCH * J_AN_IMAGE)


def test_evaluations_are_in_no_energy_of_the_training(learners: DividingLearners, tmp_path: Path) -> None:
    view = train(tmp_path / "a", learners, epochs=2, evaluations=4)
    lines = lines_of(view)
    assert [line.epochs_trained for line in lines] == pytest.approx(
        [0, 17 / 100, 33 / 100, 67 / 100, 1, 1.25, 1.5, 1.75, 2]
    )
    training, evaluation = row_of(view, "training"), row_of(view, "evaluation")
    assert training["energy_j"] == pytest.approx(2 * IMAGES * J_AN_IMAGE)
    assert training["duration_s"] == pytest.approx(2 * IMAGES * 3e-3)
    assert evaluation["energy_j"] == pytest.approx(len(lines) * EVALUATED * 1e-3 * WATTS)
    assert sum(line.training_j or 0.0 for line in lines) == pytest.approx(training["energy_j"])
    (reached,) = view.targets
    assert reached.evaluations is not None and reached.evaluations.value == 8
    assert reached.evaluation_share == pytest.approx(8 * EVALUATED * 1e-3 / (2 * IMAGES * 3e-3))
    assert any("8 evaluations a run" in note for note in view.page().caveats)


def test_pieces_go_on_with_each_other_and_share_one_schedule(learners: DividingLearners, tmp_path: Path) -> None:
    train(tmp_path / "a", learners, epochs=2, evaluations=2)
    asked = learners.trained
    assert [options["resume"] for options in asked] == [False, True, True, True]
    assert [options["continue_epoch"] for options in asked] == [False, True, False, True]
    assert [options["passes"] for options in asked] == [50, None, 50, None]
    ends = [(options["schedule_from"], options["schedule_to"]) for options in asked]
    assert ends == [(0, 0.25), (0.25, 0.5), (0.5, 0.75), (0.75, 1)]


def test_towards_a_target_a_tenth_of_the_time_is_for_evaluations(learners: DividingLearners, tmp_path: Path) -> None:
    view = train(tmp_path / "a", learners, target_metric="accuracy", target=0.94)
    (reached,) = view.targets
    assert reached.evaluations is not None
    assert 0.0 < (reached.evaluation_share or 0.0) <= 0.1
    assert len(lines_of(view)) > 1 + row_of(view, "training")["epochs"]


def test_a_worker_of_before_evaluates_at_the_ends(machine: fake_core.Machine, tmp_path: Path) -> None:
    view = train(tmp_path / "a", Workers(), target_metric="accuracy", target=0.8)
    assert [line.epoch_share for line in lines_of(view)] == [None, None]
    asked = train(tmp_path / "b", Workers(), target_metric="accuracy", target=0.8, evaluations=3)
    assert "older than what asks it" in asked.outcome.failed["small-cnn.r1"]


def test_a_worker_that_dies_within_an_epoch_begins_anew(learners: DividingLearners, tmp_path: Path) -> None:
    learners.fail("small-cnn", "train", WorkerError("io", "gone"), nth=3)
    view = train(tmp_path / "a", learners, epochs=1, evaluations=4)
    assert "gone" in view.outcome.failed["small-cnn.r1"]
    Campaign.resume(tmp_path / "a", open_worker=learners, sleep=idle).run(quiet=True)
    again = read(tmp_path / "a")
    assert [line.epochs_trained for line in again.epochs] == pytest.approx([0, 0.17, 0.33, 0.67, 1])
    assert {line.attempt for line in again.epochs} == {2}


# ---- how it is kept and shown
def test_a_line_tells_its_share_where_there_is_one(learners: DividingLearners, tmp_path: Path) -> None:
    view = train(tmp_path / "a", learners, epochs=1, evaluations=2)
    untrained, half, end = lines_of(view)
    assert json.loads(as_line(half))["epoch_share"] == 0.5
    assert "epoch_share" not in json.loads(as_line(end)) and "epoch_share" not in json.loads(as_line(untrained))
    assert decode(json.loads(as_line(half))) == half
    document = view.to_dict()
    assert len(document["epochs"]) == 3  # type: ignore[arg-type]
    assert document["targets"][0]["evaluations"]["value"] == 2  # type: ignore[index]


def test_without_them_a_campaign_is_as_it_was(tmp_path: Path) -> None:
    plain = Settings(suite="learning").to_dict()
    assert not {"evaluations", "evaluate_every"} & set(plain)
    kept = Settings(suite="learning", evaluations=4).to_dict()
    assert Settings.from_dict(kept).evaluations == 4


def test_the_figure_begins_at_nothing_and_no_text_overlaps(learners: DividingLearners, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    view = train(tmp_path / "a", learners, target_metric="accuracy", target=0.9, evaluations=6, repeats=3)
    figure = learning_figure(view.epochs, view.targets, view.cells)
    assert figure is not None
    check_texts(figure, "learning")
    lines = [line for line in figure.axes[0].lines if len(line.get_xdata()) > 2]
    assert len(lines) == 3
    assert all(line.get_xdata()[0] == 0 and len(line.get_xdata()) > 6 for line in lines)


def test_the_command_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["train", "--model", "small-cnn", "--target-accuracy", "0.9"]
    assert settings_of(monkeypatch, *words, "--evaluate-every", "50")[0].evaluate_every == 50
    assert settings_of(monkeypatch, *words, "--evaluations", "4")[0].evaluations == 4
    with pytest.raises(SystemExit):
        main(["bench", *words, "--evaluations", "4", "--evaluate-every", "50"])
    assert "not allowed with" in capsys.readouterr().err
    with pytest.raises(ValueError, match="evaluations is 1 or more"):
        Settings(suite="learning", evaluations=0)
    with pytest.raises(ValueError, match="belongs to suite learning"):
        Settings(evaluate_every=10)
    with pytest.raises(ValueError, match="give one of them"):
        Settings(suite="learning", evaluate_every=10, evaluations=2)
