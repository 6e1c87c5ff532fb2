"""Rows can be weighed with another PUE or carbon intensity: their energies stay, and nothing is run again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ...weighing import Reweighing, Weighing
from ..row.row import Row


def weighed(rows: Sequence[Row], weights: Reweighing) -> list[Row]:
    """Makes new rows; carbon is `None` where the energy is. ValueError for an unknown zone and a PUE below 1."""
    if not weights.given:
        return list(rows)
    asked = Weighing().changed(weights)
    return [_on_grid(row, asked, weights.pue) if weights.of_electricity else _with_pue(row, asked.pue) for row in rows]


def _with_pue(row: Row, pue: float) -> Row:
    """Scales the carbon, which is in proportion to the PUE: no row holds the intensity's range, and none is needed."""
    measured = row.measured
    if measured.carbon_g is None or not measured.pue:
        return row
    ratio = pue / measured.pue

    def scaled(grams: float | None) -> float | None:
        return None if grams is None else grams * ratio

    low_g, high_g = scaled(measured.carbon_low_g), scaled(measured.carbon_high_g)
    weighed_anew = replace(
        measured, carbon_g=measured.carbon_g * ratio, carbon_low_g=low_g, carbon_high_g=high_g, pue=pue
    )
    return replace(row, measured=weighed_anew)


def _on_grid(row: Row, asked: Weighing, pue: float | None) -> Row:
    if row.energy.is_missing:
        return row
    weighing = (
        asked if pue is not None or row.measured.pue in (None, 1.0) else asked.changed(Reweighing(pue=row.measured.pue))
    )
    carbon = row.energy.carbon(weighing)
    weighed_anew = replace(
        row.measured,
        carbon_g=carbon.value,
        carbon_low_g=carbon.low,
        carbon_high_g=carbon.high,
        pue=weighing.pue,
        intensity_g_per_kwh=weighing.intensity.value,
    )
    names = ("carbon_g", "carbon_low_g", "carbon_high_g", "pue", "intensity_g_per_kwh")
    return replace(row, measured=weighed_anew).with_names(*names)
