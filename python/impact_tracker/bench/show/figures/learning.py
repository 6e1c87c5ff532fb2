"""What was reached is drawn against what was spent: a curve for each run, a panel for each network. Curves begin with
the untrained network, at 0 joules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ....figures.notes import write_note, write_title
from ....values import kwh_of
from ...analyse.cells import Cell
from ...analyse.origin import error_text, origin_text
from ...analyse.targets import Reached
from ...plan.test import is_reached
from ...row.row import Epoch
from . import matplotlib_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_UNITS = {"loss": " in nats"}  # the others are shares
Curve = tuple[list[float], list[float]]  # joules spent, value of the metric


def courses(epochs: Sequence[Epoch]) -> dict[str, dict[str, list[Epoch]]]:
    """Epochs by test and run."""
    by_test: dict[str, dict[str, list[Epoch]]] = {}
    for epoch in epochs:
        by_test.setdefault(epoch.test, {}).setdefault(epoch.task, []).append(epoch)
    return by_test


def curve_of(epochs: Sequence[Epoch]) -> Curve | None:
    """Joules of training up to each evaluation, and its value; None where an energy is not known."""
    spent, joules, values = 0.0, [], []
    for epoch in epochs:
        if epoch.training_j is None or epoch.value is None:
            return None
        spent += epoch.training_j
        joules.append(spent)
        values.append(epoch.value)
    return joules, values


def learning_figure(epochs: Sequence[Epoch], targets: Sequence[Reached], cells: Sequence[Cell] = ()) -> Figure | None:
    """Draws the epochs of the attempts that count; `None` where no energy is known, or of single points. `cells`: of
    the trainings, which say where the energies come from."""
    by_test = courses(epochs)
    panels = []
    for reached in targets:
        runs = by_test.get(reached.test, {})
        curves = [curve_of(of_run) for task, of_run in runs.items() if task not in reached.left_out]
        known = [curve for curve in curves if curve is not None and len(curve[0]) > 1]
        if known:
            panels.append((reached, known))
    if not panels:
        return None
    figure = matplotlib_figure(4.2 * len(panels), 3.6)
    for axes, (reached, known) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels):
        _panel(axes, reached, known, len(panels))
    shown = {reached.test for reached, _ in panels}
    trained = [cell for cell in cells if cell.phase == "training" and cell.test in shown]
    note = ["a curve is one run, a point an evaluation"]
    if any(reached.target is not None for reached, _ in panels):
        note.append("dashed: the target; ×: a run that ended without it")
    error = origin_text(trained) or error_text(trained).replace("whiskers", "curves")
    write_note(figure, "; ".join(filter(None, [*note, error])))
    return figure


def _panel(axes: Axes, reached: Reached, curves: Sequence[Curve], columns: int) -> None:
    largest = max(joules[-1] for joules, _ in curves)
    factor, unit = (kwh_of(1.0), "kWh") if kwh_of(largest) >= 0.1 else (1e-3, "kJ") if largest >= 1e3 else (1.0, "J")
    for joules, values in curves:
        spent = [value * factor for value in joules]
        axes.plot(spent, values, marker="o", markersize=3, linewidth=1.1, color="tab:blue", alpha=0.75)
        if reached.target is not None and not is_reached(reached.metric, values[-1], reached.target):
            # The run ended here without having got there.
            axes.plot(spent[-1], values[-1], marker="x", markersize=8, color="tab:red", linestyle="none")
    if reached.target is not None:
        axes.axhline(reached.target, color="0.3", linewidth=0.8, linestyle="--")
    count = "" if reached.reached is None else f", {reached.reached} of {reached.runs} reached {reached.target:g}"
    runs = "1 run" if len(curves) == 1 else f"{len(curves)} runs"
    write_title(axes, f"{reached.title}: {runs}{count}", columns=columns)
    axes.set_xlabel(f"energy of the training in {unit}")
    axes.set_ylabel(f"{reached.metric}{_UNITS.get(reached.metric, '')} on the {reached.evaluated_on} part")
    axes.set_xlim(left=0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(linewidth=0.5, alpha=0.5)
