"""One phase of the worker, from ready to done."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from .connection import Connection
from .errors import WorkerError
from .messages import EpochResult, Event, PhaseProgress, PhaseResult, decoded
from .processors import cpu_seconds


class Phase:
    """Prepared and waiting. Either `run()`, or `go()` and then iterate; `abort()` gives it up before it begins."""

    look_s = 60.0  # of waiting in silence, after which is looked whether the worker computes
    most_idle_looks = 10

    def __init__(self, connection: Connection, ready: Event) -> None:
        self._connection = connection
        self.ready = ready
        self.result: PhaseResult | None = None
        self._go_ns: int | None = None

    def go(self) -> int:
        """Lets the worker begin; returns the clock (ns of CLOCK_MONOTONIC) right before it was told."""
        if self._go_ns is not None:
            raise RuntimeError("this phase has already begun: ask the runner for another one")
        self._go_ns = time.monotonic_ns()
        self._connection.send({"cmd": "go"})
        return self._go_ns

    def __iter__(self) -> Iterator[PhaseProgress | EpochResult]:
        """How the phase goes, until it is done; then `result` is there.

        TimeoutError for a worker that hangs: one batch may take an hour, but not without any computing.
        """
        if self._go_ns is None:
            raise RuntimeError("this phase has not begun: call go() before its events are read")
        while self.result is None:
            event = self._next()
            if event["event"] == "progress":
                yield decoded(PhaseProgress, event)
            elif event["event"] == "epoch":
                yield decoded(EpochResult, event)
            elif event["event"] == "done":
                self.result = decoded(PhaseResult, event, go_ns=self._go_ns, done_ns=event["received_ns"])
            else:
                raise WorkerError("protocol", f"the worker sent {event['event']!r} in the middle of a phase")

    def _next(self) -> Event:
        """The next event, however long a batch takes, from a worker that computes."""
        idle_looks, used_s = 0, None
        while (event := self._connection.next(self.look_s)) is None:
            before_s, used_s = used_s, cpu_seconds(self._connection.pid)
            computes = before_s is None or used_s is None or used_s - before_s > 0.01 * self.look_s
            idle_looks = 0 if computes else idle_looks + 1
            if idle_looks >= self.most_idle_looks:
                raise TimeoutError(
                    f"the worker (pid {self._connection.pid}) hangs: for {idle_looks * self.look_s:g} s it has said "
                    "nothing and computed nothing"
                )
        return event

    def run(self, on_event: Callable[[PhaseProgress | EpochResult], None] | None = None) -> PhaseResult:
        """Lets the worker begin, waits, and returns the result. `on_event` sees how the phase goes."""
        self.go()
        for event in self:
            if on_event is not None:
                on_event(event)
        assert self.result is not None
        return self.result

    def stop(self) -> None:
        """Ends it before its next batch; `result.stopped` will be True. From any thread."""
        self._connection.tell({"cmd": "stop"})

    def abort(self) -> None:
        """Gives it up before go()."""
        if self._go_ns is None:
            self._connection.ask({"cmd": "abort"}, "aborted", 60.0)
