"""The page and the figure of a service: what each part of it takes, for each functional unit."""

from __future__ import annotations

import os
from collections.abc import Sequence

from ..digits import percent, span, within
from ..figures.looks import area_look, ink_on, legend_beside
from ..figures.notes import write_note, write_title
from ..footprint import Impact, mass_of, mass_span, monte_carlo, person_years, what_matters
from ..footprint.uncertainty import can_draw
from ..report.page import Page, Table
from ..report.plot import figure_for, save
from .weighed import WeighedService

_NAMES = {"carbon": "carbon", "adp": "depletion", "primary_energy": "primary energy", "water": "water"}


def page_of(services: Sequence[WeighedService], *, explained: bool = False, tornado: bool = False) -> Page:
    """The carbon of each unit first, then a table a unit: parts by indicators with their shares."""
    inventory = services[0].inventory
    headline = "; ".join(f"for each {service.unit.name} {_amount(service.total('carbon'))}" for service in services)
    details = [line for service in services for line in _persons(service)]
    if explained:
        details += [line for service in services for line in _formulas(service)]
    if tornado:
        details += [line for service in services for line in ("", service.unit.name, *_what_matters(service))]
    details += [f"source: {inventory.source}"] if inventory.source else []
    return Page(f"{inventory.name}: {headline}", [_table(service) for service in services], inventory.notes, details)


def _table(service: WeighedService) -> Table:
    columns = ["part"]
    for indicator in service.indicators:
        columns += [f">{_NAMES.get(indicator, indicator)}", ">share"]
    rows = []
    for part in service.parts:
        row = [part]
        for indicator in service.indicators:
            share = service.shares(indicator)[part]
            row += [_amount(service.of_part(part, indicator)), "X" if share is None else percent(share)]
        rows.append(row)
    for what, impact_of in (("of it use", "use"), ("of it making", "making")):
        row = [what]
        for indicator in service.indicators:
            phase, total = service.of_phase(impact_of, indicator), service.total(indicator)
            share = phase.value / total.value if phase.value is not None and total.value else None
            row += [_amount(phase), "X" if share is None else percent(share)]
        rows.append(row)
    total_row, range_row = ["total"], ["95 %" if can_draw() else "bounds"]
    for indicator in service.indicators:
        total_row += [_amount(service.total(indicator)), ""]
        range_row += [_range(service.total(indicator)), ""]
    return Table(columns, [*rows, total_row, range_row], f"for each {service.unit.name}")


def _amount(impact: Impact) -> str:
    if impact.value is None:
        return "X"
    partial = " +" if impact.partial else ""
    if impact.unit == "g":
        return mass_of(impact.value, impact.low, impact.high) + partial
    return f"{within(impact.value, impact.low, impact.high)} {impact.unit}{partial}"


def _range(impact: Impact) -> str:
    """95 % of the draws, where the core is there that draws; else the product of all bounds."""
    low, high = impact.low, impact.high
    if can_draw() and impact.value is not None:
        drawn = monte_carlo([impact])[0]
        assert drawn is not None
        low, high = drawn.low, drawn.high
    if impact.value is None or low is None or high is None:
        return ""
    return mass_span(impact.value, low, high) if impact.unit == "g" else span(impact.value, low, high)


def _persons(service: WeighedService) -> list[str]:
    lines = []
    for indicator in service.indicators:
        try:
            people = person_years(service.total(indicator))
        except ValueError:
            continue  # no boundary is known for it, or not for this form of it
        lines.append(f"{service.unit.name}: {people.amount} person-years of the {indicator} boundary")
    return lines


def _formulas(service: WeighedService) -> list[str]:
    lines = ["", service.unit.name]
    sources: dict[str, None] = {}
    for (part, indicator, phase), impact in service.cells.items():
        if impact.value is None:
            if indicator in service.indicators:
                lines.append(f"  {part}, {indicator}, {phase}: not known, {impact.note}")
            continue
        lines.append(f"  {part}, {indicator}, {phase}: {impact.formula}")
        sources.update(dict.fromkeys(impact.sources))
    return [*lines, *(f"  - {source}" for source in sources)]


def _what_matters(service: WeighedService) -> list[str]:
    return what_matters([service.total(indicator) for indicator in service.indicators])


def plot_service(services: Sequence[WeighedService], path: str | os.PathLike[str]) -> None:
    """Stacked bars of 100 %: one bar an indicator and unit, one colour a part, the total above each."""
    figure = figure_for(path, (2.2 + 1.5 * sum(len(service.indicators) for service in services), 4.2))
    axes = figure.subplots()
    place, ticks, labels = 0.0, [], []
    parts = list(dict.fromkeys(part for service in services for part in service.parts))
    looks = {part: area_look(number) for number, part in enumerate(parts)}
    for service in services:
        for indicator in service.indicators:
            bottom = 0.0
            for part, share in service.shares(indicator).items():
                if share is None:
                    continue
                axes.bar(place, 100 * share, bottom=100 * bottom, width=0.7, **looks[part])
                if share >= 0.06:
                    colour = looks[part]["facecolor"]
                    box = {"facecolor": colour, "linewidth": 0, "pad": 1.0}
                    middle, label = 100 * (bottom + share / 2), f"{100 * share:.0f} %"
                    ink = ink_on(colour)
                    axes.text(place, middle, label, ha="center", va="center", fontsize=7, color=ink, bbox=box)
                bottom += share
            axes.text(place, 101, _amount(service.total(indicator)), ha="center", va="bottom", fontsize=7)
            ticks.append(place)
            labels.append(f"{_NAMES.get(indicator, indicator)}\n{service.unit.name}")
            place += 1.0
        place += 0.5
    axes.set_xticks(ticks, labels, fontsize=7)
    axes.set(ylabel="share of the total (%)", ylim=(0, 110))
    handles = [axes.bar(0, 0, label=part, **looks[part])[0] for part in parts]
    for handle, part in zip(handles, parts):
        handle.set_label(part)
    legend_beside(axes, handles)
    write_title(axes, f"{services[0].inventory.name}: what each part takes", 9.0)
    write_note(figure, "above each bar: its total, as CO2e where the unit is a mass of carbon; +: a part is not known")
    save(figure, path)
