"""What the actions of `ledger` have in common: periods and persons to choose runs by."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..ledger import Filter


def add_filter(parser: argparse.ArgumentParser) -> None:
    """--from, --to, --person."""
    parser.add_argument(
        "--from", dest="begin", metavar="DATE", help="runs that began at it or later: 2026-09, 2026-09-15"
    )
    parser.add_argument("--to", dest="end", metavar="DATE", help="begun before its end")
    parser.add_argument("--person", metavar="NAME", help="runs of a person")


def filter_of(args: argparse.Namespace, project: str | None) -> Filter:
    """What was asked for. ValueError for a date that is none."""
    from ..ledger import Filter

    begin = None if args.begin is None else period_ns(args.begin)[0]
    end = None if args.end is None else period_ns(args.end)[1]
    tags = dict(pair(text, "tag") for text in getattr(args, "tag", None) or ())
    fate, stage = getattr(args, "fate", None), getattr(args, "stage", None)
    return Filter(project, begin, end, args.person, fate, stage, tags)


def period_ns(text: str) -> tuple[int, int]:
    """Begin and end of a year, month or day in UTC, or of two of them with ".." between: 2026-09..2026-10."""
    first, dots, last = text.partition("..")
    begin, end = _one_period(first)
    return (begin, _one_period(last)[1]) if dots else (begin, end)


def _one_period(text: str) -> tuple[int, int]:
    from datetime import datetime, timedelta, timezone

    try:
        parts = [int(part) for part in text.strip().split("-")]
        begin = datetime(*[*parts, 1, 1][:3], tzinfo=timezone.utc)  # type: ignore[misc, arg-type]
        if len(parts) == 1:
            end = begin.replace(year=begin.year + 1)
        elif len(parts) == 2:
            end = (begin + timedelta(days=32)).replace(day=1)
        elif len(parts) == 3:
            end = begin + timedelta(days=1)
        else:
            raise ValueError
    except (ValueError, TypeError, OverflowError):
        raise ValueError(
            f"a period is written as 2026, 2026-09, 2026-09-15 or 2026-09..2026-11, not {text!r}"
        ) from None
    return int(begin.timestamp()) * 1_000_000_000, int(end.timestamp()) * 1_000_000_000


def pair(text: str, what: str) -> tuple[str, str]:
    """NAME=VALUE in two. ValueError for another form."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise ValueError(f"a {what} reads NAME=VALUE, not {text!r}")
    return name.strip(), value.strip()
