"""What `impact-tracker top` costs with 500 processes: CPU of one core at one look a second, in a terminal of 120 × 50.

    python benchmarks/top.py [--processes 500] [--at-work 25] [--seconds 20] [--json FILE]

Three parts, measured each in a process of its own that runs for `--seconds` after a start that is not counted:
the whole program on this machine, whose processes are forked here (most sleep, some work a little each second); its
reading alone, without a screen; and its drawing alone, where every number of every process is another each second. In
the same run `top -d1`, where it is installed, in the same terminal: the ratio is the figure that another machine can
be held against.
"""

from __future__ import annotations

import argparse
import json
import os
import pty
import shutil
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COLUMNS, LINES = 120, 50
START_S = 4.0  # imports, the first screen
GOAL_PERCENT = 1.0

READING = """
import time
from impact_tracker.live.watches import MachineWatch
watch = MachineWatch(1.0)
try:
    while True:
        watch.snapshot()
        time.sleep(1.0)
finally:
    watch.close()
"""
DRAWING = """
import random
from dataclasses import replace
from impact_tracker.live.app import TopApp
from impact_tracker.live.processes import ProcessUse
from impact_tracker.live.snapshot import DevicePower, LiveSnapshot

class Restless:
    def __init__(self, number):
        self.random, self.seconds = random.Random(3), 0.0
        self.names = [f"program-{self.random.randrange(1000)}" for _ in range(number)]
        # What reading would cost is not in it: the snapshots are made before.
        self.made = [self.make() for _ in range(60)]

    def make(self):
        self.seconds += 1.0
        uses = []
        for pid, name in enumerate(self.names):
            cpu_s = self.random.random() / 100
            watts = 1e4 * cpu_s / len(self.names)
            uses.append(ProcessUse(pid, name, 0, cpu_s, watts, "job_77", "Slurm 77", watts, None, False, "measured"))
        devices = tuple(
            DevicePower(f"cpu:{n} package", 100 * self.random.random(), 1e3 * self.seconds, "measured", "rapl", True)
            for n in range(4))
        return LiveSnapshot("this machine", self.seconds, 100 * self.random.random(), 1e3 * self.seconds, 10.0,
            "measured", devices, tuple(uses), interval_s=1.0)

    def snapshot(self):
        self.made.append(self.made.pop(0))
        return self.made[-1]

    def close(self): ...

TopApp(Restless(%d), 1.0).run()
"""


@dataclass(frozen=True)
class Cost:
    """CPU of one core, in per cent of the time."""

    part: str
    percent: float


@contextmanager
def processes(number: int, at_work: int) -> Iterator[None]:
    """Forked processes that sleep; some of them compute for a few milliseconds, five times a second."""
    children = []
    try:
        for index in range(number):
            pid = os.fork()
            if pid == 0:
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
                try:
                    while True:
                        if index >= at_work:
                            signal.pause()
                        time.sleep(0.2)
                        end = time.thread_time() + 0.002
                        while time.thread_time() < end:
                            pass
                finally:
                    os._exit(0)
            children.append(pid)
        yield
    finally:
        for pid in children:
            os.kill(pid, signal.SIGTERM)
        for pid in children:
            os.waitpid(pid, 0)


def cpu_s(pid: int) -> float:
    """CPU seconds of a process with all its threads, to the nanosecond."""
    return sum(
        int(path.read_text().split()[0]) for path in Path(f"/proc/{pid}/task").glob("*/schedstat")
    ) / 1e9  # fmt: skip


def cost(part: str, command: list[str], seconds: float) -> Cost:
    """Of a program in a terminal of its own, whose output is read and thrown away."""
    import fcntl
    import termios

    terminal, inside = pty.openpty()
    fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    environment["PYTHONPATH"] = f"{ROOT / 'python'}:{environment.get('PYTHONPATH', '')}"
    program = subprocess.Popen(
        command, stdin=inside, stdout=inside, stderr=inside, env=environment, start_new_session=True
    )
    os.close(inside)
    threading.Thread(target=_drain, args=(terminal,), daemon=True).start()
    try:
        time.sleep(START_S)
        before_s, began_s = cpu_s(program.pid), time.monotonic()
        time.sleep(seconds)
        used_s, elapsed_s = cpu_s(program.pid) - before_s, time.monotonic() - began_s
        if program.poll() is not None:
            raise SystemExit(f"{part}: the program ended with {program.returncode}")
    finally:
        program.terminate()
        program.wait(10)
    return Cost(part, 100 * used_s / elapsed_s)


def _drain(terminal: int) -> None:
    try:
        while os.read(terminal, 65536):
            pass
    except OSError:  # the program has ended
        os.close(terminal)


def main() -> None:
    """The table, and where it is asked for the file."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--processes", type=int, default=500)
    parser.add_argument("--at-work", type=int, default=25)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--json", metavar="FILE")
    args = parser.parse_args()
    python = sys.executable
    commands = {
        "impact-tracker top": [python, "-m", "impact_tracker", "top"],
        "its reading alone": [python, "-c", READING],
        "its drawing alone, all rows new": [python, "-c", DRAWING % args.processes],
    }
    if shutil.which("top"):
        commands["top -d1"] = ["top", "-d1"]
    with processes(args.processes, args.at_work):
        there = sum(path.name.isdigit() for path in Path("/proc").iterdir())
        print(f"{there} processes, {os.cpu_count()} CPUs, load {' '.join(map(str, os.getloadavg()))}")
        costs = [cost(part, command, args.seconds) for part, command in commands.items()]
    for each in costs:
        print(f"{each.part:32} {each.percent:6.2f} % of a core")
    if shutil.which("top"):
        print(f"ratio to top -d1: {costs[0].percent / costs[-1].percent:.2f}")
    print(f"goal: {GOAL_PERCENT} % of a core; load now {' '.join(map(str, os.getloadavg()))}")
    if args.json:
        Path(args.json).write_text(json.dumps([asdict(each) for each in costs], indent=1) + "\n")


if __name__ == "__main__":
    main()
