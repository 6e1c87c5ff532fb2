"""Figures of a campaign: pure functions of its cells that give matplotlib figures, without any global state."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .... import digits
from ....values.statistics import Mean, scaled
from ...analyse.cells import Cell, unit_of
from ...row.disk import write_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable
    from matplotlib.figure import Figure

MOST_BARS = 8  # of a panel; more are drawn as points in rows, on a logarithmic axis
_TITLES = {"training": "Training", "inference": "Inference"}


def matplotlib_figure(width: float, height: float) -> Figure:
    """A figure of this size in inches; ImportError that names the extra where matplotlib is missing."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise ImportError("figures need matplotlib: pip install 'impact-tracker[bench]'") from None
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save(figure: Figure, path: Path) -> Path:
    """Writes a figure, whole or not at all; the same figure gives the same bytes."""
    import matplotlib

    stream = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "impact-tracker", "svg.fonttype": "none"}):
        metadata = {"Date": None} if path.suffix == ".svg" else None
        figure.savefig(stream, format=path.suffix[1:], dpi=150, metadata=metadata)
    return write_whole(path, stream.getvalue())


def png(figure: Figure) -> bytes:
    """A figure as a picture, for notebooks: these figures belong to no backend that would show them."""
    stream = io.BytesIO()
    figure.savefig(stream, dpi=100, format="png")
    return stream.getvalue()


def energy_figure(cells: Sequence[Cell]) -> Figure | None:
    """Energy of each model as bars with 95 % intervals, coloured by test accuracy; one panel a phase.

    None where no energy is known, or of one network alone: there is nothing to compare.
    """
    panels = []
    for phase in ("training", "inference"):
        known = [cell for cell in cells if cell.phase == phase and cell.kwh is not None]
        if len(known) > 1:
            panels.append((phase, known))
    if not panels:
        return None
    most = max(len(known) for _, known in panels)
    if most > MOST_BARS:
        return _long_figure(panels, most)
    figure = matplotlib_figure(max(3.4, 1.5 + 0.75 * most) * len(panels) + 1, 4.2)
    reached = {cell.test: cell.accuracy.value for cell in cells if cell.accuracy is not None}
    scale = _accuracy_scale(list(reached.values()))
    shown = figure.subplots(1, len(panels), squeeze=False)[0]
    for axes, (phase, known) in zip(shown, panels):
        _bars(axes, _TITLES[phase], known, reached, scale)
    _note(figure, [cell for _, known in panels for cell in known])
    if scale is not None:
        figure.colorbar(scale, ax=list(shown), label="test accuracy in %", pad=0.02)
    return figure


def _long_figure(panels: Sequence[tuple[str, list[Cell]]], most: int) -> Figure:
    """Draws J per image of many tests, each in a row of its own."""
    from ....figures.labels import plain_log
    from .notes import ends_around

    figure = matplotlib_figure(5.4 * len(panels), 1.3 + 0.22 * most)
    for axes, (phase, known) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels):
        shown = [(cell, cell.j_per_image) for cell in reversed(known) if cell.j_per_image is not None]
        for place, (_, mean) in enumerate(shown):
            xerr = ends_around(mean)
            axes.errorbar(mean.value, place, xerr=xerr, fmt="o", color="#4477aa", markersize=5, capsize=2, linewidth=1)
        axes.set_yticks(range(len(shown)), [cell.title for cell, _ in shown], fontsize=8)
        axes.set_xscale("log")
        axes.set_xlabel(f"J per {unit_of([cell for cell, _ in shown])}")
        axes.set_ylim(-0.6, len(shown) - 0.4)
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(linewidth=0.5, alpha=0.4)
        axes.set_axisbelow(True)
        axes.set_title(_panel_title(_TITLES[phase], known), fontsize=10, loc="left")
        plain_log(axes.xaxis)
    _note(figure, [cell for _, known in panels for cell in known])
    return figure


def _note(figure: Figure, cells: Sequence[Cell]) -> None:
    from ....figures.notes import write_note
    from .notes import energy_note

    write_note(figure, energy_note([cell.kwh for cell in cells if cell.kwh is not None], cells))


def _panel_title(title: str, cells: Sequence[Cell]) -> str:
    runs = sorted({cell.runs for cell in cells})
    models = {cell.by.value for cell in cells if cell.by is not None}
    others = {cell.quality for cell in cells if cell.by is None} - {"measured"}
    quality = "".join(f", {word}" for word in (*sorted(models), *(f"{word} energy" for word in sorted(others))))
    count = "–".join(map(str, runs[:: max(len(runs) - 1, 1)]))
    return f"{title}: {count} run{'' if runs == [1] else 's'}{quality}"


def _accuracy_scale(values: Sequence[float]) -> ScalarMappable | None:
    if not values:
        return None
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    low, high = min(values) * 100, max(values) * 100
    margin = max((high - low) * 0.15, 1.0)
    return ScalarMappable(Normalize(max(low - margin, 0), min(high + margin, 100)), "viridis")


def _plain(mean: Mean) -> str:
    """Writes the value without digits that are finer than its interval."""
    return digits.fixed(mean.value, digits.decimals_for(mean.value, mean.half_width))


def _bars(
    axes: Axes, title: str, cells: Sequence[Cell], reached: dict[str, float], scale: ScalarMappable | None
) -> None:
    from numpy import asarray

    from .notes import ends_around

    watt_hours = [cell.kwh.value * 1000 for cell in cells if cell.kwh is not None]
    factor, unit = (1.0, "Wh") if max(watt_hours) >= 0.1 else (1000.0, "mWh")
    for position, (cell, value) in enumerate(zip(cells, watt_hours)):
        colour = (
            scale.to_rgba(asarray(reached[cell.test] * 100)) if scale is not None and cell.test in reached else "0.7"
        )
        ends = None if cell.kwh is None else ends_around(scaled(cell.kwh, 1000 * factor))
        axes.bar(
            position,
            value * factor,
            width=0.65,
            color=colour,
            edgecolor="0.25",
            linewidth=0.6,
            yerr=ends,
            capsize=4,
            error_kw={"linewidth": 1.2},
        )
        label = [f"{_plain(cell.j_per_image)} J/{cell.unit}"] if cell.j_per_image is not None else []
        top = value * factor + (0 if ends is None else ends[1][0])
        axes.annotate("\n".join(label), (position, top), (0, 4), textcoords="offset points", ha="center", fontsize=8)
    axes.set_xticks(range(len(cells)), [cell.title for cell in cells], rotation=0 if len(cells) < 3 else 35)
    if len(cells) >= 3:
        for text in axes.get_xticklabels():
            text.set_horizontalalignment("right")
            text.set_rotation_mode("anchor")
    axes.margins(y=0.15)
    axes.set_ylim(bottom=0)
    axes.set_title(_panel_title(title, cells), fontsize=10, loc="left")
    axes.set_ylabel(f"energy in {unit}")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", linewidth=0.5, alpha=0.5)
    axes.set_axisbelow(True)
