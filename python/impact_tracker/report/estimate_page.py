"""The page of an estimate: the answer first, then the parts, then what to beware of."""

from __future__ import annotations

from ..estimators import Estimate
from ..footprint import all_of
from .page import Page, Table


def page_of(estimate: Estimate, explained: bool = False) -> Page:
    """Energy and carbon with its range; parts, figures of the method, equivalents; formulas where asked for."""
    name = f"{estimate.method} {estimate.version}".strip()
    carbon, kwh = estimate.carbon, estimate.energy.value
    grams = "carbon unknown"
    if carbon.value is not None and carbon.low is not None and carbon.high is not None:
        grams = f"{_mass(carbon.value)} CO2e ({_mass(carbon.low)} to {_mass(carbon.high)})"
    energy = "energy unknown" if kwh is None else f"{kwh:.4g} kWh"
    quality = estimate.energy.quality if carbon.value is None else carbon.quality
    rows = [(part, f"{value:.4g}", "kWh") for part, value in estimate.parts_kwh.items()]
    rows += [(figure, f"{value:.4g}", "") for figure, value in estimate.more.items()]
    rows += [(e.name, f"{e.value:.4g}", e.unit) for e in all_of(carbon)]
    details: list[str] = []
    if explained:
        details += [estimate.energy.formula, carbon.formula, *(f"- {source}" for source in carbon.sources)]
    return Page(
        f"{energy}, {grams}  [{quality}, {name}]", [Table(("", ">amount", "unit"), rows)], estimate.notes, details
    )


def _mass(grams: float) -> str:
    for limit, scale, unit in ((1e-3, 1e6, "µg"), (1.0, 1e3, "mg"), (1e3, 1.0, "g"), (1e6, 1e-3, "kg")):
        if abs(grams) < limit:
            return f"{grams * scale:.3g} {unit}"
    return f"{grams * 1e-6:.4g} t"
