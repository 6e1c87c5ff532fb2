"""The same jobs as text and as JSON of every version are the same jobs."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impact_tracker.cluster import JobTable
from impact_tracker.cluster.readers.sacct import SacctParser
from impact_tracker.cluster.readers.sacct_json import parse_sacct_json
from python.cluster.drawn_slurm import VERSIONS, as_json, as_text, drawn_jobs


def of_text(text: str) -> JobTable:
    header, _, body = text.encode().partition(b"\n")
    parser = SacctParser(header, "rows", "UTC")
    parser.feed(body)
    return parser.table()


@pytest.mark.parametrize("version", VERSIONS)
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_text_and_json_give_equal_jobs(version: str, seed: int) -> None:
    jobs = drawn_jobs(seed)
    text, document = of_text(as_text(jobs)), parse_sacct_json(as_json(jobs, version), "document")
    # Only the places in the files differ.
    rows = [
        table.jobs.drop("line").with_columns(pl.col("cpu_time_s").round(6)).sort("job_id").to_dicts()
        for table in (text, document)
    ]
    assert rows[0] == rows[1]
    for table in (text, document):
        assert table.all_rejected == 0
        assert sorted(table.jobs["job_id"]) == sorted(job.key for job in jobs)
    assert text.shares.sort("job_id", "node").equals(document.shares.sort("job_id", "node"))
    assert [(finding.kind, finding.count) for finding in text.findings] == [
        (finding.kind, finding.count) for finding in document.findings
    ]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_what_was_drawn_is_what_is_read(seed: int) -> None:
    jobs = drawn_jobs(seed)
    table = of_text(as_text(jobs))
    rows = {row["job_id"]: row for row in table.jobs.iter_rows(named=True)}
    for job in jobs:
        row = rows[job.key]
        assert (row["start_ns"], row["submit_ns"]) == (job.start * 10**9, job.submit * 10**9)
        assert row["end_ns"] == (None if job.end is None else job.end * 10**9)
        assert (row["user"], row["account"], row["name"]) == (job.user, job.account, job.name)
        assert (row["cores"], row["memory_b"]) == (job.cores, job.memory_mb * 2.0**20)
        plain, typed = (sum(n for kind, n in job.gpus if bool(kind) is is_typed) for is_typed in (False, True))
        assert row["gpus"] == max(plain, typed)
        if row["reported_j"] is not None:
            # Never more than all rows together, and never one of Slurm's marks.
            known = [each.energy for each in (job, *job.steps) if each.energy < 10**9]
            assert 0.0 < row["reported_j"] <= sum(known) + 1e-6
    shares = table.shares.group_by("job_id").agg(pl.col("cores").sum(), nodes=pl.len())
    for job_id, cores, nodes in shares.iter_rows():
        job = next(each for each in jobs if each.key == job_id)
        assert (cores, nodes) == (pytest.approx(job.cores), job.nodes)
