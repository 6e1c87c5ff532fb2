"""What the machine took for an input beside what of it was above idle and what was the worker's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ....figures.labels import plain_log
from ....figures.notes import write_note
from ....values.statistics import Mean
from ...analyse.analysis import Point
from ...analyse.cells import unit_of
from . import matplotlib_figure
from .notes import ends_around, energy_note

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_KINDS = (
    ("the machine", "j_per_image", "o", "#222222"),
    ("above idle", "above_idle_j", "s", "#4477aa"),
    ("the worker's", "share_j", "^", "#ee6677"),
)
_APART = 0.24  # of a row, between its marks


def parts_figure(points: Sequence[Point]) -> Figure | None:
    """A row a test, a panel a phase; `None` where neither part is known, or of one test alone."""
    known = [point for point in points if point.above_idle_j is not None or point.share_j is not None]
    panels = {phase: [p for p in known if p.phase == phase] for phase in ("inference", "training")}
    panels = {phase: own for phase, own in panels.items() if len(own) > 1}
    if not panels:
        return None
    most = max(len(own) for own in panels.values())
    figure = matplotlib_figure(5.4 * len(panels), 1.9 + 0.34 * most)
    for axes, (phase, own) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels.items()):
        _panel(axes, phase, own)
    shown = [point for own in panels.values() for point in own]
    handles, names = _first(figure.axes).get_legend_handles_labels()
    figure.legend(handles, names, fontsize=8, frameon=False, loc="outside upper right", ncols=len(names))
    means = [mean for point in shown for _, mean, _, _ in _means(point)]
    write_note(figure, energy_note(means, shown, "not shown: what was not above idle, or not known"))
    return figure


def _first(panels: Sequence[Axes]) -> Axes:
    """The panel with the most kinds of marks, which the legend is of."""
    return max(panels, key=lambda axes: len(axes.get_legend_handles_labels()[1]))


def _means(point: Point) -> list[tuple[str, Mean, str, str]]:
    known: list[tuple[str, Mean, str, str]] = []
    for name, attribute, marker, colour in _KINDS:
        mean: Mean | None = getattr(point, attribute)
        if mean is not None and mean.value > 0:
            known.append((name, mean, marker, colour))
    return known


def _panel(axes: Axes, phase: str, points: Sequence[Point]) -> None:
    rows = list(reversed(points))
    names: set[str] = set()
    kinds = [name for name, *_ in _KINDS]
    for row, point in enumerate(rows):
        for name, mean, marker, colour in _means(point):
            axes.errorbar(
                mean.value,
                row + _APART * (1 - kinds.index(name)),
                xerr=ends_around(mean),
                fmt=marker,
                color=colour,
                markersize=4,
                capsize=2,
                linewidth=0.8,
                label=None if name in names else name,
            )
            names.add(name)
    axes.set_xscale("log")
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.set_yticks(range(len(rows)), [point.title for point in rows], fontsize=8)
    axes.set_xlabel(f"J per {unit_of(points)}")
    axes.set_title(f"Whose energy: {phase}", fontsize=10, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(linewidth=0.5, alpha=0.4)
    axes.set_axisbelow(True)
    plain_log(axes.xaxis)
