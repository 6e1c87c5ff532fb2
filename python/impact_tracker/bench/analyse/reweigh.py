"""Rows can be weighed with another PUE or carbon intensity: their energies stay, and nothing is run again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ...weighing import Reweighing, Weighing
from ..row.row import Measured, Row


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
        measured,
        carbon_g=measured.carbon_g * ratio,
        carbon_low_g=low_g,
        carbon_high_g=high_g,
        pue=pue,
        pue_is_stated=True,
    )
    return replace(row, measured=weighed_anew)


def _stated_pue(measured: Measured) -> float | None:
    """The PUE that somebody said; of a row that does not tell, any but the 1 that stands for none."""
    stated = measured.pue != 1.0 if measured.pue_is_stated is None else measured.pue_is_stated
    return measured.pue if stated else None


def _on_grid(row: Row, asked: Weighing, pue: float | None) -> Row:
    if row.energy.is_missing:
        return row
    stated = _stated_pue(row.measured)
    weighing = asked if pue is not None or stated is None else asked.changed(Reweighing(pue=stated))
    carbon = row.energy.carbon(weighing)
    weighed_anew = replace(
        row.measured,
        carbon_g=carbon.value,
        carbon_low_g=carbon.low,
        carbon_high_g=carbon.high,
        pue=weighing.pue,
        pue_is_stated=weighing.pue_is_stated,
        intensity_g_per_kwh=weighing.intensity.value,
    )
    names = ("carbon_g", "carbon_low_g", "carbon_high_g", "pue", "pue_is_stated", "intensity_g_per_kwh")
    return replace(row, measured=weighed_anew).with_names(*names)
