"""impact-tracker footprint: the whole footprint of recorded or imported runs, with making, other impacts, and why."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..factors import Factor, IntensityCurve
    from ..footprint import Footprint, Impact, Machine
    from ..interop import Run

NAME = "footprint"
HELP = "carbon, water, primary energy, depletion of runs over their life cycle"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The runs, their electricity, their machine, and what to show."""
    parser.add_argument("place", metavar="DIR", help="logdir, record, or a file or folder of another tracker")
    parser.add_argument(
        "--from", dest="kind", metavar="KIND", help="record, codecarbon, carbontracker, eit, boamps; guessed"
    )
    parser.add_argument("--zone", help="country of the electricity instead of the run's own")
    parser.add_argument("--pue", type=float, help="power usage effectiveness instead of the run's own")
    parser.add_argument(
        "--wue", type=float, metavar="L_PER_KWH", help="water used on site for each kWh of the computers"
    )
    parser.add_argument("--idle-w", type=float, metavar="W", help="idle power of the machine, to show it apart")
    parser.add_argument(
        "--intensity-file", metavar="CSV", help="intensity over time (time,intensity_g_per_kwh): records only"
    )
    parser.add_argument("--live", metavar="SERVICE", help="ask a service for it over the network: neso, rte, entsoe …")
    parser.add_argument("--factors", metavar="FILE", help="your own factors (TOML or JSON); they win")
    beside = parser.add_argument_group("the estimate beside the measurement, where the record does not say it")
    beside.add_argument("--cpu", metavar="NAME", help='processor, as in "AMD EPYC 7543"')
    beside.add_argument("--cores", type=float, help="cores the run had")
    beside.add_argument("--memory-gb", type=float, help="memory the run had")
    made = parser.add_argument_group("making of the machine (left out without --cpus)")
    made.add_argument("--cpus", type=int, help="processors")
    made.add_argument("--cpu-cores", type=int, default=16, help="cores of each (16)")
    made.add_argument("--ram-gb", type=float, default=0.0)
    made.add_argument("--ssd-gb", type=float, default=0.0)
    made.add_argument("--gpus", type=int, default=0)
    made.add_argument("--gpu", metavar="NAME", help='card, as in "NVIDIA A100 SXM4 80GB"')
    made.add_argument("--lifetime-years", type=float, help="4 (3 to 6) without it")
    made.add_argument(
        "--utilisation", type=float, help="share of its life that the machine is used; 0.85 (0.4 to 1) without it"
    )
    parser.add_argument("--explain", action="store_true", help="every formula with its numbers and sources")
    parser.add_argument("--tornado", action="store_true", help="which factor matters")
    parser.add_argument("--figures", metavar="FOLDER", help="figures as .svg: countries, parts, making and use, matrix")
    parser.add_argument("--json", action="store_true", help="unrounded, for programs")


def run(args: argparse.Namespace) -> int:
    """Prints the footprint of each run, newest first; 2 where there is none to print."""
    try:
        runs, feet = _assess(args)
        if args.figures:
            for found, foot in zip(runs, feet):
                _draw(found, foot, Path(args.figures))
    except (ValueError, OSError, ImportError) as fault:
        print(f"impact-tracker footprint: {fault}", file=sys.stderr)
        return 2
    if args.json:
        documents = [{"name": r.name, "origin": r.origin, **f.as_dict()} for r, f in zip(runs, feet)]
        print(json.dumps(documents, indent=2, ensure_ascii=False, allow_nan=False))
        return 0
    for found, foot in zip(runs, feet):
        print("\n".join([*_page(found, foot, args), f"  {_beside(found, args)}", *_matched(found, args), ""]))
    return 0


def _assess(args: argparse.Namespace) -> tuple[list[Run], list[Footprint]]:
    from dataclasses import replace

    from ..factors import intensity, use_overrides
    from ..footprint import assess
    from ..interop.sources import read_runs

    if args.factors:
        use_overrides(args.factors)
    runs = read_runs(args.place, args.kind)
    if args.zone:
        runs = [replace(found, zone=args.zone, intensity=intensity(args.zone)) for found in runs]
    if args.pue is not None:
        runs = [replace(found, pue=args.pue) for found in runs]
    machine = _machine(args)
    feet = []
    for found in runs:
        idle = None if args.idle_w is None or found.duration_s is None else args.idle_w * found.duration_s
        feet.append(
            assess(
                energy_j=found.energy_j,
                duration_s=found.duration_s,
                idle_j=idle,
                pue=found.pue,
                zone=found.zone,
                grid=found.intensity,
                wue=_wue(args, found),
                machine=machine,
                allocation=_allocation(args),
                quality=found.quality,
            )
        )
    return runs, feet


def _machine(args: argparse.Namespace) -> Machine | None:
    from ..footprint import Machine

    if args.cpus is None:
        return None
    return Machine(
        cpus=args.cpus,
        cpu_cores=args.cpu_cores,
        ram_gb=args.ram_gb,
        ssds=1 if args.ssd_gb else 0,
        ssd_gb=args.ssd_gb,
        gpus=args.gpus,
        gpu_model=args.gpu,
    )


def _allocation(args: argparse.Namespace) -> Any:
    from dataclasses import replace

    from ..footprint import Allocation

    chosen = Allocation()
    fixed = Allocation.fixed(args.lifetime_years or 4.0, args.utilisation or 1.0)
    if args.lifetime_years is not None:
        chosen = replace(chosen, lifetime_years=fixed.lifetime_years)
    if args.utilisation is not None:
        chosen = replace(chosen, utilisation=fixed.utilisation)
    return chosen


def _wue(args: argparse.Namespace, found: Run) -> Factor | None:
    from ..factors import Factor

    value = found.wue if args.wue is None else args.wue
    return None if value is None else Factor.stated(value, "L/kWh", "water usage effectiveness of the site")


def _page(found: Run, foot: Footprint, args: argparse.Namespace) -> list[str]:
    from ..footprint import STAGES, all_of, explain_all, person_years, what_matters

    width = max(len(stage) for stage in STAGES) + 2
    lines = [f"{found.name}: {_said(foot.carbon)} over the life cycle as far as it is known", ""]
    lines.append("  " + " " * 16 + "".join(f"{stage:>{width}}" for stage in STAGES) + f"{'total':>{width}}")
    for indicator, unit, cells, total in foot.matrix.rows():
        row = "".join(f"{_number(cell):>{width}}" for cell in [*cells, total])
        lines.append(f"  {indicator:<16}{row} {unit}")
    shown = [i for i in ("carbon", "adp", "primary_energy", "water") if foot.matrix.total(i).value is not None]
    lines += [f"  {person_years(foot.matrix.total(i)).value:.3g} person-years of the {i} boundary" for i in shown]
    lines += [f"  {e.value:.3g} {e.unit} {e.name}" for e in all_of(foot.carbon)[:4]]
    lines += [f"  {part:<16}{_said(impact)}" for part, impact in foot.use.items()]
    lines.append("  X: " + "; ".join(dict.fromkeys(foot.matrix.reasons().values())))
    if args.explain:
        lines += ["", *explain_all(foot)]
    if args.tornado:
        lines += ["", *what_matters(foot.matrix.total(i) for i in shown)]
    return lines


def _beside(found: Run, args: argparse.Namespace) -> str:
    from ..estimators import Comparison, beside

    if found.duration_s is None:
        return "no estimate beside it: its duration is not known"
    compared = beside(
        energy_kwh=found.energy_kwh,
        duration_s=found.duration_s,
        cpu_model=args.cpu or found.cpu_model,
        cores=args.cores or found.cpu_count,
        memory_gb=args.memory_gb or found.ram_gb,
        gpu_model=args.gpu or found.gpu_model,
        gpus=args.gpus or found.gpu_count,
        cpu_usage=found.cpu_utilisation,
        gpu_usage=found.gpu_utilisation,
        pue=found.pue,
        intensity=found.intensity,
    )
    return compared.sentence() if isinstance(compared, Comparison) else compared


def _matched(found: Run, args: argparse.Namespace) -> list[str]:
    """Carbon by an intensity over time, where one was asked for; why there is none else. Never an exception."""
    if not args.intensity_file and not args.live:
        return []
    from ..interop.matched import carbon_matched
    from ..record import read_record

    try:
        if found.tool != "impact-tracker":
            raise ValueError("only a record holds when its energy was used")
        record = read_record(found.origin)
        return [f"  matched in time: {_said(carbon_matched(record, _curve(found, args), found.pue))}"]
    except (ValueError, OSError) as fault:
        return [f"  not matched in time: {fault}"]


def _curve(found: Run, args: argparse.Namespace) -> IntensityCurve:
    from ..factors import read_curve
    from ..factors.live import history

    zone = args.zone or found.zone or ""
    if args.intensity_file:
        return read_curve(args.intensity_file, zone=zone)
    if found.started_at is None or found.ended_at is None:
        raise ValueError("the record does not say when it ran")
    from datetime import timedelta

    return history(args.live, zone, found.started_at - timedelta(hours=1), found.ended_at + timedelta(hours=1))


def _number(impact: Impact) -> str:
    return "X" if impact.value is None else f"{impact.value:.3g}"


def _said(impact: Impact) -> str:
    if impact.value is None:
        return f"not known ({impact.note})"
    return f"{impact.value:.4g} {impact.unit} ({impact.low:.3g} to {impact.high:.3g}, {impact.quality})"


def _draw(found: Run, foot: Footprint, folder: Path) -> None:
    from ..report.impact_figures import plot_countries, plot_life_cycle, plot_matrix, plot_split

    name = "".join(c if c.isalnum() or c in "-_" else "_" for c in found.run_id or found.name)
    plot_life_cycle(foot, folder / f"{name}-life-cycle.svg")
    plot_matrix(foot, folder / f"{name}-matrix.svg")
    if found.energy_kwh is not None:
        plot_countries(found.energy_j, folder / f"{name}-countries.svg", pue=found.pue, own=found.zone)
        parts = {
            "cores": found.cpu_kwh,
            "GPU": found.gpu_kwh,
            "memory": found.ram_kwh,
            "overhead": found.energy_kwh * (found.pue - 1.0),
        }
        plot_split(parts, folder / f"{name}-parts.svg")
