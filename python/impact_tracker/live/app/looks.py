"""Looks at the machine in a thread of their own: a driver that does not answer holds up neither keys nor drawing."""

from __future__ import annotations

import queue
import threading
import time

from ..snapshot import LiveSnapshot, LiveWatch


class LookThread:
    """Asks a watch for one snapshot after the other. The thread is none that the program waits for when it ends."""

    def __init__(self, watch: LiveWatch) -> None:
        self._watch = watch
        self._wanted: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._taken: queue.SimpleQueue[LiveSnapshot | Exception] = queue.SimpleQueue()
        self._since_s: float | None = None  # the look that is under way
        threading.Thread(target=self._run, name="impact-looks", daemon=True).start()

    def ask(self) -> None:
        """Begin a look, unless one is under way."""
        if self._since_s is None:
            self._since_s = time.monotonic()
            self._wanted.put(None)

    @property
    def waits_s(self) -> float:
        """How long the look that is under way has taken so far; 0 where none is."""
        return 0.0 if self._since_s is None else time.monotonic() - self._since_s

    def take(self, patience_s: float = 0.0) -> LiveSnapshot | None:
        """What the look found, where it ends in time. Raises what the watch raised."""
        if self._since_s is None:
            return None
        try:
            taken = self._taken.get(timeout=patience_s) if patience_s > 0 else self._taken.get_nowait()
        except queue.Empty:
            return None
        self._since_s = None
        if isinstance(taken, Exception):
            raise taken
        return taken

    def _run(self) -> None:
        while True:
            self._wanted.get()
            try:
                self._taken.put(self._watch.snapshot())
            except Exception as error:
                self._taken.put(error)
