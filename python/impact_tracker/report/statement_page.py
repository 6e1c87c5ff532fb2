"""Pages, rows and JSON of runs that any tool measured: the answer first, parts, carbon, the estimate beside it."""

from __future__ import annotations

from collections.abc import Sequence

from .. import digits
from ..footprint import explain
from ..interop import Statement, each_once
from ..interop.words import cards_in_words
from ..values import total
from .page import Page, Table


def document_of(run: Statement) -> dict[str, object]:
    """One run for JSON, unrounded: kWh without the site's overhead."""
    return {
        "name": run.name,
        "origin": run.origin,
        "tool": run.tool,
        "started_at": run.started_at.isoformat() if run.started_at else None,
        "duration_s": run.duration_s,
        "energy_kwh": run.energy.kwh,
        "cpu_kwh": run.parts.processors.kwh,
        "gpu_kwh": run.parts.cards.kwh,
        "ram_kwh": run.parts.memory.kwh,
        "pue": run.site.pue,
        "pue_is_stated": run.site.pue_is_stated,
        "zone": run.site.zone,
        "quality": run.energy.quality,
        **{key: value for key, value in run.carbon.as_dict().items() if key.startswith("carbon_g")},
        "stated_carbon_g": run.stated.carbon_g,
        "notes": list(run.notes),
        "estimate": run.beside().as_dict(),
    }


def page_of(runs: Sequence[Statement]) -> Page:
    """One run in detail, several as rows under their sum."""
    summands = each_once(runs)
    notes = list(dict.fromkeys(note for run in (*summands, *runs) for note in run.notes))
    if len(runs) > 1:
        return Page(_sum_line(runs, summands), [_rows(runs)], notes)
    run = runs[0]
    details = [run.origin, *filter(None, [_machine(run)]), *run.beside().sentences()]
    return Page(f"{run.name}: {_energy(run)}\n{_carbon(run)}", [_parts(run)], notes, details)


def explanations(runs: Sequence[Statement]) -> list[str]:
    """Each carbon and each estimate as a formula with its sources."""
    return [line for run in runs for line in ("", run.name, *explain(run.carbon), *run.beside().sentences(True))]


def _energy(run: Statement) -> str:
    joules = run.energy.best_j
    if joules is None:
        return "energy not measured"
    error_j = run.energy.error_j or None
    amount = digits.energy(joules, error_j)
    if "kWh" not in amount:
        amount += f" ({digits.kwh(joules, error_j, spread=False)})"
    duration = f" in {digits.duration(run.duration_s)}" if run.duration_s is not None else ""
    return f"{amount}{duration}, {run.energy.quality}, by {run.tool} {run.tool_version}".rstrip()


def _carbon(run: Statement) -> str:
    grams, grid = run.carbon, run.site.intensity
    if grams.value is None:
        return f"carbon not known: {grams.note}"
    amount = digits.carbon(grams.value, grams.low, grams.high)
    if grid is None:
        return amount
    note = (
        f" ({grid.note})" if grid.note and grid.year is not None and run.site.zone else ""
    )  # another year than the one asked for
    return f"{amount} at {digits.within(grid.value, grid.low, grid.high)} g/kWh{note}, {run.site.pue_in_words}"


def _machine(run: Statement) -> str:
    hardware = run.hardware
    cards = cards_in_words(hardware, "×")
    memory = f"{run.memory_gb:.4g} GB" if run.memory_gb else ""
    return ", ".join(filter(None, (hardware.cpu, cards, memory)))


def _parts(run: Statement) -> Table:
    whole_j = run.energy.best_j
    parts = {"processors": run.parts.processors, "cards": run.parts.cards, "memory": run.parts.memory}
    rows = [
        (
            name,
            digits.energy(part.best_j, part.error_j or None),
            digits.percent(part.best_j / whole_j) if whole_j else "",
        )
        for name, part in parts.items()
        if part.best_j is not None
    ]
    return Table(("part", ">energy", ">share"), rows)


def _rows(runs: Sequence[Statement]) -> Table:
    rows = []
    for run in runs:
        rows.append(
            (
                run.name,
                run.started_at.strftime("%Y-%m-%d %H:%M:%S") if run.started_at else "",
                "" if run.duration_s is None else digits.duration(run.duration_s),
                digits.energy(run.energy.best_j, run.energy.error_j or None),
                digits.carbon(run.carbon.value),
                run.beside().ratio_words,
                run.energy.quality,
                run.tool,
            )
        )
    columns = ("run", "began (UTC)", ">length", ">energy", ">carbon", ">estimate/energy", "quality", "by")
    return Table(columns, rows)


def _sum_line(runs: Sequence[Statement], summands: Sequence[Statement]) -> str:
    energy, grams = total(run.energy for run in summands), [run.carbon.value for run in summands]
    grams += [None for run in runs if run.carbon.value is None]
    missing = sum(run.energy.is_missing for run in runs)
    left_out = f"; {missing} measured nothing and are not in the sum" if missing else ""
    amount = "energy not measured" if energy.is_missing else digits.energy(energy.best_j, energy.error_j or None)
    carbon = "carbon not known of all" if None in grams else digits.carbon(sum(g for g in grams if g is not None))
    return f"{len(runs)} runs: {amount}{left_out}\n{carbon}"
