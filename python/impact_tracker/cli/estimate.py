"""A footprint without measuring, by a published method."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from .options import add_factors, add_json, print_json

if TYPE_CHECKING:
    from ..estimators import Estimate, Inputs
    from ..factors import Factor

_EXAMPLES = """examples:
  impact-tracker estimate --hours 12 --cores 12 --cpu "Xeon E5-2683 v4" --memory-gb 64 --zone FR
  impact-tracker estimate --hours 12 --gpus 8 --gpu "A100 SXM4 80GB" --platform gcp --zone US --method-version 2.1
  impact-tracker estimate --method accelerator-days --hours 355 --gpus 10000 --tdp-gpu 330 --pue 1.1 --intensity 429
  impact-tracker estimate --method cloud --platform aws --hours 5 --cores 8 --cpu-usage 0.5 --zone IE
  impact-tracker estimate --method instance --instance aws:p4d.24xlarge --hours 10 --gpu-usage 0.9 --zone IE
  impact-tracker estimate --method hour-factor --hours 10 --cores 100"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of every method. An option that a method does not use is an error, which names those that do."""
    from ..estimators import METHODS

    methods = "\n".join(f"  {name:<17} {method.what}" for name, method in METHODS.items())
    parser.epilog = f"methods:\n{methods}\n\n{_EXAMPLES}"
    parser.add_argument("--method", choices=list(METHODS), default="green-algorithms", help="default: green-algorithms")
    _option(parser, "method_version", metavar="V", help="of Green Algorithms: 1.0, 1.1, 2.0, 2.1, 2.2, 3.0 (default)")
    _option(parser, "hours", type=float, required=True, help="duration of the run in hours")
    _option(parser, "cores", type=float, help="cores used (cloud: virtual ones)")
    _option(parser, "cpu", metavar="NAME", help='processor, as in "Xeon E5-2683 v4"')
    _option(parser, "core_w", type=float, metavar="W", help="watts a core, instead of --cpu")
    _option(parser, "cpu_usage", type=float, metavar="0..1", help="share of the cores used (1; cloud: 0.5)")
    _option(parser, "gpus", type=float, help="cards used")
    _option(parser, "gpu", metavar="NAME", help='card, as in "NVIDIA A100 SXM4 80GB"')
    _option(parser, "gpu_w", type=float, metavar="W", help="watts a card, instead of --gpu")
    _option(parser, "gpu_usage", type=float, metavar="0..1", help="share of the cards used (1; cloud: 0.5)")
    _option(parser, "memory_gb", type=float, help="memory requested in GB")
    _option(parser, "memory_w", type=float, metavar="W", help="measured power of the memory")
    _option(parser, "instance", metavar="TYPE", help="a cloud's instance, as in aws:p4d.24xlarge")
    _option(parser, "platform", help="personal computer, local server (default), aws, gcp, azure …")
    _option(parser, "pue", type=float, help="power usage effectiveness of the site")
    _option(parser, "scaling", type=float, help="how often the run was repeated (1)")
    place = parser.add_mutually_exclusive_group()
    _option(place, "zone", help="country (FR, FRA, France) whose electricity was used; none: the world's average")
    _option(place, "intensity", type=float, metavar="G_PER_KWH", help="carbon intensity instead of a zone")
    job = parser.add_argument_group("a job of a scheduler")
    _option(job, "cpu_hours", type=float, help="CPU time that it used (0: its cores fully, all the time)")
    _option(job, "max_memory_gb", type=float, help="memory that it needed, for what it asked beyond")
    _option(job, "granularity_gb", type=float, help="step in which the centre hands out memory (6)")
    _option(job, "state", help="as the scheduler names it (COMPLETED); of a failed job all is wasted")
    stored = parser.add_argument_group("a cloud's storage and network")
    _option(stored, "ssd_tb", type=float, help="solid state storage in TB")
    _option(stored, "hdd_tb", type=float, help="disks in TB")
    _option(stored, "network_gb", type=float, help="data moved in GB")
    _option(stored, "replication", type=float, help="copies kept of the data (1)")
    _option(
        parser,
        "hour_factor",
        action="append",
        metavar="NAME",
        help="whose hours of cores (core gricad) and, with --gpus, of cards; may be repeated",
    )
    _option(parser, "hours_file", metavar="FILE", help="a cluster's own factors of a year (docs/footprint.md)")
    _option(parser, "tables", metavar="FOLDER", help="the calculator's own tables: `data` of its repository")
    parser.add_argument(
        "--live", metavar="SERVICE", help="the zone's intensity of now, asked over the network: neso, rte …"
    )
    add_factors(parser)
    parser.add_argument("--explain", action="store_true", help="print the formula with its numbers and sources")
    add_json(parser)


def _option(place: argparse._ActionsContainer, name: str, *, help: str, **how: object) -> None:
    """A flag of the table of methods, with the methods that use it at the end of its help, unless all do."""
    from ..estimators import METHODS, users_of
    from ..estimators.methods import FLAGS

    users = users_of(name)
    told = "" if len(users) == len(METHODS) else f" [{', '.join(users)}]"
    place.add_argument(FLAGS[name], dest=name, help=help + told, **how)  # type: ignore[arg-type]


def run(args: argparse.Namespace) -> int:
    """Prints the estimate. ValueError, OSError: why the inputs make none."""
    from ..factors import use_overrides
    from ..report.estimate_page import page_of
    from ..report.page import show

    if args.factors:
        use_overrides(args.factors)
    estimate = _estimate(args)
    if args.json:
        print_json(estimate.as_dict())
    else:
        show(page_of(estimate, args.explain))
    return 0


def _estimate(args: argparse.Namespace) -> Estimate:
    from ..estimators import estimate_by

    return estimate_by(args.method, _inputs(args))


def _inputs(args: argparse.Namespace) -> Inputs:
    """What was typed; with --live the zone's intensity of now in the place of the zone."""
    from ..estimators import Inputs
    from ..estimators.methods import FLAGS

    typed = {name: getattr(args, name) for name in FLAGS}
    typed["hour_factor"] = tuple(args.hour_factor) if args.hour_factor else None
    if args.live:
        typed.update(zone=None, intensity=_now(args))
    return Inputs(**typed)


def _now(args: argparse.Namespace) -> Factor:
    from ..factors.live import latest

    if not args.zone:
        raise ValueError("--live needs --zone: the place whose intensity is asked for")
    grid = latest(args.live, args.zone)
    if "marginal" in grid.method:
        raise ValueError(f"{grid.source} is a marginal intensity, which belongs in no total: ask another service")
    return grid
