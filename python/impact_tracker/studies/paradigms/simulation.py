"""What each paradigm costs in a scenario: energy, carbon and time by term, with the range that the parameters leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ... import _core
from ...factors import Factor
from ...values import Range
from .numbers import require_numpy
from .scenario import PARAMETERS, ParameterPlace, TrainingScenario

if TYPE_CHECKING:
    from .numbers import Numbers

PARADIGMS = _core.PARADIGMS
QUANTITIES = ("energy_j", "carbon_g", "duration_s")
TITLES = {
    "centralised": "centralised, from the start each time",
    "continual": "continual, in the centre",
    "federated": "federated",
    "federated_low_power": "federated, the idle switched off",
    "consensus": "consensus, without a server",
}
SHORT = {name: name.replace("_", " ") for name in PARADIGMS}
TERM_TITLES = {
    "gathering": "gathering the data",
    "centre": "training in the centre",
    "learners": "training on the devices",
    "waiting": "devices that wait",
    "server": "parameter server",
    "data_uplink": "data to the centre",
    "model_uplink": "models to the server",
    "model_downlink": "model to the devices",
    "sidelink": "models between neighbours",
}
DRAWS = 10_000


@dataclass(frozen=True)
class CostItem:
    """One term of a cost: its energy, and the carbon of that electricity."""

    term: str
    energy_j: float
    carbon_g: float


@dataclass(frozen=True)
class ParadigmResult:
    """One paradigm: totals with the 95 % of the draws, and its terms at the parameters' best values."""

    paradigm: str
    energy_j: Range
    carbon_g: Range
    duration_s: Range
    items: tuple[CostItem, ...]
    centre_making_g: float
    learners_making_g: float


@dataclass(frozen=True)
class Simulation:
    """The results of a scenario, in the order of `PARADIGMS`."""

    scenario: TrainingScenario
    results: tuple[ParadigmResult, ...]
    draws: int

    def of(self, paradigm: str) -> ParadigmResult:
        """The result of one paradigm."""
        return next(result for result in self.results if result.paradigm == paradigm)

    def cheapest(self, quantity: str) -> ParadigmResult:
        """The paradigm with the lowest best value of a quantity."""
        return min(self.results, key=lambda result: best_of(result, quantity))

    def share_of_wins(self, quantity: str) -> dict[str, float]:
        """In which share of the draws each paradigm has the lowest value; ties are shared."""
        drawn = draws_of(self.scenario, quantity, self.draws)
        lowest = drawn.min(axis=1, keepdims=True)
        wins = drawn <= lowest * (1 + 1e-12)
        shares = (wins / wins.sum(axis=1, keepdims=True)).mean(axis=0)
        return {paradigm: float(share) for paradigm, share in zip(PARADIGMS, shares)}


def best_of(result: ParadigmResult, quantity: str) -> float:
    """The best value of one of `QUANTITIES`."""
    ranges = {"energy_j": result.energy_j, "carbon_g": result.carbon_g, "duration_s": result.duration_s}
    return ranges[quantity].best


def simulate(scenario: TrainingScenario, draws: int = DRAWS) -> Simulation:
    """All paradigms of a scenario. Every parameter is drawn once for all of them, so that they may be compared.

    ValueError for a scenario whose draws are impossible.
    """
    require_numpy()
    costs = scenario.core().costs()
    energies, carbons, durations = (_ends(scenario, quantity, draws) for quantity in QUANTITIES)
    results = [
        ParadigmResult(
            paradigm,
            _around(energies[number], cost.energy_j),
            _around(carbons[number], cost.carbon_g),
            _around(durations[number], cost.duration_s),
            tuple(CostItem(*term) for term in cost.terms),
            cost.centre_making_g,
            cost.learners_making_g,
        )
        for number, (paradigm, cost) in enumerate(zip(PARADIGMS, costs))
    ]
    return Simulation(scenario, tuple(results), draws)


def swept(scenario: TrainingScenario, places: Sequence[ParameterPlace], values: Numbers, quantity: str) -> Numbers:
    """One of `QUANTITIES` for rows of values of the places: a row each, a column for each of `PARADIGMS`."""
    import numpy as np

    columns = [(place.parameter, place.group) for place in places]
    return np.asarray(scenario.core().sweep(columns, values, quantity), dtype=np.float64)


def drawn_values(scenario: TrainingScenario, places: Sequence[ParameterPlace], draws: int, seed: int = 0) -> Numbers:
    """Draws of the parameters at some places from their ranges, a column each; one draw for all that are one factor."""
    import numpy as np

    columns = []
    numbers = {place: number for number, part in enumerate(scenario.together(places)) for place in part}
    for place in places:
        limits = PARAMETERS[place.parameter]
        lowest = max(limits.low, 1e-300) if limits.positive else limits.low
        column = np.clip(_draw(scenario.value(place), draws, seed + numbers[place]), lowest, limits.high)
        learners = scenario.value(ParameterPlace("learners", place.group)) if place.parameter == "active" else None
        if learners is not None and learners is not scenario.value(place):
            column = np.minimum(column, learners.low)  # a normal draw may lie beyond its range, and so beyond them
        columns.append(column)
    return np.ascontiguousarray(np.array(columns, dtype=np.float64).T)


def draws_of(scenario: TrainingScenario, quantity: str, draws: int) -> Numbers:
    """Draws of a quantity, a column for each of `PARADIGMS`; a single row where nothing has a range."""
    import numpy as np

    places = scenario.ranged()
    if not places:
        costs = scenario.core().costs()
        return np.array([[getattr(cost, quantity) for cost in costs]], dtype=np.float64)
    return swept(scenario, places, drawn_values(scenario, places, draws), quantity)


def _ends(scenario: TrainingScenario, quantity: str, draws: int) -> list[tuple[float, float]]:
    """Between which values 95 % of the draws lie, for each of `PARADIGMS`."""
    import numpy as np

    low, high = np.quantile(draws_of(scenario, quantity, draws), [0.025, 0.975], axis=0)
    return list(zip(low.tolist(), high.tolist()))


def _around(ends: tuple[float, float], best: float) -> Range:
    return Range(min(ends[0], best), best, max(ends[1], best))


def _draw(factor: Factor, draws: int, seed: int) -> list[float]:
    spread = "triangular" if factor.spread == "lognormal" and factor.low <= 0 else factor.spread
    return _core.draw([(spread, factor.low, factor.value, factor.high)], [(1.0, [(0, 1.0)])], draws, seed)
