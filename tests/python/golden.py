"""Golden outputs: what people see is pinned under tests/data/golden. IMPACT_GOLDEN=write writes it anew."""

from __future__ import annotations

import csv
import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "data" / "golden"
WRITE = os.environ.get("IMPACT_GOLDEN") == "write"


def check(name: str, text: str) -> None:
    """Compare a text with the golden file of that name."""
    path = FOLDER / name
    if WRITE:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"no golden {path}: run with IMPACT_GOLDEN=write and look at what it writes"
    assert text == path.read_text(encoding="utf-8"), f"{path.name} differs: IMPACT_GOLDEN=write writes it anew"


def check_json(name: str, text: str) -> None:
    """Compare a JSON text with the golden file: the same keys in the same order, numbers but for their last digits."""
    if WRITE:
        check(name, text)
    expected = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    actual = json.loads(text)
    differences = list(_differences(expected, actual, "$"))
    assert not differences, f"{name} differs (IMPACT_GOLDEN=write writes it anew): {differences[:5]}"


def check_csv(name: str, text: str) -> None:
    """Compare a CSV text with the golden file, numbers but for their last digits."""
    if WRITE:
        check(name, text)
    with (FOLDER / name).open(encoding="utf-8", newline="") as stream:
        expected = [[_number(cell) for cell in row] for row in csv.reader(stream)]
    actual = [[_number(cell) for cell in row] for row in csv.reader(text.splitlines())]
    differences = list(_differences(expected, actual, "row"))
    assert not differences, f"{name} differs (IMPACT_GOLDEN=write writes it anew): {differences[:5]}"


def _number(cell: str) -> Any:
    try:
        return float(cell)
    except ValueError:
        return cell


def _differences(expected: Any, actual: Any, where: str) -> Iterator[str]:
    if isinstance(expected, dict) and isinstance(actual, dict):
        if list(expected) != list(actual):
            yield f"{where}: keys {list(actual)}"
            return
        for key in expected:
            yield from _differences(expected[key], actual[key], f"{where}.{key}")
    elif isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        for index, (wanted, other) in enumerate(zip(expected, actual)):
            yield from _differences(wanted, other, f"{where}[{index}]")
    elif isinstance(expected, float) and isinstance(actual, float):
        # Pythons before 3.10 round math.hypot differently.
        if not math.isclose(expected, actual, rel_tol=1e-12):
            yield f"{where}: {actual!r}, not {expected!r}"
    elif expected != actual:
        yield f"{where}: {actual!r}, not {expected!r}"
