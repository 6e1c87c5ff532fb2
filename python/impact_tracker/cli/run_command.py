"""The command of `run` as a child: signals pass through to it, its end is awaited, its exit code is a shell's."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from .run_budget import CommandEnd

# Asked of this process, meant for the command.
_FORWARDED = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGWINCH", "SIGCONT")
_LOOK_AGAIN_S = 0.5
_OF_TERMINAL = 0x80  # SI_KERNEL: a key of the terminal, which the command has got too
NOT_FOUND, NOT_EXECUTABLE = 127, 126  # as shells say it

Wait = Callable[[str, list[str], CommandEnd], int]
"""Runs a program with these words and waits for its end: its exit code, 128 + n where signal n ended it."""


def _known(*names: str) -> set[signal.Signals]:
    """The signals of these names that the system has."""
    return {getattr(signal, name) for name in names if hasattr(signal, name)}


def asked_to_end() -> set[signal.Signals]:
    """The signals by which somebody stops a program."""
    return _known("SIGINT", "SIGTERM", "SIGHUP")


@contextmanager
def forwarding() -> Iterator[Wait]:
    """What runs the command. Signals that come meanwhile, also before it begins, are the command's."""
    if not sys.platform.startswith("linux"):
        with _handing_on() as wait:
            yield wait
        return
    watched = _known(*_FORWARDED, "SIGCHLD")
    # Blocked before anything starts: a signal that comes early waits, and is forwarded.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, watched)
    try:
        yield lambda program, words, end: _run_and_wait(program, words, watched, before, end)
    finally:
        while signal.sigtimedwait(watched, 0) is not None:
            pass
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _refused(words: list[str], error: OSError) -> int:
    print(f"impact-tracker run: {words[0]}: {error.strerror}", file=sys.stderr)
    return NOT_EXECUTABLE


def _spawn(program: str, words: list[str], mask: set[int]) -> int:
    """The command's pid. Spawned, not forked: nothing of the tracker's threads is copied."""
    if not sys.platform.startswith("linux"):
        raise NotImplementedError
    # The interpreter ignores SIGPIPE and SIGXFSZ for itself, the command is to have them as this program got them.
    ignored = [signal.SIGPIPE, signal.SIGXFSZ]
    try:
        return os.posix_spawn(program, words, os.environ, setsigmask=sorted(mask), setsigdef=ignored)
    except OSError as error:
        if error.errno != errno.ENOEXEC:
            raise
        # A script without a first line: a shell would run it itself.
        words = ["sh", program, *words[1:]]
        return os.posix_spawn("/bin/sh", words, os.environ, setsigmask=sorted(mask), setsigdef=ignored)


def _run_and_wait(program: str, words: list[str], watched: set[signal.Signals], mask: set[int], end: CommandEnd) -> int:
    if not sys.platform.startswith("linux"):
        raise NotImplementedError
    sys.stdout.flush()
    try:
        pid = _spawn(program, words, mask)
    except OSError as error:
        return _refused(words, error)
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code
        # A thread that does not block SIGCHLD, of another library, can take it away: so the child is looked at again.
        end.look(pid)
        came = signal.sigtimedwait(watched, end.look_again_s(_LOOK_AGAIN_S))
        if came is not None and came.si_signo != signal.SIGCHLD and came.si_code != _OF_TERMINAL:
            os.kill(pid, came.si_signo)


class _HandedOn:
    """Hands signals on to a command by handlers, where the system has no waiting for signals (macOS, Windows)."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []

    def take(self, number: int, frame: FrameType | None) -> None:
        """A handler: keeps what comes before the command is there."""
        if self._child is None:
            self._early.append(number)
        elif not (number in _known("SIGINT", "SIGQUIT") and sys.stdin is not None and sys.stdin.isatty()):
            self._send(number)  # a key of the terminal has told the command too

    def _send(self, number: int) -> None:
        assert self._child is not None
        with suppress(OSError, ValueError):  # it has ended, or Windows has no such signal for others
            self._child.send_signal(number)

    def run(self, program: str, words: list[str], end: CommandEnd) -> int:
        """Run the command, and wait for its end."""
        sys.stdout.flush()
        try:
            self._child = self._started(program, words)
        except OSError as error:
            return _refused(words, error)
        while self._early:
            self._send(self._early.pop(0))
        while True:
            try:
                code = self._child.wait(end.look_again_s(_LOOK_AGAIN_S))
                return code if code >= 0 else 128 - code
            except subprocess.TimeoutExpired:
                end.look(self._child.pid)

    @staticmethod
    def _started(program: str, words: list[str]) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(words, executable=program)
        except OSError as error:
            if error.errno != errno.ENOEXEC:
                raise
            return subprocess.Popen(["sh", program, *words[1:]], executable="/bin/sh")


@contextmanager
def _handing_on() -> Iterator[Wait]:
    handed, before = _HandedOn(), {}
    try:
        with suppress(ValueError):  # not the main thread, which alone may have handlers
            for number in _known(*_FORWARDED):
                before[number] = signal.signal(number, handed.take)
        yield handed.run
    finally:
        for known, handler in before.items():
            signal.signal(known, handler)
