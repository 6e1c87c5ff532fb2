"""The user's own factors: a TOML or JSON file whose values win over every bundled one.

    [intensity.FR]                      # kind, then the name within the kind
    value = 21.7
    unit = "g/kWh"                      # has to be said: a wrong unit is an error, never converted silently
    low = 18.0                          # optional, as are high, year, source, url, licence, method
    high = 30.0
    year = 2025
    source = "RTE, bilan électrique 2025"

    [cpu_tdp."My CPU 9000"]
    value = 95
    unit = "W"
    cores = 8

    [transport.carbon]                  # a cell of the matrix, of a machine without its cards; of a card it is
    value = 40                          # [transport_carbon."NVIDIA H100"]
    unit = "kg"

    intensity_table = "owid-energy-data.csv"    # above all tables: every country and year of Our World in Data's file
    zone_package = "ecologits"                  # above all tables: water, primary energy, elements from that package

The file is named by `use_overrides(path)` or by the environment variable `IMPACT_TRACKER_FACTORS`.
TOML needs Python 3.11 or the package `tomli`; JSON (the same tables as objects) needs neither.
"""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import complain
from .factor import Factor, FactorError, did_you_mean, near_matches
from .hardware_names import bare_name
from .installed_zones import ZONE_PACKAGES
from .life_cycle import CELL_KINDS, INDICATOR_UNITS, SERVER, STAGES_OF_MACHINES, cell_kind
from .plausible import doubts_of
from .user_file import Fields, UserFile
from .year_table import YearTable
from .zones import use_zones, zone_code

# kind of factor -> the unit that its values have
KINDS: dict[str, str] = {
    "intensity": "g/kWh",
    "intensity_marginal": "g/kWh",
    "intensity_residual": "g/kWh",
    "water": "L/kWh",
    "primary_energy": "MJ/kWh",
    "fossil_energy": "MJ/kWh",
    "adp": "kg Sb/kWh",
    "aware": "m3/m3",
    "human_toxicity": "CTUh/kWh",  # of electricity; no value may be bundled
    "pue": "1",
    "wue": "L/kWh",
    "fuel_lifecycle": "g/kWh",
    "fuel_direct": "g/kWh",
    "ram_power": "W/GB",
    "cpu_tdp": "W",
    "gpu_tdp": "W",
    "gpu_embodied": "kg",
    "server_embodied": "kg",
    **CELL_KINDS,  # of a machine without its cards ("server") or of a card
    "hour_factor": "g/h",
    "equivalent": "g",
    "boundary": "1/year",
    "price": "1/kWh",
}
ZONE_KINDS = {
    "intensity",
    "intensity_marginal",
    "intensity_residual",
    "water",
    "primary_energy",
    "fossil_energy",
    "adp",
    "aware",
    "human_toxicity",
}
_FIELDS = ("value", "unit", "low", "high", "year", "source", "url", "licence", "method", "cores", "note")
_ENVIRONMENT = "IMPACT_TRACKER_FACTORS"


class OverrideError(FactorError):
    """A fault of the user's file, with the file's name and line."""


class Overrides:
    """A user's file, read and checked whole at once: what is wrong in it is said before anything is weighed."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._factors: dict[tuple[str, str], Factor] = {}
        self._cores: dict[str, int] = {}
        self.years: YearTable | None = None
        self.zone_package: str | None = None
        if self.path.suffix.casefold() == ".csv":
            self.years = YearTable(self.path, OverrideError)
            return
        self._file = UserFile(path, "file of factors", OverrideError)
        tables = dict(self._file.tables)
        if "intensity_table" in tables:
            named = self._file.text(tables.pop("intensity_table"), ["intensity_table"])
            self.years = YearTable(self.path.parent / named, OverrideError)
        if "zone_package" in tables:
            self.zone_package = self._file.text(tables.pop("zone_package"), ["zone_package"])
            if self.zone_package not in ZONE_PACKAGES:
                known = ", ".join(ZONE_PACKAGES)
                raise self._file.fault(["zone_package"], f"zone_package is one of {known}, not {self.zone_package!r}")
        for kind, entries in tables.items():
            self._check_kind(kind, entries)
            for name, fields in entries.items():
                self._take(kind, name, fields)
                if kind in STAGES_OF_MACHINES:  # [transport.carbon] is [transport_carbon.server]
                    self._factors[cell_kind(kind, name), SERVER] = self._factors.pop((kind, bare_name(name)))

    def find(self, kind: str, name: str) -> Factor | None:
        """The user's factor of this kind and (normalised) name, if there is one."""
        return self._factors.get((kind, name))

    def names(self, kind: str) -> list[str]:
        """The names that the file gives for a kind."""
        return [name for k, name in self._factors if k == kind]

    def cores(self, name: str) -> int | None:
        """Cores of a processor, where the file gives them."""
        return self._cores.get(name)

    def _check_kind(self, kind: str, entries: object) -> None:
        if kind not in KINDS and kind not in STAGES_OF_MACHINES:
            hint = did_you_mean(near_matches(kind, KINDS)) or f" Known are {', '.join(sorted(KINDS))}."
            raise self._file.fault([kind], f"unknown kind of factor {kind!r}.{hint}")
        if not isinstance(entries, dict) or not all(isinstance(fields, dict) for fields in entries.values()):
            raise self._file.fault([kind], f"{kind} must hold one table for each name, with value and unit")
        if kind in STAGES_OF_MACHINES:
            self._file.check_names([kind], tuple(INDICATOR_UNITS), "indicator")

    def _take(self, kind: str, name: str, fields: Fields) -> None:
        self._file.check_names([kind, name], _FIELDS)
        for field in ("value", "unit"):
            if field not in fields:
                raise self._file.fault([kind, name], f"{kind}.{name} lacks {field!r}")
        unit = INDICATOR_UNITS[name][0] if kind in STAGES_OF_MACHINES else KINDS[kind]
        if fields["unit"] != unit:
            raise self._file.fault([kind, name, "unit"], f"{kind} is kept in {unit}, not in {fields['unit']!r}")
        key = self._key(kind, name)
        try:
            self._factors[kind, key] = self._factor(kind, name, fields)
        except FactorError as fault:
            raise self._file.fault([kind, name, "value"], str(fault)) from fault
        if "cores" in fields:
            cores = fields["cores"]
            if isinstance(cores, bool) or not isinstance(cores, int) or cores < 1:
                raise self._file.fault([kind, name, "cores"], f"cores must be a whole number above 0, not {cores!r}")
            self._cores[key] = cores

    def _factor(self, kind: str, name: str, fields: Fields) -> Factor:
        value, year = fields["value"], fields.get("year")
        if year is not None and (isinstance(year, bool) or not isinstance(year, int)):
            raise FactorError(f"year must be a whole number, not {year!r}")
        return Factor(
            value,
            fields["unit"],
            fields.get("low", value),
            fields.get("high", value),
            str(fields.get("source", f"user's file {self.path.name}")),
            str(fields.get("url", "")),
            year,
            str(fields.get("licence", "")),
            _method(kind, str(fields.get("method", ""))),
            "modelled",
            f"{kind}, {name}",
            str(fields.get("note", "")),
        )

    def _key(self, kind: str, name: str) -> str:
        if kind in ZONE_KINDS:
            try:
                return zone_code(name, self.years.rows if self.years else ())
            except FactorError as fault:
                raise self._file.fault([kind, name], str(fault)) from fault
        return bare_name(name)


def _method(kind: str, stated: str) -> str:
    """What the kind says of the method stands in it: such a factor cannot enter a total."""
    word = {"intensity_marginal": "marginal", "intensity_residual": "market-based"}.get(kind, "")
    return stated if word in stated else ", ".join(filter(None, [word, stated]))


_active: list[Overrides | None] = []


def use_overrides(path: str | Path | None) -> Overrides | None:
    """From now on the factors of this file win; `None`: only the bundled ones. OverrideError with the faulty line."""
    chosen = Overrides(path) if path is not None else None
    _active[:] = [chosen]
    use_zones(chosen.years.rows if chosen and chosen.years else ())
    _tell_doubts(chosen)
    return chosen


def _tell_doubts(chosen: Overrides | None) -> None:
    """Warn of values that no grid and no site has, by the rules for what is typed."""
    if chosen is None:
        return
    for kind in ("intensity", "pue", "wue"):
        for name in chosen.names(kind):
            factor = chosen.find(kind, name)
            for _, doubt in doubts_of({kind: factor.value}) if factor else ():
                complain(f"{kind}, {name} in {chosen.path.name}: {doubt}")


def active_overrides() -> Overrides | None:
    """The file in use: that of `use_overrides`, else that of the environment."""
    if not _active:
        use_overrides(os.environ.get(_ENVIRONMENT) or None)
    return _active[0]


def overridden(kind: str, name: str) -> Factor | None:
    """The user's factor of this kind and normalised name, if there is one."""
    overrides = active_overrides()
    return overrides.find(kind, name) if overrides else None
