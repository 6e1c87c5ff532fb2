"""An inventory of a service from the user's file, TOML or JSON. Numbers may be `[low, best, high]`.

name = "our image generator"
source = "who counted it"                    # a table's own source = "…" wins; note = "…" is kept with its numbers
[electricity.here]                           # zone = "FR" takes the tables' factors; a number wins over them
carbon_g_per_kwh = 50
adp_kg_sb_per_kwh = 5e-8                     # primary_energy_mj_…, water_l_…, human_toxicity_ctuh_per_kwh
[equipment.server]
carbon_kg = [2000, 2500, 4000]               # adp_kg_sb, primary_energy_mj, water_l, human_toxicity_ctuh
lifetime_years = 5
active = 0.4                                 # of its life; a use bears time / (life × active)
[medium.network]
kwh_per_gb = 0.06                            # carbon_kg_per_gb … of building it
[entries."generation"]
part = "inference"
each = "visit"                               # visit, year, or once
equipment = "server"
count = 1
seconds = 12                                 # or hours
power_w = 500                                # while it works; idle_power_w: while it stands by
energy_kwh = 0.0055
ratio = 1.2                                  # all that the site draws over that
electricity = "here"
[entries."pages"]
part = "network"
each = "visit"
gigabytes = 0.01
medium = "network"
electricity = "here"
[entries."training"]
part = "training"
each = "once"
energy_kwh = 34e3
electricity = "here"
serves_visits = 25e6                         # allocation by use
[units."a visit"]
visits = 1
once = ["training"]                          # its share of this visit
[units."a year of service"]
visits = 40e6
years = 1
once = ["training"]
allocation = "whole"
seconds = {generation = 14}                  # where it differs
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from ..factors import Factor, FactorError, intensity, zone_code
from ..factors.examples import file_or_example
from ..factors.factor import did_you_mean, near_matches
from ..factors.life_cycle import INDICATOR_UNITS
from ..factors.user_file import UserFile
from ..footprint import making_total, zone_factor
from .inventory import Electricity, Entry, FunctionalUnit, Inventory, Medium, SharedEquipment
from .workload import MACHINE_FIELDS, Fields, machine_of

_Thing = TypeVar("_Thing")

_SUFFIX = {"carbon": "kg", "adp": "kg_sb", "primary_energy": "mj", "water": "l", "human_toxicity": "ctuh"}
_PER = {"": "", "_per_kwh": "/kWh", "_per_gb": "/GB"}
_PER_KWH = {indicator: ("g" if indicator == "carbon" else suffix) for indicator, suffix in _SUFFIX.items()}
_FIRST = ("name", "source", "notes", "electricity", "equipment", "medium", "entries", "units")
_ENTRY = (
    *("part", "each", "equipment", "count", "hours", "seconds", "power_w", "idle_power_w", "energy_kwh"),
    *("gigabytes", "medium", "ratio", "electricity", "serves_visits", "source", "note"),
)
_UNIT = ("visits", "years", "once", "allocation", "hours", "seconds", "source", "note")


def read_inventory(path: str | Path) -> Inventory:
    """A service's inventory; a name of a bundled example ("stable-diffusion") is its file. FactorError with file and
    line for what is wrong in it."""
    file = UserFile(file_or_example(path, "services"), "inventory of a service")
    file.check_names([], _FIRST)
    for needed in ("entries", "units"):
        if not isinstance(file.tables.get(needed), dict) or not file.tables[needed]:
            raise file.fault([needed], f"it lacks [{needed}.NAME]: see the example in docs/footprint.md")
    tables = _Tables(file)
    notes = file.tables.get("notes", [])
    if not isinstance(notes, list) or not all(isinstance(note, str) for note in notes):
        raise file.fault(["notes"], "notes is a list of texts")
    name = file.text(file.tables["name"], ["name"]) if "name" in file.tables else file.path.stem
    entries = tuple(tables.entry(entry) for entry in file.table("entries"))
    units = tuple(tables.unit(unit) for unit in file.table("units"))
    try:
        return Inventory(name, entries, units, tables.source, tuple(notes))
    except FactorError as fault:
        raise file.fault(["units"], str(fault)) from fault


class _Tables:
    """The file's tables as types, each with its checks."""

    def __init__(self, file: UserFile) -> None:
        self.file = file
        self.source = (
            file.text(file.tables["source"], ["source"]) if "source" in file.tables else f"stated in {file.path.name}"
        )
        self.electricity = {name: self._electricity(name) for name in self._names("electricity")}
        self.equipment = {name: self._equipment(name) for name in self._names("equipment")}
        self.medium = {name: self._medium(name) for name in self._names("medium")}

    def _names(self, table: str) -> list[str]:
        return list(self.file.table(table)) if table in self.file.tables else []

    def _factor(self, where: list[str], field: str, unit: str, what: str, scale: float = 1.0) -> Factor | None:
        fields = self.file.table(*where)
        if field not in fields:
            return None
        low, best, high = (scale * end for end in self.file.span(fields[field], [*where, field], 0.0))
        source = self._text(where, "source") or self.source
        note = self._text(where, "note") or ""
        quality = "estimated" if "fitted" in note or "assum" in note else "modelled"
        return Factor(best, unit, low, high, source, name=f"{what}, {where[-1]}", note=note, quality=quality)

    def _text(self, where: list[str], field: str) -> str | None:
        fields = self.file.table(*where)
        return self.file.text(fields[field], [*where, field]) if field in fields else None

    def _amounts(self, where: list[str], suffixes: Mapping[str, str], per: str, what: str) -> dict[str, Factor]:
        amounts = {}
        for indicator, suffix in suffixes.items():
            unit = "g" if suffix == "g" else INDICATOR_UNITS[indicator][0]
            words = f"{indicator.replace('_', ' ')} of {what}"
            factor = self._factor(where, f"{indicator}_{suffix}{per}", unit + _PER[per], words)
            if factor is not None:
                amounts[indicator] = factor
        return amounts

    def _electricity(self, name: str) -> Electricity:
        where = ["electricity", name]
        known = [f"{indicator}_{suffix}_per_kwh" for indicator, suffix in _PER_KWH.items()]
        self.file.check_names(where, (*known, "zone", "source", "note"))
        factors: dict[str, Factor] = {}
        zone = self._text(where, "zone")
        if zone is not None:
            try:
                zone_code(zone)
            except FactorError as fault:
                raise self.file.fault([*where, "zone"], str(fault)) from fault
            factors["carbon"] = intensity(zone)
            for indicator in ("adp", "primary_energy", "water"):
                factor = zone_factor(indicator, zone)
                if factor is not None:
                    factors[indicator] = factor
        factors.update(self._amounts(where, _PER_KWH, "_per_kwh", "electricity"))
        if not factors:
            raise self.file.fault(where, f"{name} brings nothing: give zone or carbon_g_per_kwh")
        return Electricity(name, factors)

    def _equipment(self, name: str) -> SharedEquipment:
        where = ["equipment", name]
        known = [f"{indicator}_{suffix}" for indicator, suffix in _SUFFIX.items()]
        self.file.check_names(where, (*known, "machine", "lifetime_years", "active", "source", "note"))
        years = self._factor(where, "lifetime_years", "year", "lifetime")
        active = self._factor(where, "active", "1", "share of its life in which it works")
        if years is None or active is None:
            raise self.file.fault(where, f"{name} needs lifetime_years and active")
        if not (active.low > 0 and active.high <= 1 and years.low > 0):
            raise self.file.fault(
                [*where, "active"], f"{name}: active lies above 0 and up to 1, lifetime_years above 0"
            )
        making = {**self._by_parts(name), **self._amounts(where, _SUFFIX, "", "making")}
        return SharedEquipment(name, making, years, active)

    def _by_parts(self, name: str) -> dict[str, Factor]:
        """The making of equipment that is described by its parts, from the component models."""
        where = ["equipment", name]
        if "machine" not in self.file.table(*where):
            return {}
        self.file.check_names([*where, "machine"], MACHINE_FIELDS)
        try:
            machine = machine_of(Fields(self.file, *where), self.source)
        except FactorError as fault:
            raise self.file.fault([*where, "machine"], str(fault)) from fault
        making = {}
        for indicator in ("carbon", "adp", "primary_energy"):
            made = making_total(machine, indicator) if machine is not None else None
            if made is None or made.value is None or made.low is None or made.high is None:
                continue
            unit, scale = INDICATOR_UNITS[indicator]
            low, best, high = (end / scale for end in (made.low, made.value, made.high))
            source = f"component models (docs/hardware.md) of the parts that {self.source} states"
            named = f"{indicator.replace('_', ' ')} of making, {name}"
            making[indicator] = Factor(best, unit, low, high, source, name=named, note=made.note)
        return making

    def _medium(self, name: str) -> Medium:
        where = ["medium", name]
        known = [f"{indicator}_{suffix}_per_gb" for indicator, suffix in _SUFFIX.items()]
        self.file.check_names(where, (*known, "kwh_per_gb", "source", "note"))
        energy = self._factor(where, "kwh_per_gb", "kWh/GB", "energy of data")
        if energy is None:
            raise self.file.fault(where, f"{name} needs kwh_per_gb")
        return Medium(name, energy, self._amounts(where, _SUFFIX, "_per_gb", "building"))

    def _hours(self, where: list[str]) -> Factor | None:
        fields = self.file.table(*where)
        if "hours" in fields and "seconds" in fields:
            raise self.file.fault([*where, "seconds"], f"{where[-1]}: give hours or seconds, not both")
        return self._factor(where, "hours", "h", "time") or self._factor(where, "seconds", "h", "time", 1 / 3600.0)

    def entry(self, name: str) -> Entry:
        where = ["entries", name]
        self.file.check_names(where, _ENTRY)
        fields = self.file.table(*where)
        if "part" not in fields:
            raise self.file.fault(where, f'{name} lacks part = "terminal", "network", "hosting", "inference" …')
        try:
            return Entry(
                name,
                self.file.text(fields["part"], [*where, "part"]),
                self._text(where, "each") or "visit",
                self._chosen(where, "equipment", self.equipment),
                self.file.span(fields["count"], [*where, "count"], 0.0)[1] if "count" in fields else 1.0,
                self._hours(where),
                self._factor(where, "power_w", "W", "power"),
                self._factor(where, "idle_power_w", "W", "power while standing by"),
                self._factor(where, "energy_kwh", "kWh", "energy"),
                self._factor(where, "gigabytes", "GB", "data"),
                self._chosen(where, "medium", self.medium),
                self._factor(where, "ratio", "1", "all that the site draws over what this draws"),
                self._chosen(where, "electricity", self.electricity),
                self._factor(where, "serves_visits", "1", "visits served"),
            )
        except FactorError as fault:
            if str(fault).startswith(str(self.file.path)):
                raise
            raise self.file.fault(where, str(fault)) from fault

    def _chosen(self, where: list[str], field: str, known: Mapping[str, _Thing]) -> _Thing | None:
        name = self._text(where, field)
        if name is None:
            return None
        if name not in known:
            near = did_you_mean(near_matches(name, known)) or f" There are {', '.join(known) or 'none'}."
            raise self.file.fault([*where, field], f"{where[-1]}: no {field} is named {name!r}.{near}")
        return known[name]

    def unit(self, name: str) -> FunctionalUnit:
        where = ["units", name]
        self.file.check_names(where, _UNIT)
        fields = self.file.table(*where)
        visits = self._factor(where, "visits", "1", "visits")
        if visits is None:
            raise self.file.fault(where, f"{name} lacks visits = …")
        once = fields.get("once", [])
        if not isinstance(once, list) or not all(isinstance(entry, str) for entry in once):
            raise self.file.fault([*where, "once"], "once is a list of names of entries")
        years = self.file.span(fields["years"], [*where, "years"], 0.0)[1] if "years" in fields else 0.0
        hours: dict[str, Factor] = {}
        for field, scale in (("hours", 1.0), ("seconds", 1 / 3600.0)):
            if field in fields:
                for entry in self.file.table(*where, field):
                    span = self.file.span(self.file.table(*where, field)[entry], [*where, field, entry], 0.0)
                    low, best, high = (scale * end for end in span)
                    note = self._text(where, "note") or ""
                    hours[entry] = Factor(best, "h", low, high, self.source, name=f"time, {entry}", note=note)
        allocation = self._text(where, "allocation") or "by use"
        try:
            return FunctionalUnit(name, visits, years, tuple(once), allocation, hours)
        except FactorError as fault:
            raise self.file.fault([*where, "allocation"], str(fault)) from fault
