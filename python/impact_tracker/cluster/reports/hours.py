"""Grams for an hour of a core and of a card of this cluster: all of its energy, overhead and making over all hours that
jobs had, in the file of hour factors that others can use."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ...digits import significant
from ...factors import Factor
from ...factors.hours import ClusterYear, own_hour_factor
from ...footprint import Allocation, Machine, embodied, making_total
from ...values import kwh_of
from ..accounts import Accounts
from ..frames import polars
from .site import ClusterReport

if TYPE_CHECKING:
    import polars as pl

    from ...weighing import Weighing

CORES_OF_A_PROCESSOR = 32  # where only a node's cores are known


@dataclass(frozen=True)
class HourShares:
    """Hours of cores and of cards for which there is power, and the energy of the nodes' jobs with and without cards in
    these hours, idle included. `core_covered`, `card_covered`: which share these are of all hours."""

    core_hours: float
    card_hours: float
    core_j: tuple[float, float, float]
    card_j: tuple[float, float, float]
    core_covered: float = 1.0
    card_covered: float = 1.0


def hour_shares(report: ClusterReport) -> HourShares:
    """Jobs with cards are charged by cards, the others by cores. Idle, standby and uncovered energy go to both in
    proportion to the energy of their jobs."""
    col = polars().col
    rows = report.rows.filter(col("energy_j").is_not_null())
    with_cards = rows.filter(col("gpu_s") > 0.0)
    without = rows.filter((col("gpu_s").fill_null(0.0) <= 0.0) & col("core_s").is_not_null())
    jobs_j = float(rows["energy_j"].sum())
    if jobs_j <= 0.0:
        raise ValueError("there is no energy of any job: no hour can have a part of it")
    scale = report.balance.total_j / jobs_j
    # The meters' scale is the error that is left in a sum over a year, and may be the same for all meters of a make.
    relative = 1.96 * float(rows["bias_j"].sum()) / jobs_j

    def interval(energy_j: float) -> tuple[float, float, float]:
        half = relative * energy_j
        return max(energy_j - half, 0.0) * scale, energy_j * scale, (energy_j + half) * scale

    core_hours, core_covered = _covered_hours(without, "core_s")
    card_hours, card_covered = _covered_hours(with_cards, "gpu_s")
    return HourShares(
        core_hours,
        card_hours,
        interval(float(without["energy_j"].sum())),
        interval(float(with_cards["energy_j"].sum())),
        core_covered,
        card_covered,
    )


def _covered_hours(rows: pl.DataFrame, name: str) -> tuple[float, float]:
    """Hours for which there is power, as there is no energy of the others, and their share of all."""
    col = polars().col
    all_s = float(rows[name].sum())
    covered = rows.filter(col("node_s") > 0.0).select(col(name) * col("covered_s") / col("node_s"))
    covered_s = float(covered.sum().item())
    return covered_s / 3600.0, covered_s / all_s if all_s > 0.0 else 1.0


def making_kg(accounts: Accounts, lifetime_years: float | None = None) -> tuple[float, float, float] | None:
    """Making of all nodes with power, for the time of the window; `None` where no size of a node is known."""
    hours = (accounts.end_ns - accounts.begin_ns) / 3600e9
    # All hours of the calendar: what a node's idle hours bear goes to the hours that jobs had.
    always = Factor.stated(1.0, "1", "share of its life that is counted")
    allocation = Allocation(utilisation=always)
    if lifetime_years is not None:
        allocation = Allocation.fixed(lifetime_years, 1.0)
    low = best = high = 0.0
    for looked in accounts.surveys.values():
        rating = looked.rating
        if not rating.cores:
            return None
        processors = max(round(rating.cores / CORES_OF_A_PROCESSOR), 1)
        machine = Machine(
            cpus=processors,
            cpu_cores=max(round(rating.cores / processors), 1),
            ram_gb=rating.memory_gb or 4.0 * rating.cores,
            gpus=round(rating.gpus or 0),
            gpu_model=rating.gpu_model or None,
        )
        made = embodied(making_total(machine, "carbon"), hours, allocation)
        if made.low is None or made.value is None or made.high is None:
            return None
        low, best, high = low + made.low, best + made.value, high + made.high
    return low / 1000.0, best / 1000.0, high / 1000.0


def hour_factors(report: ClusterReport, weighing: Weighing, cluster: str, lifetime_years: float | None) -> ClusterYear:
    """The cluster's factors: of a core, and of a card where it has some. ValueError where no job had an hour."""
    from datetime import datetime, timezone

    shares = hour_shares(report)
    made = making_kg(report.accounts, lifetime_years)
    total_j = shares.core_j[1] + shares.card_j[1]
    overhead = report.weights.overhead
    middle_s = (report.accounts.begin_ns + report.accounts.end_ns) / 2e9
    year = datetime.fromtimestamp(middle_s, tz=timezone.utc).year
    days = report.summary.days
    source = f"accounting of {report.summary.jobs} jobs over {days:.1f} days, idle, overhead and making included"
    factors = {}
    units = (
        ("core", shares.core_hours, shares.core_j, shares.core_covered),
        ("card", shares.card_hours, shares.card_j, shares.card_covered),
    )
    for unit, hours, energy, covered in units:
        if hours <= 0.0:
            continue
        electricity = tuple(
            kwh_of(joules) * pue for joules, pue in zip(energy, (overhead.low, overhead.best, overhead.high))
        )
        rest = None if made is None else tuple(value * covered * energy[1] / total_j for value in made)
        factor = own_hour_factor(
            f"{cluster} {unit}",
            unit,
            hours=hours,
            electricity_kwh=electricity,
            grid=replace(weighing.intensity),
            rest_kg=rest,
            source=source,
            year=year,
            scope="idle nodes, overhead and making of the nodes; no staff, no network, no building"
            if made is not None
            else "idle nodes and overhead; no making",
        )
        factors[factor.name] = factor
    if not factors:
        raise ValueError("no job with an energy had an hour of a core or a card: there is nothing to divide by")
    return ClusterYear(cluster, year, source, factors)


def hours_line(year: ClusterYear) -> str:
    """What an hour costs, in a sentence."""
    parts = []
    for factor in year.factors.values():
        if factor.power is None or factor.grid is None:
            continue
        ends = [
            getattr(factor.power, end) * getattr(factor.grid, end) / 1000.0
            + (0.0 if factor.rest is None else getattr(factor.rest, end))
            for end in ("low", "value", "high")
        ]
        name = "a core-hour" if factor.unit == "core" else "a GPU-hour"
        without = ", without making" if factor.rest is None else ""
        low, best, high = (significant(value, 3) for value in ends)
        parts.append(f"{best} g CO2e ({low} to {high}{without}) {name}")
    return ", ".join(parts)
