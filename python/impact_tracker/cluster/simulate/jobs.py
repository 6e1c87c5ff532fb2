"""The jobs of a generated site: who runs what when on which node, and what each of them truly draws."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..node import NodeRating
from .spec import SiteSpec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..integral import Numbers

    Whole = NDArray[np.int64]

CORE_W, GPU_W, MEMORY_W_PER_GB = 6.0, 320.0, 0.35
STATES = ("completed", "failed", "cancelled", "timeout")
PHASES = 4


@dataclass(frozen=True, eq=False)
class Drawn:
    """A site: nodes, their true idle and standby power, jobs, and one row for each job on each of its nodes (`row_`).

    Times in seconds since 1970; `begin_s`, `end_s` are true, the scheduler cuts them to whole seconds. `level`: of each
    row and phase, the power of its work in W; phases are equally long. `part`: of the node's idle power.
    """

    spec: SiteSpec
    ratings: tuple[NodeRating, ...]
    idle_w: Numbers
    standby_w: Numbers
    begin_s: Numbers
    end_s: Numbers
    user: Whole
    state: Whole
    cores: Whole
    gpus: Whole
    use: Numbers
    row_job: Whole
    row_node: Whole
    row_cores: Whole
    row_gpus: Whole
    row_part: Numbers
    exclusive: NDArray[np.bool_]
    level: Numbers

    @property
    def row_seconds(self) -> Numbers:
        """How long each row lasts."""
        import numpy as np

        return np.asarray((self.end_s - self.begin_s)[self.row_job])

    def row_energy_j(self) -> Numbers:
        """The truth: work, and the row's part of the node's idle power, over its true time."""
        import numpy as np

        powers = self.level.mean(axis=1) + self.row_part * self.idle_w[self.row_node]
        return np.asarray(powers * self.row_seconds)

    def job_energy_j(self) -> Numbers:
        """The truth of each job."""
        import numpy as np

        return np.asarray(np.bincount(self.row_job, self.row_energy_j(), len(self.begin_s)))


def _nodes(spec: SiteSpec, draw: np.random.Generator) -> tuple[tuple[NodeRating, ...], Numbers, Numbers]:
    import numpy as np

    with_gpus = np.arange(spec.nodes) < round(spec.nodes * spec.gpu_nodes)
    cores = np.where(with_gpus, 32, draw.choice([24, 48, 64], spec.nodes))
    gpus = np.where(with_gpus, 4, 0)
    idle = np.where(with_gpus, 420.0, 60.0 + 1.4 * cores) * draw.normal(1.0, 0.03, spec.nodes)
    rated = idle + 1.3 * (cores * CORE_W + gpus * GPU_W)
    ratings = tuple(
        NodeRating(
            f"{'gpu' if gpus[index] else 'cpu'}{index:04d}",
            cores=float(cores[index]),
            gpus=float(gpus[index]),
            gpu_model="NVIDIA A100" if gpus[index] else "",
            memory_gb=float(cores[index] * 4),
            rated_w=float(np.ceil(rated[index])),
            core_w=CORE_W,
            gpu_w=GPU_W,
            memory_w_per_gb=MEMORY_W_PER_GB,
            meter_error=round(1.96 * spec.gain_error, 6),
        )
        for index in range(spec.nodes)
    )
    return ratings, idle, draw.uniform(6.0, 15.0, spec.nodes)


def draw_jobs(spec: SiteSpec) -> Drawn:
    """The site of a specification. The same seed gives the same site."""
    import numpy as np

    draw = np.random.default_rng(spec.seed)
    ratings, idle, standby = _nodes(spec, draw)
    count = spec.jobs
    arrivals = np.sort(draw.uniform(spec.start_s + 60.0, spec.end_s - 60.0, count))
    lengths = np.clip(np.exp(draw.normal(np.log(1500.0), 1.5, count)), 12.0, 2 * 86_400.0)
    weights = 1.0 / np.arange(1, spec.users + 1)
    user = draw.choice(spec.users, count, p=weights / weights.sum())
    state = np.where(draw.random(count) < spec.failing, draw.integers(1, 4, count), 0)
    lengths = np.where(state == 1, np.maximum(lengths * 0.2, 12.0), lengths)
    placed = _place(spec, draw, ratings, arrivals, lengths)
    begin, end = arrivals[placed.kept], np.minimum(arrivals + lengths, spec.end_s - 30.0)[placed.kept]
    user, state = user[placed.kept], state[placed.kept]
    jobs = len(begin)
    # How hard it works: time of processors and cards, and how much its kind of work draws for each second of them.
    use, intensity = draw.beta(5.0, 2.0, jobs), np.exp(draw.normal(0.0, 0.12, jobs))
    gpu_use = draw.beta(4.0, 2.0, jobs)
    mean_w = (
        placed.cores * CORE_W * (use * intensity)[placed.job] + placed.gpus * GPU_W * (gpu_use * intensity)[placed.job]
    ) * np.exp(draw.normal(0.0, 0.03, len(placed.job)))
    waves = draw.uniform(0.7, 1.3, (jobs, PHASES))
    waves /= waves.mean(axis=1, keepdims=True)
    sizes = np.array([[rating.cores, rating.gpus, rating.memory_gb] for rating in ratings], dtype=np.float64)
    powers = np.array([CORE_W, GPU_W, MEMORY_W_PER_GB])
    held = np.stack([placed.cores, placed.gpus, placed.cores * 4], axis=1) * powers
    part = np.where(placed.exclusive, 1.0, held.sum(axis=1) / (sizes[placed.node] * powers).sum(axis=1))
    return Drawn(
        spec,
        ratings,
        idle,
        standby,
        begin,
        end,
        user,
        state,
        np.bincount(placed.job, placed.cores, jobs).astype(np.int64),
        np.bincount(placed.job, placed.gpus, jobs).astype(np.int64),
        use,
        placed.job,
        placed.node,
        placed.cores,
        placed.gpus,
        part,
        placed.exclusive,
        mean_w[:, None] * waves[placed.job],
    )


@dataclass(frozen=True, eq=False)
class _Placed:
    kept: Whole
    job: Whole
    node: Whole
    cores: Whole
    gpus: Whole
    exclusive: NDArray[np.bool_]


def _place(
    spec: SiteSpec, draw: np.random.Generator, ratings: tuple[NodeRating, ...], arrivals: Numbers, lengths: Numbers
) -> _Placed:
    """Each job on nodes that have room when it comes; a job that finds none is not part of the site."""
    import numpy as np

    size_cores = np.array([int(rating.cores or 0) for rating in ratings])
    size_gpus = np.array([int(rating.gpus or 0) for rating in ratings])
    free_cores, free_gpus = size_cores.copy(), size_gpus.copy()
    kinds, wants = draw.random(len(arrivals)), draw.random((len(arrivals), 3))
    running: list[tuple[float, list[tuple[int, int, int]]]] = []
    kept: list[int] = []
    rows: list[tuple[int, int, int, int, bool]] = []
    for index, (moment, length) in enumerate(zip(arrivals.tolist(), lengths.tolist())):
        while running and running[0][0] <= moment:
            for node, cores, gpus in heapq.heappop(running)[1]:
                free_cores[node] += cores
                free_gpus[node] += gpus
        kind, (want, how_many, first) = kinds[index], wants[index]
        if kind < spec.shared:
            of_gpu = want < spec.gpu_nodes
            cores, gpus = 1 << int(how_many * 4), (1 + int(how_many * 2)) if of_gpu else 0
            rooms = np.flatnonzero((free_cores >= cores) & (free_gpus >= gpus) & ((size_gpus > 0) == of_gpu))
            taken = [(int(rooms[int(first * len(rooms))]), cores, gpus)] if len(rooms) else []
        else:
            nodes = 1 if kind < 1.0 - spec.several_nodes else 2 + int(how_many * 3)
            empty = np.flatnonzero((free_cores == size_cores) & ((size_gpus > 0) == (want < spec.gpu_nodes)))
            start = int(first * max(len(empty) - nodes + 1, 1))
            chosen = empty[start : start + nodes].tolist() if len(empty) >= nodes else []
            taken = [(node, int(size_cores[node]), int(size_gpus[node])) for node in chosen]
        if not taken:
            continue
        for node, cores, gpus in taken:
            free_cores[node] -= cores
            free_gpus[node] -= gpus
            rows.append((len(kept), node, cores, gpus, kind >= spec.shared))
        heapq.heappush(running, (min(moment + length, spec.end_s - 30.0), taken))
        kept.append(index)
    table = np.array(rows, dtype=np.int64).reshape(-1, 5)
    return _Placed(
        np.array(kept, dtype=np.int64), table[:, 0], table[:, 1], table[:, 2], table[:, 3], table[:, 4].astype(bool)
    )
