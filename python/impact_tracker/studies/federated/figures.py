"""The study's figure: accuracy by round with its spread over the clients; energy by term, simulated and measured."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ...figures.looks import MARKERS, area_look, legend_beside, shade, with_halo
from ...figures.notes import write_note, write_title
from ...report.plot import figure_for, save
from ...values import total
from .compare import TITLES, RunComparison
from .findings import Findings

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SHADES = 5
_TERMS = ("learners", "model_uplink", "server", "centre")


def draw(findings: Findings, path: Path) -> None:
    """ValueError for a suffix that matplotlib cannot write; ImportError names the extra."""
    comparisons = [*findings.comparisons, *findings.centre]
    figure = figure_for(path, (14.0, 4.6 + 0.18 * max(0, len(comparisons) - 4)))
    left, right = figure.subplots(1, 2)
    _accuracies(left, findings)
    _energies(right, comparisons)
    left_note = "left: a curve is one run (n = 1), its band reaches from the worst to the best client"
    right_note = "right: one run each, simulated from every other round; whiskers: 95 % error of the measured sum"
    write_note(figure, f"{left_note}; {right_note}")
    save(figure, path)


def _accuracies(axes: Axes, findings: Findings) -> None:
    from matplotlib.ticker import MaxNLocator

    for number, comparison in enumerate(findings.comparisons):
        colour, marker = shade(number % _SHADES), MARKERS[number % len(MARKERS)]
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
        axes.plot(
            rounds,
            accuracies,
            color=colour,
            marker=marker,
            markersize=4,
            label=f"{run.title}, seed {run.settings.seed}",
        )
    for comparison in findings.centre:
        run = comparison.run
        points = [(row.round, row.accuracy) for row in run.tested if row.accuracy is not None]
        axes.plot(*zip(*points), color="black", ls="--", lw=1, label=f"in one place, seed {run.settings.seed}")
    target = findings.study.settings.target
    axes.axhline(target, color="grey", lw=0.8)
    axes.set(xlabel="round", ylabel="accuracy on the test images")
    axes.set_xlim(left=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    write_title(axes, f"Accuracy by round; grey line: the target, {target:g}", columns=2)
    legend_beside(axes)


def _energies(axes: Axes, comparisons: list[RunComparison]) -> None:
    shown: set[str] = set()
    names: list[tuple[float, str]] = []
    looks = {term: area_look(number) for number, term in enumerate(_TERMS)}
    for number, comparison in enumerate(comparisons):
        rows = {row.term: row for row in comparison.rows}
        for bar, kind in enumerate(("simulated", "measured")):
            at, bottom = number * 2.6 + bar, 0.0
            for term in _TERMS:
                if term not in rows:
                    continue
                joules = rows[term].simulated_j if kind == "simulated" else rows[term].measured.best_j
                if joules is None:
                    continue
                label = None if term in shown else TITLES[term]
                shown.add(term)
                axes.barh(at, joules, 0.9, left=bottom, label=label, **looks[term])
                bottom += joules
            error = total(rows[term].measured for term in _TERMS if term in rows).error_j
            if bar and error is not None:
                with_halo(axes.errorbar(bottom, at, xerr=error, color="0.1", capsize=2, linewidth=0.8))
            names.append((at, f"{comparison.run.title}: {kind}"))
    axes.set_yticks([at for at, _ in names], [text for _, text in names], fontsize=8)
    axes.invert_yaxis()
    axes.set(xlabel="energy in J")
    write_title(axes, "Energy by term", columns=2)
    legend_beside(axes)
