"""Data centres: what their cooling and supply add, and where the regions of the clouds stand."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from .constants import UnknownFactorError, constant
from .factor import Factor, FactorError, did_you_mean, near_matches
from .grid import intensity, users_own
from .hardware_names import bare_name
from .overrides import overridden
from .tables import Row, Table, published, table

# What clouds are called beside the table's names, and how they name a zone within a region: us-east-1a, us-central1-a.
_PROVIDERS = {
    "amazon": "aws", "amazon web services": "aws", "ec2": "aws", "google": "gcp", "google cloud": "gcp",
    "google cloud platform": "gcp", "gce": "gcp", "microsoft": "azure", "microsoft azure": "azure", "ovh": "ovhcloud",
}  # fmt: skip
_ZONE_OF_REGION = re.compile(r"(?<=\d)-?[a-f]$")


@dataclass(frozen=True)
class CloudRegion:
    """A cloud's region. `zone`: the finest zone that the tables of intensity hold for its place (US-VA, FRA).

    `intensity`: of that zone, by the one convention of all bundled values, so that regions of different clouds
    compare. `published`: what the operator itself says of the grid, direct emissions of what is consumed: for reading,
    never in a comparison with the others. `wue`, `marginal` and `published` are `None` where nobody published them.
    """

    provider: str
    region: str
    zone: str
    place: str
    pue: Factor
    intensity: Factor
    wue: Factor | None
    marginal: Factor | None
    published: Factor | None = None


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


def cloud_region(provider: str, region: str, year: int | None = None) -> CloudRegion:
    """A region with its PUE (its own where published, else the provider's) and its grid's intensity (of a `year`).

    UnknownFactorError, with near names, for an unknown provider or region.
    """
    data = table("cloud_regions")
    return _region(_row(provider, region, data), data, year)


def marginal_intensity(zone: str) -> Factor:
    """What one kWh more would emit: from the user's file, or of a cloud's region (`aws/us-east-1`) that the table has
    it for. It is never the average. FactorError, with the regions that have one, where none is known."""
    if "/" in zone:
        return marginal_of_region(zone)
    known = f"; bundled are those of {', '.join(regions_with_marginal())}"
    return users_own("intensity_marginal", zone, "marginal intensity", known)


def marginal_of_region(name: str) -> Factor:
    """What one kWh more would emit in a cloud's region ("aws/us-east-1"); FactorError where nobody published it."""
    provider, _, region = name.partition("/")
    marginal = cloud_region(provider, region).marginal
    if marginal is None:
        known = ", ".join(regions_with_marginal())
        raise FactorError(f"no marginal intensity of {name} is bundled; known are those of {known}")
    return marginal


def regions_with_marginal() -> list[str]:
    """The regions whose marginal intensity is bundled, as `marginal_of_region` takes them."""
    return [f"{row[0]}/{row[1]}" for row in table("cloud_regions")["rows"] if "marginal" in row[4]]


def _row(provider: str, region: str, data: Table) -> Row:
    word = " ".join(provider.casefold().split())
    wanted = _PROVIDERS.get(word, word)
    if wanted not in data["providers"]:
        raise UnknownFactorError(f"unknown cloud {provider!r}; known are {', '.join(data['providers'])}")
    rows: dict[str, Row] = {row[1]: row for row in data["rows"] if row[0] == wanted}
    name = "".join(region.casefold().split())
    for spelling in (name, _ZONE_OF_REGION.sub("", name)):
        if spelling in rows:
            return rows[spelling]
    near = near_matches(region, rows)
    hint = did_you_mean(near) or f" Known are {', '.join(rows)}."
    raise UnknownFactorError(f"{provider} has no region {region!r} in the table.{hint}")


def _region(row: Row, data: Table, year: int | None) -> CloudRegion:
    provider, region, zone, place, own = row
    name, own_name = f"{provider} {region}", bare_name(f"{provider}/{region}")  # the second as a file of factors has it

    def stated(key: str, source: str, unit: str, what: str, *, factor: float, method: str = "") -> Factor | None:
        if key not in own:
            return None
        origin, value = data["sources"][source], own[key]
        low = max(1.0, value / factor) if key == "pue" else value / factor
        return published(
            origin, value, unit, f"{what}, {name}", low=low, high=value * factor, year=origin["year"], method=method
        )

    site = own.get("site", "aws-2024")
    return CloudRegion(
        provider,
        region,
        zone,
        place,
        overridden("pue", own_name)
        or stated("pue", site, "1", "power usage effectiveness", factor=1.06)
        or pue(provider),
        intensity(zone, year),
        overridden("wue", own_name)
        or stated("wue", own.get("water", site), "L/kWh", "water usage effectiveness", factor=1.5),
        stated("marginal", "gsf", "g/kWh", "carbon intensity", factor=1.3, method="marginal, yearly"),
        stated(
            "published",
            "google",
            "g/kWh",
            "carbon intensity",
            factor=1.3,
            method="direct, consumption, average, location-based, yearly",
        ),
    )
