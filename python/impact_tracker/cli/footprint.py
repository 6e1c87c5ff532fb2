"""The whole footprint of recorded, imported or described runs: carbon and other impacts, making and use, and why.

examples:
  impact-tracker footprint runs/resnet --this-machine --zone FR
  impact-tracker footprint emissions.csv --cpus 2 --cpu-cores 32 --ram-gb 512 --gpus 8 --gpu "NVIDIA A100 SXM4 80GB"
  impact-tracker footprint runs/ --nodes 48 --dynamic-ratio 1.835 --development 2.685 --this-machine
  impact-tracker footprint --workload my.toml     # a run that nobody recorded, described in a file
  impact-tracker footprint --workload bloom       # the bundled description of BLOOM's training
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from .any_runs import add_extent, add_machine, add_runs, allocation_of, extent_of, machine_of, runs_of
from .functional import add_units, units_of
from .options import add_explain, add_json, print_json, reweighing

if TYPE_CHECKING:
    from ..hostinfo import Hardware
    from ..interop import Statement
    from ..interop.assessment import Assumptions
    from ..services.workload import Workload


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The runs, their electricity, their machine, and what to show."""
    add_runs(parser, optional=True)
    parser.add_argument(
        "--workload", metavar="FILE", help="a run that nobody recorded, described in TOML or JSON (docs/footprint.md)"
    )
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
    apart = parser.add_argument_group("apart from the total, from your file of factors or of a cloud's region")
    apart.add_argument(
        "--marginal",
        action="store_true",
        help="what the grid would emit less: [intensity_marginal.ZONE], or a --cloud's",
    )
    apart.add_argument("--market", action="store_true", help="residual mix or certificates: [intensity_residual.ZONE]")
    add_machine(parser)
    add_extent(parser)
    add_units(parser)
    add_explain(parser)
    parser.add_argument("--tornado", action="store_true", help="which factors move the result most")
    parser.add_argument("--figures", metavar="FOLDER", help="figures as .svg: countries, parts, making and use, matrix")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Prints the footprint of each run, newest first. ValueError, OSError, ImportError: why there is none."""
    from ..interop.assessment import assessed, footprint_of
    from ..report.footprint_page import draw, page_of
    from ..report.page import show

    workload = _workload(args)
    runs = runs_of(args) if workload is None else [workload.run]
    assessments = [assessed(run, _assumptions(args, run, workload)) for run in runs]
    units = units_of(args, lambda run: footprint_of(run, _assumptions(args, run)))
    if args.figures:
        for assessment in assessments:
            draw(assessment, Path(args.figures))
    if args.json:
        documents = [assessment.as_dict(units) for assessment in assessments]
        print_json(documents)
        return 0
    for assessment in assessments:
        show(page_of(assessment, units, explained=args.explain, tornado=args.tornado))
        print()
    return 0


def _workload(args: argparse.Namespace) -> Workload | None:
    """The described run, weighed as asked for; None where runs are named. ValueError for both and for neither."""
    from dataclasses import replace

    from ..services.workload import read_workload

    if (args.place is None) == (args.workload is None):
        raise ValueError("give either DIR, where runs lie, or --workload FILE, which describes one")
    if args.workload is None:
        return None
    new = reweighing(args)
    workload = read_workload(args.workload)
    run = workload.run
    if args.cloud:
        return replace(workload, run=replace(run, site=run.site.in_cloud(args.cloud)))
    return replace(workload, run=run.weighed(new))


def _assumptions(args: argparse.Namespace, run: Statement, workload: Workload | None = None) -> Assumptions:
    from ..footprint import Allocation
    from ..interop.assessment import Assumptions

    shares = allocation_of(args)
    if workload is not None:
        shares = Allocation(
            workload.allocation.lifetime_years if args.lifetime_years is None else shares.lifetime_years,
            workload.allocation.utilisation if args.utilisation is None else shares.utilisation,
        )
    return Assumptions(
        machine=machine_of(args, run) or (workload.machine if workload else None),
        allocation=shares,
        extent=extent_of(args, workload.extent if workload else None),
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
    from ..estimators.estimate import number

    gpu, cards = args.gpu or (known.gpus[0] if known.gpus else ""), args.gpus or len(known.gpus)
    cores = round(number(args.cores, "--cores", 0.0, 1e9)) if args.cores else None
    memory_gb = number(args.memory_gb or 0.0, "--memory-gb", 0.0, 1e9)
    return known._replace(
        cpu=args.cpu or known.cpu,
        cores=cores or known.cores,
        threads=known.threads or cores,
        memory_bytes=round(memory_gb * 1e9) or known.memory_bytes,
        gpus=(gpu,) * cards if args.gpu or args.gpus else known.gpus,
    )
