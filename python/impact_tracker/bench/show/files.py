"""What a campaign leaves for other programs: results.json, results.csv (rows), summary.csv (means), figures."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Optional

from ...values.statistics import Mean
from ..analyse.cells import Cell
from ..row.codec import BUDGET_NAMES, CSV_NAMES, encode, value_of
from ..row.columns import FLAT_NAMES, flat_parts_of
from ..row.head import Head
from ..row.row import Row
from .output import Output

SCHEMA = 1
_BOOTSTRAPPED = ("kwh", "j_per_image", "seconds")
_MEANS = ("kwh", "j_per_image", "carbon_kg", "seconds", "power_w", "accuracy", "above_idle_j", "share_j")

Intervals = dict[str, Optional[tuple[float, float]]]  # low and high end by the quantity's name


def results(
    head: Head, cells: Sequence[Cell], intervals: Sequence[Intervals], rows: Sequence[Row], notes: Sequence[str]
) -> dict[str, object]:
    """Everything as one JSON document. `intervals`: of `bootstraps`, in the cells' order."""
    return {
        "schema": SCHEMA,
        "settings": head.settings,
        **{name: value for name, value in head.about.items() if name != "networks"},
        "summary": [
            {
                **cell.to_dict(),
                "bootstrap": {name: None if ends is None else list(ends) for name, ends in of_cell.items()},
            }
            for cell, of_cell in zip(cells, intervals)
        ],
        "caveats": list(notes),
        "rows": [{**encode(row), **_flat(row), "valid": row.invalid_because is None} for row in rows],
    }


def _flat(row: Row) -> dict[str, object]:
    """The columns of a row's parts, as far as they are known."""
    return {name: value for name, value in vars(flat_parts_of(row)).items() if value is not None}


def bootstraps(cell: Cell, rows: Sequence[Row], *, olympic: bool = False) -> Intervals:
    """Studentised bootstrap intervals (95 %) of the cell's means over runs; `None` for fewer than ten runs."""
    from ..analyse.relations import bootstrap

    good = [row for row in rows if (row.test, row.phase) == (cell.test, cell.phase) and not row.invalid_because]
    quantities = {
        "kwh": [row.energy.kwh for row in good],
        "j_per_image": [row.j_per_image for row in good],
        "seconds": [row.work.duration_s for row in good],
    }
    return {
        name: bootstrap([value for value in values if value is not None], olympic=olympic)
        for name, values in quantities.items()
    }


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "; ".join(f"{name} {_text(item)}" for name, item in value.items())
    if isinstance(value, (list, tuple)):
        return ("; " if any(isinstance(item, str) for item in value) else "x").join(map(str, value))
    return repr(value) if isinstance(value, float) else str(value)


def rows_csv(rows: Sequence[Row]) -> str:
    """Writes a line for each row, unrounded; a field is empty where nothing was measured."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    budget = BUDGET_NAMES if any(row.goal.budget for row in rows) else ()
    writer.writerow((*CSV_NAMES, *FLAT_NAMES, *budget))
    for row in rows:
        own = [row.invalid_because is None if name == "valid" else value_of(row, name) for name in CSV_NAMES]
        values = (*own, *vars(flat_parts_of(row)).values(), *(value_of(row, name) for name in budget))
        writer.writerow([_text(value) for value in values])
    return stream.getvalue()


def summary_csv(cells: Sequence[Cell], intervals: Sequence[Intervals]) -> str:
    """One line a test and phase: means, the half-widths of their 95 % intervals (Student's t) and the ends of these,
    which are positive where the quantity is; of those that have one, the bootstrap interval too (`intervals`: of
    `bootstraps`, in the cells' order)."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    means = [f"{mean}{part}" for mean in _MEANS for part in ("", "_half_width", "_low", "_high")]
    ends = [f"{name}_bootstrap_{end}" for name in _BOOTSTRAPPED for end in ("low", "high")]
    writer.writerow(
        ["test", "model", "title", "phase", "runs", "left_out", *means, *ends, "images", "quality", "bias", "partial"]
    )
    for cell, of_cell in zip(cells, intervals):
        values: list[float | None] = []
        for name in _MEANS:
            mean: Mean | None = getattr(cell, name)
            document = {} if mean is None else mean.to_dict(1.0 if name == "accuracy" else None)
            values += [document.get(part) for part in ("value", "half_width", "low", "high")]
        for name in _BOOTSTRAPPED:
            values += of_cell[name] or [None, None]
        about = [cell.test, cell.model, cell.title, cell.phase, cell.runs, len(cell.left_out)]
        writer.writerow(map(_text, (*about, *values, cell.images, cell.quality, cell.bias, cell.partial)))
    return stream.getvalue()


def write_files(
    output: Output,
    document: Mapping[str, object],
    cells: Sequence[Cell],
    intervals: Sequence[Intervals],
    rows: Sequence[Row],
) -> None:
    """Writes the files (`document`: what `results` gave), figures where matplotlib is installed (else ImportError)."""
    output.text("results.json", json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    output.text("results.csv", rows_csv(rows))
    output.text("summary.csv", summary_csv(cells, intervals))
    from .figures import energy_figure

    output.figure(energy_figure(cells), "energy")
