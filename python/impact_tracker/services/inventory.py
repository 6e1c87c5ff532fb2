"""What a service takes: equipment for a time, energy, data through a network, and what was done once for all visits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..factors import Factor, FactorError
from ..factors.factor import did_you_mean, near_matches

# An entry's amount is for each visit, for each year of service, or once for all the visits that it serves.
BASES = ("visit", "year", "once")


@dataclass(frozen=True)
class Electricity:
    """What a kWh brings, by indicator: g of CO2e, kg Sb, MJ, L, CTUh; an indicator that is not known is not in it."""

    name: str
    per_kwh: Mapping[str, Factor]


@dataclass(frozen=True)
class SharedEquipment:
    """A thing that is made once and used by many: its making by indicator (kg of CO2e, kg Sb, MJ, L, CTUh), how many
    years it lasts, and the share of them in which it works (the active utilisation rate).

    A use bears `time / (lifetime × active)` of the making.
    """

    name: str
    making: Mapping[str, Factor]
    lifetime: Factor
    active: Factor


@dataclass(frozen=True)
class Medium:
    """A network: kWh for each GB that passes it, and what building it brings for each GB."""

    name: str
    kwh_per_gb: Factor
    making_per_gb: Mapping[str, Factor] = field(default_factory=dict)


@dataclass(frozen=True)
class Entry:
    """One line of the inventory, of a `part` of the service (terminal, network, hosting, inference, training …).

    `count` pieces of `equipment` for `hours` (h) each, which draw `power` (W) then and `idle_power` in the time that
    they stand by; `energy` in kWh beside that; `gigabytes` through a `medium`. `ratio` is what the site draws over what
    these draw (a PUE, or all of a cluster over its work). `served`: the visits that a thing done once serves, by which
    it is allocated to one of them.
    FactorError for an entry that takes nothing, an unknown basis, energy without electricity, time without equipment.
    """

    name: str
    part: str
    basis: str = "visit"
    equipment: SharedEquipment | None = None
    count: float = 1.0
    hours: Factor | None = None
    power: Factor | None = None
    idle_power: Factor | None = None
    energy: Factor | None = None
    gigabytes: Factor | None = None
    medium: Medium | None = None
    ratio: Factor | None = None
    electricity: Electricity | None = None
    served: Factor | None = None

    def __post_init__(self) -> None:
        if self.basis not in BASES:
            raise FactorError(f"{self.name}: an entry is for each {', '.join(BASES)}, not for {self.basis!r}")
        draws = (self.power, self.idle_power, self.energy)
        if self.equipment is None and self.energy is None and self.gigabytes is None:
            raise FactorError(f"{self.name} takes nothing: give equipment with hours, energy_kwh, or gigabytes")
        if (self.equipment is not None or self.power is not None) and self.hours is None:
            raise FactorError(f"{self.name}: equipment and power need hours")
        if (self.gigabytes is None) != (self.medium is None):
            raise FactorError(f"{self.name}: gigabytes need a medium, and a medium gigabytes")
        if any(draw is not None for draw in (*draws, self.medium)) and self.electricity is None:
            raise FactorError(f"{self.name}: what draws power needs an electricity")
        if self.idle_power is not None and self.equipment is None:
            raise FactorError(
                f"{self.name}: idle power needs an equipment, whose active share says how long it stands by"
            )


@dataclass(frozen=True)
class FunctionalUnit:
    """What a result is for: so many visits and years. `once`: names of entries done once that count; "by use" their
    share of these visits, "whole" all of them. `hours`: of entries whose time differs from the inventory's, by name."""

    name: str
    visits: Factor
    years: float = 0.0
    once: tuple[str, ...] = ()
    allocation: str = "by use"
    hours: Mapping[str, Factor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.allocation not in ("by use", "whole"):
            raise FactorError(f"{self.name}: what was done once counts by use or whole, not {self.allocation!r}")


@dataclass(frozen=True)
class Inventory:
    """A service's entries and functional units. FactorError where a unit names an entry that is none, or one that has
    to be allocated by use and does not say how many visits it serves."""

    name: str
    entries: tuple[Entry, ...]
    units: tuple[FunctionalUnit, ...]
    source: str = ""
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        names = [entry.name for entry in self.entries]
        if len(set(names)) < len(names):
            raise FactorError(f"{self.name}: two entries have one name: rename one of them")
        by_name = {entry.name: entry for entry in self.entries}
        for unit in self.units:
            for name in (*unit.once, *unit.hours):
                if name not in by_name:
                    raise FactorError(
                        f"{unit.name}: no entry is named {name!r}.{did_you_mean(near_matches(name, names))}"
                    )
            for name in unit.once:
                if by_name[name].basis != "once":
                    raise FactorError(f"{unit.name}: {name} is for each {by_name[name].basis}, not done once")
                if unit.allocation == "by use" and by_name[name].served is None:
                    raise FactorError(f"{unit.name}: {name} does not say how many visits it serves (serves_visits)")

    def unit(self, name: str) -> FunctionalUnit:
        """The functional unit of this name. FactorError with those that there are."""
        for unit in self.units:
            if unit.name.casefold() == name.casefold():
                return unit
        raise FactorError(
            f"{self.name} has no functional unit {name!r}; it has {', '.join(u.name for u in self.units)}"
        )
