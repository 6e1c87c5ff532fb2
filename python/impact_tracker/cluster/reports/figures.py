"""Figures of a report: energy against cores × hours, month by month, days by project, a node's day as an area."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from ...figures.labels import label_points, plain_log
from ...figures.looks import MARKERS, area_look, legend_beside, shade
from ...figures.notes import write_note
from ...values import kwh_of
from ...whole_file import whole_file
from ..accounting import account
from ..accounts import Accounts, Wanted
from ..executor import LocalThreads
from ..frames import polars
from ..store import PowerStore
from .groups import grouped
from .site import ClusterReport

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.figure import Figure

BIN_NS = 600 * 10**9  # of a node's day
DAY_NS = 86_400 * 10**9
MOST_NAMES = 12
_MOST_DAYS = 10  # that all bear their date


def write_figures(report: ClusterReport, folder: Path, store: PowerStore | None = None) -> list[Path]:
    """All figures as PNG; the files' paths. ImportError that names the extra where matplotlib is missing."""
    try:
        import matplotlib

        matplotlib.use("Agg", force=False)
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError("figures need matplotlib: pip install 'impact-tracker[cluster]'") from error
    paths = []
    drawings = {"energy-and-core-hours": _against_hours, "months": _months, "days-by-project": _days_by_project}
    for name, draw in drawings.items():
        figure = Figure(figsize=(8, 5), layout="constrained")
        draw(report, figure)
        paths.append(folder / f"{name}.png")
        with whole_file(paths[-1]) as beside:
            figure.savefig(beside, dpi=120)
    if store is not None and report.balance.is_known:
        figure = Figure(figsize=(9, 5), layout="constrained")
        node, day = busiest_node_day(report)
        _node_day(node_day(report.accounts, store, node, day), node, day, figure)
        paths.append(folder / "node-day.png")
        with whole_file(paths[-1]) as beside:
            figure.savefig(beside, dpi=120)
    return paths


def _against_hours(report: ClusterReport, figure: Figure) -> None:
    axes = figure.add_subplot()
    col = polars().col
    users = grouped(report.rows, ("user",), report.weights)
    users = users.filter((col("energy_j") > 0.0) & col("core_hours").is_not_null())
    hours, energies = users["core_hours"].to_list(), [kwh_of(value) for value in users["energy_j"].to_list()]
    low = [kwh_of(value) for value in users["low_j"].to_list()]
    high = [kwh_of(value) for value in users["high_j"].to_list()]
    below = [max(energy - edge, 0.0) for energy, edge in zip(energies, low)]
    above = [max(edge - energy, 0.0) for energy, edge in zip(energies, high)]
    axes.errorbar(hours, energies, yerr=[below, above], fmt="o", capsize=2, color="#4477aa")
    if users.height and min(hours) > 0.0:
        axes.set_xscale("log")
        axes.set_yscale("log")
        plain_log(axes.xaxis)
        plain_log(axes.yaxis)
    axes.margins(0.1)
    axes.set_xlabel("core-hours (cores × hours)")
    axes.set_ylabel("energy in kWh")
    axes.set_title(f"Energy against core-hours, by user (n = {users.height})", loc="left", fontsize=11)
    named = list(zip(hours, energies, (str(name) for name in users["user"].to_list())))[: 3 * MOST_NAMES]
    note = "whiskers: 95 % of each sum"
    write_note(figure, note)
    rest = label_points(axes, named, size=7.0)
    left_out = max(0, users.height - len(named)) + len(rest)
    if left_out:
        write_note(figure, f"{note}; {left_out} users have no room for their names, which the table has")


def _months(report: ClusterReport, figure: Figure) -> None:
    axes = figure.add_subplot()
    library = polars()
    col = library.col
    months = report.tables["month"].sort("month")
    names = [str(name) for name in months["month"].to_list()]
    jobs = [kwh_of(value or 0.0) for value in months["energy_j"].to_list()]
    idle = (
        report.accounts.balances.group_by(col("day").dt.strftime("%Y-%m").alias("month"))
        .agg(idle_j=(col("idle_j") + col("standby_j")).sum())
        .sort("month")
    )
    idle_of = {str(month): kwh_of(value) for month, value in idle.iter_rows()}
    from matplotlib.ticker import MaxNLocator

    at = range(len(names))
    axes.bar(at, jobs, 0.7, label="jobs", color="#4477aa", edgecolor="0.2")
    idle_kwh = [idle_of.get(name, 0.0) for name in names]
    axes.bar(at, idle_kwh, 0.7, bottom=jobs, label="idle and standby", color="#dddddd", edgecolor="0.2", hatch="//")
    axes.set_xticks(at, names)
    axes.set_xlim(-1.5, max(len(names), 4) - 0.5)
    axes.set_ylabel("energy in kWh")
    other = axes.twinx()
    other.plot(names, months["users"].to_list(), "k.-", label="active users")
    other.set_ylabel("active users")
    other.set_ylim(bottom=0.0)
    other.yaxis.set_major_locator(MaxNLocator(integer=True))
    handles = [*axes.get_legend_handles_labels()[0], *other.get_legend_handles_labels()[0]]
    axes.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.08), ncols=3, frameon=False)
    axes.tick_params(axis="x", rotation=30 if len(names) > 8 else 0)
    axes.set_title("Energy and users, month by month", loc="left", fontsize=11)


def days_by_project(report: ClusterReport) -> pl.DataFrame:
    """kWh a day by project, with the jobs that have cards apart."""
    col = polars().col
    rows = report.rows.filter(col("day").is_not_null() & col("energy_j").is_not_null())
    return (
        rows.group_by("day", "project", has_gpus=col("gpu_s") > 0.0)
        .agg(energy_j=col("energy_j").sum())
        .sort("day", "project", "has_gpus")
    )


def _days_by_project(report: ClusterReport, figure: Figure) -> None:
    axes = figure.add_subplot()
    library = polars()
    col = library.col
    table = days_by_project(report)
    largest = table.group_by("project").agg(col("energy_j").sum()).sort("energy_j", descending=True)
    for place, project in enumerate(largest["project"].to_list()[: MOST_NAMES // 2]):
        for has_gpus in (True, False):
            line = table.filter((col("project") == project) & (col("has_gpus") == has_gpus))
            if line.height:
                label = f"{project or '(none)'}{', with GPUs' if has_gpus else ''}"
                energies = [kwh_of(value) for value in line["energy_j"].to_list()]
                axes.plot(
                    line["day"].to_list(), energies, linestyle="-" if has_gpus else ":", marker=MARKERS[place],
                    markersize=3, color=shade(place, MOST_NAMES // 2), linewidth=1, label=label,
                )  # fmt: skip
    days = table["day"].unique().sort().to_list()
    axes.set_ylabel("kWh a day")
    axes.set_ylim(bottom=0.0)
    if 0 < len(days) <= _MOST_DAYS:
        axes.set_xticks(days, [str(day) for day in days])
        axes.margins(x=0.1 if len(days) > 1 else 0.0)
    axes.tick_params(axis="x", rotation=30)
    legend_beside(axes, size=7.0)
    more = f" (the {MOST_NAMES // 2} with the most of {largest.height})" if largest.height > MOST_NAMES // 2 else ""
    axes.set_title(f"kWh a day by project, jobs with GPUs apart{more}", loc="left", fontsize=11)


def busiest_node_day(report: ClusterReport) -> tuple[str, int]:
    """The node and day (days since 1970) with the most jobs."""
    library = polars()
    rows = report.rows.filter(library.col("node").is_not_null())
    counts = (
        rows.group_by("node", "day")
        .agg(jobs=library.col("job").n_unique())
        .sort("jobs", "node", "day", descending=[True, False, False])
    )
    day = counts["day"].cast(library.Int32)[0]
    return str(counts["node"][0]), int(day)


def node_day(accounts: Accounts, store: PowerStore, node: str, day: int) -> pl.DataFrame:
    """A node's day in bins of ten minutes: mean W of each job (`job_id`) and of what no job has (empty `job_id`), over
    what was read of the bin. A bin without readings has no power: its `power_w` is null.
    """
    library = polars()
    col = library.col
    begin = day * DAY_NS
    table = replace(accounts.table, shares=accounts.table.shares.filter(col("node") == node))
    wanted = Wanted(begin, begin + DAY_NS, bin_ns=BIN_NS, only_node=node)
    ratings = {node: accounts.surveys[node].rating}
    bins = account(table, store, nodes=ratings, wanted=wanted, executor=LocalThreads(1))
    ids = table.jobs.with_row_index("job").select(col("job").cast(library.Int64), "job_id")
    of_jobs = bins.energies.join(ids, on="job").select("day", "job_id", "energy_j")
    rest = bins.balances.select("day", job_id=library.lit(""), energy_j=col("idle_j") + col("standby_j"))
    first = begin // BIN_NS
    every = library.DataFrame({"day": range(first, first + DAY_NS // BIN_NS)}, schema={"day": library.Int64})
    energies = every.join(library.concat([of_jobs, rest]), on="day", how="left")
    read = energies.join(bins.balances.select("day", "covered_s"), on="day", how="left")
    bins_by_job: pl.DataFrame = read.select(
        "job_id",
        time_ns=col("day") * BIN_NS,
        power_w=library.when(col("covered_s") > 0.0).then(col("energy_j") / col("covered_s")),
    ).sort("time_ns", "job_id")
    return bins_by_job.with_columns(col("job_id").fill_null(""))


def _node_day(bins: pl.DataFrame, node: str, day: int, figure: Figure) -> None:
    axes = figure.add_subplot()
    wide = bins.pivot(on="job_id", index="time_ns", values="power_w", aggregate_function="sum").sort("time_ns")
    begins = [(time - day * DAY_NS) / 3600e9 for time in wide["time_ns"].to_list()]
    is_dark = bins.group_by("time_ns").agg(dark=polars().col("power_w").is_null().all()).sort("time_ns")["dark"]
    energies = bins.group_by("job_id").agg(polars().col("power_w").sum()).sort("power_w", "job_id", descending=True)
    # The idle power lies below, then the jobs with the most energy.
    names = sorted(energies["job_id"], key=bool)
    # Two points for each bin, so that a bin without readings is a gap of its own width and no power of 0 W.
    hours = [hour for begin in begins for hour in (begin, begin + BIN_NS / 3600e9)]
    layers = [
        [math.nan if dark else value or 0.0 for value, dark in zip(wide[name].to_list(), is_dark) for _ in range(2)]
        for name in names
    ]
    labels = [f"job {name}" if name else "idle" for name in names]
    shown = [label if place < MOST_NAMES else "_" + label for place, label in enumerate(labels)]
    # None of the looks in the legend stands for two jobs: those without a name are all alike.
    looks = [area_look(place) for place in range(MOST_NAMES + 1)]
    areas = axes.stackplot(hours, layers, labels=shown)
    for place, (area, name) in enumerate(zip(areas, names)):
        is_named = name and place < MOST_NAMES
        area.set(**(looks[place] if is_named else {"facecolor": "0.8" if name else "0.93", "linewidth": 0.0}))
    axes.set_xlim(0.0, 24.0)
    axes.set_xticks(range(0, 25, 3))
    axes.set_xlabel("hour of the day (UTC)")
    axes.set_ylabel("mean power in W")
    legend_beside(axes, size=7.0)
    date = datetime.fromtimestamp(day * 86_400, tz=timezone.utc).date()
    axes.set_title(f"Node {node} on {date}, in bins of {BIN_NS // 60_000_000_000} minutes", loc="left", fontsize=11)
    for begin in (begin for begin, dark in zip(begins, is_dark) if dark):
        axes.axvspan(begin, begin + BIN_NS / 3600e9, facecolor="none", edgecolor="0.7", hatch="///", linewidth=0.0)
    more = f"darker grey: {len(names) - MOST_NAMES} more jobs; " if len(names) > MOST_NAMES else ""
    write_note(figure, f"{more}hatched: nothing was read; a bin that was read in part has the mean of that part")
