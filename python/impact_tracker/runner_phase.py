"""One phase of the worker, from ready to done, and what may go wrong with it."""

from __future__ import annotations

import math
import signal as signals
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .runner_load import cpu_seconds

if TYPE_CHECKING:
    from .runner import Runner


class WorkerError(RuntimeError):
    """The worker refused or failed; it goes on and takes further commands.

    kind: bad-command, unknown-network, bad-value, no-network, no-data, no-device, out-of-memory, io, numeric, internal.
    """

    def __init__(self, kind: str, what: str, advice: str = "") -> None:
        super().__init__(f"{what} ({advice})" if advice else what)
        self.kind, self.what, self.advice = kind, what, advice


class WorkerEndedError(WorkerError):
    """The worker's process has ended: exit_code or signal say how, stderr its last words."""

    def __init__(self, pid: int, exit_code: int | None, signal: int | None, stderr: str) -> None:
        how = f"with exit code {exit_code}"
        if signal is not None:
            how = f"by {_name(signal)}"
            if signal == signals.SIGKILL:
                how += " (if nobody sent it, the system ran out of memory)"
        elif exit_code is None:
            how = "unseen"
        last = stderr.strip().splitlines()[-1:] or [""]
        super().__init__("ended", f"the worker (pid {pid}) ended {how}" + (f": {last[0]}" if last[0] else ""))
        self.pid, self.exit_code, self.signal, self.stderr = pid, exit_code, signal, stderr


def _name(signal: int) -> str:
    try:
        return signals.Signals(signal).name
    except ValueError:  # most of the real-time signals
        return f"signal {signal}"


@dataclass(frozen=True)
class PhaseResult:
    """What the worker measured in a phase. Times in nanoseconds of CLOCK_MONOTONIC; None: not measured.

    begin_ns, end_ns: the worker's own readings around the passes; go_ns, done_ns: this process's, before and after.
    peak_memory_bytes: resident memory at most, of the phase (or of the process: peak_memory_scope).
    """

    phase: str
    begin_ns: int
    end_ns: int
    go_ns: int
    done_ns: int
    duration_s: float
    images: int
    passes: int
    batch: int
    stopped: bool
    limit: str
    loss: float | None
    accuracy: float | None
    peak_memory_bytes: int | None
    peak_memory_scope: str
    device: str | None
    threads: int
    layout: str
    precision: str
    torch_version: str
    network: str
    raw: dict[str, Any]

    @property
    def images_per_s(self) -> float:
        return self.images / self.duration_s if self.duration_s > 0 else math.nan

    @property
    def device_memory_bytes(self) -> int | None:
        """The most that torch held on the device; None on a CPU or where it cannot be asked."""
        memory = self.raw.get("device_memory")
        return memory["peak_reserved_bytes"] if memory else None

    @classmethod
    def of(cls, event: dict[str, Any], go_ns: int) -> PhaseResult:
        own = {name: event[name] for name in cls.__dataclass_fields__ if name not in ("go_ns", "done_ns", "raw")}
        return cls(**own, go_ns=go_ns, done_ns=event["received_ns"], raw=event)


class Phase:
    """Prepared and waiting. Either `run()`, or `go()` and then iterate; `abort()` gives it up before it begins."""

    look_s = 60.0  # of waiting in silence, after which is looked whether the worker computes
    most_idle_looks = 10

    def __init__(self, runner: Runner, ready: dict[str, Any]) -> None:
        self._runner = runner
        self.ready = ready
        self.result: PhaseResult | None = None
        self._go_ns: int | None = None

    def go(self) -> int:
        """Let the worker begin; returns the clock (ns of CLOCK_MONOTONIC) right before it was told."""
        if self._go_ns is not None:
            raise RuntimeError("this phase has already begun: ask the runner for another one")
        self._go_ns = time.monotonic_ns()
        self._runner._send({"cmd": "go"})
        return self._go_ns

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """progress and epoch events until the phase is done; then `result` is there.

        TimeoutError for a worker that hangs: one batch may take an hour, but not without any computing.
        """
        if self._go_ns is None:
            raise RuntimeError("this phase has not begun: call go() before its events are read")
        idle_looks, used_s = 0, None
        while self.result is None:
            event = self._runner._next(self.look_s)
            if event is None:
                before_s, used_s = used_s, cpu_seconds(self._runner.pid)
                computes = before_s is None or used_s is None or used_s - before_s > 0.01 * self.look_s
                idle_looks = 0 if computes else idle_looks + 1
                if idle_looks >= self.most_idle_looks:
                    raise TimeoutError(
                        f"the worker (pid {self._runner.pid}) hangs: for {idle_looks * self.look_s:g} s it has said "
                        "nothing and computed nothing"
                    )
                continue
            idle_looks = 0
            if event["event"] == "done":
                self.result = PhaseResult.of(event, self._go_ns)
                return
            yield event

    def run(self, on_event: Callable[[dict[str, Any]], None] | None = None) -> PhaseResult:
        """go, wait, result. on_event sees each progress and epoch event."""
        self.go()
        for event in self:
            if on_event is not None:
                on_event(event)
        assert self.result is not None
        return self.result

    def stop(self) -> None:
        """End it before its next batch; `result.stopped` will be True. From any thread."""
        self._runner.stop()

    def abort(self) -> None:
        """Give it up before go()."""
        if self._go_ns is None:
            self._runner._ask({"cmd": "abort"}, "aborted", 60.0)
