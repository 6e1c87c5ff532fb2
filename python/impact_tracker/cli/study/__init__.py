"""Studies: questions about energy that are answered by an experiment or a simulation."""

from __future__ import annotations

import argparse
from importlib import import_module

STUDIES = {
    "paradigms": "train in a centre, continually, or where the data are: what each costs, and what decides",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """One command a study."""
    studies = parser.add_subparsers(dest="study", metavar="STUDY", title="studies", required=True)
    for name, about in STUDIES.items():
        module = import_module(f".{name}", __name__)
        below = studies.add_parser(
            name,
            help=about,
            description=module.__doc__,
            epilog=module.EXAMPLES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(below)
        below.set_defaults(run_study=module.run)


def run(args: argparse.Namespace) -> int:
    """The chosen study's exit code."""
    return int(args.run_study(args))
