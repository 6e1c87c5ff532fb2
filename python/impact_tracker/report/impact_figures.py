"""Figures of impact: an energy in every country, the parts of an energy, making and use, indicators and stages."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from .. import digits
from ..factors import Factor, intensity, zone_code
from ..factors.tables import table
from ..figures.looks import legend_beside, with_halo
from ..figures.notes import write_note, write_title
from ..figures.units import energy_unit
from ..footprint import INDICATORS, STAGES, EnergyInput, Footprint, Impact, carbon, monte_carlo
from ..footprint.explaining import mass_unit
from ..footprint.uncertainty import can_draw
from ..values import joules_of
from .plot import figure_for, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patches import Rectangle

# fmt: off
EU = (
    "AUT", "BEL", "BGR", "HRV", "CYP", "CZE", "DNK", "EST", "FIN", "FRA", "DEU", "GRC", "HUN", "IRL",
    "ITA", "LVA", "LTU", "LUX", "MLT", "NLD", "POL", "PRT", "ROU", "SVK", "SVN", "ESP", "SWE",
)
# fmt: on


_Country = tuple[str, str, float, float, float, int]  # code, name, g, low, high, year
_MOST_BARS, _NAMES = 60, 16
_OWN, _OTHERS = "#aa3377", "#88bbdd"


def in_every_country(
    energy: EnergyInput, pue: float | Factor | None = None, zones: Sequence[str] | None = None, year: int | None = None
) -> list[_Country]:
    """(code, name, g CO2e, low, high, year of the intensity) of one energy in every country, lowest first.

    `zones`: codes or names; `None` for all of the table. ValueError where the energy was not measured.
    """
    names = {row[0]: row[2] for row in table("country_intensity")["rows"]}
    rows = []
    for code in names if zones is None else [zone_code(zone) for zone in zones]:
        grams = carbon(energy, pue, intensity=intensity(code, year))
        if grams.value is None or grams.low is None or grams.high is None:
            raise ValueError("the energy was not measured: it has no carbon in any country")
        factor = grams.factors[-1]
        rows.append((code, names.get(code, code), grams.value, grams.low, grams.high, factor.year or 0))
    return sorted(rows, key=lambda row: row[2])


def plot_countries(
    energy: EnergyInput,
    path: str | os.PathLike[str],
    *,
    pue: float | Factor | None = None,
    zones: Sequence[str] | None = EU,
    own: str | None = None,
) -> None:
    """One bar a country with its range, the record's own (`own`) marked and added where it is not among them; the
    years of the intensities in the caption. `zones=None`: every country, as a ranked curve with some of its names."""
    mine = zone_code(own) if own else None
    if zones is not None and mine is not None and mine not in [zone_code(zone) for zone in zones]:
        zones = [*zones, mine]
    rows = in_every_country(energy, pue, zones)
    years = sorted({row[5] for row in rows})
    scale, unit = mass_unit(rows[-1][4])
    if len(rows) <= _MOST_BARS:
        figure = figure_for(path, (8, 1.2 + 0.22 * len(rows)))
        axes = figure.subplots()
        _bars(axes, rows, mine, scale)
    else:
        figure = figure_for(path, (9, 5))
        axes = figure.subplots()
        _ranked(axes, rows, mine, scale)
    span = f"{years[0]} to {years[-1]}" if len(years) > 1 else f"{years[0]}"
    places = "1 country" if len(rows) == 1 else f"{len(rows)} countries"
    what = "lines" if len(rows) <= _MOST_BARS else "band"
    write_title(axes, f"One record in {places}", 9.0)
    own_words = "; darker: the record's own" if mine is not None else ""
    write_note(figure, f"intensities of {span}, Ember; {what}: range of energy, intensity and PUE{own_words}")
    axes.set_xlabel(f"carbon of the same energy in {unit} CO2e")
    save(figure, path)


def _bars(axes: Axes, rows: Sequence[_Country], mine: str | None, scale: float) -> None:
    at = range(len(rows))
    errors = [[(row[2] - row[3]) * scale for row in rows], [(row[4] - row[2]) * scale for row in rows]]
    axes.barh(
        at,
        [row[2] * scale for row in rows],
        color=[_OWN if row[0] == mine else _OTHERS for row in rows],
        xerr=errors,
        ecolor="0.1",
        capsize=2,
        error_kw={"linewidth": 0.9},
    )
    axes.set_yticks(at, [row[1] for row in rows], fontsize=8)
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.set_xlim(left=0)


def _ranked(axes: Axes, rows: Sequence[_Country], mine: str | None, scale: float) -> None:
    """Rank over carbon, with the range as a band; names at even steps, at both ends and at the record's own."""
    at = list(range(len(rows)))
    values = [row[2] * scale for row in rows]
    axes.fill_betweenx(at, [row[3] * scale for row in rows], [row[4] * scale for row in rows], color=_OTHERS, alpha=0.4)
    axes.plot(values, at, color="#4477aa")
    last = len(rows) - 1
    named = {round(last * step / _NAMES) for step in range(_NAMES + 1)}
    place = next((i for i, row in enumerate(rows) if row[0] == mine), None)
    if place is not None:
        named = {i for i in named if abs(i - place) > last / _NAMES / 2} | {place}
    for i in sorted(named):
        colour = _OWN if i == place else "0.2"
        axes.plot(values[i], i, "o", markersize=4, color=colour)
        axes.annotate(
            rows[i][1], (values[i], i), (6, -4), textcoords="offset points", fontsize=8, color=colour, va="top"
        )
    axes.set_ylabel("countries, lowest first")
    axes.set_xlim(0, rows[-1][4] * scale * 1.05)


def plot_split(parts_kwh: Mapping[str, float | None], path: str | os.PathLike[str]) -> None:
    """Energy of cores, GPU, memory, overhead; a part that was not measured is named in the caption, not drawn as 0."""
    known = {name: value for name, value in parts_kwh.items() if value is not None}
    if not known:
        raise ValueError("no part of the energy is known")
    figure = figure_for(path, (6, 0.9 + 0.45 * len(known)))
    axes = figure.subplots()
    total = sum(known.values())
    unit = energy_unit(joules_of(value) for value in known.values())
    for index, kwh in enumerate(known.values()):
        value = joules_of(kwh) * unit.per_joule
        axes.barh(index, value, color=_OTHERS, edgecolor="0.2", linewidth=0.5)
        share = f"{digits.energy(joules_of(kwh))} ({digits.percent(kwh / total)})" if total else "0 J"
        axes.annotate(f" {share}", (value, index), va="center", fontsize=8)
    axes.set_yticks(range(len(known)), list(known))
    axes.set_xlabel(f"energy in {unit.name}")
    axes.margins(x=0.45)
    axes.set_xlim(left=0)
    axes.invert_yaxis()
    absent = [name for name, value in parts_kwh.items() if value is None]
    axes.set_title(f"not measured: {', '.join(absent)}" if absent else "parts of the energy", fontsize=9, loc="left")
    save(figure, path)


def plot_life_cycle(footprint: Footprint, path: str | os.PathLike[str]) -> None:
    """Carbon of making against that of use, each by its parts, with the range of each sum: 95 % of the draws, or the
    bounds where the core that draws is missing."""
    groups = {"use": footprint.use, "making": footprint.making}
    totals = [footprint.matrix["carbon", name] for name in groups]
    scale, unit = mass_unit(max([total.value for total in totals if total.value is not None], default=0.0))
    figure = figure_for(path, (7, 2.6))
    axes = figure.subplots()
    for row, (name, parts) in enumerate(groups.items()):
        left = 0.0
        shades = _shades(("Blues", "Oranges")[row], len(parts))
        for (part, impact), colour in zip(parts.items(), shades):
            if impact.value:
                width = impact.value * scale
                hatch = "///" if row else None
                # Where the idle part is not known apart, the dynamic part holds both.
                holds_both = part == "dynamic" and parts["idle"].value is None
                label = f"{name}: {'dynamic and idle' if holds_both else part}"
                axes.barh(
                    row,
                    width,
                    left=left,
                    facecolor=colour,
                    edgecolor="0.3",
                    linewidth=0.3,
                    hatch=hatch,
                    label=label,
                    height=0.6,
                )
                left += width
        total = totals[row]
        if total.value is None:
            axes.annotate(f" X: {total.note}", (0, row), va="center", fontsize=8)
            continue
        low, high = (end * scale for end in _interval(total))
        errors = [[max(0.0, left - low)], [max(0.0, high - left)]]
        with_halo(axes.errorbar(left, row, xerr=errors, color="0.2", capsize=3, linewidth=1))
    axes.set_yticks(range(len(groups)), list(groups))
    axes.set_ylim(-0.5, 1.5)
    axes.set_xlim(left=0)
    axes.set_xlabel(f"{unit} CO2e")
    axes.set_title("carbon of use and of making", fontsize=9, loc="left")
    write_note(figure, f"lines: {'95 % of 10,000 draws' if can_draw() else 'bounds'} of each sum")
    if all(total.value is None for total in totals):
        axes.set_xticks([])  # a scale of nothing
    legend_beside(axes, size=7.0)
    save(figure, path)


def _interval(impact: Impact) -> tuple[float, float]:
    drawn = monte_carlo([impact])[0] if can_draw() else None
    return (impact.low or 0.0, impact.high or 0.0) if drawn is None else (drawn.low, drawn.high)


def _shades(name: str, count: int) -> list[tuple[float, float, float, float]]:
    from matplotlib import colormaps

    return [colormaps[name](0.85 - 0.55 * i / max(1, count - 1)) for i in range(count)]


def plot_matrix(footprint: Footprint, path: str | os.PathLike[str]) -> None:
    """Indicators × stages: shares of each indicator's known total and its numbers; an X where nobody can say, with the
    number of its reason below."""
    reasons = list(dict.fromkeys(cell.note for cell in footprint.matrix.cells.values() if cell.value is None))
    figure = figure_for(path, (8.5, 2.9 + 0.17 * len(reasons)))
    axes = figure.subplots()
    axes.set_xlim(-0.5, len(STAGES) - 0.5)
    axes.set_ylim(len(INDICATORS) - 0.5, -0.5)
    for row, (indicator, unit) in enumerate(INDICATORS.items()):
        total = footprint.matrix.total(indicator).value
        for column, stage in enumerate(STAGES):
            cell = footprint.matrix[indicator, stage]
            if cell.value is None:
                mark = f"X ({reasons.index(cell.note) + 1})"
                axes.text(column, row, mark, ha="center", va="center", color="0.5", fontsize=8)
                continue
            axes.add_patch(_rectangle((column - 0.5, row - 0.5), cell.value / total if total else 0.0))
            axes.text(column, row, readable(cell.value, unit), ha="center", va="center", fontsize=8)
    axes.set_xticks(range(len(STAGES)), [stage.replace("_", " ") for stage in STAGES])
    axes.set_yticks(range(len(INDICATORS)), [name.replace("_", " ") for name in INDICATORS])
    axes.set_title("shaded: share of the indicator's known total; X: not known", fontsize=8, loc="left")
    notes = "\n".join(f"({index}) {reason}" for index, reason in enumerate(reasons, 1))
    axes.set_xlabel(notes, fontsize=7, loc="left", linespacing=1.4)
    save(figure, path)


_PREFIXES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"))


def readable(value: float, unit: str) -> str:
    """Two digits and a prefix: `1.8 kg CO2e`, `0.21 g Sb`, `680 MJ`, `220 L`."""
    base, factor, tail = {"g": ("g", 1.0, " CO2e"), "kg Sb": ("g", 1e3, " Sb"), "MJ": ("J", 1e6, "")}.get(
        unit, (unit, 1.0, "")
    )
    size = abs(value * factor)
    if base == "g" and size >= 1e6:
        base, factor, size = "t", factor * 1e-6, size * 1e-6
    step, prefix = next(((s, p) for s, p in _PREFIXES if size >= s * 0.995), _PREFIXES[-1])
    return f"{digits.significant(value * factor / step, 2)} {prefix}{base}{tail}" if value else f"0 {base}{tail}"


def _rectangle(corner: tuple[float, float], share: float) -> Rectangle:
    from matplotlib.patches import Rectangle

    return Rectangle(corner, 1.0, 1.0, facecolor="C0", alpha=0.1 + 0.6 * min(1.0, share), linewidth=0)
