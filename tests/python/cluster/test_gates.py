"""Gates: energies with known answers, sums that hold for any gate, and each form of `--gate`."""

from __future__ import annotations

import json
import math
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impact_tracker import ImpactTracker, cli
from impact_tracker.cluster import ClusterJob, Gate, NodeRating, NodeShare
from impact_tracker.cluster.accounting import account
from impact_tracker.cluster.accounts import Wanted
from impact_tracker.cluster.executor import LocalThreads
from impact_tracker.cluster.frames import GATES, POWER, empty, schema, table_of
from impact_tracker.cluster.gate import BUILT_IN
from impact_tracker.cluster.importing import import_power
from impact_tracker.cluster.job_energies import job_frame
from impact_tracker.cluster.readers.gate_records import RecordWish, record_gates
from impact_tracker.cluster.readers.gate_series import over, threshold_gate
from impact_tracker.cluster.readers.power_files import PowerFile, span_of_everything
from impact_tracker.cluster.readers.records import RecordPower
from impact_tracker.cluster.store import PowerStore, store_of_frame
from impact_tracker.record import read_record
from waiting import until

S = 10**9
NODE = NodeRating("n", cores=4.0, gpus=2.0, memory_gb=8.0, idle_w=1.0, rated_w=4000.0)
Interval = tuple[str | None, str | None, float, float, float]


def readings(node: str, times: np.ndarray, values: np.ndarray, part: str = "node", kind: str = "power") -> pl.DataFrame:
    rows = [(node, part, kind, round(float(t) * S), float(v)) for t, v in zip(times, values)]
    return pl.DataFrame(rows, schema=schema(POWER), orient="row")


def intervals(*rows: Interval) -> pl.DataFrame:
    listed = [(node, job, round(begin * S), round(end * S), value) for node, job, begin, end, value in rows]
    return pl.DataFrame(listed, schema=schema(GATES), orient="row")


def job(job_id: str, start: float, end: float, *shares: NodeShare) -> ClusterJob:
    return ClusterJob(job_id, round(start * S), round(end * S), shares or (NodeShare("n", cores=4, exclusive=True),))


def gated(jobs: list[ClusterJob], samples: pl.DataFrame, *gates: Gate, mode: str = "trapezoid") -> dict[str, dict]:  # type: ignore[type-arg]
    with tempfile.TemporaryDirectory() as folder:
        store = store_of_frame(samples, Path(folder))
        wanted = Wanted(gates=gates, mode=mode)
        accounts = account(table_of(jobs), store, nodes={"n": NODE}, wanted=wanted, executor=LocalThreads(1))
    return {row["job_id"]: row for row in job_frame(accounts).iter_rows(named=True)}


CURVES: dict[str, tuple[Callable[[np.ndarray], np.ndarray], Callable[[float, float], float]]] = {
    "constant": (lambda t: 0.0 * t + 120.0, lambda a, b: 120.0 * (b - a)),
    "ramp": (lambda t: 100.0 + 2.0 * t, lambda a, b: 100.0 * (b - a) + b * b - a * a),
    "parabola": (lambda t: 500.0 + t * t / 50.0, lambda a, b: 500.0 * (b - a) + (b**3 - a**3) / 150.0),
    "sine": (
        lambda t: 300.0 + 100.0 * np.sin(t / 7.0),
        lambda a, b: 300.0 * (b - a) + 700.0 * (math.cos(a / 7.0) - math.cos(b / 7.0)),
    ),
    "decay": (
        lambda t: 50.0 + 200.0 * np.exp(-t / 30.0),
        lambda a, b: 50.0 * (b - a) + 6000.0 * (math.exp(-a / 30.0) - math.exp(-b / 30.0)),
    ),
}


@pytest.mark.parametrize("name", list(CURVES))
def test_an_energy_in_a_gate_is_the_curves_integral(name: str) -> None:
    power, integral = CURVES[name]
    times = np.arange(0.0, 100.01, 0.05)
    # Open in two parts, one of them at a quarter; the first begins before the job.
    gate = Gate("g", "", intervals(("n", "a", 3.0, 31.3, 1.0), ("n", "a", 40.2, 71.7, 0.25)))
    row = gated([job("a", 12.6, 88.8)], readings("n", times, power(times)), gate)["a"]
    assert row["energy_j"] == pytest.approx(integral(12.6, 88.8), rel=2e-6)
    assert row["gate_g_j"] == pytest.approx(integral(12.6, 31.3) + 0.25 * integral(40.2, 71.7), rel=5e-6)
    assert row["outside_g_j"] == pytest.approx(row["energy_j"] - row["gate_g_j"], rel=1e-12)


drawn_intervals = st.lists(
    st.tuples(
        st.sampled_from(["n", "m", None]),
        st.sampled_from(["a", "b", "c", "nobody", None]),
        st.floats(-50.0, 400.0),
        st.floats(0.0, 200.0),
        st.floats(0.0, 1.0),
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(drawn_intervals, drawn_intervals, st.booleans(), st.integers(0, 2**32 - 1))
def test_inside_outside_and_unknown_are_all_of_it(
    inside: list[Interval], known: list[Interval], is_known: bool, seed: int
) -> None:
    draw = np.random.default_rng(seed)
    frames = []
    for node in ("n", "m"):
        times = np.cumsum(draw.choice([1.0, 1.0, 1.0, 2.0, 30.0], 250))
        frames.append(readings(node, times, draw.uniform(0.0, 900.0, 250)))
    jobs = []
    for name in "abc":
        start = float(draw.uniform(0.0, 300.0))
        shares = [NodeShare(node, cores=float(draw.integers(1, 5))) for node in ("n", "m") if draw.random() < 0.8]
        jobs.append(job(name, start, start + float(draw.uniform(1.0, 200.0)), *shares))
    rows = intervals(*((node, of, begin, begin + length, value) for node, of, begin, length, value in inside))
    span = intervals(*((node, of, begin, begin + length, 1.0) for node, of, begin, length, _ in known))
    some = Gate("some", "", rows, span if is_known else None)
    everything = Gate("all", "", intervals((None, None, -1e6, 1e6, 1.0)))
    nothing = Gate("none", "", empty(GATES))
    built_in = [Gate(word.replace(":", "_"), "", empty(GATES), built_in=word) for word in BUILT_IN]
    for row in gated(jobs, pl.concat(frames), some, everything, nothing, *built_in).values():
        energy = row["energy_j"]
        if energy is None:
            assert all(row[f"gate_{name}_j"] is None for name in ("some", "all", "none"))
            continue
        close = {"rel": 1e-9, "abs": 1e-6}
        assert row["gate_all_j"] == pytest.approx(energy, **close)
        assert (row["outside_all_j"], row["gate_none_j"]) == (pytest.approx(0.0, abs=1e-6), 0.0)
        assert row["outside_none_j"] == pytest.approx(energy, **close)
        parts = [row["gate_some_j"], row["outside_some_j"]]
        assert all(part is None or -1e-9 <= part <= energy * (1 + 1e-9) + 1e-6 for part in parts)
        if not is_known:
            assert sum(parts) == pytest.approx(energy, **close)
        elif parts[0] is not None:
            assert sum(parts) <= energy * (1 + 1e-9) + 1e-6
            assert row["known_some_s"] <= row["covered_s"] + 1e-6
        assert row["gate_running_j"] == pytest.approx(row["node_j"], **close)
        assert row["gate_share_j"] == pytest.approx(row["part_j"], **close)
        for name in ("share_cores", "share_gpus", "share_memory"):
            if row[f"gate_{name}_j"] is not None:
                assert row[f"gate_{name}_j"] + row[f"outside_{name}_j"] <= row["node_j"] * (1 + 1e-9) + 1e-6


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0.0, 100.0), min_size=2, max_size=14, unique=True), st.integers(0, 2**32 - 1))
def test_a_gate_and_its_complement_add_up(edges: list[float], seed: int) -> None:
    ends = sorted({0.0, 100.0, *(round(edge, 6) for edge in edges)})
    level = np.random.default_rng(seed).uniform(0.0, 1.0, len(ends))
    pairs = list(zip(ends, ends[1:], level))
    gate = Gate("g", "", intervals(*(("n", "a", begin, end, float(value)) for begin, end, value in pairs)))
    other = Gate("h", "", intervals(*(("n", "a", begin, end, 1.0 - float(value)) for begin, end, value in pairs)))
    times = np.arange(0.0, 101.0)
    row = gated([job("a", 0.0, 100.0)], readings("n", times, 50.0 + times), gate, other)["a"]
    assert row["gate_g_j"] + row["gate_h_j"] == pytest.approx(row["energy_j"], rel=1e-9)
    assert row["gate_h_j"] == pytest.approx(row["outside_g_j"], rel=1e-9)


def test_shares_of_cores_cards_and_memory() -> None:
    shares = (NodeShare("n", cores=1, gpus=2, memory_b=2.0 * 2**30), NodeShare("n", cores=3))
    words = ("share:cores", "share:gpus", "share:memory", "running")
    gates = [Gate(word.replace(":", "_"), "", empty(GATES), built_in=word) for word in words]
    times = np.arange(0.0, 101.0)
    jobs = [job("a", 0.0, 100.0, shares[0]), job("b", 0.0, 100.0, shares[1])]
    rows = gated(jobs, readings("n", times, 0.0 * times + 100.0), *gates)
    names = [f"gate_{gate.name}_j" for gate in gates]
    assert [rows["a"][name] for name in names] == pytest.approx([2500.0, 10_000.0, 2500.0, 10_000.0])
    assert rows["b"]["gate_share_gpus_j"] == 0.0  # a job that is told nothing of cards has none
    assert rows["b"]["gate_share_memory_j"] is None  # nobody said how much memory it has


def test_a_series_over_a_limit_is_not_known_in_its_holes() -> None:
    times = (np.array([0, 1, 2, 3, 4, 20, 21, 22]) * S).astype(np.int64)
    values = np.array([0.1, 0.9, 0.9, 0.2, 0.9, 0.9, 0.1, 0.3])
    inside, known = over("n", times, values, 0.25)
    seconds = [
        [(begin / S, end / S) for begin, end in frame.select("begin_ns", "end_ns").rows()] for frame in (inside, known)
    ]
    assert seconds == [[(1, 3), (4, 5), (20, 21), (22, 23)], [(0, 5), (20, 23)]]
    assert over("n", times[:1], values[:1], 0.25)[0].height == 0


def test_use_of_cards_over_a_limit_from_a_file_in_per_cent(tmp_path: Path) -> None:
    use = tmp_path / "use.csv"
    lines = [f"{second},n,{95 if 20 <= second < 50 else 5}" for second in range(0, 71)]
    use.write_text("\n".join(["time,node,value", *lines, "71,n,180", ""]))
    store = PowerStore(tmp_path / "store")
    times = np.arange(0.0, 101.0)
    power = tmp_path / "power.csv"
    readings("n", times, 0.0 * times + 200.0).with_columns(time_ns=pl.col("time_ns") // S).select(
        "time_ns", "node", "value"
    ).rename({"time_ns": "time"}).write_csv(power)
    for file in (PowerFile(power), PowerFile(use, "%", part="gpu_use")):
        import_power(file, store, *span_of_everything())
    gate = threshold_gate("busy", "gpu_use", "20%", store)
    wanted = Wanted(gates=(gate, threshold_gate("strong", "node", "0.15kW", store)))
    accounts = account(table_of([job("a", 10.0, 90.0)]), store, nodes={"n": NODE}, wanted=wanted)
    (row,) = job_frame(accounts).iter_rows(named=True)
    assert row["gate_busy_j"] == pytest.approx(200.0 * 30)
    assert row["outside_busy_j"] == pytest.approx(200.0 * 31)  # until 71 s: what came after is not known
    assert row["gate_strong_j"] == pytest.approx(row["energy_j"])
    for words, message in (
        (("gpu", "0.2"), "no series 'gpu' in the power; there are: gpu_use, node"),
        (("gpu_use", "20"), "means 20%: say so"),
        (("gpu_use", "20 W"), "is a share of use"),
        (("node", "20%"), "is a power in W"),
        (("node", "much"), "a threshold is a number"),
    ):
        with pytest.raises(ValueError, match=message):
            threshold_gate("g", *words, store)
    with pytest.raises(ValueError, match="import it as --part gpu_use"):
        import_power(PowerFile(use, "%"), store, *span_of_everything())


def test_a_counter_over_a_limit() -> None:
    counted = np.cumsum([0.0, *[10.0] * 30, *[300.0] * 20, *[10.0] * 50])
    with tempfile.TemporaryDirectory() as folder:
        store = store_of_frame(readings("n", np.arange(0.0, 101.0), counted, kind="energy"), Path(folder))
        gate = threshold_gate("g", "node", "100 W", store)
    assert [(begin / S, end / S) for begin, end in gate.intervals.select("begin_ns", "end_ns").rows()] == [(30, 50)]


HOST = os.uname().nodename


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Three runs with phases, one after another: with a job's id, with an array's, and with none."""
    folder = tmp_path_factory.mktemp("records")
    paths = {}
    for name, environment in (
        ("id", {"SLURM_JOB_ID": "77"}),
        ("array", {"SLURM_JOB_ID": "81", "SLURM_ARRAY_JOB_ID": "80", "SLURM_ARRAY_TASK_ID": "1"}),
        ("none", {}),
    ):
        with pytest.MonkeyPatch.context() as patch:
            for variable in [word for word in os.environ if word.startswith(("SLURM_", "OAR_", "PBS_"))]:
                patch.delenv(variable)
            for variable, value in environment.items():
                patch.setenv(variable, value)
            with ImpactTracker(folder / name, interval_s=0.05, sources=["ram_model"]) as tracker:
                for phase in ("gather", "train/a", "train/b", "evaluate"):
                    with tracker.region(phase):
                        time.sleep(0.06)
                assert until(lambda: tracker.health["samples"] >= 8)  # a busy machine reads seldom
        paths[name] = folder / name
    return paths


def seconds_of(path: Path, *names: str) -> float:
    return sum(region.stop_ns - region.start_ns for region in read_record(path).regions if region.name in names) / 1e9


def spans(paths: dict[str, Path]) -> dict[str, tuple[float, float]]:
    spans = {}
    for name, path in paths.items():
        record = read_record(path)
        assert record.started_at is not None
        begin = record.started_at.timestamp()
        spans[name] = (begin, begin + (record.result.stop_ns - record.result.start_ns) / 1e9)
    return spans


def test_phases_of_records_are_found_by_id_and_by_machine_and_time(records: dict[str, Path], tmp_path: Path) -> None:
    times = spans(records)
    node = NodeShare(f"{HOST}.example.org", cores=4)
    jobs = [
        job(name, begin - 1e-4, end + 1e-4, node) for name, (begin, end) in zip(("77", "80_1", "free"), times.values())
    ]
    jobs += [job("77#2", times["none"][1] + 5.0, times["none"][1] + 9.0, node), job("dark", 0.0, 1.0, NodeShare("x"))]
    wishes = [RecordWish("train", "train/*"), RecordWish("alive")]
    train, alive = record_gates(wishes, list(records.values()), table_of(jobs))
    assert train.findings == ()
    grid = np.arange(times["id"][0] - 3.0, times["none"][1] + 12.0, 0.02)
    with tempfile.TemporaryDirectory() as folder:
        store = store_of_frame(readings(node.node, grid, 0.0 * grid + 100.0), Path(folder))
        wanted = Wanted(gates=(train, alive))
        rating = NodeRating(node.node, cores=4.0, idle_w=1.0, rated_w=400.0)
        accounts = account(table_of(jobs), store, nodes={node.node: rating}, wanted=wanted)
    rows = {row["job_id"]: row for row in job_frame(accounts).iter_rows(named=True)}
    for name, row_id in (("id", "77"), ("array", "80_1"), ("none", "free")):
        row = rows[row_id]
        trained_s = seconds_of(records[name], "train/a", "train/b")
        assert row["gate_train_j"] == pytest.approx(100.0 * trained_s, rel=1e-4)
        assert row["gate_alive_j"] > row["gate_train_j"]
        assert row["known_train_s"] == pytest.approx(row["covered_s"])
    assert rows["77#2"]["gate_train_j"] is None  # the second run of the job has no record: not known, not 0


def test_a_record_that_belongs_to_no_job_or_to_several_says_so(records: dict[str, Path]) -> None:
    (begin, end), node = spans(records)["none"], NodeShare(HOST, cores=1)
    wish = [RecordWish("t", "train/a")]

    def finding(*jobs: ClusterJob) -> str:
        (gate,) = record_gates(wish, [records["none"]], table_of(jobs))
        assert gate.known is not None and gate.known.height == 0
        (finding,) = gate.findings
        return finding.text

    assert "any of the jobs a, b" in finding(job("a", begin - 9, end + 9, node), job("b", begin - 1, end + 1, node))
    assert "no job was on its machine" in finding(job("a", begin - 9, end + 9, NodeShare("other")))
    assert "no job had its machine for all of its time" in finding(job("a", begin - 90, begin - 50, node))
    (gate,) = record_gates(wish, [records["id"]], table_of([job("78", begin - 99, end + 99, node)]))
    assert "its job 77 or slurm:77 is not among the jobs" in gate.findings[0].text
    with pytest.raises(
        ValueError, match=r"no region of 1 records is named 'trian/a' \(near: train/a.*evaluate, gather"
    ):
        record_gates([RecordWish("t", "trian/a")], [records["id"]], table_of([]))


def test_a_record_that_ends_within_a_region_does_not_tell_it(records: dict[str, Path], tmp_path: Path) -> None:
    (source,) = (records["id"] / "impacttracker").glob("*.jsonl")
    lines = source.read_bytes().splitlines(keepends=True)
    ends = [place for place, line in enumerate(lines) if b'"region' in line or b"train/a" in line]
    cut = tmp_path / "impacttracker" / source.name
    cut.parent.mkdir()
    for stop in range(ends[0], len(lines)):  # up to where the record holds the region's begin and not its end
        cut.write_bytes(b"".join(lines[:stop]))
        if "train/a" in read_record(tmp_path).left_open:
            break
    else:
        pytest.skip("this record writes regions at their end alone")
    begin, end = spans(records)["id"]
    table = table_of([job("77", begin - 1, end + 1, NodeShare(HOST, cores=4))])
    (gate,) = record_gates([RecordWish("t", "train/*")], [cut], table)
    assert gate.known is not None and gate.known.height == 0
    assert [finding.kind for finding in gate.findings] == ["open_region"]


def test_our_own_records_are_a_source_of_power(records: dict[str, Path], tmp_path: Path) -> None:
    """As much as the records say, on their machine and at their times; read once, however often it is imported."""
    store = PowerStore(tmp_path)
    reader = RecordPower(records["id"].parent)
    first = import_power(reader, store, *span_of_everything())
    again = import_power(reader, store, *span_of_everything())
    assert (first.asked, again.asked, again.kept) == (3, 0, 3)
    assert set(store.pieces()) == {HOST}
    (piece,) = store.pieces()[HOST]
    assert piece.kind == "energy"
    times, values = piece.read()
    told = spans(records)
    for name, (begin, end) in told.items():
        assert not any(first < end and begin < last for other, (first, last) in told.items() if other != name)
        best_j = read_record(records[name]).result.energy.best_j
        assert best_j is not None
        inside = (times >= begin * S - S // 10_000) & (times <= end * S + S // 10_000)
        assert np.count_nonzero(inside) >= 3
        # The memory's model is of one power: however late its readings come, they tell it.
        read_s = float(np.ptp(times[inside])) / S
        assert float(np.ptp(values[inside])) == pytest.approx(best_j * read_s / (end - begin), rel=0.01)
    damaged = tmp_path / "x" / "impacttracker"
    damaged.mkdir(parents=True)
    (damaged / "r.jsonl").write_text("no record\n")
    (rejected,) = import_power(RecordPower(damaged), PowerStore(tmp_path / "2"), *span_of_everything()).rejected
    assert rejected.source.endswith("r.jsonl")


def test_the_command_takes_several_gates_and_says_what_they_hold(
    records: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begin, end = spans(records)["id"]
    jobs = tmp_path / "jobs.csv"
    jobs.write_text(
        f"job_id,start,end,nodes,user,cores\n77,{math.floor(begin) - 1},{math.ceil(end) + 1},{HOST},ada,4\n"
        f"78,{math.ceil(end) + 2},{math.ceil(end) + 4},{HOST},bob,4\n"
    )
    power = tmp_path / "power.csv"
    lines = [f"{second},{HOST},100" for second in range(math.floor(begin) - 3, math.ceil(end) + 6)]
    power.write_text("\n".join(["time,node,value", *lines, ""]))
    nodes = tmp_path / "nodes.csv"
    nodes.write_text(f"node,cores,idle_w,rated_w\n{HOST},4,10,400\n")
    words = ["cluster", "report", "--jobs", str(jobs), "--power", str(power), "--nodes", str(nodes)]
    gates = ["phase:train/*", "alive", "running", "share:cores", "node>50W", "busy=node>150W"]
    more = [word for gate in gates for word in ("--gate", gate)]
    assert cli.main([*words, "--records", str(records["id"]), *more, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    sums = {gate["name"]: gate for gate in document["gates"]}
    assert list(sums) == ["train", "alive", "running", "share_cores", "node_over_50W", "busy"]
    seconds = seconds_of(records["id"], "train/a", "train/b")
    assert sums["train"]["inside_j"] == pytest.approx(100.0 * seconds, rel=1e-4)
    assert sums["train"]["unknown_j"] == pytest.approx(200.0, rel=1e-3)  # job 78 has no record
    assert sums["node_over_50W"]["outside_j"] == 0.0 and sums["busy"]["inside_j"] == 0.0
    users = {row["user"]: row for row in document["tables"]["user"]}
    assert users["bob"]["gate_train_j"] is None and users["bob"]["gate_running_j"] == pytest.approx(200.0)
    assert cli.main([*words, "--records", str(records["id"]), *more]) == 0
    page = capsys.readouterr().out
    assert "in train" in page and "gate train (open in the regions train/* of the job's records): " in page
    assert "not known of" in page
    for gate, message in (
        ("runing", "near: running"),
        ("gpu_use>20%", "--part gpu_use --unit %"),
        ("phase:", "does not say what opens it"),
        ("a b=running", "letters, digits and _ alone"),
        ("phase:train/*", "give --records DIR"),
    ):
        assert cli.main([*words, "--gate", gate]) == 2, gate
        assert message in capsys.readouterr().err, gate
    assert cli.main([*words, "--gate", "running", "--gate", "running"]) == 2
    assert "two gates have the name running" in capsys.readouterr().err
