"""The twelve cases of a real Slurm: each job's energy against the truth on the node, where Slurm's own rows are up to
100 % off, doubled or empty."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from pathlib import Path

import polars as pl
import pytest

from impact_tracker.cluster import NodeRating
from impact_tracker.cluster.accounting import account
from impact_tracker.cluster.closing import site_balance
from impact_tracker.cluster.frames import POWER, schema
from impact_tracker.cluster.job_energies import job_frame
from impact_tracker.cluster.readers.sacct import live_sacct
from impact_tracker.cluster.store import store_of_frame
from integration.slurm_accounts import WATTS, SlurmWithAccounts, missing_for_accounts

pytestmark = [pytest.mark.long, pytest.mark.serial, pytest.mark.timeout(600)]

# name: options of sbatch, script. In two rounds, for shared nodes and for one job after another.
CASES: dict[str, tuple[tuple[str, ...], str]] = {
    "excl": (("--exclusive",), "srun sleep 10"),
    "nosrun": (("--exclusive",), "sleep 6"),
    "twoseq": (("--exclusive",), "srun sleep 4; srun sleep 4"),
    "twopar": (("--exclusive",), "srun -n1 --overlap sleep 6 & srun -n1 --overlap sleep 6 & wait"),
    "fail": (("--exclusive",), "sleep 3; exit 3"),
    "array": (("--exclusive", "--array=1-2"), "srun sleep 4"),
    "timeout": (("--exclusive", "--time=0:05"), "srun sleep 600"),
    "shareA": (("--cpus-per-task=1",), "srun sleep 12"),
    "shareB": (("--cpus-per-task=1",), "srun sleep 12"),
}


def show(jobs: list[dict[str, object]], own: dict[str, str]) -> None:
    """A table for `pytest -s`: what Slurm's own row of each job says, and what the rule and the node's meter say."""
    print(f"\n{'case':8} {'job':>6} {'state':10} {'s':>4} {'node J':>7} {'own row':>8} {'rule':>7} {'of meter':>8}")
    for job in jobs:
        seconds = (int(str(job["end_ns"])) - int(str(job["start_ns"]))) / 1e9
        row = own.get(str(job["job_id"])) or "–"
        columns = f"{job['name']!s:8} {job['job_id']!s:>6} {job['state']!s:10} {seconds:4.0f} {seconds * WATTS:7.0f}"
        print(f"{columns} {row:>8} {job['reported_j']!s:>7} {float(str(job['energy_j'])):8.0f}")


def test_the_twelve_cases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    absent = missing_for_accounts()
    if absent:
        pytest.skip(f"needs {', '.join(absent)}")
    with SlurmWithAccounts() as slurm:
        begin = time.time()
        for name, (options, body) in CASES.items():
            script = tmp_path / f"{name}.sh"
            script.write_text(f"#!/bin/bash\n{body}\n")
            words = ["--output=/dev/null", f"--job-name={name}", "--account=acc1", *options]
            slurm.command("sbatch", *words, str(script))
        cancelled = tmp_path / "cancel.sh"
        cancelled.write_text("#!/bin/bash\nsrun sleep 600\n")
        number = slurm.command(
            "sbatch",
            "--parsable",
            "--output=/dev/null",
            "--output=/dev/null",
            "--job-name=cancel",
            "--exclusive",
            "--nice=100",
            str(cancelled),
        )
        slurm._until(
            "the cancelled job", lambda: slurm.command("squeue", "-h", "-j", number, "-o", "%T") == "RUNNING", 300
        )
        time.sleep(5)
        slurm.command("scancel", number)
        slurm._until("the end of all jobs", lambda: not slurm.jobs(), 300)
        time.sleep(2)
        end = time.time()
        own = slurm.command("sacct", "-X", "-n", "-P", "--format=JobID,ConsumedEnergyRaw", "-S", "now-1hour")
        for name in ("PATH", "SLURM_CONF"):
            monkeypatch.setenv(name, slurm.environment[name])
        table = live_sacct(*(datetime.fromtimestamp(moment, timezone.utc) for moment in (begin - 3600, end + 60)))
    times = [begin - 5 + 0.5 * step for step in range(round((end - begin + 10) * 2))]
    rows = [(slurm.node, "node", "power", round(time_s * 1e9), WATTS) for time_s in times]
    store = store_of_frame(pl.DataFrame(rows, schema=schema(POWER), orient="row"), tmp_path / "power")
    nodes = {slurm.node: NodeRating(slurm.node, cores=2.0, idle_w=1.0, rated_w=400.0)}
    accounts = account(table, store, nodes=nodes)
    assert site_balance(accounts).error <= 1e-9
    jobs = {job["job_id"]: job for job in job_frame(accounts).iter_rows(named=True)}
    assert len(jobs) == 11
    shared = [job for job in jobs.values() if job["name"].startswith("share")]
    show(list(jobs.values()), dict(line.split("|") for line in own.split()))
    for job in jobs.values():
        seconds = (job["end_ns"] - job["start_ns"]) / 1e9
        truth = seconds * WATTS
        slack = 0.01 * truth + WATTS
        if job not in shared:
            assert job["energy_j"] == pytest.approx(truth, abs=slack), job["name"]
        # By the rule Slurm's own energy is the node's, where it measured any.
        assert job["reported_j"] == pytest.approx(truth, abs=slack + 2 * WATTS), job["name"]
    assert sum(job["reported_j"] for job in shared) > 1.7 * sum(job["energy_j"] for job in shared)
    states = {job["name"]: job["state"] for job in jobs.values()}
    assert (states["fail"], states["timeout"], states["cancel"]) == ("failed", "timeout", "cancelled")
