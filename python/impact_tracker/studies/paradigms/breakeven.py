"""Break-even: the value of each parameter at which two paradigms cost the same, and the rules that follow in words."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...digits import carbon, energy, percent
from .scenario import PARAMETERS, ParameterPlace, TrainingScenario
from .simulation import PARADIGMS, TITLES, swept

if TYPE_CHECKING:
    from .numbers import Numbers

_POINTS = 256  # of each look at an interval; three looks leave 1e-6 of the first one's step
_LOOKS = 4
_SPAN = 1e4  # how far from its best value a parameter is followed, as a ratio


@dataclass(frozen=True)
class BreakEven:
    """Where two paradigms cost the same. `crossings`: values of the parameter, empty where one is always cheaper;
    `below`, `above`: the cheaper one under the first crossing and over the last."""

    place: ParameterPlace
    unit: str
    best: float
    low: float
    high: float
    crossings: tuple[float, ...]
    below: str
    above: str


def break_even(
    scenario: TrainingScenario,
    place: ParameterPlace,
    paradigms: tuple[str, str] = ("federated", "centralised"),
    quantity: str = "energy_j",
) -> BreakEven:
    """Where the two paradigms cost the same as one parameter changes within what is possible, the others at their best.

    ValueError for a parameter or paradigm that is not known.
    """
    import numpy as np

    first, second = (PARADIGMS.index(paradigm) for paradigm in paradigms)
    low, high = limits_of(scenario, place)

    def differences(values: Numbers) -> Numbers:
        costs = swept(scenario, [place], values[:, None], quantity)
        return np.subtract(costs[:, first], costs[:, second])

    values = np.geomspace(low, high, _POINTS) if low > 0 else np.linspace(low, high, _POINTS)
    crossings: list[float] = []
    differing = differences(values)
    for number in np.nonzero(np.sign(differing[:-1]) * np.sign(differing[1:]) < 0)[0]:
        ends = (float(values[number]), float(values[number + 1]))
        for _ in range(_LOOKS):
            closer = np.linspace(*ends, _POINTS)
            signs = np.sign(differences(closer))
            change = int(np.nonzero(signs != signs[0])[0][0])
            ends = (float(closer[change - 1]), float(closer[change]))
        crossings.append(sum(ends) / 2)
    cheaper = [paradigms[0] if difference < 0 else paradigms[1] for difference in (differing[0], differing[-1])]
    factor = scenario.value(place)
    return BreakEven(place, factor.unit, factor.value, low, high, tuple(crossings), *cheaper)


def limits_of(scenario: TrainingScenario, place: ParameterPlace) -> tuple[float, float]:
    """Between which values a parameter is followed: 10,000 times to either side of its best, where that is possible."""
    row = PARAMETERS[place.parameter]
    best = scenario.value(place).value
    low, high = (best / _SPAN, best * _SPAN) if best > 0 else (0.0, 1.0)
    low, high = max(low, row.low), min(high, row.high)
    if place.parameter in ("active", "learners"):
        low = max(low, 1.0)
    if place.parameter == "active":
        high = min(high, scenario.value(ParameterPlace("learners", place.group)).value)
    if place.parameter == "learners":
        low = max(low, scenario.value(ParameterPlace("active", place.group)).value)
    if place.parameter == "period_s":
        high = min(high, scenario.value(ParameterPlace("horizon_s")).value)
    if place.parameter == "horizon_s":
        low = max(low, scenario.value(ParameterPlace("period_s")).value)
    return low, high


def places_of(scenario: TrainingScenario) -> list[ParameterPlace]:
    """Every parameter of the scenario that is a quantity, in the table's order."""
    places = [ParameterPlace(name) for name, row in PARAMETERS.items() if not row.of_group and name != "broadcast"]
    for number in range(len(scenario.groups)):
        places += [ParameterPlace(name, number) for name, row in PARAMETERS.items() if row.of_group]
    return places


def all_break_evens(
    scenario: TrainingScenario, paradigms: tuple[str, str] = ("federated", "centralised"), quantity: str = "energy_j"
) -> list[BreakEven]:
    """Of each parameter that has a crossing, the nearest to the scenario first."""
    every = [break_even(scenario, place, paradigms, quantity) for place in places_of(scenario)]
    crossed = [result for result in every if result.crossings and result.best > 0]
    return sorted(crossed, key=lambda result: min(abs(math.log(value / result.best)) for value in result.crossings))


@dataclass(frozen=True)
class Advice:
    """One rule: its name, whether it speaks for learning where the data are (`None`: it decides nothing), and why."""

    rule: str
    for_federated: bool | None
    reason: str


def advice(scenario: TrainingScenario) -> list[Advice]:
    """The rules of decision, each with its numbers in words."""
    return list(_rules(scenario))


def _rules(scenario: TrainingScenario) -> Iterator[Advice]:
    costs = dict(zip(PARADIGMS, scenario.core().costs()))
    data, models = _bits(scenario)
    by_term = {name: dict((term, joules) for term, joules, _ in cost.terms) for name, cost in costs.items()}
    yield Advice(
        "traffic",
        models < data,
        f"the models' way through the network counts as {models / 8e6:.3g} MB, with the centre's overhead on the way "
        f"down, the data's is {data / 8e6:.3g} MB: "
        + ("the network has less to do where the data stay." if models < data else "it has less to do when they move."),
    )
    central, federated = costs["centralised"], costs["federated"]
    computing = [by_term["centralised"]["centre"], by_term["federated"]["learners"] + by_term["federated"]["server"]]
    yield Advice(
        "computing",
        computing[1] < computing[0],
        f"training takes {energy(computing[0])} in the centre with its overhead, and {energy(computing[1])} on the "
        "devices and the server.",
    )
    yield from _link_rule(scenario)
    yield from _skew_rule(scenario)
    waste = federated.energy_j - costs["federated_low_power"].energy_j
    if waste > 0:
        yield Advice(
            "low power",
            None,
            f"switching off the learners that a round does not use saves {energy(waste)}, "
            f"{percent(waste / federated.energy_j)} of the federated training.",
        )
    consensus = costs["consensus"]
    yield Advice(
        "consensus",
        consensus.energy_j < federated.energy_j,
        f"without a server the learners need {energy(consensus.energy_j)}, with one {energy(federated.energy_j)}.",
    )
    by_energy = min(PARADIGMS, key=lambda name: costs[name].energy_j)
    by_carbon = min(PARADIGMS, key=lambda name: costs[name].carbon_g)
    if costs[by_carbon].carbon_g < costs[by_energy].carbon_g:  # of alike ones the first is no other choice
        yield Advice(
            "place",
            None,
            f"the least energy has {TITLES[by_energy]}, the least carbon {TITLES[by_carbon]}: the grids differ.",
        )
    price_j, price_g = federated.energy_j - central.energy_j, federated.carbon_g - central.carbon_g
    yield Advice(
        "privacy",
        None,
        f"keeping the data where they are {'costs' if price_j > 0 else 'saves'} {energy(abs(price_j))} and "
        f"{'costs' if price_g > 0 else 'saves'} {carbon(abs(price_g))}; where they must stay, that is the price.",
    )


def _link_rule(scenario: TrainingScenario) -> Iterator[Advice]:
    """The efficiency of links at which both cost the same, where every link has the same one."""
    import numpy as np

    names = ("uplink_bit_per_j", "downlink_bit_per_j")
    places = [ParameterPlace(name, number) for number in range(len(scenario.groups)) for name in names]
    values = np.geomspace(1.0, 1e12, 4096)
    costs = swept(scenario, places, np.repeat(values[:, None], len(places), axis=1), "energy_j")
    differing = costs[:, PARADIGMS.index("federated")] - costs[:, PARADIGMS.index("centralised")]
    changes = np.nonzero(np.sign(differing[:-1]) * np.sign(differing[1:]) < 0)[0]
    if not len(changes):
        winner = "federated" if differing[-1] < 0 else "centralised"
        yield Advice("links", winner == "federated", f"{winner} learning needs less at any efficiency of the links.")
        return
    at = int(changes[0])
    # Both costs are straight lines in joules a bit, so that the crossing between two points is exact.
    share = differing[at] / (differing[at] - differing[at + 1])
    joules = (1 - share) / values[at] + share / values[at + 1]
    crossing = 1 / joules
    actual = scenario.value(places[0]).value
    below = "federated" if differing[at] < 0 else "centralised"
    above = "centralised" if below == "federated" else "federated"
    winner = below if actual < crossing else above
    yield Advice(
        "links",
        winner == "federated",
        f"with the same links everywhere, {below} learning needs less below {crossing / 1e3:.4g} kbit/J and {above} "
        f"above it; the first uplink here has {actual / 1e3:.4g} kbit/J.",
    )


def _skew_rule(scenario: TrainingScenario) -> Iterator[Advice]:
    """How uneven the data may be before the centre needs less."""
    skew = break_even(scenario, ParameterPlace("skew"))
    here = scenario.value(ParameterPlace("skew")).value
    if skew.crossings:
        limit = skew.crossings[0]
        yield Advice(
            "unevenness",
            here < limit,
            f"federated learning may need up to {limit:.3g} times the rounds of evenly spread data before the centre "
            f"needs less; {here:.3g} times are assumed.",
        )
    else:
        yield Advice(
            "unevenness", skew.above == "federated", f"{skew.above} learning needs less however uneven the data are."
        )


def _bits(scenario: TrainingScenario) -> tuple[float, float]:
    """Bits that the data and the models send, the downlink with the centre's overhead as it is charged."""

    def best(name: str, group: int | None = None) -> float:
        return scenario.value(ParameterPlace(name, group)).value

    trainings = best("horizon_s") / best("period_s")
    rounds = (1 + best("retraining_share") * (trainings - 1)) * best("rounds_federated") * best("skew")
    data = models = 0.0
    for number in range(len(scenario.groups)):
        learners = best("learners", number)
        fresh = best("fresh_bits_per_s", number) * best("period_s") * (trainings - 1)
        data += learners * (best("uploads") * best("data_bits", number) + fresh)
        copies = 1.0 if best("broadcast") else learners
        models += (
            rounds * (best("active", number) + best("centre_pue") * copies) * best("model_bits") / best("compression")
        )
    return data, models
