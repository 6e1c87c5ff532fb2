"""Slurm's accounting as text and as JSON: real rows, odd rows, and rows drawn at random."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impact_tracker.cluster.readers.sacct import read_sacct
from impact_tracker.cluster.readers.sacct_json import parse_sacct_json, read_sacct_json
from impact_tracker.cluster.readers.slurm_words import SlurmNumber, energy_j, memory_b, nodes_of
from python.cluster.sacct_rows import parsed, row

DATA = Path(__file__).parents[2] / "data" / "slurm"
# What the node really used while each job had it, at 110 W (the writer of the meter's file said so).
TRUTH = {"1": 2200, "2": 2200, "3": 2200, "4": 330, "5": 1100, "6": 1110, "7": 890, "8_1": 330, "8_2": 330, "10": 660}


def test_real_rows_are_read_by_the_rule() -> None:
    table = read_sacct(DATA / "sacct_full.psv")
    energies = dict(zip(table.jobs["job_id"], table.jobs["reported_j"]))
    assert set(energies) == {*TRUTH, "11"}
    for job, truth in TRUTH.items():
        assert energies[job] == pytest.approx(truth, abs=0.01 * truth + 110), job
    assert energies["5"] == 1100  # its own row is empty
    assert energies["7"] == 888  # its own row says 1760
    assert table.all_rejected == 0
    assert table.jobs["state"].to_list().count("timeout") == 1


def test_text_and_json_of_the_same_jobs_agree() -> None:
    text = read_sacct(DATA / "sacct_full.psv").jobs
    document = read_sacct_json(DATA / "sacct_22.05.json").jobs
    both = text.join(document, on="job_id").filter(pl.col("job_id") != "11")  # it still ran then
    assert both.height == 10
    for name in ("start_ns", "end_ns", "state", "user", "account", "cores", "memory_b", "reported_j", "reported_basis"):
        assert both[name].to_list() == both[f"{name}_right"].to_list(), name


def test_a_running_job_has_no_end_and_no_energy_yet() -> None:
    running = read_sacct_json(DATA / "sacct_22.05.json").jobs.filter(pl.col("job_id") == "11")
    assert running.select("state", "end_ns", "reported_j").row(0) == ("running", None, None)


def test_odd_rows_are_kept_aside_with_line_and_reason() -> None:
    table = parsed(
        row("1"),
        row("2", end="Unknown"),
        row("3", end="Unknown", state="RUNNING"),
        row("4", end="2025-03-01T09:59:59"),
        row("5", elapsedraw="-3"),
        row("6", start="Unknown", nodelist="n3"),
        "7|truncated",
        row("x7"),
        row("8", nodelist="n[1-"),
        row("9", totalcpu="00:00:00"),
        row("10", consumedenergyraw="18446744073709551614"),
        row("11", consumedenergyraw="-2202"),
        row("12", consumedenergyraw="999999999999999"),
        row("13", start="Unknown", end="2025-03-01T10:01:40", state="CANCELLED by 7", nodelist="None assigned"),
        row("14", state="PENDING", start="Unknown", end="Unknown", nodelist="None assigned"),
        row("15", jobname="a|b"),
        row("16").replace("|ada|", "|andré|").encode("latin-1"),
        "",
        row("17", nodelist="r[1-2]n[09-11],login"),
    )
    assert table.jobs["job_id"].to_list() == ["1", "3", "9", "10", "11", "12", "15", "16", "17"]
    assert {rejected.line: rejected.reason.split(":")[0] for rejected in table.rejected} == {
        3: "its end is not known, though it does not run",
        5: "it ends before it starts",
        6: "its elapsed time is negative",
        7: "its start is not known",
        8: "it has 2 fields, the header 17",
        9: "its job id is none",
        10: "a list of nodes ends inside a bracket",
    }
    jobs = {job["job_id"]: job for job in table.jobs.iter_rows(named=True)}
    assert jobs["9"]["cpu_time_s"] is None
    assert [jobs[job]["reported_j"] for job in ("10", "11", "12")] == [None] * 3
    assert jobs["15"]["name"] == "a b"
    assert jobs["16"]["user"] == "andré"
    kinds = {finding.kind: finding.count for finding in table.findings}
    assert kinds == {"never_ran": 2, "nonsense_energy": 2, "no_cpu_time": 1}
    nodes = table.shares.filter(pl.col("job_id") == "17")["node"].to_list()
    assert nodes == ["r1n09", "r1n10", "r1n11", "r2n09", "r2n10", "r2n11", "login"]


def test_a_requeued_job_is_one_row_for_each_run_with_its_own_steps() -> None:
    later = {"start": "2025-03-01T11:00:00", "end": "2025-03-01T11:01:40"}
    table = parsed(
        row("5", state="NODE_FAIL"),
        row("5.batch", consumedenergyraw="1000", alloctres=""),
        row("5", **later),
        row("5.batch", consumedenergyraw="3000", alloctres="", **later),
        row("5", **later),  # the same run again, from another export
    )
    assert table.jobs.select("job_id", "state", "reported_j").rows() == [
        ("5", "node_fail", 1000.0),
        ("5#2", "completed", 3000.0),
    ]
    assert [finding.kind for finding in table.findings] == ["doubled_rows"]


def test_steps_of_several_nodes_add_and_overlapping_ones_do_not() -> None:
    def step(name: str, first: int, last: int, energy: int, nodes: str) -> str:
        at = "2025-03-01T10:{:02}:00".format
        return row(f"5.{name}", start=at(first), end=at(last), consumedenergyraw=str(energy), nodelist=nodes)

    two = {"nnodes": "2", "nodelist": "n[1-2]", "end": "2025-03-01T10:40:00", "elapsedraw": "2400"}
    lines = [row("5", consumedenergyraw="99999", **two), step("batch", 0, 40, 5000, "n1")]
    lines += [step("0", 0, 10, 1000, "n1"), step("1", 0, 10, 1100, "n2"), step("2", 10, 20, 400, "n[1-2]")]
    lines += [step("3", 5, 30, 2000, "n1")]
    # n1: 1000 then 200, or 2000 alone; n2: 1100 then 200. The batch row is of one node only.
    assert parsed(*lines).jobs["reported_j"].to_list() == [2000.0 + 1300.0]


def test_times_of_a_zone_and_the_hour_that_comes_twice() -> None:
    spring = {"start": "2025-07-01T12:00:00", "end": "2025-07-01T12:01:40"}
    assert parsed(row("1", **spring), zone="Europe/Paris").jobs["start_ns"][0] == 1751364000 * 10**9
    # From 02:50 summer time to 02:10 winter time: 1200 s.
    autumn = {"start": "2025-10-26T02:50:00", "end": "2025-10-26T02:10:00", "elapsedraw": "1200"}
    jobs = parsed(row("1", **autumn), zone="Europe/Paris").jobs
    assert (jobs["end_ns"] - jobs["start_ns"]).to_list() == [1200 * 10**9]
    offset = {"start": "2022-02-21T14:37:02+0100", "end": "2022-02-21T15:26:24+0100", "elapsedraw": "2962"}
    assert parsed(row("1", **offset)).jobs["start_ns"][0] == 1645450622 * 10**9


@pytest.mark.parametrize(
    ("tres", "gpus", "model"),
    [
        ("billing=80,cpu=8,energy=1439089,gres/gpu=8,mem=320G,node=1", 8, ""),
        ("cpu=8,gres/gpu:a100=2,gres/gpu:h100=1", 3, "a100"),
        ("cpu=8,gres/gpu=2,gres/gpu:a100=2", 2, "a100"),
        ("cpu=8,mem=4G", 0, ""),
    ],
)
def test_cards_typed_or_not(tres: str, gpus: float, model: str) -> None:
    jobs = parsed(row("1", alloctres=tres)).jobs
    assert (jobs["gpus"][0], jobs["gpu_model"][0]) == (gpus, model)


def test_a_file_that_is_none_says_how_to_make_it(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match=r"no JobID, Start, End.*sacct -a -D -P"):
        read_sacct(file)
    file.write_text("{}")
    with pytest.raises(ValueError, match="no list of jobs"):
        read_sacct_json(file)
    file.write_text("{")
    with pytest.raises(ValueError, match="sacct -a -D --json"):
        read_sacct_json(file)


def test_words() -> None:
    assert energy_j("2.20K") == 2200
    assert energy_j("18446744073709551614") is None
    assert memory_b("6760Mc", cores=4) == 4 * 6760 * 2**20
    assert memory_b("250Gn", nodes=2) == 500 * 2**30
    assert memory_b("") is None
    assert SlurmNumber.of({"set": True, "infinite": False, "number": 7}) == 7
    assert SlurmNumber.of({"set": False, "infinite": False, "number": 0}) is None
    assert SlurmNumber.of(2**64 - 2) is None


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abn"), st.integers(0, 120), st.integers(0, 9), st.integers(1, 3)), min_size=1)
)
def test_lists_of_nodes_give_back_what_they_were_made_of(parts: list[tuple[str, int, int, int]]) -> None:
    texts, names = [], []
    for letter, first, more, width in parts:
        texts.append(f"{letter}[{first:0{width}d}-{first + more:0{width}d}]")
        names += [f"{letter}{number:0{width}d}" for number in range(first, first + more + 1)]
    assert nodes_of(",".join(texts)) == tuple(dict.fromkeys(names))


def as_number(value: float | None, new: bool) -> object:
    return {"set": value is not None, "infinite": False, "number": value or 0} if new else value


@pytest.mark.parametrize("new", [False, True])
def test_json_of_old_and_new_versions(new: bool) -> None:
    """21.08 writes bare numbers and one state; from 23.02 on numbers are objects, states lists, ids of steps texts."""
    start, end = as_number(1740823200, new), as_number(1740823300, new)
    total = {"seconds": 90, "microseconds": 0}
    cards = {"type": "gres", "name": "gpu:a100", "count": 2}
    energy = as_number(11000, new)
    job = {
        "job_id": 12,
        "array": {"job_id": 10, "task_id": as_number(3, new)},
        "het": {"job_id": 0, "job_offset": as_number(None, new)},
        "user": "ada",
        "account": "x",
        "partition": "p",
        "nodes": "n1",
        "allocation_nodes": 1,
        "state": {"current": ["FAILED"] if new else "FAILED"},
        "time": {
            "start": start,
            "end": end,
            "submission": start,
            "elapsed": 100,
            "total": total,
        },
        "tres": {"allocated": [{"type": "cpu", "name": "", "count": 8}, cards]},
        "steps": [
            {
                "step": {"id": "12.batch" if new else "batch", "name": "batch"},
                "time": {"start": start, "end": end},
                "nodes": {"count": 1, "range": "n1", "list": ["n1"]},
                "statistics": {"energy": {"consumed": energy}},
                "state": ["FAILED"] if new else "FAILED",
            }
        ],
    }
    table = parse_sacct_json(json.dumps({"jobs": [job, 3, {"job_id": 0}]}).encode(), "x")
    (read,) = table.jobs.iter_rows(named=True)
    assert (read["job_id"], read["state"], read["gpus"], read["gpu_model"]) == ("10_3", "failed", 2.0, "a100")
    assert (read["reported_j"], read["reported_basis"], read["cores"]) == (11000.0, "batch", 8.0)
    assert [rejected.line for rejected in table.rejected] == [2, 3]


def test_amounts_that_no_cluster_has_are_not_known() -> None:
    odd = row(
        "1",
        nnodes="1e308",
        ncpus="9" * 400,
        alloctres="mem=1e300G",
        reqmem="9" * 300 + "G",
        totalcpu=f"{'9' * 40}-00:00:00",
    )
    jobs = parsed(odd, row("2")).jobs
    assert jobs.select("cores", "memory_b", "cpu_time_s").rows() == [(None, None, None), (4.0, 4 * 2.0**30, 300.0)]
