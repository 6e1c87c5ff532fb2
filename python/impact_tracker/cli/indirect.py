"""Consequences that somebody declares (rebound, loops), after ITU-T L.1480, apart from what was measured."""

from __future__ import annotations

import argparse
import json

from .any_runs import add_format, runs_of
from .options import add_reweighing


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The declaration, and the measured runs to show beside it."""
    parser.add_argument("file", metavar="FILE", help="reference scenario and effects, TOML or JSON: see the README")
    parser.add_argument("--runs", dest="place", metavar="DIR", help="measured runs of the solution, shown apart")
    add_format(parser)
    parser.add_argument("--draws", type=int, default=4000, help="draws of the Monte Carlo (4000)")
    add_reweighing(parser)
    parser.add_argument("--explain", action="store_true", help="every effect as its formula, and who states it")
    parser.add_argument("--json", action="store_true", help="unrounded, for programs")


def run(args: argparse.Namespace) -> int:
    """Prints what is declared, and apart from it what was measured. ValueError, OSError: why it cannot be."""
    from ..footprint import read_consequences, words_of

    if args.draws < 1:
        raise ValueError(f"--draws must be 1 or more, not {args.draws}")
    declared = read_consequences(args.file, draws=args.draws)
    args.newest = False
    runs = runs_of(args) if args.place else []
    if args.json:
        measured = [{"name": run.name, "origin": run.origin, **run.carbon.as_dict()} for run in runs]
        document = {"declared": declared.as_dict(), "measured": measured}
        print(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False))
        return 0
    lines = declared.lines()
    if args.explain:
        lines += ["", *declared.explain()]
    if runs:
        lines += ["", "Measured, and in none of the sums above:"]
        lines += [f"  {run.name}: {words_of(run.carbon, 'g of CO2e')}" for run in runs]
    print("\n".join(lines))
    return 0
