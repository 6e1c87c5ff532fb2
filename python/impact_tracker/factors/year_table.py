"""Intensities of every country and year from a file that the user fetched: Our World in Data's or Ember's, as CSV.

    country,year,iso_code,…,carbon_intensity_elec,…          owid-energy-data.csv
    Entity,Code,Year,Carbon intensity of electricity …       a download of Our World in Data's chart

Given as the file of factors itself (`--factors owid-energy-data.csv`), or named in it:
`intensity_table = "owid-energy-data.csv"`.
"""

from __future__ import annotations

import csv
import math
from pathlib import Path

from .factor import FactorError

_CODES = ("iso_code", "code")
_VALUES = ("carbon_intensity_elec", "carbon intensity of electricity", "intensity_g_per_kwh")
_WORLD = "OWID_WRL"


class YearTable:
    """`rows`: ISO alpha-3 code (`WORLD` too) -> [year, g/kWh] by year. Empty values are holes; groups of countries
    are left out. `error` (a FactorError) with file and line for a value that is none."""

    def __init__(self, path: str | Path, error: type[FactorError] = FactorError) -> None:
        self.path = Path(path)
        self.rows: dict[str, list[tuple[int, float]]] = {}
        try:
            with self.path.open(newline="", encoding="utf-8-sig") as stream:
                reader = csv.reader(stream)
                code, year, value = self._columns(next(reader, []), error)
                for row in reader:
                    if len(row) > max(code, year, value) and row[value].strip():
                        self._take(row[code], row[year], row[value], f"{self.path}:{reader.line_num}", error)
        except (OSError, UnicodeDecodeError, csv.Error) as fault:
            raise error(f"{self.path}: the table of intensities cannot be read: {fault}") from fault
        if not self.rows:
            raise error(f"{self.path}: it holds no intensity of a country")
        for values in self.rows.values():
            values.sort()

    def _columns(self, head: list[str], error: type[FactorError]) -> tuple[int, int, int]:
        names = [name.strip().casefold() for name in head]
        code = next((names.index(name) for name in _CODES if name in names), None)
        value = next((i for i, name in enumerate(names) if name.startswith(_VALUES)), None)
        if code is None or value is None or "year" not in names:
            raise error(
                f"{self.path}:1: no table of intensities: it needs the columns {' or '.join(_CODES)}, year and"
                f" {' or '.join(_VALUES)}"
            )
        return code, names.index("year"), value

    def _take(self, code: str, year: str, value: str, where: str, error: type[FactorError]) -> None:
        word = "WORLD" if code.strip() == _WORLD else code.strip().upper()
        if word != "WORLD" and len(word) != 3:
            return
        try:
            grams, when = float(value), int(year)
        except ValueError:
            raise error(f"{where}: {value!r} of {year!r} is no intensity of a year") from None
        if not math.isfinite(grams) or grams < 0:
            raise error(f"{where}: an intensity must be finite and not negative, not {value}")
        if grams > 0:  # no grid has an intensity of 0: the source writes 0 where it has no value
            self.rows.setdefault(word, []).append((when, grams))
