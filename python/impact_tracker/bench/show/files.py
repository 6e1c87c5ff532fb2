"""What a campaign leaves for other programs: results.json, results.csv (rows), summary.csv (means), figures."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

from ...values.statistics import Mean
from ..analyse.cells import Cell, invalid_because
from ..row.rows import Row
from .output import Output

SCHEMA = 1
_ROW_FIELDS = (
    "task test model title phase repeat attempt session seed status reason valid images unit passes batch input "
    "epochs duration_s region_s energy_j energy_low_j energy_high_j bias_j modelled_j psys_j wall_j kwh j_per_image "
    "above_idle_j above_idle_low_j above_idle_high_j idle_w idle_baselines power_w pue intensity_g_per_kwh carbon_g "
    "carbon_low_g carbon_high_g quality coverage partial "
    "cpu_utilisation worker_cpus images_per_s loss final_loss accuracy dice target_metric target reached best final "
    "most_epochs parameters trainable_parameters gmac device threads threads_by cpu_quota layout precision batch_norm "
    "variant peak_memory_bytes device_memory_bytes torch_version blas data host record region written_at samples "
    "settled drift pass_cv power_drift temperature_begin_c temperature_end_c invalid warnings"
)
_BOOTSTRAPPED = {"kwh": "kwh", "j_per_image": "j_per_image", "seconds": "duration_s"}  # of a cell: of its rows
_MEANS = ("kwh", "j_per_image", "carbon_kg", "seconds", "power_w", "accuracy")


def results(
    head: Mapping[str, Any], cells: Sequence[Cell], rows: Sequence[Row], notes: Sequence[str], *, olympic: bool = False
) -> dict[str, Any]:
    """Everything as one JSON document."""
    return {
        "schema": SCHEMA,
        "settings": head["settings"],
        **{name: value for name, value in head.items() if name not in ("schema", "settings", "tasks", "networks")},
        "summary": [{**cell.to_dict(), "bootstrap": bootstraps(cell, rows, olympic=olympic)} for cell in cells],
        "caveats": list(notes),
        "rows": [{**row, "valid": invalid_because(row) is None} for row in rows],
    }


def bootstraps(cell: Cell, rows: Sequence[Row], *, olympic: bool = False) -> dict[str, list[float] | None]:
    """Bootstrap intervals (BCa, 95 %) of the means over runs; None for fewer than three."""
    from ..analyse.relations import bootstrap

    intervals: dict[str, list[float] | None] = {}
    good = [
        row for row in rows if (row.get("test"), row["phase"]) == (cell.test, cell.phase) and not invalid_because(row)
    ]
    for name, field in _BOOTSTRAPPED.items():
        values = [float(row[field]) for row in good if row.get(field) is not None]
        interval = bootstrap(values, olympic=olympic)
        intervals[name] = None if interval is None else list(interval)
    return intervals


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return ("; " if any(isinstance(item, str) for item in value) else "x").join(map(str, value))
    return repr(value) if isinstance(value, float) else str(value)


def rows_csv(rows: Sequence[Row]) -> str:
    """One line a row, unrounded; empty where nothing was measured."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    fields = _ROW_FIELDS.split()
    writer.writerow(fields)
    for row in rows:
        full = {**row, "valid": invalid_because(row) is None}
        writer.writerow([_text(full.get(name)) for name in fields])
    return stream.getvalue()


def summary_csv(cells: Sequence[Cell], intervals: Sequence[Mapping[str, Any] | None] = ()) -> str:
    """One line a test and phase: means and the half-widths of their 95 % intervals (Student's t); of those that have
    one, the bootstrap interval too (`intervals`: as `bootstraps` gives them, in the cells' order)."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    means = [name for mean in _MEANS for name in (mean, f"{mean}_half_width")]
    ends = [f"{name}_bootstrap_{end}" for name in _BOOTSTRAPPED for end in ("low", "high")]
    writer.writerow(
        ["test", "model", "title", "phase", "runs", "left_out", *means, *ends, "images", "quality", "bias", "partial"]
    )
    for cell, interval in zip_longest(cells, intervals[: len(cells)]):
        values: list[Any] = []
        for name in _MEANS:
            mean: Mean | None = getattr(cell, name)
            values += [None, None] if mean is None else [mean.value, mean.half_width]
        for name in _BOOTSTRAPPED:
            values += (interval or {}).get(name) or [None, None]
        head = [cell.test, cell.model, cell.title, cell.phase, cell.runs, len(cell.left_out)]
        writer.writerow(
            [_text(value) for value in (*head, *values, cell.images, cell.quality, cell.bias, cell.partial)]
        )
    return stream.getvalue()


def write_files(output: Output, document: Mapping[str, Any], cells: Sequence[Cell], rows: Sequence[Row]) -> None:
    """Writes the files (`document`: what `results` gave), figures where matplotlib is installed (else ImportError)."""
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    intervals = [cell["bootstrap"] for cell in document["summary"]]
    output.text("results.json", text + "\n")
    output.text("results.csv", rows_csv(rows))
    output.text("summary.csv", summary_csv(cells, intervals))
    from .figures import energy_figure

    output.figure(energy_figure(cells), "energy")
