"""Ranges through a whole report: Monte Carlo over every factor once, and which factor matters."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ..factors import Factor
from ..values import Range
from .impact import Impact, Term

DRAWS = 10_000


@dataclass(frozen=True)
class Distribution:
    """What the draws say of one impact, in its unit: 95 % of them lie between low and high."""

    impact: Impact
    best: float
    mean: float
    median: float
    low: float
    high: float


@dataclass(frozen=True)
class Bar:
    """One factor alone at its low and at its high, the others at their best: what the impact would be, in its unit."""

    factor: Factor
    at_low: float
    at_high: float

    @property
    def width(self) -> float:
        """How far the result moves: what a tornado is sorted by."""
        return abs(self.at_high - self.at_low)


_Sum = list[tuple[float, list[tuple[int, float]]]]


def can_draw() -> bool:
    """Whether the compiled core is there, which draws."""
    try:
        from .. import _core
    except ImportError:
        return False
    return hasattr(_core, "monte_carlo")


def monte_carlo(impacts: Sequence[Impact], draws: int = DRAWS, seed: int = 0) -> list[Distribution | None]:
    """One distribution an impact, `None` for a missing one. A factor is drawn once for all impacts that it is in,
    and the coefficients of one study are drawn together.

    The same seed gives the same numbers on every machine. ValueError for no draw.
    """
    from .. import _core

    known = [impact for impact in impacts if impact.value is not None]
    inputs = _Inputs.of(known)
    drawn = iter(_core.monte_carlo(inputs.spreads(), [inputs.sum_of(impact) for impact in known], draws, seed))
    return [_with_best(impact, next(drawn)) if impact.value is not None else None for impact in impacts]


def _with_best(impact: Impact, drawn: Mapping[str, float]) -> Distribution:
    """An interval holds its own best value, also where that is a bound that nothing can pass (a PUE of 1)."""
    best = drawn["best"]
    ends = {"low": min(drawn["low"], best), "high": max(drawn["high"], best)}
    return Distribution(impact, best, drawn["mean"], drawn["median"], **ends)


def sample(impact: Impact, draws: int = DRAWS, seed: int = 0) -> list[float]:
    """The draws of one impact, for a figure of its distribution. ValueError for a missing impact."""
    return paired([impact], draws, seed)[0]


def paired(impacts: Sequence[Impact], draws: int = DRAWS, seed: int = 0) -> list[list[float]]:
    """The draws of some impacts, each factor drawn once for all of them: their ratios and differences may be taken draw
    by draw. ValueError for a missing impact."""
    from .. import _core

    for impact in impacts:
        if impact.value is None:
            raise ValueError(f"{impact.key} is not known: {impact.note}")
    inputs = _Inputs.of(impacts)
    spreads = inputs.spreads()
    return [list(_core.draw(spreads, inputs.sum_of(impact), draws, seed)) for impact in impacts]


def middle_95(drawn: Sequence[float]) -> tuple[float, float]:
    """Between these two lie 95 % of the draws. ValueError for none."""
    if not drawn:
        raise ValueError("there are no draws: ask for one or more")
    ordered = sorted(drawn)
    last = len(ordered) - 1
    return ordered[round(0.025 * last)], ordered[round(0.975 * last)]


def tornado(impact: Impact) -> list[Bar]:
    """Every factor that has a range, the one that matters most first; empty for a missing impact. The coefficients of
    one study are one bar."""
    from .. import _core

    inputs = _Inputs.of([impact])
    bars = [
        Bar(factor, *ends) for factor, ends in zip(inputs.drawn, _core.tornado(inputs.spreads(), inputs.sum_of(impact)))
    ]
    return sorted((bar for bar in bars if bar.factor.high > bar.factor.low), key=lambda bar: -bar.width)


@dataclass(frozen=True)
class _Place:
    """Where a factor is drawn: it is `scale` × (input number `index`)^`exponent`."""

    index: int
    exponent: float = 1.0
    scale: float = 1.0


@dataclass(frozen=True)
class _Inputs:
    """What is drawn: each factor by itself, but the coefficients of one study by one error that they share."""

    drawn: list[Factor]
    places: dict[Factor, _Place]

    @classmethod
    def of(cls, impacts: Sequence[Impact]) -> _Inputs:
        inputs = cls([], {})
        shared: dict[tuple[str, ...], int] = {}
        for factor in dict.fromkeys(factor for impact in impacts for factor in impact.factors):
            inputs.places[factor] = inputs._place(factor, shared)
        return inputs

    def _place(self, factor: Factor, shared: dict[tuple[str, ...], int]) -> _Place:
        if not factor.study or not factor.low > 0 or not factor.high > factor.low:
            self.drawn.append(factor)
            return _Place(len(self.drawn) - 1)
        low, high = factor.low / factor.value, factor.high / factor.value
        symmetric = factor.spread == "lognormal" and math.isclose(low * high, 1.0, rel_tol=1e-6)
        shape = ("symmetric",) if symmetric else (factor.spread, f"{low:.9g}", f"{high:.9g}")
        key = (factor.study, factor.unit.partition("/")[0], *shape)  # kg of carbon err apart from MJ
        if key not in shared:
            shared[key] = len(self.drawn)
            name = f"the coefficients of the {factor.study}, together"
            self.drawn.append(replace(factor, value=1.0, unit="1", low=low, high=high, name=name, note=""))
        index = shared[key]
        exponent = math.log(high) / math.log(self.drawn[index].high) if symmetric else 1.0
        return _Place(index, exponent, factor.value)

    def spreads(self) -> list[tuple[str, float, float, float]]:
        """As the core takes them."""
        return [(_spread(factor), factor.low, factor.value, factor.high) for factor in self.drawn]

    def sum_of(self, impact: Impact) -> _Sum:
        """An impact as a sum of products of what is drawn."""
        return [self._product(term) for term in impact.terms]

    def _product(self, term: Term) -> tuple[float, list[tuple[int, float]]]:
        coefficient, powers = term.coefficient, []
        for factor, power in term.powers:
            place = self.places[factor]
            coefficient *= place.scale**power
            powers.append((place.index, power * place.exponent))
        return coefficient, powers


def _spread(factor: Factor) -> str:
    # A lognormal range needs bounds above 0. Where one is 0, the draws are triangular between the bounds.
    return "triangular" if factor.spread == "lognormal" and factor.low <= 0 else factor.spread


def quotient(over: Impact, under: Impact, draws: int = DRAWS) -> Range:
    """`over / under`: best, and the middle 95 % of the draws, each factor drawn once for both, so that what both share
    (one grid, one site) cancels. ValueError where either is unknown, and for a divisor of 0.
    """
    for impact in (over, under):
        if impact.value is None:
            raise ValueError(f"{impact.key} is not known: {impact.note}")
    over, under = cancelled(over, under)
    if not under.value or over.value is None:
        raise ValueError(f"{under.key} is 0: nothing can be divided by it")
    best = over.value / under.value
    if can_draw():
        upper, lower = paired([over, under], draws)
        ratios = [a / b for a, b in zip(upper, lower) if b > 0]
        low, high = middle_95(ratios) if ratios else (best, best)
    else:
        low = (over.low or 0.0) / under.high if under.high else 0.0
        high = (over.high or 0.0) / under.low if under.low else math.inf
    return Range(min(low, best), best, max(high, best))


def cancelled(over: Impact, under: Impact) -> tuple[Impact, Impact]:
    """Both without the factors that every term of both holds in the same power: their quotient is the same without."""
    terms = [*over.terms, *under.terms]
    if not terms:
        return over, under
    common = set(terms[0].powers)
    for term in terms[1:]:
        common &= set(term.powers)
    # A factor that stands twice in a term is left in: which of the two cancels is not said.
    common = {pair for pair in common if all(term.powers.count(pair) == 1 for term in terms)}

    def without(impact: Impact) -> Impact:
        left = [
            replace(term, powers=tuple(pair for pair in term.powers if pair not in common)) for term in impact.terms
        ]
        return Impact(impact.indicator, impact.unit, tuple(left), impact.quality, impact.note, impact.partial)

    return without(over), without(under)
