"""Sums, extremes, scatters, ranks, scores and successes: what is printed as 95 % holds in that many draws."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impact_tracker.bench.analyse.ranks import ranges_of
from impact_tracker.bench.analyse.scores import scores
from impact_tracker.bench.analyse.sums import sum_of_parts
from impact_tracker.bench.analyse.survival import survival
from impact_tracker.bench.plan.suites import ai as suite_ai
from impact_tracker.values.statistics import (
    Mean,
    interval_of_scatter,
    mean_of,
    ratio_of_extremes,
    ratio_of_means,
    sum_of_means,
)
from python.bench.flat import row_of

pytest.importorskip("scipy")
CASES = [(runs, scatter) for runs in (3, 5, 10) for scatter in (0.02, 0.15, 0.3)]
PARTS = {"text": (2.0, 40.0), "unet": (100.0, 1.0), "decoder": (1.0, 90.0)}


class Runs:
    """Energies of runs around a mean, always above 0."""

    def __init__(self, seed: int, scatter: float) -> None:
        self.chance = random.Random(seed)
        self.sigma = math.sqrt(math.log1p(scatter**2))

    def mean(self, true: float, runs: int) -> Mean:
        mean = mean_of([self.one(true) for _ in range(runs)])
        assert mean is not None
        return mean

    def one(self, true: float) -> float:
        return true * math.exp(self.chance.gauss(-(self.sigma**2) / 2, self.sigma))


def share(held: Callable[[Runs], bool], seed: int, scatter: float, draws: int = 1500) -> float:
    runs = Runs(seed, scatter)
    return sum(held(runs) for _ in range(draws)) / draws


@pytest.mark.parametrize(("runs", "scatter"), CASES)
def test_the_interval_of_a_sum(runs: int, scatter: float) -> None:
    """Of parts of one size, which has many degrees of freedom, and of one that is nearly the whole, which has few."""
    of_one: list[bool] = []

    def held(draw: Runs) -> bool:
        summed = sum_of_means([(times, draw.mean(true, runs)) for times, true in PARTS.values()])
        mean_of_all = sum_of_means([(1.0, draw.mean(1.0, runs)), (1.0, draw.mean(1000.0, runs))])
        assert summed is not None and mean_of_all is not None and summed.interval and mean_of_all.interval
        of_one.append(mean_of_all.interval[0] <= 1001 <= mean_of_all.interval[1])
        return summed.interval[0] <= 270 <= summed.interval[1]

    assert 0.93 <= share(held, 1, scatter) <= 0.98
    assert 0.92 <= sum(of_one) / len(of_one) <= 0.97


@pytest.mark.parametrize(("runs", "scatter"), CASES)
@pytest.mark.parametrize("count", [2, 8])
def test_the_ratio_of_the_dearest_of_equal_networks_to_the_cheapest_holds_1(
    runs: int, scatter: float, count: int
) -> None:
    plain: list[bool] = []

    def held(draw: Runs) -> bool:
        means = [draw.mean(10.0, runs) for _ in range(count)]
        least, most, ratio = ratio_of_extremes(means)
        alone = ratio_of_means(means[most], means[least])
        assert ratio is not None and ratio.low is not None and ratio.high is not None and ratio.p is not None
        assert alone is not None and alone.low is not None
        assert 0 < ratio.low <= alone.low and (ratio.p < 0.05) == (not ratio.low <= 1 <= ratio.high)
        plain.append(alone.low <= 1)
        return ratio.low <= 1 <= ratio.high

    assert share(held, 2, scatter, 300) >= 0.91
    if count == 8:  # what makes the wider one needed
        assert sum(plain) / len(plain) < 0.8


@pytest.mark.parametrize(("runs", "scatter"), CASES)
def test_the_ratio_of_networks_that_are_far_apart_is_not_widened(runs: int, scatter: float) -> None:
    def held(draw: Runs) -> bool:
        means = [draw.mean(true, runs) for true in (1.0, 1000.0, 30.0)]
        least, most, ratio = ratio_of_extremes(means)
        assert (least, most) == (0, 1) and ratio is not None and ratio.low is not None and ratio.high is not None
        return ratio.low <= 1000 <= ratio.high

    # With three runs that scatter by a third the one between may be taken for either.
    assert 0.93 <= share(held, 3, scatter, 800) <= (0.995 if runs == 3 else 0.98)


@pytest.mark.parametrize(("runs", "scatter"), CASES)
def test_the_interval_of_a_coefficient_of_variation(runs: int, scatter: float) -> None:
    def held(draw: Runs) -> bool:
        ends = interval_of_scatter(draw.mean(5.0, runs))
        assert ends is not None
        return ends[0] <= scatter <= ends[1]

    assert 0.93 <= share(held, 4, scatter) <= 0.98


@pytest.mark.parametrize("scatter", [0.02, 0.15, 0.3])
def test_ranges_hold_all_ranks(scatter: float) -> None:
    costs = {"a": 1.0, "b": 1.1, "c": 1.2, "d": 5.0}

    def held(draw: Runs) -> bool:
        ranges = ranges_of({name: draw.mean(true, 5) for name, true in costs.items()})
        return all(ranges[name][0] <= rank <= ranges[name][1] for name, rank in zip("dcba", (1, 2, 3, 4)))

    assert share(held, 5, scatter, 400) >= 0.93


@pytest.mark.parametrize("runs", [3, 10])
@pytest.mark.parametrize("scatter", [0.02, 0.3])
def test_the_interval_of_a_score(runs: int, scatter: float) -> None:
    """Times of a pass whose logarithms lie around the reference's."""
    sigma = math.sqrt(math.log1p(scatter**2))
    tests = suite_ai.sub_tests()[::6]

    def held(draw: Runs) -> bool:
        rows = [
            row_of({"task": f"{test.name}.r{run}", "test": test.name, "phase": test.phase, "batch": test.batch,
                    "pass_ms": draw.one(test.reference_ms)})
            for test in tests
            for run in range(runs)
        ]  # fmt: skip
        made = scores(rows)
        assert made.inference_ends is not None and made.training_ends is not None
        return made.inference_ends[0] <= 10_000 <= made.inference_ends[1]

    assert sigma > 0
    assert 0.92 <= share(held, 6, scatter, 150) <= 1.0


@pytest.mark.parametrize("runs", [3, 5, 10])
@pytest.mark.parametrize("chance", [0.3, 0.6, 0.9, 1.0])
def test_what_a_success_costs_lies_in_its_interval(runs: int, chance: float) -> None:
    """Shares of few runs take few values, so that the interval holds more than 95 % at most of them."""

    def held(draw: Runs) -> bool:
        hits = [draw.chance.random() < chance for _ in range(runs)]
        known = survival([draw.one(100.0 if hit else 200.0) for hit in hits], hits)
        assert known is not None
        if not any(hits):
            assert known.per_success is None
            return True
        assert known.success_low is not None and known.success_high is not None
        return known.success_low <= (100 * chance + 200 * (1 - chance)) / chance <= known.success_high

    assert share(held, 7, 0.15, 250) >= 0.91


def test_one_run_has_no_interval_and_says_so() -> None:
    once = mean_of([4.0])
    often = mean_of([3.0, 4.0, 5.0])
    assert once is not None and often is not None

    class Test:
        bias = 0.1

        def __init__(self, mean: Mean) -> None:
            self.j_per_image = mean

    summed = sum_of_parts({"a": 2.0, "b": 1.0}, {"a": Test(once), "b": Test(often)})
    assert summed is not None
    assert (summed.mean.value, summed.mean.interval, summed.mean.runs) == (12.0, None, 1)
    assert summed.bias_j == pytest.approx(1.2)  # shared: it adds up as it is
    assert summed.text().startswith("one run of a part: no interval; the sensors' and models' own error, which all")
    assert summed.text().endswith(": 1.20 J") and "±" not in summed.text()
    assert summed._replace(bias_j=None).text().endswith("own error is not known")
    assert summed._replace(bias_j=0.0).text() == "one run of a part: no interval"
    assert sum_of_parts({"a": 2.0, "c": 1.0}, {"a": Test(once)}) is None
    alone = survival([5.0], [True])
    assert alone is not None and alone.success_low is None


POSITIVE = st.floats(1e-3, 1e6)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.floats(0.01, 100.0), st.lists(POSITIVE, min_size=1, max_size=6)), min_size=1, max_size=5))
def test_sums_of_positive_parts_are_positive_and_no_part_is_lost(
    parts: list[tuple[float, list[float]]],
) -> None:
    means = [(times, mean_of(values)) for times, values in parts]
    summed = sum_of_means([(times, mean) for times, mean in means if mean is not None])
    assert summed is not None
    assert summed.value == pytest.approx(sum(times * sum(values) / len(values) for times, values in parts))
    assert summed.runs == min(len(values) for _, values in parts)
    if summed.runs == 1:
        assert summed.half_width is None
    else:
        assert summed.interval is not None and 0 < summed.interval[0] <= summed.value <= summed.interval[1]
        widest = max(times * (mean.error or 0.0) for times, mean in means if mean is not None)
        assert (summed.error or 0.0) >= 0 and (summed.half_width or 0.0) >= widest * 1.9 * (1 - 1e-9)
