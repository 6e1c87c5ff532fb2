"""Traps that published footprints fell into, looked for in reports of any tool."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict

from .options import add_json, print_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The reports, and what they do not say themselves."""
    parser.epilog = """examples:
  impact-tracker lint emissions.csv README.md factors.toml      # other tools' reports, cards, files of factors
  impact-tracker lint paper.tex appendix.rst analysis.ipynb     # what the sentences of a paper claim
  impact-tracker lint runs/a --json"""
    parser.add_argument(
        "place",
        metavar="REPORT",
        nargs="+",
        help="logdir, CodeCarbon CSV, BoAmps report, log, model or climate card (.md, .yaml), a paper (.tex, .rst, .md,"
        " .ipynb, .html), SCI score, JSON of the commands report, footprint, estimate, your own file of factors",
    )
    parser.add_argument("--energy-kwh", type=float, help="energy of a model card that states only its carbon")
    parser.add_argument("--zone", help="country of a model card's electricity")
    parser.add_argument("--explain", action="store_true", help="what was checked: every number that was found stated")
    add_json(parser, "for programs")


def run(args: argparse.Namespace) -> int:
    """Prints the findings, errors first; 1 if there is an error, else 0; 2 where one of several reports cannot be read.

    ValueError, OSError: the only report cannot be read.
    """
    from ..interop.documents import reports_at
    from ..interop.lint import lint_all

    reports, unread = [], []
    for place in args.place:
        try:
            reports += reports_at(place, args.energy_kwh, args.zone)
        except (OSError, ValueError) as error:
            if len(args.place) == 1:
                raise
            unread.append(str(error))
    findings = lint_all(reports)
    errors = sum(finding.level == "error" for finding in findings)
    if args.json:
        print_json([asdict(finding) for finding in findings])
    else:
        if args.explain:
            print("\n".join(report.sentence() for report in reports))
        for finding in findings:
            print(finding.line())
        counts = ((len(reports), "statement"), (errors, "error"), (len(findings), "finding"))
        print(", ".join(_counted(number, what) for number, what in counts))
    for reason in unread:
        print(f"impact-tracker lint: not read: {reason}", file=sys.stderr)
    return 2 if unread else 1 if errors else 0


def _counted(number: int, what: str) -> str:
    """`1 error`, `2 errors`."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
