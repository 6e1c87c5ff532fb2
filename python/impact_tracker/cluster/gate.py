"""Gates: when an energy counts. E_gate is the integral of P(t) · Gate(t)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

RUNNING, SHARE = "running", "share"  # the gates that need no input: 1 while the job runs; its part of the node


@dataclass(frozen=True, eq=False)
class Gate:
    """A gate of values from 0 to 1, constant between its rows' ends; outside of them 0.

    `intervals` has the columns of `frames.GATES`: node, job_id (null: for all jobs on the node), begin_ns, end_ns,
    value. `about` says in a sentence when it is open.
    """

    name: str
    about: str
    intervals: pl.DataFrame
