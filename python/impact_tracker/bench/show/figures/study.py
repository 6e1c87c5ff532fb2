"""The published study's three figures, of this machine's runs and of the published ones side by side: energy of an
inference, energy of a training, duration of a training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from ....figures.notes import write_note
from ....values import joules_of
from ....values.statistics import Mean, mean_of, scaled
from ...analyse.analysis import Point
from ...analyse.published import CLASSIFIERS, published
from ...plan.networks import title_of
from . import matplotlib_figure
from .notes import ends_around, energy_note, runs_text, whisker_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

OURS, THEIRS = "#4477aa", "#999999"
_LEAST = 2  # networks: one bar compares nothing


class BarPanel(NamedTuple):
    """One panel: a mean for each network, in the unit of `label`. `energies`: the points that they are energies of."""

    title: str
    label: str
    colour: str
    means: dict[str, Mean]
    energies: tuple[Point, ...] = ()


def figure1(points: Sequence[Point]) -> Figure | None:
    """Energy of an inference. How many images a published run took is not known: it is shown for a whole test."""
    own = _own(points, "inference")
    means = {model: point.j_per_image for model, point in own.items() if point.j_per_image is not None}
    ours = BarPanel(_title("This machine", means, own), "J per image", OURS, means, tuple(own.values()))
    return _side_by_side("Energy of inference", ours, _published_energy("inference", means))


def figure2(points: Sequence[Point]) -> Figure | None:
    """Energy of a training run."""
    own = _own(points, "training")
    means = {model: scaled(point.kwh, 1000) for model, point in own.items() if point.kwh is not None}
    ours = BarPanel(_title("This machine", means, own), "Wh of a training run", OURS, means, tuple(own.values()))
    return _side_by_side("Energy of training", ours, _published_energy("training", means))


def figure3(points: Sequence[Point]) -> Figure | None:
    """Duration of a training run. Of the published ones only the mean is printed."""
    means = {model: p.seconds for model, p in _own(points, "training").items() if p.seconds is not None}
    printed = published().training
    theirs = {model: Mean(printed[model].seconds, None, 1, None) for model in means}
    return _side_by_side(
        "Duration of training",
        BarPanel(_title("This machine", means, {}), "s of a training run", OURS, means),
        BarPanel("Published: mean of 10 runs", "s of a training run", THEIRS, theirs),
        "of the published durations only the mean is printed: no whiskers",
    )


def _own(points: Sequence[Point], phase: str) -> dict[str, Point]:
    by_model = {point.model: point for point in points if point.phase == phase}
    return {model: by_model[model] for model in CLASSIFIERS if model in by_model}


def _title(who: str, means: dict[str, Mean], points: dict[str, Point]) -> str:
    models = {point.by.value for point in points.values() if point.by is not None}
    others = {f"{point.quality} energy" for point in points.values() if point.by is None} - {"measured energy"}
    return ", ".join([f"{who}: {runs_text(list(means.values()))}", *sorted(models), *sorted(others)])


def _published_energy(phase: str, models: dict[str, Mean]) -> BarPanel:
    study = published()
    means = {}
    for model in models:
        mean = mean_of([joules_of(kwh) / 3600 for kwh in study.runs_kwh[f"{model}/{phase}"]])
        if mean is not None:
            means[model] = mean
    label = f"Wh of {'an inference' if phase == 'inference' else 'a training'} run, PUE {study.pue:g} in it"
    return BarPanel(f"Published: {runs_text(list(means.values()))}", label, THEIRS, means)


def _side_by_side(title: str, ours: BarPanel, theirs: BarPanel, more: str = "") -> Figure | None:
    if len(ours.means) < _LEAST:
        return None
    figure = matplotlib_figure(2 * max(3.4, 1.2 + 0.6 * len(ours.means)), 4.2)
    for axes, side in zip(figure.subplots(1, 2), (ours, theirs)):
        _bars(axes, side)
    figure.suptitle(title, fontsize=11, x=0.01, ha="left")
    parts = [f"this machine, {energy_note(list(ours.means.values()), ours.energies)}"]
    parts.append(more or f"published, {whisker_text(list(theirs.means.values()))}")
    write_note(figure, "; ".join([*parts, f"published runs: {published().node}"]))
    return figure


def _bars(axes: Axes, side: BarPanel) -> None:
    for place, mean in enumerate(side.means.values()):
        axes.bar(
            place,
            mean.value,
            width=0.65,
            color=side.colour,
            edgecolor="0.25",
            linewidth=0.6,
            yerr=ends_around(mean),
            capsize=4,
        )
    names = [title_of(model) for model in side.means]
    axes.set_xticks(range(len(names)), names, rotation=35, ha="right", rotation_mode="anchor", fontsize=8)
    axes.set_ylim(bottom=0)
    axes.set_ylabel(side.label, fontsize=9)
    axes.set_title(side.title, fontsize=10, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", linewidth=0.5, alpha=0.4)
    axes.set_axisbelow(True)
