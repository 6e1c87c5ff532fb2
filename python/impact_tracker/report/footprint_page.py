"""The page and the figures of a run's whole footprint."""

from __future__ import annotations

from pathlib import Path

from ..digits import within
from ..factors.hardware import physical_cores
from ..footprint import (
    STAGES,
    Footprint,
    Impact,
    Units,
    all_of,
    explain,
    explain_all,
    mass_of,
    mass_words_of,
    per_unit,
    person_years,
    what_matters,
    words_of,
)
from ..interop.assessment import Assessment
from ..interop.once import doubts
from .impact_figures import plot_countries, plot_life_cycle, plot_matrix, plot_split
from .page import Page, Table


def page_of(assessment: Assessment, units: Units, *, explained: bool = False, tornado: bool = False) -> Page:
    """The answer, indicators by stages, equivalents, parts; formulas and what moves the result where asked for."""
    footprint = assessment.footprint
    totals = [total for total in footprint.totals() if total.value is not None]
    details = [_persons(impact) for impact in assessment.against_boundaries()]
    details += [f"{e.amount} {e.unit}: {e.name}" for e in all_of(footprint.carbon) if e.name != "person-equivalents"]
    details += _core_hour(assessment)
    details += _extent(footprint)
    details += [f"{part:<16}{mass_words_of(impact)}" for part, impact in footprint.use.items()]
    reasons = dict.fromkeys(reason.partition("; yours goes under")[0] for reason in footprint.matrix.reasons().values())
    details.append(f"X: {'; '.join(reasons)}. Values of your own: docs/footprint.md" if reasons else "no cell is X")
    if explained:
        details += ["", *explain_all(footprint)]
    if tornado:
        details += ["", *what_matters(totals)]
    details += units.lines(footprint)
    details += assessment.estimate.sentences(explained)
    if isinstance(assessment.matched, str):
        details.append(f"not matched in time: {assessment.matched}")
    elif assessment.matched is not None:
        details += _line("matched in time", assessment.matched, explained)
    for impact in assessment.apart:
        details += _line(f"{impact.indicator.replace('_', ' ')}, in no total", impact, explained)
    details += doubts([assessment.run])
    headline = f"{assessment.run.name}: {mass_words_of(footprint.carbon)} of CO2e over the life cycle, as far as known"
    grid = next((factor.note for factor in footprint.matrix["carbon", "use"].factors if factor.unit == "g/kWh"), "")
    if grid:  # another year than the one asked for, a value raised to the convention of all: said at once
        headline += f"; {grid}"
    if not assessment.run.site.pue_is_stated:
        headline += f"; {assessment.run.site.pue_in_words}"
    if "gpu" in footprint.making and footprint.making["gpu"].note:  # a card that no table holds is said at once
        headline += f"; {footprint.making['gpu'].note}"
    return Page(headline, [_matrix(assessment)], details=details)


def _persons(impact: Impact) -> str:
    """How many people's share of the boundary it takes; X with the reason where it does not compare."""
    boundary = f"the {impact.indicator.replace('_', ' ')} boundary"
    if impact.value is None:
        return f"X person-years of {boundary}: {impact.note}"
    if not impact.partial:
        note = ""
    elif impact.indicator in ("carbon", "adp"):
        note = " (of what is known)"
    else:
        note = f" ({impact.note})"
    return f"{person_years(impact).amount} person-years of {boundary}{note}"


def _matrix(assessment: Assessment) -> Table:
    rows = [
        [indicator, *map(_amount, (*cells, total)), unit]
        for indicator, unit, cells, total in assessment.footprint.matrix.rows()
    ]
    return Table(("indicator", *(f">{stage}" for stage in STAGES), ">total", "unit"), rows)


def _amount(cell: Impact) -> str:
    return "X" if cell.value is None else within(cell.value, cell.low, cell.high)


def _line(what: str, impact: Impact, explained: bool) -> list[str]:
    return [f"{what}: {words_of(impact)}", *(f"  {line}" for line in (explain(impact) if explained else []))]


def _core_hour(assessment: Assessment) -> list[str]:
    """Carbon for each hour of one of the machine's cores, where both are known: what computing centres publish."""
    carbon, hours = assessment.footprint.carbon, assessment.footprint.hours
    cores, _ = physical_cores(assessment.run.hardware)
    if not cores or not hours or carbon.value is None:
        return []
    extent = assessment.footprint.extent
    alone = carbon / extent.development.value if extent.development is not None else carbon
    return [per_unit(alone, cores * hours * extent.nodes, "core-hour").sentence()]


def _extent(footprint: Footprint) -> list[str]:
    """What the figures are of beyond one computer's one run."""
    extent, lines = footprint.extent, []
    if extent.nodes > 1:
        lines.append(f"{extent.nodes} computers alike, their energy together")
    if extent.dynamic_ratio is not None:
        lines.append(f"energy of the work × {extent.dynamic_ratio.number}: idle computers, cooling and network too")
    if extent.development is not None and footprint.carbon.value is not None:
        ratio = extent.development.value
        final, rest = (_mass(footprint.carbon / ratio * share) for share in (1.0, ratio - 1.0))
        lines.append(
            f"of it the final run {final}, the project's other runs {rest} (all: × {extent.development.number})"
        )
    return lines


def _mass(carbon: Impact) -> str:
    return mass_of(carbon.value or 0.0, carbon.low, carbon.high)


def draw(assessment: Assessment, folder: Path) -> None:
    """The run's figures as .svg: making and use, indicators and stages; countries and parts where it has an energy."""
    run = assessment.run
    name = "".join(c if c.isalnum() or c in "-_" else "_" for c in run.run_id or run.name)
    plot_life_cycle(assessment.footprint, folder / f"{name}-life-cycle.svg")
    plot_matrix(assessment.footprint, folder / f"{name}-matrix.svg")
    if run.energy.kwh is None:
        return
    plot_countries(run.energy, folder / f"{name}-countries.svg", pue=run.site.overhead, own=run.site.zone)
    plot_countries(run.energy, folder / f"{name}-world.svg", pue=run.site.overhead, own=run.site.zone, zones=None)
    parts = {
        "cores": run.parts.processors.kwh,
        "GPU": run.parts.cards.kwh,
        "memory": run.parts.memory.kwh,
        "overhead": run.energy.kwh * (run.site.pue - 1.0),
    }
    plot_split(parts, folder / f"{name}-parts.svg")
