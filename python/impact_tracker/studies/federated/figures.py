"""The study's figure: accuracy by round with its spread over the clients; energy by term, simulated and measured."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ...report.plot import figure_for, save
from .compare import TITLES, RunComparison
from .findings import Findings

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = ("#1b9e77", "#d95f02", "#7570b3", "#e6ab02", "#66a61e")
_TERMS = ("learners", "model_uplink", "server", "centre")
_TERM_COLOURS = ("#4c78a8", "#e07b39", "#3f9b6c", "#b45fa5")


def draw(findings: Findings, path: Path) -> None:
    """ValueError for a suffix that matplotlib cannot write; ImportError names the extra."""
    figure = figure_for(path, (12.0, 4.6))
    left, right = figure.subplots(1, 2)
    _accuracies(left, findings)
    _energies(right, [*findings.comparisons, *findings.centre])
    save(figure, path)


def _accuracies(axes: Axes, findings: Findings) -> None:
    from matplotlib.ticker import MaxNLocator

    for comparison, colour in zip(findings.comparisons, _COLOURS * len(findings.comparisons)):
        run = comparison.run
        rounds = [row.round for row in run.tested if row.accuracy is not None]
        by_client = [
            [client.accuracy for client in row.clients if client.images]
            for row in run.tested
            if row.accuracy is not None
        ]
        axes.fill_between(
            rounds, [min(row) for row in by_client], [max(row) for row in by_client], color=colour, alpha=0.2, lw=0
        )
        accuracies = [row.accuracy for row in run.tested if row.accuracy is not None]
        axes.plot(rounds, accuracies, color=colour, marker=".", label=f"{run.title}, seed {run.settings.seed}")
    for comparison in findings.centre:
        run = comparison.run
        points = [(row.round, row.accuracy) for row in run.tested if row.accuracy is not None]
        axes.plot(*zip(*points), color="black", ls="--", lw=1, label=f"in one place, seed {run.settings.seed}")
    target = findings.study.settings.target
    axes.axhline(target, color="grey", lw=0.8)
    axes.annotate(f"target {target:g}", (0, target), (2, 2), textcoords="offset points", fontsize=8, color="grey")
    axes.set(xlabel="round", ylabel="accuracy on the test images")
    axes.set_xlim(left=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_title("Accuracy; bands: from the worst to the best client", fontsize=10, loc="left")
    axes.legend(fontsize=8, loc="lower right")


def _energies(axes: Axes, comparisons: list[RunComparison]) -> None:
    labels = []
    shown = set()
    for number, comparison in enumerate(comparisons):
        rows = {row.term: row for row in comparison.rows}
        for bar, kind in enumerate(("simulated", "measured")):
            at, bottom = number * 2.6 + bar, 0.0
            for term, colour in zip(_TERMS, _TERM_COLOURS):
                if term not in rows:
                    continue
                joules = rows[term].simulated_j if kind == "simulated" else rows[term].measured.best_j
                if joules is None:
                    continue
                label = None if term in shown else TITLES[term]
                shown.add(term)
                axes.bar(at, joules, 0.9, bottom=bottom, color=colour, label=label, alpha=0.65 if bar == 0 else 1.0)
                bottom += joules
            labels.append((at, f"{kind}\n{comparison.run.title}" if bar else kind))
    axes.set_xticks([at for at, _ in labels], [text for _, text in labels], fontsize=8)
    axes.set(ylabel="energy in J")
    axes.set_title("Energy by term; simulated: fed from every other round", fontsize=10, loc="left")
    axes.legend(fontsize=8)
