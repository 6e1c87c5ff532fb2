"""How many threads a worker has where nobody says: what the processors that it may use are, and its share of them."""

from __future__ import annotations

import math
import os
from typing import NamedTuple

from .control_groups import cpu_quota


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
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else there
    quota = cpu_quota(root)
    if quota is not None and (bound is None or math.ceil(quota) < bound):
        return Threads(max(1, math.ceil(quota)), "quota", quota)
    return Threads(bound, "affinity" if bound is not None and there is not None and bound < there else "machine", quota)
