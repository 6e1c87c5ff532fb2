"""Rows weighed with another PUE or carbon intensity: their energies stay, nothing is run again."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ...weighing import Reweighing, Weighing
from ..row.rows import Row

_CARBON = ("carbon_g", "carbon_low_g", "carbon_high_g")


def weighed(rows: Sequence[Row], weights: Reweighing) -> list[Row]:
    """New rows; carbon is `None` where the energy is. ValueError for a zone that is not known, a PUE below 1."""
    if not weights.given:
        return list(rows)
    asked = Weighing().changed(weights)
    return [_on_grid(row, asked, weights.pue) if weights.of_electricity else _with_pue(row, asked.pue) for row in rows]


def _with_pue(row: Row, pue: float) -> Row:
    """The intensity's range is not in the row: carbon is in proportion to the PUE, so none is needed."""
    before = row.get("pue")
    if row.get("carbon_g") is None or not before:
        return row
    ratio = pue / before
    scaled = {name: None if row.get(name) is None else row[name] * ratio for name in _CARBON}
    return {**row, **scaled, "pue": pue}


def _on_grid(row: Row, asked: Weighing, pue: float | None) -> Row:
    energy = row.get("energy_j")
    if energy is None:
        return row
    weighing = asked.changed(Reweighing(pue=row.get("pue") or 1.0)) if pue is None else asked
    best, half = max(energy, 0.0), _half_width(row)
    found = weighing.carbon((max(best - half, 0.0), best, best + half), str(row.get("quality", "missing")))
    values = dict(zip(_CARBON, (found.value, found.low, found.high)))
    return {**row, **values, "pue": weighing.pue, "intensity_g_per_kwh": weighing.intensity.value}


def _half_width(row: Row) -> float:
    """As a result's own: interval and bias together."""
    low, high, bias = row.get("energy_low_j"), row.get("energy_high_j"), row.get("bias_j")
    parts = [bias] if bias is not None else []
    if low is not None and high is not None:
        parts.append((high - low) / 2.0)
    return math.hypot(*parts)
