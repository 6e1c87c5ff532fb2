"""The report as a page for the console and as CSV files."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from ...digits import percent, span, within
from ...report.page import Page, Table
from ...values import kwh_of
from ...whole_file import whole_file
from ..frames import polars
from ..gate import GatedEnergy
from ..results import NodeBalance, SiteBalance
from .site import ClusterReport, told

if TYPE_CHECKING:
    import polars as pl

ROWS_SHOWN = 20
MISSING = "–"
_ENERGY, _CARBON = ("energy_j", "low_j", "high_j"), ("carbon_g", "carbon_low_g", "carbon_high_g")


def number(value: object, digits: int = 4) -> str:
    """A number in some digits, or a dash for one that is not known."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return MISSING
    if value == 0:
        return "0"
    places = max(digits - 1 - math.floor(math.log10(abs(value))), 0)
    return f"{value:,.{places}f}" if abs(value) >= 1e-3 else f"{value:.{digits - 1}e}"


def rank(value: object) -> str:
    """A place in an order; two may share it."""
    return f"{value:g}" if isinstance(value, (int, float)) else MISSING


def kwh(value: object, digits: int = 4) -> str:
    """Joules as kWh."""
    if not isinstance(value, (int, float)) or not math.isfinite(value):
        return MISSING
    return number(float(f"{kwh_of(value):.{digits - 1}e}"), digits)


def ranged(row: Mapping[str, object], names: tuple[str, str, str], scale: float) -> tuple[str, str]:
    """The first of three columns (best, low, high) with no digit finer than its range, and the range."""
    best, low, high = (row.get(name) for name in names)
    if not isinstance(best, (int, float)) or not math.isfinite(best):
        return MISSING, MISSING
    if not isinstance(low, (int, float)) or not isinstance(high, (int, float)):
        return number(best * scale), MISSING
    best, low, high = best * scale, low * scale, high * scale
    return within(best, low, high), span(best, low, high).replace(" to ", "–")


def moment(time_ns: int) -> str:
    """A time in UTC."""
    return datetime.fromtimestamp(time_ns / 1e9, tz=timezone.utc).strftime("%Y-%m-%d %H:%M")


def balance_line(balance: SiteBalance) -> str:
    """The balance in a sentence."""
    if not balance.is_known:
        return f"Nothing is known of the energy of {balance.nodes} nodes: none has power that can be used"
    return (
        f"{balance.nodes} nodes used {kwh(balance.total_j)} kWh = jobs {kwh(balance.jobs_j)} + idle "
        f"{kwh(balance.idle_j)} + standby {kwh(balance.standby_j)} + uncovered {kwh(balance.uncovered_j)} "
        f"({'closed' if balance.is_closed else 'NOT CLOSED'}: {balance.error:.1e} of it is missing)"
    )


def report_page(report: ClusterReport) -> Page:
    """The answer, the tables, and what a reader has to know."""
    summary = report.summary
    window = f"{moment(report.accounts.begin_ns)} to {moment(report.accounts.end_ns)} UTC"
    gates = [gate.name for gate in report.gates]
    tables = [_group_table(name, table, gates) for name, table in report.tables.items() if name != "month"]
    tables.append(_month_table(report.tables["month"]))
    caveats = told(report.findings)
    uncovered = report.balance.uncovered_s
    if uncovered > 0.0:
        node_s = uncovered + report.balance.covered_s
        caveats.insert(
            0,
            f"{number(uncovered / 3600.0)} node-hours ({percent(uncovered / node_s)}) have no power: they are in no "
            "energy",
        )
    if summary.rejected_rows:
        caveats.append(f"{summary.rejected_rows} rows were kept aside: {_reasons(report)}")
    return Page(f"{balance_line(report.balance)}\n{window}", tables, caveats, _details(report))


def _reasons(report: ClusterReport) -> str:
    counts: dict[str, list[int]] = {}
    for row in report.accounts.table.rejected:
        counts.setdefault(row.reason, []).append(row.line)
    return "; ".join(f"{len(lines)} × {reason} (line {lines[0]})" for reason, lines in list(counts.items())[:6])


def _details(report: ClusterReport) -> list[str]:
    summary = report.summary
    if summary.energy_j is None:
        return [f"jobs: {summary.jobs} of {summary.users} users, all without an energy"]
    total = summary.energy_j or math.nan

    def share(energy_j: float | None) -> str:
        return MISSING if energy_j is None else percent(energy_j / total)

    cards = "have no meter here" if summary.gpu_j is None else f"themselves took {kwh(summary.gpu_j)} kWh"
    lines = [
        f"jobs: {summary.jobs} of {summary.users} users; {summary.jobs_without_energy} without an energy",
        "shares are of the energy of all nodes:",
        f"  wasted on failed, cancelled and timed-out jobs: {kwh(summary.wasted_j)} kWh ({share(summary.wasted_j)})",
        f"  allocated but idle (idle power of jobs' own parts): {kwh(summary.own_idle_j)} kWh "
        f"({share(summary.own_idle_j)})",
        f"  jobs with cards: {kwh(summary.gpu_job_energy_j)} kWh ({share(summary.gpu_job_energy_j)}); the cards "
        f"{cards}",
    ]
    lines += [_gate_line(gate) for gate in report.gates]
    if summary.green_algorithms_ratio is not None:
        lines.append(
            f"Green Algorithms would say {kwh(summary.green_algorithms_j)} kWh of these jobs, "
            f"{number(summary.green_algorithms_ratio, 3)} times the measurement (both without overhead)"
        )
    if summary.pue is not None:
        lines.append(f"PUE by the site's meters: {number(summary.pue, 3)}")
    if summary.carbon_g is not None and summary.carbon_low_g is not None and summary.carbon_high_g is not None:
        amount, ends = ranged(asdict(summary), _CARBON, 1e-3)
        how = "matched in time" if report.weights.is_matched else "by one mean intensity"
        lines.append(
            f"carbon of all nodes: {amount} kg CO2e ({ends}), {how}, as {number(summary.households, 2)} US households "
            "over the same time"
        )
    if summary.cost is not None:
        lines.append(f"cost with overhead: {number(summary.cost)} {report.weights.currency}".rstrip())
    lines.append(f"{summary.rank_changes} users have another rank by energy than by cores × hours")
    lines += [f"source: {source}" for source in report.weights.sources]
    return lines


def _gate_line(gate: GatedEnergy) -> str:
    """A gate in a sentence: what fell into it, what did not, and of what nobody knows."""
    head = f"gate {gate.name} ({gate.about}): "
    if gate.inside_j is None or gate.outside_j is None:
        return f"{head}it is not known of any job"
    known = gate.inside_j + gate.outside_j
    share = f" ({percent(gate.inside_j / known)})" if known > 0.0 else ""
    tail = f"; not known of {kwh(gate.unknown_j)} kWh" if gate.unknown_j > 0.0 else ""
    return (
        f"{head}{kwh(gate.inside_j)} of {kwh(known)} kWh{share}; {kwh(gate.outside_j)} kWh were allocated outside of "
        f"it{tail}"
    )


def _group_table(name: str, table: pl.DataFrame, gates: Sequence[str] = ()) -> Table:
    keys = name.split(",")
    columns = [*keys, ">jobs", ">kWh", ">95 % of it", ">idle of it", *(f">in {gate}" for gate in gates)]
    columns += [">handed", ">kg CO2e"]
    columns += [">core-h", ">GPU-h", ">rank", ">by core-h", ">GA ratio", ">covered", ">wasted"]
    has_cost = "cost" in table.columns
    if has_cost:
        columns.append(">cost")
    rows = []
    for row in table.head(ROWS_SHOWN).iter_rows(named=True):
        energy, ends = ranged(row, _ENERGY, kwh_of(1.0))
        cells = [str(row["job_id" if key == "job" else key] or MISSING) for key in keys]
        cells += [
            str(row["jobs"]),
            energy,
            ends,
            kwh(row.get("own_idle_j"), 3),
            *(kwh(row.get(f"gate_{gate}_j"), 3) for gate in gates),
            kwh(row.get("handed_j"), 3),
            ranged(row, _CARBON, 1e-3)[0],
            number(row["core_hours"], 4),
            number(row["gpu_hours"], 4),
            rank(row["energy_rank"]),
            rank(row["core_hours_rank"]),
            number(row["ga_ratio"], 3),
            MISSING if row["coverage"] is None else f"{row['coverage']:.1%}",
            kwh(row["wasted_j"], 3),
        ]
        if has_cost:
            cells.append(number(row["cost"], 4))
        rows.append(cells)
    more = f" (the first {ROWS_SHOWN} of {table.height})" if table.height > ROWS_SHOWN else ""
    return Table(columns, rows, f"by {', '.join(keys)}{more}")


def _month_table(table: pl.DataFrame) -> Table:
    rows = [
        [
            str(row["month"]),
            str(row["users"]),
            str(row["jobs"]),
            ranged(row, _ENERGY, kwh_of(1.0))[0],
            kwh(row.get("gpu_j")),
            ranged(row, _CARBON, 1e-3)[0],
        ]
        for row in table.sort("month").iter_rows(named=True)
    ]
    return Table(["month", ">active users", ">jobs", ">kWh of jobs", ">of cards", ">kg CO2e"], rows, "month by month")


def closure_page(balance: SiteBalance, nodes: list[NodeBalance], findings: list[str]) -> Page:
    """The balance of the site and of each node."""
    columns = ["node", ">kWh", ">jobs", ">idle", ">standby", ">uncovered", ">hours", ">without power", ">missing"]
    rows = []
    for node in nodes:
        parts = math.fsum((node.jobs_j, node.idle_j, node.standby_j, node.uncovered_j))
        gap = abs(node.total_j - parts) / node.total_j if node.total_j else 0.0
        energies = (node.total_j, node.jobs_j, node.idle_j, node.standby_j, node.uncovered_j)
        hours = (node.covered_s / 3600.0, node.uncovered_s / 3600.0)
        rows.append([node.node, *map(kwh, energies), *map(number, hours), f"{gap:.0e}"])
    return Page(balance_line(balance), [Table(columns, rows, "by node, kWh")], findings)


def write_tables(report: ClusterReport, folder: Path) -> list[Path]:
    """Each table as a CSV, and one row a job; the files' paths."""
    paths = []
    for name, table in report.tables.items():
        paths.append(folder / f"by-{name.replace(',', '-')}.csv")
        with whole_file(paths[-1]) as beside:
            table.write_csv(beside)
    paths.append(folder / "jobs.csv")
    frame = report.frame.drop("job")
    if "carbon_g" in frame.columns:  # with the site's overhead, as in every table
        frame = frame.with_columns(carbon_g=polars().col("carbon_g") * report.weights.grams_per_j.best)
    with whole_file(paths[-1]) as beside:
        frame.write_csv(beside)
    return paths
