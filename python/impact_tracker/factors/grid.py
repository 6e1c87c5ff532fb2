"""Carbon intensity of electricity by zone and year.

Every bundled value follows one convention, which its method says: life cycle, of what the zone produces, average,
location-based. Values of other conventions come from the user's file, or stand apart (`marginal_intensity`).
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import replace

from .factor import Factor, FactorError
from .finer import finer_intensity
from .overrides import active_overrides, overridden
from .ranges import zone_intensity
from .tables import Row, Table, published, table
from .zones import zone_code


def intensity(zone: str | None = None, year: int | None = None) -> Factor:
    """Carbon intensity of a zone's electricity in g CO2e per kWh: yearly mean of what it produced, life cycle.

    `zone`: ISO 3166 alpha-2 or alpha-3 code or name of a country, in any case; a state, province or bidding zone
    (`US-CA`, `CA-QC`, `SE-SE3`); `EU`; `None`: the average of all countries weighted by generation, named as such,
    *estimated*, with the range of the countries. UnknownZoneError, with the names that look alike, for any other word.
    `year`: `None` for the newest the table holds; a year that it lacks gives the nearest earlier one (the first,
    where none is earlier), *estimated*, with a wider range and a note; FactorError for a year to come.
    A value of the user's own file wins over the tables, whatever the year.
    """
    data = table("country_intensity")
    wanted = _checked_year(year)
    active_overrides()  # its zones are known from here on
    code = "WORLD" if zone is None else zone_code(zone)
    own = overridden("intensity", code)
    if own:
        return _of_the_user(own, wanted)
    table_of_years = _users_years(code, wanted, named=zone is not None)
    if table_of_years:
        return table_of_years
    if code == "WORLD":
        return _world(data, wanted, named=zone is not None)
    if "-" in code:
        return finer_intensity(code, wanted)
    name, years = _years_of(code, data)
    index, note = _nearest([stated[0] for stated in years], wanted, name)
    described, value, source = years[index]
    note = "; ".join(filter(None, [note, data["sources"][source].get("note", "")]))
    return zone_intensity(
        data["sources"][source], value, code, name, year=described, wanted=wanted, method=data["method"], note=note
    )


def _years_of(code: str, data: Table) -> tuple[str, list[Row]]:
    if code == "EU":
        return "European Union", data["eu"]
    row = next(row for row in data["rows"] if row[0] == code)
    return row[2], row[3]


def _users_years(code: str, wanted: int | None, named: bool) -> Factor | None:
    """From the user's own table of zones and years; `None` where there is none, or no such zone in it."""
    overrides = active_overrides()
    years = overrides.years if overrides else None
    if years is None or code not in years.rows:
        return None
    index, note = _nearest([stated[0] for stated in years.rows[code]], wanted, code)
    described, value = years.rows[code][index]
    data = table("country_intensity")
    world = code == "WORLD"
    name = "world average" if world else next((row[2] for row in data["rows"] if row[0] == code), code)
    unasked = "" if named else "no zone was given"
    origin = {"source": f"user's file {years.path.name}", "url": "", "licence": ""}
    note = "; ".join(filter(None, [unasked, note]))
    return zone_intensity(origin, value, code, name, year=described, wanted=wanted, method=years.method, note=note)


def residual_intensity(zone: str) -> Factor:
    """Market-based intensity (residual mix, certificates), where the user's file says; none may be bundled."""
    return users_own("intensity_residual", zone, "market-based intensity")


def users_own(kind: str, zone: str, what: str, known: str = "") -> Factor:
    """The user's factor of a kind that no table may hold for a zone; FactorError with the remedy without one."""
    active_overrides()  # its zones are known from here on
    code = zone_code(zone)
    own = overridden(kind, code)
    if own is None:
        raise FactorError(f"no {what} is bundled for {code}: put [{kind}.{code}] in your file of factors{known}")
    return own


def _of_the_user(own: Factor, wanted: int | None) -> Factor:
    if wanted is None or own.year in (None, wanted):
        return own
    return replace(own, note=f"asked for {wanted}; the user's value is of {own.year}. {own.note}".strip())


def _checked_year(year: int | None) -> int | None:
    if year is None:
        return None
    if isinstance(year, bool) or not isinstance(year, int):
        raise FactorError(f"a year is a whole number, not {year!r}")
    this_year = datetime.datetime.now(datetime.timezone.utc).year
    if year > this_year:
        raise FactorError(f"no intensity is known for {year}: it lies in the future (now is {this_year})")
    return year


def _nearest(years: Sequence[int], wanted: int | None, name: str) -> tuple[int, str]:
    """The index of the wanted year, of the nearest earlier or of the first, and a note where it is not the wanted one.

    `years` are in order; without a wanted year it is the newest.
    """
    if wanted is None:
        return len(years) - 1, ""
    earlier = [index for index, year in enumerate(years) if year <= wanted]
    index = earlier[-1] if earlier else 0
    if years[index] == wanted:
        return index, ""
    which = "the nearest earlier" if earlier else "the first"
    return index, f"{name} has no value for {wanted}; {which} is of {years[index]}"


def _world(data: Table, wanted: int | None, named: bool) -> Factor:
    index, note = _nearest([stated[0] for stated in data["world"]], wanted, "the world")
    described, mean, low, high = data["world"][index]
    origin = data["sources"][next(iter(data["sources"]))]
    method = "mean of all countries weighted by generation, range of the countries"
    method = method if named else f"no zone was given: {method}"
    return published(
        origin,
        mean,
        data["unit"],
        "carbon intensity of electricity, world average",
        low=low,
        high=high,
        year=described,
        method=data["method"],
        quality="estimated",
        note=f"{method}; {note}" if note else method,
    )
