"""How a campaign ends when it is told to: once cleanly, a second time at once."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

TOGETHER_S = 1.0  # `timeout` and terminals tell the process and its group: signals that come together are one
CODES = (
    "Exit codes: 0 every phase of every test has a valid run; 1 some have none, a task failed, or a file could not be "
    "written; 2 it could not begin, or the disk ended it; 3 no run at all is valid; 129, 130, 143 it was told to end "
    "(SIGHUP, SIGINT, SIGTERM). Finished rows stay in every case."
)
UNMADE = "results, tables and figures were not made: that command makes them, or `impact-tracker bench report DIR` now"
_ENDING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
_WORD = b"\nending: the worker and the record are closed (once more: at once)\n"


class Ended(BaseException):
    """A signal came: a person, a scheduler or the terminal that closes wants the campaign to end."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.code = 128 + number


def code_of(end: BaseException) -> int:
    """The exit code, as a shell gives it."""
    return end.code if isinstance(end, Ended) else 128 + signal.SIGINT


@contextmanager
def ending() -> Iterator[None]:
    """SIGINT, SIGTERM and SIGHUP as the exception `Ended`, so that the worker is ended and the record closed; where
    they are ignored (nohup, a shell's background) they stay so.

    Another one later, while that is done, ends the process at once: rows are on the disk, a worker ends with us.
    """
    first: list[float] = []

    def end(number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if not first:
            first.append(now)
            with suppress(OSError):
                os.write(2, _WORD)  # no stream: this may have come in the middle of its own write
            raise Ended(number)
        if now - first[0] > TOGETHER_S:
            os._exit(128 + number)

    before = {}
    try:
        for number in _ENDING:
            if signal.getsignal(number) not in (signal.SIG_IGN, None):
                before[number] = signal.signal(number, end)
    except ValueError:  # not the main thread
        pass
    try:
        yield
    finally:
        for known, handler in before.items():
            signal.signal(known, handler)


def say(text: str) -> None:
    """On standard error, where somebody still reads it."""
    with suppress(OSError, ValueError):
        print(text, file=sys.stderr, flush=True)


def resume_hint(folder: Path) -> str:
    """The command that goes on with a campaign."""
    try:
        path = os.path.relpath(folder)
    except OSError:  # the working directory is gone
        path = str(folder)
    return f"impact-tracker bench --resume {shlex.quote(path if len(path) < len(str(folder)) else str(folder))}"
