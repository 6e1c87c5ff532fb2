"""`impact-tracker bench roof`: the most that this machine does, in bytes and multiply-adds a second and a joule."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from ..options import add_json, add_quiet, print_json
from .how import PRECISION

EPILOG = """examples:
  impact-tracker bench roof
  impact-tracker bench roof --threads 1 --repeats 5 --seconds 2
  impact-tracker bench roof --device cuda --precision bf16 --json"""


def add_roof(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Its options."""
    text = "the most that this machine does: memory and multiply-adds a second, and their joules"
    roof = actions.add_parser(
        "roof",
        help=text,
        description=f"{text[0].upper()}{text[1:]}. Suites ai-benchmark and modern measure it first (--no-roof).",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,  # what stands before the word `roof` counts too
    )
    roof.add_argument("--device", help="cpu (default), cuda, cuda:1 …")
    roof.add_argument("--precision", metavar="WORD", help=PRECISION)
    roof.add_argument("--threads", type=int, metavar="N", help="default: all that it may use (affinity, quota)")
    roof.add_argument("--repeats", type=int, metavar="N", help="phases of each kind of work (3)")
    roof.add_argument("--seconds", dest="roof_s", type=float, metavar="S", help="of a phase (0.5)")
    add_json(roof)
    add_quiet(roof)
    roof.set_defaults(roof_s=None)


def run_roof(args: argparse.Namespace) -> int:
    """Its exit code. ValueError for options that make no sense, WorkerError where the worker cannot."""
    from ...bench.analyse.roof import measured_roof
    from ...bench.run.campaign import open_runner, open_tracker
    from ...bench.run.progress import Progress
    from ...bench.run.roof import QUICK_REPEATS, QUICK_S, RoofPlan, roof_runs
    from ...bench.show.roof import roof_dict, roof_page
    from ...report.page import show
    from ...values.statistics import require_scipy

    require_scipy()
    precision, threads = _single(args.precision, "precision"), _single(args.threads, "threads")
    repeats = QUICK_REPEATS if args.repeats is None else args.repeats
    seconds = QUICK_S if args.roof_s is None else args.roof_s
    if repeats < 1 or not 0 < seconds < 3600 or (isinstance(threads, int) and threads < 1):
        raise ValueError("--repeats and --threads are 1 or more, and --seconds lies above 0 and below 3600")
    plan = RoofPlan(
        args.device or "cpu",
        "fp32" if precision is None else str(precision),
        threads if isinstance(threads, int) else None,
        repeats,
        seconds,
    )
    progress = Progress(1, quiet=args.quiet)
    with tempfile.TemporaryDirectory(prefix="impact-tracker-roof-") as scratch, open_tracker(Path(scratch)) as tracker:
        runs = list(roof_runs(plan, open_runner, tracker, progress.says))
    progress.clear()
    roof = measured_roof(runs)
    if roof is None:
        print("impact-tracker bench roof: this worker is older than what asks it: build it anew", file=sys.stderr)
        return 2
    if args.json:
        print_json(roof_dict(roof, runs))
    else:
        show(roof_page(roof, runs))
    return 0


def _single(value: object, name: str) -> object:
    """The value of an option that is an axis of campaigns, and one value here."""
    if isinstance(value, tuple):
        if len(value) > 1:
            raise ValueError(f"bench roof takes one --{name}, not {len(value)}")
        return value[0]
    return value
