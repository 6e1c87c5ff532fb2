"""Jobs of a plain CSV: what is read, and what is kept aside with its line and reason."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from impact_tracker.cluster import JobTable
from impact_tracker.cluster.ratings import read_ratings
from impact_tracker.cluster.readers.plain_jobs import read_plain_jobs


def plain(tmp_path: Path, *lines: str) -> JobTable:
    file = tmp_path / "jobs.csv"
    columns = "job_id,start,end,nodes,state,user,cores,cpu_time_s,reported_j,exclusive"
    file.write_bytes("\n".join([columns, *lines, ""]).encode("latin-1"))
    return read_plain_jobs(file)


def test_a_plain_csv_keeps_odd_rows_aside_and_never_makes_them_0(tmp_path: Path) -> None:
    table = plain(
        tmp_path,
        "1,1000,1100,n1,,ada,4,100,1000,false",
        "2,1000,Unknown,n1,,ada,4,100,1000,false",
        "3,1000,,n1,,ada,4,100,1e18,",
        "4,1000,,n1,completed,ada,4,100,,",
        "5,1000,0,n1,running,ada,4,,,",
        "6,1000,900,n1,,ada,4,,,",
        "7,1000,1100,n1;n2 n3,failed,andré,6,-5,-10,yes",
        "8,1000,1100,n[1-2],odd word,ada,nan,0,18446744073709551614,no",
        "9,1000,1100,n1,,ada,-4,,,",
        "10,1000,1100,n1,,ada,4,,,perhaps",
        "11,1000",
        "12,soon,1100,n1,,ada,4,,,",
        "13,1000,later,n1,,ada,4,,,",
        "1,1000,1100,n1,,ada,4,,,",
        ",1000,1100,n1,,ada,4,,,",
        "14,1000,1100,n[1-,,ada,4,,,",
    )
    rows = {row["job_id"]: row for row in table.jobs.iter_rows(named=True)}
    assert list(rows) == ["1", "3", "5", "7", "8"]
    assert [rows[job]["state"] for job in rows] == ["completed", "running", "running", "failed", "other"]
    assert (rows["3"]["end_ns"], rows["3"]["reported_j"], rows["3"]["reported_basis"]) == (None, None, "nonsense")
    assert (rows["7"]["user"], rows["7"]["cpu_time_s"], rows["7"]["reported_j"]) == ("andré", None, None)
    assert (rows["8"]["cores"], rows["8"]["cpu_time_s"], rows["8"]["reported_j"]) == (None, None, None)
    shares = table.shares.filter(pl.col("job_id") == "7").select("node", "cores", "exclusive").rows()
    assert shares == [("n1", 2.0, True), ("n2", 2.0, True), ("n3", 2.0, True)]
    reasons = {row.line: row.reason.partition(":")[0] for row in table.rejected}
    assert reasons == {
        3: "its end is not known, though it does not run",
        5: "its end is not known, though it does not run",
        7: "it ends before it starts",
        10: "it has a negative number of cores, cards or bytes",
        11: "exclusive is true or false",
        12: "it names no node",
        13: "its start is no time",
        14: "its end is no time",
        15: "its id stands in a line above",
        16: "it has no id",
        17: "a list of nodes ends inside a bracket",
    }


def test_numbers_that_no_cluster_has_are_kept_aside(tmp_path: Path) -> None:
    """A sum of two of them is infinite, and a part of that no number: a report printed nan."""
    table = plain(
        tmp_path, "1,1000,1100,n1,,ada,1e308,,,", "2,1000,1100,n1,,ada,4,1e308,1e308,", "3,1000,1100,n1,,,4,9,,"
    )
    assert [(row.line, row.reason) for row in table.rejected] == [
        (2, "it has more than 1e+09 cores, cards or GB, which no cluster has")
    ]
    assert table.jobs.select("job_id", "cpu_time_s", "reported_j").rows() == [("2", None, None), ("3", 9.0, None)]


@pytest.mark.parametrize("number", ["1e308", "inf", "nan", "-1"])
@pytest.mark.parametrize("name", ["cores", "gpus", "memory_gb", "idle_w", "rated_w", "meter_error", "clock_offset_s"])
def test_a_node_has_no_number_that_no_node_has(tmp_path: Path, name: str, number: str) -> None:
    (tmp_path / "nodes.csv").write_text(f"node,{name}\nn1,{number}\n")
    if (name, number) == ("clock_offset_s", "-1"):
        assert read_ratings(tmp_path / "nodes.csv")["n1"].clock_offset_s == -1.0
    else:
        with pytest.raises(ValueError, match=rf"nodes.csv, line 2: {name} is a number from .* to 1e\+09, not {number}"):
            read_ratings(tmp_path / "nodes.csv")


def test_a_job_that_ends_in_the_second_of_two_hours_is_none_that_ends_before_it_starts(tmp_path: Path) -> None:
    file = tmp_path / "jobs.csv"
    file.write_text("job_id,start,end,nodes\n1,2025-10-26T02:50:00,2025-10-26T02:10:00,n1\n")
    jobs = read_plain_jobs(file, time_zone="Europe/Paris").jobs
    assert (jobs["end_ns"] - jobs["start_ns"]).to_list() == [1200 * 10**9]
