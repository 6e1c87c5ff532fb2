"""Impacts of using electricity. The site's overhead stands once in every formula."""

from __future__ import annotations

from dataclasses import replace

from ..factors.factor import Factor, FactorError
from .impact import EnergyInput, Impact, Term, energy_factor, pue_factor

_NOT_MEASURED = "energy was not measured"


def carbon(
    energy: EnergyInput, pue: float | Factor | None = None, *, intensity: Factor, quality: str = "measured"
) -> Impact:
    """Carbon of using electricity: `carbon_g = energy_kwh × PUE × intensity_g_per_kwh`.

    `energy`: what the computers used, without the site's overhead: an `Energy`, or joules, or (low, best, high), or
    `None` if it was not measured (then carbon is `None`). `pue`: `None` where nobody stated it, which is
    *estimated*. `quality` is that of plain joules. `intensity` in g/kWh, an
    average one: a marginal one belongs to `marginal_carbon`. The range goes from the product of all lows to that of
    all highs: it holds the truth if every part's range does.
    ValueError for a PUE below 1, a negative or infinite energy, an intensity in another unit.
    """
    if "marginal" in intensity.method:
        raise FactorError(f"{intensity.cite()}: a marginal intensity is no average one; see marginal_carbon")
    if "market" in intensity.method:
        raise FactorError(f"{intensity.cite()}: a market-based intensity is kept apart; see market_carbon")
    return _from_grid("carbon", "g", energy, pue, _in_unit(intensity, "g/kWh", "intensity"), quality)


def marginal_carbon(energy: EnergyInput, pue: float | Factor | None = None, *, intensity: Factor) -> Impact:
    """What the grid would emit less without this energy: for decisions, never a part of a total.

    The same formula with a marginal intensity; FactorError for one that does not say that it is marginal.
    """
    if "marginal" not in intensity.method:
        raise FactorError(f"{intensity.cite()}: not a marginal intensity (its method does not say so)")
    return _from_grid("marginal_carbon", "g", energy, pue, _in_unit(intensity, "g/kWh", "intensity"))


def market_carbon(energy: EnergyInput, pue: float | Factor | None = None, *, intensity: Factor) -> Impact:
    """Market-based carbon (residual mix, certificates): shown beside the location-based one, never in its place."""
    if "market" not in intensity.method:
        raise FactorError(f"{intensity.cite()}: not a market-based intensity (its method does not say so)")
    return _from_grid("market_carbon", "g", energy, pue, _in_unit(intensity, "g/kWh", "intensity"))


def water(energy: EnergyInput, pue: float | Factor | None = None, *, wue: Factor | None, grid: Factor | None) -> Impact:
    """Water consumed, in litres: `energy_kwh × (WUE + PUE × EWIF)`: on site for the computers, off site for the grid.

    `wue`: L per kWh of the computers' energy (not of the site's: the PUE stands once). `grid`: L per kWh of
    electricity. `None` for one: the result is partial and says so; for both: missing.
    """
    used, overhead = energy_factor(energy), pue_factor(pue)
    if used is None:
        return Impact.missing("water", "L", _NOT_MEASURED)
    on_site = Impact.missing("water", "L", "no WUE is known for the site: its own water is not in it")
    off_site = Impact.missing("water", "L", "no water is known for the grid: its water is not in it")
    if wue is not None:
        on_site = Impact.of("water", "L", [Term(1.0, ((used, 1), (_in_unit(wue, "L/kWh", "WUE"), 1)))])
    if grid is not None:
        powers = ((used, 1), (overhead, 1), (_in_unit(grid, "L/kWh", "water of electricity"), 1))
        off_site = Impact.of("water", "L", [Term(1.0, powers)])
    return on_site + off_site


def primary_energy(energy: EnergyInput, pue: float | Factor | None = None, *, factor: Factor) -> Impact:
    """Primary energy in MJ: `energy_kwh × PUE × MJ per kWh`."""
    return _from_grid("primary_energy", "MJ", energy, pue, _in_unit(factor, "MJ/kWh", "primary energy"))


def fossil_energy(energy: EnergyInput, pue: float | Factor | None = None, *, factor: Factor) -> Impact:
    """Fossil and nuclear primary energy in MJ, which the boundary of fossil resources counts."""
    return _from_grid("fossil_energy", "MJ", energy, pue, _in_unit(factor, "MJ/kWh", "fossil primary energy"))


def depletion(energy: EnergyInput, pue: float | Factor | None = None, *, factor: Factor) -> Impact:
    """Abiotic depletion of elements in kg of antimony: `energy_kwh × PUE × kg Sb per kWh`."""
    return _from_grid("adp", "kg Sb", energy, pue, _in_unit(factor, "kg Sb/kWh", "abiotic depletion"))


def human_toxicity(energy: EnergyInput, pue: float | Factor | None = None, *, factor: Factor) -> Impact:
    """Human toxicity in CTUh: `energy_kwh × PUE × CTUh per kWh`."""
    return _from_grid("human_toxicity", "CTUh", energy, pue, _in_unit(factor, "CTUh/kWh", "human toxicity"))


def zone_factor(kind: str, zone: str | None) -> Factor | None:
    """A factor of electricity for a zone; the world's, *estimated* and said, without a zone; `None` if
    unpublished."""
    from ..factors.constants import UnknownFactorError
    from ..factors.zone_factors import by_zone
    from ..factors.zones import zone_code

    try:
        if zone is None:
            world = by_zone(kind, "WORLD")
            return replace(world, quality="estimated", note=f"no zone was given; {world.note}".rstrip("; "))
        return by_zone(kind, zone_code(zone))
    except UnknownFactorError:
        return None


def _from_grid(
    indicator: str,
    unit: str,
    energy: EnergyInput,
    pue: float | Factor | None,
    factor: Factor,
    quality: str = "measured",
) -> Impact:
    used, overhead = energy_factor(energy, quality), pue_factor(pue)
    if used is None:
        return Impact.missing(indicator, unit, _NOT_MEASURED)
    return Impact.of(indicator, unit, [Term(1.0, ((used, 1), (overhead, 1), (factor, 1)))])


def _in_unit(factor: Factor, unit: str, what: str) -> Factor:
    if factor.unit != unit:
        raise ValueError(f"{what} must be in {unit}, not {factor.unit!r}")
    return factor
