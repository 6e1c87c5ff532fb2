"""Pictures of a scenario: what each paradigm costs by term, what decides, and maps of which one wins."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ...figures.labels import plain_log
from ...figures.looks import AreaLook, area_look, legend_beside, shade, with_halo
from ...figures.notes import write_note, write_title
from ...figures.units import energy_unit
from ...report.plot import figure_for, save
from .scenario import PARAMETERS, TrainingScenario
from .sensitivity import SobolIndex, WinnerMap
from .simulation import PARADIGMS, SHORT, TERM_TITLES, TITLES, Simulation

if TYPE_CHECKING:
    from matplotlib.patches import Patch


def draw_terms(simulation: Simulation, path: Path) -> None:
    """Energy by term as stacked bars, with the 95 % of the draws; the carbon stands beside each total."""
    figure = figure_for(path, (9.0, 4.2))
    axes = figure.subplots()
    unit = energy_unit(result.energy_j.high for result in simulation.results)
    looks = {name: area_look(number) for number, name in enumerate(TERM_TITLES)}
    for row, result in enumerate(simulation.results):
        left = 0.0
        for item in result.items:
            width = item.energy_j * unit.per_joule
            axes.barh(row, width, left=left, height=0.6, **looks[item.term])
            left += width
        span = result.energy_j
        ends = [[(span.best - span.low) * unit.per_joule], [(span.high - span.best) * unit.per_joule]]
        with_halo(axes.errorbar(left, row, xerr=ends, color="black", capsize=3, linewidth=1))
    used = [
        name for name in TERM_TITLES if any(i.energy_j for r in simulation.results for i in r.items if i.term == name)
    ]
    legend_beside(axes, [_patch(looks[name], TERM_TITLES[name]) for name in used])
    axes.set_yticks(range(len(PARADIGMS)), [TITLES[name] for name in PARADIGMS])
    axes.invert_yaxis()
    axes.set(xlabel=f"energy in {unit.name}")
    write_title(axes, f"{simulation.scenario.title}: energy to reach {simulation.scenario.target}, simulated")
    write_note(figure, f"whiskers: 95 % of {simulation.draws:,} draws from the parameters' ranges")
    save(figure, path)


def draw_map(scenario: TrainingScenario, winners: WinnerMap, quantity: str, path: Path) -> None:
    """Which paradigm has the least of a quantity over two parameters; the cross is the scenario itself."""
    from matplotlib.colors import ListedColormap

    figure = figure_for(path, (7.5, 5.0))
    axes = figure.subplots()
    colours = [shade(number, len(PARADIGMS)) for number in range(len(PARADIGMS))]
    axes.pcolormesh(
        winners.x_values,
        winners.y_values,
        winners.winners,
        cmap=ListedColormap(colours),
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
            plain_log(getattr(axes, f"{axis}axis"))
    here = scenario.value(winners.x).value, scenario.value(winners.y).value
    axes.plot(*here, "x", color="white", markersize=11, mew=4)
    axes.plot(*here, "x", color="black", markersize=9, mew=2)
    present = sorted({winner for row in winners.winners for winner in row})
    legend_beside(axes, [_plain(colours[number], TITLES[PARADIGMS[number]]) for number in present])
    what = {"energy_j": "energy", "carbon_g": "carbon", "duration_s": "time"}[quantity]
    write_title(axes, f"{scenario.title}: least {what}, simulated; the cross is the scenario")
    save(figure, path)


def draw_sobol(scenario: TrainingScenario, indices: list[SobolIndex], decided: tuple[str, str], path: Path) -> None:
    """Sobol's indices as bars with their intervals, of the parameters that explain a hundredth or more."""
    indices = [index for index in indices if index.total >= 0.01]
    figure = figure_for(path, (8.0, 0.45 * len(indices) + 1.4))
    axes = figure.subplots()
    dark, light = shade(1), shade(4)
    for row, index in enumerate(indices):
        axes.barh(row - 0.18, index.total, xerr=index.total_half, height=0.34, color=dark, capsize=2, ecolor="0.5")
        axes.barh(row + 0.18, index.alone, xerr=index.alone_half, height=0.34, color=light, capsize=2, ecolor="0.5")
    axes.set_yticks(range(len(indices)), [scenario.label(*index.places) for index in indices])
    axes.invert_yaxis()
    axes.set(xlabel="share of the variance; whiskers: 95 %", xlim=(0, None))
    legend_beside(axes, [_plain(light, "alone"), _plain(dark, "with interactions")])
    write_title(axes, f"{scenario.title}: what decides between {SHORT[decided[0]]} and {SHORT[decided[1]]}", 9.0)
    save(figure, path)


def _patch(look: AreaLook, label: str) -> Patch:
    from matplotlib.patches import Patch

    return Patch(**look, label=label)


def _plain(colour: str, label: str) -> Patch:
    from matplotlib.patches import Patch

    return Patch(color=colour, label=label)
