"""Studies: questions about energy that are answered by an experiment or a simulation."""

from __future__ import annotations

import argparse
from importlib import import_module

from ..options import add_action, run_action
from . import measured

STUDIES = {
    "federated": "train with clients that keep their data, by Flower, measured; simulated against measured",
    "metrics": "parameters, FLOPs, hours, energy, carbon, accuracy side by side: which of them misleads",
    "paradigms": "train in a centre, continually, or where the data are: what each costs, and what decides",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """One command a study."""
    parser.epilog = """examples:
  impact-tracker study paradigms --example > scenario.yaml
  impact-tracker study paradigms scenario.yaml"""
    studies = parser.add_subparsers(dest="study", metavar="STUDY", title="studies", required=True)
    for name, about in measured.ABOUT.items():
        below = studies.add_parser(
            name,
            help=about,
            description=f"{about[0].upper()}{about[1:]}.",
            epilog=measured.examples_of(name),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        measured.add_arguments(below)
        below.set_defaults(run_action=measured.run)
    for name, about in STUDIES.items():
        add_action(studies, name, import_module(f".{name}", __name__), about)


def run(args: argparse.Namespace) -> int:
    """The chosen study's exit code."""
    return run_action(args)
