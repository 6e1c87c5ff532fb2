"""The jobs of a report as the table that a project's ledger reads: `impact-tracker ledger add --jobs`."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from ...whole_file import whole_file
from ..job_energies import job_energies
from .site import ClusterReport

COLUMNS = (
    "job",
    "restart",
    "project",
    "user",
    "name",
    "nodes",
    "fate",
    "started_at",
    "ended_at",
    "energy_j",
    "half_j",
    "bias_j",
    "quality",
    "partial",
    "energy_source",
)
# A scheduler's words as a run's fate; what ran out of time or memory has failed.
FATES = {
    "completed": "finished",
    "cancelled": "cancelled",
    "preempted": "cancelled",
    "running": "open",
    "other": "open",
}
WHOLE = 1.0 - 1e-6  # of a job's time; less leaves its energy partial


def write_ledger_table(report: ClusterReport, path: str | Path, scheduler: str) -> int:
    """Write one line a job; how many there are. `scheduler`: before each job's id, as trackers in it name their job
    (slurm, oar): by that a job and the runs that were tracked in it become one. A task of an array is shown as `8_1`,
    and its trackers see its own id: that is written where the accounting tells it."""
    nodes: dict[str, list[str]] = {}
    for job, node in report.accounts.table.shares.select("job_id", "node").iter_rows():
        nodes.setdefault(job, []).append(node)
    count = 0
    with whole_file(path) as beside, beside.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row, energy in zip(report.frame.iter_rows(named=True), job_energies(report.frame)):
            job, _, run = row["job_id"].partition("#")  # the second run of a requeued job is 10#2
            best_j = energy.energy_j
            writer.writerow(
                [
                    f"{scheduler}:{report.accounts.table.own_ids.get(row['job_id'], job)}",
                    int(run or 1) - 1,
                    row["project"],
                    row["user"],
                    row["name"],
                    " ".join(nodes.get(row["job_id"], [])),
                    FATES.get(row["state"], "failed"),
                    row["start_ns"] / 1e9,
                    "" if row["end_ns"] is None else row["end_ns"] / 1e9,
                    "" if best_j is None else best_j,
                    "" if best_j is None else row["half_j"],
                    "" if best_j is None else row["bias_j"],
                    "" if best_j is None else energy.quality,
                    "true" if energy.coverage < WHOLE else "false",
                    "cluster report",
                ]
            )
            count += 1
    return count


def without_own_id(report: ClusterReport) -> int:
    """How many tasks of arrays do not tell their own id, so that the runs that were tracked in them do not join."""
    own_ids = report.accounts.table.own_ids
    return sum(job not in own_ids and re.match(r"\d+_\d", job) is not None for job in report.frame["job_id"])
