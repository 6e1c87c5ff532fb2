"""Ranges through a whole report: Monte Carlo over every factor once, and which factor matters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..factors import Factor
from .impact import Impact

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
    """One distribution an impact, `None` for a missing one. A factor is drawn once for all impacts that it is in.

    The same seed gives the same numbers on every machine. ValueError for no draw.
    """
    from .. import _core

    known = [impact for impact in impacts if impact.value is not None]
    inputs, places = _inputs(known)
    drawn = iter(_core.monte_carlo(inputs, [_sum(impact, places) for impact in known], draws, seed))
    return [Distribution(impact, **next(drawn)) if impact.value is not None else None for impact in impacts]


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
    inputs, places = _inputs(impacts)
    return [list(_core.draw(inputs, _sum(impact, places), draws, seed)) for impact in impacts]


def middle_95(drawn: Sequence[float]) -> tuple[float, float]:
    """Between these two lie 95 % of the draws. ValueError for none."""
    if not drawn:
        raise ValueError("there are no draws: ask for one or more")
    ordered = sorted(drawn)
    last = len(ordered) - 1
    return ordered[round(0.025 * last)], ordered[round(0.975 * last)]


def tornado(impact: Impact) -> list[Bar]:
    """Every factor that has a range, the one that matters most first; empty for a missing impact."""
    from .. import _core

    inputs, places = _inputs([impact])
    bars = [Bar(factor, *ends) for factor, ends in zip(places, _core.tornado(inputs, _sum(impact, places)))]
    return sorted((bar for bar in bars if bar.factor.high > bar.factor.low), key=lambda bar: -bar.width)


def _inputs(impacts: Sequence[Impact]) -> tuple[list[tuple[str, float, float, float]], dict[Factor, int]]:
    places: dict[Factor, int] = {}
    for impact in impacts:
        for factor in impact.factors:
            places.setdefault(factor, len(places))
    return [(_spread(f), f.low, f.value, f.high) for f in places], places


def _spread(factor: Factor) -> str:
    # A lognormal range needs bounds above 0. Where one is 0, the draws are triangular between the bounds.
    return "triangular" if factor.spread == "lognormal" and factor.low <= 0 else factor.spread


def _sum(impact: Impact, places: dict[Factor, int]) -> _Sum:
    return [(term.coefficient, [(places[f], power) for f, power in term.powers]) for term in impact.terms]
