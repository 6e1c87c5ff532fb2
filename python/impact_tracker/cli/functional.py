"""Functional units of a footprint on the command line: for each image, token, request; when using passes training."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from .any_runs import runs_of

if TYPE_CHECKING:
    from ..footprint import Footprint, Units
    from ..interop import Statement


def add_units(parser: argparse.ArgumentParser) -> None:
    """--per and --training."""
    group = parser.add_argument_group("functional units")
    group.add_argument(
        "--per",
        action="append",
        default=[],
        metavar="UNIT=AMOUNT",
        help='for each unit too, as in image=50000, "1,000 inferences=5", "year of service=0.25"; may be repeated',
    )
    group.add_argument(
        "--training", metavar="DIR", help="runs that trained what these use: after how many units using it passes them"
    )


def units_of(args: argparse.Namespace, footprint_of: Callable[[Statement], Footprint]) -> Units:
    """The units with how many of them the runs made, and carbon of the training, all its runs together, where one is
    given. ValueError for anything else."""
    from ..footprint import Units, sum_of

    amounts: dict[str, float] = {}
    for item in args.per:
        name, equals, amount = item.rpartition("=")
        try:
            amounts[name.strip()] = float(amount)
        except ValueError:
            equals = ""
        if not equals or not name.strip() or not amounts[name.strip()] > 0:
            raise ValueError(f"--per takes UNIT=AMOUNT with an amount above 0, not {item!r}")
    if args.training and not amounts:
        raise ValueError("--training needs --per UNIT=AMOUNT: what these runs used, and how often")
    if not args.training:
        return Units(amounts)
    training = argparse.Namespace(**{**vars(args), "place": args.training, "kind": None, "newest": False})
    return Units(amounts, sum_of(footprint_of(run).carbon for run in runs_of(training)))
