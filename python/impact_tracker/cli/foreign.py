"""`report` for files and logs of other trackers: the same answer first, parts, carbon and estimate beside it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .options import print_json, reweighing


def is_foreign(args: argparse.Namespace) -> bool:
    """Whether every path holds runs of other trackers, and none a record."""
    if args.kind is not None:
        return bool(args.kind != "record")
    return all(_looks_foreign(Path(path)) for path in args.paths)


def _looks_foreign(place: Path) -> bool:
    from ..interop import InteropError
    from ..interop.sources import guess

    try:
        return guess(place) != "record"
    except InteropError:  # nothing is there at all, which the report of records says best
        return False


def report(args: argparse.Namespace) -> int:
    """The page, or JSON. ValueError for what cannot be read, and for what only records have."""
    from ..interop import codecarbon, read_runs
    from ..report.page import show
    from ..report.statement_page import document_of, explanations, page_of

    for name in ("regions", "plot", "price"):
        if getattr(args, name):
            raise ValueError(f"--{name} takes records: runs of other trackers have no samples; leave it out")
    new = reweighing(args)
    paths = {Path(path).resolve(): path for path in args.paths}  # a file that is named twice counts once
    runs = [run.weighed(new) for path in paths.values() for run in read_runs(path, args.kind, skip=args.skip)]
    if not runs:
        raise ValueError("nothing that could be read is left")
    if args.html:
        from ..pages import html_of_statements, write_html_report

        write_html_report(args.html, html_of_statements(runs))
        tell_page(args)
    if args.csv:
        sys.stdout.write(codecarbon.to_csv(runs))
    elif args.json:
        print_json({"runs": [document_of(run) for run in runs]})
    else:
        show(page_of(runs))
        if args.explain:
            print("\n".join(explanations(runs)))
    return 0


def tell_page(args: argparse.Namespace) -> None:
    """Say where the page is, and show it where that is asked for."""
    print(f"wrote {args.html}", file=sys.stderr)
    if args.open:
        import webbrowser

        if not webbrowser.open(Path(args.html).resolve().as_uri()):
            print(f"impact-tracker report: no browser was found: open {args.html} yourself", file=sys.stderr)
