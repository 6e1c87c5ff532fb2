"""`report` for files and logs of other trackers: the same answer first, parts, carbon and estimate beside it."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .any_runs import estimate_of, weighed
from .options import reweighing

if TYPE_CHECKING:
    from ..interop import Run
    from ..report.page import Page, Table


def is_foreign(args: argparse.Namespace) -> bool:
    """Whether every path holds runs of other trackers, and none a record."""
    if args.kind is not None:
        return bool(args.kind != "record")
    return all(_looks_foreign(Path(path)) for path in args.paths)


def _looks_foreign(place: Path) -> bool:
    from ..interop import InteropError
    from ..interop.sources import guess

    try:
        return guess(place) != "record"
    except InteropError:  # nothing at all is there: the record's own report says so best
        return False


def report(args: argparse.Namespace) -> int:
    """The page, or JSON. ValueError for what cannot be read, and for what only records have."""
    from ..interop.sources import read_runs
    from ..report.page import show

    for name in ("regions", "plot", "html"):
        if getattr(args, name):
            raise ValueError(f"--{name} takes records: runs of other trackers have no samples; leave it out")
    chosen = reweighing(args)
    runs = [weighed(run, **chosen) for path in args.paths for run in read_runs(path, args.kind)]
    if args.csv:
        from ..interop import codecarbon

        sys.stdout.write(codecarbon.to_csv(runs))
    elif args.json:
        print(json.dumps({"runs": [document(run) for run in runs]}, indent=2, ensure_ascii=False, allow_nan=False))
    else:
        show(page_of(runs))
        if args.explain:
            _explain(runs)
    return 0


def document(run: Run) -> dict[str, Any]:
    """One run for JSON, unrounded: kWh without the site's overhead."""
    found = estimate_of(run)
    return {
        "name": run.name,
        "origin": run.origin,
        "tool": run.tool,
        "started_at": run.started_at.isoformat() if run.started_at else None,
        "duration_s": run.duration_s,
        "energy_kwh": run.energy_kwh,
        "cpu_kwh": run.cpu_kwh,
        "gpu_kwh": run.gpu_kwh,
        "ram_kwh": run.ram_kwh,
        "pue": run.pue,
        "zone": run.zone,
        "quality": run.quality,
        **{key: value for key, value in run.carbon.as_dict().items() if key.startswith("carbon_g")},
        "stated_carbon_g": run.stated_carbon_g,
        "notes": list(run.notes),
        "estimate": {"reason": found} if isinstance(found, str) else found.as_dict(),
    }


def page_of(runs: list[Run]) -> Page:
    """One run in detail, several as rows under their sum."""
    from ..report.page import Page

    notes = list(dict.fromkeys(note for run in runs for note in run.notes))
    if len(runs) > 1:
        return Page(_sum_line(runs), [_rows(runs)], notes)
    run = runs[0]
    from ..estimators import sentences

    details = [run.origin, *(line for line in (_machine(run),) if line), *sentences(estimate_of(run))]
    return Page(f"{run.name}: {_energy(run)}\n{_carbon(run)}", [_parts(run)], notes, details)


def _energy(run: Run) -> str:
    from .. import digits

    if run.energy_kwh is None:
        return "energy not measured"
    said = digits.energy(run.energy_kwh * 3.6e6)
    if "kWh" not in said:
        said += f" ({digits.kwh(run.energy_kwh * 3.6e6)})"
    lasted = f" in {digits.duration(run.duration_s)}" if run.duration_s is not None else ""
    return f"{said}{lasted}, {run.quality}, by {run.tool} {run.tool_version}".rstrip()


def _carbon(run: Run) -> str:
    from .. import digits

    grams = run.carbon
    if grams.value is None:
        return f"carbon not known: {grams.note}"
    said = digits.carbon(grams.value, grams.low, grams.high)
    return said if run.intensity is None else f"{said} at {run.intensity.value:.4g} g/kWh, PUE {run.pue:g}"


def _machine(run: Run) -> str:
    cards = f"{run.gpu_count or 1} × {run.gpu_model}" if run.gpu_model else ""
    memory = f"{run.ram_gb:.4g} GB" if run.ram_gb else ""
    return ", ".join(part for part in (run.cpu_model, cards, memory) if part)


def _parts(run: Run) -> Table:
    from .. import digits
    from ..report.page import Table

    known = {"processors": run.cpu_kwh, "cards": run.gpu_kwh, "memory": run.ram_kwh}
    rows = [
        (name, digits.energy(kwh * 3.6e6), digits.percent(kwh / run.energy_kwh) if run.energy_kwh else "")
        for name, kwh in known.items()
        if kwh is not None
    ]
    return Table(("part", ">energy", ">share"), rows)


def _rows(runs: list[Run]) -> Table:
    from .. import digits
    from ..report.page import Table

    rows = []
    for run in runs:
        found = estimate_of(run)
        ratio = "" if isinstance(found, str) or found.ratio is None else f"{found.ratio:.2f}"
        began = run.started_at.strftime("%Y-%m-%d %H:%M:%S") if run.started_at else ""
        lasted = "" if run.duration_s is None else digits.duration(run.duration_s)
        energy = None if run.energy_kwh is None else run.energy_kwh * 3.6e6
        rows.append(
            (
                run.name,
                began,
                lasted,
                digits.energy(energy),
                digits.carbon(run.carbon.value),
                ratio,
                run.quality,
                run.tool,
            )
        )
    columns = ("run", "began (UTC)", ">length", ">energy", ">carbon", ">estimate/energy", "quality", "by")
    return Table(columns, rows)


def _sum_line(runs: list[Run]) -> str:
    from .. import digits

    known = [run.energy_kwh for run in runs if run.energy_kwh is not None]
    missing = len(runs) - len(known)
    left_out = f"; {missing} measured nothing and are not in the sum" if missing else ""
    total = digits.energy(sum(known) * 3.6e6) if known else "energy not measured"
    grams = [run.carbon.value for run in runs]
    carbon = "carbon not known of all" if None in grams else digits.carbon(sum(g for g in grams if g is not None))
    return f"{len(runs)} runs: {total}{left_out}\n{carbon}"


def _explain(runs: list[Run]) -> None:
    from ..estimators import sentences
    from ..footprint import explain

    for run in runs:
        print("\n".join(["", run.name, *explain(run.carbon), *sentences(estimate_of(run), True)]))
