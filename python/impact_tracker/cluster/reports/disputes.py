"""What people dispute about a scheduler's own energies, each beside the measurement, with its share of the balance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...digits import kwh, percent
from ..finding import ClusterFinding
from ..frames import polars

if TYPE_CHECKING:
    import polars as pl

    from ..accounts import Accounts

_CLOSE, _FAR = 0.15, 0.3
NONSENSE = "nonsense"  # the basis of a reported energy that was none


def disputes(accounts: Accounts, frame: pl.DataFrame) -> list[ClusterFinding]:
    """The scheduler's energies against the split measurement; none where it reports none. `frame`: of `job_frame`."""
    library = polars()
    col = library.col
    known = frame.filter(col("energy_j").is_not_null())
    findings: list[ClusterFinding] = []
    nonsense = known.filter(col("reported_basis") == NONSENSE)
    if nonsense.height:
        findings.append(
            _finding(
                "reported_nonsense",
                nonsense,
                "the scheduler's energy of {count} jobs is none (negative, 2^64, more than a node can draw); what they "
                "used by the nodes' meters is {used}, {share} of all jobs",
                known,
            )
        )
    full = known.filter(
        col("reported_j").is_not_null() & (col("coverage") > 0.98) & (col("energy_j") > 0.0)
    ).with_columns(ratio=col("reported_j") / col("energy_j"), node_ratio=col("reported_j") / col("node_j"))
    once = (col("nodes") > 1) & ((col("node_ratio") * col("nodes") - 1.0).abs() < _CLOSE)
    doubled = ~once & (col("shared_j") > 0.0) & (col("ratio") > 1.0 + _FAR) & ((col("node_ratio") - 1.0).abs() < _CLOSE)
    other = ~once & ~doubled & ((col("ratio") - 1.0).abs() > _FAR)
    texts = {
        "reported_once_for_all_nodes": (
            once,
            "the scheduler's energy of {count} jobs on several nodes is the mean of their nodes taken once: "
            "{reported} instead of {used}",
        ),
        "reported_whole_shared_node": (
            doubled,
            "the scheduler charges {count} jobs with all of a node that they shared: {reported}, where their parts "
            "are {used}",
        ),
        "reported_otherwise": (
            other,
            "the scheduler's energy of {count} jobs is more than 30 % off the nodes' meters: {reported}, where "
            "they used {used}",
        ),
    }
    for kind, (condition, text) in texts.items():
        rows = full.filter(condition)
        if rows.height:
            findings.append(_finding(kind, rows, text, known))
    return [*findings, *_sum_of_reports(accounts, known)]


def _finding(kind: str, rows: pl.DataFrame, text: str, known: pl.DataFrame) -> ClusterFinding:
    energy, everything = float(rows["energy_j"].sum()), float(known["energy_j"].sum())
    reported = rows["reported_j"].sum()
    words = text.format(
        count=rows.height,
        used=kwh(energy),
        share=percent(energy / everything) if everything > 0.0 else "0 %",
        reported=kwh(float(reported or 0.0)),
    )
    return ClusterFinding(kind, "jobs", words, energy, rows.height)


def _sum_of_reports(accounts: Accounts, known: pl.DataFrame) -> list[ClusterFinding]:
    """All reported energies beside all nodes, and the idle power that nobody is charged with."""
    reported = float(known["reported_j"].sum() or 0.0)
    total = float(accounts.totals["total_j"].sum() or 0.0)
    findings = []
    if reported > 0.0 and total > 0.0:
        text = (
            f"the scheduler's energies add up to {kwh(reported)}, its nodes used {kwh(total)} "
            f"({percent(reported / total)}): the rows double shared nodes and leave out idle ones"
        )
        findings.append(ClusterFinding("reported_sum", "site", text, reported))
    if "shared_idle_j" in accounts.balances.columns:
        idle = float(accounts.balances["shared_idle_j"].sum())
        if idle > 0.0:
            text = (
                f"{kwh(idle)} ({percent(idle / total)} of the nodes) are idle power of parts of shared nodes "
                "that no job had: in the balance's idle, charged to nobody unless --idle hands it out"
            )
            findings.append(ClusterFinding("idle_of_shared_nodes", "site", text, idle))
    return findings
