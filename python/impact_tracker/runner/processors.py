"""How many threads a worker has where nobody says: what the processors that it may use are, and its share of them."""

from __future__ import annotations

import math
import os
import time
from pathlib import Path
from typing import NamedTuple

from ..control_groups import cpu_quota
from ..system import ticks_per_second, usable_processors


class Threads(NamedTuple):
    """`threads`: by default, None where the system does not say; `by`: what decides it: "machine" (all of its
    processors), "affinity" (the processors that this process is bound to), "quota" (its control group's share of time,
    `quota` processors' worth)."""

    threads: int | None
    by: str
    quota: float | None = None

    @property
    def to_tell(self) -> int | None:
        """What a worker has to be told: what it may run on it sees itself, a quota it does not."""
        return self.threads if self.by == "quota" else None


def default_threads(root: str = "/") -> Threads:
    """The lesser of the processors that this process may run on and its control group's quota, rounded up: more threads
    than that would wait for each other, throttled in the middle of a pass."""
    there = os.cpu_count()
    bound = there if there is None else usable_processors()
    quota = cpu_quota(root)
    if quota is not None and (bound is None or math.ceil(quota) < bound):
        return Threads(max(1, math.ceil(quota)), "quota", quota)
    return Threads(bound, "affinity" if bound is not None and there is not None and bound < there else "machine", quota)


class Taken(NamedTuple):
    """CPU time that was taken up to a moment `at_s`, in seconds: of the whole machine, and of one process in it."""

    at_s: float
    machine_s: float
    process_s: float


def taken_by(pid: int | None, root: str = "/") -> Taken | None:
    """What has been taken up to now; `None` where it cannot be read. Two of them tell what others took between, also in
    a phase that is too short for readings of the load once a second."""
    process_s = cpu_seconds(pid, root)
    try:
        words = (Path(root) / "proc/stat").read_text(encoding="ascii").splitlines()[0].split()
        user, nice, system, _, _, irq, softirq = (int(word) for word in words[1:8])
    except (OSError, ValueError, IndexError):
        return None
    if process_s is None:
        return None
    busy = user + nice + system + irq + softirq
    return Taken(time.monotonic(), busy / ticks_per_second(), process_s)


def others_cpus(before: Taken | None, after: Taken | None) -> float | None:
    """How many processors other processes kept busy between two moments; `None` where it is not known."""
    if before is None or after is None or after.at_s <= before.at_s:
        return None
    others_s = after.machine_s - before.machine_s - (after.process_s - before.process_s)
    return max(others_s, 0.0) / (after.at_s - before.at_s)


def cpu_seconds(pid: int | None, root: str = "/") -> float | None:
    """CPU time of a process and all of its threads since it began, s; `None` where it cannot be read.

    It tells what a worker took of the processors from what other programs took.
    """
    if pid is None:
        return None
    try:
        fields = (Path(root) / f"proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / ticks_per_second()
    except (OSError, ValueError, IndexError):
        return None
