"""Whether a metric tells the energy: rank correlations with intervals, and the pairs in which it misleads."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

from ...bench.analyse.relations import correlation, holm
from ...values.statistics import Mean, ratio_of_means
from .entry import METRICS, MetricsEntry

_NORMAL_95 = 1.959964


class RankAgreement(NamedTuple):
    """Spearman's rho of a metric with the energy over `points` entries, with its 95 % interval and the p-value adjusted
    for all metrics (Holm); `misled`: pairs of entries that the metric orders otherwise than the energy does, of
    `pairs`, of a metric that is taken for a cost; `None`: too few entries know both, or one side is constant."""

    metric: str
    points: int
    spearman: float | None
    low: float | None
    high: float | None
    p: float | None
    misled: int | None
    pairs: int


class MisleadingPair(NamedTuple):
    """The metric says that `larger` costs more, by `metric_ratio`, and it takes less energy: `energy_ratio` below 1."""

    metric: str
    larger: MetricsEntry
    smaller: MetricsEntry
    metric_ratio: float
    energy_ratio: float
    is_clear: bool | None


def spearman_interval(rho: float, points: int) -> tuple[float, float] | None:
    """The 95 % interval by Fisher's z with the variance of Bonett and Wright (2000); `None` for fewer than five, and
    for a perfect order, of which it knows none."""
    if points < 5 or abs(rho) > 1 - 1e-9:
        return None
    half = _NORMAL_95 * math.sqrt((1 + rho**2 / 2) / (points - 3))
    return math.tanh(math.atanh(rho) - half), math.tanh(math.atanh(rho) + half)


def agreements(entries: Sequence[MetricsEntry]) -> list[RankAgreement]:
    """One for each metric that some entries know; the energy under other names is left out."""
    rows = []
    for name, metric in METRICS.items():
        if metric.is_energy:
            continue
        known = _known(entries, name)
        if not known:
            continue
        x, y = [value for _, value, _ in known], [joules for _, _, joules in known]
        order = correlation(x, y)
        interval = None if order is None else spearman_interval(order.spearman, order.points)
        pairs = misleading(entries, name)
        rows.append(
            RankAgreement(
                name,
                len(known),
                None if order is None else order.spearman,
                None if interval is None else interval[0],
                None if interval is None else interval[1],
                None if order is None else order.spearman_p,
                len(pairs) if metric.is_cost else None,
                len(known) * (len(known) - 1) // 2,
            )
        )
    adjusted = iter(holm([row.p for row in rows if row.p is not None]))
    return [row if row.p is None else row._replace(p=next(adjusted)) for row in rows]


def _known(entries: Sequence[MetricsEntry], name: str) -> list[tuple[MetricsEntry, float, float]]:
    if METRICS[name].is_of_score:
        kinds = [entry.metric for entry in entries if entry.score is not None]
        commonest = max(kinds, key=kinds.count, default=None)
        entries = [entry for entry in entries if entry.metric == commonest]
    values = [(entry, entry.value(name), entry.value("energy_j")) for entry in entries]
    return [(entry, value, joules) for entry, value, joules in values if value is not None and joules is not None]


def misleading(entries: Sequence[MetricsEntry], name: str) -> list[MisleadingPair]:
    """Pairs in which the metric and the energy disagree, the worst first: by how much the two ratios are apart.
    None of a metric that is no cost."""
    if not METRICS[name].is_cost:
        return []
    pairs = []
    known = _known(entries, name)
    among = math.comb(len(known), 2)
    for (a, a_value, a_j), (b, b_value, b_j) in combinations(known, 2):
        if (a_value - b_value) * (a_j - b_j) < 0:
            larger, smaller = (a, b) if a_value > b_value else (b, a)
            values, joules = sorted((a_value, b_value)), sorted((a_j, b_j))
            pairs.append(
                MisleadingPair(
                    name,
                    larger,
                    smaller,
                    values[1] / values[0],
                    joules[0] / joules[1],
                    _clear(larger.energy, smaller.energy, among),
                )
            )
    return sorted(pairs, key=lambda pair: pair.energy_ratio / pair.metric_ratio)


def _clear(less: Mean | None, more: Mean | None, among: int) -> bool | None:
    """Whether the energies can be told apart, as one of so many pairs from which it is picked (Bonferroni); `None`
    where they were not repeated."""
    ratio = None if less is None or more is None else ratio_of_means(less, more, among=among)
    return None if ratio is None or ratio.p is None else ratio.p < 0.05
