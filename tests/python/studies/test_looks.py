"""A training towards a target is looked at as often as was asked for, and the answer says how often."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impact_tracker.runner import Loaded, Runner
from impact_tracker.studies.points.course import EnergyTaken, Judged, run_course
from impact_tracker.studies.points.measure import PointMeter
from impact_tracker.studies.points.network import LOOKS_OF_AN_EPOCH, NetworkLearner, looks_are_asked
from impact_tracker.studies.points.point import Checkpoint, JoulesRead, StudyPoint, StudyRun
from impact_tracker.studies.questions.asked import StudyAsked
from impact_tracker.studies.questions.known import QUESTIONS
from impact_tracker.studies.questions.target import costs_of
from impact_tracker.values import Energy

pytest.importorskip("scipy")


class Walked(NetworkLearner):
    """A network's own steps, without a worker: each example takes a joule, and nothing is ever learnt."""

    def __init__(self, point: StudyPoint, batch: int) -> None:
        super().__init__(point, 1, cast(PointMeter, None), "walked", lambda: cast(Runner, None))
        self._loaded = cast(Loaded, SimpleNamespace(batch=batch))

    def advance(self, step: int) -> EnergyTaken:
        self._seen += step
        return EnergyTaken(Energy(float(step), 0.1, 0.0, 0.0), step * 0.01)

    def judge(self, part: str) -> Judged:
        return Judged(0.1, 10, EnergyTaken(Energy(1.0, 0.1, 0.0, 0.0), 0.1))


def point_of(epochs: int | None, evaluations: int | None, examples: int = 1000, model: str = "small-cnn") -> StudyPoint:
    asked = StudyAsked(
        models=(model,), data=("digits",), examples=(examples,), epochs=epochs, evaluations=evaluations, target=0.99
    )
    (point,) = QUESTIONS["target"].points(asked)
    return point


@given(st.integers(1, 6), st.integers(1, 12), st.integers(200, 4000), st.sampled_from([1, 16, 32, 100]))
def test_it_is_looked_at_as_often_as_was_asked(epochs: int, evaluations: int, examples: int, batch: int) -> None:
    point = point_of(epochs, evaluations, examples)
    assert looks_are_asked(point)
    course = run_course(point, Walked(point, batch), untrained=looks_are_asked(point))
    assert course.seen == examples * epochs
    untrained, *within = course.checkpoints
    assert untrained.examples == 0
    batches = -(-examples // batch)
    assert len(within) <= evaluations * epochs
    if batches >= 16 * evaluations:
        assert len(within) == evaluations * epochs


@given(st.integers(1, 6), st.integers(200, 4000), st.sampled_from([1, 16, 32]))
def test_without_being_asked_it_looks_eight_times_an_epoch(epochs: int, examples: int, batch: int) -> None:
    point = point_of(epochs, None, examples)
    course = run_course(point, Walked(point, batch), untrained=looks_are_asked(point))
    least = LOOKS_OF_AN_EPOCH * epochs
    assert least * 0.5 <= len(course.checkpoints) <= least
    assert course.checkpoints[0].examples > 0


def test_one_look_of_one_epoch_is_one() -> None:
    """It was taken for nothing asked, and there were eight."""
    point = point_of(1, 1)
    assert StudyPoint(**point.to_dict()) == point  # type: ignore[arg-type]
    course = run_course(point, Walked(point, 32), untrained=True)
    assert [look.examples for look in course.checkpoints] == [0, 1000]


def run_with(point: StudyPoint, joules: tuple[float, ...], scores: tuple[float, ...], repeat: int = 1) -> StudyRun:
    looks = tuple(
        Checkpoint(100 * place, energy_j, 1.0 * place, score, "validation")
        for place, (energy_j, score) in enumerate(zip(joules, scores))
    )
    return StudyRun(
        f"{point.id}.r{repeat}",
        point,
        repeat,
        1,
        "ok",
        training=JoulesRead(joules[-1], 1.0, quality="measured"),
        reached=scores[-1] >= (point.target or 0),
        checkpoints=looks,
        metric="accuracy",
        score=scores[-1],
    )


def test_the_answer_says_how_often_and_how_far_apart() -> None:
    asked, unasked, fits = point_of(2, 1), point_of(2, None), point_of(None, 3, model="k-nn")
    points = [asked, unasked, fits]
    runs = [
        run_with(asked, (0.0, 30.0), (0.1, 0.995)),
        run_with(unasked, (3.0, 7.0), (0.4, 0.992)),
        run_with(fits, (5.0,), (0.995,)),
    ]
    answer = QUESTIONS["target"].answer(points, runs)
    (table,) = answer.tables
    place = table.columns.index(">looks")
    assert [row[place] for row in table.rows] == [
        "1 an epoch, asked for; 30.0 J apart",
        "8 an epoch; 4.00 J apart",
        "each fit",
    ]
    told = answer.document["targets"]
    assert isinstance(told, list)
    assert [(each["looks_per_epoch"], each["looks_are_asked"], each["between_j"]) for each in told] == [
        (1, True, 30.0),
        (8, False, 4.0),
        (None, False, None),
    ]
    assert costs_of([unasked], [run_with(unasked, (3.0, 7.0), (0.4, 0.5))])[0].between_j is None  # it was missed
