"""Names of zones: ISO 3166 codes of countries and of what lies in them, English names and how people spell them."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from functools import cache

from .factor import UnknownZoneError, did_you_mean, near_matches
from .finer import COUNTRIES, finer_zones
from .tables import table

# Names that people use beside those of the table. Words that mean more than one country are left out on purpose.
_ALIASES_BY_CODE = """
GBR: uk, great britain, britain, gb, england, scotland, wales, royaume uni;
USA: usa, united states of america, america, etats unis; DEU: deutschland, allemagne; CHE: schweiz, suisse;
ESP: espana, espagne; ITA: italia; AUT: osterreich, autriche; BEL: belgique, belgie;
NLD: nederland, holland, the netherlands, pays bas; POL: polska, pologne; NOR: norge, norvege; SWE: sverige, suede;
DNK: danmark; FIN: suomi; CZE: czech republic; KOR: korea, republic of korea, korea republic of;
PRK: dprk, democratic peoples republic of korea; RUS: russian federation; CIV: ivory coast, cote d ivoire;
TUR: turkiye; VNM: viet nam; LAO: lao pdr, lao peoples democratic republic; SYR: syrian arab republic;
IRN: iran islamic republic of, islamic republic of iran; MMR: burma; MKD: macedonia; SWZ: swaziland; CPV: cabo verde;
TLS: timor leste; MAC: macau; BRN: brunei darussalam;
COD: drc, dr congo, democratic republic of the congo, congo kinshasa; COG: republic of the congo, congo brazzaville;
TZA: united republic of tanzania; MDA: republic of moldova; VEN: bolivarian republic of venezuela;
BOL: plurinational state of bolivia; ARE: uae; CHN: prc, peoples republic of china; HKG: hong kong sar;
IRL: republic of ireland; SVK: slovak republic; GMB: the gambia; BHS: the bahamas;
PSE: palestinian territories, state of palestine
"""
_ALIASES = {
    name.strip(): code.strip()
    for country in _ALIASES_BY_CODE.split(";")
    for code, _, names in [country.partition(":")]
    for name in names.split(",")
}


def plain(name: str) -> str:
    """A name without case, accents and punctuation: how names are compared."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return " ".join(
        "".join(c if c.isalnum() else " " for c in bare.replace("'", "").replace("’", "")).casefold().split()
    )


@cache
def _index() -> dict[str, str]:
    index = dict(_ALIASES)
    for code, alpha2, name, _values in table("country_intensity")["rows"]:
        for word in (code, alpha2, name):
            index[plain(word)] = code
    return index


def named_zone(zone: str | None) -> str | None:
    """The zone that is named; `None`, the average of all countries, for the word "world"."""
    return None if zone is None or zone.strip().lower() == "world" else zone


def zone_code(zone: str, users: Collection[str] | None = None) -> str:
    """Code of any zone a table may hold: a country (FRA), a state, province or bidding zone (US-CA, CA-QC, SE-SE3),
    WORLD, EU, or a zone of the user's own table. UnknownZoneError, with near names, else.

    `users`: the zones of that table; `None` for those of `use_zones`."""
    word = zone.strip().upper() if isinstance(zone, str) else ""
    if word in ("WORLD", "EU") or word in finer_zones() or word in (_users_zones[0] if users is None else users):
        return word
    if word[:2] in COUNTRIES and word[2:3] == "-":
        near = [code for code in finer_zones() if code.startswith(word[:4])][:4] or near_matches(word, finer_zones())
        hint = did_you_mean(near)
        raise UnknownZoneError(f"unknown zone {zone!r}: give a country and a zone of it, as in US-CA.{hint}", near)
    if isinstance(zone, str) and plain(zone) in _finer_names() and plain(zone) not in _index():
        return _finer_names()[plain(zone)]
    return country_code(zone)


_users_zones: list[Collection[str]] = [()]


def use_zones(zones: Collection[str]) -> None:
    """From now on these zones, of the user's own table, are known beside the bundled ones."""
    _users_zones[0] = zones


@cache
def _finer_names() -> dict[str, str]:
    """Names of zones within countries, and those of bidding zones without their country (SE3)."""
    names = {plain(row[1]): code for code, row in finer_zones().items()}
    return {**names, **{plain(code[3:]): code for code in finer_zones() if len(code) == 6}}


def country_code(zone: str) -> str:
    """ISO 3166 alpha-3 code of a country named by its alpha-2 or alpha-3 code or its name; UnknownZoneError else."""
    if not isinstance(zone, str):
        raise UnknownZoneError(f"a zone is a country code or name, not {zone!r}")
    wanted = plain(zone)
    if wanted in _index():
        return _index()[wanted]
    rows = table("country_intensity")["rows"]
    # Two or three letters are meant as a code, so only codes that begin alike are suggested, and no long names.
    if 0 < len(wanted) <= 3:
        near = [f"{r[2]} ({r[0]})" for r in rows if r[0].casefold().startswith(wanted[:2])][:4]
    else:
        near = near_matches(zone, [r[2] for r in rows] + [row[1] for row in finer_zones().values()])
        spelled = near_matches(wanted, _ALIASES)
        if spelled and not near:
            near = sorted({r[2] for r in rows if r[0] in {_ALIASES[s] for s in spelled}})
    raise UnknownZoneError(
        f"unknown zone {zone!r}: give an ISO 3166 country code (FR, FRA) or a country's name." + did_you_mean(near),
        near,
    )
