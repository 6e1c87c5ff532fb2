"""The report of a site: its balance, its tables, and the figures that answer the questions people ask."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

from ...digits import kwh, percent
from ...factors import constant
from ...values import kwh_of
from ..accounts import Accounts
from ..closing import site_balance
from ..finding import ClusterFinding
from ..frames import polars
from ..gate import GatedEnergy
from ..job import WASTED
from ..job_energies import job_frame
from ..results import SiteBalance
from .disputes import disputes
from .groups import check_keys, covered_estimate, group_rows, grouped
from .weights import Weights

if TYPE_CHECKING:
    import polars as pl

KEPT_OF_A_KIND = 3  # findings of a kind that are told one by one


@dataclass(frozen=True)
class SiteSummary:
    """What a site used, in J and g; `None` where it is not known. `rank_changes`: users whose rank by energy differs
    from that by cores × hours. `green_algorithms_j`, as its ratio: of jobs and times with power alone.
    `households`: of an average US household's footprint over the same time."""

    jobs: int
    jobs_without_energy: int
    users: int
    energy_j: float | None
    job_energy_j: float | None
    wasted_j: float | None
    own_idle_j: float | None
    gpu_job_energy_j: float | None
    gpu_j: float | None
    carbon_low_g: float | None
    carbon_g: float | None
    carbon_high_g: float | None
    cost: float | None
    pue: float | None
    green_algorithms_j: float | None
    green_algorithms_ratio: float | None
    rank_changes: int
    households: float | None
    days: float
    rejected_rows: int


@dataclass(frozen=True, eq=False)
class ClusterReport:
    """`tables`: by their keys joined with commas. `frame`: one row a job; `rows`: one for each job, node and day."""

    accounts: Accounts
    balance: SiteBalance
    summary: SiteSummary
    weights: Weights
    frame: pl.DataFrame
    rows: pl.DataFrame
    tables: Mapping[str, pl.DataFrame]
    gates: tuple[GatedEnergy, ...] = ()
    findings: tuple[ClusterFinding, ...] = field(default=())

    def as_dict(self) -> dict[str, object]:
        """For programs: unrounded, units in the names."""
        window = {"begin_ns": self.accounts.begin_ns, "end_ns": self.accounts.end_ns}
        return {
            "window": window,
            "balance": self.balance.as_dict(),
            "summary": asdict(self.summary),
            "gates": [asdict(gate) for gate in self.gates],
            "sources": list(self.weights.sources),
            "tables": {name: _plain(table) for name, table in self.tables.items()},
            "findings": [asdict(finding) for finding in self.findings],
            "rejected": [asdict(row) for row in self.accounts.table.rejected],
            "rejected_rows": self.accounts.table.all_rejected,
        }


def _plain(table: pl.DataFrame) -> list[dict[str, object]]:
    """Rows with texts for dates and null for what is no number."""
    library = polars()
    texts = table.with_columns(library.selectors.date().cast(library.String))
    rows: list[dict[str, object]] = texts.with_columns(library.selectors.float().fill_nan(None)).to_dicts()
    return rows


def report_of(
    accounts: Accounts,
    weights: Weights,
    by: Sequence[Sequence[str]] = (("user",),),
    *,
    idle: str = "none",
    pue: float | None = None,
) -> ClusterReport:
    """The report. ValueError for an unknown key or rule. `pue`: as measured by the site's meters."""
    for keys in by:
        check_keys(keys)
    frame = job_frame(accounts, idle=idle)
    rows = group_rows(accounts, frame)
    tables = {",".join(keys): grouped(rows, keys, weights) for keys in by}
    tables.setdefault("month", grouped(rows.filter(polars().col("month").is_not_null()), ("month",), weights))
    balance = site_balance(accounts)
    findings = (*accounts.findings, *disputes(accounts, frame), *_not_weighed(accounts, balance))
    summary = _summary(accounts, balance, weights, frame, rows, pue)
    return ClusterReport(
        accounts, balance, summary, weights, frame, rows, tables, gated_energies(accounts, frame), findings
    )


def gated_energies(accounts: Accounts, frame: pl.DataFrame) -> tuple[GatedEnergy, ...]:
    """Of each gate, what all jobs used inside and outside of it; on shared nodes, gates of the node's whole power count
    it for each of the jobs."""
    sums = []
    for gate in accounts.gates:
        inside, outside = f"gate_{gate.name}_j", f"outside_{gate.name}_j"
        base = (
            frame["node_j" if gate.built_in else "energy_j"].drop_nulls().to_list() if inside in frame.columns else []
        )
        known = frame.filter(polars().col(inside).is_not_null()) if base else frame.clear()
        if not known.height:
            sums.append(GatedEnergy(gate.name, gate.about, None, None, math.fsum(base)))
            continue
        inside_j, outside_j = (math.fsum(known[name].to_list()) for name in (inside, outside))
        unknown_j = max(math.fsum([*base, -inside_j, -outside_j]), 0.0)
        # What is left by rounding is nothing.
        if unknown_j <= 1e-9 * math.fsum(base):
            unknown_j = 0.0
        sums.append(GatedEnergy(gate.name, gate.about, inside_j, outside_j, unknown_j))
    return tuple(sums)


def _summary(
    accounts: Accounts,
    balance: SiteBalance,
    weights: Weights,
    frame: pl.DataFrame,
    rows: pl.DataFrame,
    pue: float | None,
) -> SiteSummary:
    col = polars().col
    known = frame.filter(col("energy_j").is_not_null())
    users = grouped(rows, ("user",), weights)
    compared = rows.select(ga_j=covered_estimate(), energy_j="energy_j").drop_nulls()
    ga = math.fsum(compared["ga_j"]) if compared.height else None
    ga_measured = math.fsum(compared["energy_j"])
    measured = float(known["energy_j"].sum())
    carbon = _carbon(accounts, balance, weights)
    days = (accounts.end_ns - accounts.begin_ns) / 86_400e9
    gpu_energies: list[float] = known["gpu_j"].fill_nan(None).drop_nulls().to_list()
    summary = SiteSummary(
        frame.height,
        frame.height - known.height,
        frame["user"].n_unique(),
        balance.total_j,
        measured,
        float(known.filter(col("state").is_in(WASTED))["energy_j"].sum()),
        float(known["own_idle_j"].sum()),
        float(known.filter(col("gpus") > 0)["energy_j"].sum()),
        math.fsum(gpu_energies) if gpu_energies else None,
        carbon[0],
        carbon[1],
        carbon[2],
        None
        if weights.price_per_kwh is None
        else kwh_of(balance.total_j) * weights.overhead.best * weights.price_per_kwh,
        pue,
        ga,
        ga / ga_measured if ga is not None and ga_measured > 0.0 else None,
        users.filter(col("energy_rank") != col("core_hours_rank")).height,
        None if carbon[1] is None else carbon[1] / constant("equivalent", "US household week").value / (days / 7.0),
        days,
        accounts.table.all_rejected,
    )
    if balance.is_known:
        return summary
    # Sums of nothing are no energies.
    unknown = [name for name in asdict(summary) if name.endswith(("_j", "_g")) or name in ("cost", "households")]
    return replace(summary, **dict.fromkeys(unknown))  # type: ignore[arg-type]  # they are all optional


def _carbon(
    accounts: Accounts, balance: SiteBalance, weights: Weights
) -> tuple[float | None, float | None, float | None]:
    """Of all nodes."""
    grams = weights.grams_per_j
    base = balance.total_j
    if weights.is_matched:
        if "carbon_g" not in accounts.balances.columns:
            return None, None, None
        base = float(accounts.balances["carbon_g"].sum())
        if not float(accounts.balances["weighed_j"].sum()) > 0.0:
            return None, None, None
    values = (base * grams.low, base * grams.best, base * grams.high)
    return values if all(math.isfinite(value) for value in values) else (None, None, None)


def _not_weighed(accounts: Accounts, balance: SiteBalance) -> list[ClusterFinding]:
    """What the curve of the grid's intensity does not cover, and so is not in the carbon."""
    if "weighed_j" not in accounts.balances.columns:
        return []
    missing_j = balance.total_j - float(accounts.balances["weighed_j"].sum())
    if missing_j <= 1e-9 * balance.total_j:
        return []
    amount = f"{kwh(missing_j)} ({percent(missing_j / balance.total_j)} of the nodes' energy)"
    why = "the curve has holes, or does not cover the time of the report"
    text = f"{amount} have no known intensity and are not in the carbon: {why}"
    return [ClusterFinding("no_intensity", "curve", text, missing_j)]


def told(findings: Sequence[ClusterFinding]) -> list[str]:
    """Sentences: of each kind the ones with the most energy, and how many more there are."""
    by_kind: dict[str, list[ClusterFinding]] = {}
    for finding in findings:
        by_kind.setdefault(finding.kind, []).append(finding)
    lines = []
    for kind, listed in by_kind.items():
        if kind == "shared_idle" and "idle_of_shared_nodes" in by_kind:
            continue  # told of all nodes at once
        ordered = sorted(listed, key=lambda finding: -(finding.energy_j or 0.0))
        lines += [finding.text for finding in ordered[:KEPT_OF_A_KIND]]
        if len(ordered) > KEPT_OF_A_KIND:
            lines.append(f"{len(ordered) - KEPT_OF_A_KIND} more of the kind {kind} (--json has all)")
    return lines
