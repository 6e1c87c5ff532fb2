"""Watts live: devices and processes of this machine, or a record while it is written."""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import time
from typing import TYPE_CHECKING, cast

from .options import add_json

if TYPE_CHECKING:
    from ..live.snapshot import LiveWatch
    from ..live.watches import MachineWatch


_CLOSING_S = 3.0
_OPENING = "the machine's readers and drivers are being opened"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What is watched, and how."""
    parser.epilog = """examples:
  impact-tracker top                     # this machine: devices, processes and jobs by watts
  impact-tracker top runs/a              # a record, also while it is written: budget left, forecast, regions
  impact-tracker top --once --json       # one look, for programs

keys: space freezes, s is the next order, / filters, tab shows processes, jobs or regions, arrows scroll, p writes the
screen as an SVG, q ends"""
    parser.add_argument("place", nargs="?", metavar="RECORD", help="a record or its logdir (default: this machine)")
    parser.add_argument("--interval", type=float, default=1.0, metavar="S", help="seconds between two looks (1)")
    parser.add_argument("--once", action="store_true", help="one look, after one interval, and no screen")
    add_json(parser, "with --once: for programs")
    parser.add_argument("--root", default="/", help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    """0; 2 where there is nothing to look at, with the reason."""
    from ..live.watches import MachineWatch, RecordWatch
    from ..record import find_records

    if not 0.1 <= args.interval <= 3600:
        return _refuse(f"--interval must lie between 0.1 and 3600 seconds, not {args.interval:g}")
    watch: LiveWatch
    if args.place is None:
        watch = MachineWatch(args.interval, args.root)
    else:
        paths = find_records(args.place)
        if not paths:
            return _refuse(f"no record below {args.place}")
        watch = RecordWatch(paths[0], args.root)
    is_held_up = False
    try:
        if args.once or args.json:
            return _once(watch, args)
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            return _refuse("the live view needs a terminal; --once shows one look")
        try:
            from ..live.app import TopApp
        except ImportError as error:
            return _refuse(str(error))
        app = TopApp(watch, args.interval)
        if isinstance(watch, MachineWatch) and watch.is_opening:
            app.view.waits_for = _OPENING
        app.run()
        is_held_up = app.is_held_up
        return 0
    finally:
        if is_held_up:
            _close_in_time(watch)
        else:
            watch.close()


def _close_in_time(watch: LiveWatch) -> None:
    """Close what a driver that hangs may hold up; where it does, end without it."""
    closing = threading.Thread(target=watch.close, daemon=True)
    closing.start()
    closing.join(_CLOSING_S)
    if not closing.is_alive():
        return
    from ..live.watches import MachineWatch

    if isinstance(watch, MachineWatch):
        watch.abandon()
    print("impact-tracker top: a reader or a driver does not answer, and is left as it is", file=sys.stderr, flush=True)
    os._exit(1)  # an ordinary end waits for the sampling thread, which waits for the driver


def _once(watch: LiveWatch, args: argparse.Namespace) -> int:
    if args.place is None and cast("MachineWatch", watch).is_opening:
        print(f"impact-tracker top: {_OPENING} …; Ctrl-C ends", file=sys.stderr, flush=True)
    watch.snapshot()
    if args.place is None:
        time.sleep(args.interval)
    snapshot = watch.snapshot()
    if args.json:
        print(json.dumps(snapshot.as_json(), indent=1, ensure_ascii=False))
        return 0
    from ..live.page import page_of
    from ..report.page import show

    show(page_of(snapshot))
    return 0


def _refuse(reason: str) -> int:
    print(f"impact-tracker top: {reason}", file=sys.stderr)
    return 2
