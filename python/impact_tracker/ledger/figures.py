"""Figures of a ledger: what the development took beside its best run, month by month, and energy against frequency."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..figures.labels import label_points, plain_log
from ..figures.notes import write_note, write_title
from ..figures.units import energy_unit
from ..report.plot import figure_for, save
from ..values import kwh_of
from .cells import NamedSum
from .report import DevelopmentReport, Frequency
from .show import ratio_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..figures.units import EnergyUnit

_MARKS = {"inference": "o", "training": "s", "development": "D"}
_COLOURS = ("#4477aa", "#aa3377", "#228833", "#222222", "#ee6677")
_MOST_PERSONS, _MOST_MONTHS = 20, 24


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
    """What became of the runs and what they were for, as bars, the best run beside them."""
    figure = figure_for(path, (9.0, 4.2))
    left, right = figure.subplots(1, 2)
    _bars(left, report.by_fate, "by fate", 2)
    _bars(right, report.by_stage, "by stage", 2)
    ratio = report.ratio
    title = f"{report.project}: development"
    if ratio is not None:
        title += f" ÷ best run = {ratio_text(ratio)}"
        best_j = ratio.best.run.energy.best_j or 0.0
        for axes, lines in ((left, report.by_fate), (right, report.by_stage)):
            axes.axvline(best_j * _unit(lines).per_joule, color="0.2", linewidth=1, linestyle="--")
    figure.suptitle(title, fontsize=10, x=0.01, ha="left")
    write_note(figure, _NOTE + ("" if ratio is None else "; dashed: the best run"))
    save(figure, path)


_NOTE = "n: runs; whiskers: 95 % error of each sum, the sensors' own in it; hatched: at least, for a part is not known"


def _unit(lines: Sequence[NamedSum]) -> EnergyUnit:
    return energy_unit((line.sum.energy.best_j or 0.0) + (line.sum.energy.error_j or 0.0) for line in lines)


def _bars(axes: Axes, lines: Sequence[NamedSum], title: str, columns: int = 1) -> None:
    """Bars with their error; a sum that others would add to is hatched, and one that is not known is said so."""
    unit = _unit(lines)
    for place, line in enumerate(lines):
        energy = line.sum.energy
        if energy.best_j is None:
            axes.annotate(" not known", (0, place), va="center", fontsize=8)
            continue
        hatch = "//" if energy.partial else None
        error = None if energy.error_j is None else energy.error_j * unit.per_joule
        axes.barh(
            place, energy.best_j * unit.per_joule, xerr=error, color="#88aacc", edgecolor="0.2", linewidth=0.5,
            ecolor="0.1", capsize=2, hatch=hatch,
        )  # fmt: skip
    names = [f"{line.name} (n = {line.sum.runs})" for line in lines]
    axes.set_yticks(range(len(lines)), names, fontsize=8)
    axes.set_ylim(len(lines) - 0.4, -0.6)
    axes.set_xlabel(f"energy in {unit.name}")
    write_title(axes, title, columns=columns)
    axes.set_xlim(left=0)
    if all(line.sum.energy.best_j is None for line in lines):
        axes.set_xticks([])  # a scale of nothing
    else:
        axes.locator_params(axis="x", nbins=5)


def plot_months(report: DevelopmentReport, path: Path) -> None:
    """Energy and number of runs, month by month."""
    from matplotlib.ticker import MaxNLocator

    figure = figure_for(path, (9.0, 3.6))
    axes = figure.subplots()
    lines, unit = report.by_month, _unit(report.by_month)
    for place, line in enumerate(lines):
        energy = line.sum.energy
        if energy.best_j is not None:
            error = None if energy.error_j is None else energy.error_j * unit.per_joule
            axes.bar(
                place, energy.best_j * unit.per_joule, yerr=error, width=0.7, color="#88aacc", edgecolor="0.2",
                linewidth=0.5, ecolor="0.1", capsize=2, hatch="//" if energy.partial else None,
            )  # fmt: skip
    every = -(-len(lines) // _MOST_MONTHS)
    axes.set_xticks(range(0, len(lines), every), [line.name for line in lines[::every]], rotation=90, fontsize=8)
    axes.set_xlim(-1.5, max(len(lines), 4) - 0.5)
    axes.set_ylim(bottom=0)
    axes.set_ylabel(f"energy in {unit.name}")
    if all(line.sum.energy.best_j is None for line in lines):
        axes.set_yticks([])  # a scale of nothing
    write_title(axes, f"{report.project}: energy (bars) and runs (points), month by month")
    numbers = axes.twinx()
    numbers.plot(range(len(lines)), [line.sum.runs for line in lines], "o:", color="#aa3377", markersize=4)
    numbers.set_ylabel("number of runs")
    numbers.set_ylim(bottom=0)
    numbers.yaxis.set_major_locator(MaxNLocator(integer=True))
    unknown = [line.name for line in lines if line.sum.energy.best_j is None]
    write_note(figure, _NOTE.partition("; ")[2] + (f"; energy not known: {', '.join(unknown)}" if unknown else ""))
    save(figure, path)


def plot_persons(report: DevelopmentReport, path: Path) -> None:
    """Who used how much, the largest first."""
    figure = figure_for(path, (7.0, 1.6 + 0.25 * min(len(report.by_person), _MOST_PERSONS)))
    more = len(report.by_person) - _MOST_PERSONS
    first = f", the first {_MOST_PERSONS} of {len(report.by_person)}" if more > 0 else ""
    _bars(figure.subplots(), report.by_person[:_MOST_PERSONS], f"{report.project}: by person{first}")
    write_note(figure, _NOTE)
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
        colour = _COLOURS[projects.index(each.project) % len(_COLOURS)]
        ends = each.per_day_ends
        sides = None if ends is None else [[often - ends[0]], [ends[1] - often]]
        axes.errorbar(often, kwh, xerr=sides, yerr=error, fmt=_MARKS[each.activity], color=colour, capsize=2)
    axes.set(xlabel="how often a day", ylabel="energy of one in kWh", xscale="log", yscale="log")
    write_title(axes, "energy against frequency (dotted: equal energy a day)", 9.0)
    note = "circle: an inference, square: a training, diamond: a whole development; whiskers: 95 % error, "
    note += "across: of runs that come by themselves (Poisson)"
    write_note(figure, note)
    if points:
        _equal_energies(axes, [often for often, _, _ in points], [kwh for _, kwh, _ in points])
        plain_log(axes.xaxis)
        plain_log(axes.yaxis)
        names = [(often, kwh, f"{each.project}: {each.activity}") for often, kwh, each in points]
        rest = label_points(axes, names, size=7.0)
        if rest:
            write_note(figure, f"{note}; no room beside their points: {', '.join(rest)}")
    else:
        axes.set_axis_off()
        axes.text(0.5, 0.5, "nothing was seen for a day or longer, by five runs", transform=axes.transAxes, ha="center")
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
