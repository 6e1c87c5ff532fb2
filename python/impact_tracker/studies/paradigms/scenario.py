"""A scenario: one task, its centre and its learners, each parameter a value with its range and its source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from ..._core import ParadigmParameter, ParadigmScenario, paradigm_parameters
from ...factors import Factor

PARAMETERS: Mapping[str, ParadigmParameter] = {row.name: row for row in paradigm_parameters()}


BY_USER = "stated by the user"  # source of a number that a scenario's file gives without one


class ParameterPlace(NamedTuple):
    """Where a parameter stands: its name, and the number of its group; `None` for the task's and the centre's."""

    parameter: str
    group: int | None = None


@dataclass(frozen=True)
class Learners:
    """Learners that are alike: the name of their group, and its parameters."""

    name: str
    values: Mapping[str, Factor]


@dataclass(frozen=True)
class TrainingScenario:
    """What is asked: to reach `target`, what does each paradigm cost?

    `common`: the parameters of the task and of the centre. `notes`: what was assumed, in words.
    ValueError for a parameter that is missing, unknown or impossible, at any end of its range.
    """

    title: str
    target: str
    common: Mapping[str, Factor]
    groups: tuple[Learners, ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        common, groups = self._best()
        ParadigmScenario(common, groups)
        for name, factor in self.common.items():
            for end in (factor.low, factor.high):
                ParadigmScenario({**common, name: end}, groups)
        for number, group in enumerate(self.groups):
            for name, factor in group.values.items():
                for end in (factor.low, factor.high):
                    alike = {other: end for other, value in group.values.items() if value is factor}  # one number
                    changed = [{**best, name: end, **alike} if i == number else best for i, best in enumerate(groups)]
                    ParadigmScenario(common, changed)
            # Draws take both from their ranges, so that the ranges may not overlap either.
            active, learners = group.values["active"], group.values["learners"]
            if active is not learners and active.high > learners.low:
                raise ValueError(
                    f"active is up to {active.high:g}, more than the {learners.low:g} learners of its group"
                )
        period, horizon = self.value(ParameterPlace("period_s")), self.value(ParameterPlace("horizon_s"))
        if period.high > horizon.low:
            raise ValueError(f"period_s is up to {period.high:g}, longer than the horizon of {horizon.low:g} s")

    def core(self) -> ParadigmScenario:
        """The scenario with every parameter at its best value, for the compiled core."""
        return ParadigmScenario(*self._best())

    def value(self, place: ParameterPlace) -> Factor:
        """The parameter at a place; its fallback where the scenario does not name it."""
        values = self.common if place.group is None else self.groups[place.group].values
        if place.parameter in values:
            return values[place.parameter]
        row = PARAMETERS[place.parameter]
        assert row.fallback is not None  # or the scenario could not have been made
        return Factor.stated(_finite(row.fallback), row.unit, row.name, "the simulator's own value")

    def ranged(self) -> list[ParameterPlace]:
        """The parameters that have a range, in the order of the table."""
        places = [ParameterPlace(name) for name, factor in self.common.items() if factor.high > factor.low]
        for number, group in enumerate(self.groups):
            places += [
                ParameterPlace(name, number) for name, factor in group.values.items() if factor.high > factor.low
            ]
        order = list(PARAMETERS)
        return sorted(places, key=lambda place: (order.index(place.parameter), place.group or 0))

    def variable(self, place: ParameterPlace) -> object:
        """What a parameter's value hangs on: the same for all that are one factor, as the intensity of one grid at the
        centre and at the learners is, or the preset of two groups. They err together, so they are drawn together."""
        factor = self.value(place)
        if factor.source == BY_USER:  # two quantities that somebody thinks alike are two quantities
            return id(factor)
        return factor.value, factor.low, factor.high, factor.unit, factor.source, factor.spread

    def together(self, places: Sequence[ParameterPlace]) -> list[tuple[ParameterPlace, ...]]:
        """The places, those with one variable as one, in order."""
        parts: dict[object, list[ParameterPlace]] = {}
        for place in places:
            parts.setdefault(self.variable(place), []).append(place)
        return [tuple(part) for part in parts.values()]

    def changed(self, place: ParameterPlace, factor: Factor) -> TrainingScenario:
        """The same with another value at a place."""
        if place.group is None:
            return replace(self, common={**self.common, place.parameter: factor})
        groups = list(self.groups)
        group = groups[place.group]
        groups[place.group] = replace(group, values={**group.values, place.parameter: factor})
        return replace(self, groups=tuple(groups))

    def label(self, *places: ParameterPlace) -> str:
        """The parameters' names, with their groups' where there are several."""
        if len(places) > 1:
            return ", ".join(map(self.label, places))
        (place,) = places
        if place.group is None or len(self.groups) == 1:
            return place.parameter
        return f"{self.groups[place.group].name}: {place.parameter}"

    def _best(self) -> tuple[dict[str, float], list[dict[str, float]]]:
        common = {name: float(factor.value) for name, factor in self.common.items()}
        return common, [{name: float(factor.value) for name, factor in group.values.items()} for group in self.groups]


def _finite(value: float) -> float:
    """A factor is finite: a way without a speed is as good as one with the greatest."""
    return min(value, 1e30)
