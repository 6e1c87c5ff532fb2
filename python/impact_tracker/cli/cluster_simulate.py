"""A site whose truth is known, drawn from a seed: jobs, nodes, meters with noise, holes and wrong clocks, failures."""

from __future__ import annotations

import argparse
from pathlib import Path

from .cluster_input import progress_line

EXAMPLES = """examples:
  impact-tracker cluster simulate site/
  impact-tracker cluster simulate site/ --nodes 100 --days 30 --jobs 50000 --seed 7 --gpu-meters
then:
  impact-tracker cluster report --jobs site/jobs.csv --power site/power --nodes site/nodes.csv"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where to and how large."""
    parser.add_argument("folder", metavar="DIR", help="gets jobs.csv, nodes.csv, power/ and truth.parquet")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same site (1)")
    parser.add_argument("--nodes", type=int, default=24, metavar="N", help="(24)")
    parser.add_argument("--days", type=float, default=7.0, metavar="N", help="(7)")
    parser.add_argument("--jobs", type=int, default=4000, metavar="N", help="that come; some find no room (4000)")
    parser.add_argument("--users", type=int, default=20, metavar="N", help="(20)")
    parser.add_argument("--period", type=float, default=5.0, metavar="S", help="between readings (5)")
    parser.add_argument("--gpu-meters", action="store_true", help="cards have meters of their own")


def run(args: argparse.Namespace) -> int:
    """0; ValueError for a site that cannot be."""
    from ..cluster.simulate import SiteSpec, write_site

    spec = SiteSpec(
        seed=args.seed, nodes=args.nodes, days=args.days, jobs=args.jobs, users=args.users, period_s=args.period
    )
    folder = Path(args.folder)
    site = write_site(spec, folder, gpu_meters=args.gpu_meters, progress=progress_line("drawing node"))
    days = "1 day" if spec.days == 1 else f"{spec.days:g} days"
    print(
        f"{folder}: {len(site.begin_s)} jobs on {spec.nodes} nodes over {days}. Next:\n"
        f"  impact-tracker cluster report --jobs {folder}/jobs.csv --power {folder}/power --nodes {folder}/nodes.csv"
    )
    return 0
