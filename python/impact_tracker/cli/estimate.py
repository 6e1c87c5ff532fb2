"""A footprint without measuring, by a published method."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..estimators import Estimate
    from ..factors import Factor

METHODS = ("green-algorithms", "ga4hpc", "mlco2", "strubell", "hour-factor", "accelerator-days", "cloud")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of every method; each method says which it needs."""
    parser.add_argument("--method", choices=METHODS, default="green-algorithms", help="default: green-algorithms")
    parser.add_argument("--method-version", metavar="V", help="of Green Algorithms: 1.0, 2.1, 2.2, 3.0 (default)")
    parser.add_argument("--hours", type=float, required=True, help="duration of the run in hours")
    parser.add_argument(
        "--cores", type=float, default=0.0, help="cores used (hour-factor: cores or cards; cloud: vCPUs)"
    )
    parser.add_argument("--cpu", metavar="NAME", help='processor, as in "Xeon E5-2683 v4"')
    parser.add_argument("--tdp-per-core", type=float, metavar="W", help="watts a core, instead of --cpu")
    parser.add_argument("--cpu-usage", type=float, default=1.0, metavar="0..1", help="share of the cores used (1)")
    parser.add_argument("--gpus", type=float, default=0.0, help="cards used")
    parser.add_argument("--gpu", metavar="NAME", help='card, as in "NVIDIA A100 SXM4 80GB"')
    parser.add_argument("--tdp-gpu", type=float, metavar="W", help="watts a card, instead of --gpu")
    parser.add_argument("--gpu-usage", type=float, default=1.0, metavar="0..1", help="share of the cards used (1)")
    parser.add_argument("--memory-gb", type=float, default=0.0, help="memory requested in GB")
    parser.add_argument("--platform", default="local server", help="personal computer, local server, aws, gcp, azure …")
    parser.add_argument("--pue", type=float, help="power usage effectiveness of the site")
    parser.add_argument("--scaling", type=float, default=1.0, help="how often the run was repeated (1)")
    place = parser.add_mutually_exclusive_group()
    place.add_argument("--zone", help="country (FR, FRA, France) whose electricity was used; none: the world's average")
    place.add_argument("--intensity", type=float, metavar="G_PER_KWH", help="carbon intensity instead of a zone")
    job = parser.add_argument_group("a job of a scheduler (ga4hpc)")
    job.add_argument(
        "--cpu-hours", type=float, default=0.0, help="CPU time that it used (0: its cores fully, all the time)"
    )
    job.add_argument("--max-memory-gb", type=float, help="memory that it needed, for what it asked beyond")
    job.add_argument("--granularity-gb", type=float, default=6.0, help="step in which the centre hands out memory (6)")
    job.add_argument("--state", default="COMPLETED", help="as the scheduler names it; of a failed job all is wasted")
    parser.add_argument(
        "--hour-factor",
        action="append",
        default=[],
        metavar="NAME",
        help="of method hour-factor: whose hours of cores (core gricad) and, with --gpus, of cards; may be repeated",
    )
    parser.add_argument(
        "--hours-file",
        metavar="FILE",
        help="of method hour-factor: a cluster's own factors of a year (docs/footprint.md)",
    )
    parser.add_argument(
        "--live", metavar="SERVICE", help="the zone's intensity of now, asked over the network: neso, rte …"
    )
    parser.add_argument(
        "--factors", metavar="FILE", help="your own factors (TOML or JSON); they win over the bundled ones"
    )
    parser.add_argument("--explain", action="store_true", help="print the formula with its numbers and sources")
    parser.add_argument("--json", action="store_true", help="unrounded, for programs")


def run(args: argparse.Namespace) -> int:
    """Prints the estimate. ValueError, OSError: why the inputs make none."""
    from ..factors import use_overrides
    from ..report.estimate_page import page_of
    from ..report.page import show

    if args.factors:
        use_overrides(args.factors)
    estimate = _estimate(args)
    if args.json:
        print(json.dumps(estimate.as_dict(), indent=2, ensure_ascii=False))
    else:
        show(page_of(estimate, args.explain))
    return 0


def _estimate(args: argparse.Namespace) -> Estimate:
    from .. import estimators

    zone, grid = (None, _now(args)) if args.live else (args.zone, args.intensity)
    if args.method == "green-algorithms":
        return _green_algorithms(args, zone, grid)
    if args.method_version:
        raise ValueError(f"--method-version belongs to green-algorithms, {args.method} has one version here")
    if args.method == "ga4hpc":
        return _job(args, zone, grid)
    if args.method == "mlco2":
        return estimators.mlco2(
            hours=args.hours,
            gpu_model=args.gpu,
            tdp_gpu_w=args.tdp_gpu,
            gpus=args.gpus or 1.0,
            zone=zone,
            intensity_g_per_kwh=grid,
        )
    if args.method == "strubell":
        return estimators.strubell(
            hours=args.hours, cpu_w=(args.tdp_per_core or 0.0) * args.cores, gpu_w=args.tdp_gpu or 0.0, gpus=args.gpus
        )
    if args.method == "hour-factor":
        return _hours(args, zone, grid)
    if args.method == "cloud":
        used = (0.0, args.cpu_usage, 1.0)
        return estimators.cloud(
            provider=args.platform,
            hours=args.hours,
            vcpus=args.cores,
            memory_gb=args.memory_gb,
            utilisation=used,
            cards=args.gpus,
            card=args.gpu,
            pue=args.pue,
            zone=zone,
            intensity_g_per_kwh=grid,
        )
    return estimators.accelerator_days(
        chips=args.gpus or 1.0,
        days=args.hours / 24.0,
        chip_w=args.tdp_gpu or 0.0,
        pue=args.pue or 1.0,
        zone=zone,
        intensity_g_per_kwh=grid,
    )


def _green_algorithms(args: argparse.Namespace, zone: str | None, grid: float | Factor | None) -> Estimate:
    from .. import estimators

    return estimators.green_algorithms(
        hours=args.hours,
        cores=args.cores,
        cpu_model=args.cpu,
        tdp_per_core_w=args.tdp_per_core,
        cpu_usage=args.cpu_usage,
        gpus=args.gpus,
        gpu_model=args.gpu,
        tdp_gpu_w=args.tdp_gpu,
        gpu_usage=args.gpu_usage,
        memory_gb=args.memory_gb,
        platform=args.platform,
        pue=args.pue,
        scaling=args.scaling,
        version=args.method_version or "3.0",
        zone=zone,
        intensity_g_per_kwh=grid,
    )


def _hours(args: argparse.Namespace, zone: str | None, grid: float | Factor | None) -> Estimate:
    """Hours of cores and cards; another grid where one is given."""
    from .. import estimators
    from ..estimators.simple import grid_of
    from ..factors.hours import hours_of, read_hours

    own = read_hours(args.hours_file).factors if args.hours_file else {}
    named = {rate.unit: rate for rate in (own.get(name) or hours_of(name) for name in args.hour_factor)}
    if len(named) < len(args.hour_factor):
        raise ValueError("give one --hour-factor for cores and one for cards at most")
    if "core" in named and args.gpus and not args.cores:
        raise ValueError(f"{named['core'].name!r} is of an hour of a core: give --cores too, or a card's factor alone")
    return estimators.hour_factor(
        hours=args.hours,
        units=args.cores or (None if "card" not in named else 0.0),
        factor=named.get("core"),
        cards=args.gpus or (1.0 if "card" in named and not args.cores else 0.0),
        card_factor=named.get("card"),
        grid=None if zone is None and grid is None else grid_of(zone, grid),
    )


def _now(args: argparse.Namespace) -> Factor:
    from ..factors.live import latest

    if not args.zone:
        raise ValueError("--live needs --zone: the place whose intensity is asked for")
    grid = latest(args.live, args.zone)
    if "marginal" in grid.method:
        raise ValueError(f"{grid.source} is a marginal intensity, which belongs in no total: ask another service")
    return grid


def _job(args: argparse.Namespace, zone: str | None, grid: float | Factor | None) -> Estimate:
    """A job of a scheduler: power by the names of its processor and card, or as given."""
    from .. import estimators
    from ..factors import gpu_tdp
    from ..factors.cards import ANY_CARD

    if args.tdp_per_core is None and not args.cpu:
        raise ValueError("ga4hpc needs --cpu or --tdp-per-core")
    card_w = args.tdp_gpu
    if card_w is None:
        card_w = gpu_tdp(args.gpu or ANY_CARD).value if args.gpus else 0.0
    job = estimators.Job(
        "",
        args.hours,
        round(args.cores),
        args.cpu_hours,
        args.memory_gb,
        round(args.gpus),
        args.max_memory_gb,
        args.state,
    )
    return estimators.ga4hpc(
        job,
        tdp_core_w=estimators.core_power(args.cpu).value if args.tdp_per_core is None else args.tdp_per_core,
        tdp_gpu_w=card_w,
        pue=1.67 if args.pue is None else args.pue,
        granularity_gb=args.granularity_gb,
        zone=zone,
        intensity_g_per_kwh=grid,
    )
