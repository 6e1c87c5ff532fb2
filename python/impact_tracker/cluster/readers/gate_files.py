"""Gates from a CSV, and from a series of utilisation over a threshold."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..frames import GATES, conformed, empty, polars
from ..gate import Gate
from ..integral import PERIODS_OF_A_GAP
from .power_files import times_of

if TYPE_CHECKING:
    import polars as pl

    from ..integral import Numbers, Times

COLUMNS = ("node", "job_id", "begin", "end", "value")


def read_gate(name: str, path: str | Path) -> Gate:
    """A gate from a CSV with the columns `begin, end` and any of `node, job_id, value`; a value that is not given is 1.

    ValueError for another column, a row whose times are none or turned round, a value outside of 0 to 1.
    """
    library = polars()
    col = library.col
    frame = library.read_csv(path, infer_schema=False)
    frame = frame.rename({column: column.strip().casefold() for column in frame.columns})
    unknown = [column for column in frame.columns if column not in COLUMNS]
    if unknown or not {"begin", "end"} <= set(frame.columns):
        raise ValueError(f"{path}: a gate has the columns {', '.join(COLUMNS)}; this has {', '.join(frame.columns)}")
    frame = conformed(frame, dict.fromkeys(COLUMNS, "String"))
    typed = frame.with_columns(
        begin_ns=times_of(frame, "begin", "UTC"),
        end_ns=times_of(frame, "end", "UTC"),
        value=col("value").fill_null("1").cast(library.Float64, strict=False),
        node=col("node").replace("", None),
        job_id=col("job_id").replace("", None),
    )
    bad = typed.with_row_index("line", 2).filter(
        ~((col("end_ns") >= col("begin_ns")) & col("value").is_between(0.0, 1.0)).fill_null(False)
    )
    if bad.height:
        raise ValueError(
            f"{path}, line {bad['line'][0]}: a gate needs a begin before its end and a value from 0 to 1, not "
            f"{bad['begin'][0]}, {bad['end'][0]}, {bad['value'][0]}"
        )
    return Gate(name, f"open where {Path(path).name} says so", conformed(typed, GATES))


def gate_over(name: str, node: str, times_ns: Times, values: Numbers, threshold: float) -> Gate:
    """Open while a series (a GPU's utilisation) is above a threshold; each value holds until the next reading, and no
    longer than three periods."""
    import numpy as np

    if len(times_ns) < 2:
        return Gate(name, f"open over {threshold:g}", empty(GATES))
    steps = np.diff(times_ns)
    hold = np.append(np.minimum(steps, int(PERIODS_OF_A_GAP * np.median(steps))), int(np.median(steps)))
    is_open = values > threshold
    starts = np.flatnonzero(is_open & ~np.append(False, is_open[:-1]))
    stops = np.flatnonzero(is_open & ~np.append(is_open[1:], False))
    # A hole in the series closes the gate too.
    rows = [
        (node, None, int(times_ns[first]), int(times_ns[last] + hold[last]), 1.0)
        for start, stop in zip(starts, stops)
        for first, last in _unbroken(int(start), int(stop), steps, hold)
    ]
    frame: pl.DataFrame = polars().DataFrame(rows, schema=list(GATES), orient="row")
    return Gate(name, f"open while the series is over {threshold:g}", conformed(frame, GATES))


def _unbroken(start: int, stop: int, steps: Times, hold: Times) -> list[tuple[int, int]]:
    """Runs of readings from start to stop without a hole."""
    runs, first = [], start
    for place in range(start, stop):
        if steps[place] > hold[place]:
            runs.append((first, place))
            first = place + 1
    return [*runs, (first, stop)]
