"""The types of a cluster's accounting, and their columns."""

from __future__ import annotations

from dataclasses import fields

import polars as pl

from impact_tracker.cluster import ClusterJob, NodeShare, SiteBalance
from impact_tracker.cluster.frames import JOBS, POWER, SHARES, conformed, empty, table_of


def test_columns_of_jobs_are_the_attributes_of_a_job() -> None:
    assert list(JOBS) == [item.name for item in fields(ClusterJob) if item.name != "shares"]
    assert list(SHARES) == ["job_id", *(item.name for item in fields(NodeShare))]


def test_typed_jobs_become_columns() -> None:
    job = ClusterJob("8_1", 10, None, (NodeShare("n1", cores=4), NodeShare("n2", cores=2)), user="ada")
    table = table_of([job])
    assert table.jobs.row(0, named=True)["user"] == "ada"
    assert table.jobs["end_ns"][0] is None
    assert table.shares["cores"].to_list() == [4.0, 2.0]
    assert table.all_rejected == 0


def test_absent_columns_are_null() -> None:
    frame = conformed(pl.DataFrame({"node": ["a"], "value": [3]}), POWER)
    assert frame.columns == list(POWER)
    assert frame["time_ns"][0] is None
    assert frame["value"][0] == 3.0
    assert empty(POWER).height == 0


def test_a_balance_knows_whether_it_closes() -> None:
    balance = SiteBalance(1, 100.0, 60.0, 30.0, 9.0, 1.0, 10.0, 0.0)
    assert balance.is_closed
    assert not SiteBalance(1, 100.0, 60.0, 30.0, 9.0, 2.0, 10.0, 0.0).is_closed
    assert SiteBalance(0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0).error == 0.0
