"""Power over time, as a figure."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..figures.looks import legend_beside, shade
from ..figures.notes import width_of, write_note, write_title
from ..result import Result
from ..whole_file import whole_file
from .runs import ReadRecord

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy import ndarray
    from numpy.typing import ArrayLike

_MOST_RUNS = 6
_MOST_POINTS = 4000
_MOST_REGIONS = 60
_NAME_SIZE, _GAP = 7.0, 2.0  # points
_COLOURS = 6


def plot_power(
    runs: Sequence[ReadRecord], path: str | os.PathLike[str], *, panel_inches: tuple[float, float] = (9.0, 3.2)
) -> None:
    """Mean power by device between readings, regions shaded; one panel a run, the six newest. Format by the suffix.

    ValueError for a suffix that matplotlib cannot write; ImportError names the extra.
    """
    shown = runs[:_MOST_RUNS]
    figure = figure_for(path, (panel_inches[0], panel_inches[1] * len(shown)))
    for axes, run in zip(figure.subplots(len(shown), 1, squeeze=False).ravel(), shown):
        _panel(axes, run)
    left_out = f"; the {len(shown)} newest of {len(runs)} runs" if len(runs) > len(shown) else ""
    write_note(figure, f"dashed: modelled; shaded: regions, of which a name stands where there is room{left_out}")
    for axes, run in zip(figure.axes, shown):
        _name_regions(axes, run)
    save(figure, path)


def figure_for(path: str | os.PathLike[str], inches: tuple[float, float]) -> Figure:
    """An empty figure that can be saved at the path. ValueError for a suffix that matplotlib cannot write."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise ImportError("figures need matplotlib: pip install 'impact-tracker[report]'") from None
    figure = Figure(figsize=inches, layout="constrained")
    if Path(path).suffix.lstrip(".").lower() not in figure.canvas.get_supported_filetypes():
        raise ValueError(f"a figure is a .png, .svg or .pdf, not {str(path)!r}")
    return figure


def save(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Write the figure into a directory that is made where it is missing."""
    with whole_file(path) as beside:
        figure.savefig(beside)


def _panel(axes: Axes, run: ReadRecord) -> None:
    end, count = 0.0, 0
    for channel in run.record.channels:
        if channel.get("in_total"):
            times, watts = thinned(*run.record.series(str(channel["id"]), numpy=True))
            label = f"{channel['device']} {channel['domain']}"
            style = "--" if channel.get("quality") != "measured" else "-"
            colour = shade(count % _COLOURS, _COLOURS)
            axes.plot(times, watts, drawstyle="steps-pre", linestyle=style, linewidth=1.2, label=label, color=colour)
            count += 1
            end = max(end, float(times[-1]) if len(times) else 0.0)
    for region, colour in _shaded(run.record.regions):
        start = (region.start_ns - run.result.start_ns) / 1e9
        axes.axvspan(start, start + region.duration_s, color=colour, alpha=0.12, linewidth=0)
        axes.axvline(start, color="0.6", linewidth=0.4, linestyle=":")
    axes.set(xlabel="time in s", ylabel="power in W", xlim=(0, max(end, run.result.duration_s)))
    axes.set_ylim(0, 1.1 * axes.get_ylim()[1])  # room for the regions' names
    write_title(axes, run.label, 9.0)
    legend_beside(axes)
    if not count:
        axes.text(0.5, 0.5, "no power is known", transform=axes.transAxes, ha="center", va="center")


def _name_regions(axes: Axes, run: ReadRecord) -> None:
    """The names at the regions' begins, each where the one before leaves room."""
    axes.figure.draw_without_rendering()  # type: ignore[union-attr]
    dots, free, last = axes.figure.dpi / 72, -math.inf, axes.get_window_extent().x1
    for region, _ in sorted(_shaded(run.record.regions), key=lambda shaded: shaded[0].start_ns):
        start = (region.start_ns - run.result.start_ns) / 1e9
        x = float(axes.transData.transform((start, 0))[0])
        end = x + (width_of(region.name, _NAME_SIZE) + 2 * _GAP) * dots
        if x >= free and end <= last:
            place = (_GAP, -_GAP)
            axes.annotate(
                region.name,
                (start, 1),
                place,
                ("data", "axes fraction"),
                "offset points",
                fontsize=_NAME_SIZE,
                va="top",
            )
            free = end


def _shaded(regions: Sequence[Result]) -> list[tuple[Result, str]]:
    """Regions with a colour by name; none where there are so many that nothing could be told apart."""
    if len(regions) > _MOST_REGIONS:
        return []
    names = list(dict.fromkeys(region.name for region in regions))
    return [(region, f"C{names.index(region.name) % 10}") for region in regions]


def thinned(times: ArrayLike, values: ArrayLike) -> tuple[ndarray, ndarray]:
    """At most some thousand points: means over equal numbers of readings, so that no energy is lost."""
    import numpy

    times, values = numpy.asarray(times), numpy.asarray(values)
    step = -(-len(times) // _MOST_POINTS)
    if step <= 1:
        return times, values
    length = len(times) // step * step
    groups = values[:length].reshape(-1, step)
    counts = (~numpy.isnan(groups)).sum(axis=1)
    sums = numpy.nansum(groups, axis=1)
    means = numpy.where(counts > 0, sums / numpy.maximum(counts, 1), numpy.nan)
    return times[:length][step - 1 :: step], means
