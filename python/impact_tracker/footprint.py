"""From energy and factors to impact. Formulas stand in the docstrings; a result keeps its range and sources."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Union

from .factors.factor import Factor, worst_quality

JOULES_PER_KWH = 3.6e6

Energy = Union[float, Sequence[float], None]


@dataclass(frozen=True)
class Impact:
    """One indicator's result in ``unit``: best value with low and high, quality of its worst part, what it rests on.

    ``value``, ``low`` and ``high`` are ``None`` together, with the reason in ``note``, where a part was not known:
    never 0.
    """

    indicator: str
    unit: str
    value: float | None
    low: float | None
    high: float | None
    quality: str
    formula: str = ""
    factors: tuple[Factor, ...] = ()
    note: str = ""

    @property
    def sources(self) -> tuple[str, ...]:
        """One line for each factor: its value, year, method, source, licence."""
        return tuple(factor.cite() for factor in self.factors)

    @property
    def carbon_g(self) -> float | None:
        """Grams of CO2 equivalent; AttributeError where this is another indicator."""
        if self.indicator != "carbon":
            raise AttributeError(f"this is {self.indicator} in {self.unit}, not carbon")
        return self.value

    def as_dict(self) -> dict[str, Any]:
        """For JSON: ``{"carbon_g": …, "carbon_g_low": …, "carbon_g_high": …, "quality": …, "sources": […]}``."""
        key = f"{self.indicator}_{self.unit}"
        return {
            key: self.value,
            f"{key}_low": self.low,
            f"{key}_high": self.high,
            "quality": self.quality,
            "formula": self.formula,
            "sources": list(self.sources),
            "note": self.note,
        }


def energy_range(energy_j: Energy) -> tuple[float, float, float] | None:
    """(low, best, high) in joules of a number or of such a triple; ``None`` where it was not measured.

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
    return low, best, high


def pue_factor(pue: float | Factor) -> Factor:
    """A site's power usage effectiveness as a factor; ValueError below 1: a part cannot exceed the whole."""
    factor = pue if isinstance(pue, Factor) else Factor.stated(pue, "1", "PUE")
    if factor.low < 1.0:
        raise ValueError(
            f"a PUE is 1 or more (total energy of the site over that of its computers), not {factor.low:g}"
        )
    return factor


def carbon(energy_j: Energy, pue: float | Factor = 1.0, *, intensity: Factor, quality: str = "measured") -> Impact:
    """Carbon of using electricity: ``carbon_g = energy_j / 3.6e6 × PUE × intensity_g_per_kwh``.

    ``energy_j``: what the computers used, without the site's overhead: joules, or (low, best, high), or ``None`` if
    it was not measured (then carbon is ``None``). ``intensity`` in g/kWh. ``quality`` is that of the energy. The
    range goes from the product of all lows to that of all highs: it holds the truth if every part's range does.
    ValueError for a PUE below 1, a negative or infinite energy, an intensity in another unit.
    """
    overhead = pue_factor(pue)
    if intensity.unit != "g/kWh":
        raise ValueError(f"intensity must be in g/kWh, not {intensity.unit!r}")
    triple = energy_range(energy_j)
    parts = (overhead, intensity)
    if triple is None:
        return Impact(
            "carbon", "g", None, None, None, "missing", "energy × PUE × intensity", parts, "energy was not measured"
        )
    low, best, high = (joules / JOULES_PER_KWH for joules in triple)
    grams = best * overhead.value * intensity.value
    formula = f"{best:.6g} kWh × {overhead.value:g} × {intensity.value:g} g/kWh = {grams:.6g} g"
    return Impact(
        "carbon",
        "g",
        grams,
        low * overhead.low * intensity.low,
        high * overhead.high * intensity.high,
        worst_quality([quality, overhead.quality, intensity.quality]),
        formula,
        parts,
    )
