"""Hours of cores and of cards × a centre's own factors, carried to another grid where electricity is told apart."""

from __future__ import annotations

from collections.abc import Mapping

from ..factors import Factor
from ..factors.hours import HourFactor, hours_of
from ..footprint import Impact, Term, sum_of
from .estimate import Estimate, EstimateError, number

ANY_CORE_HOUR = "core gricad"


def hour_factor(
    *,
    hours: float,
    units: float | None = None,
    factor: str | Factor | HourFactor | None = None,
    g_per_hour: float | None = None,
    cards: float = 0.0,
    card_factor: str | HourFactor | None = None,
    grid: Factor | None = None,
    own: Mapping[str, HourFactor] | None = None,
) -> Estimate:
    """Hours of cores and of cards × a centre's own factors, as GENCI's, Labos 1point5's, a cluster's of a year.

    `units` cores (one where nothing else is given) of `factor`, `cards` of `card_factor`. `own`: factors of a cluster
    by name, which win over the table's; the only one of its unit is taken where none is named, else GRICAD's of a core.
    `grid`: another electricity, which only factors with their electricity told apart can take. The energy is known
    where all of them tell it.
    EstimateError for cards without a factor, UnknownFactorError and FactorError for names that are none or of another
    unit.
    """
    cores = number(1.0 if units is None and not cards else units or 0.0, "units")
    own = own or {}
    used = []
    if cores:
        used.append((cores, _rate(factor or _only("core", own) or ANY_CORE_HOUR, "core", g_per_hour, own)))
    if number(cards, "cards"):
        card_factor = card_factor or _only("card", own)
        if card_factor is None:
            raise EstimateError("cards need a factor of an hour of a card: name one (card Jean Zay A100, …)")
        used.append((cards, _rate(card_factor, "card", None, own)))
    length = number(hours, "hours")
    carbons, energies, notes = [], [], []
    for count, rate in used:
        carried = rate if grid is None else rate.carried(grid)
        carbon, energy = _hour(carried, length * count)
        carbons.append(carbon)
        energies.append(energy)
        notes.append(_note(carried, length * count, rate))
    if len(used) > 1:
        notes.append("the factor of a card holds its share of the host: count only cores that stand beside it")
    energy = sum_of(energies)
    if energy.partial:
        energy = Impact.missing("energy", "kWh", energy.note)
    return Estimate("hour-factor", "", energy, sum_of(carbons), notes=tuple(notes))


def _only(unit: str, own: Mapping[str, HourFactor]) -> HourFactor | None:
    """A cluster's own factor of an hour of this unit; `None` where it has none. EstimateError where it has several."""
    rates = [rate for rate in own.values() if rate.unit == unit]
    if len(rates) > 1:
        raise EstimateError(
            f"the file has several factors of an hour of a {unit}: name one of {', '.join(rate.name for rate in rates)}"
        )
    return rates[0] if rates else None


def _rate(
    factor: str | Factor | HourFactor, unit: str, g_per_hour: float | None, own: Mapping[str, HourFactor]
) -> HourFactor:
    if g_per_hour is not None:
        stated = Factor.stated(number(g_per_hour, "g_per_hour"), "g/h", f"carbon of an hour of a {unit}")
        return HourFactor(stated.name, unit, None, None, None, stated)
    if isinstance(factor, HourFactor):
        return factor
    if isinstance(factor, Factor):
        if factor.unit != "g/h":
            raise EstimateError(f"an hour factor is in g/h, not {factor.unit!r}")
        return HourFactor(factor.name or factor.source, unit, None, None, None, factor)
    for name, rate in own.items():
        if name.casefold() == factor.casefold():
            if rate.unit != unit:
                raise EstimateError(f"{name!r} is of an hour of a {rate.unit}, not of a {unit}")
            return rate
    return hours_of(factor, unit)


def _hour(rate: HourFactor, hours: float) -> tuple[Impact, Impact]:
    """Carbon and energy of so many hours; what the factor does not hold makes the carbon partial."""
    if rate.power is None or rate.grid is None:
        assert rate.total is not None
        carbon = Impact.of("carbon", "g", [Term(hours, ((rate.total, 1),))], "modelled")
        return carbon, Impact.missing("energy", "kWh", f"{rate.name} does not tell its energy")
    energy = Impact.of("energy", "kWh", [Term(hours / 1000.0, ((rate.power, 1),))], "modelled")
    carbon = Impact.of("carbon", "g", [Term(hours / 1000.0, ((rate.power, 1), (rate.grid, 1)))], "modelled")
    if rate.rest is None:
        return carbon + Impact.missing("carbon", "g", rate.scope), energy
    return carbon + Impact.of("carbon", "g", [Term(hours, ((rate.rest, 1),))], "modelled"), energy


def _note(rate: HourFactor, hours: float, as_published: HourFactor) -> str:
    scope = f" ({rate.scope})" if rate.scope else ""
    if rate.power is None or rate.grid is None:
        assert rate.total is not None
        return f"{hours:g} h × {rate.total.cite()}{scope}"
    electricity = rate.power.value * rate.grid.value / 1000.0
    rest = "nothing beside it" if rate.rest is None else f"{rate.rest.number} g beside it"
    words = f"{hours:g} h of {rate.name}: {electricity:.3g} g of electricity ({rate.power.number} W), {rest}{scope}"
    if rate.grid is not as_published.grid and as_published.grid is not None:
        words += f"; carried from {as_published.grid.number} to {rate.grid.number} g/kWh"
    return words
