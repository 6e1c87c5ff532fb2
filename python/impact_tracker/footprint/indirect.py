"""Indirect effects after ITU-T L.1480: a declared tree of consequences, loops allowed, against a stated reference.

Nothing here was measured: these results stand apart and are never added to a record's footprint.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from ..digits import stated, with_range, within
from ..factors import Factor

ORDERS = {
    1: "first order: the solution's own life cycle",
    2: "second order: what it replaces or makes possible",
    3: "higher order: rebound and structural change",
}


@dataclass(frozen=True)
class Effect:
    """One consequence. `amount`: its own carbon a year in g, negative where it avoids some (low ≤ best ≤ high).

    `causes`: how much it grows with another effect: (name, ratio): ratio × that effect's total comes on top; −0.3
    on a saving eats 30 % of it. Loops are allowed as long as they die out.
    """

    name: str
    order: int
    amount: tuple[float, float, float] = (0.0, 0.0, 0.0)
    causes: tuple[tuple[str, Factor | tuple[float, float, float]], ...] = ()
    source: str = ""


@dataclass(frozen=True)
class Span:
    """Best value with the 95 % interval of the draws: g CO2e a year, below 0 is avoided; or a share."""

    best: float
    low: float
    high: float

    def as_dict(self) -> dict[str, float]:
        """For JSON."""
        return {"carbon_g_a_year": self.best, "carbon_g_a_year_low": self.low, "carbon_g_a_year_high": self.high}


@dataclass(frozen=True)
class Consequences:
    """`reference`: what would be without the solution; totals by effect and by order, and the net of all.

    `rebound`: the share of what the second order avoids that the third eats (0.3: 30 %), with its range; `None`
    where nothing is avoided. `declared`: the effects as they were stated.
    """

    reference: str
    effects: dict[str, Span]
    orders: dict[int, Span]
    net: Span
    declared: tuple[Effect, ...] = ()
    rebound: Span | None = None

    def lines(self) -> list[str]:
        """For a report, with the reference first and the warning that belongs to it."""
        out = [f"Reference scenario: {self.reference}", "Declared, not measured; apart from the record's footprint."]
        for order, span in self.orders.items():
            out.append(f"{ORDERS[order]}: {_said(span)}")
        out += [f"  {name}: {_said(span)}" for name, span in self.effects.items()]
        if self.rebound is not None:
            low, best, high = (f"{share:.0%}" for share in (self.rebound.low, self.rebound.best, self.rebound.high))
            out.append(f"Rebound: it eats {best} of what the second order avoids ({low} to {high})")
        return [*out, f"Net: {_said(self.net)}"]

    def explain(self) -> list[str]:
        """Every effect as its formula with the numbers that were declared, and who says so."""
        lines = []
        for effect in self.declared:
            parts = [f"{_kg(effect.amount)} kg"] if any(effect.amount) or not effect.causes else []
            parts += [
                f"{_numbers(_range(ratio))} × {cause} ({_best_kg(self.effects[cause])} kg)"
                for cause, ratio in effect.causes
            ]
            total = _best_kg(self.effects[effect.name])
            lines.append(f"{effect.name} (order {effect.order}) = {' + '.join(parts)} = {total} kg CO2e a year")
            lines.append(f"  - {effect.source or 'no source was stated'}")
        return lines

    def as_dict(self) -> dict[str, object]:
        """For JSON, in grams a year; `measured` is false for all of it."""
        return {
            "reference": self.reference,
            "measured": False,
            "effects": {name: span.as_dict() for name, span in self.effects.items()},
            "orders": {str(order): span.as_dict() for order, span in self.orders.items()},
            "net": self.net.as_dict(),
            "rebound": None if self.rebound is None else vars(self.rebound),
        }


def consequences(reference: str, effects: Sequence[Effect], *, draws: int = 4000, seed: int = 0) -> Consequences:
    """Solves `x = amount + Σ ratio × x_cause` for the best values and for draws (triangular within each range).

    ValueError for no reference scenario, an unknown cause, a name twice, a range out of order, a loop that grows.
    """
    if not reference.strip():
        raise ValueError("indirect effects need a stated reference scenario: what would be without the solution")
    names = [effect.name for effect in effects]
    _check(effects, names)
    best = _solve(
        [_mode(e.amount) for e in effects], [[(c, _mode(_range(r))) for c, r in e.causes] for e in effects], names
    )
    chance = Random(seed)
    drawn = []
    for _ in range(draws):
        amounts = [_draw(chance, e.amount) for e in effects]
        ratios = [[(cause, _draw(chance, _range(ratio))) for cause, ratio in e.causes] for e in effects]
        drawn.append(_solve(amounts, ratios, names))
    orders = {order: [i for i, e in enumerate(effects) if e.order == order] for order in ORDERS}
    return Consequences(
        reference.strip(),
        {name: _span(best[i], [d[i] for d in drawn]) for i, name in enumerate(names)},
        {o: _span(sum(best[i] for i in at), [sum(d[i] for i in at) for d in drawn]) for o, at in orders.items() if at},
        _span(sum(best), [sum(d) for d in drawn]),
        tuple(effects),
        _rebound(best, drawn, orders[2], orders[3]),
    )


def _rebound(best: list[float], drawn: list[list[float]], second: list[int], third: list[int]) -> Span | None:
    """− third / second where the second order avoids something, draw by draw: both of one draw belong together."""

    def share(x: list[float]) -> float | None:
        avoided = -sum(x[i] for i in second)
        return sum(x[i] for i in third) / avoided if avoided > 0 else None

    middle = share(best)
    if middle is None or not third:
        return None
    return _span(middle, [eaten for eaten in map(share, drawn) if eaten is not None])


def _check(effects: Sequence[Effect], names: list[str]) -> None:
    if not effects or len(set(names)) != len(names):
        raise ValueError("indirect effects need at least one, each with a name of its own")
    for effect in effects:
        if effect.order not in ORDERS:
            raise ValueError(f"{effect.name}: an effect is of order 1, 2 or 3, not {effect.order!r}")
        for span in (effect.amount, *(_range(ratio) for _, ratio in effect.causes)):
            if not span[0] <= span[1] <= span[2]:
                raise ValueError(f"{effect.name}: low, best, high are out of order: {span}")
        for cause, _ in effect.causes:
            if cause not in names:
                raise ValueError(f"{effect.name}: its cause {cause!r} is not declared; declared are {', '.join(names)}")


def _solve(amounts: list[float], ratios: list[list[tuple[str, float]]], names: list[str]) -> list[float]:
    """By going round: a loop that dies out converges, one that grows is no answer."""
    at = {name: i for i, name in enumerate(names)}
    x = list(amounts)
    for _ in range(2000):
        new = [a + sum(ratio * x[at[cause]] for cause, ratio in row) for a, row in zip(amounts, ratios)]
        largest = max(abs(value) for value in new)
        if max(abs(a - b) for a, b in zip(new, x)) <= 1e-12 * max(largest, 1e-300):
            return new
        if largest > 1e30:
            break
        x = new
    raise ValueError("a loop of effects grows without end: its ratios multiply to 1 or more")


def _range(ratio: Factor | tuple[float, float, float]) -> tuple[float, float, float]:
    return (ratio.low, ratio.value, ratio.high) if isinstance(ratio, Factor) else ratio


def _mode(span: tuple[float, float, float]) -> float:
    return span[1]


def _draw(chance: Random, span: tuple[float, float, float]) -> float:
    low, best, high = span
    return best if high <= low else chance.triangular(low, high, best)


def _span(best: float, drawn: list[float]) -> Span:
    ordered = sorted(drawn)
    last = len(ordered) - 1
    if last < 0:
        return Span(best, best, best)
    return Span(best, min(best, ordered[round(0.025 * last)]), max(best, ordered[round(0.975 * last)]))


def _numbers(span: tuple[float, float, float]) -> str:
    low, best, high = span
    return stated(best, low, high)


def _kg(span: tuple[float, float, float]) -> str:
    return _numbers((span[0] / 1000.0, span[1] / 1000.0, span[2] / 1000.0))


def _said(span: Span) -> str:
    return with_range(span.best / 1000.0, span.low / 1000.0, span.high / 1000.0, "kg CO2e a year")


def _best_kg(span: Span) -> str:
    return within(span.best / 1000.0, span.low / 1000.0, span.high / 1000.0)
