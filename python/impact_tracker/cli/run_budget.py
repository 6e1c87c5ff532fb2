"""`run --budget`: a command that has used its budget is asked to end, and after a time of grace it is ended."""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from ..descendants import ProcessMark, descendants_of, is_alive, signal_to
from ..digits import duration, energy

if TYPE_CHECKING:
    from ..pacing import Budget

GRACE_S = 10.0
_KILL: signal.Signals = getattr(signal, "SIGKILL", signal.SIGTERM)  # Windows ends a process by either, at once


class CommandEnd:
    """Watches a command's budget between two signals. SIGTERM goes to the command alone, as a batch system would send
    it; SIGKILL to it and to all that it began, for these would go on without it."""

    def __init__(self, budget: Budget | None, interval_s: float, grace_s: float) -> None:
        self._budget = budget if budget is not None and budget.policy == "stop" else None
        if self._budget is not None:
            self._budget.announces = False
            self._budget.tell = _say  # a warning would name a line of the interpreter's own threads
        self._interval_s, self._grace_s = interval_s, grace_s
        self._asked_s: float | None = None
        self._asked_j = 0.0
        self._below: list[ProcessMark] = []
        self._killed = False

    def look_again_s(self, otherwise: float) -> float:
        """How long to wait for a signal before `look` is to be called."""
        return otherwise if self._budget is None else min(otherwise, self._interval_s)

    def look(self, pid: int) -> None:
        """Ask the command to end where its budget is spent; end it after its grace."""
        if self._budget is None or self._killed:
            return
        now_s = time.monotonic()
        if self._asked_s is None:
            if self._budget.spent:
                self._asked_s, self._asked_j = now_s, self._budget.used_j or 0.0
                used = energy(self._asked_j - self._budget.used_before_j)
                grace = duration(self._grace_s)
                _say(f"the budget of {self._budget.limit.text} is spent after {used}: SIGTERM, and SIGKILL in {grace}")
                self._send(pid, signal.SIGTERM)
        elif now_s - self._asked_s >= self._grace_s:
            self._killed = True
            _say(f"the command did not end within {duration(self._grace_s)} of grace: SIGKILL")
            below = {*self._below, *descendants_of(pid)}
            self._send(pid, _KILL)
            for mark in below:
                signal_to(mark, _KILL)
        else:
            self._below += [mark for mark in descendants_of(pid) if mark not in self._below]

    def ended(self, code: int) -> int:
        """The command has ended: wait out the grace of what it left, end that, and say what the grace cost."""
        if self._budget is None or self._asked_s is None:
            return code
        deadline_s = self._asked_s + self._grace_s
        left = [mark for mark in self._below if is_alive(mark)]
        for mark in left:
            signal_to(mark, signal.SIGTERM)
        while any(map(is_alive, left)) and time.monotonic() < deadline_s:
            time.sleep(min(0.05, self._interval_s))
        for mark in left:
            signal_to(mark, _KILL)
        seconds = time.monotonic() - self._asked_s
        used_j = self._budget.used_j
        cost = "not measured" if used_j is None else energy(max(0.0, used_j - self._asked_j))
        _say(f"the grace took {duration(seconds)} and cost {cost}")
        return code

    def _send(self, pid: int, number: signal.Signals) -> None:
        if number == signal.SIGTERM:
            self._below = descendants_of(pid)
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def tell(text: str) -> None:
    """Say it on standard error. A stream that is full or gone changes neither the command nor its exit code."""
    with suppress(OSError, ValueError):
        print(text, file=sys.stderr, flush=True)


def _say(text: str) -> None:
    tell(f"impact-tracker run: {text}")
