"""Kaplan and Meier against published values; the median's interval; shares."""

from __future__ import annotations

import math
import random

import pytest

from impact_tracker.bench.analyse.survival import OF_THREE, kaplan_meier, survival, wilson

# Remission of leukaemia under 6-mercaptopurine, weeks (Freireich et al. 1963): the textbooks' example.
WEEKS = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
RELAPSED = [w in (6, 7, 10, 13, 16, 22, 23) for w in WEEKS]
RELAPSED[3] = False  # one of the four at 6 weeks, and one of the two at 10, were censored
RELAPSED[7] = False


def test_the_textbook_curve() -> None:
    curve = kaplan_meier(WEEKS, RELAPSED)
    assert [drop.value for drop in curve] == [6, 7, 10, 13, 16, 22, 23]
    expected = [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448]
    assert [round(drop.surviving, 3) for drop in curve] == expected
    # Greenwood's errors, from the interval on the log-log scale
    widths = [math.log(math.log(drop.low) / math.log(drop.high)) / (2 * 1.959963984540054) for drop in curve]
    errors = [-drop.surviving * math.log(drop.surviving) * width for drop, width in zip(curve, widths)]
    assert [round(error, 4) for error in errors] == [0.0764, 0.0869, 0.0963, 0.1068, 0.1141, 0.1282, 0.1346]


def test_the_textbook_median_has_an_open_upper_end() -> None:
    curve = survival(WEEKS, RELAPSED)
    assert curve is not None
    assert (curve.median, curve.low, curve.high) == (23, 13, None)
    assert (curve.runs, curve.reached, curve.mean) == (21, 9, None)
    assert curve.per_success == pytest.approx(sum(WEEKS) / 9)


def test_all_reached_is_a_mean_and_the_plain_median() -> None:
    curve = survival([3.0, 1.0, 2.0], [True] * 3)
    assert curve is not None
    assert curve.median == 2.0
    assert curve.mean is not None
    assert curve.mean.value == pytest.approx(2.0)
    assert curve.per_success == pytest.approx(2.0)


def test_fewer_than_half_have_no_median_and_none_no_success() -> None:
    curve = survival([1.0, 5.0, 5.0], [True, False, False])
    assert curve is not None
    assert (curve.median, curve.low, curve.high) == (None, None, None)
    assert curve.per_success == pytest.approx(11.0)
    none = survival([4.0, 4.0], [False, False])
    assert none is not None
    assert (none.reached, none.median, none.per_success) == (0, None, None)
    assert survival([], []) is None
    with pytest.raises(ValueError, match="2 values and 1 marks"):
        survival([1.0, 2.0], [True])


def test_dropping_censored_runs_would_be_wrong_and_the_estimate_is_not() -> None:
    """Exponential times to a target, cut off at a cap: the median of all is ln 2, that of the successes is not."""
    chance = random.Random(5)
    times = [chance.expovariate(1.0) for _ in range(4000)]
    cap = 0.9
    values, hits = [min(t, cap) for t in times], [t <= cap for t in times]
    curve = survival(values, hits)
    assert curve is not None
    assert curve.median == pytest.approx(math.log(2), abs=0.04)
    assert curve.low is not None
    assert curve.high is not None
    assert curve.low < math.log(2) < curve.high
    successes = sorted(t for t in times if t <= cap)
    assert successes[len(successes) // 2] < 0.45
    assert curve.per_success == pytest.approx(1.0, abs=0.05)  # the mean of the exponential, by its likelihood


def test_the_interval_holds_the_median_as_often_as_it_says() -> None:
    chance = random.Random(11)
    inside = 0
    trials = 400
    for _ in range(trials):
        times = [chance.expovariate(1.0) for _ in range(30)]
        curve = survival([min(t, 1.5) for t in times], [t <= 1.5 for t in times])
        assert curve is not None
        low, high = curve.low or 0.0, curve.high if curve.high is not None else math.inf
        inside += low <= math.log(2) <= high
    assert 0.92 <= inside / trials <= 0.99


@pytest.mark.parametrize(
    ("successes", "runs", "low", "high"), [(8, 10, 0.4902, 0.9433), (0, 5, 0.0, 0.4345), (5, 5, 0.5655, 1.0)]
)
def test_wilson(successes: int, runs: int, low: float, high: float) -> None:
    assert wilson(successes, runs) == pytest.approx((low, high), abs=1e-4)


def test_no_runs_are_no_share() -> None:
    with pytest.raises(ValueError, match="is no share"):
        wilson(0, 0)


@pytest.mark.parametrize("runs", [3, 4, 5, 6, 7, 8, 10])
def test_the_interval_of_a_median_holds_it_as_often_as_is_said(runs: int) -> None:
    """In 93 % of draws at least; of three runs in 7 of 8, which the notes say."""
    chance, draws, held = random.Random(runs), 2000, 0
    for _ in range(draws):
        cost = survival([chance.lognormvariate(0, 0.2) for _ in range(runs)], [True] * runs)
        assert cost is not None
        held += (cost.low or 0.0) <= 1 <= (math.inf if cost.high is None else cost.high)
    assert held / draws == pytest.approx(0.875, abs=0.02) if runs == 3 else held / draws >= 0.92
    assert "88 %" in OF_THREE
