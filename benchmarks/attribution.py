#!/usr/bin/env python3
"""How well energy is told apart: known mixes of programs on a machine whose power follows the real load.

    python benchmarks/attribution.py [--seconds 10] [--json FILE]

The machine draws 20 W and 40 W for each busy CPU; what a program caused is 40 W times its CPU time, by its own clocks.
Each mix is measured from the side of every program in it, with the idle energy nobody's (policy "none") and by use. One
line a program, then the mean absolute error, to be held against METRION's 4.2 % for CPUs (arXiv 2512.06806). The
machine should be otherwise idle: what else runs is in its power too, and rightly in nobody's share; and under "none" a
load that never ends hides the idle power ("unknown").
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "python")]

from fakes import zones  # noqa: E402
from fakes.machine import FakeMachine  # noqa: E402

IDLE_W, WATTS_PER_CPU = 20.0, 40.0

# A program of a mix: works until its standard input closes, then says what it used.
PROGRAM = """
import os, resource, select, sys, threading, time
kind, part = sys.argv[1], float(sys.argv[2])
def going(): return not select.select([0], [], [], 0)[0]
def burn(cpu_s):
    end = time.thread_time() + cpu_s
    while time.thread_time() < end: pass
def child():
    pid = os.fork()
    if pid == 0:
        burn(0.004)
        os._exit(0)
    os.waitpid(pid, 0)
def steady():
    begin = time.monotonic(); burn(0.02); rest = (time.monotonic() - begin) * (1 / part - 1)
    if rest > 0: time.sleep(rest)
step = child if kind == "children" else steady
def loop():
    while go: step()
go = True
print("ready", flush=True)
sys.stdin.readline()
def used():
    u = [resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(x.ru_utime + x.ru_stime for x in u)
before = used()
threads = [threading.Thread(target=loop) for _ in range(2 if kind == "threads" else 1)]
for t in threads: t.start()
sys.stdin.readline()
go = False
for t in threads: t.join()
print(used() - before, flush=True)
"""

# The one that looks: a tracker a program and policy, over a quiet time and the mix.
OBSERVER = """
import json, subprocess, sys, time
from contextlib import ExitStack
from impact_tracker import ImpactTracker
mix, seconds, folder, program = json.loads(sys.argv[1]), float(sys.argv[2]), sys.argv[3], sys.argv[4]
jobs = [subprocess.Popen([sys.executable, "-c", program, kind, str(part)], stdin=-1, stdout=-1, text=True)
        for kind, part in mix]
for job in jobs: job.stdout.readline()
found = []
with ExitStack() as stack:
    def of(i, policy):
        return ImpactTracker(f"{folder}/{i}-{policy}", share_of=jobs[i].pid, idle_policy=policy)
    trackers = {(i, policy): stack.enter_context(of(i, policy))
                for i in range(len(jobs)) for policy in ("none", "usage")}
    time.sleep(4)
    begin = time.monotonic_ns()
    for job in jobs: job.stdin.write("go\\n"); job.stdin.flush()
    time.sleep(seconds)
    for job in jobs: job.stdin.write("end\\n"); job.stdin.flush()
    used = [float(job.stdout.readline()) for job in jobs]
    end = time.monotonic_ns()
    time.sleep(1)
for job in jobs: job.stdin.close(); job.wait()
for (i, policy), tracker in trackers.items():
    r = tracker.result
    found.append({"program": i, "policy": policy, "cpu_s": used[i], "share": r.share,
                  "begin": begin, "end": end})
print(json.dumps(found))
"""


class Line(NamedTuple):
    mix: str
    program: str
    policy: str
    truth_j: float
    share_j: float | None
    captured: float

    @property
    def error(self) -> float | None:
        return None if self.share_j is None else self.share_j / self.truth_j - 1.0


MIXES: dict[str, list[tuple[str, float]]] = {
    "alone": [("steady", 1.0)],
    "half": [("steady", 0.5)],
    "two": [("steady", 1.0), ("steady", 1.0)],
    "one and a quarter": [("steady", 1.0), ("steady", 0.25)],
    "threads beside one": [("threads", 0.4), ("steady", 0.6)],
    "short-lived children": [("children", 1.0)],
    "children beside one": [("children", 1.0), ("steady", 0.8)],
}


def measure(name: str, seconds: float) -> list[Line]:
    """One mix on a machine of its own."""
    machine = FakeMachine(zones.following_load(idle_w=IDLE_W, watts_per_cpu=WATTS_PER_CPU))
    with machine, tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, "-c", OBSERVER, json.dumps(MIXES[name]), str(seconds), folder, PROGRAM]
        environment = {**os.environ, "IMPACT_TRACKER_SOURCES": "rapl_powercap"}
        done = machine.run(words, stdout=subprocess.PIPE, text=True, check=True, env=environment)
        measured: list[dict[str, Any]] = json.loads(done.stdout)
        begin, end = measured[0]["begin"], measured[0]["end"]
        busy_s = machine.truth.busy_s(begin, end)
    lines = []
    for program in measured:
        share, kind = program["share"], MIXES[name][program["program"]]
        truth = WATTS_PER_CPU * program["cpu_s"]
        if program["policy"] == "usage":
            # Of the idle energy of the mix the program's part of all the work, other programs' too.
            truth += IDLE_W * (end - begin) * 1e-9 * program["cpu_s"] / busy_s
        captured = share["cpu_s"] / program["cpu_s"]
        lines.append(Line(name, f"{kind[0]} {kind[1]:g}", program["policy"], truth, share["share_j"], captured))
    return lines


def main() -> int:
    """Prints a line a program and policy, and the mean absolute errors."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--mix", action="append", choices=list(MIXES))
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    lines: list[Line] = []
    print(f"{'mix':22}{'program':14}{'policy':8}{'truth J':>9}{'share J':>9}{'error %':>9}{'CPU s seen %':>14}")
    for name in arguments.mix or MIXES:
        for line in measure(name, arguments.seconds):
            lines.append(line)
            error = "unknown" if line.error is None else f"{100 * line.error:+.2f}"
            share = "" if line.share_j is None else f"{line.share_j:.1f}"
            print(
                f"{line.mix:22}{line.program:14}{line.policy:8}{line.truth_j:9.1f}{share:>9}{error:>9}"
                f"{100 * line.captured:14.2f}",
                flush=True,
            )
    for policy in ("none", "usage"):
        errors = [abs(line.error) for line in lines if line.policy == policy and line.error is not None]
        if errors:
            print(
                f"mean absolute error, idle policy {policy}: {100 * sum(errors) / len(errors):.2f} % of {len(errors)}"
            )
    if arguments.json:
        arguments.json.write_text(json.dumps([{**line._asdict(), "error": line.error} for line in lines], indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
