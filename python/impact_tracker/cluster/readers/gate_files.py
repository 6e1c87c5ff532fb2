"""Gates from a CSV of times."""

from __future__ import annotations

from pathlib import Path

from ...file_text import no_pipe
from ..frames import GATES, conformed, polars, reading, text_of
from ..gate import Gate
from .power_files import times_of

COLUMNS = ("node", "job_id", "begin", "end", "value")


def read_gate(name: str, path: str | Path) -> Gate:
    """A gate from a CSV with the columns `begin, end` and any of `node, job_id, value`; a value that is not given is 1.

    ValueError for another column, a row whose times are none or turned round, a value outside of 0 to 1.
    """
    library = polars()
    col = library.col
    with reading(path, "a CSV of a gate"):
        frame = library.read_csv(text_of(no_pipe(path).read_bytes()).encode(), infer_schema=False)
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
