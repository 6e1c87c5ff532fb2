"""Files that users write, damaged at random: every fault is one that names the file, never another kind of error."""

from __future__ import annotations

import copy
import json
import random
from pathlib import Path

import pytest

from impact_tracker.factors import FactorError, OverrideError, read_hours
from impact_tracker.factors.overrides import Overrides
from impact_tracker.footprint import read_consequences
from impact_tracker.services import read_inventory, weigh
from impact_tracker.services.workload import read_workload

DATA = Path(__file__).parents[3] / "python/impact_tracker/factors/data/examples"
HOURS = {
    "format": "impact-tracker hour factors",
    "cluster": "c",
    "year": 2025,
    "source": "s",
    "intensity_g_per_kwh": [40, 50, 60],
    "factors": {"c core": {"unit": "core", "hours": 10, "electricity_kwh": [1, 2, 3], "rest_kg": 5, "scope": "all"}},
}
EFFECTS = {
    "reference": "r",
    "effects": {"a": {"order": 1, "amount_kg": [1, 2, 3]}, "b": {"order": 3, "causes": {"a": 0.5}, "source": "s"}},
}
OWN = {
    "transport": {"carbon": {"value": 1, "unit": "kg", "low": 0, "high": 2}},
    "making_water": {"server": {"value": 1, "unit": "L", "source": "s", "year": 2020}},
    "human_toxicity": {"FR": {"value": 1e-9, "unit": "CTUh/kWh"}},
}
JUNK = (None, True, -1, 0, 1e308, float("nan"), "", "x", [], [1], [3, 2, 1], {}, {"value": 1}, "1")


def weigh_all(path: Path) -> None:
    inventory = read_inventory(path)
    for unit in inventory.units:
        weigh(inventory, unit).as_dict()


READERS = {
    "workload": (json.loads((DATA / "workloads/bloom.json").read_text()), read_workload),
    "inventory": (json.loads((DATA / "services/stable-diffusion.json").read_text()), weigh_all),
    "hours": (HOURS, read_hours),
    "consequences": (EFFECTS, read_consequences),
    "factors": (OWN, Overrides),
}


def damaged(document: object, chance: random.Random) -> object:
    """One place of a document replaced, removed, or renamed."""
    document = copy.deepcopy(document)
    place = document
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = chance.choice(keys)
        deeper = place[key]
        if isinstance(deeper, (dict, list)) and deeper and chance.random() < 0.75:
            place = deeper
            continue
        what = chance.random()
        if what < 0.7:
            place[key] = chance.choice(JUNK)
        elif what < 0.85:
            del place[key]
        elif isinstance(place, dict):
            place[f"{key}x"] = place.pop(key)
        return document


@pytest.mark.parametrize("name", READERS)
def test_every_fault_is_named(name: str, tmp_path: Path) -> None:
    document, read = READERS[name]
    chance = random.Random(f"damage {name}")
    path = tmp_path / "damaged.json"
    refused = 0
    for _ in range(400):
        path.write_text(json.dumps(damaged(document, chance)))
        try:
            read(path)
        except (FactorError, OverrideError):
            refused += 1
        except ValueError as fault:  # an impact of values that overflow
            assert "finite" in str(fault) or "damaged.json" in str(fault) or "PUE" in str(fault), fault
    assert refused > 100
