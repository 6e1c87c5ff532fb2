"""Pictures of a scenario: what each paradigm costs by term, what decides, and maps of which one wins."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ...report.plot import figure_for, save
from ...values import kwh_of
from .scenario import PARAMETERS, TrainingScenario
from .sensitivity import SobolIndex, WinnerMap
from .simulation import PARADIGMS, SHORT, TERM_TITLES, TITLES, Simulation

if TYPE_CHECKING:
    from matplotlib.patches import Patch

_COLOURS = ("#1b9e77", "#66a61e", "#d95f02", "#e6ab02", "#7570b3")
_TERM_COLOURS = ("#8c564b", "#1f77b4", "#ff7f0e", "#c7c7c7", "#17becf", "#2ca02c", "#d62728", "#9467bd", "#e377c2")


def draw_terms(simulation: Simulation, path: Path) -> None:
    """Energy by term as stacked bars, with the 95 % of the draws; the carbon stands beside each total."""
    figure = figure_for(path, (9.0, 4.2))
    axes = figure.subplots()
    unit, scale = _energy_unit(max(result.energy_j.high for result in simulation.results))
    for row, result in enumerate(simulation.results):
        left = 0.0
        for item, colour in zip(result.items, _TERM_COLOURS):
            axes.barh(row, item.energy_j / scale, left=left, color=colour, height=0.6)
            left += item.energy_j / scale
        span = result.energy_j
        ends = [[(span.best - span.low) / scale], [(span.high - span.best) / scale]]
        axes.errorbar(left, row, xerr=ends, color="black", capsize=3, linewidth=1)
    used = [
        name for name in TERM_TITLES if any(i.energy_j for r in simulation.results for i in r.items if i.term == name)
    ]
    handles = [_patch(_TERM_COLOURS[list(TERM_TITLES).index(name)], TERM_TITLES[name]) for name in used]
    axes.legend(handles=handles, fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    axes.set_yticks(range(len(PARADIGMS)), [TITLES[name] for name in PARADIGMS])
    axes.invert_yaxis()
    axes.set(xlabel=f"energy in {unit}; whiskers: 95 % of {simulation.draws:,} draws from the parameters' ranges")
    axes.set_title(
        f"{simulation.scenario.title}: energy to reach {simulation.scenario.target}", fontsize=10, loc="left"
    )
    save(figure, path)


def draw_map(scenario: TrainingScenario, winners: WinnerMap, quantity: str, path: Path) -> None:
    """Which paradigm has the least of a quantity over two parameters; the cross is the scenario itself."""
    from matplotlib.colors import ListedColormap

    figure = figure_for(path, (7.5, 5.0))
    axes = figure.subplots()
    axes.pcolormesh(
        winners.x_values,
        winners.y_values,
        winners.winners,
        cmap=ListedColormap(_COLOURS),
        vmin=-0.5,
        vmax=len(PARADIGMS) - 0.5,
        shading="nearest",
    )
    for axis, place, values in (("x", winners.x, winners.x_values), ("y", winners.y, winners.y_values)):
        row = PARAMETERS[place.parameter]
        unit = "" if row.unit in ("1", "0 or 1") else f" in {row.unit}"
        getattr(axes, f"set_{axis}label")(f"{scenario.label(place)}{unit}")
        if values[0] > 0 and values[-1] / values[0] > 20:
            getattr(axes, f"set_{axis}scale")("log")
    axes.plot(scenario.value(winners.x).value, scenario.value(winners.y).value, "x", color="black", markersize=9, mew=2)
    present = sorted({winner for row in winners.winners for winner in row})
    axes.legend(
        handles=[_patch(_COLOURS[number], TITLES[PARADIGMS[number]]) for number in present],
        fontsize=8,
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
    )
    what = {"energy_j": "energy", "carbon_g": "carbon", "duration_s": "time"}[quantity]
    axes.set_title(f"{scenario.title}: least {what}; the cross is the scenario", fontsize=10, loc="left")
    save(figure, path)


def draw_sobol(scenario: TrainingScenario, indices: list[SobolIndex], decided: tuple[str, str], path: Path) -> None:
    """Sobol's indices as bars with their intervals, of the parameters that explain a hundredth or more."""
    indices = [index for index in indices if index.total >= 0.01]
    figure = figure_for(path, (8.0, 0.45 * len(indices) + 1.4))
    axes = figure.subplots()
    for row, index in enumerate(indices):
        axes.barh(row - 0.18, index.total, xerr=index.total_half, height=0.34, color="#7570b3", capsize=2)
        axes.barh(row + 0.18, index.alone, xerr=index.alone_half, height=0.34, color="#1b9e77", capsize=2)
    axes.set_yticks(range(len(indices)), [scenario.label(index.place) for index in indices])
    axes.invert_yaxis()
    axes.set(xlabel="share of the variance; whiskers: 95 %", xlim=(0, None))
    axes.legend(
        handles=[_patch("#1b9e77", "alone"), _patch("#7570b3", "with interactions")], fontsize=8, loc="lower right"
    )
    axes.set_title(
        f"{scenario.title}: what decides between {SHORT[decided[0]]} and {SHORT[decided[1]]}", fontsize=9, loc="left"
    )
    save(figure, path)


def _patch(colour: str, label: str) -> Patch:
    from matplotlib.patches import Patch

    return Patch(color=colour, label=label)


def _energy_unit(most_j: float) -> tuple[str, float]:
    if kwh_of(most_j) >= 0.1:
        return "kWh", most_j / kwh_of(most_j)
    return ("kJ", 1e3) if most_j >= 2e3 else ("J", 1.0)
