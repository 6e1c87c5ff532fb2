"""Factors of hours: carbon of an hour of a core or of a card of a computing centre, in the two parts that let it be
carried to another grid, and the file in which a cluster keeps a year's own factors.

    {"format": "impact-tracker hour factors",
     "cluster": "dahu", "year": 2025, "source": "accounting of all jobs of 2025",
     "intensity_g_per_kwh": [45, 52, 60],         low, best, high; or one number
     "factors": {
       "dahu core": {"unit": "core", "hours": 61e6, "electricity_kwh": [1.3e6, 1.4e6, 1.5e6], "rest_kg": 130e3},
       "dahu A100": {"unit": "card", "hours": 2.4e5, "electricity_kwh": 1.2e5, "rest_kg": null, "scope": "no staff"}}}

`electricity_kwh` is that of all these hours, with cooling and network; `rest_kg` is all else (making, staff, travel).
`null` is what nobody knows: never 0. TOML holds the same tables. `write_hours` writes the JSON.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from ..whole_file import write_whole_text
from .constants import UnknownFactorError
from .factor import Factor, FactorError, did_you_mean, near_matches
from .overrides import active_overrides
from .tables import published, table
from .user_file import UserFile

UNITS_OF_HOURS = ("core", "card")
FILE_FORMAT = "impact-tracker hour factors"
# Published factors state no error. Two French centres that count everything differ by this factor (4.68 and 3.6 g).
CENTRES_SPREAD = 1.3


@dataclass(frozen=True)
class HourFactor:
    """Carbon of an hour of one `unit` ("core" or "card"): `power` (W, with cooling and network) × `grid` (g/kWh), and
    the `rest` (g/h: making, staff, travel, whatever the centre counts).

    `None` for a part that is not told apart; then `total` (g/h) alone is known and cannot be carried to another grid.
    A `rest` that is `None` beside a power is not in the total. `scope` says in words what is counted.
    FactorError for another unit, parts in a wrong unit, and where neither parts nor total are known.
    """

    name: str
    unit: str
    power: Factor | None
    grid: Factor | None
    rest: Factor | None
    total: Factor | None = None
    scope: str = ""

    def __post_init__(self) -> None:
        if self.unit not in UNITS_OF_HOURS:
            raise FactorError(f"{self.name}: the unit of an hour is core or card, not {self.unit!r}")
        parts = (("power", self.power, "W"), ("grid", self.grid, "g/kWh"), ("rest", self.rest, "g/h"))
        for what, factor, unit in (*parts, ("total", self.total, "g/h")):
            if factor is not None and factor.unit != unit:
                raise FactorError(f"{self.name}: its {what} is in {unit}, not in {factor.unit!r}")
        if (self.power is None) != (self.grid is None) or (self.power is None and self.total is None):
            raise FactorError(f"{self.name}: an hour needs a power with a grid, or a total")

    @property
    def can_be_carried(self) -> bool:
        """Whether its electricity is told apart."""
        return self.power is not None

    def carried(self, grid: Factor) -> HourFactor:
        """The same hours on another grid: the power is that of the machine, the rest stays. FactorError where the
        electricity is not told apart."""
        if self.power is None:
            raise FactorError(
                f"{self.name}: its electricity is not told apart, so that it cannot be carried to another grid."
                f" Factors that can: {', '.join(n for n in hour_names(self.unit) if hours_of(n).can_be_carried)}"
            )
        return replace(self, grid=grid, total=None)


def hour_names(unit: str | None = None) -> list[str]:
    """The names of the factors of a unit ("core", "card"), of both without one; the user's own first."""
    overrides = active_overrides()
    own = [name for name in (overrides.names("hour_factor") if overrides else []) if unit in (None, "core")]
    return [*own, *(name for name, row in table("hour_factors")["rows"].items() if unit in (None, row[0]))]


def hours_of(name: str, unit: str | None = None) -> HourFactor:
    """The factor of this name, of the user's file or of the table. UnknownFactorError with the names of this unit that
    look alike; FactorError for a factor of another unit."""
    own = _own(name, unit)
    rows = table("hour_factors")["rows"]
    known = own or next((_published(n) for n in rows if n.casefold() == name.casefold().strip()), None)
    if known is None:
        near = near_matches(name, hour_names(unit))
        words = did_you_mean(near) or f" Known are {', '.join(hour_names(unit))}."
        remedy = (
            f' A factor of your own goes under [hour_factor."{name}"] of the file of factors (g/h), or in --hours-file'
        )
        raise UnknownFactorError(f"no carbon of an hour is published for {name!r}.{words}{remedy}")
    if unit is not None and known.unit != unit:
        names = ", ".join(hour_names(unit))
        raise FactorError(f"{name!r} is of an hour of a {known.unit}, not of a {unit}; of a {unit} are {names}")
    return known


def _own(name: str, unit: str | None) -> HourFactor | None:
    from .hardware_names import bare_name
    from .overrides import overridden

    factor = overridden("hour_factor", bare_name(name))
    own_unit = "card" if name.casefold().startswith("card") else "core"
    return None if factor is None else HourFactor(name, unit or own_unit, None, None, None, factor, factor.note)


@cache
def _published(name: str) -> HourFactor:
    unit, watts, intensity, rest, total, year, source, scope = table("hour_factors")["rows"][name]
    origin = table("hour_factors")["sources"][source]
    note = f"{scope}; range: our assumption, a factor of {CENTRES_SPREAD:g}, by which centres differ"

    def part(value: float | None, in_unit: str, what: str, spread: float = CENTRES_SPREAD) -> Factor | None:
        if value is None:
            return None
        named = f"{what}, {name}"
        words = note if spread > 1 else ""
        low, high = value / spread, value * spread
        return published(origin, value, in_unit, named, low=low, high=high, year=year, note=words)

    return HourFactor(
        name,
        unit,
        part(watts, "W", f"mean power of a {unit} with all that serves it"),
        part(intensity, "g/kWh", "carbon intensity of electricity", 1.0),
        part(rest, "g/h", f"carbon of an hour of a {unit} beside its electricity"),
        part(total, "g/h", f"carbon of an hour of a {unit}") if watts is None else None,
        scope,
    )


@dataclass(frozen=True)
class ClusterYear:
    """A cluster's own factors of one year, by name."""

    cluster: str
    year: int
    source: str
    factors: Mapping[str, HourFactor]


def own_hour_factor(
    name: str,
    unit: str,
    *,
    hours: float,
    electricity_kwh: float | Sequence[float],
    grid: Factor,
    rest_kg: float | Sequence[float] | None = None,
    source: str,
    year: int | None = None,
    scope: str = "",
) -> HourFactor:
    """A factor from a year's accounts: all hours of all cores (or cards), their electricity, and all else in kg, `None`
    where it is not known. FactorError for no hours."""
    if not (math.isfinite(hours) and hours > 0):
        raise FactorError(f"{name}: hours must be above 0, not {hours!r}")

    def an_hour(amount: float | Sequence[float], scale: float, in_unit: str, what: str) -> Factor:
        low, best, high = (amount,) * 3 if isinstance(amount, (int, float)) else amount
        low, best, high = (float(number) * scale / hours for number in (low, best, high))
        return Factor(best, in_unit, low, high, source, year=year, name=f"{what}, {name}", note=scope)

    power = an_hour(electricity_kwh, 1000.0, "W", f"mean power of a {unit} with all that serves it")
    rest = None
    if rest_kg is not None:
        rest = an_hour(rest_kg, 1000.0, "g/h", f"carbon of an hour of a {unit} beside its electricity")
    return HourFactor(name, unit, power, grid, rest, None, scope or _scope(rest))


def _scope(rest: Factor | None) -> str:
    return "" if rest is not None else "electricity alone: making and staff are not in it"


def write_hours(path: str | Path, year: ClusterYear) -> None:
    """The file of a cluster's year, in which each factor stands for one hour."""
    grids = {factor.grid for factor in year.factors.values() if factor.grid is not None}
    if len(grids) != 1 or any(factor.power is None for factor in year.factors.values()):
        raise FactorError("a cluster's year has one grid, and each of its factors a power")
    grid = grids.pop()
    factors = {}
    for name, factor in year.factors.items():
        power, rest = factor.power, factor.rest
        assert power is not None
        factors[name] = {
            "unit": factor.unit,
            "hours": 1.0,
            "electricity_kwh": [end / 1000.0 for end in (power.low, power.value, power.high)],
            "rest_kg": None if rest is None else [end / 1000.0 for end in (rest.low, rest.value, rest.high)],
            "scope": factor.scope,
        }
    document = {
        "format": FILE_FORMAT,
        "cluster": year.cluster,
        "year": year.year,
        "source": year.source,
        "intensity_g_per_kwh": [grid.low, grid.value, grid.high],
        "factors": factors,
    }
    write_whole_text(path, json.dumps(document, indent=1, ensure_ascii=False) + "\n")


def read_hours(path: str | Path) -> ClusterYear:
    """A cluster's own factors. FactorError with file and line for what is wrong in it."""
    file = UserFile(path, "file of hour factors")
    file.check_names([], ("format", "cluster", "year", "source", "intensity_g_per_kwh", "factors"))
    if file.tables.get("format") != FILE_FORMAT:
        raise file.fault(["format"], f'it lacks "format": "{FILE_FORMAT}"')
    for needed in ("cluster", "year", "intensity_g_per_kwh", "factors"):
        if needed not in file.tables:
            raise file.fault([needed], f"it lacks {needed}")
    cluster = file.text(file.tables["cluster"], ["cluster"])
    year = file.tables["year"]
    if isinstance(year, bool) or not isinstance(year, int):
        raise file.fault(["year"], f"year must be a whole number, not {year!r}")
    stated = file.tables.get("source")
    source = f"{cluster}, {year}" if stated is None else file.text(stated, ["source"])
    low, best, high = file.span(file.tables["intensity_g_per_kwh"], ["intensity_g_per_kwh"], 0.0)
    grid = Factor(best, "g/kWh", low, high, source, year=year, name=f"carbon intensity of electricity, {cluster}")
    factors = {name: _entry(file, name, grid, source, year) for name in file.table("factors")}
    if not factors:
        raise file.fault(["factors"], "it holds no factor")
    return ClusterYear(cluster, year, source, factors)


def _entry(file: UserFile, name: str, grid: Factor, source: str, year: int) -> HourFactor:
    where = ["factors", name]
    file.check_names(where, ("unit", "hours", "electricity_kwh", "rest_kg", "scope"))
    fields = file.table(*where)
    for needed in ("unit", "hours", "electricity_kwh"):
        if fields.get(needed) is None:
            raise file.fault(where, f"{name} lacks {needed}")
    rest = fields.get("rest_kg")
    scope = fields.get("scope") or ""
    try:
        return own_hour_factor(
            name,
            file.text(fields["unit"], [*where, "unit"]),
            hours=file.span(fields["hours"], [*where, "hours"], 0.0)[1],
            electricity_kwh=file.span(fields["electricity_kwh"], [*where, "electricity_kwh"], 0.0),
            grid=grid,
            rest_kg=None if rest is None else file.span(rest, [*where, "rest_kg"], 0.0),
            source=source,
            year=year,
            scope=file.text(scope, [*where, "scope"]) if scope else "",
        )
    except FactorError as fault:
        if str(fault).startswith(str(file.path)):
            raise
        raise file.fault(where, str(fault)) from fault
