"""The same accounts on a real Dask cluster of local processes, one of which is killed in the middle."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import numpy as np
import pytest

from impact_tracker.cluster.accounting import account
from impact_tracker.cluster.closing import site_balance
from impact_tracker.cluster.executor import DaskWorkers, LocalThreads
from impact_tracker.cluster.job_energies import job_frame
from impact_tracker.cluster.ratings import read_ratings
from impact_tracker.cluster.readers.plain_jobs import read_plain_jobs
from impact_tracker.cluster.simulate import SiteSpec, write_site
from impact_tracker.cluster.store import PowerStore

pytestmark = pytest.mark.filterwarnings("ignore")  # Dask's own, of its ports and of workers that are killed


def test_nobody_answers_at_the_address() -> None:
    with pytest.raises(OSError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:9"):
        DaskWorkers("tcp://127.0.0.1:9", patience_s=0.5)


@pytest.mark.long
@pytest.mark.timeout(300)
def test_a_worker_that_is_killed_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dask.distributed import LocalCluster

    monkeypatch.setattr("impact_tracker.cluster.store.ROWS_OF_A_PIECE", 1)
    write_site(SiteSpec(seed=6, nodes=8, days=8.0, jobs=900, period_s=10.0), tmp_path)
    table, ratings = read_plain_jobs(tmp_path / "jobs.csv"), read_ratings(tmp_path / "nodes.csv")
    store = PowerStore(tmp_path / "power")
    here = account(table, store, nodes=ratings, executor=LocalThreads(1))
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        executor = DaskWorkers(cluster.scheduler_address)
        victim = next(iter(cluster.workers.values())).process.process.pid  # type: ignore[union-attr]
        killer = threading.Timer(1.0, os.kill, (victim, signal.SIGKILL))
        killer.start()
        for _ in range(4):  # the kill falls into one of them
            there = account(table, store, nodes=ratings, executor=executor)
        killer.join()
        executor.close()
    assert site_balance(there).error <= 1e-9
    first, second = job_frame(here), job_frame(there)
    for name in ("energy_j", "low_j", "high_j"):
        np.testing.assert_allclose(first[name].to_numpy(), second[name].to_numpy(), rtol=1e-12)
