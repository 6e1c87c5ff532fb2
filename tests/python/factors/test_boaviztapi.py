"""Side by side with boaviztapi (AGPL-3.0): its tables are read where it is installed, and never bundled."""

import csv
from pathlib import Path

import pytest

from impact_tracker.factors.cards import find_card
from impact_tracker.footprint import Machine, making

boaviztapi = pytest.importorskip("boaviztapi")
pytestmark = pytest.mark.long
THEIR_MEMORY = ("NVIDIA Titan RTX",)  # 20 GB there, 24 GB in NVIDIA's data sheet
DATA = Path(boaviztapi.__file__).parent / "data"


def rows(name):
    with (DATA / "crowdsourcing" / name).open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def boavizta(row, parts):
    """Carbon, primary energy and depletion of making a card, with boaviztapi's coefficients and its default card."""
    from boaviztapi.models.component.gpu import _calculate_effective_area_on_circular_wafer as effective

    number, mass = float(row["number"]), float(row["mass"] or 1.69)
    sizes = {
        "casing": float(row["mass_casing"] or 0.79),
        "heatsink": float(row["mass_heatsink"] or 0.9),
        "pwb": float(row["pwb_surface"] or 296),
        "gpu": float(row["die_surface"]),
        "vram": number * effective(float(row["vram"]) * 15.5 / number),
        "upstream_transport": mass,
    }
    return {
        ours: sum(size * parts[part]["manufacture"][theirs]["impact"] for part, size in sizes.items())
        for ours, theirs in (("carbon", "gwp"), ("primary_energy", "pe"), ("adp", "adp"))
    }


def test_every_card_is_found_and_its_making_is_within_1_25_or_inside_the_range():
    yaml = pytest.importorskip("yaml")
    parts = yaml.safe_load((DATA / "factors.yml").read_text(encoding="utf-8"))["gpu"]
    for row in rows("gpu_specs.csv"):
        name = row["name"]
        card = find_card(name)
        assert card is not None, name
        assert name in THEIR_MEMORY or card.memory.low <= float(row["vram"]) <= card.memory.high, name
        machine = Machine(cpus=0, gpus=1, gpu_model=name, psus=0, chassis="none")
        for indicator, theirs in boavizta(row, parts).items():
            made, scale = making(machine, indicator)["gpu"], 1000 if indicator == "carbon" else 1
            assert made.low / scale <= theirs <= made.high / scale, (name, indicator)
            if indicator != "adp":
                assert 1 / 1.25 <= made.value / scale / theirs <= 1.25, (name, indicator)
