"""The figures of one tool on the fake machine, each from a fresh process, held against the machine's truth."""

from __future__ import annotations

import json
import math
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tests"))

from environments import Peer, python_of  # noqa: E402

from fakes import zones  # noqa: E402
from fakes.machine import FakeMachine  # noqa: E402

HARNESS = Path(__file__).parent / "inside" / "harness.py"
CURVES = {"constant": "constant:100", "square 50 ms": "square:20:180:50ms", "sine 30 ms": "sine:100:80:30ms"}
SLOW_SQUARE = "square:20:180:4s"
WRAP_J = 700.0  # of the zones of regions of a minute: several wraps in each


class ToolFailedError(RuntimeError):
    """The tool's process ended badly; the message is its last line."""


@dataclass
class Errors:
    """Of regions of one length: relative to the mean true energy; missing: regions without a number."""

    rms: float
    median: float
    bias: float
    count: int
    missing: int


@dataclass
class Plan:
    """Regions by length in seconds, and how long to watch the CPU."""

    counts: dict[float, int] = field(default_factory=lambda: {0.01: 100, 0.1: 50, 1.0: 10, 10.0: 3})
    edge_count: int = 30
    import_runs: int = 3
    cpu_s: float = 20.0

    @classmethod
    def quick(cls) -> Plan:
        return cls({0.01: 20, 0.1: 10, 1.0: 3}, edge_count=8, import_runs=1, cpu_s=4.0)

    @classmethod
    def minutes(cls) -> Plan:
        return cls({60.0: 3}, edge_count=0)


def ask(machine: FakeMachine, peer: Peer, ours: str, tool: str, mode: str, **options: Any) -> dict[str, Any]:
    """Runs the harness on the machine in the tool's environment."""
    command = [python_of(peer, ours), str(HARNESS), tool, mode, json.dumps(options)]
    # A path to our package is no business of another tool's environment.
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH" or peer.package is None}
    done = machine.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600)
    lines = done.stdout.splitlines()
    if done.returncode != 0 or not lines:
        last = [line for line in done.stderr.splitlines() if line.strip()][-1:] or ["no word of why"]
        raise ToolFailedError(f"exit code {done.returncode}: {last[0][:160]}")
    answer: dict[str, Any] = json.loads(lines[-1])
    return answer


def errors_of(rows: Sequence[tuple[int, int, float | None]], machine: FakeMachine) -> Errors:
    truths = [machine.truth.energy_j(t0, t1) for t0, t1, _ in rows]
    mean = statistics.fmean(truths)
    off = [(row[2] - truth) / mean for row, truth in zip(rows, truths) if row[2] is not None]
    if not off:
        return Errors(math.nan, math.nan, math.nan, len(rows), len(rows))
    rms = math.sqrt(statistics.fmean(error**2 for error in off))
    median = statistics.median(abs(error) for error in off)
    return Errors(rms, median, statistics.fmean(off), len(rows), len(rows) - len(off))


def accuracy(peer: Peer, ours: str, curve: str, length_s: float, count: int) -> dict[str, Any]:
    wrap = {"range_uj": int(WRAP_J * 1e6)} if length_s >= 60 else {}
    with FakeMachine(zones.server(curve, **wrap), network=False) as machine:
        answer = ask(machine, peer, ours, peer.tool, "accuracy", length_s=length_s, count=count)
        return asdict(errors_of(answer["rows"], machine))


def edges_s(peer: Peer, ours: str, tool: str, count: int) -> float:
    """Median enter + exit, in seconds."""
    with FakeMachine(zones.server(), network=False) as machine:
        return statistics.median(ask(machine, peer, ours, tool, "edges", count=count)["times_s"])


def import_s(peer: Peer, ours: str, runs: int) -> float:
    """Median of fresh processes, the files in the page cache."""
    with FakeMachine(zones.server(), network=False) as machine:
        times = [ask(machine, peer, ours, "-", "import", statement=peer.statement)["import_s"] for _ in range(runs + 1)]
        return statistics.median(times[1:])


def cpu_share(peer: Peer, ours: str, interval_s: float, duration_s: float) -> float:
    """Share of one core, two sockets with dram as plain files: a read costs what sysfs costs."""
    four = zones.server("constant:100", sockets=2, dram="constant:20")
    with FakeMachine(four, files=True, network=False) as machine:
        return float(
            ask(machine, peer, ours, peer.tool, "cpu", interval_s=interval_s, duration_s=duration_s)["cpu_share"]
        )


def memory_mib(peer: Peer, ours: str) -> float:
    with FakeMachine(zones.server(), network=False) as machine:
        return float(ask(machine, peer, ours, peer.tool, "memory")["added_mib"])
