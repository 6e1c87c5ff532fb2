"""Whatever the jobs and the readings: every joule once, and nothing negative."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impact_tracker.cluster import ClusterJob, NodeRating, NodeShare
from impact_tracker.cluster.accounting import account
from impact_tracker.cluster.closing import node_balances, site_balance
from impact_tracker.cluster.executor import LocalThreads
from impact_tracker.cluster.frames import POWER, schema, table_of
from impact_tracker.cluster.importing import import_power
from impact_tracker.cluster.job_energies import job_frame
from impact_tracker.cluster.readers.power_files import span_of_everything
from impact_tracker.cluster.readers.slurm_energy import SchedulerPower
from impact_tracker.cluster.store import PowerStore, store_of_frame

S = 10**9


def drawn_jobs(draw: np.random.Generator, count: int, nodes: int) -> list[ClusterJob]:
    jobs = []
    for number in range(count):
        start = float(draw.uniform(-500.0, 4500.0))
        end = None if draw.random() < 0.1 else start + float(draw.exponential(600.0))
        shares = tuple(
            NodeShare(
                f"n{node}",
                cores=None if draw.random() < 0.2 else float(draw.integers(0, 9)),
                gpus=float(draw.integers(0, 3)),
                exclusive=bool(draw.random() < 0.2),
            )
            for node in draw.choice(nodes + 1, int(draw.integers(1, nodes + 1)), replace=False)  # one has no power
        )
        jobs.append(ClusterJob(str(number), round(start * S), None if end is None else round(end * S), shares))
    return jobs


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 25), st.sampled_from(["power", "energy"]), st.booleans())
def test_the_balance_closes_for_any_jobs_and_readings(seed: int, count: int, kind: str, with_gpus: bool) -> None:
    draw = np.random.default_rng(seed)
    frames = []
    for node in range(2):
        times = np.cumsum(draw.choice([5.0, 5.0, 5.0, 5.0, 9.0, 300.0], 600))
        watts = draw.uniform(20.0, 600.0, 600)
        values = watts if kind == "power" else np.cumsum(watts * 5.0)
        values[draw.integers(0, 600, 5)] = draw.choice([-1.0, np.nan, 2.0**64], 5)
        for part, scale in (("node", 1.0), ("gpu", 0.7))[: 2 if with_gpus else 1]:
            rows = [(f"n{node}", part, kind, round(t * S), float(v) * scale) for t, v in zip(times, values)]
            frames.append(pl.DataFrame(rows, schema=schema(POWER), orient="row"))
    ratings = {} if draw.random() < 0.5 else {"n0": NodeRating("n0", cores=8.0, gpus=2.0, rated_w=700.0, idle_w=50.0)}
    with tempfile.TemporaryDirectory() as folder:
        store = store_of_frame(pl.concat(frames), Path(folder))
        table = table_of(drawn_jobs(draw, count, 2))
        accounts = account(table, store, nodes=ratings, executor=LocalThreads(1))
    balance = site_balance(accounts)
    assert balance.error <= 1e-9
    for node in node_balances(accounts):
        assert min(node.jobs_j, node.idle_j, node.standby_j, node.uncovered_j) >= -1e-6 * max(node.total_j, 1.0)
    frame = job_frame(accounts)
    known = frame.filter(pl.col("energy_j").is_not_null())
    assert (known["low_j"] <= known["energy_j"] + known["least_j"] + 1e-6).all()
    assert known["energy_j"].sum() == pytest.approx(balance.jobs_j, rel=1e-9, abs=1e-6)


def test_a_schedulers_energies_stand_in_for_meters_and_shared_nodes_are_not_doubled(tmp_path: Path) -> None:
    """Slurm's 2202 + 2199 J of two jobs that shared a node of 110 W for 20 s are 2200 J together."""
    share = (NodeShare("vm", cores=1),)
    jobs = [
        ClusterJob("2", 1000 * S, 1020 * S, share, reported_j=2202.0),
        ClusterJob("3", 1000 * S, 1020 * S, share, reported_j=2199.0),
        ClusterJob("4", 2000 * S, 2010 * S, (NodeShare("vm", cores=2),), reported_j=1100.0),
        ClusterJob("5", 3000 * S, 3010 * S, share),
    ]
    table = table_of(jobs, "jobs")
    store = PowerStore(tmp_path)
    import_power(SchedulerPower(table), store, *span_of_everything())
    frame = job_frame(account(table, store, executor=LocalThreads(1)))
    energies = dict(zip(frame["job_id"], frame["energy_j"]))
    assert energies["2"] + energies["3"] == pytest.approx(2202.0, rel=1e-6)
    assert energies["4"] == pytest.approx(1100.0, rel=1e-6)
    assert "5" not in energies  # nothing is known of its time
