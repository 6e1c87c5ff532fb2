"""Data centres: what their cooling and supply add, and where the regions of the clouds stand."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .constants import UnknownFactorError, constant
from .factor import Factor, did_you_mean, near_matches
from .grid import intensity
from .tables import Row, Table, published, table


@dataclass(frozen=True)
class CloudRegion:
    """A cloud's region. `wue` and `marginal` are `None` where nobody published them."""

    provider: str
    region: str
    zone: str
    place: str
    pue: Factor
    intensity: Factor
    wue: Factor | None
    marginal: Factor | None


def pue(name: str = "average") -> Factor:
    """Power usage effectiveness of a provider (`aws`, `gcp`, `azure`…) or of the world's `average`."""
    return constant("pue", name)


def unstated_pue() -> Factor:
    """The PUE where nobody stated one: 1, *estimated*. A site may use up to what surveys say of the average one, and
    nothing uses less than its computers do, so the range begins at the best value."""
    average = pue()
    note = "nobody stated it: the overhead of the site is not in the best value, and is in the range"
    return replace(average, value=1.0, low=1.0, high=max(1.0, average.high), quality="estimated", name="PUE", note=note)


def wue(name: str) -> Factor:
    """Water used on site in L per kWh of the computers; UnknownFactorError where nobody published it."""
    return constant("wue", name)


def cloud_region(provider: str, region: str) -> CloudRegion:
    """A region with its PUE and intensity: the region's own where published, else the provider's and the country's.

    UnknownFactorError, with near names, for an unknown provider or region.
    """
    data = table("cloud_regions")
    wanted = provider.casefold()
    if wanted not in data["providers"]:
        raise UnknownFactorError(f"unknown cloud {provider!r}; known are {', '.join(data['providers'])}")
    rows = {row[1]: row for row in data["rows"] if row[0] == wanted}
    if region.casefold() not in rows:
        near = near_matches(region, rows)
        hint = did_you_mean(near) or f" Known are {', '.join(rows)}."
        raise UnknownFactorError(f"{provider} has no region {region!r} in the table.{hint}")
    return _region(rows[region.casefold()], data)


def _region(row: Row, data: Table) -> CloudRegion:
    provider, region, zone, place, own = row
    name = f"{provider} {region}"

    def stated(key: str, unit: str, what: str, method: str = "") -> Factor | None:
        if key not in own:
            return None
        origin = data["sources"][own["site" if key in ("pue", "wue") and "site" in own else "source"]]
        return published(origin, own[key], unit, f"{what}, {name}", year=origin["year"], method=method)

    return CloudRegion(
        provider,
        region,
        zone,
        place,
        stated("pue", "1", "power usage effectiveness") or pue(provider),
        stated("intensity", "g/kWh", "carbon intensity", "average, location-based, yearly") or intensity(zone),
        stated("wue", "L/kWh", "water usage effectiveness"),
        stated("marginal", "g/kWh", "carbon intensity", "marginal, yearly"),
    )
