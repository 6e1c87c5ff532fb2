"""What the actions of `impact-tracker cluster` share: where jobs and power come from, over which time."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from .cluster_gates import add_gates, gates_of

if TYPE_CHECKING:
    from ..cluster import JobTable, NodeRating
    from ..cluster.accounts import Accounts, Wanted
    from ..cluster.executor import Executor
    from ..cluster.importing import Imported
    from ..cluster.protocol import PowerReader
    from ..cluster.store import PowerStore
    from ..factors import IntensityCurve


def add_jobs(parser: argparse.ArgumentParser) -> None:
    """--jobs and what they need."""
    parser.add_argument(
        "--jobs",
        action="append",
        required=True,
        metavar="FILE",
        help="jobs: output of sacct -a -D -P or sacct --json, OAR's JSON, a plain CSV; `slurm` asks this machine's "
        "Slurm, an http address asks OAR's REST. May be given several times",
    )
    parser.add_argument(
        "--time-zone", default="UTC", metavar="ZONE", help="of times without an offset, as in Europe/Paris (UTC)"
    )
    add_credentials(parser)


def add_credentials(parser: argparse.ArgumentParser) -> None:
    """--credentials: never on the command line, which others can see."""
    parser.add_argument(
        "--credentials",
        metavar="FILE",
        help="USER:PASSWORD or a token for services (else the environment's IMPACT_TRACKER_CLUSTER_CREDENTIALS)",
    )


def add_power(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """--power, --nodes, and how files of power are read."""
    parser.add_argument(
        "--power",
        action="append",
        required=required,
        metavar="PATH",
        help="power: a store made by `cluster import`, CSV or Parquet files, a folder of this tracker's records; "
        "`scheduler`: the jobs' own energies. May be given several times",
    )
    parser.add_argument("--unit", help="of the files' values: W (default), mW, kW, J, kWh …")
    parser.add_argument("--node", help="of files without a column of nodes")
    parser.add_argument("--part", default="node", help="what the files' meters measure: node, gpu, facility, it (node)")
    parser.add_argument(
        "--column",
        action="append",
        default=[],
        metavar="WHAT=NAME",
        help="a file's own name of time, node, value, part",
    )


def add_window(parser: argparse.ArgumentParser) -> None:
    """--from and --to."""
    parser.add_argument("--from", dest="begin", metavar="TIME", help="begin, as 2025-01-01 or 2025-01-01T08:00 (UTC)")
    parser.add_argument("--to", dest="end", metavar="TIME", help="end, not included (as far as the power goes)")


def add_accounting(parser: argparse.ArgumentParser) -> None:
    """How energy is integrated and where that is computed."""
    parser.add_argument("--nodes", metavar="FILE", help="CSV of nodes: node, cores, gpus, memory_gb, idle_w, rated_w …")
    add_window(parser)
    parser.add_argument("--mode", choices=("trapezoid", "hold"), default="trapezoid", help="between two readings")
    parser.add_argument(
        "--meter-error", type=float, default=0.02, metavar="REL", help="95 %% error of meters nobody states (0.02)"
    )
    add_gates(parser)
    parser.add_argument("--dask", metavar="ADDRESS", help="compute on the workers of this Dask scheduler")
    parser.add_argument("--workers", type=int, metavar="N", help="threads of this machine (one a processor)")


def moment_ns(text: str | None, option: str) -> int | None:
    """A time in UTC as nanoseconds. ValueError for a text that is none."""
    if text is None:
        return None
    for form in ("%Y-%m-%d", "%Y-%m", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"):
        try:
            return int(datetime.strptime(text, form).replace(tzinfo=timezone.utc).timestamp()) * 10**9
        except ValueError:
            continue
    raise ValueError(f"{option} is a time as 2025-01-01 or 2025-01-01T08:00 (UTC), not {text!r}")


def jobs_of(args: argparse.Namespace, begin_ns: int | None, end_ns: int | None) -> JobTable:
    """All jobs that were given."""
    from ..cluster.readers.any_jobs import joined_jobs, read_jobs
    from ..cluster.readers.oar import OarJobs
    from ..cluster.readers.sacct import live_sacct
    from ..cluster.readers.web import JsonService, credentials

    tables = []
    for place in args.jobs:
        if place == "slurm":
            if begin_ns is None:
                raise ValueError("--jobs slurm needs --from: the accounting of all years may be large")
            end = datetime.now(timezone.utc) if end_ns is None else datetime.fromtimestamp(end_ns / 1e9, timezone.utc)
            tables.append(live_sacct(datetime.fromtimestamp(begin_ns / 1e9, timezone.utc), end))
        elif place.startswith(("http://", "https://")):
            secret = credentials(args.credentials, "IMPACT_TRACKER_CLUSTER_CREDENTIALS")
            tables.append(OarJobs(JsonService(place, secret)).read(begin_ns, end_ns))
        else:
            tables.append(read_jobs(place, time_zone=args.time_zone))
    return joined_jobs(tables)


def _there(place: str) -> Path:
    path = Path(place)
    if not path.exists():
        raise FileNotFoundError(f"there is nothing at {place}: give a store, a CSV, a Parquet file or records")
    return path


def reader_of(args: argparse.Namespace, place: str) -> PowerReader:
    """The reader of a file, or of a folder of records."""
    from ..cluster.readers.power_files import PowerFile
    from ..cluster.readers.records import RecordPower

    path = _there(place)
    if path.is_dir() or path.suffix == ".jsonl":
        if path.is_dir() and not any(path.rglob("*.jsonl")):
            raise ValueError(f"{place}: a folder without a record (*.jsonl): give a store, a CSV, Parquet, records")
        return RecordPower(path)
    columns = dict(pair.split("=", 1) for pair in args.column if "=" in pair)
    return PowerFile(path, args.unit, args.node, args.part, getattr(args, "time_zone", "UTC"), columns)


@contextmanager
def power_of(args: argparse.Namespace) -> Iterator[PowerStore]:
    """The store that was given, or one made of the files for as long as it is needed."""
    from ..cluster.store import PowerStore

    stores = [place for place in args.power if PowerStore.is_one(place)]
    if len(args.power) == 1 and stores:
        yield PowerStore(Path(stores[0]))
        return
    for place in sorted({*args.power} - {"scheduler"}):
        _there(place)
    if stores:
        raise ValueError(
            f"{stores[0]} is a store and stands alone: impact-tracker cluster import adds the others to it"
        )
    with tempfile.TemporaryDirectory(prefix="impact-tracker-power-") as folder:
        store = PowerStore(Path(folder))
        for place in args.power:
            if place == "scheduler":
                fill(store, _scheduler_power(args), args)
            else:
                fill(store, reader_of(args, place), args)
        yield store


def _scheduler_power(args: argparse.Namespace) -> PowerReader:
    """What the jobs' own energies say of the nodes."""
    from ..cluster.readers.slurm_energy import SchedulerPower

    return SchedulerPower(jobs_of(args, moment_ns(args.begin, "--from"), moment_ns(args.end, "--to")))


def fill(store: PowerStore, reader: PowerReader, args: argparse.Namespace) -> Imported:
    """Import from one reader, with what it could not read on standard error."""
    from ..cluster.importing import import_power
    from ..cluster.readers.power_files import span_of_everything

    begin, end = span_of_everything()
    begin_ns, end_ns = moment_ns(args.begin, "--from"), moment_ns(args.end, "--to")
    done = import_power(
        reader,
        store,
        begin if begin_ns is None else begin_ns,
        end if end_ns is None else end_ns,
        progress=progress_line("importing"),
    )
    for row in done.rejected[:5]:
        print(f"{row.source}, line {row.line}: {row.reason}", file=sys.stderr)
    if done.rejected_count > 5:
        print(f"{done.rejected_count} readings were kept aside; the first 5 are above", file=sys.stderr)
    for finding in done.findings[:5]:
        print(finding.text, file=sys.stderr)
    return done


def progress_line(what: str) -> Callable[[int, int], None]:
    """Says how far it is, at most once a second and on a terminal alone."""
    last = [time.monotonic()]

    def tell(done: int, count: int) -> None:
        if sys.stderr.isatty() and (time.monotonic() - last[0] > 1.0 or done == count > 50):
            print(f"\r{what} {done} of {count}", end="\n" if done == count else "", file=sys.stderr, flush=True)
            last[0] = time.monotonic()

    return tell


def ratings_from(args: argparse.Namespace) -> dict[str, NodeRating]:
    """The file of nodes; nothing without it."""
    from ..cluster.ratings import read_ratings

    return read_ratings(args.nodes) if args.nodes else {}


def wanted_of(args: argparse.Namespace, curve: IntensityCurve | None = None) -> Wanted:
    """The window, how to integrate, and a curve; the gates need the jobs first."""
    from ..cluster.accounts import Wanted
    from ..cluster.reports.weights import step_curve

    if not 0.0 <= args.meter_error < 1.0:
        raise ValueError(f"--meter-error is a share from 0 to 1, not {args.meter_error}")
    return Wanted(
        moment_ns(args.begin, "--from"),
        moment_ns(args.end, "--to"),
        args.mode,
        curve=None if curve is None else step_curve(curve),
        meter_error=args.meter_error,
    )


@contextmanager
def executor_of(args: argparse.Namespace) -> Iterator[Executor]:
    """Threads, or the workers of a Dask scheduler."""
    from ..cluster.executor import DaskWorkers, LocalThreads

    if args.dask is None:
        yield LocalThreads(args.workers)
        return
    workers = DaskWorkers(args.dask)
    try:
        yield workers
    finally:
        workers.close()


def accounts_from(args: argparse.Namespace, store: PowerStore, curve: IntensityCurve | None = None) -> Accounts:
    """The accounts of what was given, with pseudonyms where they are asked for."""
    from ..cluster.accounting import account

    wanted = wanted_of(args, curve)
    table = jobs_of(args, wanted.begin_ns, wanted.end_ns)
    if getattr(args, "pseudonyms", None) is not None:
        from ..cluster.reports.pseudonyms import pseudonymised, read_key

        table = pseudonymised(table, read_key(args.pseudonyms or None), args.hide.split(","))
    wanted = replace(wanted, gates=gates_of(args, store, table))
    with executor_of(args) as executor:
        return account(table, store, nodes=ratings_from(args), wanted=wanted, executor=executor)
