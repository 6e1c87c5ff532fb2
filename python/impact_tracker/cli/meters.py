"""Which meter to believe: one workload under every meter that is installed, repeated and interleaved.

Without a command a workload of our own is run: all processors (or a GPU) busy and idle in turn.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..system import usable_processors
from .options import add_json, add_quiet, print_json

if TYPE_CHECKING:
    from ..studies.meters.measure import MeasuredCommand
    from ..studies.meters.meter import Absence, FoundMeter

EXAMPLES = """examples:
  impact-tracker meters --list
  impact-tracker meters --seconds 20 --rounds 5
  impact-tracker meters --only impact-tracker,codecarbon,zeus -- python train.py
  impact-tracker meters --python codecarbon=/opt/codecarbon/bin/python --figure meters.svg
  impact-tracker meters --power wattmeter=plug.csv --reference wattmeter -- python train.py
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which meters, which workload, how often."""
    parser.usage = "impact-tracker meters [options] [-- COMMAND [ARG ...]]"
    parser.epilog = EXAMPLES
    which = parser.add_argument_group("meters")
    which.add_argument("--list", action="store_true", help="which meters are known and which of them are here, and end")
    which.add_argument("--only", metavar="NAMES", help="these meters, with commas (default: all that are here)")
    which.add_argument(
        "--python", action="append", default=[], metavar="NAME=PATH", help="interpreter of a meter's environment"
    )
    which.add_argument(
        "--power", action="append", default=[], metavar="NAME=CSV",
        help="a log of time and power_w of a meter that runs by itself: a wattmeter, a BMC, Alumet, PowerAPI",
    )  # fmt: skip
    which.add_argument("--reference", metavar="NAME", help="the meter that the others are held against")
    what = parser.add_argument_group("workload")
    what.add_argument("--workload", choices=("cpu", "gpu"), default="cpu", help="of our own, without a command (cpu)")
    what.add_argument("--seconds", type=float, default=20.0, help="how long it takes (20)")
    what.add_argument("--rounds", type=int, default=5, metavar="N", help="times that each meter sees it (5)")
    what.add_argument("--interval", type=float, default=1.0, metavar="S", help="seconds between samples of meters (1)")
    what.add_argument("--rest", type=float, default=1.0, metavar="S", help="seconds between runs (1)")
    what.add_argument("--seed", type=int, default=1, help="of the shuffled order (1)")
    out = parser.add_argument_group("output")
    out.add_argument("--figure", metavar="FILE", help="a figure: .svg, .png, .pdf")
    add_json(out, "unrounded, with every reading, for programs")
    add_quiet(out)


def run(args: argparse.Namespace) -> int:
    """Prints the comparison. ValueError, OSError, ImportError: why there is none."""
    from ..studies.meters.compare import compared
    from ..studies.meters.measure import MeterError, MeterReading, of_estimators, of_series, run_all
    from ..studies.meters.meter import BARE
    from ..studies.meters.show import MeterStudy, as_dict, draw, page_of
    from ..values.statistics import require_scipy

    places, absent = _places(args)
    if args.list:
        return _list(args, places, absent)
    require_scipy()
    if args.rounds < 1 or not args.seconds > 0 or not args.interval > 0 or args.rest < 0:
        raise ValueError("--rounds, --seconds and --interval must be above 0, --rest 0 or more")
    series = dict(_named(text, "--power") for text in args.power)
    names = [place.meter.name for place in places if place.meter is not BARE] + list(series)
    reference = args.reference or next(
        (n for n in ("truth", "wattmeter", "bmc") if n in series), names[0] if names else ""
    )
    if reference not in names:
        raise ValueError(f"--reference {reference!r} is none of the meters here: {', '.join(names)}")
    workload = _workload(args)

    def told(text: str) -> None:
        if not args.quiet:
            print(f"impact-tracker meters: {text}", file=sys.stderr, flush=True)

    try:
        readings = run_all(
            places, workload, args.rounds, interval_s=args.interval, rest_s=args.rest, seed=args.seed, told=told
        )
    except MeterError as error:
        raise ValueError(str(error)) from error
    processors = usable_processors()

    def usage(reading: MeterReading) -> float:
        return min(1.0, reading.cpu_s / (reading.duration_s * processors))

    estimators = [place.meter.name for place in places if place.meter.how == "estimate"]
    readings += of_estimators(estimators, readings, usage)
    measured = [reading for reading in readings if reading.meter == BARE.name]
    for name, path in series.items():
        readings += of_series(name, path, measured)
    study = MeterStudy(
        workload.title, reference, args.reference is not None or reference in series, places, absent, readings,
        compared(readings, reference),
    )  # fmt: skip
    if args.figure:
        draw(study, Path(args.figure))
    if args.json:
        print_json(as_dict(study))
    else:
        from ..report.page import show

        show(page_of(study))
    return 0


def _places(args: argparse.Namespace) -> tuple[list[FoundMeter], list[Absence]]:
    """The meters that are here, and those that are not. ValueError for a name that is none."""
    from ..studies.meters.meter import BARE, METERS, Absence, find, meter_of

    pythons = dict(_named(text, "--python") for text in args.python)
    for name in pythons:
        meter_of(name)
    logged = {_named(text, "--power")[0] for text in args.power}
    wanted = list(METERS)
    if args.only:
        wanted = [BARE] + [
            meter_of(name.strip()) for name in args.only.split(",") if name.strip() not in ("bare", *logged)
        ]
    places, absent = [], []
    for meter in wanted:
        place = find(meter, pythons)
        if isinstance(place, Absence):
            if meter.name not in logged:
                absent.append(place)
        else:
            places.append(place)
    return places, absent


def _named(text: str, option: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name or not value:
        raise ValueError(f"{option} takes NAME=VALUE, not {text!r}")
    return name, value


def _workload(args: argparse.Namespace) -> MeasuredCommand:
    from ..studies.meters.measure import MeasuredCommand

    if args.behind:
        return MeasuredCommand(args.behind, " ".join(args.behind)[:60])
    module = "impact_tracker.studies.meters.workload"
    words = [sys.executable, "-m", module, args.workload, str(args.seconds)]
    return MeasuredCommand(words, f"our workload of the {args.workload.upper()}, {args.seconds:g} s")


def _list(args: argparse.Namespace, places: list[FoundMeter], absent: list[Absence]) -> int:
    from ..report.page import Page, Table, show

    here = [
        (p.meter.name, p.version or ("a part of this package" if p.meter.how != "none" else ""), p.meter.sees)
        for p in places
    ]
    away = [(a.meter.name, a.reason) for a in absent]
    if args.json:
        print_json({"here": [row[0] for row in here], "absent": dict(away)})
        return 0
    show(Page(f"{len(here)} of {len(here) + len(away)} meters can be used here", [
        Table(("meter", "version", "it counts"), here), Table(("absent", "why, and what helps"), away),
    ]))  # fmt: skip
    return 0
