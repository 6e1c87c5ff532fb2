"""Standards: SCI (ISO/IEC 21031), OpenMetrics, and a statement after AFNOR SPEC 2314 with the boundaries of ITU-T
L.1410."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..footprint import Impact
from .cards import mass
from .json_table import JsonObject
from .once import each_once
from .statement import InteropError, Statement


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
    total = None if operational.value is None else operational.value + (made or 0.0)
    return {
        "specification": "ISO/IEC 21031:2024 (SCI)",
        "functional_unit": functional_unit,
        "R": units,
        "E_kwh": run.site_energy.kwh,
        "I_g_per_kwh": None if grid is None else grid.value,
        "O_g": operational.value,
        "M_g": made,
        "sci_g_per_unit": None if total is None else total / units,
        "conforming": made is not None and total is not None,
        "notes": [] if made is not None else ["M is not known: an SCI score needs the share of making"],
        "sources": [*operational.sources, *(embodied.sources if embodied else ())],
    }


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
    lines = []
    for name, unit, text, value_of in families:
        lines += [f"# TYPE {name} counter", f"# UNIT {name} {unit}", f"# HELP {name} {text}"]
        for run in runs:
            value = value_of(run)
            if value is not None:
                labels = {"run": run.run_id or run.name, "name": run.name, "quality": run.energy.quality}
                spelled = ",".join(f'{key}="{_label(word)}"' for key, word in labels.items())
                lines.append(f"{name}_total{{{spelled}}} {float(value)!r}")
    return "\n".join([*lines, "# EOF"]) + "\n"


def _label(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


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
    energy = "not measured" if run.energy.is_missing else f"{run.energy.kwh:.4g} kWh ({run.quality_in_words})"
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
        f"| Energy | {energy} | {_per(run.energy.best_j, need.units)} |",
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


def _per(joules: float | None, units: float) -> str:
    return "not known" if joules is None else f"{joules / units:.4g} J"
