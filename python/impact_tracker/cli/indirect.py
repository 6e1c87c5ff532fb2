"""Consequences that somebody declares (rebound, loops), after ITU-T L.1480, apart from what was measured.

examples:
  impact-tracker indirect effects.toml --tree --figure tree.svg
  impact-tracker indirect effects.toml --runs runs/ --zone FR
The form of the file, with an example: docs/footprint.md.
"""

from __future__ import annotations

import argparse

from .any_runs import add_format, runs_of
from .options import add_json, add_reweighing, print_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The declaration, and the measured runs to show beside it."""
    parser.add_argument("file", metavar="FILE", help="reference scenario and effects, TOML or JSON (docs/footprint.md)")
    parser.add_argument("--runs", dest="place", metavar="DIR", help="measured runs of the solution, shown apart")
    add_format(parser)
    parser.add_argument("--draws", type=int, default=4000, help="draws of the Monte Carlo (4000)")
    add_reweighing(parser)
    parser.add_argument("--tree", action="store_true", help="the effects as a tree, each below what causes it")
    parser.add_argument("--figure", metavar="FILE", help="the same tree as a picture (.svg, .png, .pdf)")
    parser.add_argument("--explain", action="store_true", help="every effect as its formula, and who states it")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Prints what is declared, and apart from it what was measured. ValueError, OSError: why it cannot be."""
    from ..footprint import read_consequences, words_of

    if args.draws < 1:
        raise ValueError(f"--draws must be 1 or more, not {args.draws}")
    if args.factors and not args.place:
        raise ValueError("--factors weighs measured runs: give them with --runs DIR, or leave it out")
    declared = read_consequences(args.file, draws=args.draws)
    if args.figure:
        from ..services.consequence_tree import plot_tree

        plot_tree(declared, args.figure)
    args.newest = False
    runs = runs_of(args) if args.place else []
    if args.json:
        measured = [{"name": run.name, "origin": run.origin, **run.carbon.as_dict()} for run in runs]
        document = {"declared": declared.as_dict(), "measured": measured}
        print_json(document)
        return 0
    lines = declared.lines()
    if args.explain:
        lines += ["", *declared.explain()]
    if runs:
        lines += ["", "Measured, and in none of the sums above:"]
        lines += [f"  {run.name}: {words_of(run.carbon, 'g of CO2e')}" for run in runs]
    print("\n".join(lines))
    if args.tree:
        from ..services.consequence_tree import show_tree

        print()
        show_tree(declared)
    return 0
