"""Jobs as a scheduler tells them: the job, its steps, its share of each node."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .finding import ClusterFinding, RejectedRow

if TYPE_CHECKING:
    import polars as pl

# A job's fate. Schedulers' own words are mapped to these; "other" keeps a word that nobody knows.
STATES = ("completed", "failed", "cancelled", "timeout", "node_fail", "out_of_memory", "preempted", "running", "other")
WASTED = ("failed", "cancelled", "timeout", "node_fail", "out_of_memory")  # what they used has no result


@dataclass(frozen=True)
class NodeShare:
    """What a job has of one node. `None`: the scheduler did not say. `exclusive`: nobody else may use the node."""

    node: str
    cores: float | None = None
    gpus: float | None = None
    memory_b: float | None = None
    exclusive: bool = False


@dataclass(frozen=True)
class JobStep:
    """A part of a job (Slurm's batch, extern, 0, 1 …). `reported_j`: the scheduler's energy, `None` where missing."""

    name: str
    start_ns: int
    end_ns: int | None
    nodes: tuple[str, ...] = ()
    reported_j: float | None = None
    cpu_time_s: float | None = None


@dataclass(frozen=True)
class ClusterJob:
    """A job that ran, over the half-open time [start_ns, end_ns): UTC nanoseconds since 1970.

    `job_id` is unique in a table: array tasks are `8_1`, parts of a heterogeneous job `9+0`, the second run of a
    requeued job `10#2`. `end_ns`: `None` while it runs. `state`: one of `STATES`. `cpu_time_s`: CPU time used.
    `reported_j`: the scheduler's own energy after its reading rule, `None` where it has none; `reported_basis` says how
    it was found. `shares`: what it has of each node. What is not known is `None` or empty, never 0.
    """

    job_id: str
    start_ns: int
    end_ns: int | None
    shares: tuple[NodeShare, ...]
    state: str = "completed"
    user: str = ""
    account: str = ""
    project: str = ""
    partition: str = ""
    name: str = ""
    submit_ns: int | None = None
    cores: float | None = None
    gpus: float | None = None
    gpu_model: str = ""
    memory_b: float | None = None
    cpu_time_s: float | None = None
    reported_j: float | None = None
    reported_basis: str = ""
    line: int = 0


@dataclass(frozen=True, eq=False)
class JobTable:
    """Jobs as columns: `jobs` has one row a job (`frames.JOBS`), `shares` one row for each job on each of its nodes
    (`frames.SHARES`). `rejected`: rows that no job was made of; `findings`: what else the reader noticed; `own_ids`: by
    which id the programs in a task of an array know it, where its scheduler tells."""

    jobs: pl.DataFrame
    shares: pl.DataFrame
    rejected: tuple[RejectedRow, ...] = ()
    findings: tuple[ClusterFinding, ...] = ()
    source: str = ""
    rejected_count: int = field(default=-1)  # all of them, where only some are kept; -1: those that are kept
    own_ids: Mapping[str, str] = field(default_factory=dict)

    @property
    def all_rejected(self) -> int:
        """How many rows were kept aside."""
        return len(self.rejected) if self.rejected_count < 0 else self.rejected_count
