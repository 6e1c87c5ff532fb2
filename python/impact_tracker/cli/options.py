"""Options that several commands share, and progress."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")
_PATIENCE_S = 0.5


def add_weighing(parser: argparse.ArgumentParser) -> None:
    """--zone or --intensity, and --pue."""
    place = parser.add_mutually_exclusive_group()
    place.add_argument("--zone", help='country of the electricity (FR, FRA, France), "world" for the average')
    place.add_argument(
        "--intensity", type=float, metavar="G_PER_KWH", dest="intensity_g_per_kwh", help="its carbon intensity instead"
    )
    parser.add_argument("--pue", type=float, help="power usage effectiveness of the site (1 or more)")


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
