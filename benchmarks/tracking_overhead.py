"""What tracking costs a test of the benchmark: the same inference with and without a tracker, in turns.

    .venv/bin/python benchmarks/tracking_overhead.py [--pairs N] [--seconds S] [--network NAME] [--json]

Three answers, in shares of the test's time. The CPU time of the tracker, over all of the test's cores: what the test
can lose to it. The edges: how long entering and leaving the region takes beyond the passes, against the same without a
region. The pairs: seconds with over seconds without; on a machine that does something else they scatter more than the
tracker costs, and the interval says so.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import sys
import tempfile
import time
from typing import Any, NamedTuple

from impact_tracker import ImpactTracker
from impact_tracker.runner import Runner
from impact_tracker.values.statistics import mean_of

GOAL = 1e-3


class Measured(NamedTuple):
    """One phase: seconds of the passes, seconds around them, CPU seconds of this process."""

    passes_s: float
    around_s: float
    cpu_s: float


def phase(runner: Runner, passes: int, region: Any) -> Measured:
    """The passes inside `region`."""
    prepared = runner.infer(passes=passes)
    cpu, begin = time.process_time(), time.monotonic()
    with region:
        done = prepared.run()
    return Measured(done.duration_s, time.monotonic() - begin - done.duration_s, time.process_time() - cpu)


def pair(runner: Runner, passes: int, logdir: str, interval_s: float, tracked_first: bool) -> tuple[Measured, Measured]:
    """(with, without)."""
    bare = phase(runner, passes, contextlib.nullcontext()) if not tracked_first else None
    with ImpactTracker(logdir, interval_s=interval_s) as tracker:
        tracked = phase(runner, passes, tracker.region("test", edges="tick"))
    return tracked, bare or phase(runner, passes, contextlib.nullcontext())


def summary(pairs: list[tuple[Measured, Measured]], threads: int) -> dict[str, Any]:
    """Shares of the test's time, each with its 95 % half-width over the pairs."""

    def share(values: list[float]) -> dict[str, float | None]:
        mean = mean_of(values)
        assert mean is not None
        return {"share": mean.value, "half_width": mean.half_width}

    cpu = share([(a.cpu_s - b.cpu_s) / (b.passes_s * threads) for a, b in pairs])
    edges = share([(a.around_s - b.around_s) / b.passes_s for a, b in pairs])
    logs = mean_of([math.log(a.passes_s / b.passes_s) for a, b in pairs])
    assert logs is not None
    overhead = (cpu["share"] or 0.0) + (edges["share"] or 0.0)
    return {
        "pairs": len(pairs),
        "test_s": sum(b.passes_s for _, b in pairs) / len(pairs),
        "threads": threads,
        "cpu": cpu,
        "edges": edges,
        "overhead": overhead,
        "passes": {"share": math.expm1(logs.value), "half_width": logs.half_width},
        "goal": GOAL,
        "reached": overhead <= GOAL,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pairs", type=int, default=6)
    parser.add_argument(
        "--seconds", type=float, default=30.0, help="of one phase, about; the published tests took 31 to 134"
    )
    parser.add_argument("--interval", type=float, default=1.0, help="between samples")
    parser.add_argument("--network", default="mobilenet-v2")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--worker", help="the worker's executable (default: the one the package finds)")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as logdir, Runner(args.worker) as runner:
        threads = runner.load(args.network, batch=args.batch, seed=1).threads
        assert threads is not None
        runner.warm_up(2)
        passes = max(1, round(args.seconds / (runner.warm_up(3) / 3)))
        pairs = []
        for turn in range(args.pairs):
            print(f"pair {turn + 1} of {args.pairs}, about {2 * args.seconds:.0f} s", file=sys.stderr, flush=True)
            pairs.append(pair(runner, passes, logdir, args.interval, turn % 2 == 0))
    results = summary(pairs, threads)
    if args.json:
        json.dump(results, sys.stdout, indent=2)
        return 0

    def text(name: str) -> str:
        result = results[name]
        half = "" if result["half_width"] is None else f" ± {result['half_width'] * 100:.4f}"
        return f"{result['share'] * 100:.4f}{half} %"

    print(f"{args.network}, {results['test_s']:.1f} s a test, {results['threads']} threads, {results['pairs']} pairs")
    print(f"CPU time of the tracker      {text('cpu')}")
    print(f"edges of the region          {text('edges')}")
    print(f"together                     {results['overhead'] * 100:.4f} % (goal: 0.1 %)")
    print(f"passes, with over without    {text('passes')}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
