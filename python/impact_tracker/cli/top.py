"""Watts live: devices and processes of this machine, or a record while it is written."""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..live.snapshot import LiveWatch


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What is watched, and how."""
    parser.epilog = """examples:
  impact-tracker top                     # this machine: space freezes, s sorts, / filters, p writes an SVG, q ends
  impact-tracker top runs/a              # a record, also while it is written: regions, devices
  impact-tracker top --once --json       # one look, for programs"""
    parser.add_argument("place", nargs="?", metavar="RECORD", help="a record or its logdir (default: this machine)")
    parser.add_argument("--interval", type=float, default=1.0, metavar="S", help="seconds between two looks (1)")
    parser.add_argument("--once", action="store_true", help="one look, after one interval, and no screen")
    parser.add_argument("--json", action="store_true", help="with --once: for programs")
    parser.add_argument("--root", default="/", help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    """0; 2 where there is nothing to look at, with the reason."""
    from ..live.snapshot import MachineWatch, RecordWatch
    from ..record import find_records

    if not 0.1 <= args.interval <= 3600:
        return _refuse(f"--interval must lie between 0.1 and 3600 seconds, not {args.interval:g}")
    watch: LiveWatch
    try:
        if args.place is None:
            watch = MachineWatch(args.interval, args.root)
        else:
            paths = find_records(args.place)
            if not paths:
                return _refuse(f"no record below {args.place}")
            watch = RecordWatch(paths[0])
    except (OSError, ValueError) as error:
        return _refuse(str(error))
    try:
        if args.once or args.json:
            return _once(watch, args)
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            return _refuse("the live view needs a terminal; --once shows one look")
        try:
            from ..live.app import TopApp
        except ImportError as error:
            return _refuse(str(error))
        TopApp(watch, args.interval).run()
        return 0
    finally:
        watch.close()


def _once(watch: LiveWatch, args: argparse.Namespace) -> int:
    from .. import digits
    from ..live.processes import ProcessUse

    watch.snapshot()
    if args.place is None:
        time.sleep(args.interval)
    snapshot = watch.snapshot()
    if args.json:
        print(json.dumps(snapshot.as_json(), indent=1, ensure_ascii=False))
        return 0
    from ..report.page import Page, Table, show

    def watts_of(watts: float | None) -> str:
        return "–" if watts is None else digits.quantity(watts, "W")

    devices = [(d.name, watts_of(d.watts), d.quality, d.source) for d in snapshot.devices]

    def order(use: ProcessUse) -> tuple[float, int]:
        return -use.cpu_s, use.pid

    processes = [
        (str(use.pid), watts_of(use.watts), use.command, use.group)
        for use in sorted(snapshot.processes, key=order)[:20]
        if use.cpu_s > 0
    ]
    power = "power not measured" if snapshot.watts is None else digits.quantity(snapshot.watts, "W")
    tables = [Table(("device", ">W", "quality", "source"), devices)]
    if processes:
        tables.append(Table(("pid", ">W", "command", "group"), processes))
    show(Page(f"{snapshot.title}: {power}, {snapshot.quality}", tables, list(snapshot.notes)))
    return 0


def _refuse(reason: str) -> int:
    print(f"impact-tracker top: {reason}", file=sys.stderr)
    return 2
