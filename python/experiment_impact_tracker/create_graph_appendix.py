"""Figures of runs: power over time, and scatter plots of what was derived from them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from impact_tracker.report import load_runs
from impact_tracker.report.plot import plot_power


def create_graphs(
    input_path: str | os.PathLike[str],
    output_path: str | os.PathLike[str] = ".",
    fig_x: float = 16,
    fig_y: float = 8,
    max_level: int | None = None,
) -> list[str]:
    """`power.png` of the runs below a path, in a directory that is made; the files written. Needs matplotlib.

    `fig_x`, `fig_y`: inches of a panel. FileNotFoundError where there is no record.
    """
    target = Path(output_path) / "power.png"
    runs, _ = load_runs([input_path])
    plot_power(runs, target, panel_inches=(fig_x, fig_y))
    return [str(target)]


def create_scatterplot_from_df(
    df: Any, x: str, y: str, output_path: str | os.PathLike[str] = ".", **options: Any
) -> str:
    """Two columns of a DataFrame against each other, as `<x>_<y>.png`; its path. Needs matplotlib."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise ImportError("figures need matplotlib: pip install 'impact-tracker[report]'") from None
    figure = Figure(layout="constrained")
    axes = figure.subplots()
    axes.scatter(df[x], df[y], **options)
    axes.set(xlabel=x, ylabel=y)
    target = Path(output_path) / f"{x}_{y}.png"
    target.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(target)
    return str(target)
