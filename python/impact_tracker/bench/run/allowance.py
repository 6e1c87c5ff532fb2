"""What the training of a run may use: the worker is told to stop, at a batch, when that is spent."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from ...digits import energy as energy_text
from ...digits import percent
from ...pacing import Limit, Metered
from ...runner import WorkerError
from ...values import Energy

LOOK_S = 0.5  # between looks whether the phase has ended meanwhile


class Allowance:
    """Energy for the trainings of one run, epoch after epoch; evaluations are not taken from it.

    `spent`: it is used up, and the training ends. `tell`: for sentences that a person has to know.
    """

    def __init__(self, limit: Limit, tracker: Metered, tell: Callable[[str], object]) -> None:
        self.limit = limit
        self.spent = False
        self._tracker, self._tell = tracker, tell
        self._used_j = 0.0
        self._said: set[str] = set()

    @property
    def limit_j(self) -> float:
        """The limit in joules of the machine, at its best value."""
        return self.limit.energy_j.best

    @contextmanager
    def watched(self, stop: Callable[[], object]) -> Iterator[None]:
        """While a training runs: `stop` is called on a thread, once, when what is left is used. To be entered when the
        region of the training has begun, so that the energy is that of now."""
        now_j = self._tracker.energy_j
        if now_j is None:
            self._say_unknown()
            yield
            return
        watch = _Watch(self._tracker, now_j + max(self.limit_j - self._used_j, 0.0), stop)
        watch.start()
        try:
            yield
        finally:
            watch.end()
            self.spent = self.spent or watch.has_stopped

    def charge(self, energy: Energy) -> None:
        """A training has ended and used this."""
        if energy.best_j is None:
            self._say_unknown()
            return
        self._used_j += energy.best_j
        self.spent = self.spent or self._used_j >= self.limit_j
        if energy.quality == "measured":
            return
        error = None if energy.error_j is None or not energy.best_j else energy.error_j / energy.best_j
        wrong = "by how much is not known" if error is None else f"by {percent(error)}"
        self._say("model", f"the budget of {self.limit.text} rests on a model, whose energies can be wrong {wrong}")

    def _say_unknown(self) -> None:
        self._say(
            "unknown",
            f"the budget of {self.limit.text} cannot be kept: no energy is measured here, so that the training goes on "
            "to its last epoch; `impact-tracker doctor` says why",
        )

    def _say(self, key: str, text: str) -> None:
        if key not in self._said:
            self._said.add(key)
            self._tell(text)

    def end_text(self, used_j: float | None) -> str:
        """How the training ended, for people."""
        used = "" if used_j is None else f": it used {energy_text(used_j)}"
        over_j = None if used_j is None else used_j - self.limit_j
        beyond = "" if over_j is None or over_j < 0.0 else f", {energy_text(over_j)} more"
        return f"the training ended for its budget of {self.limit.text}{used}{beyond}"


class _Watch:
    """A thread that waits for an energy in the core, without the interpreter's lock."""

    def __init__(self, tracker: Metered, energy_j: float, stop: Callable[[], object]) -> None:
        self.has_stopped = False
        self._tracker, self._energy_j, self._stop = tracker, energy_j, stop
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._wait, name="impact-tracker budget", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """The training has ended: from now on nothing is stopped. The thread is not waited for, which would leave the
        machine idle until it looks."""
        with self._lock:
            self._ended.set()

    def _wait(self) -> None:
        while not self._ended.is_set():
            is_used = self._tracker.wait(energy_j=self._energy_j, timeout_s=LOOK_S)
            if is_used:
                with self._lock:
                    if not self._ended.is_set():
                        self.has_stopped = True
                        with suppress(OSError, WorkerError):  # a worker that has ended needs no stop
                            self._stop()
                return
            if not self._tracker.running:
                return
