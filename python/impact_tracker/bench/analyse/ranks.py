"""Whether networks change their order from inference to training: by what a multiply-add costs, and beyond chance.

Joules for one input follow the input's size: two tests of a network whose pictures differ would give it two ranks. For
one multiply-add the size cancels, and what is left is how well the machine runs the network in each phase.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import NamedTuple, Protocol

from ...values.statistics import Mean, ratio_of_means, scaled
from .relations import Correlation, correlation, holm


class CostedPoint(Protocol):
    """One test of one network, with its joules for an input and the multiply-adds of that."""

    @property
    def model(self) -> str: ...
    @property
    def phase(self) -> str: ...
    @property
    def gmac(self) -> float | None: ...
    @property
    def j_per_image(self) -> Mean | None: ...


class Reversal(NamedTuple):
    """Two networks of which the first is dearer for a multiply-add in inference, and the second in training. `p`: that
    of the less certain of both orders, adjusted for all pairs whose order differs (Holm)."""

    first: str
    second: str
    p: float


RankRange = tuple[int, int]


class Ranks(NamedTuple):
    """Networks that were both run and trained. `places`: rank in inference and training by joules for a multiply-add, 1
    the dearest; `reversals`: pairs whose order changes beyond chance; `agreement` of both orders; `ranges`: the ranks
    that each may have, all of them together in 95 % of cases at least."""

    places: dict[str, tuple[int, int]]
    reversals: list[Reversal]
    agreement: Correlation | None
    repeated: bool  # all of them, so that an order can be told from chance
    ranges: dict[str, tuple[RankRange, RankRange]]


def ranks_of(points: Sequence[CostedPoint]) -> Ranks | None:
    """`None` for fewer than two networks with both phases. Several tests of a phase of one network are one: the one
    whose size is nearest to that of the other phase's."""
    chosen = {phase: _by_model(points, phase) for phase in ("inference", "training")}
    models = [model for model in chosen["inference"] if model in chosen["training"]]
    if len(models) < 2:
        return None
    costs = {
        phase: {model: _nearest(chosen[phase][model], chosen[other][model]) for model in models}
        for phase, other in (("inference", "training"), ("training", "inference"))
    }
    places = {phase: _places(costs[phase]) for phase in costs}
    of_inference, of_training = (ranges_of(costs[phase]) for phase in ("inference", "training"))
    pairs = []
    for a, b in combinations(models, 2):
        orders = [ratio_of_means(costs[phase][a], costs[phase][b]) for phase in ("inference", "training")]
        if orders[0] is None or orders[1] is None or orders[0].p is None or orders[1].p is None:
            continue
        if (orders[0].value - 1) * (orders[1].value - 1) < 0:
            first, second = (a, b) if orders[0].value > 1 else (b, a)
            pairs.append(Reversal(first, second, max(orders[0].p, orders[1].p)))
    adjusted = holm([pair.p for pair in pairs])
    certain = [pair._replace(p=p) for pair, p in zip(pairs, adjusted) if p < 0.05]
    values = [[costs[phase][model].value for model in models] for phase in ("inference", "training")]
    repeated = all(mean.runs > 1 for of_phase in costs.values() for mean in of_phase.values())
    return Ranks(
        {model: (places["inference"][model], places["training"][model]) for model in models},
        sorted(certain, key=lambda pair: pair.p),
        correlation(*values),
        repeated,
        {model: (of_inference[model], of_training[model]) for model in models},
    )


def ranges_of(costs: Mapping[str, Mean]) -> dict[str, RankRange]:
    """The highest and the lowest rank of each, 1 for the dearest: above it are at least those that are surely dearer,
    by Welch's tests of the logarithms of all pairs, adjusted (Holm). What ran once is told from nothing."""
    pairs = [(a, b, ratio_of_means(costs[a], costs[b])) for a, b in combinations(costs, 2)]
    tested = [(a, b, ratio.value, ratio.p) for a, b, ratio in pairs if ratio is not None and ratio.p is not None]
    dearer, cheaper = dict.fromkeys(costs, 0), dict.fromkeys(costs, 0)
    for (a, b, ratio, _), p in zip(tested, holm([p for *_, p in tested])):
        if p < 0.05:
            high, low = (a, b) if ratio > 1 else (b, a)
            dearer[low] += 1
            cheaper[high] += 1
    return {name: (1 + dearer[name], len(costs) - cheaper[name]) for name in costs}


def _by_model(points: Sequence[CostedPoint], phase: str) -> dict[str, list[CostedPoint]]:
    chosen: dict[str, list[CostedPoint]] = {}
    for point in points:
        if point.phase == phase and point.gmac and point.j_per_image is not None and point.j_per_image.value > 0:
            chosen.setdefault(point.model, []).append(point)
    return chosen


def _nearest(own: Sequence[CostedPoint], others: Sequence[CostedPoint]) -> Mean:
    """Joules for a billion multiply-adds, of the own test whose multiply-adds are nearest to another phase's."""
    point = min(own, key=lambda p: min(abs(math.log((p.gmac or 1.0) / (other.gmac or 1.0))) for other in others))
    assert point.j_per_image is not None
    return scaled(point.j_per_image, 1 / (point.gmac or 1.0))


def _places(costs: Mapping[str, Mean]) -> dict[str, int]:
    order = sorted(costs, key=lambda model: -costs[model].value)
    return {model: place for place, model in enumerate(order, 1)}
