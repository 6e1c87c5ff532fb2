"""Carbon intensity of electricity by country and year."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import replace

from .factor import Factor, FactorError, UnknownZoneError
from .overrides import active_overrides, overridden
from .tables import Table, published, table
from .zones import zone_code

# A publisher's value of a country and year lies within a factor of 1.33 of what all would say, in 95 % of cases: from
# the spread of eight countries' values of 2023 after Ember and after Electricity Maps (worked out in data/SOURCES.md).
SPREAD = 1.33


def intensity(zone: str | None = None, year: int | None = None) -> Factor:
    """Carbon intensity of a zone's electricity in g CO2e per kWh: yearly mean of what it produced, life cycle.

    `zone`: ISO 3166 alpha-2 or alpha-3 code or name of a country, in any case, or a state of the USA (`US-CA`;
    direct emissions only); `None`: the average of all countries weighted by generation, named as such, *estimated*,
    with the range of the countries. UnknownZoneError, with the names that look alike, for any other word.
    `year`: `None` for the newest the table holds; a year that it lacks gives the nearest earlier one (the first,
    where none is earlier), *estimated* and with a note; FactorError for a year to come.
    A value of the user's own file wins over the tables, whatever the year.
    """
    data = table("country_intensity")
    wanted = _checked_year(year)
    code = "WORLD" if zone is None else zone_code(zone)
    own = overridden("intensity", code)
    if own:
        return _of_the_user(own, wanted)
    table_of_years = _users_years(code, wanted, named=zone is not None)
    if table_of_years:
        return table_of_years
    if code == "WORLD":
        return _world(data, wanted, named=zone is not None)
    if code == "EU":
        raise UnknownZoneError(
            "no yearly mean of the EU is bundled: name a country, or put [intensity.EU] in your file"
        )
    if code.startswith("US-"):
        return _state(code, wanted)
    row = next(r for r in data["rows"] if r[0] == code)
    index, note = _nearest([stated[0] for stated in row[3]], wanted, row[2])
    described, value, source = row[3][index]
    origin = data["sources"][source]
    what = f"carbon intensity of electricity, {row[2]}"
    quality = "estimated" if note else "modelled"
    return _spread(value, data, origin, described, what, quality, note)


def _users_years(code: str, wanted: int | None, named: bool) -> Factor | None:
    """From the user's own table of countries and years; `None` where there is none, or no such country in it."""
    overrides = active_overrides()
    years = overrides.years if overrides else None
    if years is None or code not in years.rows:
        return None
    index, note = _nearest([stated[0] for stated in years.rows[code]], wanted, code)
    described, value = years.rows[code][index]
    data = table("country_intensity")
    world = code == "WORLD"
    name = "world average" if world else next((row[2] for row in data["rows"] if row[0] == code), code)
    origin = {"source": f"user's file {years.path.name}", "url": "", "licence": ""}
    unasked = "" if named else "no zone was given"
    quality = "estimated" if note or not named else "modelled"
    notes = "; ".join(filter(None, [unasked, note]))
    return _spread(value, data, origin, described, f"carbon intensity of electricity, {name}", quality, notes)


def marginal_intensity(zone: str) -> Factor:
    """What one kWh more would emit, where the user's file says: no table of it may be bundled, and it is never the
    average."""
    return _users_own("intensity_marginal", zone, "marginal intensity")


def residual_intensity(zone: str) -> Factor:
    """Market-based intensity (residual mix, certificates), where the user's file says; none may be bundled."""
    return _users_own("intensity_residual", zone, "market-based intensity")


def _users_own(kind: str, zone: str, what: str) -> Factor:
    code = zone_code(zone)
    own = overridden(kind, code)
    if own is None:
        raise FactorError(f"no {what} is bundled for {code}: put [{kind}.{code}] in your file of factors")
    return own


def _spread(
    value: float, data: Table, origin: Mapping[str, str], year: int, what: str, quality: str, note: str
) -> Factor:
    bounds = {"low": value / SPREAD, "high": value * SPREAD}
    unit, method = data["unit"], data["method"]
    return published(
        origin, value, unit, what, **bounds, year=year, method=method, quality=quality, note=note, spread="lognormal"
    )


def _of_the_user(own: Factor, wanted: int | None) -> Factor:
    if wanted is None or own.year in (None, wanted):
        return own
    return replace(own, note=f"asked for {wanted}; the user's value is of {own.year}. {own.note}".strip())


def _state(code: str, wanted: int | None) -> Factor:
    data = table("state_intensity")
    row = next(r for r in data["rows"] if r[0] == code)
    _, note = _nearest([data["year"]], wanted, row[1])
    origin = data["sources"]["egrid"]
    what = f"carbon intensity of electricity, {row[1]}, USA"
    return _spread(row[2], data, origin, data["year"], what, "estimated" if note else "modelled", note)


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
