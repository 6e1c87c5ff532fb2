"""Student's t against printed tables (Fisher and Yates), means against sums done by hand."""

from __future__ import annotations

import math
import random

import pytest

from impact_tracker.cli import main
from impact_tracker.values.statistics import mean_of, student_t


@pytest.mark.parametrize(
    ("level", "freedom", "expected"),
    [
        (0.95, 1, 12.7062047),
        (0.95, 2, 4.3026527),
        (0.95, 4, 2.7764451),
        (0.95, 9, 2.2621572),
        (0.95, 30, 2.0422725),
        (0.95, 1000, 1.9623391),
        (0.99, 9, 3.2498355),
        (0.90, 5, 2.0150484),
        (0.95, 3.7, 2.8675207),
    ],
)
def test_quantiles_are_those_of_the_tables(level: float, freedom: float, expected: float) -> None:
    assert student_t(level, freedom) == pytest.approx(expected, rel=2e-5)


@pytest.mark.parametrize("level", [0.0, 1.0, -1.0])
def test_senseless_levels_are_refused(level: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        student_t(level, 3)


def test_mean_and_its_interval() -> None:
    mean = mean_of([10.0, 12.0, 14.0])
    assert mean is not None
    assert mean.value == 12.0
    assert mean.deviation == 2.0
    assert mean.half_width == pytest.approx(4.3026527 * 2.0 / math.sqrt(3))
    assert mean.relative == pytest.approx(2 / 12)
    assert mean.runs == 3


def test_one_run_has_no_interval_and_no_run_no_mean() -> None:
    assert mean_of([3.0]) == (3.0, None, 1, None)
    assert mean_of([]) is None


def test_olympic_drops_best_and_worst_of_five_or_more() -> None:
    five = mean_of([1.0, 100.0, 2.0, 3.0, 4.0], olympic=True)
    four = mean_of([1.0, 100.0, 2.0, 3.0], olympic=True)
    assert five is not None
    assert four is not None
    assert (five.value, five.runs) == (3.0, 3)
    assert (four.value, four.runs) == (26.5, 4)
    assert five.deviation == pytest.approx(1.0)
    # Winsorised: 2, 2, 3, 4, 4 with a deviation of 1; its error is 1 / ((1 - 2/5) sqrt 5), with two degrees of freedom
    assert five.half_width == pytest.approx(4.3026527 / (0.6 * math.sqrt(5)), rel=1e-6)


def test_an_olympic_interval_holds_the_mean_as_often_as_it_says() -> None:
    """The deviation of the runs that are left alone would say 95 % and hold 90."""
    chance = random.Random(3)
    inside = 0
    for _ in range(1000):
        mean = mean_of([chance.gauss(10, 1) for _ in range(10)], olympic=True)
        assert mean is not None
        assert mean.half_width is not None
        inside += abs(mean.value - 10) <= mean.half_width
    assert 930 <= inside <= 970


def test_without_scipy_nothing_is_begun(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("impact_tracker.values.statistics.find_spec", lambda name: None)
    for action in ([], ["report", "folder"], ["train", "--models", "small-cnn"]):
        assert main(["bench", *action]) == 2
        assert "need scipy: pip install 'impact-tracker[report]'" in capsys.readouterr().err
    assert main(["bench", "--list"]) == 0
