"""Power of nodes from a scheduler's own energies, where there are no meters: known only while a job ran.

A job's energy is that of its nodes over its time, whoever else was there. So the power of a node is the largest of what
the jobs on it say at that time, never their sum; between jobs nothing is known. Whole seconds are all that Slurm has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..finding import ClusterFinding
from ..frames import POWER, conformed, polars
from ..job import JobTable
from ..protocol import PowerBatch, PowerWindow

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

MOST_SAMPLES, STEPS_S = 20_000_000, (1, 5, 15, 60)


@dataclass(frozen=True, eq=False)
class SchedulerPower:
    """The power that a table's reported energies imply, on a grid of whole seconds."""

    table: JobTable

    @property
    def source(self) -> str:
        """The jobs' own."""
        return f"energies of {self.table.source}"

    def windows(self, begin_ns: int, end_ns: int) -> Sequence[PowerWindow]:
        """All nodes that have an energy, one each."""
        nodes = self._rows()["node"].unique().sort().to_list()
        return [PowerWindow(f"{node}-{begin_ns}-{end_ns}", begin_ns, end_ns, (str(node),)) for node in nodes]

    def _rows(self) -> pl.DataFrame:
        """Each job with an energy on each of its nodes, with its mean power there."""
        col = polars().col
        count = self.table.shares.group_by("job_id").agg(nodes=polars().len())
        jobs = self.table.jobs.filter(col("reported_j").is_not_null() & (col("end_ns") > col("start_ns")))
        rows = jobs.join(count, on="job_id").join(self.table.shares.select("job_id", "node"), on="job_id")
        seconds = (col("end_ns") - col("start_ns")) / 1e9
        return rows.select("node", "start_ns", "end_ns", power_w=col("reported_j") / col("nodes") / seconds)

    def read(self, window: PowerWindow) -> PowerBatch:
        """One node's power while it had jobs."""
        (node,) = window.nodes
        col = polars().col
        rows = self._rows().filter(col("node") == node).sort("start_ns")
        start, end = rows["start_ns"].to_numpy() // 10**9, rows["end_ns"].to_numpy() // 10**9
        total = int((end - start).sum())
        step = next((step for step in STEPS_S if total / step <= MOST_SAMPLES), STEPS_S[-1])
        times, powers = _largest(start, end, rows["power_w"].to_numpy(), step)
        frame = (
            polars()
            .DataFrame({"time_ns": times * 10**9, "value": powers})
            .with_columns(node=polars().lit(node), part=polars().lit("node"), kind=polars().lit("power"))
        )
        inside = frame.filter((col("time_ns") >= window.begin_ns) & (col("time_ns") < window.end_ns))
        text = (
            f"the power of node {node} is what the scheduler's energies imply: known only while jobs ran, and of each "
            "moment the largest that a job says"
        )
        return PowerBatch(conformed(inside, POWER), (), (ClusterFinding("scheduler_power", node, text),))


def _largest(
    start: NDArray[np.int64], end: NDArray[np.int64], power: NDArray[np.float64], step: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The largest power at each grid time that a job covers, both ends included."""
    import numpy as np

    first, last = -(-start // step), end // step
    counts = np.maximum(last - first + 1, 0)
    before = np.cumsum(counts) - counts
    ticks = np.arange(int(counts.sum())) - np.repeat(before - first, counts)
    values = np.repeat(power, counts)
    order = np.lexsort((values, ticks))
    ticks, values = ticks[order], values[order]
    is_last = np.append(ticks[1:] != ticks[:-1], True) if len(ticks) else np.zeros(0, dtype=bool)
    return ticks[is_last] * step, values[is_last]
