"""Tests of whether two samples differ, as recommended by Colas et al. 2019 (arXiv 1904.06979). Needs scipy."""

from __future__ import annotations

from typing import Any, NamedTuple

tests_list = ["t-test", "Welch t-test", "Mann-Whitney", "Ranked t-test", "bootstrap", "permutation"]
_DRAWS = 1000


class BootstrapResult(NamedTuple):
    """Difference of the means with its interval."""

    value: float
    lower_bound: float
    upper_bound: float


def _packages() -> tuple[Any, Any]:
    try:
        import numpy
        import scipy.stats
    except ImportError:
        raise ImportError("these tests need numpy and scipy: pip install 'impact-tracker[dropin]'") from None
    return numpy, scipy.stats


def get_average_treatment_effect(data1: Any, data2: Any) -> tuple[float, float]:
    """Difference of the means and the half-width of its 95 % interval (normal approximation)."""
    numpy, _ = _packages()
    first, second = numpy.asarray(data1, dtype=float), numpy.asarray(data2, dtype=float)
    half = 1.96 * numpy.sqrt(first.var() / first.size + second.var() / second.size)
    return float(first.mean() - second.mean()), float(half)


def run_test(test_id: str, data1: Any, data2: Any, alpha: float = 0.05) -> tuple[bool, Any]:
    """(whether the null hypothesis of no difference is rejected at `alpha`, p value; of "bootstrap" the interval).

    `test_id`: one of `tests_list`; NotImplementedError for another.
    """
    numpy, stats = _packages()
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must lie between 0 and 1, not {alpha!r}")
    first, second = (numpy.asarray(data, dtype=float).ravel() for data in (data1, data2))
    if test_id == "bootstrap":
        return _bootstrap(numpy, first, second, alpha)
    if test_id == "t-test":
        p = stats.ttest_ind(first, second, equal_var=True).pvalue
    elif test_id == "Welch t-test":
        p = stats.ttest_ind(first, second, equal_var=False).pvalue
    elif test_id == "Mann-Whitney":
        p = stats.mannwhitneyu(first, second, alternative="two-sided").pvalue
    elif test_id == "Ranked t-test":
        ranks = stats.rankdata(numpy.concatenate([first, second]))
        p = stats.ttest_ind(ranks[: first.size], ranks[first.size :], equal_var=True).pvalue
    elif test_id == "permutation":
        p = _permutation(numpy, first, second)
    else:
        raise NotImplementedError(f"no test {test_id!r}; there are {', '.join(tests_list)}")
    return bool(p < alpha), float(p)


def _bootstrap(numpy: Any, first: Any, second: Any, alpha: float) -> tuple[bool, BootstrapResult]:
    draw = numpy.random.default_rng(0)
    means = [draw.choice(data, (_DRAWS, data.size)).mean(axis=1) for data in (first, second)]
    low, high = numpy.quantile(means[0] - means[1], [alpha / 2, 1 - alpha / 2])
    difference = BootstrapResult(float(first.mean() - second.mean()), float(low), float(high))
    return bool(numpy.sign(low) == numpy.sign(high)), difference


def _permutation(numpy: Any, first: Any, second: Any) -> float:
    draw = numpy.random.default_rng(0)
    together, seen = numpy.concatenate([first, second]), abs(first.mean() - second.mean())
    mixed = draw.permuted(numpy.tile(together, (_DRAWS, 1)), axis=1)
    differences = abs(mixed[:, : first.size].mean(axis=1) - mixed[:, first.size :].mean(axis=1))
    # The samples as they are count as one arrangement: a p value is never 0.
    return float((1 + (differences >= seen * (1 - 1e-12)).sum()) / (1 + _DRAWS))
