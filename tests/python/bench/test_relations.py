"""Correlations, fits and comparisons against scipy and against numbers worked out by hand."""

from __future__ import annotations

import math
import random

import pytest

from impact_tracker.bench.analyse.relations import bootstrap, correlation, holm, power_law, welch

scipy_stats = pytest.importorskip("scipy.stats")


def test_rank_correlations_of_seven() -> None:
    x = [0.30, 7.33, 15.62, 16.73, 8.56, 14.24, 15.47]  # GMAC
    y = [1.18, 1.96, 2.60, 2.56, 2.42, 2.61, 2.96]  # Table 2
    relation = correlation(x, y)
    assert relation is not None
    # ranks 1 2 6 7 3 4 5 against 1 2 5 4 3 6 7: sum of squared differences 18
    assert relation.spearman == pytest.approx(1 - 6 * 18 / (7 * 48))
    assert relation.kendall == pytest.approx(scipy_stats.kendalltau(x, y).statistic)
    assert relation.kendall_p == pytest.approx(scipy_stats.kendalltau(x, y, method="exact").pvalue)
    exact = scipy_stats.permutation_test(
        (x,),
        lambda permuted: scipy_stats.spearmanr(permuted, y).statistic,
        permutation_type="pairings",
        n_resamples=10_000,
    )
    assert relation.spearman_p == pytest.approx(exact.pvalue, abs=1e-3)


def test_many_points_agree_with_scipy() -> None:
    chance = random.Random(3)
    x = [chance.random() for _ in range(24)]
    y = [a + chance.random() for a in x]
    relation = correlation(x, y)
    same = scipy_stats.spearmanr(x, y)
    assert relation is not None
    assert (relation.spearman, relation.spearman_p) == pytest.approx((same.statistic, same.pvalue))


def test_what_cannot_be_correlated_is_none() -> None:
    assert correlation([1.0, 2.0, 3.0], [1.0, 2.0, 3.0]) is None
    assert correlation([1.0] * 5, [1.0, 2.0, 3.0, 4.0, 5.0]) is None
    with pytest.raises(ValueError, match="5 values against 4"):
        correlation([1.0] * 5, [1.0] * 4)


def test_a_power_law_is_found_again() -> None:
    x = [1.0, 3.0, 10.0, 30.0, 100.0]
    exact = power_law(x, [2.5 * value**0.8 for value in x])
    assert exact is not None
    assert (exact.factor, exact.exponent, exact.r2) == pytest.approx((2.5, 0.8, 1.0))
    proportional = power_law(x, [4.0 * value for value in x])
    assert proportional is not None
    assert (proportional.proportional, proportional.within) == pytest.approx((4.0, 1.0))
    chance = random.Random(1)
    noisy = [2.5 * value**0.8 * math.exp(chance.gauss(0, 0.1)) for value in x]
    fit = power_law(x, noisy)
    same = scipy_stats.linregress([math.log(v) for v in x], [math.log(v) for v in noisy])
    assert fit is not None
    assert fit.exponent == pytest.approx(same.slope)
    half = scipy_stats.t.ppf(0.975, 3) * same.stderr
    assert (fit.exponent_low, fit.exponent_high) == pytest.approx((same.slope - half, same.slope + half))
    assert fit.r2 == pytest.approx(same.rvalue**2)
    with pytest.raises(ValueError, match="above 0"):
        power_law([0.0, 1.0, 2.0, 3.0], [1.0] * 4)


def test_networks_of_one_size_tell_no_exponent() -> None:
    assert power_law([2.0, 2.0 + 1e-15, 2.0, 2.0], [1.0, 2.0, 3.0, 4.0]) is None
    # The slope is some thousands, and e to the offset no number.
    assert power_law([1000.0, 1000.1, 1000.2, 1000.3], [1e-3, 1.0, 1e3, 1e6]) is None


def test_a_bootstrap_begins_at_ten_runs_and_is_the_same_for_a_seed() -> None:
    assert bootstrap([float(value) for value in range(9)]) is None
    assert bootstrap([3.0] * 10) == (3.0, 3.0)
    values = [float(value**2) for value in range(10)]
    assert bootstrap(values, seed=5) == bootstrap(values, seed=5)


def test_welch_agrees_with_scipy() -> None:
    a, b = [10.1, 10.3, 9.8, 10.0], [11.0, 11.9, 10.4]
    difference = welch(a, b)
    same = scipy_stats.ttest_ind(b, a, equal_var=False)
    interval = same.confidence_interval()
    assert difference is not None
    assert difference.p == pytest.approx(same.pvalue)
    assert (
        difference.difference - difference.half_width,
        difference.difference + difference.half_width,
    ) == pytest.approx(tuple(interval))
    assert welch([1.0], b) is None
    assert welch([1.0, 1.0], [1.0, 1.0]) == (0.0, 0.0, 1.0)


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.8]) == pytest.approx([1.0, 1.0])
    assert holm([]) == []
