"""Compare two runs, or two groups of runs: difference and ratio, with their intervals."""

from __future__ import annotations

import argparse

from .options import add_json, add_reweighing, print_json, progress, reweighing


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The two sides."""
    parser.epilog = """examples:
  impact-tracker compare runs/a runs/b                        # directories: the mean of the runs in them
  impact-tracker compare runs/fp32 runs/fp16 --zone FR --pue 1.2 --json"""
    parser.add_argument("a", metavar="A", help="a record, or a directory: the mean of the runs in it")
    parser.add_argument("b", metavar="B", help="what is compared with A")
    add_json(parser)
    parser.add_argument("--explain", action="store_true", help="each run's carbon as a formula with its sources")
    add_reweighing(parser)


def run(args: argparse.Namespace) -> int:
    """0; 2 where a side has no record. Records of one machine that overlap in time are one run: each joule counts
    once."""
    from ..report import load_runs, nodes_of
    from ..report.comparison import compare, page_of, same_sensors
    from ..report.page import show

    new = reweighing(args)
    sides = [load_runs([path], progress=progress, new=new) for path in (args.a, args.b)]
    (a, unread_a), (b, unread_b) = (([node.as_run for node in nodes_of(runs)], unread) for runs, unread in sides)
    names = (args.a.rstrip("/") or "/", args.b.rstrip("/") or "/")
    if args.json:
        fields = {
            "a": {"path": args.a, "runs": len(a), "unreadable": unread_a},
            "b": {"path": args.b, "runs": len(b), "unreadable": unread_b},
            "same_sensors": same_sensors(a, b),
            "comparisons": [difference.to_dict() for difference in compare(a, b)],
        }
        print_json(fields)
        return 0
    page = page_of(a, b, names)
    show(page._replace(caveats=[*page.caveats, *(f"not read: {fault}" for fault in (*unread_a, *unread_b))]))
    if args.explain:
        from ..footprint import explain

        for record in (*a, *b):
            print("\n".join(["", record.label, *explain(record.result.carbon)]))
    return 0
