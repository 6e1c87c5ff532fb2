"""Intensities by zone and year from a file that the user fetched: Our World in Data's, Ember's or Electricity Maps'.

    country,year,iso_code,…,carbon_intensity_elec,…          owid-energy-data.csv
    Entity,Code,Year,Carbon intensity of electricity …       a download of Our World in Data's chart
    Area,ISO 3 code,Year,…,Variable,Unit,Value,…             Ember's yearly data, long format: its CO2 intensity
    entity,entity_code,…,date,emissions_intensity_gco2_per_kwh   Ember's service, yearly
    Datetime (UTC),Country,…,Zone id,…,Carbon intensity gCO₂eq/kWh (Life cycle),…    Electricity Maps, yearly
    {"FR": {"carbonIntensity": {"value": 33}}, …}            the same from the Green Web Foundation, yearly_2024.json

Given as the file of factors itself (`--factors owid-energy-data.csv`), or named in it:
`intensity_table = "owid-energy-data.csv"`. Electricity Maps follows the flows, so its values are of what a zone
consumes; its licence (ODbL) lets nobody bundle them, and anybody read them.
"""

from __future__ import annotations

import csv
import json
import math
import re
from pathlib import Path
from typing import NamedTuple

from .factor import FactorError
from .tables import table

_CODES = ("iso_code", "code", "iso 3 code", "country code", "entity_code", "zone id", "zone key")
_VALUES = (
    "carbon_intensity_elec",
    "carbon intensity of electricity",
    "intensity_g_per_kwh",
    "emissions_intensity_gco2_per_kwh",
    "carbon intensity gco₂eq/kwh (life cycle)",
    "carbon intensity gco2eq/kwh (life cycle)",
)
_YEARS = ("year", "datetime (utc)", "date")
_NAMES = ("country", "entity", "area")
_LONG = "co2 intensity"  # of the many variables of Ember's long format
# Codes that are Our World in Data's own, and names of what has no code.
_ALIASES = {"OWID_WRL": "WORLD", "OWID_KOS": "XKX"}
_GROUPS = {"world": "WORLD", "eu": "EU", "european union": "EU", "european union (27)": "EU"}
_PRODUCTION = "lifecycle, production, average, location-based, yearly"
_CONSUMPTION = "lifecycle, consumption, average, location-based, yearly"


class _Columns(NamedTuple):
    """Where a table holds what; `variable`: of a long format, else -1."""

    code: int
    year: int
    value: int
    name: int
    variable: int


class YearTable:
    """`rows`: ISO alpha-3 code, code of a zone within a country (US-CA), or `WORLD` -> [year, g/kWh] by year; `method`:
    the convention of all of them.

    Empty values are holes; groups of countries are left out. `error` (a FactorError) with file and line for a value
    that is none."""

    def __init__(self, path: str | Path, error: type[FactorError] = FactorError) -> None:
        self.path = Path(path)
        self.rows: dict[str, list[tuple[int, float]]] = {}
        self.method = _PRODUCTION
        try:
            if self.path.suffix.casefold() == ".json":
                self._read_json(error)
            else:
                self._read_csv(error)
        except (OSError, UnicodeDecodeError, csv.Error, json.JSONDecodeError) as fault:
            raise error(f"{self.path}: the table of intensities cannot be read: {fault}") from fault
        if not self.rows:
            raise error(f"{self.path}: it holds no intensity of a country")
        for values in self.rows.values():
            values.sort()

    def _read_csv(self, error: type[FactorError]) -> None:
        with self.path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.reader(stream)
            at = self._columns(next(reader, []), error)
            for row in reader:
                if len(row) <= max(at) or not row[at.value].strip():
                    continue
                if at.variable >= 0 and row[at.variable].strip().casefold() != _LONG:
                    continue
                code = row[at.code].strip() or _GROUPS.get(row[at.name].strip().casefold(), "")
                self._take(code, row[at.year], row[at.value], f"{self.path}:{reader.line_num}", error)

    def _read_json(self, error: type[FactorError]) -> None:
        year = re.search(r"(?:19|20)\d\d", self.path.stem)
        zones = json.loads(self.path.read_text(encoding="utf-8"))
        if year is None or not isinstance(zones, dict):
            raise error(f"{self.path}: no table of intensities: it needs zones, and the year in the file's name")
        self.method = _CONSUMPTION
        for code, fields in zones.items():
            intensity = fields.get("carbonIntensity") if isinstance(fields, dict) else None
            value = intensity.get("value") if isinstance(intensity, dict) else None
            if value is not None:
                self._take(code, year.group(), str(value), f"{self.path}: {code}", error)

    def _columns(self, head: list[str], error: type[FactorError]) -> _Columns:
        names = [name.strip().casefold() for name in head]
        code = next((names.index(name) for name in _CODES if name in names), None)
        year = next((names.index(name) for name in _YEARS if name in names), None)
        value = next((i for i, name in enumerate(names) if name.startswith(_VALUES)), None)
        long = value is None and "variable" in names and "value" in names
        if long:
            value = names.index("value")
        if code is None or value is None or year is None:
            raise error(
                f"{self.path}:1: no table of intensities: it needs the columns {' or '.join(_CODES[:2])}, year and"
                f" {' or '.join(_VALUES[:3])}, or those of Ember or Electricity Maps"
            )
        if names[code].startswith("zone"):
            self.method = _CONSUMPTION
        name = next((names.index(name) for name in _NAMES if name in names), code)
        return _Columns(code, year, value, name, names.index("variable") if long else -1)

    def _take(self, code: str, year: str, value: str, where: str, error: type[FactorError]) -> None:
        word = code.strip().upper()
        word = _ALIASES.get(word, word)
        if self.method == _CONSUMPTION and len(word) == 2:
            word = next((row[0] for row in table("country_intensity")["rows"] if row[1] == word), word)
        if word not in ("WORLD", "EU") and len(word) != 3 and "-" not in word:
            return
        try:
            grams, when = float(value), int(year[:4])
        except ValueError:
            raise error(f"{where}: {value!r} of {year!r} is no intensity of a year") from None
        if not math.isfinite(grams) or grams < 0:
            raise error(f"{where}: an intensity must be finite and not negative, not {value}")
        if grams > 0:  # no grid has an intensity of 0: the source writes 0 where it has no value
            values = self.rows.setdefault(word, [])
            if any(told == when for told, _ in values):
                raise error(f"{where}: a second value of {word} {when}: a table holds one of each year, none of months")
            values.append((when, grams))
