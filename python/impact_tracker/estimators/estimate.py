"""What an estimate is: energy and carbon as formulas, with their equivalents and, beside a measurement, their ratio."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..factors import Factor
from ..footprint import Impact, Term, kilometres, tree_months


class EstimateError(ValueError):
    """Inputs that make no estimate."""


@dataclass(frozen=True)
class Estimate:
    """Energy (kWh, the site's overhead in it) and carbon without measuring, by a named method and version.

    `parts_kwh`: what each part of the machine and the site's overhead account for; they add up to the energy.
    `tree` and `vehicle` name the method's own equivalents. `more`: figures only this method gives.
    """

    method: str
    version: str
    energy: Impact
    carbon: Impact
    parts_kwh: Mapping[str, float] = field(default_factory=dict)
    tree: str = "tree year"
    vehicle: str = "car km EU"
    notes: tuple[str, ...] = ()
    more: Mapping[str, float] = field(default_factory=dict)

    @property
    def energy_kwh(self) -> float:
        """Best value in kWh; an estimate always has one."""
        return float(self.energy.value or 0.0)

    @property
    def carbon_g(self) -> float | None:
        """Best value in g CO2e; `None` without an intensity."""
        return self.carbon.carbon_g

    def as_dict(self) -> dict[str, Any]:
        """Unrounded, for JSON."""
        known = self.carbon_g is not None
        return {
            "method": self.method,
            "version": self.version,
            "energy_kwh": self.energy_kwh,
            "energy_kwh_low": self.energy.low,
            "energy_kwh_high": self.energy.high,
            "carbon_g": self.carbon_g,
            "carbon_g_low": self.carbon.low,
            "carbon_g_high": self.carbon.high,
            "tree_months": tree_months(self.carbon, self.tree).value if known else None,
            "car_km_eu": kilometres(self.carbon).value if known else None,
            "parts_kwh": dict(self.parts_kwh),
            "quality": "modelled",
            "notes": list(self.notes),
            "formula": self.carbon.formula,
            "sources": list(self.carbon.sources),
            **self.more,
        }


@dataclass(frozen=True)
class Comparison:
    """An estimate beside what was measured: `ratio` = estimate / measurement, `None` where either is unknown.

    `quality` is that of the measurement: where a model stands in its place the sentence says so. `notes`: what was
    taken for granted, and why the two may not compare the same.
    """

    estimate: Estimate
    measured_kwh: float | None
    quality: str = "measured"
    notes: tuple[str, ...] = ()

    @property
    def ratio(self) -> float | None:
        """Above 1 the method gives more than was measured."""
        if self.measured_kwh is None or not self.measured_kwh > 0:
            return None
        return self.estimate.energy_kwh / self.measured_kwh

    @property
    def caveats(self) -> tuple[str, ...]:
        """The comparison's notes and the estimate's own, each once."""
        return tuple(dict.fromkeys((*self.notes, *self.estimate.notes)))

    def sentence(self) -> str:
        """One line for a report."""
        name = f"{self.estimate.method} {self.estimate.version}".strip()
        if self.ratio is None:
            return f"{name}: {self.estimate.energy_kwh:.4g} kWh; nothing was measured to compare it with"
        measured = f"{self.measured_kwh:.4g} kWh"
        return f"{name}: {self.estimate.energy_kwh:.4g} kWh, {self.ratio:.2f} times the {self.quality} {measured}"

    def as_dict(self) -> dict[str, Any]:
        """Unrounded, for JSON: the estimate, `measured_kwh` (the site's overhead in both) and their `ratio`."""
        return {
            **self.estimate.as_dict(),
            "measured_kwh": self.measured_kwh,
            "measured_quality": self.quality,
            "ratio": self.ratio,
            "notes": list(self.caveats),
        }


def sentences(found: Comparison | str, explain: bool = False) -> list[str]:
    """The comparison for a report, its caveats below; its formulas and sources too where they are asked for."""
    if isinstance(found, str):
        return [found]
    lines = [found.sentence(), *(f"  {note}" for note in found.caveats)]
    if explain:
        lines += [f"  {found.estimate.energy.formula}", *(f"  - {source}" for source in found.estimate.energy.sources)]
    return lines


def number(value: float, what: str, low: float = 0.0, high: float = math.inf) -> float:
    """The value, checked; EstimateError names what it is."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise EstimateError(f"{what} must be a finite number, not {value!r}")
    if not low <= value <= high:
        wanted = f"between {low:g} and {high:g}" if math.isfinite(high) else f"{low:g} or more"
        raise EstimateError(f"{what} must be {wanted}, not {value:g}")
    return float(value)


def energy(terms: list[Term], note: str = "") -> Impact:
    """An estimated energy in kWh."""
    return Impact.of("energy", "kWh", terms, "modelled", note)


def watts(value: float, name: str) -> Factor:
    """A power that the user stated, in W."""
    return Factor.stated(number(value, name), "W", name)
