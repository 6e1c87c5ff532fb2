"""Show what runs used: one in detail, several as rows with their sum.

Records of one machine that overlap in time, of ranks as a rule, are united: each joule counts once. Machines add up.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from . import foreign
from .any_runs import add_format
from .options import add_recorded_runs, add_reweighing, progress, reweighing


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Paths, what to show, and other factors to weigh with."""
    add_recorded_runs(parser)
    add_format(parser)
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="everything, unrounded, for programs")
    shape.add_argument(
        "--csv",
        action="store_true",
        help="a row for each run (--regions: for each region) and each machine that several shared; unrounded",
    )
    parser.add_argument("--regions", action="store_true", help="the regions of each run too")
    parser.add_argument("--explain", action="store_true", help="each carbon as a formula with its numbers and sources")
    parser.add_argument("--plot", metavar="FILE", help="power over time as .png, .svg or .pdf")
    parser.add_argument("--html", metavar="FILE", help="a page with a card for each run")
    add_reweighing(parser)


def run(args: argparse.Namespace) -> int:
    """0, also for records that end early or are damaged, which the report says; 2 where there is no record.

    Files and logs of other trackers are reported as well: `--from` names their format, else it is guessed.
    """
    from ..report import load_runs, nodes_of, total
    from ..report.node_tables import node_dict
    from ..report.page import show
    from ..report.tables import as_csv, page_of

    if foreign.is_foreign(args):
        return foreign.report(args)
    runs, unreadable = load_runs(args.paths, progress=progress, new=reweighing(args))
    nodes = nodes_of(runs, progress)
    if args.plot:
        from ..report.plot import plot_power

        plot_power(runs, args.plot)
        print(f"wrote {args.plot}", file=sys.stderr)
    if args.html:
        from ..report.estimates import page

        Path(args.html).write_text(page(runs, "impact-tracker report", nodes), encoding="utf-8")
        print(f"wrote {args.html}", file=sys.stderr)
    if args.json:
        fields = {
            "runs": [record.to_dict(args.regions) for record in runs],
            "nodes": [node_dict(node, args.regions) for node in nodes],
            "total": total(runs, nodes).to_dict(),
            "complete": all(record.record.complete for record in runs),
            "unreadable": unreadable,
        }
        print(json.dumps(fields, indent=2, ensure_ascii=False, allow_nan=False))
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
