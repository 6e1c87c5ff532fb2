"""impact-tracker export: runs in the forms of journals, hubs and standards."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..interop import Run

NAME = "export"
HELP = "write runs in the form of a journal, hub or standard"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The place, the form, and what the form needs beside the run."""
    parser.add_argument("place", metavar="DIR", help="logdir, or a file or folder of another tracker")
    parser.add_argument("--to", metavar="FORM", help="form to write (see --list)")
    parser.add_argument(
        "--from", dest="kind", metavar="KIND", help="record, codecarbon, carbontracker, eit, boamps; guessed"
    )
    parser.add_argument("-o", "--output", metavar="FILE", help="where to; standard output without it")
    parser.add_argument(
        "--field", action="append", default=[], metavar="NAME=VALUE", help="what the form asks beside the run"
    )
    parser.add_argument("--zone", help="weigh with this country's electricity instead of the run's own")
    parser.add_argument("--pue", type=float, help="power usage effectiveness instead of the run's own")
    parser.add_argument("--newest", action="store_true", help="the newest run alone")
    parser.add_argument("--list", action="store_true", help="list the forms with their fields, and end")


def run(args: argparse.Namespace) -> int:
    """Writes the form; 2 where that is impossible, with the reason on standard error. No half-written file stays."""
    from ..interop.forms import FORMS, write

    if args.list:
        for name, form in FORMS.items():
            fields = f"  fields: {', '.join(form.fields)}" if form.fields else ""
            print(f"{name:<28} {form.what}{fields}")
        return 0
    try:
        if not args.to:
            raise ValueError("give a form with --to; --list shows them")
        text = _eit(args.place) if args.to == "eit" else write(args.to, _runs(args), _fields(args.field))
        if args.output:
            Path(args.output).write_text(text, encoding="utf-8")
        else:
            sys.stdout.write(text)
    except (ValueError, OSError) as fault:
        print(f"impact-tracker export: {fault}", file=sys.stderr)
        return 2
    return 0


def _fields(given: list[str]) -> dict[str, str]:
    fields = {}
    for item in given:
        name, equals, value = item.partition("=")
        if not equals:
            raise ValueError(f"--field takes NAME=VALUE, not {item!r}")
        fields[name.strip()] = value
    return fields


def _runs(args: argparse.Namespace) -> list[Run]:
    from dataclasses import replace

    from ..factors import intensity
    from ..footprint import pue_factor
    from ..interop.sources import read_runs

    runs = read_runs(args.place, args.kind)
    if args.newest:
        runs = runs[:1]
    if args.zone:
        grid = intensity(args.zone)
        runs = [
            replace(found, intensity=grid, zone=args.zone, zone_name=grid.name.rpartition(", ")[2]) for found in runs
        ]
    if args.pue is not None:
        runs = [replace(found, pue=pue_factor(args.pue).value) for found in runs]
    return list(runs)


def _eit(place: str) -> str:
    from ..interop.eit import samples_of, to_data_json
    from ..record import read_record

    return to_data_json(samples_of(read_record(place)))
