"""Orders of networks by what a multiply-add costs: no change is claimed where there is none, a real one is found."""

from __future__ import annotations

import math
import random
from typing import NamedTuple

import pytest

from impact_tracker.bench.analyse.ranks import Ranks, ranks_of
from impact_tracker.values.statistics import Mean, mean_of

pytest.importorskip("scipy")


class Costed(NamedTuple):
    model: str
    phase: str
    gmac: float | None
    j_per_image: Mean | None


def points(draw: random.Random, runs: int, scatter: float, training: dict[str, float]) -> list[Costed]:
    """Twelve networks of many sizes, whose energy is exactly their work; in training three times that, at a size of its
    own, by a factor a network."""
    made = []
    for number in range(12):
        model = f"net-{number}"
        for phase, times in (("inference", 1.0), ("training", 3.0 * training.get(model, 1.0))):
            gmac = 10 ** draw.uniform(-2, 2)
            joules = [gmac * times * math.exp(draw.gauss(0, scatter)) for _ in range(runs)]
            made.append(Costed(model, phase, gmac, mean_of(joules)))
    return made


def ranks(made: list[Costed]) -> Ranks:
    answer = ranks_of(made)
    assert answer is not None
    return answer


@pytest.mark.parametrize("runs", [3, 5, 10])
@pytest.mark.parametrize("scatter", [0.02, 0.15])
def test_energies_that_follow_the_work_change_no_order(runs: int, scatter: float) -> None:
    draw = random.Random(17)
    claims = sum(bool(ranks(points(draw, runs, scatter, {})).reversals) for _ in range(200))
    assert claims <= 10


def test_a_network_that_trains_dearly_is_found() -> None:
    draw = random.Random(4)
    # By inference alone net-3 is the cheapest: its training costs five times what its work says.
    made = [
        point._replace(
            j_per_image=mean_of(
                [v * 0.5 for v in (point.gmac or 0, (point.gmac or 0) * 1.01, (point.gmac or 0) * 0.99)]
            )
        )
        if (point.model, point.phase) == ("net-3", "inference")
        else point
        for point in points(draw, 5, 0.01, {"net-3": 5.0})
    ]
    answer = ranks(made)
    assert answer.places["net-3"] == (12, 1)
    assert {(pair.first, pair.second) for pair in answer.reversals} >= {("net-0", "net-3")}
    assert all(pair.second == "net-3" and pair.p < 0.05 for pair in answer.reversals)
    assert answer.agreement is not None


def test_one_run_of_each_tells_nothing_of_chance() -> None:
    answer = ranks(points(random.Random(1), 1, 0.3, {}))
    assert not answer.repeated
    assert answer.reversals == []
    assert ranks_of(points(random.Random(1), 1, 0.3, {})[:2]) is None
