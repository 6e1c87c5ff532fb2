"""Power of nodes into a store that reports read: from files, Prometheus, Kwollect; what broke off goes on there."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

from .cluster_input import add_credentials, add_power, add_window, fill, moment_ns, ratings_from, reader_of
from .options import add_json, print_json

if TYPE_CHECKING:
    from ..cluster.protocol import PowerReader

EXAMPLES = """examples:
  impact-tracker cluster import --store power/ --power bmc-2025.csv --unit W
  impact-tracker cluster import --store power/ --power total.parquet --part facility --node site --unit kW
  impact-tracker cluster import --store power/ --power runs/                   # this tracker's records
  impact-tracker cluster import --store power/ --prometheus http://mon:9090 --query 'ipmi_dcmi_power_watts' \\
      --step 15 --from 2025-01-01 --to 2025-02-01
  impact-tracker cluster import --store power/ --kwollect https://api.grid5000.fr/stable/sites/nancy \\
      --nodes nodes.csv --from 2025-01-01 --to 2025-02-01 --credentials ~/.g5k"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where from and where to."""
    parser.add_argument("--store", required=True, metavar="DIR", help="where the power is kept, as Parquet")
    add_power(parser, required=False)
    parser.add_argument("--time-zone", default="UTC", metavar="ZONE", help="of times without an offset (UTC)")
    add_window(parser)
    parser.add_argument("--prometheus", metavar="URL", help="ask a Prometheus; needs --query and --from")
    parser.add_argument("--query", help="PromQL whose series are nodes")
    parser.add_argument("--label", default="instance", help="label that names the node (instance)")
    parser.add_argument("--step", type=float, default=15.0, metavar="S", help="between readings (15)")
    parser.add_argument("--kwollect", metavar="URL", help="ask a Kwollect; needs --nodes or --node, and --from")
    parser.add_argument("--metric", help="Kwollect's metric (the best that there is)")
    parser.add_argument("--nodes", metavar="FILE", help="CSV of nodes")
    add_credentials(parser)
    add_json(parser, "what was done, for programs")


def run(args: argparse.Namespace) -> int:
    """0; OSError where a service does not answer after some tries: the next call goes on there."""
    from ..cluster.store import PowerStore

    readers = _readers(args)
    if not readers:
        raise ValueError("nothing to import: give --power, --prometheus or --kwollect")
    store = PowerStore(Path(args.store))
    done = [fill(store, reader, args) for reader in readers]
    if args.json:
        document = [
            {"asked": each.asked, "kept": each.kept, "samples": each.samples, "rejected_rows": each.rejected_count}
            for each in done
        ]
        print_json(document)
        return 0
    index = store.index()
    asked, kept = sum(each.asked for each in done), sum(each.kept for each in done)
    nodes = index["node"].n_unique()
    samples = done[-1].samples
    print(f"{args.store}: {samples} readings of {nodes} nodes; {asked} windows were asked, {kept} were there already")
    return 0


def _readers(args: argparse.Namespace) -> list[PowerReader]:
    from ..cluster.readers.kwollect import KwollectPower
    from ..cluster.readers.prometheus import PrometheusPower
    from ..cluster.readers.web import JsonService, credentials

    readers: list[PowerReader] = [reader_of(args, place) for place in args.power or []]
    services = [address for address in (args.prometheus, args.kwollect) if address]
    if not services:
        return readers
    if moment_ns(args.begin, "--from") is None:
        raise ValueError("a service is asked for a time: give --from, and --to where it shall end before now")
    end_ns = moment_ns(args.end, "--to")
    if end_ns is None or end_ns > time.time_ns():  # what is still to come would be marked as asked
        args.end = time.strftime("%Y-%m-%dT%H:%M:00", time.gmtime())
    secret = credentials(args.credentials, "IMPACT_TRACKER_CLUSTER_CREDENTIALS")
    if args.prometheus:
        if not args.query:
            raise ValueError("--prometheus needs --query: PromQL whose series are nodes, as in ipmi_dcmi_power_watts")
        service = JsonService(args.prometheus, secret)
        readers.append(PrometheusPower(service, args.query, args.label, args.unit or "W", args.step, args.part))
    if args.kwollect:
        nodes = tuple(ratings_from(args)) or ((args.node,) if args.node else ())
        readers.append(KwollectPower(JsonService(args.kwollect, secret), nodes, args.metric))
    return readers
