"""The whole footprint of recorded or imported runs: carbon and other impacts, making and use, and why."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import functional
from .any_runs import add_machine, add_runs, allocation_of, estimate_of, machine_of, runs_of
from .functional import add_units, trained, units_of

if TYPE_CHECKING:
    from ..estimators import Comparison
    from ..factors import Factor, IntensityCurve
    from ..footprint import Footprint, Impact
    from ..interop import Run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The runs, their electricity, their machine, and what to show."""
    add_runs(parser)
    parser.add_argument(
        "--wue", type=float, metavar="L_PER_KWH", help="water used on site for each kWh of the computers"
    )
    parser.add_argument("--idle-w", type=float, metavar="W", help="idle power of the machine, to show it apart")
    parser.add_argument(
        "--intensity-file", metavar="CSV", help="intensity over time (time,intensity_g_per_kwh): records only"
    )
    parser.add_argument(
        "--live", metavar="SERVICE", help="the same, asked of a service over the network: neso, rte, entsoe …"
    )
    beside = parser.add_argument_group("for the estimate beside the measurement, where the record does not say it")
    beside.add_argument("--cpu", metavar="NAME", help='processor, as in "AMD EPYC 7543"')
    beside.add_argument("--cores", type=float, help="cores that the run had")
    beside.add_argument("--memory-gb", type=float, help="memory that the run had")
    apart = parser.add_argument_group("apart from the total, from your file of factors")
    apart.add_argument(
        "--marginal", action="store_true", help="what the grid would emit less: [intensity_marginal.ZONE]"
    )
    apart.add_argument("--market", action="store_true", help="residual mix or certificates: [intensity_residual.ZONE]")
    add_machine(parser)
    add_units(parser)
    parser.add_argument("--explain", action="store_true", help="every formula with its numbers and sources")
    parser.add_argument("--tornado", action="store_true", help="which factors move the result most")
    parser.add_argument("--figures", metavar="FOLDER", help="figures as .svg: countries, parts, making and use, matrix")
    parser.add_argument("--json", action="store_true", help="unrounded, for programs")


def run(args: argparse.Namespace) -> int:
    """Prints the footprint of each run, newest first. ValueError, OSError, ImportError: why there is none."""
    from ..estimators import sentences

    units = units_of(args)
    runs = runs_of(args)
    feet = [_assess(found, args) for found in runs]
    training = trained(args, lambda found: _assess(found, args))
    apart = [_apart(found, args) for found in runs]
    if args.figures:
        for found, foot in zip(runs, feet):
            _draw(found, foot, Path(args.figures))
    if args.json:
        documents = [
            {
                **_document(found, foot, args, units, training),
                **{impact.indicator: impact.as_dict() for impact in others},
            }
            for found, foot, others in zip(runs, feet, apart)
        ]
        print(json.dumps(documents, indent=2, ensure_ascii=False, allow_nan=False))
        return 0
    for found, foot, others in zip(runs, feet, apart):
        beside = sentences(_beside(found, args), args.explain)
        more = [*functional.lines(foot, units, training), *(f"  {line}" for line in beside)]
        more += _matched_lines(_matched(found, args), args.explain)
        more += [line for impact in others for line in _apart_lines(impact, args.explain)]
        print("\n".join([*_page(found, foot, args), *more, ""]))
    return 0


def _apart(found: Run, args: argparse.Namespace) -> list[Impact]:
    """Marginal and market-based carbon where they were asked for: beside the total, never in it."""
    from ..factors import marginal_intensity, residual_intensity
    from ..footprint import marginal_carbon, market_carbon

    out = []
    for wanted, factor, weigh in (
        (args.marginal, marginal_intensity, marginal_carbon),
        (args.market, residual_intensity, market_carbon),
    ):
        if wanted:
            if found.zone is None:
                raise ValueError(f"{found.name}: --marginal and --market need to know where it ran: give --zone")
            out.append(weigh(found.energy, found.pue, intensity=factor(found.zone)))
    return out


def _apart_lines(impact: Impact, explained: bool) -> list[str]:
    from ..footprint import explain

    lines = [f"  {impact.indicator.replace('_', ' ')}, in no total: {_said(impact)}"]
    return lines + ([f"    {line}" for line in explain(impact)] if explained else [])


def _document(
    found: Run, foot: Footprint, args: argparse.Namespace, units: dict[str, float], training: Impact | None
) -> dict[str, Any]:
    """One run for JSON, unrounded."""
    from ..footprint import zone_factor

    beside, water = _beside(found, args), zone_factor("water", found.zone)
    document = {
        "name": found.name,
        "origin": found.origin,
        **foot.as_dict(),
        "energy_kwh": found.energy_kwh,
        "pue": found.pue,
        "zone": found.zone,
        "wue_l_per_kwh": found.wue if args.wue is None else args.wue,
        "grid_water_l_per_kwh": None if water is None else water.value,
        "estimate": {"reason": beside} if isinstance(beside, str) else beside.as_dict(),
    }
    matched = _matched(found, args)
    if matched is not None:
        document["matched"] = {"reason": matched} if isinstance(matched, str) else matched.as_dict()
    return {**document, "per": functional.as_dict(foot, units, training)} if units else document


def _assess(found: Run, args: argparse.Namespace) -> Footprint:
    from ..footprint import assess

    return assess(
        energy=found.energy,
        duration_s=found.duration_s,
        idle_j=None if args.idle_w is None or found.duration_s is None else args.idle_w * found.duration_s,
        pue=found.pue,
        zone=found.zone,
        grid=found.intensity,
        wue=_wue(args, found),
        machine=machine_of(args, found),
        allocation=allocation_of(args),
    )


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
    lines += [f"  {e.value:.3g} {e.unit}: {e.name}" for e in all_of(foot.carbon) if e.name != "person-equivalents"]
    lines += _core_hour(found, foot)
    lines += [f"  {part:<16}{_said(impact)}" for part, impact in foot.use.items()]
    lines.append("  X: " + "; ".join(dict.fromkeys(foot.matrix.reasons().values())))
    if args.explain:
        lines += ["", *explain_all(foot)]
    if args.tornado:
        lines += ["", *what_matters(foot.matrix.total(i) for i in shown)]
    return lines


def _core_hour(found: Run, foot: Footprint) -> list[str]:
    """Carbon for each hour of one of the machine's cores, where both are known: what computing centres publish."""
    from ..estimators.beside import physical_cores
    from ..footprint import per_unit

    cores, _ = physical_cores(found.hardware)
    if not cores or not foot.hours or foot.carbon.value is None:
        return []
    return [f"  {per_unit(foot.carbon, cores * foot.hours, 'core-hour').sentence()}"]


def _beside(found: Run, args: argparse.Namespace) -> Comparison | str:
    """The estimate for the run, what was said here in place of what its record says."""
    known = found.hardware
    gpu, cards = args.gpu or (known.gpus[0] if known.gpus else ""), args.gpus or len(known.gpus)
    machine = known._replace(
        cpu=args.cpu or known.cpu,
        cores=round(args.cores) if args.cores else known.cores,
        threads=known.threads or (round(args.cores) if args.cores else None),
        memory_bytes=round(args.memory_gb * 1e9) if args.memory_gb else known.memory_bytes,
        gpus=(gpu,) * cards if args.gpu or args.gpus else known.gpus,
    )
    return estimate_of(found, machine)


def _matched(found: Run, args: argparse.Namespace) -> Impact | str | None:
    """Carbon by an intensity over time, where one was asked for, or why there is none. Never an exception."""
    if not args.intensity_file and not args.live:
        return None
    from ..interop.matched import carbon_matched
    from ..record import read_record

    try:
        if found.tool != "impact-tracker" or Path(found.origin).suffix != ".jsonl":
            raise ValueError("only a record holds when its energy was used")
        return carbon_matched(read_record(found.origin), _curve(found, args), found.pue)
    except (ValueError, OSError) as fault:
        return str(fault)


def _matched_lines(matched: Impact | str | None, explained: bool) -> list[str]:
    from ..footprint import explain

    if matched is None:
        return []
    if isinstance(matched, str):
        return [f"  not matched in time: {matched}"]
    lines = [f"  matched in time: {_said(matched)}"]
    return lines + ([f"    {line}" for line in explain(matched)] if explained else [])


def _curve(found: Run, args: argparse.Namespace) -> IntensityCurve:
    from ..factors import read_curve
    from ..factors.live import history

    zone = found.zone or ""
    if args.intensity_file:
        return read_curve(args.intensity_file, zone=zone)
    if found.started_at is None or found.ended_at is None:
        raise ValueError("the record does not say when it ran: no intensity of that time can be asked for")
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
        plot_countries(found.energy_j, folder / f"{name}-world.svg", pue=found.pue, own=found.zone, zones=None)
        parts = {
            "cores": found.cpu_kwh,
            "GPU": found.gpu_kwh,
            "memory": found.ram_kwh,
            "overhead": found.energy_kwh * (found.pue - 1.0),
        }
        plot_split(parts, folder / f"{name}-parts.svg")
