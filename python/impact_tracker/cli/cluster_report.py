"""Energies of jobs by user, account, project, partition, node, month … with carbon, cost and what they rest on."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from .cluster_gates import FORMS
from .cluster_input import accounts_from, add_accounting, add_jobs, add_power, power_of
from .options import add_json, add_reweighing, reweighing

EXAMPLES = (
    """examples:
  impact-tracker cluster report --jobs jobs.psv --power power/ --by user --by project,month
  impact-tracker cluster report --jobs jobs.psv --power power/ --zone FR --pue 1.25 --price 0.18 --currency EUR
  impact-tracker cluster report --jobs jobs.psv --power power/ --curve intensity.csv       # carbon matched in time
  impact-tracker cluster report --jobs jobs.psv --power power/ --idle use                  # hand the idle energy out
  impact-tracker cluster report --jobs jobs.psv --power power/ --pseudonyms key.txt --csv tables/ --figures figures/
  impact-tracker cluster report --jobs jobs.psv --power power/ --records runs/ --gate phase:train --gate 'gpu_use>20%'
  impact-tracker cluster report --jobs jobs.psv --power power/ --hour-factors dahu.json --cluster dahu

"""
    + FORMS
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Input, keys, factors, and forms of output."""
    from ..cluster.job_energies import IDLE_RULES
    from ..cluster.reports.groups import KEYS

    add_jobs(parser)
    add_power(parser)
    add_accounting(parser)
    parser.add_argument(
        "--by",
        action="append",
        metavar="KEYS",
        help=f"{', '.join(KEYS)}; several with commas (user). Again for more tables",
    )
    parser.add_argument(
        "--idle", choices=IDLE_RULES, default="none", help="hand idle energy out to jobs; always shown apart (none)"
    )
    factors = parser.add_argument_group("factors")
    add_reweighing(parser)
    factors.add_argument("--curve", metavar="FILE", help="CSV of intensity over time: carbon matched in time")
    factors.add_argument("--price", type=float, metavar="N", help="of a kWh at the site's meter")
    factors.add_argument("--currency", default="", metavar="NAME", help="of the price")
    factors.add_argument("--hour-factors", metavar="FILE", help="write grams per core-hour and card-hour for others")
    factors.add_argument("--cluster", default="cluster", metavar="NAME", help="the cluster's name in that file")
    factors.add_argument("--lifetime-years", type=float, metavar="N", help="of nodes, for their making in that file")
    factors.add_argument(
        "--ledger-jobs", metavar="FILE", help="write the jobs for impact-tracker ledger add --jobs FILE"
    )
    factors.add_argument(
        "--scheduler", default="slurm", metavar="NAME", help="of the jobs in that file: slurm, oar, pbs … (slurm)"
    )
    privacy = parser.add_argument_group("persons")
    privacy.add_argument(
        "--pseudonyms",
        nargs="?",
        const="",
        metavar="KEYFILE",
        help="users as keyed hashes; the key from the file or from the environment's IMPACT_TRACKER_PSEUDONYM_KEY",
    )
    privacy.add_argument("--hide", default="user", metavar="WHAT", help="user, account, project, name (user)")
    add_json(parser, "everything, unrounded, for programs")
    parser.add_argument("--csv", metavar="DIR", help="write each table and one row a job")
    parser.add_argument("--figures", metavar="DIR", help="write figures as PNG")


def run(args: argparse.Namespace) -> int:
    """0; ValueError and OSError with the remedy for what cannot be read."""
    from ..cluster.reports.overhead import measured_pue
    from ..cluster.reports.pages import report_page, write_tables
    from ..cluster.reports.site import report_of
    from ..cluster.reports.weights import weights_of
    from ..factors import read_curve
    from ..report.page import show
    from ..weighing import Weighing

    by = [keys.split(",") for keys in args.by or ["user"]]
    if args.price is not None and not args.price >= 0.0:
        raise ValueError(f"--price is 0 or more, not {args.price}")
    curve = read_curve(args.curve) if args.curve else None
    weighing = Weighing().changed(reweighing(args))
    with power_of(args) as store:
        accounts = accounts_from(args, store, curve)
        pue = measured_pue(store, accounts.begin_ns, accounts.end_ns)
        if pue is not None and args.pue is None and pue >= 1.0:
            weighing = Weighing(
                zone=weighing.zone, intensity_g_per_kwh=None if weighing.zone else weighing.intensity, pue=pue
            )
        weights = weights_of(weighing, curve, args.price, args.currency)
        report = report_of(accounts, weights, by, idle=args.idle, pue=pue)
        if args.figures:
            from ..cluster.reports.figures import write_figures

            for path in write_figures(report, Path(args.figures), store):
                print(f"wrote {path}", file=sys.stderr)
    if args.csv:
        for path in write_tables(report, Path(args.csv)):
            print(f"wrote {path}", file=sys.stderr)
    if args.hour_factors:
        from ..cluster.reports.hours import hour_factors, hours_line
        from ..factors.hours import write_hours

        year = hour_factors(report, weighing, args.cluster, args.lifetime_years)
        write_hours(args.hour_factors, year)
        print(f"wrote {args.hour_factors}: {hours_line(year)}", file=sys.stderr)
    if args.ledger_jobs:
        from ..cluster.reports.ledger_table import without_own_id, write_ledger_table

        count = write_ledger_table(report, args.ledger_jobs, args.scheduler)
        print(f"wrote {args.ledger_jobs}: {count} jobs for impact-tracker ledger add --jobs", file=sys.stderr)
        unnamed = without_own_id(report)
        if unnamed:
            print(
                f"{unnamed} tasks of arrays do not tell their own id: runs that were tracked in them count beside "
                "them. Export the jobs with the column JobIDRaw (sacct --format=JobID,JobIDRaw,…)",
                file=sys.stderr,
            )
    if args.json:
        print(json.dumps(report.as_dict(), indent=2, ensure_ascii=False, allow_nan=False, default=str))
    else:
        show(report_page(report))
    return 0
