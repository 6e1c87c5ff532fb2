"""What may go wrong with a worker."""

from __future__ import annotations

import signal as signals


class WorkerError(RuntimeError):
    """The worker refused a command or failed; it goes on and takes further commands.

    kind: bad-command, unknown-network, bad-value, no-network, no-data, no-device, out-of-memory, device-lost, io,
    numeric, internal; and protocol, where the worker's answers are not understood.
    """

    def __init__(self, kind: str, what: str, advice: str = "") -> None:
        super().__init__(f"{what} ({advice})" if advice else what)
        self.kind, self.what, self.advice = kind, what, advice


class WorkerEndedError(WorkerError):
    """The worker's process has ended: exit_code or signal say how, stderr holds the last 4 kB of its standard error."""

    def __init__(self, pid: int, exit_code: int | None, signal: int | None, stderr: str) -> None:
        how = f"with exit code {exit_code}"
        if signal is not None:
            how = f"by {_name(signal)}"
            if signal == getattr(signals, "SIGKILL", None):
                how += " (if nobody sent it, the system ran out of memory)"
        elif exit_code is None:
            how = "unseen"
        last = stderr.strip().splitlines()[-1:] or [""]
        super().__init__("ended", f"the worker (pid {pid}) ended {how}" + (f": {last[0]}" if last[0] else ""))
        self.pid, self.exit_code, self.signal, self.stderr = pid, exit_code, signal, stderr


def _name(signal: int) -> str:
    try:
        return signals.Signals(signal).name
    except ValueError:  # most of the real-time signals have no name
        return f"signal {signal}"
