"""Runs in a tool's own environment on the fake machine: one figure a process, one JSON line of output.

    python harness.py TOOL accuracy|edges|import|cpu|memory '{"length_s": 0.1, "count": 50}'

Standard library only; the tools are in tools.py beside it.
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tools

Figures = dict[str, Any]


def accuracy(tool_class: type[tools.Tool], length_s: float, count: int, fault: str = "") -> Figures:
    """Regions of a given length at random phases: the clock first and last inside the body, and what the tool says.

    fault: what is told to the machine a second into each body, e.g. "eio * for 2".
    """
    tool = tool_class(1.0)
    phase = random.Random(7)
    rows = []
    for _ in range(count):
        time.sleep(phase.uniform(0, 0.06))
        tool.enter()
        t0 = time.monotonic_ns()
        if fault:
            time.sleep(1)
            Path("/sys/class/powercap/.control").write_text(fault)
        time.sleep(length_s - (1 if fault else 0))
        t1 = time.monotonic_ns()
        tool.exit()
        rows.append((t0, t1, tool.energy_j()))
    tool.close()
    return {"rows": rows}


def edges(tool_class: type[tools.Tool], count: int) -> Figures:
    """Seconds of enter + exit of each of some empty regions."""
    tool = tool_class(1.0)
    times = []
    for _ in range(count + 2):
        begin = time.perf_counter()
        tool.enter()
        tool.exit()
        times.append(time.perf_counter() - begin)
        tool.energy_j()
        time.sleep(0.005)
    tool.close()
    return {"times_s": times[2:]}


def import_time(statement: str) -> Figures:
    """Of the first line of a user's program: a package may put off what its class needs."""
    code = compile(statement, "import", "exec")
    begin = time.perf_counter()
    exec(code, {})
    taken = time.perf_counter() - begin
    return {"import_s": taken}


def descendants() -> list[int]:
    """This process and all that it has started."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            text = (entry / "stat").read_text()
        except OSError:
            continue
        parents.setdefault(int(text.rsplit(")", 1)[1].split()[1]), []).append(int(entry.name))
    pids, queue = [], [os.getpid()]
    while queue:
        pid = queue.pop()
        pids.append(pid)
        queue += parents.get(pid, [])
    return pids


def cpu_s() -> float:
    """CPU seconds of this process and its living descendants, to the nanosecond (CPUCLOCK_SCHED of each pid)."""
    total = 0.0
    for pid in descendants():
        try:
            total += time.clock_gettime((~pid << 3) | 2)
        except OSError:
            continue
    return total


def rss_mib() -> float:
    """Proportional memory of this process and its descendants."""
    total = 0
    for pid in descendants():
        try:
            rows = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(row.split()[1]) for row in rows if row.startswith("Pss:"))
    return total / 1024


def settle(limit_s: float = 20.0) -> None:
    """Waits until what the tool starts has started: processes of its own import for seconds."""
    deadline = time.monotonic() + limit_s
    before, used = cpu_s(), 1.0
    while used > 0.15 and time.monotonic() < deadline:
        time.sleep(1.0)
        now = cpu_s()
        before, used = now, now - before


def cpu(tool_class: type[tools.Tool], interval_s: float, duration_s: float) -> Figures:
    """Share of one core that sampling takes while the program sleeps, start-up and shut-down apart."""
    tool = tool_class(interval_s)
    tool.enter()
    settle()
    begin_cpu, begin = cpu_s(), time.monotonic()
    time.sleep(duration_s)
    end_cpu, end = cpu_s(), time.monotonic()
    tool.exit()
    energy = tool.energy_j()
    tool.close()
    return {"cpu_share": (end_cpu - begin_cpu) / (end - begin), "energy_j": energy}


def memory(tool_class: type[tools.Tool]) -> Figures:
    before = rss_mib()
    tool = tool_class(1.0)
    tool.enter()
    settle()
    after = rss_mib()
    tool.exit()
    tool.close()
    return {"added_mib": after - before}


def main(name: str, mode: str, options: Figures) -> None:
    modes: dict[str, Callable[..., Figures]] = {"accuracy": accuracy, "edges": edges, "cpu": cpu, "memory": memory}
    output = os.dup(1)  # what a tool prints goes to stderr; stdout carries the one line
    os.dup2(2, 1)
    with tempfile.TemporaryDirectory(prefix="peers-") as directory:
        os.chdir(directory)
        figures = import_time(**options) if mode == "import" else modes[mode](getattr(tools, name), **options)
        os.chdir("/")
    os.write(output, (json.dumps(figures) + "\n").encode())


if __name__ == "__main__":  # Zeus starts processes that import this file again
    main(sys.argv[1], sys.argv[2], json.loads(sys.argv[3]))
