"""Functional units: what an impact is for, and when using a model passes making it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..digits import with_range
from .impact import Impact, sum_of
from .matrix import Footprint
from .uncertainty import quotient

# The units that results are usually stated for. Other names may be given.
UNITS = ("training", "image", "1,000 inferences", "token", "request", "visit", "year of service")


@dataclass(frozen=True)
class PerUnit:
    """An impact for one functional unit: `impact` (of one), `amount` of units it was divided by, `unit` their
    name."""

    unit: str
    amount: float
    impact: Impact

    def sentence(self) -> str:
        """One line: value, range, unit."""
        each = self.impact
        if each.value is None:
            return f"{each.indicator} for each {self.unit}: not known, {each.note}"
        return with_range(each.value, each.low, each.high, f"{each.unit} for each {self.unit}")


def per_unit(impact: Impact, amount: float, unit: str) -> PerUnit:
    """`impact / amount`, named. ValueError for an amount that is not above 0 or a unit without a name."""
    if not unit.strip():
        raise ValueError("a functional unit needs a name (image, token, request …)")
    return PerUnit(unit, amount, impact / amount)


@dataclass(frozen=True)
class Crossing:
    """The number of uses at which using passes training: best, with the range that both ranges allow."""

    uses: float
    low: float
    high: float

    def after_years(self, uses_a_year: float) -> float:
        """When that is, at a steady use."""
        if not (math.isfinite(uses_a_year) and uses_a_year > 0):
            raise ValueError(f"uses a year must be above 0, not {uses_a_year!r}")
        return self.uses / uses_a_year


def crossing(training: Impact, each_use: Impact) -> Crossing:
    """`training / one use`: from there on use weighs more. What both share, as one grid, cancels.

    ValueError where either is unknown or a use costs nothing.
    """
    _same([training, each_use])
    if training.value is None or each_use.value is None:
        raise ValueError(f"training or use is not known: {training.note or each_use.note}")
    if each_use.value <= 0:
        raise ValueError("a use that costs nothing never passes its training: give runs that used something")
    uses = quotient(training, each_use)
    return Crossing(uses.best, uses.low, uses.high)


@dataclass(frozen=True)
class Service:
    """A model in service: its training and development once, each use, and what runs whether it is used or not (a
    year)."""

    training: Impact
    each_use: Impact
    development: Impact | None = None
    standing_a_year: Impact | None = None

    def over(self, years: float, uses_a_year: float) -> dict[str, Impact]:
        """Shares over a span: training, development, use, standing, and their total."""
        for number, what in ((years, "years"), (uses_a_year, "uses a year")):
            if not (math.isfinite(number) and number >= 0):
                raise ValueError(f"{what} must be 0 or more, not {number!r}")
        parts = {"training": self.training, "use": self.each_use * (years * uses_a_year)}
        if self.development is not None:
            parts["development"] = self.development
        if self.standing_a_year is not None:
            parts["standing"] = self.standing_a_year * years
        return {**parts, "total": sum_of(parts.values())}


@dataclass(frozen=True)
class Units:
    """Functional units that a footprint is stated for: how many of each there were; carbon of the training that made
    what is used, `None` where nobody asks when using it passes that."""

    amounts: Mapping[str, float]
    training: Impact | None = None

    def lines(self, footprint: Footprint) -> list[str]:
        """For a page: each known indicator for each unit, then where using passes training."""
        lines = []
        for unit, amount in self.amounts.items():
            totals = [total for total in footprint.totals() if total.value is not None]
            lines += [f"{total.indicator}: {per_unit(total, amount, unit).sentence()}" for total in totals]
            if self.training is not None:
                try:
                    point = crossing(self.training, footprint.carbon / amount)
                except ValueError as fault:
                    lines.append(f"when using passes training is not known: {fault}")
                else:
                    uses = with_range(point.uses, point.low, point.high, f"× {unit}")
                    lines.append(f"using passes training after {uses}")
        return lines

    def as_dict(self, footprint: Footprint) -> dict[str, dict[str, object]]:
        """For JSON: `{unit: {amount, carbon_g, …, uses_to_pass_training}}`; `None` for what is not known."""
        document: dict[str, dict[str, object]] = {}
        for unit, amount in self.amounts.items():
            document[unit] = {"amount": amount}
            for total in footprint.totals():
                document[unit][total.key] = None if total.value is None else (total / amount).value
            if self.training is not None:
                document[unit]["uses_to_pass_training"] = _ends(self.training, footprint.carbon / amount)
        return document


def _ends(training: Impact, each: Impact) -> list[float | None] | None:
    """Best, low and high number of uses; `None` where they are not known. An endless high is `None` too: JSON has no
    infinity."""
    try:
        point = crossing(training, each)
    except ValueError:
        return None
    return [end if end < math.inf else None for end in (point.uses, point.low, point.high)]


def development_multiplier(final: Impact, everything: Impact) -> float:
    """All runs of a project over its final one. ValueError where one is not known."""
    _same([final, everything])
    if not final.value or everything.value is None:
        raise ValueError(f"final run or all runs are not known: {final.note or everything.note}")
    return everything.value / final.value


def _same(impacts: Sequence[Impact]) -> None:
    if len({(impact.indicator, impact.unit) for impact in impacts}) > 1:
        raise ValueError(f"not one indicator: {', '.join(impact.key for impact in impacts)}")
