"""Traps that published footprints fell into, looked for in reports of any tool."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..interop.statement import Statement


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The reports, and what they do not say themselves."""
    parser.add_argument(
        "place",
        metavar="REPORT",
        nargs="+",
        help="logdir, CodeCarbon CSV, BoAmps report, log, model or climate card (.md, .yaml), SCI score, JSON of the"
        " commands report, footprint, estimate, your own file of factors",
    )
    parser.add_argument("--energy-kwh", type=float, help="energy of a model card that states only its carbon")
    parser.add_argument("--zone", help="country of a model card's electricity")
    parser.add_argument("--explain", action="store_true", help="what was checked: every number that was found stated")
    parser.add_argument("--json", action="store_true", help="for programs")


def run(args: argparse.Namespace) -> int:
    """Prints the findings, errors first; 1 if there is an error, else 0.

    ValueError, OSError: a report that cannot be read.
    """
    from ..interop.lint import lint_all

    statements = [s for place in args.place for s in _statements(place, args)]
    found = lint_all(statements)
    if args.json:
        print(json.dumps([asdict(finding) for finding in found], indent=2, ensure_ascii=False))
    else:
        if args.explain:
            print("\n".join(map(_stated, statements)))
        for finding in found:
            print(finding.line())
        print(f"{len(statements)} statements, {sum(f.level == 'error' for f in found)} errors, {len(found)} findings")
    return 1 if any(finding.level == "error" for finding in found) else 0


def _stated(statement: Statement) -> str:
    known = {
        name: value
        for name, value in asdict(statement).items()
        if value not in (None, False, "") and name not in ("where", "tolerance")
    }
    numbers = ", ".join(
        f"{name} {value:.6g}" if isinstance(value, float) else f"{name} {value}" for name, value in known.items()
    )
    return f"{statement.where}: {numbers or 'nothing that can be checked'}"


def _statements(place: str, args: argparse.Namespace) -> list[Statement]:
    from ..interop.documents import is_document, statements_in
    from ..interop.sources import read_runs
    from ..interop.statement import of_run

    if is_document(place):
        return statements_in(place, args.energy_kwh, args.zone)
    return [of_run(found) for found in read_runs(place)]
