"""Figures of studies: means with whiskers, one colour a series, and a line that says what the whiskers leave out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from ...digits import percent
from ...figures.labels import along, label_points, plain_log
from ...figures.looks import legend_beside, line_look
from ...figures.notes import write_note, write_title
from ...values.statistics import Mean
from .groups import BOUNDED, PointGroup

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SCORE_AXES = {"accuracy": "accuracy", "dice": "Dice", "psnr_db": "peak signal-to-noise ratio in dB"}


class FigurePlace(NamedTuple):
    """A point of a figure with the intervals of its means."""

    x: Mean
    y: Mean


class FigureSeries(NamedTuple):
    """Places of one name; `line`: whether they are joined; `style`: number of its colour and marker, the series' own
    place without one."""

    name: str
    places: Sequence[FigurePlace]
    line: bool = True
    style: int | None = None


def half_widths(mean: Mean) -> tuple[float, float]:
    """What a whisker reaches below and above."""
    if mean.interval is None:
        return 0.0, 0.0
    return mean.value - mean.interval[0], mean.interval[1] - mean.value


def draw_series(axes: Axes, series: Sequence[FigureSeries], *, log_x: bool = True) -> None:
    """Every series with its whiskers, a legend beside them where there are several."""
    for place_in_list, each in enumerate(series):
        if not each.places:
            continue
        look = line_look(place_in_list if each.style is None else each.style)
        x, y = [place.x.value for place in each.places], [place.y.value for place in each.places]
        x_errors = list(zip(*(half_widths(place.x) for place in each.places)))
        y_errors = list(zip(*(half_widths(place.y) for place in each.places)))
        axes.errorbar(
            x,
            y,
            xerr=x_errors,
            yerr=y_errors,
            color=look["color"],
            marker=look["marker"],
            linestyle=look["linestyle"] if each.line and len(x) > 1 else "none",
            markersize=5,
            linewidth=1,
            capsize=2,
            elinewidth=0.8,
            label=each.name,
        )
    if log_x and any(place.x.value > 0 for each in series for place in each.places):
        axes.set_xscale("log")
        plain_log(axes.xaxis)
    if sum(bool(each.places) for each in series) > 1:
        legend_beside(axes)
    axes.grid(alpha=0.25, linewidth=0.5)


def note_of(groups: Sequence[PointGroup]) -> str:
    """What whiskers are, how many runs are behind them, and what they leave out."""
    runs = sorted({group.runs for group in groups if group.runs})
    count = f"n = {runs[0]}" if len(runs) == 1 else f"n = {runs[0]} to {runs[-1]}" if runs else "no run"
    whisker = "whiskers: 95 % of the mean over n runs" if runs and runs[-1] > 1 else "one run a point: no whiskers"
    biases = [group.bias for group in groups if group.bias]
    modelled = any((group.modelled or 0) > 0 for group in groups)
    beyond = ""
    if biases:
        how = "energy is modelled, not measured" if modelled else "sensors"
        beyond = f"; ± {percent(max(biases))} common to all beside that ({how})"
    return f"{count}; {whisker}{beyond}"


def titled(figure: Figure, axes: Axes, title: str, groups: Sequence[PointGroup], x: str, metric: str) -> None:
    """The title with the note beneath it, and names for both axes."""
    axes.set(xlabel=x, ylabel=SCORE_AXES.get(metric, metric))
    clip_scores(axes, metric)
    write_title(axes, title)
    write_note(figure, note_of(groups))


def name_places(
    axes: Axes, named: Sequence[tuple[FigurePlace, str]], curves: Sequence[FigureSeries] = (), radius: float = 3.5
) -> str:
    """Writes the names beside their places, clear of whiskers and of the curves; a sentence on those for which there is
    no room, for the note. After everything else has its place. `radius`: of the marks, in points."""
    is_log = axes.get_xscale() == "log" and axes.get_yscale() == "log"
    lines = []
    for place, _ in named:
        for mean, other, is_x in ((place.x, place.y, True), (place.y, place.x, False)):
            if mean.interval is not None:
                low, high = mean.interval
                ends = ((low, other.value), (high, other.value)) if is_x else ((other.value, low), (other.value, high))
                lines.append((*ends[0], *ends[1]))
    for each in curves:
        if each.line:
            lines += along([(place.x.value, place.y.value) for place in each.places], is_log=is_log)
    lines = [line for line in lines if axes.get_xscale() != "log" or min(line[0], line[2]) > 0]
    rest = label_points(
        axes,
        [(p.x.value, p.y.value, name) for p, name in named],
        size=7.0,
        away=6.0,
        lines=lines,
        radii=[radius] * len(named),
    )
    return f"no room beside their points, from the top: {', '.join(rest)}" if rest else ""


def clip_scores(axes: Axes, metric: str) -> None:
    """No whisker of a score is shown where no such score can be."""
    if metric in BOUNDED:
        low, high = axes.get_ylim()
        axes.set_ylim(max(low, -0.02), min(high, 1.02))
