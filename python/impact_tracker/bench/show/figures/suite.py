"""Figures of a suite: the study's three for this machine, the energy roofline, the front of accuracy and energy, and
parameters against grams for a thousand inferences. Each takes points and gives a matplotlib figure, or None where
there is nothing to draw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ...analyse.analysis import Point, accuracy_source, fit_of, pareto, with_accuracy
from ...analyse.cells import unit_of
from ...analyse.published import CLASSIFIERS
from ...plan.networks import BY_NAME, NETWORKS, TOP1_SOURCE, title_of
from . import matplotlib_figure
from .labels import label_points, plain_log

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TASK_COLOURS = {
    "classification": "#4477aa",
    "enhancement": "#ee6677",
    "segmentation": "#228833",
    "generation": "#ccbb44",
    "text": "#aa3377",
    "sequence": "#aa3377",
}
_OTHER = "#777777"


def every_figure(points: Sequence[Point]) -> dict[str, Figure]:
    """The figures that there is something to draw of, by the name of their file without its ending."""
    makers: dict[str, Callable[[Sequence[Point]], Figure | None]] = {
        "figure1": figure1,
        "figure2": lambda points: classifier_bars(points, "inference"),
        "figure3": lambda points: classifier_bars(points, "training"),
        "roofline": roofline,
        "pareto": pareto_figure,
        "parameters": parameters_figure,
        "fit": fit_figure,
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


def _yerr(point: Point) -> float | None:
    mean = point.j_per_image
    return None if mean is None or mean.half_width is None else mean.half_width


def figure1(points: Sequence[Point]) -> Figure | None:
    """Reported accuracy against multiply-adds, areas by parameters: the seven classifiers."""
    gmac = {point.model: point.gmac for point in points if point.gmac and point.model in CLASSIFIERS}
    known = [BY_NAME[model] for model in CLASSIFIERS if model in gmac]
    if len(known) < 2:
        return None
    figure, axes = _axes()
    places, radii = [], []
    for network in known:
        x, y = gmac[network.name] or 0.0, network.top1 or 0.0
        area = network.parameters / 1e6 * 8
        axes.scatter(x, y, s=area, alpha=0.55, color=TASK_COLOURS["classification"], linewidth=0)
        radii.append(area**0.5 / 2)
        places.append((x, y, f"{network.title}, {network.parameters / 1e6:.1f} M"))
    axes.set_xscale("log")
    axes.margins(0.15, 0.2)
    axes.set(xlabel="GMAC for one image", ylabel="reported top-1 accuracy in %")
    axes.set_title("Networks (area: parameters)", fontsize=10, loc="left")
    plain_log(axes.xaxis)
    _source(figure, TOP1_SOURCE)
    label_points(axes, places, away=7, radii=radii)
    return figure


def _source(figure: Figure, text: str) -> None:
    from textwrap import fill

    wide = int(figure.get_size_inches()[0] * 20)  # characters of this size in the figure's width
    figure.supxlabel(fill(f"accuracy: {text}", wide), fontsize=7, color="0.35", x=0.99, ha="right")


def classifier_bars(points: Sequence[Point], phase: str) -> Figure | None:
    """Energy for one image of each classifier as bars with 95 % intervals, coloured by reported accuracy."""
    known = [point for point in points if point.phase == phase and point.model in CLASSIFIERS and point.j_per_image]
    if not known:
        return None
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize
    from numpy import asarray

    figure, axes = _axes(max(4.0, 1.8 + 0.75 * len(known)))
    scale = ScalarMappable(Normalize(70, 82), "viridis")
    for place, point in enumerate(known):
        accuracy = BY_NAME[point.model].top1
        colour = "0.7" if accuracy is None else scale.to_rgba(asarray(accuracy))
        value = point.j_per_image.value if point.j_per_image else 0.0
        axes.bar(place, value, width=0.65, color=colour, edgecolor="0.25", linewidth=0.6, yerr=_yerr(point), capsize=4)
    axes.set_xticks(
        range(len(known)), [point.title for point in known], rotation=35, ha="right", rotation_mode="anchor"
    )
    axes.grid(axis="x", visible=False)
    axes.set_ylim(bottom=0)
    axes.set_ylabel("J per image")
    modelled = "" if {point.quality for point in known} == {"measured"} else ", modelled energy"
    interval = ", ± 95 %" if any(_yerr(point) for point in known) else ", one run"
    axes.set_title(f"{phase.capitalize()}{interval}{modelled}", fontsize=10, loc="left")
    figure.colorbar(scale, ax=axes, label="reported top-1 accuracy in %", pad=0.02)
    return figure


def number_of(point: Point) -> str:
    """The network's place in the suite, with the part of a test that has two: short enough to stand in a crowd."""
    names = [network.name for network in NETWORKS]
    number = str(names.index(point.model)) if point.model in names else point.model
    return number + (point.test.rpartition("-")[2] if point.title.endswith(")") else "")


def _panels(
    points: Sequence[Point], place: Callable[[Point], tuple[float, float]], titles: dict[str, str], x: str, y: str
) -> tuple[Figure, dict[str, Axes]]:
    """A panel a phase, points numbered and coloured by task, names in a legend at the side."""
    figure = matplotlib_figure(5.0 * len(titles) + 2.6, 4.6)
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
                axes.plot(*place(point), "o", color=colour, markersize=6, alpha=0.85)
        axes.margins(0.1, 0.1)
    row[0].set_ylabel(y)
    _names(figure, points)
    for axes in row:
        plain_log(axes.xaxis)
        plain_log(axes.yaxis)
    return figure, panels


def _names(figure: Figure, points: Sequence[Point]) -> None:
    """Number and name of each network, below the name of its task."""
    from matplotlib.lines import Line2D

    handles = []
    for task in dict.fromkeys(point.task for point in points):
        colour = TASK_COLOURS.get(task, _OTHER)
        handles.append(Line2D([], [], marker="o", color=colour, linestyle="none", markersize=6, label=task))
        inside = {point.model: point for point in points if point.task == task}
        for point in inside.values():
            label = f"{number_of(point._replace(title=''))}  {title_of(point.model)}"
            handles.append(Line2D([], [], linestyle="none", label=label))
    figure.legend(handles=handles, fontsize=7, frameon=False, loc="outside right upper", handlelength=1.0)


def roofline(points: Sequence[Point]) -> Figure | None:
    """Joules for a GMAC of the forward pass against multiply-adds for one byte: what is bound by memory or by the cost
    of starting lies high on the left, what is bound by arithmetic low on the right."""
    known = [point for point in points if point.gmac and point.intensity and point.j_per_image]
    if len(known) < 2:
        return None

    def place(point: Point) -> tuple[float, float]:
        joules = point.j_per_image.value if point.j_per_image else 0.0
        return point.intensity or 0.0, joules / (point.gmac or 1.0)

    titles = _titles(known, "Energy roofline")
    figure, panels = _panels(known, place, titles, "multiply-adds for one byte moved", "J per GMAC (forward)")
    for phase, axes in panels.items():
        label_points(axes, [(*place(point), number_of(point)) for point in known if point.phase == phase], away=5)
    return figure


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
        half = None if mean is None else mean.half_width
        axes.errorbar(x, y, xerr=half, fmt="o", color=colour, markersize=6, capsize=2, linewidth=1)
    axes.set_xscale("log")
    axes.margins(0.15, 0.15)
    carried = any(point.top1_carried_to for point in known)
    size = ", at the size of the accuracy" if carried else ""
    axes.set(xlabel=f"J per {unit_of(known)} (inference{size})", ylabel="accuracy in %")
    axes.set_title("Accuracy and energy (blue: nothing is better in both)", fontsize=10, loc="left")
    plain_log(axes.xaxis)
    _source(figure, accuracy_source(known))
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
        if mean is not None and mean.half_width:
            lines.append((max(mean.value - mean.half_width, mean.value / 10), y, mean.value + mean.half_width, y))
    return lines


def parameters_figure(points: Sequence[Point]) -> Figure | None:
    """Parameters against grams of CO2e for a thousand inferences, by kind of task, both axes logarithmic."""
    known = [p for p in points if p.phase == "inference" and p.parameters and p.carbon_g_per_1000]
    if len(known) < 2:
        return None

    def place(point: Point) -> tuple[float, float]:
        return (point.parameters or 0) / 1e6, point.carbon_g_per_1000 or 0.0

    titles = {"inference": "Parameters and carbon"}
    figure, panels = _panels(known, place, titles, "parameters in millions", "g CO2e for 1,000 inferences")
    label_points(panels["inference"], [(*place(point), number_of(point)) for point in known], away=5)
    return figure


def fit_figure(points: Sequence[Point]) -> Figure | None:
    """Joules for one image against its multiply-adds, with the fitted power law of each phase."""
    known = [point for point in points if point.gmac and point.j_per_image]
    if fit_of(points, "inference") is None and fit_of(points, "training") is None:
        return None

    def place(point: Point) -> tuple[float, float]:
        return point.gmac or 0.0, point.j_per_image.value if point.j_per_image else 0.0

    titles = _titles(known, "Energy and multiply-adds")
    figure, panels = _panels(known, place, titles, "GMAC for one input (forward)", f"J per {unit_of(known)}")
    for phase, axes in panels.items():
        own = [point for point in known if point.phase == phase]
        fit = fit_of(points, phase)
        if fit is not None:
            ends = [min(p.gmac or 0.0 for p in own), max(p.gmac or 0.0 for p in own)]
            axes.plot(ends, [fit.factor * x**fit.exponent for x in ends], color="0.5", linewidth=1, zorder=0)
            text = f"{fit.factor:.3g} · GMAC^{fit.exponent:.2f}\nR² {fit.r2:.2f}"
            axes.annotate(text, (0.04, 0.96), xycoords="axes fraction", va="top", fontsize=8)
        label_points(axes, [(*place(point), number_of(point)) for point in own], away=5)
    return figure
