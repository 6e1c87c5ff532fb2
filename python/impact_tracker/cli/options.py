"""Options that several commands share, and progress."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

Item = TypeVar("Item")
_PATIENCE_S = 0.5


def add_weighing(parser: argparse.ArgumentParser) -> None:
    """--zone or --intensity, and --pue."""
    place = parser.add_mutually_exclusive_group()
    place.add_argument("--zone", help='country of the electricity (FR, FRA, France), "world" for the average')
    place.add_argument(
        "--intensity",
        type=float,
        metavar="G_PER_KWH",
        dest="intensity_g_per_kwh",
        help="carbon intensity of the electricity, instead",
    )
    parser.add_argument("--pue", type=float, help="power usage effectiveness of the site (1 or more)")


def add_reweighing(parser: argparse.ArgumentParser) -> None:
    """What add_weighing adds, and --year and --factors: for commands that weigh what was recorded before."""
    add_weighing(parser)
    parser.add_argument("--year", type=int, help="year of the zone's intensity; the newest known without it")
    parser.add_argument(
        "--factors", metavar="FILE", help="your own factors (TOML or JSON); they win over the bundled ones"
    )


def reweighing(args: argparse.Namespace) -> dict[str, Any]:
    """`zone`, `intensity_g_per_kwh` and `pue` as they were asked for; the file of factors is in use from here on.

    ValueError for a year without a zone, a year to come, an unknown zone, a faulty file.
    """
    from ..factors import intensity, use_overrides

    if args.factors:
        use_overrides(args.factors)
    chosen = {"zone": args.zone, "intensity_g_per_kwh": args.intensity_g_per_kwh, "pue": args.pue}
    if args.year is None:
        return chosen
    if not args.zone:
        raise ValueError("--year needs --zone: an intensity belongs to both")
    named = None if args.zone.strip().lower() == "world" else args.zone
    return {**chosen, "zone": None, "intensity_g_per_kwh": intensity(named, args.year)}


def add_recorded_runs(parser: argparse.ArgumentParser) -> None:
    """The paths of a reading command."""
    parser.add_argument("paths", nargs="+", metavar="DIR", help="logdirs, directories above them, or records")


def progress(items: Sequence[Item]) -> Iterator[Item]:
    """The items, with a bar on standard error where that is a terminal and they take longer than half a second."""
    begin, shown = time.monotonic(), False
    for index, item in enumerate(items):
        if sys.stderr.isatty() and (shown or time.monotonic() - begin > _PATIENCE_S):
            width = 30
            filled = width * index // len(items)
            sys.stderr.write(f"\rreading [{'#' * filled}{' ' * (width - filled)}] {index}/{len(items)}")
            sys.stderr.flush()
            shown = True
        yield item
    if shown:
        sys.stderr.write("\r" + " " * 60 + "\r")
        sys.stderr.flush()
