"""Serve this machine's energy: to Prometheus over HTTP, to a collector over OTLP, to a group of users over a socket.

Without --from the machine is measured here, by whoever runs this. With it the values come from a reader, the one
process that may read counters: `impact-tracker serve --reader`, run by root. docs/service.md has the whole set-up.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..exporter.unit import GROUP, SOCKET
from .options import add_json

if TYPE_CHECKING:
    from ..exporter.meter import MachineMeter
    from ..exporter.service import Address, SnapshotSource

LISTEN = "127.0.0.1:9099"
_EXAMPLES = """examples:
  impact-tracker serve                                            # http://127.0.0.1:9099/metrics
  impact-tracker serve --listen :9099 --interval 5 --output /var/lib/impact
  impact-tracker serve --otlp http://127.0.0.1:4318
  impact-tracker serve --reader --group impact-tracker            # as root: measures, and tells the group
  impact-tracker serve --from /run/impact-tracker/reader.sock     # as anybody in the group: no root
  impact-tracker serve --from /run/impact-tracker/reader.sock --once --json
  impact-tracker serve --board > board.json                       # for Grafana: Dashboards, Import
  impact-tracker serve --unit reader > /etc/systemd/system/impact-tracker-reader.service"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What is served, to whom, and what is only printed."""
    parser.epilog = _EXAMPLES
    parser.add_argument("--listen", default=LISTEN, metavar="HOST:PORT", help=f"of the exporter ({LISTEN})")
    parser.add_argument("--otlp", metavar="URL", help="push to an OpenTelemetry collector too (extra serve)")
    parser.add_argument("--interval", type=float, default=1.0, metavar="S", help="seconds between values (1; >= 0.1)")
    parser.add_argument("--sources", metavar="NAMES", help="names of sources, with commas (default: all; see doctor)")
    parser.add_argument("-o", "--output", metavar="DIR", help="keep a record there (default: none is kept)")
    parser.add_argument("--config", metavar="FILE", help='configuration file, "none" for none')
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--reader", action="store_true", help="tell a group of users over a socket, no HTTP; as root")
    what.add_argument("--from", dest="from_socket", metavar="SOCKET", help="take the values of the reader there")
    what.add_argument("--board", action="store_true", help="print a board for Grafana and end")
    what.add_argument("--unit", choices=("exporter", "reader"), help="print the part's unit for systemd and end")
    parser.add_argument("--socket", default=SOCKET, metavar="PATH", help=f"of the reader ({SOCKET})")
    parser.add_argument("--group", default=GROUP, metavar="NAME", help=f"whom the reader tells ({GROUP})")
    parser.add_argument("--once", action="store_true", help="print the values after one interval and end, no service")
    add_json(parser, "with --once: as JSON, not as metrics")


def run(args: argparse.Namespace) -> int:
    """0 after SIGTERM or SIGINT. ValueError and OSError name what cannot be, and what mends it."""
    from ..exporter.service import SHORTEST_INTERVAL_S, read_address

    if args.board:
        from ..exporter.board import board

        print(board(), end="")
        return 0
    address = read_address(args.listen)
    if args.unit:
        print(_unit(args), end="")
        return 0
    if not SHORTEST_INTERVAL_S <= args.interval <= 3600:
        raise ValueError(f"--interval is {SHORTEST_INTERVAL_S:g} to 3600 seconds, not {args.interval:g}")
    if args.json and not args.once:
        raise ValueError("--json needs --once; the service speaks OpenMetrics, and OTLP with --otlp")
    if args.from_socket and (args.sources or args.output):
        raise ValueError("--sources and --output belong to whoever measures: give them to the reader, not with --from")
    if args.once:
        return _once(args)
    return _read(args) if args.reader else _export(args, address)


def _unit(args: argparse.Namespace) -> str:
    from ..exporter.unit import unit

    program = shutil.which("impact-tracker") or str(Path(sys.argv[0]).resolve())
    return unit(args.unit, program=program, listen=args.listen, socket=args.socket, group=args.group)


def _machine(args: argparse.Namespace) -> MachineMeter:
    from ..config import resolve
    from ..exporter.meter import MachineMeter

    if args.reader:  # which asks no other reader: what that told an interval ago would be told anew as of now
        os.environ["IMPACT_TRACKER_SERVICE_SOCKET"] = "off"
    given = {"interval_s": args.interval, "sources": args.sources, "logdir": args.output}
    return MachineMeter(resolve(given, config=args.config), keeps_record=args.output is not None)


def _meter(args: argparse.Namespace) -> SnapshotSource:
    from ..exporter.remote import RemoteMeter

    if not args.from_socket:
        return _machine(args)
    path = Path(args.from_socket)

    def tell(problem: str) -> None:
        if not args.once:  # which ends with the problem as its error
            _tell(problem or f"{path} answers again")

    return RemoteMeter(path, oldest_s=3 * args.interval + 60.0, tell=tell)


def _once(args: argparse.Namespace) -> int:
    """The values of one interval, or from the reader what it has now."""
    import time

    from ..exporter.families import families_of
    from ..exporter.remote import RemoteMeter
    from ..exporter.snapshot import encoded
    from ..interop.metric_text import metric_text

    meter = _meter(args)
    try:
        snapshot = meter.snapshot()
        if not isinstance(meter, RemoteMeter):
            time.sleep(args.interval)
            snapshot = meter.snapshot()
        elif snapshot is None:
            raise OSError(meter.problem or f"the reader at {args.from_socket} knows nothing yet: ask again")
    finally:
        meter.close()
    if snapshot is None:
        raise OSError("nothing is measured here: impact-tracker doctor says why")
    print(encoded(snapshot).decode() + "\n" if args.json else metric_text(families_of(snapshot)), end="")
    return 0


def _tell(text: str) -> None:
    print(f"impact-tracker serve: {text}", file=sys.stderr, flush=True)


def _export(args: argparse.Namespace, address: Address) -> int:
    from ..exporter.otlp import OtlpPush
    from ..exporter.service import Exporter, run_until_signal

    push = OtlpPush(args.otlp, args.interval) if args.otlp else None
    meter = _meter(args)
    try:
        exporter = Exporter(meter, args.interval, push)
        run_until_signal(lambda ended: exporter.run(address, lambda at: _tell(f"http://{at}/metrics"), ended))
    finally:
        meter.close()
        if push is not None:
            push.close()
    return 0


def _read(args: argparse.Namespace) -> int:
    from ..exporter.reader import Reader, group_number
    from ..exporter.service import run_until_signal

    gid, path = group_number(args.group), Path(args.socket)
    meter = _machine(args)
    try:
        reader = Reader(meter, args.interval, gid)

        async def serve(ended: asyncio.Event) -> None:
            await reader.run(path, lambda: _tell(f"{path}, for the group {args.group}"), ended)

        run_until_signal(serve)
    finally:
        meter.close()
    return 0
