"""The page of an estimate: the answer first, then the parts, then what to beware of."""

from __future__ import annotations

from ..digits import within
from ..estimators import Estimate
from ..footprint import Impact, all_of, mass_of, mass_span
from .page import Page, Table


def page_of(estimate: Estimate, explained: bool = False) -> Page:
    """Energy and carbon with its range; parts, figures of the method, equivalents; formulas where asked for."""
    name = f"{estimate.method} {estimate.version}".strip()
    carbon, kwh = estimate.carbon, estimate.energy.value
    grams = "carbon unknown"
    if carbon.value is not None and carbon.low is not None and carbon.high is not None:
        ends = mass_span(carbon.value, carbon.low, carbon.high)
        grams = f"{mass_of(carbon.value, carbon.low, carbon.high)} CO2e ({ends})"
    energy = "energy unknown" if kwh is None else f"{within(kwh, estimate.energy.low, estimate.energy.high)} kWh"
    quality = estimate.energy.quality if carbon.value is None else carbon.quality
    rows = [(part, _as_known_as(estimate.energy, value), "kWh") for part, value in estimate.parts_kwh.items()]
    rows += [(figure, _as_known_as(carbon, value), "") for figure, value in estimate.more.items()]
    rows += [(e.name, e.amount, e.unit) for e in all_of(carbon)]
    details: list[str] = []
    if explained:
        details += [estimate.energy.formula, carbon.formula, *(f"- {source}" for source in carbon.sources)]
    return Page(
        f"{energy}, {grams}  [{quality}, {name}]", [Table(("", ">amount", "unit"), rows)], estimate.notes, details
    )


def _as_known_as(total: Impact, value: float) -> str:
    """A part or a multiple of an amount, in proportion as coarse as that."""
    low, high = (value * (end or 0.0) / total.value if total.value else None for end in (total.low, total.high))
    return within(value, low, high)
