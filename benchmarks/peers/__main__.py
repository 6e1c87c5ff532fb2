"""Measures the trackers of today beside this one, on the same fake machine, in one run.

    python benchmarks/peers                    # all; about 40 minutes, alone on the machine
    python benchmarks/peers --quick            # fewer regions: a look, no figures to quote
    python benchmarks/peers --only ours,zeus --json figures.json

Each tool runs from an environment of its own (made under build/peers from PyPI at the first run), each figure in a
fresh process, without network, on a machine whose power is known: errors are against its integral over the region.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import measure
import table
import traps
from environments import PEERS, Peer, python_of


def chosen(only: str | None) -> list[Peer]:
    if not only:
        return list(PEERS)
    words = [word.strip().lower().replace("ours", "impact-tracker") for word in only.split(",")]
    peers = [peer for peer in PEERS if any(word in peer.label.lower() for word in words)]
    if not peers:
        raise SystemExit(f"--only {only}: none of {', '.join(peer.label for peer in PEERS)}")
    return peers


def attempt(what: str, figure: Callable[..., Any], *arguments: Any) -> Any:
    """A figure, or the text of why there is none: one tool's failure costs no other's figures."""
    print(f"  {what}", file=sys.stderr, flush=True)
    try:
        return figure(*arguments)
    except (measure.ToolFailedError, OSError) as error:
        return f"fails: {error}"


def errors_of(peer: Peer, plan: measure.Plan, ours: str) -> dict[str, dict[str, Any]]:
    measured: dict[str, dict[str, Any]] = {}
    for length_s, count in plan.counts.items():
        curves = measure.CURVES if length_s < 10 else {"slow square 4 s": measure.SLOW_SQUARE}
        measured[str(length_s)] = {
            name: attempt(f"{name}, {length_s} s", measure.accuracy, peer, ours, curve, length_s, count)
            for name, curve in curves.items()
        }
    return measured


def figures_of(peer: Peer, plan: measure.Plan, ours: str, with_traps: bool) -> dict[str, Any]:
    print(peer.label, file=sys.stderr, flush=True)
    figures: dict[str, Any] = {"label": peer.label, "package": peer.package, "errors": errors_of(peer, plan, ours)}
    count = plan.edge_count
    if plan.edge_count == 0:
        return figures
    figures["region_edges_s"] = attempt("enter + exit", measure.edges_s, peer, ours, peer.tool, count)
    if peer.tracker:
        figures["tracker_edges_s"] = attempt("start + stop", measure.edges_s, peer, ours, peer.tracker, min(count, 10))
    if peer.statement:
        figures["import_s"] = attempt("import", measure.import_s, peer, ours, plan.import_runs)
        figures["added_mib"] = attempt("memory", measure.memory_mib, peer, ours)
    figures["cpu_share"] = {
        str(interval): attempt(f"CPU every {interval} s", measure.cpu_share, peer, ours, interval, plan.cpu_s)
        for interval in peer.intervals_s
    }
    if with_traps:
        figures["traps"] = {trap: attempt(trap, traps.spring, peer, ours, trap) for trap in traps.TRAPS}
    return figures


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks/peers", description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter regions")
    parser.add_argument("--minutes", action="store_true", help="regions of 60 s alone, in which the counters wrap")
    parser.add_argument("--only", metavar="NAMES", help="parts of names, separated by commas")
    parser.add_argument("--no-traps", action="store_true")
    parser.add_argument("--json", metavar="FILE", help="write all figures there as well")
    parser.add_argument("--ours", default=sys.executable, help="interpreter that has impact_tracker")
    parser.add_argument("--install-only", action="store_true", help="make the environments and end")
    arguments = parser.parse_args(words)
    peers = chosen(arguments.only)
    for peer in peers:
        python_of(peer, arguments.ours)
    if arguments.install_only:
        return 0
    plan = measure.Plan.minutes() if arguments.minutes else measure.Plan.quick() if arguments.quick else measure.Plan()
    figures: list[dict[str, Any]] = []
    for peer in peers:
        figures.append(figures_of(peer, plan, arguments.ours, not arguments.no_traps))
        if arguments.json:  # after each tool: what was measured is kept, whatever comes
            Path(arguments.json).write_text(json.dumps(figures, indent=1) + "\n")
    print(table.render(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
