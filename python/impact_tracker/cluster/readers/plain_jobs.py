"""Jobs from a plain CSV, for schedulers without a reader: one line a job."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING

from ...file_text import no_pipe
from ..finding import RejectedRow
from ..frames import JOBS, JOBS_FILE, SHARES, conformed, polars, reading, text_of
from ..job import STATES, JobTable
from ..node import MOST_OF_ANYTHING
from .power_files import times_of
from .slurm_rule import HIGHEST_NODE_W, LONGEST_RUN_S, MOST_OF_A_ROW
from .slurm_words import nodes_of

if TYPE_CHECKING:
    import polars as pl

NEEDED = ("job_id", "start", "nodes")
MOST_KEPT = 1000
_UNKNOWN = ("unknown", "0")
_TRUTHS = {"": False, **dict.fromkeys(("true", "1", "yes"), True), **dict.fromkeys(("false", "0", "no"), False)}


def is_plain(header: str) -> bool:
    """Whether a file's first line is of this form."""
    names = [name.strip().casefold() for name in header.replace(";", ",").split(",")]
    return all(name in names for name in NEEDED)


def read_plain_jobs(path: str | Path, *, time_zone: str = "UTC") -> JobTable:
    """The jobs of a CSV with the columns `job_id, start, nodes` and any of the others of `JOBS_FILE`.

    Times: seconds since 1970 or ISO 8601; an empty end: it runs. Nodes: separated by blanks or semicolons, or a list as
    Slurm writes it. ValueError for a column that is none of these.
    """
    library = polars()
    col = library.col
    text = text_of(no_pipe(path).read_bytes())
    separator = ";" if text.partition("\n")[0].count(";") > text.partition("\n")[0].count(",") else ","
    with reading(path, "a CSV of jobs"):
        frame = library.read_csv(
            text.encode(), separator=separator, infer_schema=False, truncate_ragged_lines=True, raise_if_empty=False
        )
    frame = frame.rename({name: name.strip().casefold() for name in frame.columns})
    unknown = [name for name in frame.columns if name not in JOBS_FILE]
    missing = [name for name in NEEDED if name not in frame.columns]
    if unknown or missing:
        near = [f"{name} (near {', '.join(difflib.get_close_matches(name, JOBS_FILE)) or 'none'})" for name in unknown]
        fault = f"it lacks {', '.join(missing)}" if missing else f"it has {', '.join(near)}"
        raise ValueError(f"{path}: a file of jobs has the columns {', '.join(JOBS_FILE)}; {fault}")
    frame = conformed(frame, dict.fromkeys(JOBS_FILE, "String")).with_row_index("line", 2)
    typed = frame.with_columns(
        *(_number(name).alias(name) for name in ("cores", "gpus", "memory_gb", "cpu_time_s", "reported_j")),
        start_ns=times_of(frame, "start", time_zone),
        end_ns=times_of(frame, "end", time_zone),
        late_end_ns=times_of(frame, "end", time_zone, "latest"),
        submit_ns=times_of(frame, "submit", time_zone),
        is_open=col("end").fill_null("").str.strip_chars().str.to_lowercase().is_in(["", *_UNKNOWN]),
        state=_state(),
        is_exclusive=_word("exclusive").replace_strict(_TRUTHS, default=None, return_dtype=library.Boolean),
        line=col("line").cast(library.Int64),
    )
    # An hour of local times stands twice as clocks are set back: an end before the start is of the second.
    end = library.when(col("end_ns") < col("start_ns")).then("late_end_ns").otherwise("end_ns")
    typed = typed.with_columns(end_ns=library.when(~col("is_open")).then(end)).with_columns(
        reason=_reason(),
        memory_b=col("memory_gb") * 2.0**30,
        exclusive=col("is_exclusive"),
        # 0 over more than some seconds was not sampled.
        cpu_time_s=library.when(
            col("cpu_time_s").is_between(0.0, MOST_OF_A_ROW["cpu_time_s"], closed="right")
            | ((col("cpu_time_s") == 0.0) & (_seconds() < 10.0))
        ).then(col("cpu_time_s")),
    )
    typed, bad_lists = _with_nodes(typed, str(path))
    bad = typed.filter(col("reason").is_not_null())
    rejected = [
        *bad_lists,
        *(
            RejectedRow(str(path), line, reason, f"job {job}")
            for line, reason, job in bad.select("line", "reason", "job_id").iter_rows()
        ),
    ]
    jobs = typed.filter(col("reason").is_null()).with_columns(
        reported_j=library.when(_is_energy()).then(col("reported_j")),
        reported_basis=library.when(col("reported_j").is_not_null() & ~_is_energy())
        .then(library.lit("nonsense"))
        .when(_is_energy())
        .then(library.lit("file"))
        .otherwise(library.lit("")),
        project=library.coalesce(col("project"), col("account")),
        **{name: col(name).fill_null("") for name in ("user", "account", "partition", "name", "gpu_model")},
    )
    rejected.sort(key=lambda row: row.line)
    return JobTable(conformed(jobs, JOBS), _shares(jobs), tuple(rejected[:MOST_KEPT]), (), str(path), len(rejected))


def _number(name: str) -> pl.Expr:
    library = polars()
    number = library.col(name).cast(library.Float64, strict=False)
    expression: pl.Expr = library.when(number.is_finite()).then(number)
    return expression


def _is_energy() -> pl.Expr:
    """Whether the scheduler's energy can be one; 0 is none over more than some seconds."""
    library = polars()
    col = library.col
    most = _seconds().fill_null(LONGEST_RUN_S).clip(1.0) * HIGHEST_NODE_W * col("nodes").list.len()
    expression: pl.Expr = ((col("reported_j") > 0.0) & (col("reported_j") <= most)).fill_null(False)
    return expression


def _seconds() -> pl.Expr:
    """How long it ran; null while it runs."""
    col = polars().col
    expression: pl.Expr = (col("end_ns") - col("start_ns")) / 1e9
    return expression


def _word(name: str) -> pl.Expr:
    expression: pl.Expr = polars().col(name).fill_null("").str.strip_chars().str.to_lowercase()
    return expression


def _state() -> pl.Expr:
    library = polars()
    state = _word("state")
    unsaid = library.when(_word("end") == "").then(library.lit("running")).otherwise(library.lit("completed"))
    known: pl.Expr = (
        library.when(state == "")
        .then(unsaid)
        .when(state.is_in(list(STATES)))
        .then(state)
        .otherwise(library.lit("other"))
    )
    return known


def _reason() -> pl.Expr:
    library = polars()
    col = library.col
    expression: pl.Expr = (
        library.when(col("job_id").fill_null("") == "")
        .then(library.lit("it has no id"))
        .when(~col("job_id").is_first_distinct())
        .then(library.lit("its id stands in a line above"))
        .when(col("start_ns").is_null())
        .then(library.lit("its start is no time"))
        .when(~col("is_open") & col("end_ns").is_null())
        .then(library.lit("its end is no time"))
        .when(col("is_open") & (col("state") != "running"))
        .then(library.lit("its end is not known, though it does not run: a job that runs has an empty end"))
        .when(col("end_ns") < col("start_ns"))
        .then(library.lit("it ends before it starts"))
        .when(col("is_exclusive").is_null())
        .then(library.lit("exclusive is true or false"))
        .when((col("cores") < 0) | (col("gpus") < 0) | (col("memory_gb") < 0))
        .then(library.lit("it has a negative number of cores, cards or bytes"))
        .when(
            (col("cores") > MOST_OF_ANYTHING) | (col("gpus") > MOST_OF_ANYTHING) | (col("memory_gb") > MOST_OF_ANYTHING)
        )
        .then(library.lit(f"it has more than {MOST_OF_ANYTHING:.0e} cores, cards or GB, which no cluster has"))
    )
    return expression


def _with_nodes(frame: pl.DataFrame, source: str) -> tuple[pl.DataFrame, list[RejectedRow]]:
    lists: list[list[str] | None] = []
    rejected = []
    for line, text in frame.select("line", "nodes").iter_rows():
        try:
            names = [name for word in (text or "").replace(";", " ").split() for name in nodes_of(word.strip(","))]
            if not names:
                raise ValueError("it names no node")
            lists.append(list(dict.fromkeys(names)))  # a node that stands twice is one node
        except ValueError as error:
            lists.append(None)
            rejected.append(RejectedRow(source, line, str(error), str(text)[:200]))
    library = polars()
    listed = library.Series("nodes", lists, dtype=library.List(library.String))
    named = frame.with_columns(nodes=listed)
    return named.filter(library.col("nodes").is_not_null()), rejected


def _shares(jobs: pl.DataFrame) -> pl.DataFrame:
    """What a job has, evenly over its nodes."""
    col = polars().col
    count = col("nodes").list.len()
    shares = jobs.select(
        "job_id", "nodes", *((col(name) / count).alias(name) for name in ("cores", "gpus", "memory_b")), "exclusive"
    ).explode("nodes")
    return conformed(shares.rename({"nodes": "node"}), SHARES)
