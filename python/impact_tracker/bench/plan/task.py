"""The order of a campaign: every test in every round, rounds shuffled, all of it from one seed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple

from .settings import Settings
from .suites import Test


class Task(NamedTuple):
    """One run of one test: a worker of its own. `id` is unique in the campaign and the same after a resume."""

    id: str
    test: Test
    repeat: int
    seed: int


def plan(settings: Settings, tests: Sequence[Test]) -> list[Task]:
    """Rounds of all tests, each round in an order of its own, so that drift of the machine spreads over all tests.

    A round depends on nothing but the seed, its number and the tests: more repeats only append rounds. The paper's mode
    keeps the suite's order, as the original did.
    """
    tasks = []
    for repeat in range(1, settings.repeats + 1):
        order = list(tests)
        if settings.mode != "paper":
            random.Random(f"{settings.seed}/{repeat}").shuffle(order)
        tasks += [Task(f"{test.name}.r{repeat}", test, repeat, settings.seed + repeat - 1) for test in order]
    return tasks
