"""What an estimate is: energy and carbon as formulas, with their equivalents and, beside a measurement, their ratio."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from .. import digits
from ..factors import Factor
from ..footprint import Impact, Term, kilometres, tree_months
from ..values import Energy


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
    def energy_kwh(self) -> float | None:
        """Best value in kWh; `None` for a method that says carbon alone."""
        return self.energy.value

    @property
    def carbon_g(self) -> float | None:
        """Best value in g CO2e; `None` without an intensity."""
        return self.carbon.carbon_g

    def as_dict(self) -> dict[str, object]:
        """Unrounded, for JSON."""
        known = self.carbon_g is not None
        return {
            "method": self.method,
            "version": self.version,
            "energy_kwh": self.energy.value,
            "energy_kwh_low": self.energy.low,
            "energy_kwh_high": self.energy.high,
            "carbon_g": self.carbon_g,
            "carbon_g_low": self.carbon.low,
            "carbon_g_high": self.carbon.high,
            "tree_months": tree_months(self.carbon, self.tree).value if known else None,
            "car_km_eu": kilometres(self.carbon).value if known else None,
            "parts_kwh": dict(self.parts_kwh),
            "quality": self.carbon.quality if known else self.energy.quality,
            "notes": list(self.notes),
            "formula": self.carbon.formula,
            "sources": list(self.carbon.sources),
            **self.more,
        }


@dataclass(frozen=True)
class Comparison:
    """An estimate beside what was measured; where there is none, `estimate` is `None` and `reason` says why.

    `measured` has the site's overhead in it, as the estimate has; where a model stands in a sensor's place, its quality
    says so. `notes`: what was taken for granted, and why the two may not compare the same.
    """

    estimate: Estimate | None
    measured: Energy = field(default_factory=Energy.missing)
    notes: tuple[str, ...] = ()
    reason: str = ""

    @property
    def ratio(self) -> float | None:
        """Estimate over measurement; `None` where either is not known. Above 1 the method gives more."""
        measured_kwh = self.measured.kwh
        estimated_kwh = None if self.estimate is None else self.estimate.energy_kwh
        if estimated_kwh is None or measured_kwh is None or not measured_kwh > 0:
            return None
        return estimated_kwh / measured_kwh

    @property
    def ratio_words(self) -> str:
        """The ratio with no digit finer than the ranges of its two sides; empty where it is not known."""
        ratio = self.ratio
        if ratio is None or self.estimate is None or self.measured.best_j is None:
            return ""
        used, error = self.estimate.energy, (self.measured.error_j or 0.0) / self.measured.best_j
        low, high = (1.0 if end is None or not used.value else end / used.value for end in (used.low, used.high))
        return digits.within(ratio, ratio * low * (1.0 - error), ratio * high * (1.0 + error))

    @property
    def caveats(self) -> tuple[str, ...]:
        """The comparison's notes and the estimate's own, each once."""
        return tuple(dict.fromkeys((*self.notes, *(self.estimate.notes if self.estimate else ()))))

    def sentence(self) -> str:
        """One line for a report."""
        if self.estimate is None:
            return self.reason
        name, used = f"{self.estimate.method} {self.estimate.version}".strip(), self.estimate.energy
        energy = f"{name}: energy not known"
        if used.value is not None:
            energy = f"{name}: {digits.within(used.value, used.low, used.high)} kWh"
        if self.ratio is None:
            return f"{energy}; nothing was measured to compare it with"
        measured = digits.kwh(self.measured.best_j, self.measured.error_j, spread=False)
        return f"{energy}, {self.ratio_words} times the {self.measured.quality} {measured}"

    def sentences(self, explain: bool = False) -> list[str]:
        """For a report, its caveats below; its formula and sources too where they are asked for."""
        lines = [self.sentence(), *(f"  {note}" for note in self.caveats)]
        if explain and self.estimate is not None:
            used = self.estimate.energy
            lines += [f"  {used.formula}", *(f"  - {source}" for source in used.sources)]
        return lines

    def as_dict(self) -> dict[str, object]:
        """Unrounded, for JSON: the estimate, `measured_kwh` (the site's overhead in both) and their `ratio`."""
        if self.estimate is None:
            return {"reason": self.reason}
        return {
            **self.estimate.as_dict(),
            "measured_kwh": self.measured.kwh,
            "measured_quality": self.measured.quality,
            "ratio": self.ratio,
            "notes": list(self.caveats),
        }


_MOST = 1e30  # of anything that is asked for: more is a slip, and its energy would be no number


def number(value: float, what: str, low: float = 0.0, high: float = math.inf) -> float:
    """The value, checked; EstimateError names what it is."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise EstimateError(f"{what} must be a finite number, not {value!r}")
    most = min(high, _MOST)
    if not low <= value <= most:
        wanted = f"between {low:g} and {most:g}" if math.isfinite(high) or value > most else f"{low:g} or more"
        raise EstimateError(f"{what} must be {wanted}, not {value:g}")
    return float(value)


def with_overhead(parts: Mapping[str, Term], site: Factor) -> tuple[Impact, dict[str, float]]:
    """The energy of parts (kWh) in a site of this overhead, and what each part and the overhead account for."""
    split = {name: term.value() for name, term in parts.items()}
    split["overhead"] = sum(split.values()) * (site.value - 1.0)
    return energy([replace(term, powers=(*term.powers, (site, 1))) for term in parts.values()]), split


def energy(terms: list[Term], note: str = "") -> Impact:
    """An estimated energy in kWh."""
    return Impact.of("energy", "kWh", terms, "modelled", note)


def watts(value: float | Factor, name: str) -> Factor:
    """A power in W, as the user stated it or as a factor; EstimateError for 0 W: that is no power of a part."""
    if isinstance(value, Factor):
        return value
    if number(value, name) == 0.0:
        raise EstimateError(f"{name} must be above 0 W: what draws nothing is left out, and what is not known is not 0")
    return Factor.stated(float(value), "W", name)
