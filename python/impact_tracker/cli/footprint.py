"""The whole footprint of recorded or imported runs: carbon and other impacts, making and use, and why."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from .any_runs import add_machine, add_runs, allocation_of, machine_of, runs_of
from .functional import add_units, units_of

if TYPE_CHECKING:
    from ..hostinfo import Hardware
    from ..interop import Statement
    from ..interop.assessment import Assumptions


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
    from ..interop.assessment import assessed, footprint_of
    from ..report.footprint_page import draw, page_of
    from ..report.page import show

    assessments = [assessed(run, _assumptions(args, run)) for run in runs_of(args)]
    units = units_of(args, lambda run: footprint_of(run, _assumptions(args, run)))
    if args.figures:
        for assessment in assessments:
            draw(assessment, Path(args.figures))
    if args.json:
        documents = [assessment.as_dict(units) for assessment in assessments]
        print(json.dumps(documents, indent=2, ensure_ascii=False, allow_nan=False))
        return 0
    for assessment in assessments:
        show(page_of(assessment, units, explained=args.explain, tornado=args.tornado))
        print()
    return 0


def _assumptions(args: argparse.Namespace, run: Statement) -> Assumptions:
    from ..interop.assessment import Assumptions

    return Assumptions(
        machine=machine_of(args, run),
        allocation=allocation_of(args),
        wue=args.wue,
        idle_w=args.idle_w,
        hardware=_hardware(args, run.hardware),
        curve_file=args.intensity_file,
        live_service=args.live,
        marginal=args.marginal,
        market=args.market,
    )


def _hardware(args: argparse.Namespace, known: Hardware) -> Hardware:
    """What was said here in place of what the record says."""
    gpu, cards = args.gpu or (known.gpus[0] if known.gpus else ""), args.gpus or len(known.gpus)
    return known._replace(
        cpu=args.cpu or known.cpu,
        cores=round(args.cores) if args.cores else known.cores,
        threads=known.threads or (round(args.cores) if args.cores else None),
        memory_bytes=round(args.memory_gb * 1e9) if args.memory_gb else known.memory_bytes,
        gpus=(gpu,) * cards if args.gpu or args.gpus else known.gpus,
    )
