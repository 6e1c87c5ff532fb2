"""Names of countries: ISO 3166 codes, English names and how people spell them."""

from __future__ import annotations

import unicodedata
from functools import cache

from .factor import UnknownZoneError, did_you_mean, near_matches
from .tables import table

# Names beside the table's own. Left out on purpose: words that mean more than one country.
_ALIASES = {
    "uk": "GBR",
    "great britain": "GBR",
    "britain": "GBR",
    "gb": "GBR",
    "england": "GBR",
    "scotland": "GBR",
    "wales": "GBR",
    "usa": "USA",
    "united states of america": "USA",
    "america": "USA",
    "deutschland": "DEU",
    "schweiz": "CHE",
    "suisse": "CHE",
    "espana": "ESP",
    "italia": "ITA",
    "osterreich": "AUT",
    "autriche": "AUT",
    "allemagne": "DEU",
    "espagne": "ESP",
    "belgique": "BEL",
    "belgie": "BEL",
    "nederland": "NLD",
    "holland": "NLD",
    "the netherlands": "NLD",
    "pays bas": "NLD",
    "polska": "POL",
    "pologne": "POL",
    "norge": "NOR",
    "norvege": "NOR",
    "sverige": "SWE",
    "suede": "SWE",
    "danmark": "DNK",
    "suomi": "FIN",
    "royaume uni": "GBR",
    "etats unis": "USA",
    "czech republic": "CZE",
    "korea": "KOR",
    "republic of korea": "KOR",
    "korea republic of": "KOR",
    "dprk": "PRK",
    "democratic peoples republic of korea": "PRK",
    "russian federation": "RUS",
    "ivory coast": "CIV",
    "cote d ivoire": "CIV",
    "turkiye": "TUR",
    "viet nam": "VNM",
    "lao pdr": "LAO",
    "lao peoples democratic republic": "LAO",
    "syrian arab republic": "SYR",
    "iran islamic republic of": "IRN",
    "islamic republic of iran": "IRN",
    "burma": "MMR",
    "macedonia": "MKD",
    "swaziland": "SWZ",
    "cabo verde": "CPV",
    "timor leste": "TLS",
    "macau": "MAC",
    "brunei darussalam": "BRN",
    "drc": "COD",
    "dr congo": "COD",
    "democratic republic of the congo": "COD",
    "congo kinshasa": "COD",
    "republic of the congo": "COG",
    "congo brazzaville": "COG",
    "united republic of tanzania": "TZA",
    "republic of moldova": "MDA",
    "bolivarian republic of venezuela": "VEN",
    "plurinational state of bolivia": "BOL",
    "uae": "ARE",
    "prc": "CHN",
    "peoples republic of china": "CHN",
    "hong kong sar": "HKG",
    "republic of ireland": "IRL",
    "slovak republic": "SVK",
    "the gambia": "GMB",
    "the bahamas": "BHS",
    "palestinian territories": "PSE",
    "state of palestine": "PSE",
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


def zone_code(zone: str) -> str:
    """Code of any zone a table may hold: a country (FRA), a state of the USA (US-CA), WORLD, EU. UnknownZoneError
    else."""
    word = zone.strip().upper() if isinstance(zone, str) else ""
    if word in ("WORLD", "EU"):
        return word
    if word.startswith("US-"):
        states = [row[0] for row in table("state_intensity")["rows"]]
        if word in states:
            return word
        near = near_matches(word, states)
        raise UnknownZoneError(
            f"unknown state {zone!r}: give US- and two letters, as in US-CA." + did_you_mean(near), near
        )
    return country_code(zone)


def country_code(zone: str) -> str:
    """ISO 3166 alpha-3 code of a country named by its alpha-2 or alpha-3 code or its name; UnknownZoneError else."""
    if not isinstance(zone, str):
        raise UnknownZoneError(f"a zone is a country code or name, not {zone!r}")
    wanted = plain(zone)
    if wanted in _index():
        return _index()[wanted]
    rows = table("country_intensity")["rows"]
    # Two or three letters are a code: near are codes that begin alike, and no long name.
    if 0 < len(wanted) <= 3:
        near = [f"{r[2]} ({r[0]})" for r in rows if r[0].casefold().startswith(wanted[:2])][:4]
    else:
        near = near_matches(zone, [r[2] for r in rows])
        spelled = near_matches(wanted, _ALIASES)
        if spelled and not near:
            near = sorted({r[2] for r in rows if r[0] in {_ALIASES[s] for s in spelled}})
    raise UnknownZoneError(
        f"unknown zone {zone!r}: give an ISO 3166 country code (FR, FRA) or a country's name." + did_you_mean(near),
        near,
    )
