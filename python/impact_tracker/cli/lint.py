"""Traps that published footprints fell into, looked for in reports of any tool."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict


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
    parser.add_argument("--json", action="store_true", help="for programs")


def run(args: argparse.Namespace) -> int:
    """Prints the findings, errors first; 1 if there is an error, else 0.

    ValueError, OSError: a report that cannot be read.
    """
    from ..interop.documents import reports_at
    from ..interop.lint import lint_all

    reports = [report for place in args.place for report in reports_at(place, args.energy_kwh, args.zone)]
    findings = lint_all(reports)
    errors = sum(finding.level == "error" for finding in findings)
    if args.json:
        print(json.dumps([asdict(finding) for finding in findings], indent=2, ensure_ascii=False))
    else:
        if args.explain:
            print("\n".join(report.sentence() for report in reports))
        for finding in findings:
            print(finding.line())
        print(f"{len(reports)} statements, {errors} errors, {len(findings)} findings")
    return 1 if errors else 0
