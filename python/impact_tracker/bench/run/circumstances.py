"""What a phase met from outside: memory that ran out, a machine that was suspended."""

from __future__ import annotations

import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

from ...runner import WorkerEndedError, WorkerError
from ..row.machine import MachineState
from ..row.row import Row
from .machine_state import machine_state

LEAST_S = 0.01  # the two clocks are not read at the same time


class Watch:
    """Watches the machine from the begin of a phase to its end, and tells the phase's row."""

    def __init__(self, root: str = "/") -> None:
        self._root = root
        self._machine: MachineState | None = None
        self._kills = oom_kills(root)
        self._suspended = suspended_s()

    def runs(self) -> None:
        """The work of the phase runs: its clocks are read now, once."""
        if self._machine is None:
            self._machine = machine_state(self._root)

    def ended(self, row: Row) -> Row:
        """The row with the time for which the machine was suspended since the phase began, and how it was set."""
        self.runs()
        now, before = suspended_s(), self._suspended
        away = None if now is None or before is None else now - before
        if away is not None and away < LEAST_S:
            away = 0.0
        around = replace(row.around, suspended_s=away, machine=self._machine)
        return replace(row, around=around).with_names("suspended_s", "machine")

    def failed(self, row: Row, error: Exception) -> Row:
        """The row with the reason why its phase failed."""
        known = isinstance(error, (WorkerError, OSError))  # of the others the kind is half of what they say
        reason = (str(error) if known else "") or repr(error)
        kind = getattr(error, "kind", type(error).__name__)
        if isinstance(error, WorkerEndedError) and error.signal == getattr(signal, "SIGKILL", None):
            kills = oom_kills(self._root)
            if kills is not None and self._kills is not None and kills > self._kills:
                kind = "out-of-memory"
                reason = f"out of memory: the kernel ended the worker (pid {error.pid}); a smaller --batch helps"
        return replace(row, status="failed", reason=reason, failure=kind).with_names("failure")


def oom_kills(root: str = "/") -> int | None:
    """How many processes the kernel has ended since the start because memory ran out; `None` where it does not say."""
    try:
        for line in (Path(root) / "proc/vmstat").read_text(encoding="ascii").splitlines():
            name, _, value = line.partition(" ")
            if name == "oom_kill":
                return int(value)
    except (OSError, ValueError):
        pass
    return None


def suspended_s() -> float | None:
    """Seconds that the machine has been suspended since its start: one clock stands still then, the other does not.
    None where the system has no such clocks."""
    if not sys.platform.startswith("linux"):
        return None
    return time.clock_gettime(time.CLOCK_BOOTTIME) - time.clock_gettime(time.CLOCK_MONOTONIC)
