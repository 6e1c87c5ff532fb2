"""Prints what CodeCarbon says of every processor, zone and region, as JSON: run by its own Python."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import codecarbon

DATA = Path(codecarbon.__file__).parent / "data"


def processors() -> dict[str, dict[str, float]]:
    values = {}
    with (DATA / "hardware" / "cpu_power.csv").open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            try:
                values[row["Name"]] = {"power_w": float(row["TDP"])}
            except ValueError:
                continue  # a row without a number
    return values


def regions() -> dict[str, dict[str, float]]:
    with (DATA / "cloud" / "impact.csv").open(encoding="utf-8-sig") as stream:
        return {
            f"{row['provider']}/{row['region']}": {"carbon": float(row["impact"])}
            for row in csv.DictReader(stream)
            if row["impact"]
        }


if __name__ == "__main__":
    mixes = json.loads((DATA / "private_infra" / "global_energy_mix.json").read_text(encoding="utf-8"))
    zones = {
        code: {"carbon": mix["carbon_intensity"], "year": mix["year"]}
        for code, mix in mixes.items()
        if mix.get("carbon_intensity")
    }
    print(json.dumps({"processors": processors(), "zones": zones, "regions": regions()}))
