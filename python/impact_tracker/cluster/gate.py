"""Gates: when an energy counts. E_gate is the integral of P(t) · Gate(t).

What a gate does not know is neither inside nor outside of it: E = E_gate + E_outside + E_unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .finding import ClusterFinding

if TYPE_CHECKING:
    import polars as pl

# The gates that need no input, each of the node's whole power: 1 while the job runs; the job's part of the node by the
# power of what it has, or by one of the things that it has.
RUNNING, SHARE = "running", "share"
BUILT_IN = {
    RUNNING: "1 while the job runs, of all power of its nodes",
    SHARE: "the job's part of its nodes by the power of its cores, cards and memory, of all power of its nodes",
    "share:cores": "the job's part of its nodes' cores, of all power of its nodes",
    "share:gpus": "the job's part of its nodes' cards, of all power of its nodes",
    "share:memory": "the job's part of its nodes' memory, of all power of its nodes",
}


@dataclass(frozen=True, eq=False)
class Gate:
    """A gate of values from 0 to 1, constant between its rows' ends; outside of them 0.

    `intervals` has the columns of `frames.GATES`: node, job_id (null: for all jobs on the node), begin_ns, end_ns,
    value. `known`: the same columns, the times at which the gate is known; `None`: at all times. `about` says in a
    sentence when it is open. `built_in`: one of `BUILT_IN`, for which the rows are empty; others count the job's own
    energy. `findings`: what its input could not say.
    """

    name: str
    about: str
    intervals: pl.DataFrame
    known: pl.DataFrame | None = None
    built_in: str = ""
    findings: tuple[ClusterFinding, ...] = ()


@dataclass(frozen=True)
class GatedEnergy:
    """What all jobs used in a gate and outside of it, and what is not known of; J. None where nothing is known."""

    name: str
    about: str
    inside_j: float | None
    outside_j: float | None
    unknown_j: float
