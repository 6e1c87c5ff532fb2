"""Time against energy of one input at every point of a sweep, with the front and its knee."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ....figures.labels import label_points, plain_log
from ....figures.notes import write_note
from ...analyse.sweeps import Sweep
from . import matplotlib_figure
from .notes import ends_around, energy_note

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_PANELS = 12
COLUMNS = 3
MOST_NAMED = 6  # points of a panel that are named beside them; more are numbered


def sweeps_figure(sweeps: Sequence[Sweep]) -> Figure | None:
    """A panel for each sweep of two points and more, of the first twelve; `None` where there is none."""
    sweeps = [sweep for sweep in sweeps if len(sweep.places) > 1]
    shown = sweeps[:MOST_PANELS]
    if not shown:
        return None
    columns = min(len(shown), COLUMNS)
    lines = -(-len(shown) // columns)
    figure = matplotlib_figure(4.6 * columns + 0.4, 3.9 * lines + 0.5)
    panels = [axes for row in figure.subplots(lines, columns, squeeze=False) for axes in row]
    for axes, sweep in zip(panels, shown):
        _panel(axes, sweep)
    for axes in panels[len(shown) :]:
        axes.set_visible(False)
    left_out = f"; {len(sweeps) - MOST_PANELS} more sweeps are in the table" if len(sweeps) > MOST_PANELS else ""
    means = [place.joules for sweep in shown for place in sweep.places]
    places = [place for sweep in shown for place in sweep.places]
    note = energy_note(means, places, "line: by the means no point takes less of both; ring: its knee")
    write_note(figure, f"{note}{left_out}")
    numbers = _numbers(figure, shown)
    for axes, sweep in zip(panels, shown):
        named = [
            (place.seconds.value * 1000, place.joules.value, numbers.get(place.name, place.name))
            for place in sweep.places
        ]
        radii = [7.0 if place.knee else 4.0 for place in sweep.places]
        label_points(axes, named, size=7.0, radii=radii, lines=_whiskers(sweep))
    return figure


def _numbers(figure: Figure, sweeps: Sequence[Sweep]) -> dict[str, str]:
    """A number for each point, with a legend that names them, where names would not find room beside so many; else
    none."""
    if max(len(sweep.places) for sweep in sweeps) <= MOST_NAMED:
        return {}
    from matplotlib.lines import Line2D

    names = dict.fromkeys(place.name for sweep in sweeps for place in sweep.places)
    numbers = {name: str(number) for number, name in enumerate(names, 1)}
    handles = [
        Line2D([], [], linestyle="none", label=f"{number}  {name or 'as usual'}") for name, number in numbers.items()
    ]
    figure.legend(handles=handles, fontsize=7, frameon=False, loc="outside right upper", handlelength=0)
    return numbers


def _whiskers(sweep: Sweep) -> list[tuple[float, float, float, float]]:
    """The intervals of a sweep's points, along and across."""
    lines = []
    for place in sweep.places:
        x, y = place.seconds.value * 1000, place.joules.value
        across, up = place.seconds.interval, place.joules.interval
        lines += [] if across is None else [(across[0] * 1000, y, across[1] * 1000, y)]
        lines += [] if up is None else [(x, up[0], x, up[1])]
    return lines


def _panel(axes: Axes, sweep: Sweep) -> None:
    front = sweep.front
    line = [(place.seconds.value * 1000, place.joules.value) for place in front]
    if len(line) > 1:
        axes.plot([x for x, _ in line], [y for _, y in line], color="0.6", linewidth=1, zorder=1)
    for place in sweep.places:
        along = ends_around(place.seconds)
        axes.errorbar(
            place.seconds.value * 1000,
            place.joules.value,
            xerr=None if along is None else [[end[0] * 1000] for end in along],
            yerr=ends_around(place.joules),
            fmt="o",
            markersize=5,
            color="#4477aa" if place in front else "#bbbbbb",
            ecolor="0.5",
            linewidth=0.8,
            capsize=2,
        )
        if place.knee:
            axes.plot(
                place.seconds.value * 1000, place.joules.value, "o", markersize=12, fillstyle="none", color="#cc6677"
            )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.margins(0.2)
    axes.set_xlabel(f"ms per {sweep.unit}")
    axes.set_ylabel(f"J per {sweep.unit}")
    axes.set_title(f"{sweep.title}: {sweep.phase}", fontsize=9, loc="left")
    axes.grid(linewidth=0.5, alpha=0.4)
    axes.spines[["top", "right"]].set_visible(False)
    plain_log(axes.xaxis)
    plain_log(axes.yaxis)
