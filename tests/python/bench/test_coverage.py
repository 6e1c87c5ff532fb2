"""Printed intervals hold what they say: 95 % of draws, for three, five and ten runs that scatter by 2, 15 and 30 %."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest

from impact_tracker.bench.analyse.relations import bootstrap, ratio_test
from impact_tracker.bench.analyse.survival import survival
from impact_tracker.bench.show.forecast import _around, _spread
from impact_tracker.values.statistics import Mean, mean_of, ratio_of_means

pytest.importorskip("scipy")
DRAWS = 3000
CASES = [(runs, scatter) for runs in (3, 5, 10) for scatter in (0.02, 0.15, 0.3)]
Draw = Callable[[float], float]


def drawer(seed: int, scatter: float) -> Draw:
    """Energies around a mean, always above 0, as runs of a benchmark are."""
    chance = random.Random(seed)
    sigma = math.sqrt(math.log1p(scatter**2))
    return lambda mean: mean * math.exp(chance.gauss(-(sigma**2) / 2, sigma))


def share(held: Callable[[Draw], bool], seed: int, scatter: float, draws: int = DRAWS) -> float:
    draw = drawer(seed, scatter)
    return sum(held(draw) for _ in range(draws)) / draws


def known(mean: Mean | None) -> Mean:
    assert mean is not None
    return mean


@pytest.mark.parametrize(("runs", "scatter"), CASES)
def test_the_interval_of_a_mean(runs: int, scatter: float) -> None:
    def held(draw: Draw) -> bool:
        ends = known(mean_of([draw(100) for _ in range(runs)])).interval
        assert ends is not None and ends[0] > 0
        return ends[0] <= 100 <= ends[1]

    assert 0.925 <= share(held, 1, scatter) <= 0.97


@pytest.mark.parametrize(("runs", "scatter"), CASES)
def test_the_interval_of_a_ratio(runs: int, scatter: float) -> None:
    def held(draw: Draw) -> bool:
        first, second = [draw(50) for _ in range(runs)], [draw(400) for _ in range(runs)]
        test, of_means = ratio_test(first, second), ratio_of_means(known(mean_of(second)), known(mean_of(first)))
        assert test is not None and of_means is not None and of_means.low is not None and of_means.high is not None
        assert 0 < test.low <= test.ratio <= test.high
        assert 0 < of_means.low <= of_means.value <= of_means.high
        tests.append(test.low <= 8 <= test.high)
        return of_means.low <= 8 <= of_means.high

    tests: list[bool] = []
    assert 0.93 <= share(held, 2, scatter) <= 0.975
    assert 0.93 <= sum(tests) / len(tests) <= 0.975


@pytest.mark.parametrize(("runs", "scatter"), CASES)
def test_equal_sides_differ_in_one_of_twenty_and_never_against_their_interval(runs: int, scatter: float) -> None:
    def held(draw: Draw) -> bool:
        test = ratio_test([draw(10) for _ in range(runs)], [draw(10) for _ in range(runs)])
        assert test is not None
        assert (test.p < 0.05) == (not test.low <= 1 <= test.high)
        return test.p >= 0.05

    assert 0.93 <= share(held, 3, scatter) <= 0.975


@pytest.mark.parametrize(("runs", "scatter"), CASES)
def test_a_new_run_lies_in_the_prediction(runs: int, scatter: float) -> None:
    def held(draw: Draw) -> bool:
        mean = known(mean_of([draw(100) for _ in range(runs)]))
        low, high = _around(mean.value, _spread(mean))
        assert low is not None and high is not None and low > 0
        return low <= draw(100) <= high

    assert 0.925 <= share(held, 4, scatter) <= 0.97


@pytest.mark.parametrize("scatter", [0.02, 0.15, 0.3])
def test_the_bootstrap_of_ten_runs(scatter: float) -> None:
    def held(draw: Draw) -> bool:
        ends = bootstrap([draw(100) for _ in range(10)])
        assert ends is not None
        return ends[0] <= 100 <= ends[1]

    assert 0.92 <= share(held, 5, scatter, 500) <= 0.98


@pytest.mark.parametrize(
    ("values", "reached", "median"),
    [
        ([1, 2, 3, 4], [True] * 4, 2.5),  # R: survfit(Surv(1:4, rep(1, 4)) ~ 1), and the median of four numbers
        ([1, 2, 3], [True] * 3, 2),
        ([1, 2, 3, 4], [True, True, False, False], 2),  # it stays at one half: no later drop to go half way to
        ([1, 2, 3, 4], [True, False, False, False], None),
        ([6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35],
         [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0], 23),  # Freireich's 6-MP arm
    ],
)  # fmt: skip
def test_the_median_of_censored_runs_is_that_of_r(
    values: list[float], reached: list[bool], median: float | None
) -> None:
    curve = survival(values, [bool(hit) for hit in reached])
    assert curve is not None
    assert curve.median == median
