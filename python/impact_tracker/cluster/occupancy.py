"""Who is on a node and when: jobs on it as arrays, and each job's part of it.

A job's part of a node is its part of the power that the node draws when idle: cores, cards and memory, weighed by what
each of them takes. A job that has the node to itself has all of it. Parts that add up to more than the node are scaled
to it, and this is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .node import NodeRating

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from .integral import Numbers, Times

# Weights, no measurements: only their ratios matter, and only on nodes that jobs share. A core of a server's processor
# has 5 to 12 W of its thermal design power; a card without a name in the table of factors 250 to 400 W.
CORE_W, GPU_W = 8.0, 300.0
LEAST_USE = 0.02


@dataclass(frozen=True, eq=False)
class Occupancy:
    """The jobs of one node. `job`: row in the table of jobs; `part`: of the node, 0 to 1; `work_w`: the power that its
    work is expected to draw, a weight; `gpus`: cards of it; `times_ns`: begin and end, cut to the window; `shares`: its
    part of the node's cores, gpus and memory, NaN where either is not known."""

    node: str
    job: NDArray[np.int64]
    start_ns: Times
    end_ns: Times
    part: Numbers
    gpus: Numbers
    core_work_w: Numbers
    gpu_work_w: Numbers
    shares: Mapping[str, Numbers] = field(default_factory=dict)

    def bounds(self, extra: Times) -> Times:
        """All times at which somebody comes or goes, and the extra ones."""
        import numpy as np

        return np.asarray(np.unique(np.concatenate((self.start_ns, self.end_ns, extra))), dtype=np.int64)


def occupancy_of(rating: NodeRating, rows: pl.DataFrame, begin_ns: int, end_ns: int) -> Occupancy:
    """From the rows of one node: `frames.SHARES` with the columns job, start_ns, end_ns and use (0 to 1, null where it
    is not known) of their jobs."""
    import numpy as np

    start = np.maximum(rows["start_ns"].to_numpy(), begin_ns)
    end = np.minimum(rows["end_ns"].fill_null(end_ns).to_numpy(), end_ns)
    keep = end > start
    start, end = start[keep], end[keep]

    def column(name: str) -> Numbers:
        values = rows[name].cast(float).fill_null(float("nan")).to_numpy()[keep]
        return np.asarray(values, dtype=np.float64)

    cores, gpus, memory = column("cores"), column("gpus"), column("memory_b") / 2.0**30
    exclusive = rows["exclusive"].fill_null(False).to_numpy()[keep]
    core_w, gpu_w = rating.core_w or CORE_W, rating.gpu_w or GPU_W
    memory_w = rating.memory_w_per_gb or 0.3725
    has_gpus = np.nan_to_num(gpus)
    use = np.clip(np.nan_to_num(column("use"), nan=1.0), LEAST_USE, 1.0)
    cores_of_work = np.where(np.isnan(cores), (rating.cores or 1.0), cores)
    return Occupancy(
        rating.node,
        rows["job"].to_numpy()[keep],
        start,
        end,
        _parts(rating, (cores, gpus, memory), (core_w, gpu_w, memory_w), exclusive),
        has_gpus,
        cores_of_work * core_w * use,
        has_gpus * gpu_w,
        _shares(rating, (cores, has_gpus, memory), exclusive),
    )


def _parts(
    rating: NodeRating,
    amounts: tuple[Numbers, Numbers, Numbers],
    powers: tuple[float, float, float],
    exclusive: NDArray[np.bool_],
) -> Numbers:
    """Each job's part of the node, by the power of what it has. What the scheduler did not say does not count, of jobs
    and of the node alike; a job of which it said nothing has the node."""
    import numpy as np

    sizes = (rating.cores, rating.gpus, rating.memory_gb)
    held = np.zeros(len(exclusive))
    of_all = np.zeros(len(exclusive))
    for amount, power, size in zip(amounts, powers, sizes):
        if not size:
            continue
        stated = ~np.isnan(amount)
        if power is powers[1]:  # a job that is told nothing of cards has none
            stated = np.ones(len(amount), dtype=bool)
        held += np.where(stated, np.nan_to_num(amount) * power, 0.0)
        of_all += np.where(stated, size * power, 0.0)
    known = ~np.isnan(amounts[0]) & (of_all > 0.0)
    part = np.where(known, held / np.where(of_all > 0.0, of_all, 1.0), 1.0)
    return np.where(exclusive, 1.0, np.clip(part, 0.0, 1.0))


def _shares(
    rating: NodeRating, amounts: tuple[Numbers, Numbers, Numbers], exclusive: NDArray[np.bool_]
) -> dict[str, Numbers]:
    """Each job's part of each thing that the node has; a job that has the node to itself has all of it."""
    import numpy as np

    sizes = {"cores": rating.cores, "gpus": rating.gpus, "memory": rating.memory_gb}
    nothing = np.full(len(exclusive), float("nan"))
    return {
        name: np.where(exclusive, 1.0, np.clip(amount / size, 0.0, 1.0)) if size else nothing
        for (name, size), amount in zip(sizes.items(), amounts)
    }
