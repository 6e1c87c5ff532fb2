"""Rows that stand twice, hours that stand twice, parts of cards, memory that is not a number: what a job then has."""

from __future__ import annotations

import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impact_tracker.cluster.readers.any_jobs import joined_jobs
from impact_tracker.cluster.readers.plain_jobs import read_plain_jobs
from impact_tracker.cluster.readers.sacct_json import parse_sacct_json
from impact_tracker.cluster.reports.weights import with_green_algorithms
from impact_tracker.factors.cards import part_of_card
from python.cluster.sacct_rows import parsed, row

PARIS = ZoneInfo("Europe/Paris")


def local(moment: datetime.datetime) -> str:
    return moment.astimezone(PARIS).strftime("%Y-%m-%dT%H:%M:%S")


@settings(max_examples=60, deadline=None)
@given(st.integers(-5 * 3600, 5 * 3600), st.integers(1, 6 * 3600))
def test_a_job_around_the_hour_that_comes_twice_is_where_it_was(start_s: int, lasted_s: int) -> None:
    """The clocks of Paris went back at 01:00 UTC of 26 October 2025. A job that lies whole in the two hours that look
    alike may be in either."""
    change = datetime.datetime(2025, 10, 26, 1, tzinfo=datetime.timezone.utc)
    start = change + datetime.timedelta(seconds=start_s)
    end = start + datetime.timedelta(seconds=lasted_s)
    line = row("1", submit=local(start), start=local(start), end=local(end), elapsedraw=str(lasted_s))
    jobs = parsed(line, zone="Europe/Paris").jobs
    truth = (int(start.timestamp()) * 10**9, int(end.timestamp()) * 10**9)
    read = (jobs["start_ns"][0], jobs["end_ns"][0])
    is_in_either = start_s >= 0 and start_s + lasted_s < 3600
    assert read == truth or (is_in_either and read == tuple(time - 3600 * 10**9 for time in truth))


@pytest.mark.parametrize("zone", ["UTC", "Europe/Paris"])
def test_a_job_that_was_held_for_an_hour_keeps_its_end(zone: str) -> None:
    table = parsed(row("1", end="2025-03-01T14:00:00", elapsedraw=str(3 * 3600)), zone=zone)
    assert table.jobs["end_ns"][0] - table.jobs["start_ns"][0] == 4 * 3600 * 10**9


def test_of_a_run_that_stands_twice_the_row_with_its_end_counts_in_any_order() -> None:
    ended, runs = row("1"), row("1", state="RUNNING", end="Unknown", elapsedraw="60")
    for lines in ((ended, runs), (runs, ended)):
        jobs = parsed(*lines).jobs
        assert jobs.select("job_id", "state").rows() == [("1", "completed")]
        assert jobs["end_ns"][0] is not None
    for tables in ([parsed(ended), parsed(runs)], [parsed(runs), parsed(ended)]):
        jobs = joined_jobs(tables).jobs
        assert jobs.select("job_id", "state").rows() == [("1", "completed")]


def test_the_second_run_of_a_requeued_job_counts_once_over_exports_that_overlap() -> None:
    first = row("10", state="NODE_FAIL", end="2025-03-01T10:10:00", elapsedraw="600")
    times = {"submit": "2025-03-01T10:10:00", "start": "2025-03-01T10:10:00", "end": "2025-03-01T11:00:00"}
    second = row("10", **times, elapsedraw="3000", consumedenergyraw="500")
    for tables in (
        [parsed(second), parsed(first, second)],
        [parsed(first, second), parsed(second)],
        [parsed(first), parsed(second)],
        [parsed(first, second), parsed(first)],
    ):
        table = joined_jobs(tables)
        assert sorted(table.jobs["start_ns"]) == sorted(parsed(first, second).jobs["start_ns"])
        assert table.jobs["reported_j"].drop_nulls().to_list() == [500.0]
        assert table.shares.height == 2
        assert table.jobs["job_id"].n_unique() == 2 == table.shares["job_id"].n_unique()


@pytest.mark.parametrize(
    ("tres", "cards"),
    [
        ("gres/gpu=2,gres/gpu:a100_1g.5gb=2", 2 / 7),
        ("gres/gpu:nvidia_h100_80gb_hbm3_3g.40gb=1,gres/gpu=1", 0.5),
        ("gres/gpu:a30_2g.12gb=1,gres/gpu=3,gres/gpu:a30=2", 2.5),
        ("gres/gpu:1g.10gb=7,gres/gpu=7", 1.0),
        ("gres/gpu=3,gres/gpu:a100=2", 3.0),
        ("gres/gpu=4,gres/gpumem=160G,gres/gpuutil=50", 4.0),
        ("gres/gpu:a100=4,gres/gpu:v100=2", 6.0),
        ("cpu=4", 0.0),
        ("cpu=4,gres/shard=2", None),
        ("cpu=4,gres/shard:a100=2,gres/gpu:a100=1", 1.0),
    ],
)
def test_a_part_of_a_card_is_a_part_in_text_and_json(tres: str, cards: float | None) -> None:
    assert parsed(row("1", alloctres=tres)).jobs["gpus"][0] == (None if cards is None else pytest.approx(cards))
    entries = []
    for entry in tres.split(","):
        name, _, count = entry.partition("=")
        kind, _, rest = name.partition("/")
        number = count.rstrip("G")
        entries.append(f'{{"type": "{kind}", "name": "{rest}", "count": {number}}}')
    text = (
        '{"jobs": [{"job_id": 1, "state": {"current": ["COMPLETED"]}, "nodes": "n1", "time": {"start": 1740823200,'
        f' "end": 1740826800, "elapsed": 3600}}, "tres": {{"allocated": [{", ".join(entries)}]}}}}]}}'
    )
    assert parse_sacct_json(text.encode(), "rows").jobs["gpus"][0] == (None if cards is None else pytest.approx(cards))


def test_a_part_of_a_card_has_its_part_of_the_power_once() -> None:
    for name in ("a100", "gtx1080ti", "a10g", "l40s", "gh200_480gb", "h100_80gb_hbm3", ""):
        assert part_of_card(name) == (name, 1.0)
    jobs = parsed(row("1", alloctres="gres/gpu=7,gres/gpu:a100_1g.10gb=7"), row("2", alloctres="gres/gpu:a100=1"))
    estimated = with_green_algorithms(
        jobs.jobs.with_columns(cores=pl.lit(0.0), memory_b=pl.lit(0.0), node_s=pl.lit(10.0), nodes=pl.lit(1))
    )
    assert estimated["gpu_model"].to_list() == ["a100", "a100"]
    assert estimated["ga_j"][0] == pytest.approx(estimated["ga_j"][1]) and estimated["ga_j"][1] > 2000.0


def test_all_memory_of_a_node_is_not_none_of_it() -> None:
    for text in ("0", "0n", "0Mc", "0G"):
        assert parsed(row("1", reqmem=text, alloctres="cpu=4")).jobs["memory_b"][0] is None
    assert parsed(row("1", reqmem="0n", alloctres="cpu=4,mem=8G")).jobs["memory_b"][0] == 8.0 * 2.0**30
    assert parsed(row("1", reqmem="0n", alloctres="cpu=4,mem=0")).jobs["memory_b"][0] is None  # where it is not counted
    assert parsed(row("1", reqmem="2G", alloctres="cpu=4,mem=0")).jobs["memory_b"][0] == 2.0 * 2.0**30


def test_a_job_that_ran_on_0_cores_has_a_number_that_nobody_knows() -> None:
    assert parsed(row("1", ncpus="0", alloctres="cpu=0")).jobs["cores"][0] is None


def test_a_node_that_stands_twice_is_one_node(tmp_path: Path) -> None:
    place = tmp_path / "jobs.csv"
    place.write_text("job_id,start,end,nodes,cores\n1,1000,2000,n1 n2;n1,8\n2,1000,2000,n[1-2] n1,8\n")
    assert read_plain_jobs(place).shares.select("job_id", "node", "cores").rows() == [
        ("1", "n1", 4.0),
        ("1", "n2", 4.0),
        ("2", "n1", 4.0),
        ("2", "n2", 4.0),
    ]
