"""What else a zone's electricity takes: water, primary energy, elements; and how scarce a zone's water is.

A published value counts; where nobody published one, the zone's mix of fuels gives it, *estimated*, with a wider range.
A zone within a country takes the country's, and says so.
"""

from __future__ import annotations

from dataclasses import replace

from .constants import UnknownFactorError
from .factor import Factor, FactorError, did_you_mean, near_matches
from .finer import country_of_zone
from .installed_zones import installed_factor
from .overrides import ZONE_KINDS, active_overrides, overridden
from .ranges import imports_of, mix_of
from .tables import published, table


def by_zone(kind: str, code: str) -> Factor:
    """The factor of a kind (`water`, `primary_energy`, `fossil_energy`, `adp`, `aware`) for a zone's code.

    From the user's file, else from the installed package that it names, else the published one, else from the zone's
    mix of fuels. UnknownFactorError where none of them knows the zone: never 0.
    """
    own = overridden(kind, code)
    if own:
        return own
    country = country_of_zone(code)
    if country != code:
        return _of_the_country(kind, code, country)
    overrides = active_overrides()
    if overrides and overrides.zone_package:
        installed = installed_factor(overrides.zone_package, kind, code)
        if installed:
            return installed
    if kind == "aware":
        return _scarcity(code)
    kinds = table("zone_factors")["kinds"]
    if kind not in kinds:
        if kind in ZONE_KINDS:
            raise UnknownFactorError(f"no {kind} is bundled; yours goes under [{kind}.{code}] of the file of factors")
        raise FactorError(f"unknown kind of factor {kind!r}." + did_you_mean(near_matches(kind, [*kinds, "aware"])))
    if code in kinds[kind]["published"]:
        return _published(kind, code)
    return _of_its_fuels(kind, code)


def zones_with(kind: str) -> list[str]:
    """The zones of which a kind is bundled, published or from the mix."""
    if kind == "aware":
        return [row[0] for row in table("aware")["rows"]]
    mixes = [row[0] for row in table("electricity_mix")["rows"]]
    return sorted({*table("zone_factors")["kinds"][kind]["published"], *mixes})


def _of_the_country(kind: str, code: str, country: str) -> Factor:
    if kind == "aware" and any(row[0] == code for row in table("aware")["rows"]):
        return _scarcity(code)
    factor = by_zone(kind, country)
    note = f"{country} as a whole: none is known of {code} alone"
    return replace(factor, quality="estimated", note="; ".join(filter(None, [note, factor.note])))


def _published(kind: str, code: str) -> Factor:
    data = table("zone_factors")
    rows = data["kinds"][kind]
    value, low, high, year, source, note = rows["published"][code]
    what = f"{rows['what']}, {code}"
    return published(data["sources"][source], value, rows["unit"], what, low=low, high=high, year=year, note=note)


def _of_its_fuels(kind: str, code: str) -> Factor:
    data = table("zone_factors")
    rows, shares = data["kinds"][kind], mix_of(code)
    if shares is None:
        raise UnknownFactorError(
            f"{rows['what']} is not known for {code}, nor what its electricity is made from."
            f" A value of your own goes under [{kind}.{code}] of the file of factors"
        )
    value = sum(share * rows["by_fuel"][fuel] for fuel, share in shares.items())
    low, high = _range_of_fuels(kind, code, value)
    return published(
        data["sources"][rows["source"]],
        float(f"{value:.3g}"),
        rows["unit"],
        f"{rows['what']}, {code}",
        low=low,
        high=high,
        year=next(row[1] for row in table("electricity_mix")["rows"] if row[0] == code),
        quality="estimated",
        note=rows["note"],
        spread="lognormal",
    )


def _range_of_fuels(kind: str, code: str, value: float) -> tuple[float, float]:
    """What is imported may be of the fuel that takes most, or take half; primary energy is as uncertain as the fossil
    energy in it, whose plants and supply the efficiencies by fuel know the least."""
    rows = table("zone_factors")["kinds"][kind]
    below, above = rows["spread"]
    trade = imports_of(code)
    low = value * (1 - 0.5 * trade) / below
    high = (value * (1 - trade) + max(rows["by_fuel"].values()) * trade) * above
    if kind == "primary_energy":
        fossil = by_zone("fossil_energy", code)
        high = max(high, fossil.high + max(0.0, value - fossil.value) * above)
    return low, high


def _scarcity(code: str) -> Factor:
    """The best value is that of industry, whose water electricity takes; the range is that of all uses, and at least a
    factor of 1.5: a site lies in one basin of the country."""
    data = table("aware")
    row = next((row for row in data["rows"] if row[0] == code), None)
    if row is None:
        raise UnknownFactorError(
            f"no scarcity of water is known for {code}: it belongs to a place. A value of your own goes under"
            f" [aware.{code}] of the file of factors"
        )
    industry, *others = row[1:]
    return published(
        data["sources"]["aware"],
        industry,
        data["unit"],
        f"scarcity of water (AWARE), {code}",
        low=min(industry / 1.5, *others),
        high=max(industry * 1.5, *others),
        year=2025,
        note="of industry; range of all uses",
        spread="lognormal",
    )
