"""Prints what boaviztapi says of each card, processor, instance and zone, as JSON: run by its own Python."""

from __future__ import annotations

import csv
import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boaviztapi
from boaviztapi.compute.impacts_computation import compute_impacts
from boaviztapi.data.archetype import get_cloud_instance_archetype
from boaviztapi.dto.component import CPU, GPU
from boaviztapi.dto.component.cpu import mapper_cpu
from boaviztapi.dto.component.gpu import mapper_gpu
from boaviztapi.models.services.cloud_instance import ServiceCloudInstance

DATA = Path(boaviztapi.__file__).parent / "data"
INDICATORS = {"gwp": "carbon", "adp": "adp", "pe": "primary_energy"}
ALL_OF_ITS_LIFE = 1e9  # hours: more than any lifetime, so that nothing is shared out


def rows(path: str) -> Iterator[dict[str, str]]:
    with (DATA / path).open(encoding="utf-8") as stream:
        yield from csv.DictReader(stream)


def made(model: Any) -> dict[str, float]:
    impacts = compute_impacts(model, list(INDICATORS), ALL_OF_ITS_LIFE)
    return {INDICATORS[name]: impact["embedded"]["value"] for name, impact in impacts.items()}


def processor(row: dict[str, str]) -> dict[str, float | None]:
    chip = mapper_cpu(CPU(name=row["name"]))
    return {**made(chip), "power_w": float(row["tdp"]) if row["tdp"] else None, "cores": float(row["cores"])}


def instances() -> dict[str, dict[str, float]]:
    values = {}
    for provider in ("aws", "azure", "gcp"):
        for row in rows(f"archetypes/cloud/{provider}.csv"):
            try:
                archetype = get_cloud_instance_archetype(row["id"], provider)
                values[f"{provider}:{row['id']}"] = made(ServiceCloudInstance(archetype=archetype))
            except (KeyError, TypeError, ValueError, ZeroDivisionError, AttributeError):
                continue  # an archetype that its own package cannot compute
    return values


def zones() -> dict[str, dict[str, float]]:
    kinds = {"gwp": "carbon", "adp": "adp", "pe": "primary_energy"}
    values: dict[str, dict[str, float]] = {}
    # Of several sources of one indicator, boaviztapi takes the one whose priority is the least number.
    mixes = sorted(rows("crowdsourcing/electrical_mix.csv"), key=lambda row: -float(row["priority"] or 9))
    for row in mixes:
        kind = kinds.get(row.get("name", ""))
        for code, number in row.items() if kind else ():
            if len(code) == 3 and number and kind:
                values.setdefault(code, {})[kind] = float(number) * (1000 if kind == "carbon" else 1)
    return values


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    names = list(rows("crowdsourcing/cpu_specs.csv"))
    document = {
        "cards": {row["name"]: made(mapper_gpu(GPU(name=row["name"]))) for row in rows("crowdsourcing/gpu_specs.csv")},
        "processors": {row["name"]: processor(row) for row in names if row["cores"]},
        "instances": instances(),
        "zones": zones(),
    }
    print(json.dumps(document))
