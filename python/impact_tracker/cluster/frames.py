"""The columns of jobs, shares, power and gates, and the frames of typed rows.

A column's unit is in its name. Times are UTC nanoseconds since 1970. Null (and NaN in `value`) means not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .job import ClusterJob, JobTable

if TYPE_CHECKING:
    from types import ModuleType

    import polars as pl

TEXT, INTEGER, NUMBER, TRUTH = "String", "Int64", "Float64", "Boolean"

# One row a job: the attributes of `ClusterJob` without `shares`.
JOBS: Mapping[str, str] = {
    "job_id": TEXT,
    "start_ns": INTEGER,
    "end_ns": INTEGER,
    "state": TEXT,
    "user": TEXT,
    "account": TEXT,
    "project": TEXT,
    "partition": TEXT,
    "name": TEXT,
    "submit_ns": INTEGER,
    "cores": NUMBER,
    "gpus": NUMBER,
    "gpu_model": TEXT,
    "memory_b": NUMBER,
    "cpu_time_s": NUMBER,
    "reported_j": NUMBER,
    "reported_basis": TEXT,
    "line": INTEGER,
}
# The columns of a file of jobs as plain CSV, for people: times as dates or seconds, memory in GiB.
JOBS_FILE = (
    "job_id",
    "start",
    "end",
    "nodes",
    "state",
    "user",
    "account",
    "project",
    "partition",
    "name",
    "submit",
    "cores",
    "gpus",
    "gpu_model",
    "memory_gb",
    "cpu_time_s",
    "reported_j",
    "exclusive",
)
# One row for each job on each of its nodes: `NodeShare` with the job's id.
SHARES: Mapping[str, str] = {
    "job_id": TEXT,
    "node": TEXT,
    "cores": NUMBER,
    "gpus": NUMBER,
    "memory_b": NUMBER,
    "exclusive": TRUTH,
}
# One reading. `part`: "node" for the meter of the whole node, "gpu" for all of its accelerators together, "gpu0" … for
# one; "facility" and "it" for a site's own meters. "gpu_use", "cpu_use" … for utilisation. `kind`: "power" in W,
# "energy": a counter in J that only grows, or "share": a use from 0 to 1, which is no energy and opens gates alone.
POWER: Mapping[str, str] = {"node": TEXT, "part": TEXT, "kind": TEXT, "time_ns": INTEGER, "value": NUMBER}
GATES: Mapping[str, str] = {"node": TEXT, "job_id": TEXT, "begin_ns": INTEGER, "end_ns": INTEGER, "value": NUMBER}
KINDS = ("power", "energy", "share")
METERED = ("node", "gpu", "facility", "it")  # parts whose readings become energies


def polars() -> ModuleType:
    """The library; ImportError that names the extra where it is not installed."""
    try:
        import polars
    except ImportError as error:
        raise ImportError("a cluster's report needs Polars: pip install impact-tracker[cluster]") from error
    return polars


@contextmanager
def reading(path: object, what: str) -> Iterator[None]:
    """ValueError in plain words for a file that is not what it should be."""
    try:
        yield
    except polars().exceptions.PolarsError as error:
        fault = str(error).partition("\n")[0][:160]
        raise ValueError(f"{path} cannot be read as {what}: {fault}") from None


def text_of(raw: bytes) -> str:
    """UTF-8, or Latin-1 where it is none: names are in whatever a site's programs write."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def schema(columns: Mapping[str, str]) -> dict[str, pl.DataType]:
    """The columns with Polars' own types."""
    library = polars()
    return {name: getattr(library, kind) for name, kind in columns.items()}


def empty(columns: Mapping[str, str]) -> pl.DataFrame:
    """A frame of these columns without a row."""
    frame: pl.DataFrame = polars().DataFrame(schema=schema(columns))
    return frame


def conformed(frame: pl.DataFrame, columns: Mapping[str, str]) -> pl.DataFrame:
    """The frame with these columns in this order and of their types; a column that is absent is null."""
    library = polars()
    wanted = [
        (library.col(name) if name in frame.columns else library.lit(None)).cast(kind).alias(name)
        for name, kind in schema(columns).items()
    ]
    return frame.select(wanted)


def table_of(jobs: Iterable[ClusterJob], source: str = "") -> JobTable:
    """Typed jobs as columns."""
    library = polars()
    listed = list(jobs)
    rows = [[getattr(job, name) for name in JOBS] for job in listed]
    shares = [
        [job.job_id, share.node, share.cores, share.gpus, share.memory_b, share.exclusive]
        for job in listed
        for share in job.shares
    ]
    return JobTable(
        library.DataFrame(rows, schema=schema(JOBS), orient="row"),
        library.DataFrame(shares, schema=schema(SHARES), orient="row"),
        source=source,
    )
