"""Real methods and real networks learn real data: small, under a real tracker, whatever this machine measures."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from impact_tracker.studies.points.campaign import conduct
from impact_tracker.studies.points.data import DATA_SETS, draw, patches_of, source_of
from impact_tracker.studies.points.methods import METHODS
from impact_tracker.studies.points.point import StudyPoint
from impact_tracker.studies.points.shallow import score_of
from impact_tracker.studies.points.store import StudyPlan, StudyStore

pytest.importorskip("sklearn")
pytest.importorskip("scipy")
CLASSIFIERS = [name for name, method in METHODS.items() if "classification" in method.tasks]


@pytest.mark.parametrize("name", ["digits", "breast-cancer", "wine"])
def test_a_draw_depends_on_the_seed_alone_and_leaves_the_test_part_as_it_is(name: str) -> None:
    few, more, other = draw(name, 40, 3), draw(name, 80, 3), draw(name, 40, 4)
    assert (few.train.x == more.train.x[:40]).all()
    assert not (few.train.x == other.train.x).all()
    assert (few.test.x == other.test.x).all()
    judged = draw(name, 40, 3, validate=True)
    assert len(judged.train.x) + len(judged.validation.x) == 40
    assert len(judged.validation.x) == 6
    with pytest.raises(ValueError, match="were asked for"):
        draw(name, 10**6, 1)


def test_every_method_counts_itself_and_learns_a_small_table(core: ModuleType, tmp_path: Path) -> None:
    points = tuple(StudyPoint(name, "wine", 100, epochs=60, threads=1) for name in CLASSIFIERS)
    plan = StudyPlan("shallow", "quick", points, 1)
    store = StudyStore(tmp_path / "s")
    store.create(plan)
    outcome = conduct(store, plan, quiet=True)
    assert {run.point.model: run.reason for run in outcome.runs if not run.is_good} == {}
    for run in outcome.good:
        assert run.score is not None and run.score > 0.6, run.task
        assert run.parameters is not None and run.parameters > 0, run.task
        assert run.bytes is not None and run.bytes > 0
        assert run.training_s is not None and run.training_s > 0
        assert run.evaluated == len(source_of("wine", None).test_x)
    counts = {run.point.model: (run.parameters, run.macs, run.training_macs) for run in outcome.good}
    assert counts["mlp"] == (13 * 128 + 128 + 128 * 3 + 3, 13 * 128 + 128 * 3, 3 * (13 * 128 + 128 * 3) * 100 * 60)
    assert counts["logistic-regression"][:2] == (13 * 3 + 3, 13 * 3)
    assert counts["k-nn"] == (100 * 13, 100 * 13, 0.0)
    assert counts["random-forest"][1:] == (None, None)  # trees compare, they do not multiply


def test_a_network_of_the_worker_learns_pictures_in_steps(
    core: ModuleType, worker: Path, fashion_mnist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMPACT_TRACKER_WORKER", str(worker))
    points = (
        StudyPoint("small-cnn", "fashion-mnist", 512, epochs=2, evaluations=4, test_examples=200, threads=1),
        StudyPoint("small-cnn", "digits", 320, epochs=6, target=0.3, test_examples=200, threads=1),
    )
    plan = StudyPlan("curve", "quick", points, 1)
    store = StudyStore(tmp_path / "s")
    store.create(plan)
    outcome = conduct(store, plan, quiet=True)
    assert [run.reason for run in outcome.failed] == []
    by_data = {run.point.data: run for run in outcome.good}
    looks = by_data["fashion-mnist"].checkpoints
    assert [look.examples for look in looks] == [256, 512, 768, 1024]
    assert all(look.set == "test" and look.score is not None and 0 <= look.score <= 1 for look in looks)
    assert by_data["fashion-mnist"].parameters == 421_738
    assert by_data["fashion-mnist"].training_macs == pytest.approx(3 * 4_241_152 * 1024)
    digits = by_data["digits"]
    assert digits.reached is ((digits.checkpoints[-1].score or 0) >= 0.3)
    assert {look.set for look in digits.checkpoints} == {"validation"}


def test_what_a_data_set_needs_is_named_where_it_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IMPACT_TRACKER_DATA", raising=False)
    with pytest.raises(FileNotFoundError, match="vaderSentiment"):
        DATA_SETS["sentiment"].read(str(tmp_path))
    if not Path("/usr/share/mricron/templates/ch2.nii.gz").is_file():
        with pytest.raises(FileNotFoundError, match="mricron-data"):
            DATA_SETS["brain-2mm"].read(str(tmp_path))


def test_scores_are_the_known_ones() -> None:
    np = pytest.importorskip("numpy")
    truth = np.array([0, 1, 1, 2, 2, 2])
    assert score_of("accuracy", truth, truth) == 1.0
    guess = np.array([0, 1, 2, 2, 2, 0])  # class 1: 2·1/(1+2); class 2: 2·2/(3+3)
    assert score_of("dice", guess, truth) == pytest.approx((2 / 3 + 4 / 6) / 2)
    assert score_of("psnr_db", np.full(10, 0.1), np.zeros(10)) == pytest.approx(20.0)
    pictures = np.arange(16, dtype=np.uint8).reshape(1, 4, 4)
    x, y = patches_of(pictures)
    assert x.shape == (4, 25)
    assert y.sum(axis=1) == pytest.approx([0] * 4, abs=1e-6)  # a pixel is the mean of the four behind it
