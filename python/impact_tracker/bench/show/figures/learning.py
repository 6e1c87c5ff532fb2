"""What was reached against what was spent: one curve a run, one panel a network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ....values import JOULES_PER_KWH
from ...analyse.targets import Reached
from ...plan.test import is_reached
from ...row.rows import Row
from . import matplotlib_figure


def courses(lines: Sequence[Row], rows: Sequence[Row]) -> dict[str, dict[str, list[Row]]]:
    """Epochs by test and run, of the attempts that count."""
    counted = {(row["task"], row["attempt"]) for row in rows}
    by_test: dict[str, dict[str, list[Row]]] = {}
    for line in lines:
        if line.get("kind") == "epoch" and (line["task"], line["attempt"]) in counted:
            by_test.setdefault(line["test"], {}).setdefault(line["task"], []).append(line)
    return by_test


def curve_of(epochs: Sequence[Row]) -> tuple[list[float], list[float]] | None:
    """Joules of training up to each evaluation, and its value; None where an energy is not known."""
    spent, joules, values = 0.0, [], []
    for line in epochs:
        if line.get("training_j") is None or line.get("value") is None:
            return None
        spent += line["training_j"]
        joules.append(spent)
        values.append(line["value"])
    return joules, values


def learning_figure(lines: Sequence[Row], rows: Sequence[Row], networks: Sequence[Reached]) -> Any:
    """None where no energy is known."""
    by_test = courses(lines, rows)
    panels = []
    for network in networks:
        runs = by_test.get(network.test, {})
        curves = [curve_of(epochs) for task, epochs in runs.items() if task not in network.left_out]
        known = [curve for curve in curves if curve is not None]
        if known:
            panels.append((network, known))
    if not panels:
        return None
    figure = matplotlib_figure(4.2 * len(panels), 3.6)
    for axes, (network, known) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels):
        _panel(axes, network, known)
    return figure


def _panel(axes: Any, network: Reached, curves: Sequence[tuple[list[float], list[float]]]) -> None:
    largest = max(joules[-1] for joules, _ in curves)
    factor, unit = (1 / JOULES_PER_KWH, "kWh") if largest >= 3.6e5 else (1e-3, "kJ") if largest >= 1e3 else (1.0, "J")
    for joules, values in curves:
        spent = [value * factor for value in joules]
        axes.plot(spent, values, marker="o", markersize=3, linewidth=1.1, color="tab:blue", alpha=0.75)
        if network.target is not None and not is_reached(
            network.metric, values[-1], network.target
        ):  # the run ended here without having got there
            axes.plot(spent[-1], values[-1], marker="x", markersize=8, color="tab:red", linestyle="none")
    if network.target is not None:
        axes.axhline(network.target, color="0.3", linewidth=0.8, linestyle="--")
    reached = "" if network.reached is None else f", {network.reached} of {network.runs} reached {network.target:g}"
    axes.set_title(f"{network.title}{reached}", fontsize=10, loc="left")
    axes.set_xlabel(f"energy of the training in {unit}")
    axes.set_ylabel(f"{network.metric} on the test part")
    axes.set_xlim(left=0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(linewidth=0.5, alpha=0.5)
