"""Standards: SCI (ISO/IEC 21031), OpenMetrics, and a statement after AFNOR SPEC 2314 with the boundaries of ITU-T
L.1410."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from .. import digits
from ..footprint import Impact
from ..values import Energy
from .json_table import JsonObject
from .metric_text import Family, Kind, Sample, metric_text
from .once import each_once
from .statement import InteropError, Statement
from .words import mass


def sci(run: Statement, *, functional_unit: str, units: float, embodied: Impact | None = None) -> JsonObject:
    """Software carbon intensity: `((E × I) + M) / R`; location-based, no certificates. E in kWh with the site's
    overhead.

    `functional_unit` is what R counts (image, token, request); `units` how many there were. `embodied`: the share
    of making; without it M is `None` and the score is marked as not conforming.
    """
    if not (math.isfinite(units) and units > 0):
        raise InteropError(f"{run.name}: the number of functional units must be above 0, not {units!r}")
    grid = run.site.intensity
    if grid is not None and "market" in grid.method:
        raise InteropError("SCI is location-based: a market-based intensity may not be used, give a zone")
    operational = run.carbon
    made = None if embodied is None else embodied.value
    score = operational if embodied is None or made is None else operational + embodied
    total = None if operational.value is None else score.value
    ends = (None, None) if total is None else (score.low, score.high)
    return {
        "specification": "ISO/IEC 21031:2024 (SCI)",
        "functional_unit": functional_unit,
        "R": units,
        "E_kwh": run.site_energy.kwh,
        "I_g_per_kwh": None if grid is None else grid.value,
        "O_g": operational.value,
        "M_g": made,
        "sci_g_per_unit": None if total is None else total / units,
        "sci_g_per_unit_low": None if ends[0] is None else ends[0] / units,
        "sci_g_per_unit_high": None if ends[1] is None else ends[1] / units,
        "quality": score.quality,
        "pue": run.site.pue,
        "pue_is_stated": run.site.pue_is_stated,
        "conforming": made is not None and total is not None,
        "notes": _notes(run, embodied, operational),
        "sources": [*operational.sources, *(embodied.sources if embodied else ())],
    }


def _notes(run: Statement, embodied: Impact | None, operational: Impact) -> list[str]:
    notes = [] if operational.value is not None else [f"O is not known: {operational.note}"]
    if embodied is None or embodied.value is None:
        notes.append("M is not known: an SCI score needs the share of making")
        notes += [embodied.note] if embodied is not None and embodied.note else []
    if not run.site.pue_is_stated:
        notes.append(f"{run.site.pue_in_words}: the overhead is in the range alone")
    return notes


def sci_json(run: Statement, *, functional_unit: str, units: float, embodied: Impact | None = None) -> str:
    """`sci` as a JSON text."""
    document = sci(run, functional_unit=functional_unit, units=units, embodied=embodied)
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def open_metrics(runs: Sequence[Statement]) -> str:
    """OpenMetrics text: counters in base units (joules, grams, seconds), whose sums hold each joule once. What is not
    known has no sample."""
    runs = each_once(runs)
    families: list[tuple[str, str, str, Callable[[Statement], float | None]]] = [
        (
            "impact_tracker_energy_joules",
            "joules",
            "Energy of the computers, without the site's overhead",
            lambda run: run.energy.best_j,
        ),
        (
            "impact_tracker_emissions_grams",
            "grams",
            "CO2 equivalent of the electricity, the site's overhead in it",
            lambda run: run.carbon.value,
        ),
        ("impact_tracker_duration_seconds", "seconds", "Duration of the run", lambda run: run.duration_s),
    ]
    ends: list[tuple[str, str, str, Callable[[Statement], float | None]]] = [
        ("impact_tracker_energy_low_joules", "joules", "Lower end of the energy", lambda run: _end(run, 0)),
        ("impact_tracker_energy_high_joules", "joules", "Upper end of the energy", lambda run: _end(run, 2)),
        ("impact_tracker_emissions_low_grams", "grams", "Lower end of the emissions", lambda run: run.carbon.low),
        ("impact_tracker_emissions_high_grams", "grams", "Upper end of the emissions", lambda run: run.carbon.high),
    ]
    kinds: list[tuple[Kind, list[tuple[str, str, str, Callable[[Statement], float | None]]]]] = [
        ("counter", families),
        ("gauge", ends),
    ]
    return metric_text(
        Family(name, unit, text, kind, tuple(_samples(runs, value_of)))
        for kind, described in kinds
        for name, unit, text, value_of in described
    )


def _samples(runs: Sequence[Statement], value_of: Callable[[Statement], float | None]) -> Iterator[Sample]:
    """A value of each run that has it."""
    for run in runs:
        value = value_of(run)
        if value is not None:
            yield Sample({"run": run.run_id or run.name, "name": run.name, "quality": run.energy.quality}, value)


def _end(run: Statement, end: int) -> float | None:
    """An end of the energy's range in joules; `None` where no error of it is known."""
    return None if run.energy.error_j is None or run.energy.range_j is None else run.energy.range_j[end]


@dataclass(frozen=True)
class Need:
    """What a frugal-AI statement must say and no counter can: the need, what else would serve it, what level
    suffices."""

    need: str
    alternatives: Sequence[str]
    sufficient_level: str
    reached_level: str
    functional_unit: str
    units: float
    boundary: Sequence[str] = ("use",)


_L1410_STAGES = ("raw material", "production", "use", "end of life")


def frugal_statement(run: Statement, need: Need, embodied: Impact | None = None) -> str:
    """A statement after AFNOR SPEC 2314 (Markdown): efficiency beside the total, boundaries after ITU-T L.1410.

    InteropError where need, alternatives or level are missing: without them it would be a figure, not a statement.
    """
    for name in ("need", "sufficient_level", "reached_level", "functional_unit"):
        if not str(getattr(need, name)).strip():
            raise InteropError(f"a frugal-AI statement needs {name.replace('_', ' ')}")
    if not need.alternatives:
        raise InteropError(
            "a frugal-AI statement needs the alternatives that were weighed (doing without AI among them)"
        )
    if not (math.isfinite(need.units) and need.units > 0):
        raise InteropError(f"the number of functional units must be above 0, not {need.units!r}")
    total = run.carbon
    each = total / need.units if total.value is not None else total
    known = digits.kwh(run.energy.best_j, run.energy.error_j)
    energy = "not measured" if run.energy.is_missing else f"{known} ({run.quality_in_words})"
    outside = [
        stage for stage in _L1410_STAGES if stage not in need.boundary and not (stage == "production" and embodied)
    ]
    lines = [
        f"# Frugality statement: {run.name}",
        "",
        "## Need",
        need.need,
        "",
        "## Alternatives considered",
        *(f"- {alternative}" for alternative in need.alternatives),
        "",
        "## Level",
        f"Sufficient: {need.sufficient_level}. Reached: {need.reached_level}.",
        "",
        "## Impact",
        "| | total | for each " + need.functional_unit + " |",
        "|---|---|---|",
        f"| Energy | {energy} | {_per(run.energy, need.units)} |",
        f"| Carbon of use | {mass(total)} | {mass(each)} |",
    ]
    if embodied is not None:
        share = embodied / need.units if embodied.value is not None else embodied
        lines.append(f"| Carbon of making, share | {mass(embodied)} | {mass(share)} |")
    lines += [
        "",
        "## Boundary (stages of ITU-T L.1410)",
        f"Inside: {', '.join([*need.boundary, *(['production'] if embodied else [])])}.",
        f"Outside, not known to be 0: {', '.join(outside) or 'none'}.",
        "",
        "## Sources",
        *(f"- {source}" for source in [*total.sources, *(embodied.sources if embodied else ())]),
    ]
    return "\n".join(lines) + "\n"


def _per(energy: Energy, units: float) -> str:
    if energy.best_j is None:
        return "not known"
    error_j = None if energy.error_j is None else energy.error_j / units
    return digits.in_unit(energy.best_j / units, "J", error_j, spread=False)
