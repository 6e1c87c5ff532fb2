"""Figures of a ledger: what the development took beside its best run, month by month, and energy against frequency."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..report.plot import figure_for, save
from ..values import kwh_of
from .cells import NamedSum
from .report import DevelopmentReport, Frequency
from .show import ratio_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MARKS = {"inference": "o", "training": "s", "development": "D"}
_MOST_PERSONS = 20


def draw(report: DevelopmentReport, folder: Path, suffix: str = "svg") -> list[Path]:
    """The report's figures in a folder, which is made where it is missing."""
    drawn = [
        (f"development.{suffix}", plot_development),
        (f"months.{suffix}", plot_months),
        (f"persons.{suffix}", plot_persons),
    ]
    for name, plot in drawn:
        plot(report, folder / name)
    plot_frequencies(report.frequencies, folder / f"frequency.{suffix}")
    return [folder / name for name, _ in drawn] + [folder / f"frequency.{suffix}"]


def plot_development(report: DevelopmentReport, path: Path) -> None:
    """What became of the runs and what they were for, as bars of kWh, the best run beside them."""
    figure = figure_for(path, (9.0, 4.2))
    left, right = figure.subplots(1, 2)
    _bars(left, report.by_fate, "by fate")
    lines = list(report.by_stage)
    _bars(right, lines, "by stage")
    ratio = report.ratio
    title = f"{report.project}: development"
    if ratio is not None:
        title += f" ÷ best run = {ratio_text(ratio)}"
        for axes in (left, right):
            axes.axvline(kwh_of(ratio.best.run.energy.best_j or 0.0), color="C3", linewidth=1)
        place = (kwh_of(ratio.best.run.energy.best_j or 0.0), 1)
        left.annotate("best run", place, (3, -2), ("data", "axes fraction"), "offset points", fontsize=8, va="top")
    figure.suptitle(title, fontsize=10)
    save(figure, path)


def _bars(axes: Axes, lines: Sequence[NamedSum], title: str) -> None:
    """Bars with their error; a sum that others would add to is hatched."""
    at = range(len(lines))
    values = [kwh_of(line.sum.energy.best_j or 0.0) for line in lines]
    errors = [kwh_of(line.sum.energy.error_j or 0.0) for line in lines]
    bars = axes.barh(at, values, xerr=errors, color="C0", alpha=0.75, ecolor="0.1", capsize=2)
    for bar, line in zip(bars, lines):
        if line.sum.energy.partial:
            bar.set_hatch("//")
    names = [f"{line.name} ({line.sum.runs})" for line in lines]
    axes.set_yticks(at, names, fontsize=8)
    axes.invert_yaxis()
    axes.set(xlabel="energy in kWh (hatched: at least)", title=title)
    axes.set_xlim(left=0)
    axes.locator_params(axis="x", nbins=5)
    axes.ticklabel_format(axis="x", style="sci", scilimits=(-2, 5))


def plot_months(report: DevelopmentReport, path: Path) -> None:
    """Energy and number of runs, month by month."""
    figure = figure_for(path, (9.0, 3.6))
    axes = figure.subplots()
    lines = report.by_month
    at = range(len(lines))
    errors = [kwh_of(line.sum.energy.error_j or 0.0) for line in lines]
    values = [kwh_of(line.sum.energy.best_j or 0.0) for line in lines]
    axes.bar(at, values, yerr=errors, color="C0", alpha=0.75, ecolor="0.1", capsize=2)
    axes.set_xticks(at, [line.name for line in lines], rotation=45, ha="right", fontsize=8)
    axes.set(ylabel="energy in kWh", title=f"{report.project}: energy (bars) and runs (points)")
    numbers = axes.twinx()
    numbers.plot(at, [line.sum.runs for line in lines], "o-", color="C1", markersize=4)
    numbers.set_ylabel("runs")
    numbers.set_ylim(bottom=0)
    save(figure, path)


def plot_persons(report: DevelopmentReport, path: Path) -> None:
    """Who used how much, the largest first."""
    figure = figure_for(path, (7.0, 1.4 + 0.25 * min(len(report.by_person), _MOST_PERSONS)))
    _bars(figure.subplots(), report.by_person[:_MOST_PERSONS], f"{report.project}: by person")
    save(figure, path)


def plot_frequencies(frequencies: Sequence[Frequency], path: Path) -> None:
    """Energy of one inference, one training, one development against how often each happens: what is dear and rare
    beside what is cheap and frequent. Lines join points of equal energy a day."""
    figure = figure_for(path, (7.5, 5.0))
    axes = figure.subplots()
    points = [
        (each.per_day, kwh_of(each.energy.best_j), each) for each in frequencies if each.per_day and each.energy.best_j
    ]
    projects = sorted({each.project for _, _, each in points})
    for often, kwh, each in points:
        error = None if each.energy.error_j is None else min(kwh_of(each.energy.error_j), kwh * 0.999)
        colour = f"C{projects.index(each.project) % 10}"
        axes.errorbar(often, kwh, yerr=error, fmt=_MARKS[each.activity], color=colour, capsize=2)
        axes.annotate(f"{each.project} {each.activity}", (often, kwh), (6, 4), textcoords="offset points", fontsize=7)
    axes.set(xlabel="how often a day", ylabel="energy of one in kWh", xscale="log", yscale="log")
    axes.set_title("energy against frequency (dotted: equal energy a day)", fontsize=9, loc="left")
    if points:
        _equal_energies(axes, [often for often, _, _ in points], [kwh for _, kwh, _ in points])
    else:
        axes.text(0.5, 0.5, "nothing was seen for a day or longer", transform=axes.transAxes, ha="center")
    save(figure, path)


def _equal_energies(axes: Axes, rates: Sequence[float], energies: Sequence[float]) -> None:
    x_ends = min(rates) / 3, max(rates) * 3
    y_ends = min(energies) / 3, max(energies) * 3
    axes.set_xlim(x_ends)
    axes.set_ylim(y_ends)
    first = math.floor(math.log10(x_ends[0] * y_ends[0]))
    last = math.ceil(math.log10(x_ends[1] * y_ends[1]))
    for exponent in range(first, last + 1):
        axes.plot(x_ends, [10.0**exponent / x for x in x_ends], ":", color="0.7", linewidth=0.8, zorder=0)
