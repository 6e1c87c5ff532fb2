"""Figures of a suite: the study's three for this machine, the energy roofline, the front of accuracy and energy, and
parameters against grams for a thousand inferences. Each takes points and gives a matplotlib figure, or None where
there is nothing to draw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Literal

from .... import digits
from ....figures.labels import along, label_points, plain_log
from ....figures.notes import write_note
from ....values.statistics import Mean, scaled
from ...analyse.analysis import Point, accuracy_source, fit_of, pareto, with_accuracy
from ...analyse.cells import unit_of, with_interval
from ...analyse.published import CLASSIFIERS
from ...analyse.relations import Fit
from ...analyse.roof import TRAINING_PASSES, MeasuredRoof, Roof, roof_of
from ...plan.networks import BY_NAME, NETWORKS, TOP1_SOURCE, title_of
from . import matplotlib_figure
from .notes import carbon_text, ends_around, energy_note
from .parts import parts_figure
from .study import figure1, figure2, figure3

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

TASK_COLOURS = {
    "classification": "#4477aa",
    "enhancement": "#ee6677",
    "segmentation": "#228833",
    "generation": "#ccbb44",
    "text": "#aa3377",
    "sequence": "#aa3377",
}
TASK_MARKS = {"enhancement": "s", "segmentation": "^", "generation": "D", "text": "v", "sequence": "v"}
_OTHER = "#777777"
_PANEL_HEIGHT, _NOTE_HEIGHT = 4.6, 0.7  # inches
_ENTRY, _LINE = 11.9, 8.4  # of a legend, in points (1/72 inch)
_LineStyle = Literal["-", "--"]
_MEMORY: _LineStyle = "-"  # parts of a measured roof
_ARITHMETIC: _LineStyle = "--"


def every_figure(points: Sequence[Point], roof: MeasuredRoof | None = None) -> dict[str, Figure]:
    """The figures that there is something to draw of, by the name of their file without its ending. `roof`: the
    machine's, where it was measured."""
    makers: dict[str, Callable[[Sequence[Point]], Figure | None]] = {
        "figure1": figure1,
        "figure2": figure2,
        "figure3": figure3,
        "networks": networks_figure,
        "roofline": partial(roofline, measured=roof),
        "pareto": pareto_figure,
        "parameters": parameters_figure,
        "fit": fit_figure,
        "parts": parts_figure,
    }
    drawn = {name: make(points) for name, make in makers.items()}
    return {name: figure for name, figure in drawn.items() if figure is not None}


def _axes(width: float = 6.4, height: float = 4.4) -> tuple[Figure, Axes]:
    figure = matplotlib_figure(width, height)
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(linewidth=0.5, alpha=0.4)
    axes.set_axisbelow(True)
    return figure, axes


def networks_figure(points: Sequence[Point]) -> Figure | None:
    """Reported accuracy against multiply-adds of the same size, areas by parameters: the classifiers that ran."""
    ran = {point.model for point in points}
    known = [BY_NAME[model] for model in CLASSIFIERS if model in ran]
    if len(known) < 2:
        return None
    figure, axes = _axes()
    places, radii = [], []
    for network in known:
        x, y = network.top1_gmac or 0.0, network.top1 or 0.0
        area = network.parameters / 1e6 * 8
        axes.scatter(x, y, s=area, alpha=0.55, color=TASK_COLOURS["classification"], linewidth=0)
        radii.append(area**0.5 / 2)
        places.append((x, y, f"{network.title}, {network.parameters / 1e6:.1f} M"))
    axes.set_xscale("log")
    axes.margins(0.15, 0.2)
    axes.set(xlabel="GMAC for one image of the size of the accuracy", ylabel="reported top-1 accuracy in %")
    axes.set_title("Networks (area: parameters)", fontsize=10, loc="left")
    plain_log(axes.xaxis)
    write_note(figure, f"accuracy: {TOP1_SOURCE}")
    label_points(axes, places, away=7, radii=radii)
    return figure


def number_of(point: Point) -> str:
    """The network's place in the suite, with the part of a test that has two: short enough to stand in a crowd."""
    names = [network.name for network in NETWORKS]
    number = str(names.index(point.model)) if point.model in names else point.model
    return number + (point.test.rpartition("-")[2] if point.title.endswith(")") else "")


def _panels(
    points: Sequence[Point],
    place: Callable[[Point], tuple[float, float]],
    titles: dict[str, str],
    labels: tuple[str, str],
    note: str = "",
    more: Sequence[Line2D] = (),
) -> tuple[Figure, dict[str, Axes]]:
    """A panel a phase, points numbered and coloured by task, names in a legend at the side. `labels`: of both axes, the
    second being proportional to joules for an input; `more`: lines for the legend."""
    x, y = labels
    figure = matplotlib_figure(5.0 * len(titles) + 2.6, max(_PANEL_HEIGHT, _legend_height(points, more)))
    row = figure.subplots(1, len(titles), sharex=True, sharey=True, squeeze=False)[0]
    panels = dict(zip(titles, row))
    for phase, axes in panels.items():
        axes.set(xscale="log", yscale="log", xlabel=x)
        axes.set_title(titles[phase], fontsize=10, loc="left")
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(linewidth=0.5, alpha=0.4)
        axes.set_axisbelow(True)
        for point in points:
            if point.phase == phase:
                colour = TASK_COLOURS.get(point.task, _OTHER)
                _mark(axes, point, place(point), colour)
        axes.margins(0.1, 0.1)
    row[0].set_ylabel(y)
    _names(figure, points, more)
    means = [point.j_per_image for point in points if point.j_per_image is not None]
    write_note(figure, energy_note(means, points, note))
    for axes in row:
        plain_log(axes.xaxis)
        plain_log(axes.yaxis)
    return figure, panels


def _legend_height(points: Sequence[Point], more: Sequence[Line2D]) -> float:
    """Inches that the names at the side take beside the note below."""
    labels = [str(handle.get_label()) for handle in more]
    entries = len({point.task for point in points}) + len({point.model for point in points}) + len(labels)
    further = sum(label.count("\n") for label in labels)
    return (entries * _ENTRY + further * _LINE) / 72 + _NOTE_HEIGHT


def _number(
    axes: Axes,
    points: Sequence[Point],
    place: Callable[[Point], tuple[float, float]],
    drawn: Sequence[tuple[float, float]] = (),
) -> None:
    """The points' numbers, clear of whiskers and of a line through places that were drawn, where there is room."""
    lines = along(drawn)
    for point in points:
        x, y = place(point)
        mean = _at(point, y)
        if mean is not None and mean.interval is not None:
            lines.append((x, mean.interval[0], x, mean.interval[1]))
    label_points(axes, [(*place(point), number_of(point)) for point in points], away=5, lines=lines)


def _at(point: Point, y: float) -> Mean | None:
    """The energy, scaled to where it is drawn."""
    mean = point.j_per_image
    return scaled(mean, y / mean.value) if mean is not None and mean.value > 0 else None


def _mark(axes: Axes, point: Point, place: tuple[float, float], colour: str) -> None:
    """A point with its whisker."""
    mean = _at(point, place[1])
    yerr = None if mean is None else ends_around(mean)
    mark = TASK_MARKS.get(point.task, "o")
    axes.errorbar(*place, yerr=yerr, fmt=mark, color=colour, markersize=6, alpha=0.85, capsize=2, linewidth=0.8)


def _names(figure: Figure, points: Sequence[Point], more: Sequence[Line2D] = ()) -> None:
    """Number and name of each network, below the name of its task."""
    from matplotlib.lines import Line2D

    handles = []
    for task in dict.fromkeys(point.task for point in points):
        colour = TASK_COLOURS.get(task, _OTHER)
        mark = TASK_MARKS.get(task, "o")
        handles.append(Line2D([], [], marker=mark, color=colour, linestyle="none", markersize=6, label=task))
        inside = {point.model: point for point in points if point.task == task}
        for point in inside.values():
            label = f"{number_of(point._replace(title=''))}  {title_of(point.model)}"
            handles.append(Line2D([], [], linestyle="none", label=label))
    handles += more
    figure.legend(handles=handles, fontsize=7, frameon=False, loc="outside right upper", handlelength=1.0)


def roofline(points: Sequence[Point], measured: MeasuredRoof | None = None) -> Figure | None:
    """Joules for a GMAC of the forward pass against multiply-adds for one byte: what is bound by memory or by the cost
    of starting lies high on the left, what is bound by arithmetic low on the right. The roof is the `measured` one, or
    (which its note says) the best that the tests reached."""
    known = [point for point in points if point.gmac and point.intensity and point.j_per_image]
    if len(known) < 2:
        return None

    def place(point: Point) -> tuple[float, float]:
        joules = point.j_per_image.value if point.j_per_image else 0.0
        return point.intensity or 0.0, joules / (point.gmac or 1.0)

    titles = _titles(known, "Energy roofline")
    roofs = {phase: _roof_for(phase, known, measured) for phase in titles}
    if measured is not None and measured.roof is not None:
        notes = [_measured_text(measured, list(titles))]
    else:
        reached = [_roof_text(phase, roof) for phase, roof in roofs.items() if roof is not None]
        notes = ["no roof was measured", *reached] if reached else []
    labels = ("multiply-adds for one byte moved", "J per GMAC (forward)")
    lines = _roof_handles(measured)
    figure, panels = _panels(known, place, titles, labels, "; ".join(notes), lines)
    for phase, axes in panels.items():
        own = [point for point in known if point.phase == phase]
        line = _draw_roof(axes, roofs[phase], [point.intensity or 1.0 for point in own], bool(lines))
        _number(axes, own, place, line)
    return figure


def _roof_for(phase: str, points: Sequence[Point], measured: MeasuredRoof | None) -> Roof | None:
    if measured is not None and measured.roof is not None:
        return measured.roof.times(TRAINING_PASSES if phase == "training" else 1.0)
    return roof_of([point for point in points if point.phase == phase])


def _measured_text(measured: MeasuredRoof, phases: Sequence[str]) -> str:
    times = ""
    if "training" in phases:
        times = f", of training {TRAINING_PASSES:g} times the joules, for it computes so much"
    return f"roof, measured: {measured.text}{times}"


def _roof_text(phase: str, roof: Roof) -> str:
    least_gmac, least_gb, arithmetic, traffic = map(with_interval, roof.means)
    least = f"the least that a test took, {least_gmac} J/GMAC and {least_gb} J/GB"
    return f"roof, {phase}: {least}; highest rates: {arithmetic} GMAC/s, {traffic} GB/s"


def _roof_handles(measured: MeasuredRoof | None) -> list[Line2D]:
    """The measured roof's two lines for the legend, each with its name, its rate and its energy."""
    from matplotlib.lines import Line2D

    if measured is None or measured.roof is None:
        return []
    handles = [Line2D([], [], linestyle="none", label="roof, measured")]
    for ceiling, style in ((measured.memory, _MEMORY), (measured.arithmetic, _ARITHMETIC)):
        if ceiling is not None and ceiling.joules is not None:
            rate, joules = (digits.significant(mean.value, 3) for mean in (ceiling.rate, ceiling.joules))
            label = f"{ceiling.name}\n{rate} {ceiling.unit}/s, {joules} J/{ceiling.unit}"
            handles.append(Line2D([], [], color="0.4", linewidth=1.2, linestyle=style, label=label))
    return handles


def _draw_roof(axes: Axes, roof: Roof | None, intensities: Sequence[float], apart: bool) -> list[tuple[float, float]]:
    """The corners of the line that was drawn. `apart`: memory's part and arithmetic's in styles of their own."""
    if roof is None:
        return []
    first, last = min(intensities) / 1.5, max(intensities) * 1.5
    places = sorted({first, last, *([roof.ridge] if first < roof.ridge < last else [])})
    corners = [(place, roof.at(place)) for place in places]
    for begin, end in zip(corners, corners[1:]):
        style = _MEMORY if not apart or (begin[0] * end[0]) ** 0.5 < roof.ridge else _ARITHMETIC
        axes.plot(*zip(begin, end), color="0.4", linewidth=1, linestyle=style, zorder=0)
    return corners


def _titles(points: Sequence[Point], title: str) -> dict[str, str]:
    phases = [phase for phase in ("inference", "training") if any(point.phase == phase for point in points)]
    return {phase: f"{title}: {phase}" for phase in phases}


def pareto_figure(points: Sequence[Point]) -> Figure | None:
    """Accuracy against joules for one inference, and the front that nothing beats in both."""
    known = with_accuracy([point for point in points if point.phase == "inference"])
    if len({point.model for point in known}) < 2:
        return None
    figure, axes = _axes()
    front = [(p.top1_j.value, p.top1 or 0.0) for p in pareto(known) if p.top1_j]
    if len(front) > 1:
        axes.step([x for x, _ in front], [y for _, y in front], where="post", color="0.6", linewidth=1, zorder=1)
    on_front = {point.test for point in pareto(known)}
    for point in known:
        mean = point.top1_j
        colour = TASK_COLOURS["classification"] if point.test in on_front else "0.6"
        x, y = mean.value if mean else 0.0, point.top1 or 0.0
        xerr = None if mean is None else ends_around(mean)
        axes.errorbar(x, y, xerr=xerr, fmt="o", color=colour, markersize=6, capsize=2, linewidth=1)
    axes.set_xscale("log")
    axes.margins(0.15, 0.15)
    carried = any(point.top1_carried_to for point in known)
    size = ", at the size of the accuracy" if carried else ""
    axes.set(xlabel=f"J per {unit_of(known)} (inference{size})", ylabel="accuracy in %")
    axes.set_title("Accuracy and energy (blue: nothing is better in both means)", fontsize=10, loc="left")
    plain_log(axes.xaxis)
    means = [point.top1_j for point in known if point.top1_j is not None]
    write_note(figure, energy_note(means, known, f"accuracy: {accuracy_source(known)}"))
    places = [(p.top1_j.value, p.top1 or 0.0, p.title) for p in known if p.top1_j]
    label_points(axes, places, lines=[*_steps(front), *_bars(known)])
    return figure


def _steps(front: Sequence[tuple[float, float]]) -> list[tuple[float, float, float, float]]:
    """The lines of a curve of steps, each of which rises at its right end."""
    lines = []
    for (x0, y0), (x1, y1) in zip(front, front[1:]):
        lines += [(x0, y0, x1, y0), (x1, y0, x1, y1)]
    return lines


def _bars(points: Sequence[Point]) -> list[tuple[float, float, float, float]]:
    """Intervals of the energies, on an axis that has no zero."""
    lines = []
    for point in points:
        mean, y = point.top1_j, point.top1 or 0.0
        if mean is not None and mean.interval is not None:
            lines.append((mean.interval[0], y, mean.interval[1], y))
    return lines


def parameters_figure(points: Sequence[Point]) -> Figure | None:
    """Parameters against grams of CO2e for a thousand inferences, by kind of task, both axes logarithmic."""
    known = [p for p in points if p.phase == "inference" and p.parameters and p.carbon_g_per_1000]
    if len(known) < 2:
        return None

    def place(point: Point) -> tuple[float, float]:
        return (point.parameters or 0) / 1e6, point.carbon_g_per_1000 or 0.0

    titles = {"inference": "Parameters and carbon"}
    labels = ("parameters in millions", "g CO2e for 1,000 inferences")
    figure, panels = _panels(known, place, titles, labels, carbon_text(known))
    _number(panels["inference"], known, place)
    return figure


_BAND = "band: 95 % of the fitted line"


def _draw_fit(axes: Axes, fit: Fit, ends: Sequence[float]) -> None:
    """The line, and the band that holds it in 95 % of such sets of points."""
    first, last = ends
    places = [first * (last / first) ** (step / 40) for step in range(41)]
    axes.plot(places, [fit.factor * x**fit.exponent for x in places], color="0.5", linewidth=1, zorder=0)
    lows, highs = zip(*(fit.band(x) for x in places))
    axes.fill_between(places, lows, highs, color="0.5", alpha=0.15, linewidth=0, zorder=0)


def fit_figure(points: Sequence[Point]) -> Figure | None:
    """Joules for one image against its multiply-adds, with the fitted power law of each phase."""
    known = [point for point in points if point.gmac and point.j_per_image]
    if fit_of(points, "inference") is None and fit_of(points, "training") is None:
        return None

    def place(point: Point) -> tuple[float, float]:
        return point.gmac or 0.0, point.j_per_image.value if point.j_per_image else 0.0

    titles = _titles(known, "Energy and multiply-adds")
    figure, panels = _panels(known, place, titles, ("GMAC for one input (forward)", f"J per {unit_of(known)}"), _BAND)
    for phase, axes in panels.items():
        own = [point for point in known if point.phase == phase]
        fit, line = fit_of(points, phase), []
        if fit is not None:
            ends = [min(p.gmac or 0.0 for p in own), max(p.gmac or 0.0 for p in own)]
            _draw_fit(axes, fit, ends)
            line = [(x, fit.factor * x**fit.exponent) for x in ends]
            exponent = digits.with_range(fit.exponent, fit.exponent_low, fit.exponent_high)
            factor = digits.within(fit.factor, *fit.band(1.0))
            title = f"{titles[phase]}\n{factor} J · GMAC^{exponent}, R² {fit.r2:.2f}"
            axes.set_title(title, fontsize=10, loc="left")
        _number(axes, own, place, line)
    return figure
