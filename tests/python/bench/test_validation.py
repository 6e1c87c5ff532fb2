"""What ends a training is not what scores it, and a curve begins before anything was trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from impact_tracker.bench.show.figures.learning import curve_of, learning_figure
from python import fake_core
from python.bench.test_learning import EPOCH_S, EVALUATION_S, WATTS, Judged, Learner, Learners, only, train


@pytest.fixture
def learners(machine: fake_core.Machine) -> Learners:
    return Learners()


def test_what_ends_a_training_is_not_what_scores_it(learners: Learners, tmp_path: Path) -> None:
    asked: list[dict[str, Any]] = []
    evaluate = Learner.evaluate

    def noted(self: Learner, **options: Any) -> Any:
        phase = evaluate(self, **options)
        if "part" not in options:  # before the campaign
            return phase
        asked.append(options)
        if options["part"] == "test":  # which is harder
            return Judged(phase, lambda: 0.85)
        return phase

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Learner, "evaluate", noted)
        view = train(tmp_path / "a", learners, target_metric="accuracy", target=0.89, repeats=2)
    own = asked[: len(asked) // 2]
    assert [options["part"] for options in own] == ["validation"] * 4 + ["test"]
    assert {options["validation"] for options in (*own, *learners.trained)} == {0.1}
    row = only(view, "training")
    assert (row["evaluated_on"], row["scored_on"], row["score"]) == ("validation", "test", 0.85)
    assert (row["reached"], row["final"]) == (True, pytest.approx(0.9))
    scoring = only(view, "scoring")
    assert (scoring["accuracy"], scoring["energy_j"]) == (0.85, pytest.approx(EVALUATION_S * WATTS))
    (target,) = view.targets
    assert target.score is not None
    assert (target.evaluated_on, target.scored_on, target.score.value) == ("validation", "test", 0.85)
    assert view.page().headline.startswith("Small CNN reaches accuracy ≥ 0.89 on the validation part: ")
    assert "0.85" in view.page().headline
    assert any("no run was stopped by what it is scored on" in note for note in view.page().caveats)
    training = next(cell for cell in view.cells if cell.phase == "training")
    assert training.accuracy is not None and training.accuracy.value == 0.85


def test_a_curve_begins_with_the_untrained_network_at_0_joules(learners: Learners, tmp_path: Path) -> None:
    view = train(tmp_path / "a", learners, target_metric="accuracy", target=0.89)
    first = view.epochs[0]
    assert (first.epoch, first.training_j, first.training_s, first.reached) == (0, 0.0, 0.0, False)
    assert first.value == pytest.approx(0.6)
    curve = curve_of(view.epochs)
    assert curve is not None
    joules, values = curve
    assert joules == pytest.approx([epochs * EPOCH_S * WATTS for epochs in range(4)])
    assert values == pytest.approx([0.6, 0.7, 0.8, 0.9])


def test_a_target_that_the_untrained_network_meets_is_trained_for(learners: Learners, tmp_path: Path) -> None:
    view = train(tmp_path / "a", learners, target_metric="accuracy", target=0.5)
    row = only(view, "training")
    assert (row["reached"], row["epochs"]) == (True, 1)
    assert any("were there after one epoch" in note for note in view.page().caveats)


def test_the_learning_figure_says_its_units_runs_and_energies(learners: Learners, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    view = train(tmp_path / "a", learners, target_metric="accuracy", target=0.89, repeats=2)
    figure = learning_figure(view.epochs, view.targets, view.cells)
    assert figure is not None
    (axes,) = figure.axes
    assert axes.get_ylabel() == "accuracy on the validation part"
    assert axes.get_xlabel() == "energy of the training in J"
    # Where the title breaks depends on the room.
    assert " ".join(axes.get_title(loc="left").split()) == "Small CNN: 2 runs, 2 of 2 reached 0.89"
    note = figure.get_supxlabel().replace("\n", " ")
    assert note.startswith("a curve is one run, a point an evaluation; dashed: the target")
    assert "own error of sensors and models" in note
    from python.figures.looking import check_texts

    check_texts(figure, "learning")
