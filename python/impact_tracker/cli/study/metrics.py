"""Metrics side by side: parameters, bytes, FLOPs, hours, energy, carbon, accuracy, and whether they tell the energy.

Takes folders of studies, of campaigns of the benchmark, and of plain runs, whose tags may say parameters, bytes, flops,
accuracy, examples and model.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from ..options import add_json, print_json

EXAMPLES = """examples:
  impact-tracker study metrics studies/shallow-20260101T120000Z
  impact-tracker study metrics bench-a bench-b --phase training --per example
  impact-tracker study metrics runs/ --figure metrics.svg --json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The folders, and what is compared."""
    parser.add_argument("folders", nargs="+", metavar="DIR", help="a study, a campaign, or a folder of runs")
    parser.add_argument("--phase", choices=("training", "inference", "run"), help="only these")
    parser.add_argument(
        "--per", choices=("run", "example"), default="run", help="costs of the whole, or of one example"
    )
    parser.add_argument("--figure", metavar="FILE", help="energy over each metric, as .svg, .png or .pdf")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Prints the comparison. ValueError, OSError, ImportError: why there is none."""
    from ...report.page import show
    from ...studies.metrics.gather import gather
    from ...studies.metrics.show import as_dict, draw, page_of

    entries = [entry for folder in args.folders for entry in gather(folder)]
    if args.phase is not None:
        entries = [entry for entry in entries if entry.phase == args.phase]
        if not entries:
            raise ValueError(f"nothing of phase {args.phase} is in {', '.join(args.folders)}")
    each = args.per == "example"
    if each:
        entries = [entry.each() for entry in entries]
    if args.figure:
        draw(entries, Path(args.figure), each)
    if args.json:
        print_json(as_dict(entries))
    else:
        show(page_of(entries, each))
    return 0
