"""What fits, shares, trimmed means and censored medians print as 95 % holds in that many draws."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest

from impact_tracker.bench.analyse.relations import power_law
from impact_tracker.bench.analyse.survival import survival, wilson
from impact_tracker.values.statistics import mean_of

pytest.importorskip("scipy")
DRAWS = 1500
CASES = [(points, scatter) for points in (5, 10) for scatter in (0.02, 0.15, 0.3)]
FACTOR, EXPONENT = 3.0, 0.9


def share(held: Callable[[random.Random], bool], seed: int, draws: int = DRAWS) -> float:
    chance = random.Random(seed)
    return sum(held(chance) for _ in range(draws)) / draws


def networks(chance: random.Random, points: int, scatter: float, exponent: float) -> tuple[list[float], list[float]]:
    """Multiply-adds over three powers of ten, and energies that follow them with a scatter of their own."""
    x = [10 ** chance.uniform(-0.5, 2.5) for _ in range(points)]
    return x, [FACTOR * gmac**exponent * math.exp(chance.gauss(0, scatter)) for gmac in x]


@pytest.mark.parametrize(("points", "scatter"), CASES)
def test_the_exponent_and_the_band_of_a_fit(points: int, scatter: float) -> None:
    bands: list[bool] = []

    def held(chance: random.Random) -> bool:
        fit = power_law(*networks(chance, points, scatter, EXPONENT))
        assert fit is not None
        low, high = fit.band(10.0)
        bands.append(low <= FACTOR * 10.0**EXPONENT <= high)
        return fit.exponent_low <= EXPONENT <= fit.exponent_high

    assert 0.93 <= share(held, 1) <= 0.97
    assert 0.93 <= sum(bands) / len(bands) <= 0.97


@pytest.mark.parametrize(("points", "scatter"), CASES)
def test_a_new_network_lies_within_the_factor(points: int, scatter: float) -> None:
    """Energies proportional to the work, of which the factor speaks."""

    def held(chance: random.Random) -> bool:
        fit = power_law(*networks(chance, points, scatter, 1.0))
        assert fit is not None
        new = FACTOR * math.exp(chance.gauss(0, scatter))
        return 1 / fit.within <= new / fit.proportional <= fit.within

    assert 0.93 <= share(held, 2) <= 0.97


@pytest.mark.parametrize("runs", [5, 10])
@pytest.mark.parametrize("scatter", [0.02, 0.15, 0.3])
def test_the_mean_without_best_and_worst(runs: int, scatter: float) -> None:
    def held(chance: random.Random) -> bool:
        mean = mean_of([chance.gauss(100, 100 * scatter) for _ in range(runs)], olympic=True)
        assert mean is not None and mean.interval is not None
        return mean.interval[0] <= 100 <= mean.interval[1]

    assert 0.93 <= share(held, 3) <= 0.985  # Tukey and McLaughlin's is a little wide for few runs


@pytest.mark.parametrize("runs", [3, 5, 10])
def test_the_share_that_reaches_a_target(runs: int) -> None:
    """Wilson's interval holds 95 % in the mean over shares; of a single one it moves, for counts are whole."""

    def held(chance: random.Random) -> bool:
        true = chance.random()
        low, high = wilson(sum(chance.random() < true for _ in range(runs)), runs)
        return low <= true <= high

    assert 0.93 <= share(held, 4) <= 0.97


@pytest.mark.parametrize("runs", [5, 10, 20])
def test_the_median_of_censored_runs_holds_at_least_95(runs: int) -> None:
    """An end that the runs do not settle is open: such an interval holds too much rather than too little."""
    true = 1.0

    def held(chance: random.Random) -> bool:
        times = [chance.lognormvariate(0, 0.5) for _ in range(runs)]
        limits = [chance.uniform(0.8, 4.0) for _ in range(runs)]
        curve = survival(
            [min(pair) for pair in zip(times, limits)], [time <= limit for time, limit in zip(times, limits)]
        )
        assert curve is not None
        return (curve.low or 0.0) <= true <= (math.inf if curve.high is None else curve.high)

    assert share(held, 5, 600) >= 0.93
