"""The estimate beside the measurement, for every shape of a report."""

from __future__ import annotations

from .runs import ReadRecord


def lines(run: ReadRecord, explain: bool = False) -> list[str]:
    """For the page of one run."""
    return run.comparison.sentences(explain)


def cell(run: ReadRecord) -> str:
    """For a row: estimate over measurement; empty where either is not known."""
    return run.comparison.ratio_words


def values(run: ReadRecord) -> tuple[float | None, float | None]:
    """For CSV: energy of the estimate in kWh, the site's overhead in it, and its ratio to the measured one."""
    beside = run.comparison
    return (None if beside.estimate is None else beside.estimate.energy_kwh), beside.ratio
