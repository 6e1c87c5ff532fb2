"""Curves, knees, margins and fronts of synthetic trainings whose answers are known."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from impact_tracker.studies.points.point import Checkpoint, JoulesRead, StudyPoint, StudyRun
from impact_tracker.studies.questions.curves import (
    CurveSpot,
    best_so_far,
    energy_to,
    knee_of,
    margins,
    mean_curve,
    read_curve,
    score_at,
)
from impact_tracker.studies.questions.groups import groups_of, pareto_front, score_text

pytest.importorskip("scipy")
POINT = StudyPoint("small-cnn", "fashion-mnist", 1000, evaluations=9)


def saturating(tau_j: float, whole_j: float, looks: int, best: float = 0.9) -> list[CurveSpot]:
    """A training whose score is best · (1 − e^(−E/τ))."""
    energies = [whole_j * number / looks for number in range(1, looks + 1)]
    return [CurveSpot(energy_j, best * (1 - math.exp(-energy_j / tau_j))) for energy_j in energies]


@pytest.mark.parametrize(("tau_j", "whole_j"), [(100.0, 1000.0), (10.0, 40.0), (3.0, 300.0)])
def test_the_knee_of_a_saturating_curve_is_where_its_slope_is_that_of_the_chord(tau_j: float, whole_j: float) -> None:
    looks = 4000
    curve = saturating(tau_j, whole_j, looks)
    first, last = curve[0], curve[-1]
    slope = (last.score - first.score) / (last.energy_j - first.energy_j)
    expected_j = -tau_j * math.log(slope * tau_j / 0.9)  # 0.9/τ · e^(−E/τ) = slope
    knee = knee_of(curve)
    assert knee is not None
    assert abs(knee.energy_j - expected_j) <= 2 * whole_j / looks


def test_half_of_the_energy_bought_the_rest_of_the_known_curve() -> None:
    read = read_curve(saturating(100.0, 600.0, 600))
    assert read is not None
    assert read.half == pytest.approx(0.9 * (1 - math.exp(-3)))
    assert read.final == pytest.approx(0.9 * (1 - math.exp(-6)))
    assert read.gain == pytest.approx(0.9 * (math.exp(-3) - math.exp(-6)))
    reached_j = -100 * math.log(1 - 0.99 * (1 - math.exp(-6)))
    assert read.last_share == pytest.approx(1 - reached_j / 600, abs=1e-4)


def test_margins_of_a_straight_curve_are_its_slope_and_infinite_where_it_is_flat() -> None:
    curve = [CurveSpot(0, 0.5), CurveSpot(10, 0.6), CurveSpot(30, 0.8), CurveSpot(50, 0.8)]
    assert [step.j_per_score for step in margins(curve)] == pytest.approx([100, 100, math.inf])
    assert knee_of([CurveSpot(0, 0.0), CurveSpot(1, 0.5), CurveSpot(2, 1.0)]) is None  # a straight line has none
    assert knee_of(curve[:2]) is None


@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 1)), min_size=1, max_size=30))
@example([(1.5060718559543602, 0.0), (524290.4327638048, 1.0)])  # a rounded end of the line lies behind the last look
def test_without_its_dips_a_curve_never_falls_and_holds_every_best(looks: list[tuple[float, float]]) -> None:
    curve = best_so_far([CurveSpot(*look) for look in looks])
    assert all(before.score <= after.score for before, after in zip(curve, curve[1:]))
    assert max(spot.score for spot in curve) == max(score for _, score in looks)
    assert all(step.j_per_score >= 0 for step in margins(curve))
    top = curve[-1].score
    reached_j = energy_to(curve, top)
    assert reached_j is not None
    assert reached_j <= curve[-1].energy_j
    assert energy_to(curve, top + 1) is None


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=40))
def test_a_front_holds_exactly_what_nothing_beats(items: list[tuple[int, int]]) -> None:
    front = pareto_front(items, lambda item: item[0], lambda item: item[1])

    def is_beaten(item: tuple[int, int]) -> bool:
        return any(o[0] <= item[0] and o[1] >= item[1] and o != item for o in items)

    assert set(front) == {item for item in items if not is_beaten(item)}


def test_scores_between_looks_are_on_the_line_and_beyond_them_unknown() -> None:
    curve = [CurveSpot(10, 0.2), CurveSpot(20, 0.4)]
    assert score_at(curve, 15) == pytest.approx(0.3)
    assert score_at(curve, 10) == 0.2
    assert score_at(curve, 9) is None
    assert score_at(curve, 21) is None
    assert read_curve(curve) is None


def run_of(repeat: int, curve: list[CurveSpot], half_j: float = 1.0) -> StudyRun:
    checkpoints = tuple(Checkpoint(100 * (i + 1), spot.energy_j, 1.0, spot.score) for i, spot in enumerate(curve))
    energy = JoulesRead(curve[-1].energy_j, half_j, 0.69 * curve[-1].energy_j, curve[-1].energy_j, "modelled")
    return StudyRun(
        f"t.r{repeat}",
        POINT,
        repeat,
        repeat,
        "ok",
        training=energy,
        score=curve[-1].score,
        metric="accuracy",
        checkpoints=checkpoints,
        seen=100 * len(curve),
    )


def test_means_over_runs_have_intervals_that_hold_the_truth() -> None:
    """Forty studies of three noisy runs each: the 95 % of the gain holds the true gain in about all of them."""
    chance = random.Random(7)
    truth = read_curve(saturating(100.0, 600.0, 12))
    assert truth is not None
    held = 0
    for _ in range(40):
        runs = []
        for repeat in range(3):
            factor = math.exp(chance.gauss(0, 0.05))
            curve = saturating(100.0, 600.0, 12)
            runs.append(
                run_of(
                    repeat, [CurveSpot(spot.energy_j * factor, spot.score + chance.gauss(0, 1e-3)) for spot in curve]
                )
            )
        curves = mean_curve(runs)
        assert curves.runs == 3
        assert curves.gain is not None and curves.gain.interval is not None
        low, high = curves.gain.interval
        held += low - 1e-3 <= truth.gain <= high + 1e-3
    assert held >= 35


def test_a_group_knows_what_repeating_does_not_shrink() -> None:
    runs = [run_of(repeat, saturating(100, 600, 9)) for repeat in range(3)]
    failed = StudyRun("t.r9", POINT, 9, 9, "failed", "no luck")
    (group,) = groups_of([POINT], [*runs, failed])
    assert (group.runs, group.failed, group.quality) == (3, 1, "modelled")
    assert group.bias == pytest.approx(0.69)
    assert group.modelled == pytest.approx(1.0)
    assert group.energy is not None
    assert group.energy.value == pytest.approx(600)
    (empty,) = groups_of([POINT], [failed])
    assert (empty.runs, empty.energy, empty.score, empty.quality) == (0, None, None, "missing")


def test_scores_are_written_no_finer_than_they_are_known() -> None:
    assert score_text(0.87345, "accuracy", 0.004) == "87.3 ± 0.4 %"
    assert score_text(0.87345, "accuracy", None) == "87.3 %"
    assert score_text(21.3799, "psnr_db", 0.12) == "21.38 ± 0.12 dB"
    assert score_text(None, "accuracy") == "–"
    assert score_text(0.18, "accuracy", 1.12) == "18.0 % (0 to 100)"  # no accuracy is below 0 or above 1
    assert score_text(0.95, "dice", 0.1) == "0.95 (0.85 to 1.00)"
