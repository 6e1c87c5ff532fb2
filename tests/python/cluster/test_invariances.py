"""What must not change, and what must change in proportion, whatever the jobs: laws of the accounting."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impact_tracker.cluster import ClusterJob, NodeRating, NodeShare
from impact_tracker.cluster.accounting import account
from impact_tracker.cluster.accounts import Accounts, Wanted
from impact_tracker.cluster.closing import site_balance
from impact_tracker.cluster.executor import LocalThreads
from impact_tracker.cluster.frames import POWER, schema, table_of
from impact_tracker.cluster.job_energies import job_frame
from impact_tracker.cluster.reports.hours import hour_shares
from impact_tracker.cluster.reports.site import ClusterReport, report_of
from impact_tracker.cluster.reports.weights import step_curve, weights_of
from impact_tracker.cluster.store import store_of_frame
from impact_tracker.factors import FactorError, IntensityCurve
from impact_tracker.values import kwh_of
from impact_tracker.weighing import Weighing

S = 10**9
HOUR = 3600 * S
NODES = ("n0", "n1")
RATING = NodeRating("", cores=8.0, gpus=2.0, memory_gb=64.0, idle_w=60.0, rated_w=900.0, standby_w=5.0)


def drawn_power(draw: np.random.Generator, count: int = 400) -> dict[str, tuple[np.ndarray, np.ndarray]]:  # type: ignore[type-arg]
    return {node: (np.arange(count) * 10, draw.uniform(62.0, 600.0, count)) for node in NODES}


def drawn_jobs(draw: np.random.Generator, count: int) -> list[ClusterJob]:
    jobs = []
    for number in range(count):
        start = int(draw.integers(-300, 3500))
        shares = tuple(
            NodeShare(node, float(draw.integers(1, 5)), float(draw.integers(0, 2)), float(draw.integers(1, 9)) * 2**30)
            for node in draw.choice(NODES, int(draw.integers(1, 3)), replace=False)
        )
        jobs.append(ClusterJob(str(number), start * S, (start + int(draw.integers(1, 1500))) * S, shares))
    return jobs


def accounted(
    jobs: Sequence[ClusterJob],
    power: dict[str, tuple[np.ndarray, np.ndarray]],  # type: ignore[type-arg]
    rating: NodeRating = RATING,
    **wanted: object,
) -> Accounts:
    rows = [
        (node, "node", "power", int(time) * S, float(watts))
        for node, series in power.items()
        for time, watts in zip(*series)
    ]
    with tempfile.TemporaryDirectory() as folder:
        store = store_of_frame(pl.DataFrame(rows, schema=schema(POWER), orient="row"), Path(folder))
        ratings = {node: replace(rating, node=node) for node in power}
        return account(table_of(jobs), store, nodes=ratings, wanted=Wanted(**wanted), executor=LocalThreads(1))  # type: ignore[arg-type]


def energies(accounts: Accounts, column: str = "energy_j") -> dict[str, float]:
    frame = job_frame(accounts)
    return dict(zip(frame["job_id"], frame[column]))


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 15))
def test_twice_the_power_is_twice_the_energy_of_all(seed: int, count: int) -> None:
    draw = np.random.default_rng(seed)
    jobs, power = drawn_jobs(draw, count), drawn_power(draw)
    doubled = replace(RATING, idle_w=120.0, rated_w=1800.0, standby_w=10.0)
    once = accounted(jobs, power)
    twice = accounted(jobs, {node: (times, 2.0 * watts) for node, (times, watts) in power.items()}, doubled)
    for column in ("energy_j", "own_idle_j", "low_j", "high_j"):
        after = energies(twice, column)
        for job, before in energies(once, column).items():
            assert before is None or after[job] == pytest.approx(2.0 * before, rel=1e-9, abs=1e-6), column
    assert site_balance(twice).idle_j == pytest.approx(2.0 * site_balance(once).idle_j, rel=1e-9)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 15))
def test_the_order_of_jobs_and_of_readings_changes_nothing(seed: int, count: int) -> None:
    draw = np.random.default_rng(seed)
    jobs, power = drawn_jobs(draw, count), drawn_power(draw)
    order = draw.permutation(400)
    mixed = {node: (times[order], watts[order]) for node, (times, watts) in reversed(power.items())}
    after = energies(accounted([jobs[place] for place in draw.permutation(count)], mixed))
    for job, before in energies(accounted(jobs, power)).items():
        assert after[job] == (None if before is None else pytest.approx(before, rel=1e-9, abs=1e-6))


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 15))
def test_a_job_in_two_halves_has_the_energy_of_the_whole(seed: int, count: int) -> None:
    draw = np.random.default_rng(seed)
    jobs, power = drawn_jobs(draw, count), drawn_power(draw)
    undivided = jobs[0]
    assert undivided.end_ns is not None
    middle = int(draw.integers(undivided.start_ns, undivided.end_ns))
    halves = [replace(undivided, job_id="a", end_ns=middle), replace(undivided, job_id="b", start_ns=middle)]
    before = energies(accounted(jobs, power))
    after = energies(accounted([*halves, *jobs[1:]], power))
    assert (after.get("a") or 0.0) + (after.get("b") or 0.0) == pytest.approx(before[undivided.job_id] or 0.0, abs=1e-6)
    for job in jobs[1:]:
        assert after.get(job.job_id) == pytest.approx(before.get(job.job_id), abs=1e-6)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 15))
def test_a_node_without_jobs_adds_its_idle_energy_and_nothing_else(seed: int, count: int) -> None:
    draw = np.random.default_rng(seed)
    jobs, power = drawn_jobs(draw, count), drawn_power(draw)
    before, after = accounted(jobs, power), accounted(jobs, {**power, "n2": power["n0"]})
    assert energies(after) == pytest.approx(energies(before))
    added = site_balance(after).total_j - site_balance(before).total_j
    assert site_balance(after).idle_j - site_balance(before).idle_j == pytest.approx(added, rel=1e-9)
    assert site_balance(after).jobs_j == pytest.approx(site_balance(before).jobs_j)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 15), st.integers(1, 3989))
def test_two_windows_side_by_side_have_the_energy_of_both(seed: int, count: int, cut_s: int) -> None:
    draw = np.random.default_rng(seed)
    jobs, power = drawn_jobs(draw, count), drawn_power(draw)
    of_both = energies(accounted(jobs, power, begin_ns=0, end_ns=3990 * S))
    windows = [(0, cut_s * S), (cut_s * S, 3990 * S)]
    parts = [energies(accounted(jobs, power, begin_ns=begin, end_ns=end)) for begin, end in windows]
    for job, energy in of_both.items():
        assert sum(part.get(job) or 0.0 for part in parts) == pytest.approx(energy or 0.0, rel=1e-9, abs=1e-5)


def matched(values: Sequence[float | None], watts: float = 1000.0, hours: int = 48) -> ClusterReport:
    """A node of one job, by the hour, with an intensity by the hour."""
    curve = IntensityCurve(
        "FRA", [hour * HOUR for hour in range(len(values))], values, len(values) * HOUR, "a file", "average"
    )
    times = np.arange(0, hours * 3600 + 1, 60)
    jobs = [ClusterJob("a", 0, hours * HOUR, (NodeShare("n0", exclusive=True),), user="ada")]
    rating = replace(RATING, rated_w=3000.0)
    accounts = accounted(jobs, {"n0": (times, np.full(len(times), watts))}, rating, curve=step_curve(curve))
    return report_of(accounts, weights_of(Weighing(), curve, None, ""), (("user",), ("day",), ("node",)))


@settings(max_examples=10, deadline=None)
@given(st.lists(st.one_of(st.none(), st.floats(1.0, 900.0)), min_size=48, max_size=48))
def test_a_hole_of_the_intensity_takes_its_own_energy_alone_out_of_the_carbon(values: list[float | None]) -> None:
    """A value holds an hour longer than its own hour; what lies beyond has no carbon, and is told."""
    report = matched(values)
    held = [now if now is not None else before for before, now in zip([None, *values], values)]
    expected = math.fsum(value for value in held if value is not None) * report.weights.overhead.best  # 1 kWh an hour
    missing_h = held.count(None)
    told = [finding for finding in report.findings if finding.kind == "no_intensity"]
    if missing_h == 48:
        assert report.summary.carbon_g is None and report.tables["user"]["carbon_g"].to_list() == [None]
    else:
        assert report.summary.carbon_g == pytest.approx(expected, rel=1e-9)
        for key in ("user", "day", "node"):
            assert report.tables[key]["carbon_g"].sum() == pytest.approx(expected, rel=1e-9)
        assert report.frame["carbon_g"][0] * report.weights.overhead.best == pytest.approx(expected, rel=1e-9)
    assert bool(told) == (missing_h > 0)
    assert not told or kwh_of(told[0].energy_j or 0.0) == pytest.approx(missing_h)


def test_hours_without_power_do_not_make_an_hour_cheaper() -> None:
    """Half of the time no meter was there: a core-hour still costs what it costs."""
    job = [ClusterJob("a", 0, 10 * HOUR, (NodeShare("n0", 8.0, 0.0),))]
    every = np.arange(0, 36_001, 60)
    some = every[(every <= 18_000) | (every == 36_000)]
    watts = []
    for times in (every, some):
        report = report_of(
            accounted(job, {"n0": (times, np.full(len(times), 400.0))}), weights_of(Weighing(), None, None, "")
        )
        shares = hour_shares(report)
        watts.append(kwh_of(shares.core_j[1]) / shares.core_hours * 1000.0)
    assert watts == [pytest.approx(50.0), pytest.approx(50.0)]
    assert shares.core_covered == pytest.approx(0.5, abs=0.01)


def test_an_estimate_stands_beside_the_energy_of_the_same_jobs_and_seconds() -> None:
    """4 cores × 12 W = 48 W against 96 W: half, whatever no meter saw."""
    half = NodeRating("", cores=4.0, idle_w=50.0, rated_w=200.0)
    times = np.arange(0, 36_001, 60)
    some = times[(times <= 9_000) | (times == 36_000)]
    jobs = [
        ClusterJob("a", 0, 10 * HOUR, (NodeShare("n0", 4.0),), cores=4.0, user="ada"),
        ClusterJob("dark", 0, 10 * HOUR, (NodeShare("n9", 64.0),), cores=64.0, user="ada"),
        ClusterJob("unknown", 11 * HOUR, 12 * HOUR, (NodeShare("n0", exclusive=True),), user="bob"),
    ]
    for seconds in (times, some):
        more = np.concatenate([seconds, np.arange(11, 13) * 3600])
        accounts = accounted(jobs, {"n0": (more, np.full(len(more), 96.0))}, half)
        report = report_of(accounts, weights_of(Weighing(), None, None, ""), (("user",), ("job",)))
        assert report.summary.green_algorithms_ratio == pytest.approx(0.5, rel=1e-6)
        ratios = dict(report.tables["user"].select("user", "ga_ratio").rows())
        assert ratios == {"ada": pytest.approx(0.5, rel=1e-6), "bob": None}


def test_a_line_between_two_intensities_counts_as_their_mean_and_a_marginal_curve_is_refused() -> None:
    line = IntensityCurve("FRA", [0, HOUR, 2 * HOUR], [100.0, 300.0, 200.0], 3 * HOUR, "a", "average", shape="linear")
    steps = step_curve(line)
    assert [kwh_of(1.0) * value for value in (200.0, 250.0, 200.0)] == pytest.approx(steps.g_per_j[:-1].tolist())
    for method in ("marginal, direct", "market-based, residual mix"):
        with pytest.raises(FactorError):
            step_curve(replace(line, method=method))
