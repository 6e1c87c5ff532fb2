"""Campaigns that never ran: rows whose energies follow a law that the test knows."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from impact_tracker.bench import Settings
from impact_tracker.bench.plan.networks import BY_NAME, title_of
from impact_tracker.bench.plan.suites import ai as suite_ai
from impact_tracker.bench.plan.suites import modern as suite_modern
from impact_tracker.bench.plan.suites import tests_of as suite_tests
from impact_tracker.bench.plan.task import plan
from impact_tracker.bench.row.storage import Storage
from impact_tracker.bench.show.view import View, read
from python.bench.flat import append

GRAMS_A_JOULE = 400 / 3.6e6
SHAPES = {shape.name: shape for shape in (*suite_ai.sub_tests(), *suite_modern.TESTS)}
MODELS = {  # of each suite
    "ai-benchmark": sorted({test.model for test in suite_ai.sub_tests()}),
    "modern": sorted({test.model for test in suite_modern.TESTS}),
}
# A number without its error, or one that is none: nothing that is printed may hold it.
NAKED = re.compile(r"± 0(?:\.0+)?(?![\d.])|\(0(?:\.0+)? to 0(?:\.0+)?\)|\bnan\b|\binf\b")


def joules_of(name: str) -> float:
    """3 J for a GMAC run, 9 J for one trained."""
    return SHAPES[name].gmac * (9.0 if SHAPES[name].phase == "training" else 3.0)


def row_of(task: Any, phase: str, joules: float, images: int, **more: Any) -> dict[str, Any]:
    energy = joules * images
    model = task.test.model
    size = list(SHAPES[task.test.name].size) if task.test.name in SHAPES else [32, 32]
    row = {
        "kind": "row",
        "task": task.id,
        "test": task.test.name,
        "model": model,
        "title": title_of(model, task.test.name),
        "phase": phase,
        "repeat": task.repeat,
        "attempt": 1,
        "session": 1,
        "status": "ok",
        "unit": "image",
        "images": images,
        "batch": task.test.load["batch"],
        "energy_j": energy,
        "bias_j": 0.1 * energy,
        "modelled_j": 0.0,
        "kwh": energy / 3.6e6,
        "power_w": energy / 30,
        "j_per_image": energy / images,
        "images_per_s": images / 30.0,
        "carbon_g": energy * GRAMS_A_JOULE,
        "pue": 1.0,
        "intensity_g_per_kwh": 400.0,
        "quality": "measured",
        "duration_s": 30.0,
        "pass_ms": task.test.reference_ms,
        "gmac": task.test.gmac,
        "parameters": BY_NAME[model].parameters if model in BY_NAME else None,
        "input": [3, *size] if len(size) == 2 else size,
        "precision": "fp32",
        "record": "impacttracker/none.jsonl",
    }
    if task.test.point.values:
        row["swept"] = task.test.point.values
    return {**row, **more}


def campaign(
    folder: Path,
    settings: Settings,
    *,
    scatter: float = 0.02,
    joules: Callable[[str], float] = joules_of,
    factor: float = 1.0,
    seed: int = 1,
    units: Mapping[str, str] | None = None,
    by: str | None = None,
    parts: bool = False,
    **head: Any,
) -> View:
    """A folder with the rows of every task of these settings. `units`: of models whose inputs are no images; `by`: id
    of the modelled channel that gave all energy; `parts`: with what was above idle and what was the worker's."""
    chance = random.Random(seed)
    tasks = plan(settings, suite_tests(settings))
    networks = {task.test.model: {"activations": 6_000_000, "input": [3, 224, 224]} for task in tasks}
    storage = Storage(folder)
    storage.create(settings, [task.id for task in tasks], {"networks": networks, "host": "here", **head})
    with storage:
        for task in tasks:
            for phase in task.test.phases:
                value = joules(task.test.name) * factor * chance.gauss(1, scatter)
                accuracy = {"accuracy": 0.8} if phase == "evaluation" else {}
                unit = (units or {}).get(task.test.model, "image")
                more: dict[str, Any] = dict(accuracy)
                if by is not None:
                    error = 0.1 if by.startswith("rapl") else 0.69
                    more.update(
                        quality="modelled",
                        bias_j=error * value * 1000,
                        modelled_j=value * 1000,
                        sources=[{"id": by, "device": "cpu:0", "domain": "package", "quality": "modelled"}],
                    )
                if parts:
                    more.update(above_idle_j=700 * value, share_j=650 * value)
                append(storage, row_of(task, phase, value, 1000, unit=unit, **more))
            append(
                storage, {"kind": "task", "task": task.id, "attempt": 1, "session": 1, "status": "ok", "reason": None}
            )
    return read(folder)


def dumped(value: Any) -> Any:
    """As it comes back from JSON."""
    return json.loads(json.dumps(value, allow_nan=False))
