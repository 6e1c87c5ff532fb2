"""What the accounting gives: the energy of a job, the balance of a node and of the site."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from ..values import Quality


@dataclass(frozen=True)
class JobEnergy:
    """A job's energy in J over the covered part of its time, with what it does not cover.

    `energy_j`: `None` where no meter covered it. `low_j`, `high_j`: 95 % interval of the energy of its whole time:
    that of the measured part, and the uncovered seconds between the node's idle and highest power. `gated_j`: by the
    gate's name. `idle_j`: idle energy of the site that was handed out to it, not in `energy_j`. `gpu_j`: of it, that
    of accelerators. `coverage`: covered over all of its node-seconds. `carbon_g`: time-matched where a curve was given,
    of the energy whose intensity it knows; `None` where it knows none.
    """

    job_id: str
    energy_j: float | None
    low_j: float | None
    high_j: float | None
    idle_j: float | None
    gpu_j: float | None
    carbon_g: float | None
    covered_s: float
    node_s: float
    quality: Quality = "measured"
    gated_j: Mapping[str, float] = field(default_factory=dict)

    @property
    def coverage(self) -> float:
        """Covered node-seconds over all."""
        return self.covered_s / self.node_s if self.node_s > 0 else 0.0


@dataclass(frozen=True)
class NodeBalance:
    """Where the energy of a node (J) went; `total_j` is integrated apart from the other four.

    `jobs_j`: to jobs; `idle_j`: switched on, not used by a job, or the part of a shared node that nobody had;
    `standby_j`: switched off; `uncovered_j`: measured by a counter across a gap, so that nobody knows when it was used.
    `covered_s`, `uncovered_s`: seconds with and without power.
    """

    node: str
    total_j: float
    jobs_j: float
    idle_j: float
    standby_j: float
    uncovered_j: float
    covered_s: float
    uncovered_s: float


@dataclass(frozen=True)
class SiteBalance:
    """The same of all nodes. `error`: what is missing between both sides, relative to the nodes' total."""

    nodes: int
    total_j: float
    jobs_j: float
    idle_j: float
    standby_j: float
    uncovered_j: float
    covered_s: float
    uncovered_s: float

    @property
    def error(self) -> float:
        """|nodes − (jobs + idle + standby + uncovered)| over the nodes' total; 0 for no energy on both sides."""
        parts = math.fsum((self.jobs_j, self.idle_j, self.standby_j, self.uncovered_j))
        gap = abs(self.total_j - parts)
        return gap / abs(self.total_j) if self.total_j else (0.0 if gap == 0.0 else math.inf)

    @property
    def is_closed(self) -> bool:
        """Whether it closes to 1e-9."""
        return self.error <= 1e-9

    @property
    def is_known(self) -> bool:
        """Whether there is usable power of any node; without it the energies are sums of nothing."""
        return self.covered_s > 0.0 or self.total_j != 0.0

    def as_dict(self) -> dict[str, float | int | bool | None]:
        """For programs; energies are null where nothing is known."""
        document: dict[str, float | int | bool | None] = {
            **asdict(self),
            "error": self.error,
            "is_closed": self.is_closed,
        }
        if self.is_known:
            return document
        unknown = ("error", "is_closed")
        return {name: None if name.endswith("_j") or name in unknown else value for name, value in document.items()}
