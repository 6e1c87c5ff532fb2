"""Show what runs used: one in detail, several as rows with their sum.

Records of one machine that overlap in time, of ranks as a rule, are united: each joule counts once. Machines add up.

examples:
  impact-tracker report runs/a                                # the answer on the console; --json, --csv for programs
  impact-tracker report runs/a runs/b --html report.html --open       # one file for a browser
  impact-tracker report runs/a --html report.html --price "0.25 EUR" --zone FR --pue 1.2
  impact-tracker report bench/2026-01-01 cluster.json --html report.html   # a campaign's and a cluster's tables
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from . import foreign
from .any_runs import add_format
from .options import add_json, add_recorded_runs, add_reweighing, print_json, progress, reweighing

if TYPE_CHECKING:
    from ..pages import ReportInput


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Paths, what to show, and other factors to weigh with."""
    add_recorded_runs(parser)
    add_format(parser)
    shape = parser.add_mutually_exclusive_group()
    add_json(shape, "everything, unrounded, for programs")
    shape.add_argument(
        "--csv",
        action="store_true",
        help="a row for each run (--regions: for each region) and each machine that several shared; unrounded",
    )
    parser.add_argument("--regions", action="store_true", help="the regions of each run too")
    parser.add_argument("--explain", action="store_true", help="each carbon as a formula with its numbers and sources")
    parser.add_argument("--plot", metavar="FILE", help="power over time as .png, .svg or .pdf")
    parser.add_argument("--html", metavar="FILE", help="one page for a browser, which needs no network")
    parser.add_argument("--open", action="store_true", help="with --html: show the page in a browser")
    parser.add_argument("--price", metavar="PRICE", help='with --html: of a kWh, as in "0.25 EUR"')
    add_reweighing(parser)


def run(args: argparse.Namespace) -> int:
    """0, also for records that end early or are damaged, which the report says; 2 where there is no record.

    Files and logs of other trackers are reported as well: `--from` names their format, else it is guessed.
    """
    for name in ("open", "price"):
        if getattr(args, name) and not args.html:
            raise ValueError(f"--{name} belongs to a page: give --html FILE too")
    from ..report import load_runs, nodes_of, total
    from ..report.node_tables import node_dict
    from ..report.page import show
    from ..report.tables import as_csv, page_of

    if not _is_for_a_page(args) and foreign.is_foreign(args):
        return foreign.report(args)
    if args.html:
        given = _write_page(args)
        if not given.runs:
            for fault in given.unreadable:
                print(f"impact-tracker report: not read: {fault}", file=sys.stderr)
            return 2 if given.is_empty else 0
        runs, unreadable = given.runs, given.unreadable
    else:
        runs, unreadable = load_runs(args.paths, progress=progress, new=reweighing(args))
    nodes = nodes_of(runs, progress)
    if args.plot:
        from ..report.plot import plot_power

        plot_power(runs, args.plot)
        print(f"wrote {args.plot}", file=sys.stderr)
    if args.json:
        fields = {
            "runs": [record.to_dict(args.regions) for record in runs],
            "nodes": [node_dict(node, args.regions) for node in nodes],
            "total": total(runs, nodes).to_dict(),
            "complete": all(record.record.complete for record in runs),
            "unreadable": unreadable,
        }
        print_json(fields)
    elif args.csv:
        sys.stdout.write(as_csv(runs, regions=args.regions, nodes=nodes))
        for fault in unreadable:
            print(f"impact-tracker report: not read: {fault}", file=sys.stderr)
    else:
        show(page_of(runs, unreadable, regions=args.regions, nodes=nodes))
        if args.explain:
            from ..footprint import explain
            from ..report.estimates import lines

            for record in runs:
                print("\n".join(["", record.label, *explain(record.result.carbon), *lines(record, explain=True)]))
    return 0


def _is_for_a_page(args: argparse.Namespace) -> bool:
    """Whether a page is asked for of what the console has other commands for: campaigns, clusters."""
    if not args.html:
        return False
    from ..pages import is_other

    return any(is_other(path) for path in args.paths)


def _write_page(args: argparse.Namespace) -> ReportInput:
    """The page into its file, and into a browser where that is asked for; what it was made of."""
    from ..budget import read_price
    from ..pages import html_of_input, read_input, write_html_report

    try:
        price = None if args.price is None else read_price(args.price)
    except ValueError as error:
        raise ValueError(f"--price {error}") from None
    given = read_input(args.paths, new=reweighing(args), progress=progress)
    write_html_report(args.html, html_of_input(given, price=price, progress=progress))
    foreign.tell_page(args)
    return given
