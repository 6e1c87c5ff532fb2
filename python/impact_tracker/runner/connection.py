"""Commands to a worker and its events: one JSON object a line, both ways."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence

from .errors import WorkerEndedError, WorkerError
from .process import WorkerProcess

LONGEST_WAIT_S = 0.5  # in one go: the system may deliver a signal to another thread than this one


class Connection:
    """A worker that runs. Not for several threads at once, but for `tell` and `kill`."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._process = WorkerProcess(command, environment)
        self._open = True

    @property
    def pid(self) -> int:
        return self._process.pid

    def close(self, grace_s: float) -> None:
        """Ends the worker, which may finish its batch within the grace. Again: nothing."""
        if self._open:
            self._open = False
            self._process.close(grace_s)

    def kill(self) -> None:
        """Ends the worker at once. From any thread."""
        self._process.kill()

    def tell(self, command: Mapping[str, object]) -> bool:
        """Sends a command, without its fields that are `None`; whether the worker took it. From any thread."""
        return self._process.send(json.dumps({name: value for name, value in command.items() if value is not None}))

    def send(self, command: Mapping[str, object]) -> None:
        """Sends a command. WorkerEndedError where the worker does not take it."""
        if not self.tell(command):
            raise self._ended()

    def next(self, timeout_s: float) -> dict[str, object] | None:
        """The next event, with "received_ns"; `None` where none came within the time.

        An error event raises WorkerError, the worker's end WorkerEndedError.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            left_s = deadline - time.monotonic()
            try:
                line = self._process.next(max(0.0, min(left_s, LONGEST_WAIT_S)))
            except EOFError:
                raise self._ended() from None
            if line is not None:
                return _event(*line)
            if left_s <= 0:
                return None

    def expect(self, name: str, timeout_s: float) -> dict[str, object]:
        """The next event of this name; those before it are dropped. TimeoutError."""
        deadline = time.monotonic() + timeout_s
        while (event := self.next(max(deadline - time.monotonic(), 0.0))) is not None:
            if event["event"] == name:
                return event
        raise TimeoutError(f'no "{name}" from the worker (pid {self.pid}) within {timeout_s:g} s')

    def ask(self, command: Mapping[str, object], answer: str, timeout_s: float) -> dict[str, object]:
        """Sends a command and waits for the event that answers it."""
        self.send(command)
        return self.expect(answer, timeout_s)

    def _ended(self) -> WorkerError:
        deadline = time.monotonic() + 2.0
        while self._process.ending() is None and time.monotonic() < deadline:
            time.sleep(0.005)  # its stream closes a moment before its end can be seen
        ended_itself = self._process.ending() is not None
        ending = self._process.close(0.0)
        self._open = False
        if not ended_itself:  # our own kill would be taken for somebody's
            return WorkerError(
                "protocol", f"the worker (pid {self.pid}) closed its stream without ending; it was stopped"
            )
        return WorkerEndedError(self.pid, ending.exit_code, ending.signal, self._process.error_output())


def _event(line: str, received_ns: int) -> dict[str, object]:
    try:
        event = dict(json.loads(line))
        name = event["event"]
    except (ValueError, KeyError, TypeError):
        raise WorkerError("protocol", f"the worker sent what is no event: {line[:200]!r}") from None
    except RecursionError:
        raise WorkerError("protocol", "the worker sent an event nested too deeply") from None
    if name == "error":
        raise WorkerError(*(str(event.get(part, "")) for part in ("kind", "what", "advice")))
    return {**event, "received_ns": received_ns}
