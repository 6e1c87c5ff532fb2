"""The sums of all nodes: energies of jobs, balances of nodes, and what a reader has to know of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from .finding import ClusterFinding
from .frames import polars
from .job import JobTable
from .results import NodeBalance, SiteBalance
from .slices import Slices
from .splitting import DAY_NS, NodeSplit
from .survey import Surveyed

if TYPE_CHECKING:
    import polars as pl

    from .accounts import Accounts

PARTS = ("jobs_j", "idle_j", "standby_j", "uncovered_j")
DAYS = (*PARTS, "shared_idle_j", "covered_s", "uncovered_s", "busy_s")  # what a node's balance of a day holds


def energies_of(splits: Sequence[NodeSplit], bin_ns: int = DAY_NS) -> pl.DataFrame:
    """One row for each job, node and day, in the order of the nodes."""
    library = polars()
    frames = [
        library.DataFrame({name: column for name, column in split.rows.items()}).with_columns(
            node=library.lit(split.node)
        )
        for split in splits
    ]
    joined: pl.DataFrame = library.concat(frames) if frames else library.DataFrame({"job": [], "day": [], "node": []})
    joined = without_unknown_carbon(without_unknown_gates(joined))
    return joined.with_columns(_date("day")) if bin_ns == DAY_NS else joined


def without_unknown_gates(frame: pl.DataFrame) -> pl.DataFrame:
    """Null in place of 0 for gates that are not known for a second of the row."""
    library = polars()
    names = [name[len("known_") : -len("_s")] for name in frame.columns if name.startswith("known_")]
    return frame.with_columns(
        library.when(library.col(f"known_{name}_s") > 0.0).then(library.col(f"{side}_{name}_j")).name.keep()
        for name in names
        for side in ("gate", "outside")
    )


def without_unknown_carbon(frame: pl.DataFrame) -> pl.DataFrame:
    """Null in place of 0 for the carbon of an energy of which no intensity is known."""
    if "carbon_g" not in frame.columns:
        return frame
    library = polars()
    col = library.col
    is_known = (col("weighed_j") > 0.0) | (col("energy_j") <= 0.0)
    return frame.with_columns(carbon_g=library.when(is_known).then(col("carbon_g")))


def balances_of(splits: Sequence[NodeSplit], bin_ns: int = DAY_NS) -> pl.DataFrame:
    """One row for each node and day."""
    library = polars()
    frames = [library.DataFrame(dict(split.days)).with_columns(node=library.lit(split.node)) for split in splits]
    # Of no node anything is known: no row, and all columns.
    nothing = {"day": library.Int64, **dict.fromkeys(DAYS, library.Float64), "node": library.String}
    joined: pl.DataFrame = library.concat(frames) if frames else library.DataFrame(schema=nothing)
    return joined.with_columns(_date("day")) if bin_ns == DAY_NS else joined


def _date(name: str) -> pl.Expr:
    library = polars()
    expression: pl.Expr = library.col(name).cast(library.Int32).cast(library.Date)
    return expression


def totals_of(slices: Mapping[str, Slices], surveys: Mapping[str, Surveyed], window: tuple[int, int]) -> pl.DataFrame:
    """One row for each node: its integral, which no slice had a part in; null for a node whose power is not usable."""
    library = polars()
    rows = []
    for node, looked in surveys.items():
        piece = slices.get(node)
        total = None if piece is None else piece.total_j + piece.across_total_j
        rows.append(
            (
                node,
                total,
                looked.idle_w if looked.usable else None,
                0 if piece is None else piece.samples,
                0 if piece is None else piece.refused,
                (window[1] - window[0]) / 1e9 if piece is None else None,
            )
        )
    names = ["node", "total_j", "idle_w", "samples", "refused", "dark_s"]
    kinds = [library.String, library.Float64, library.Float64, library.Int64, library.Int64, library.Float64]
    return library.DataFrame(rows, schema=dict(zip(names, kinds)), orient="row")  # type: ignore[no-any-return]


def node_balances(accounts: Accounts) -> list[NodeBalance]:
    """The balance of each node with power, by name."""
    library = polars()
    columns = [*PARTS, "covered_s", "uncovered_s"]
    sums = accounts.balances.group_by("node").agg(library.col(columns).sum())
    rows = accounts.totals.filter(library.col("total_j").is_not_null()).join(sums, on="node", how="inner").sort("node")
    return [
        NodeBalance(row["node"], row["total_j"], *(row[name] for name in columns)) for row in rows.iter_rows(named=True)
    ]


def site_balance(accounts: Accounts) -> SiteBalance:
    """The balance of all nodes. Nodes without usable power have seconds without power, and no energy."""
    nodes = node_balances(accounts)
    dark = float(accounts.totals["dark_s"].fill_null(0.0).sum())
    # Jobs from their own rows, not from the nodes' side: that is the side that a report shows.
    rows = accounts.energies
    return SiteBalance(
        accounts.totals.height,
        math.fsum(node.total_j for node in nodes),
        math.fsum(rows["energy_j"].to_numpy()) if "energy_j" in rows.columns else 0.0,
        math.fsum(node.idle_j for node in nodes),
        math.fsum(node.standby_j for node in nodes),
        math.fsum(node.uncovered_j for node in nodes),
        math.fsum(node.covered_s for node in nodes),
        math.fsum(node.uncovered_s for node in nodes) + dark,
    )


def findings_of(
    table: JobTable, splits: Sequence[NodeSplit], slices: Mapping[str, Slices], surveys: Mapping[str, Surveyed]
) -> tuple[ClusterFinding, ...]:
    """What the reader of the jobs noticed, what the looks at the nodes did, and what the sums show."""
    findings = [*table.findings]
    for looked in surveys.values():
        findings += looked.findings
    for split in splits:
        findings += _of_split(split, slices[split.node])
    without = table.shares.filter(~polars().col("node").is_in(list(surveys)))
    for node, jobs in without.group_by("node", maintain_order=True).len().sort("node").iter_rows():
        text = f"no power is known of node {node}: {jobs} jobs have less energy than they used, or none"
        findings.append(ClusterFinding("no_power", str(node), text, None, int(jobs)))
    return tuple(findings)


def _of_split(split: NodeSplit, piece: Slices) -> list[ClusterFinding]:
    findings = []
    if piece.refused:
        why = "negative, too high, no number"
        text = f"readings of node {split.node} that are no power ({why}) and are left out: {piece.refused}"
        findings.append(ClusterFinding("refused_readings", split.node, text, None, piece.refused))
    if piece.doubled:
        text = f"readings of node {split.node} that have the time of another, of which the last counts: {piece.doubled}"
        findings.append(ClusterFinding("doubled_readings", split.node, text, None, piece.doubled))
    if split.overbooked_j > 0.0:
        text = f"jobs on node {split.node} had more than all of it at once: their parts are scaled to the node"
        findings.append(ClusterFinding("overbooked", split.node, text, split.overbooked_j))
    idle = float(sum(split.days["shared_idle_j"]))
    if idle > 0.0:
        text = (
            f"node {split.node} drew idle power for parts that no job had while others worked there: it is idle "
            "energy, charged to nobody unless it is handed out"
        )
        findings.append(ClusterFinding("shared_idle", split.node, text, idle))
    return findings
