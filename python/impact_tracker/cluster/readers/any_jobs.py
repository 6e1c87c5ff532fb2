"""Jobs from any file that a reader knows: the form is seen in its first bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ...file_text import no_pipe
from ..frames import JOBS_FILE, polars
from ..job import JobTable
from .plain_jobs import is_plain, read_plain_jobs
from .sacct import read_sacct
from .sacct_json import read_sacct_json


def read_jobs(path: str | Path, *, time_zone: str = "UTC") -> JobTable:
    """The jobs of a file: `sacct -P`, `sacct --json`, or the plain CSV. ValueError that says what is read."""
    with no_pipe(path).open("rb") as file:
        head = file.read(4096)
    first = head.split(b"\n", 1)[0].decode("utf-8", errors="replace")
    if head.lstrip()[:1] in (b"{", b"["):
        from .oar import is_oar, read_oar_jobs

        return read_oar_jobs(path) if is_oar(path) else read_sacct_json(path)
    if "|" in first and "jobid" in first.casefold():
        return read_sacct(path, time_zone=time_zone)
    if is_plain(first):
        return read_plain_jobs(path, time_zone=time_zone)
    raise ValueError(
        f"{path}: no jobs that are known here. Read are the output of sacct -a -D -P --format=…, of sacct --json, of "
        f"OAR's REST, and a CSV with a first line of {', '.join(JOBS_FILE)} (job_id, start, nodes at least)"
    )


def joined_jobs(tables: Sequence[JobTable]) -> JobTable:
    """Several tables as one. A job that stands in two of them (two exports that overlap) counts once: the last one that
    has its end."""
    if len(tables) == 1:
        return tables[0]
    library = polars()
    col = library.col
    jobs = library.concat([table.jobs.with_columns(table=library.lit(place)) for place, table in enumerate(tables)])
    shares = library.concat([table.shares.with_columns(table=library.lit(place)) for place, table in enumerate(tables)])
    # The second run of a requeued job is 10#2 where an export has both, and 10 where it has that one alone.
    jobs = jobs.with_columns(number=col("job_id").str.replace(r"#\d+$", ""), place=library.int_range(library.len()))
    ended_last = jobs.sort(col("end_ns").is_not_null(), maintain_order=True)
    kept = ended_last.unique(["number", "start_ns"], keep="last", maintain_order=True).sort("place")
    kept = kept.drop("number", "place")
    # Two clusters may number their jobs alike: the later one is told apart by its place.
    doubled = col("job_id").is_duplicated() & (col("job_id").cum_count().over("job_id") > 1)
    kept = kept.with_columns(
        new_id=library.when(doubled).then(library.format("{}@{}", "job_id", col("table") + 1)).otherwise(col("job_id"))
    )
    names = kept.select("job_id", "table", "new_id")
    shares = shares.join(names, on=["job_id", "table"], how="inner")
    first = tables[0]
    return replace(
        first,
        jobs=kept.with_columns(job_id="new_id").drop("new_id", "table"),
        shares=shares.with_columns(job_id="new_id").drop("new_id", "table"),
        rejected=tuple(row for table in tables for row in table.rejected),
        findings=tuple(finding for table in tables for finding in table.findings),
        source=", ".join(table.source for table in tables),
        rejected_count=sum(table.all_rejected for table in tables),
    )
