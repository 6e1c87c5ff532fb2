"""What is asked of an accounting, and what it gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .finding import ClusterFinding
from .gate import Gate
from .job import JobTable
from .splitting import DAY_NS, WorkSpread
from .survey import Surveyed

if TYPE_CHECKING:
    import polars as pl

    from .integral import Numbers, Times

METER_ERROR = 0.02  # 95 %, of a meter of which nothing is stated: management controllers are 1 to 5 %, wattmeters 1 %


@dataclass(frozen=True, eq=False)
class StepCurve:
    """Carbon intensity over time in g/J: value k holds from `times_ns[k]` to the next; NaN where it is not known."""

    times_ns: Times
    g_per_j: Numbers


@dataclass(frozen=True, eq=False)
class Wanted:
    """What is asked: the window (`None`: as far as the power goes), how to integrate, and the gates and factors."""

    begin_ns: int | None = None
    end_ns: int | None = None
    mode: str = "trapezoid"
    gates: tuple[Gate, ...] = ()
    curve: StepCurve | None = None
    offset_ns: int = 0  # of local midnight
    meter_error: float = METER_ERROR
    bin_ns: int = DAY_NS  # rows are by job and bin; bins of another length are numbered in `day`, from 1970
    only_node: str | None = None


@dataclass(frozen=True, eq=False)
class Accounts:
    """`energies`: one row for each job, node and day; `balances`: one row for each node and day; `totals`: one row for
    each node, integrated apart from both. `job` is the row in `table.jobs`. `surveys`: what is known of each node."""

    table: JobTable
    energies: pl.DataFrame
    balances: pl.DataFrame
    totals: pl.DataFrame
    surveys: Mapping[str, Surveyed]
    begin_ns: int
    end_ns: int
    spread: WorkSpread
    samples: int
    findings: tuple[ClusterFinding, ...] = ()
    gates: tuple[Gate, ...] = ()
