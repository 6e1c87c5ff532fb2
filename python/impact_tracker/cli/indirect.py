"""Consequences that somebody declares (rebound, loops), after ITU-T L.1480, apart from what was measured."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from .any_runs import add_format, runs_of
from .options import add_reweighing

if TYPE_CHECKING:
    from ..interop import Run


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
    from ..footprint import read_consequences

    if args.draws < 1:
        raise ValueError(f"--draws must be 1 or more, not {args.draws}")
    found = read_consequences(args.file, draws=args.draws)
    args.newest = False
    measured = runs_of(args) if args.place else []
    if args.json:
        document = {"declared": found.as_dict(), "measured": [_document(one) for one in measured]}
        print(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False))
        return 0
    print("\n".join(found.lines()))
    if args.explain:
        print("\n".join(["", *found.explain()]))
    if measured:
        print("\n".join(["", "Measured, and in none of the sums above:", *(f"  {_said(one)}" for one in measured)]))
    return 0


def _said(one: Run) -> str:
    grams = one.carbon
    if grams.value is None:
        return f"{one.name}: not known, {grams.note}"
    return f"{one.name}: {grams.value:.4g} g of CO2e ({grams.low:.3g} to {grams.high:.3g}, {grams.quality})"


def _document(one: Run) -> dict[str, Any]:
    return {"name": one.name, "origin": one.origin, **one.carbon.as_dict()}
