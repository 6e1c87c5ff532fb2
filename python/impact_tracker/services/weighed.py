"""A service weighed for one of its functional units: each part by each indicator, apart in use and making."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..factors import Factor
from ..factors.life_cycle import INDICATOR_UNITS
from ..footprint import INDICATORS, Allocation, Impact, Term, embodied, sum_of
from .inventory import Entry, FunctionalUnit, Inventory

PHASES = ("use", "making")


@dataclass(frozen=True)
class WeighedService:
    """`cells`: (part, indicator, "use" or "making") -> impact; what is not known is missing with its reason."""

    inventory: Inventory
    unit: FunctionalUnit
    cells: Mapping[tuple[str, str, str], Impact]

    @property
    def parts(self) -> list[str]:
        """The parts of the service, in the order of the inventory."""
        return list(dict.fromkeys(part for part, _, _ in self.cells))

    @property
    def indicators(self) -> list[str]:
        """The indicators of which something is known."""
        return [i for i in INDICATORS if any(c.value is not None for (_, of, _), c in self.cells.items() if of == i)]

    def of_part(self, part: str, indicator: str) -> Impact:
        """Use and making of a part."""
        return sum_of(self.cells[part, indicator, phase] for phase in PHASES if (part, indicator, phase) in self.cells)

    def of_phase(self, phase: str, indicator: str) -> Impact:
        """Use, or making, of all parts."""
        return sum_of(cell for (_, of, when), cell in self.cells.items() if (of, when) == (indicator, phase))

    def total(self, indicator: str) -> Impact:
        """The whole service for this unit."""
        return sum_of(self.of_part(part, indicator) for part in self.parts)

    def shares(self, indicator: str) -> dict[str, float | None]:
        """Each part's share of the total; `None` where it is not known."""
        total = self.total(indicator).value
        values = {part: self.of_part(part, indicator).value for part in self.parts}
        return {part: None if value is None or not total else value / total for part, value in values.items()}

    def as_dict(self) -> dict[str, object]:
        """For JSON, unrounded."""
        document: dict[str, object] = {
            "unit": self.unit.name,
            "visits": self.unit.visits.value,
            "years": self.unit.years,
        }
        for indicator in self.indicators:
            parts = {
                part: {
                    **_numbers(self.of_part(part, indicator)),
                    **{p: self.cells[part, indicator, p].value for p in PHASES if (part, indicator, p) in self.cells},
                    "share": self.shares(indicator)[part],
                }
                for part in self.parts
            }
            total = self.total(indicator)
            document[total.key] = {**_numbers(total), "quality": total.quality, "note": total.note, "parts": parts}
        return document


def _numbers(impact: Impact) -> dict[str, object]:
    return {"value": impact.value, "low": impact.low, "high": impact.high, "partial": impact.partial}


def weigh(inventory: Inventory, unit: FunctionalUnit | str) -> WeighedService:
    """The inventory for a functional unit, by the name that it has there or as it is given."""
    chosen = inventory.unit(unit) if isinstance(unit, str) else unit
    cells: dict[tuple[str, str, str], Impact] = {}
    for entry in inventory.entries:
        times = _times(entry, chosen)
        if times is None:
            continue
        hours = chosen.hours.get(entry.name, entry.hours)
        for indicator in INDICATORS:
            for phase, impact in _weighed(replace(entry, hours=hours), indicator).items():
                for factor, power in times:
                    impact = _powered(impact, factor, power)
                before = cells.get((entry.part, indicator, phase))
                cells[entry.part, indicator, phase] = impact if before is None else before + impact
    return WeighedService(inventory, chosen, cells)


def _times(entry: Entry, unit: FunctionalUnit) -> list[tuple[Factor, float]] | None:
    """What an entry's amount is multiplied by; `None` where it does not belong to the unit."""
    if entry.basis == "visit":
        return [(unit.visits, 1.0)] if unit.visits.value else None
    if entry.basis == "year":
        return [(Factor.stated(unit.years, "1", "years of service"), 1.0)] if unit.years else None
    if entry.name not in unit.once:
        return None
    if unit.allocation == "whole" or entry.served is None:
        return []
    return [(unit.visits, 1.0), (entry.served, -1.0)]


def _powered(impact: Impact, factor: Factor, power: float) -> Impact:
    if impact.value is None:
        return impact
    terms = [replace(term, powers=(*term.powers, (factor, power))) for term in impact.terms]
    return replace(Impact.of(impact.indicator, impact.unit, terms, impact.quality, impact.note), partial=impact.partial)


def _weighed(entry: Entry, indicator: str) -> dict[str, Impact]:
    """Use and making of one entry's amount; a phase that it does not have is left out."""
    phases: dict[str, Impact] = {}
    used = [impact for impact in (_drawn(entry, indicator), _carried(entry, indicator)) if impact is not None]
    if used:
        phases["use"] = sum_of(used)
    made = [impact for impact in (_made(entry, indicator), _built(entry, indicator)) if impact is not None]
    if made:
        phases["making"] = sum_of(made)
    return phases


def _drawn(entry: Entry, indicator: str) -> Impact | None:
    """Of the electricity of equipment and of what is stated as energy."""
    amounts: list[Term] = []
    if entry.energy is not None:
        amounts.append(Term(1.0, ((entry.energy, 1.0),)))
    if entry.power is not None and entry.hours is not None:
        amounts.append(Term(entry.count / 1000.0, ((entry.power, 1.0), (entry.hours, 1.0))))
    if entry.idle_power is not None and entry.hours is not None and entry.equipment is not None:
        standing_by = _standing_by(entry.equipment.active)
        amounts.append(Term(entry.count / 1000.0, ((entry.idle_power, 1.0), (entry.hours, 1.0), (standing_by, 1.0))))
    return _of_electricity(entry, indicator, amounts) if amounts else None


def _standing_by(active: Factor) -> Factor:
    """Time standing by for each hour of work."""
    ends = [1.0 / share - 1.0 for share in (active.high, active.value, active.low)]
    return replace(active, value=ends[1], low=ends[0], high=ends[2], name=f"1 / ({active.name}) - 1")


def _carried(entry: Entry, indicator: str) -> Impact | None:
    if entry.medium is None or entry.gigabytes is None:
        return None
    amount = Term(1.0, ((entry.gigabytes, 1.0), (entry.medium.kwh_per_gb, 1.0)))
    return _of_electricity(entry, indicator, [amount])


def _of_electricity(entry: Entry, indicator: str, amounts: list[Term]) -> Impact:
    assert entry.electricity is not None
    factor = entry.electricity.per_kwh.get(indicator)
    unit = INDICATORS[indicator]
    if factor is None:
        return Impact.missing(
            indicator, unit, f"{_words(indicator)} of {entry.electricity.name}'s electricity is not known"
        )
    site = () if entry.ratio is None else ((entry.ratio, 1.0),)
    terms = [replace(term, powers=(*term.powers, *site, (factor, 1.0))) for term in amounts]
    return Impact.of(indicator, unit, terms, "modelled")


def _made(entry: Entry, indicator: str) -> Impact | None:
    """The share of an equipment's making that its time bears."""
    if entry.equipment is None or entry.hours is None:
        return None
    made = _stated(entry.equipment.making, indicator, entry.equipment.name)
    shares = Allocation(entry.equipment.lifetime, entry.equipment.active)
    return _powered(embodied(made, 1.0, shares) * entry.count, entry.hours, 1.0)


def _built(entry: Entry, indicator: str) -> Impact | None:
    if entry.medium is None or entry.gigabytes is None:
        return None
    if not entry.medium.making_per_gb:
        return None
    return _powered(_stated(entry.medium.making_per_gb, indicator, entry.medium.name), entry.gigabytes, 1.0)


def _stated(making: Mapping[str, Factor], indicator: str, name: str) -> Impact:
    unit, scale = INDICATORS[indicator], INDICATOR_UNITS[indicator][1]
    if indicator not in making:
        return Impact.missing(indicator, unit, f"{_words(indicator)} of making {name} is not known")
    return Impact.of(indicator, unit, [Term(scale, ((making[indicator], 1.0),))], "modelled")


def _words(indicator: str) -> str:
    return indicator.replace("_", " ")
