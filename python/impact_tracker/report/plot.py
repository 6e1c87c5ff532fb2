"""Power over time, as a figure."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..result import Result
from .runs import ReadRecord

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy import ndarray
    from numpy.typing import ArrayLike

_MOST_RUNS = 6
_MOST_POINTS = 4000
_MOST_REGIONS = 60


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
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


def _panel(axes: Axes, run: ReadRecord) -> None:
    end = 0.0
    for channel in run.record.channels:
        if channel.get("in_total"):
            times, watts = thinned(*run.record.series(str(channel["id"]), numpy=True))
            label = f"{channel['device']} {channel['domain']}"
            style = "--" if channel.get("quality") != "measured" else "-"
            axes.plot(times, watts, drawstyle="steps-pre", linestyle=style, linewidth=1.2, label=label)
            end = max(end, float(times[-1]) if len(times) else 0.0)
    for region, colour in _shaded(run.record.regions):
        start = (region.start_ns - run.result.start_ns) / 1e9
        axes.axvspan(start, start + region.duration_s, color=colour, alpha=0.12, linewidth=0)
        axes.annotate(region.name, (start, 1), xycoords=("data", "axes fraction"), fontsize=7, va="top", clip_on=True)
    axes.set(xlabel="time in s", ylabel="power in W", xlim=(0, max(end, run.result.duration_s)))
    axes.set_ylim(bottom=0)
    axes.set_title(f"{run.label}  (dashed: modelled)", fontsize=9, loc="left")
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))


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
