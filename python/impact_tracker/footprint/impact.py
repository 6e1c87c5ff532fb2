"""An impact as a formula over factors: its value, its range, its words and its sources all follow from the terms."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import add
from typing import Union

from ..digits import as_given, within
from ..factors.factor import Factor, FactorError
from ..values import Energy, Range, kwh_of, worst_quality

# What impacts are computed from: an energy with its error and quality; joules, or their low, best and high; a factor in
# kWh; None for an energy that was not measured.
EnergyInput = Union[Energy, float, Sequence[float], Factor, None]

# unit -> the end of the names that hold an amount in this unit
SUFFIX = {"g": "g", "kWh": "kwh", "L": "l", "MJ": "mj", "kg Sb": "kg_sb", "CTUh": "ctuh", "m3 world eq": "m3_world_eq"}


@dataclass(frozen=True)
class Term:
    """One product: coefficient × Π factor^exponent."""

    coefficient: float
    powers: tuple[tuple[Factor, float], ...]

    def value(self) -> float:
        """With every factor at its best value."""
        try:
            return self.coefficient * math.prod(math.pow(f.value, p) for f, p in self.powers)
        except (OverflowError, ValueError):
            divisors = ", ".join(f.name or f.source for f, p in self.powers if p < 0)
            raise FactorError(f"{divisors}: it divides, so that it must not be 0 or almost 0") from None

    def bounds(self) -> tuple[float, float]:
        """Lowest and highest product that the factors' ranges allow."""
        ends = [(f.low**p, f.high**p) if p > 0 else (_inverse(f.high, p), _inverse(f.low, p)) for f, p in self.powers]
        low, high = math.prod(e[0] for e in ends), math.prod(e[1] for e in ends)
        return (
            (self.coefficient * low, self.coefficient * high)
            if self.coefficient >= 0
            else (self.coefficient * high, self.coefficient * low)
        )

    def words(self) -> str:
        """`2.281 kWh × 1.67 × 450 g/kWh`."""
        parts = [] if self.coefficient == 1.0 else [as_given(self.coefficient)]
        for factor, power in self.powers:
            unit = "" if factor.unit == "1" else f" {factor.unit}"
            text = f"{factor.number}{unit}"
            parts.append(text if power == 1 else f"1/({text})" if power == -1 else f"({text})^{power:g}")
        return " × ".join(parts) or "1"


def _inverse(number: float, power: float) -> float:
    return float(number**power) if number > 1e-300 else math.inf


@dataclass(frozen=True)
class Impact:
    """One indicator's result in `unit`: best value with low and high, quality of its worst part, what it rests on.

    `value`, `low` and `high` are `None` together, with the reason in `note`, where nothing was known: never
    0.
    `partial` says that a part of it is not known and not in it; `note` says which.
    """

    indicator: str
    unit: str
    terms: tuple[Term, ...] = ()
    quality: str = "missing"
    note: str = ""
    partial: bool = False
    value: float | None = field(init=False, default=None)
    low: float | None = field(init=False, default=None)
    high: float | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        if self.unit not in SUFFIX:
            raise ValueError(f"unknown unit of impact {self.unit!r}; known are {', '.join(SUFFIX)}")
        if self.terms:
            bounds = [term.bounds() for term in self.terms]
            object.__setattr__(self, "value", sum(term.value() for term in self.terms))
            object.__setattr__(self, "low", sum(b[0] for b in bounds))
            object.__setattr__(self, "high", sum(b[1] for b in bounds))

    @classmethod
    def of(cls, indicator: str, unit: str, terms: Sequence[Term], quality: str = "measured", note: str = "") -> Impact:
        """An impact whose quality is the worst of `quality` (of what was measured) and of its factors."""
        parts = [quality, *(factor.quality for term in terms for factor, _ in term.powers)]
        return cls(indicator, unit, tuple(terms), worst_quality(parts), note)

    @classmethod
    def missing(cls, indicator: str, unit: str, reason: str) -> Impact:
        """An impact that nobody can say, with the reason."""
        return cls(indicator, unit, (), "missing", reason)

    @property
    def factors(self) -> tuple[Factor, ...]:
        """Every factor of it once, in the order of the formula."""
        return tuple(dict.fromkeys(factor for term in self.terms for factor, _ in term.powers))

    @property
    def formula(self) -> str:
        """The formula with its numbers and its result."""
        if self.value is None:
            return f"{self.indicator}: not known, {self.note}"
        return (
            f"{' + '.join(term.words() for term in self.terms)} = {within(self.value, self.low, self.high)} {self.unit}"
        )

    @property
    def sources(self) -> tuple[str, ...]:
        """One line for each factor: its value, year, method, source, licence."""
        return tuple(factor.cite() for factor in self.factors)

    @property
    def key(self) -> str:
        """The name with its unit, as in JSON: `carbon_g`, `water_l`, `primary_energy_mj`, `adp_kg_sb`."""
        return f"{self.indicator}_{SUFFIX[self.unit]}"

    @property
    def carbon_g(self) -> float | None:
        """Grams of CO2 equivalent; AttributeError where this is another indicator."""
        if self.indicator != "carbon":
            raise AttributeError(f"this is {self.indicator} in {self.unit}, not carbon")
        return self.value

    def as_dict(self) -> dict[str, object]:
        """For JSON: `{"carbon_g": …, "carbon_g_low": …, "carbon_g_high": …, "quality": …, "sources": […]}`."""
        numbers = {self.key: self.value, f"{self.key}_low": self.low, f"{self.key}_high": self.high}
        words = {"quality": self.quality, "partial": self.partial, "formula": self.formula, "note": self.note}
        return {**numbers, **words, "sources": list(self.sources)}

    def __add__(self, other: Impact) -> Impact:
        """The sum of two impacts of one indicator. What one of them lacks makes the sum partial; two unknowns stay
        one."""
        if not isinstance(other, Impact):
            return NotImplemented
        if (self.indicator, self.unit) != (other.indicator, other.unit):
            raise ValueError(f"{self.key} and {other.key} cannot be added")
        known = [part for part in (self, other) if part.value is not None]
        note = "; ".join(dict.fromkeys(part.note for part in (self, other) if part.note))
        if not known:
            return replace(self, note=note)
        partial = len(known) == 1 or self.partial or other.partial
        quality = worst_quality(part.quality for part in known)
        return Impact(self.indicator, self.unit, self.terms + other.terms, quality, note, partial)

    def __mul__(self, factor: float | Factor) -> Impact:
        """Scaled by a number or by a factor without unit (a share, an amount)."""
        if isinstance(factor, Factor):
            terms = tuple(replace(term, powers=(*term.powers, (factor, 1.0))) for term in self.terms)
            return replace(self, terms=terms, quality=worst_quality([self.quality, factor.quality]))
        if not math.isfinite(factor):
            raise ValueError(f"an impact cannot be scaled by {factor!r}")
        return replace(self, terms=tuple(replace(term, coefficient=term.coefficient * factor) for term in self.terms))

    __rmul__ = __mul__

    def __truediv__(self, amount: float) -> Impact:
        """For each of an amount: an image, a request. ValueError for an amount that is not above 0."""
        if not (math.isfinite(amount) and amount > 0):
            raise ValueError(f"an impact for each unit takes an amount above 0, not {amount!r}")
        return self * (1.0 / amount)


def sum_of(impacts: Iterable[Impact]) -> Impact:
    """The sum of one impact or more, as `+` has it."""
    return reduce(add, impacts)


def grams_of(kilograms: Factor) -> Impact:
    """A carbon that is stated in kilograms."""
    return Impact.of("carbon", "g", [Term(1000.0, ((kilograms, 1),))], "modelled")


def energy_range(energy_j: float | Sequence[float] | None) -> Range | None:
    """The range in joules of a number or of low, best and high; `None` where it was not measured.

    ValueError for a negative or infinite energy and for a range out of order.
    """
    if energy_j is None:
        return None
    numbers = [float(energy_j)] * 3 if isinstance(energy_j, (int, float)) else [float(e) for e in energy_j]
    if len(numbers) != 3:
        raise ValueError(f"an energy is one number or low, best, high, not {len(numbers)} numbers")
    if math.isnan(numbers[1]):
        return None
    low, best, high = numbers
    if not all(math.isfinite(n) for n in numbers):
        raise ValueError(f"energy must be finite, not {energy_j!r} J")
    if low < 0:
        raise ValueError(f"energy must not be negative ({low:g} J)")
    if not low <= best <= high:
        raise ValueError(f"energy's low, best, high are out of order: {low:g}, {best:g}, {high:g} J")
    return Range(low, best, high)


def energy_factor(energy: EnergyInput, quality: str = "measured") -> Factor | None:
    """Energy of the computers in kWh as the first factor of every formula; `None` where it was not measured.

    `quality` is that of plain joules: an `Energy` and a factor have their own.
    """
    if isinstance(energy, Factor):
        if energy.unit != "kWh":
            raise ValueError(f"an energy as a factor is in kWh, not {energy.unit!r}")
        return energy
    if isinstance(energy, Energy):
        quality, bounds = energy.quality, energy.range_j
    else:
        bounds = energy_range(energy)
    if bounds is None:
        return None
    low, best, high = map(kwh_of, bounds)
    return Factor(
        best, "kWh", low, high, "this record", quality=quality, name="energy of the computers", spread="normal"
    )


def carbon_of(energy: Impact, intensity: Factor) -> Impact:
    """Carbon of an energy that is itself a formula (kWh, the site's overhead already in it): each term × intensity."""
    if energy.unit != "kWh" or intensity.unit != "g/kWh":
        raise ValueError(f"carbon takes kWh and g/kWh, not {energy.unit} and {intensity.unit}")
    if energy.value is None:
        return Impact.missing("carbon", "g", energy.note)
    terms = [replace(term, powers=(*term.powers, (intensity, 1.0))) for term in energy.terms]
    return Impact.of("carbon", "g", terms, energy.quality, energy.note)


def pue_factor(pue: float | Factor | None) -> Factor:
    """A site's power usage effectiveness as a factor; `None`: nobody stated it (`unstated_pue`). ValueError below 1: a
    part cannot exceed the whole."""
    if pue is None:
        from ..factors.sites import unstated_pue

        return unstated_pue()
    factor = pue if isinstance(pue, Factor) else Factor.stated(pue, "1", "PUE")
    if factor.unit != "1":
        raise ValueError(f"a PUE has no unit, not {factor.unit!r}")
    if factor.low < 1.0:
        raise ValueError(
            f"a PUE is 1 or more (total energy of the site over that of its computers), not {factor.low:g}"
        )
    return factor
