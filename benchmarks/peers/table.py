"""The figures as Markdown. A range is over the curves; what a tool cannot do says so."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

Figures = dict[str, Any]
LENGTHS = {
    "0.01": "10 ms",
    "0.1": "100 ms",
    "1.0": "1 s",
    "10.0": "10 s, slow square",
    "60.0": "60 s, slow square, wraps",
}
INTERVALS = {"1.0": "1 Hz", "0.1": "10 Hz", "0.001": "1 kHz"}


def digits(value: float) -> str:
    """Two significant digits, no exponent."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else "–"
    places = max(0, 1 - math.floor(math.log10(abs(value))))
    return f"{value:.{places}f}"


def per_cent(errors: Figures | None, key: str) -> str:
    if not errors:
        return "–"
    good = [each for each in errors.values() if isinstance(each, dict) and math.isfinite(each[key])]
    if not good:
        return "fails" if any(isinstance(each, str) for each in errors.values()) else "no number"
    values = sorted(100 * each[key] for each in good)
    low, high = digits(values[0]), digits(values[-1])
    text = low if low == high else f"{low}–{high}"
    missing = sum(each["missing"] for each in good) + sum(1 for each in errors.values() if isinstance(each, str))
    return f"{text} % ({missing} missing)" if missing else f"{text} %"


def scaled(value: Any, factor: float, unit: str) -> str:
    if value is None:
        return "–"
    return "fails" if isinstance(value, str) else f"{digits(value * factor)} {unit}"


def lines(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(header)} |", "|" + "---|" * len(header), *(f"| {' | '.join(row)} |" for row in rows)]


def accuracy(figures: Sequence[Figures], key: str) -> list[str]:
    lengths = [length for length in LENGTHS if any(length in each["errors"] for each in figures)]
    rows = ([each["label"], *(per_cent(each["errors"].get(length), key) for length in lengths)] for each in figures)
    return lines(["tool", *(LENGTHS[length] for length in lengths)], rows)


def cost(figures: Sequence[Figures]) -> list[str]:
    header = ["tool", "region enter + exit", "tracker start + stop", "import", "memory added"]
    header += [f"CPU {name}" for name in INTERVALS.values()]
    rows = (
        [
            each["label"],
            scaled(each.get("region_edges_s"), 1e3, "ms"),
            scaled(each.get("tracker_edges_s"), 1e3, "ms"),
            scaled(each.get("import_s"), 1e3, "ms"),
            scaled(each.get("added_mib"), 1, "MiB"),
            *(scaled(each["cpu_share"].get(interval), 100, "%") for interval in INTERVALS),
        ]
        for each in figures
    )
    return lines(header, rows)


def trap_table(figures: Sequence[Figures]) -> list[str]:
    shown = [each for each in figures if "traps" in each]
    names = list(shown[0]["traps"]) if shown else []
    return lines(["tool", *names], ([each["label"], *each["traps"].values()] for each in shown))


def failures(figures: Sequence[Figures]) -> list[str]:
    """What went wrong, in the tool's own words."""
    failures = set()
    for each in figures:
        stack: list[Any] = [each]
        while stack:
            part = stack.pop()
            if isinstance(part, dict):
                stack += part.values()
            elif isinstance(part, str) and part.startswith("fails:"):
                failures.add(f"- {each['label']}: {part[7:]}")
    return sorted(failures)


def render(figures: Sequence[Figures]) -> str:
    over = "range over a constant, a square (50 ms) and a sine (30 ms)"
    body = "CPU: four counters as plain files, of one core, while the program sleeps"
    blocks = [
        [f"Error ÷ mean true energy, rms over regions; {over}:", "", *accuracy(figures, "rms")],
        ["The same, median:", "", *accuracy(figures, "median")],
    ]
    if any("cpu_share" in each for each in figures):
        blocks.append([f"What it costs ({body}):", "", *cost(figures)])
    if any("traps" in each for each in figures):
        blocks.append(["Traps, one region of a constant power:", "", *trap_table(figures)])
    if failed := failures(figures):
        blocks.append(["Failures:", "", *failed])
    return "\n\n".join("\n".join(block) for block in blocks)
