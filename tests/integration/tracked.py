"""Running our own programs on fake machines, and finding what they recorded."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def environment(**more: str) -> dict[str, str]:
    """The caller's, without settings of its own; the package is found as the tests find it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("IMPACT_TRACKER_")}
    return {**kept, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "HOME": "/nonexistent", **more}


def command(*arguments: str | Path) -> list[str]:
    """`impact-tracker ARGUMENTS`."""
    return [sys.executable, "-m", "impact_tracker", *map(str, arguments)]


def bench(*arguments: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
    """`impact-tracker bench ARGUMENTS` in the caller's own surroundings, its networks on one thread."""
    full = {**os.environ, "OMP_NUM_THREADS": "1", **more}
    return subprocess.run(
        command("bench", *arguments), capture_output=True, text=True, env=full, timeout=280, check=False
    )


def report(path: Path, *options: str) -> dict[str, Any]:
    """`impact-tracker report --json` of a path."""
    done = subprocess.run(
        command("report", path, "--json", *options), capture_output=True, text=True, check=False, env=environment()
    )
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout, parse_constant=pytest.fail)
    return document


def the_result(path: Path) -> dict[str, Any]:
    """The result of the one run below a path."""
    (run,) = report(path)["runs"]
    result: dict[str, Any] = run["result"]
    return result


def holds(result: dict[str, Any], truth_j: float) -> bool:
    """Whether an energy is as near to the truth as it says. Three half-widths: 95 % would fail a test in twenty."""
    half = (result["energy_high_j"] - result["energy_low_j"]) / 2
    return bool(abs(result["energy_j"] - truth_j) <= 3 * half + 1e-3 * truth_j)


def counted_j(result: dict[str, Any]) -> float:
    """What the machine's own counters say of a result: the fake machine's truth knows nothing of models of ours."""
    channels = (channel for channel in result["channels"] if channel["in_total"])
    return float(sum(channel["energy_j"] for channel in channels if not channel["source"].endswith("_model")))
