"""Explanations: each result as a formula with its numbers, its range, and where every number comes from."""

from __future__ import annotations

from collections.abc import Iterable

from ..digits import span, within
from ..factors import Factor
from .impact import Impact
from .matrix import Footprint
from .uncertainty import monte_carlo, tornado


def explain(impact: Impact) -> list[str]:
    """The formula, the range, then one line for each factor with its source; for a missing impact the reason."""
    if impact.value is None:
        return [f"{impact.key}: not known. {impact.note}"]
    lines = [f"{impact.key} = {impact.formula}", f"  range: {_ends_of(impact)} {impact.unit}"]
    lines[1] += f" ({impact.quality}{', partial' if impact.partial else ''})"
    if impact.note:
        lines.append(f"  note: {impact.note}")
    return lines + [f"  - {source}" for source in impact.sources]


def _ends_of(impact: Impact) -> str:
    return span(impact.value or 0.0, impact.low or 0.0, impact.high or 0.0)


def mass_of(grams: float, low: float | None = None, high: float | None = None) -> str:
    """`1.03 kg`, `59 t`: in the unit that suits the amount, with no digit finer than its range."""
    scale, unit = mass_unit(grams or high or 0.0)
    low, high = (None if end is None else end * scale for end in (low, high))
    return f"{within(grams * scale, low, high)} {unit}"


def mass_span(grams: float, low: float, high: float) -> str:
    """`0.89 to 1.20 kg`: the ends of an amount's range, in the amount's unit."""
    scale, unit = mass_unit(grams or high)
    return f"{span(grams * scale, low * scale, high * scale)} {unit}"


def mass_unit(grams: float) -> tuple[float, str]:
    """What grams are multiplied with for the unit that suits them, and that unit."""
    units = ((1e-6, 1e9, "ng"), (1e-3, 1e6, "µg"), (1.0, 1e3, "mg"), (1e3, 1.0, "g"), (1e6, 1e-3, "kg"))
    return next(((scale, unit) for limit, scale, unit in units if abs(grams) < limit), (1e-6, "t"))


def mass_words_of(carbon: Impact) -> str:
    """As `words_of`, in the unit that suits the amount. Carbon alone."""
    if carbon.value is None or carbon.low is None or carbon.high is None:
        return f"not known ({carbon.note})"
    amount = mass_of(carbon.value, carbon.low, carbon.high)
    return f"{amount} ({mass_span(carbon.value, carbon.low, carbon.high)}, {carbon.quality})"


def words_of(impact: Impact, unit: str = "") -> str:
    """The value with its range and quality, or why it is not known; `unit`: in place of the impact's own."""
    if impact.value is None or impact.low is None or impact.high is None:
        return f"not known ({impact.note})"
    amount = within(impact.value, impact.low, impact.high)
    return f"{amount} {unit or impact.unit} ({span(impact.value, impact.low, impact.high)}, {impact.quality})"


def explain_all(footprint: Footprint) -> list[str]:
    """Every cell of a footprint, then all sources once; what is not known stands there with its reason."""
    lines: list[str] = []
    factors: dict[Factor, None] = {}
    for (indicator, stage), cell in footprint.matrix.cells.items():
        if cell.value is None:
            lines.append(f"{indicator}, {stage}: X, {cell.note}")
            continue
        lines.append(f"{indicator}, {stage}: {cell.formula} ({_ends_of(cell)}, {cell.quality})")
        factors.update(dict.fromkeys(cell.factors))
    return [*lines, "", "Sources", *(f"- {factor.cite()}" for factor in factors)]


def what_matters(impacts: Iterable[Impact], most: int = 5) -> list[str]:
    """For each impact its 95 % interval by Monte Carlo and the factors that move it most, longest bar first."""
    lines = []
    known = [impact for impact in impacts if impact.value is not None]
    for impact, drawn in zip(known, monte_carlo(known)):
        if drawn is None:
            continue
        lines.append(
            f"{impact.key}: {within(drawn.best, drawn.low, drawn.high)} {impact.unit}, 95 % of draws between "
            + span(drawn.best, drawn.low, drawn.high).replace(" to ", " and ")
        )
        for bar in tornado(impact)[:most]:
            factor = bar.factor
            moved = span(drawn.best, bar.at_low, bar.at_high)
            ends = f"{span(factor.value, factor.low, factor.high)} {factor.unit}"
            lines.append(f"  {moved}: {factor.name or factor.source} ({ends})")
    return lines
