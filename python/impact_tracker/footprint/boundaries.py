"""A footprint in the units of the planetary boundaries: what compares with what the planet allows a person.

Two indicators do not compare as they are. Water counts where it is scarce: its boundary is in m³ world equivalent
*deprived*, which takes the place's AWARE factor. Primary energy counts all of it: its boundary is of *fossil* resources
alone (nuclear fuel among them).
"""

from __future__ import annotations

from dataclasses import replace

from ..factors import Factor, FactorError, by_zone, zone_code
from .impact import EnergyInput, Impact, Term
from .matrix import Matrix
from .use import fossil_energy, zone_factor


def against_boundaries(
    matrix: Matrix, energy: EnergyInput, pue: float | Factor | None, zone: str | None
) -> list[Impact]:
    """Carbon, elements, fossil energy and water deprived of a footprint, each as its boundary counts it.

    Missing, with the reason, where nothing says it: water without a place is not comparable. Fossil energy and water
    are of the use; what the making took of them is not known by its place or its fuels, and *partial* says so.
    """
    return [matrix.total("carbon"), matrix.total("adp"), _fossil(matrix, energy, pue, zone), _deprived(matrix, zone)]


def water_deprived(water: Impact, zone: str | None) -> Impact:
    """Litres of water consumed in a zone as m³ world equivalent deprived (AWARE), which its boundary counts."""
    unit = "m3 world eq"
    if water.value is None:
        return Impact.missing("water_deprived", unit, water.note)
    if zone is None:
        return Impact.missing("water_deprived", unit, "no zone was given: how scarce water is belongs to a place")
    try:
        scarcity = by_zone("aware", zone_code(zone))
    except FactorError as fault:
        return Impact.missing("water_deprived", unit, str(fault))
    terms = [Term(term.coefficient / 1000.0, (*term.powers, (scarcity, 1.0))) for term in water.terms]
    deprived = Impact.of("water_deprived", unit, terms, water.quality, water.note)
    return replace(deprived, partial=water.partial)


def _fossil(matrix: Matrix, energy: EnergyInput, pue: float | Factor | None, zone: str | None) -> Impact:
    factor = zone_factor("fossil_energy", zone)
    if factor is None:
        return Impact.missing("fossil_energy", "MJ", f"no fossil energy of electricity is known for {zone}")
    used = fossil_energy(energy, pue, factor=factor)
    return _of_the_use(used, matrix, "primary_energy", "the fossil part of the making")


def _deprived(matrix: Matrix, zone: str | None) -> Impact:
    return _of_the_use(water_deprived(matrix.cells["water", "use"], zone), matrix, "water", "the making's water")


def _of_the_use(used: Impact, matrix: Matrix, indicator: str, rest: str) -> Impact:
    """The impact of the use; *partial* where the whole life cycle has more of the indicator than its use."""
    cell, total = matrix.cells[indicator, "use"], matrix.total(indicator)
    if used.value is None or total.value is None or cell.value is None or total.value <= cell.value:
        return used
    return replace(used, partial=True, note="; ".join(filter(None, [used.note, f"{rest} is not in it"])))
