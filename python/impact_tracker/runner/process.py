"""The worker's process: a two-way stream of lines, its standard error kept, its end awaited."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO, NamedTuple

from ..system import only_on_linux
from .errors import WorkerError

LONGEST_LINE = 64 << 20  # bytes; a worker that sends no line feed for so long is not ours
KEPT_STDERR = 4096  # bytes
_NO_SIGNAL: int = getattr(socket, "MSG_NOSIGNAL", 0)


class Ending(NamedTuple):
    """How a process ended: by itself or by a signal. Both are `None` where somebody else has waited for it."""

    exit_code: int | None
    signal: int | None


class WorkerProcess:
    """A program that reads lines on its standard input and writes lines on its standard output.

    One thread asks for lines; any thread may send or kill. No orphan stays: the worker ends when its stream closes, and
    it is killed when this object is forgotten. A forked copy of this object touches nothing. OSError where the program
    cannot be started.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        only_on_linux("a worker of networks")
        # By this variable the worker notices that its parent died before it could ask the kernel to be told.
        variables = {**os.environ, **environment, "IMPACT_WORKER_PARENT": str(os.getpid())}
        self._errors = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed with the worker
        self._stream, theirs = socket.socketpair()
        try:
            fd = theirs.fileno()
            self._child = subprocess.Popen(command, stdin=fd, stdout=fd, stderr=self._errors, env=variables)
        except BaseException:
            self._errors.close()
            self._stream.close()
            raise
        finally:
            theirs.close()
        self.pid = self._child.pid
        self._sender = self._stream.dup()  # each direction has a time limit of its own
        self._sending = threading.RLock()  # a line goes out whole; a signal's handler may send as well
        self._reaping = threading.RLock()
        self._buffer = bytearray()
        self._searched = 0  # there is no line feed before this
        self._received_ns = 0
        self._stream_ended = False
        self._taken_by_others = False
        self._owner = os.getpid()
        weakref.finalize(self, _forget, self._child, self._owner, (self._stream, self._sender, self._errors))

    def send(self, line: str, timeout_s: float = 10.0) -> bool:
        """Whether the worker could be given the line: not if it has ended or reads nothing within the time."""
        with self._sending:
            try:
                self._sender.settimeout(timeout_s)
                self._sender.sendall(line.encode() + b"\n", _NO_SIGNAL)
            except OSError:
                return False
        return True

    def next(self, timeout_s: float) -> tuple[str, int] | None:
        """A line and the clock (ns of CLOCK_MONOTONIC) right after it came; `None` where none came within the time.

        EOFError: the worker has closed its stream, and every line was handed out.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            end = self._buffer.find(b"\n", self._searched)
            if end >= 0:
                line = self._buffer[:end].decode(errors="replace")
                del self._buffer[: end + 1]
                self._searched = 0
                return line, self._received_ns
            self._searched = len(self._buffer)
            if self._searched > LONGEST_LINE:
                self.kill()
                self._buffer.clear()
                self._searched = 0
                raise WorkerError("protocol", "the worker sent a line without end; it was stopped")
            if self._stream_ended:
                raise EOFError("the worker has ended")
            try:
                self._stream.settimeout(max(deadline - time.monotonic(), 0.0))
                received = self._stream.recv(1 << 16)
            except (BlockingIOError, socket.timeout):
                return None
            except OSError:
                received = b""
            self._received_ns = time.monotonic_ns()
            self._stream_ended = not received
            self._buffer += received

    def ending(self) -> Ending | None:
        """How the process ended; `None` while it runs."""
        with self._reaping:
            if self._child.returncode is None and sys.platform.startswith("linux"):
                try:
                    os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
                except ChildProcessError:
                    self._taken_by_others = True  # `Popen` would take it for exit code 0
            code = self._child.poll()
        if code is None:
            return None
        if self._taken_by_others:
            return Ending(None, None)
        return Ending(None, -code) if code < 0 else Ending(code, None)

    def close(self, grace_s: float) -> Ending:
        """Ends the worker by closing its input, kills it after the grace, reaps it."""
        if os.getpid() != self._owner:
            return Ending(None, None)
        deadline = time.monotonic() + grace_s
        with suppress(OSError):
            self._sender.shutdown(socket.SHUT_WR)
        with suppress(EOFError, WorkerError):
            # The worker may be blocked on writing lines that nobody takes any more.
            while (left := deadline - time.monotonic()) > 0:
                self.next(left)
        with suppress(subprocess.TimeoutExpired):
            self._wait(max(deadline - time.monotonic(), 0.0))
        self.kill()
        self._wait(None)
        ending = self.ending()
        assert ending is not None
        for stream in (self._stream, self._sender):
            stream.close()
        self._stream_ended = True
        return ending

    def _wait(self, timeout_s: float | None) -> None:
        if self.ending() is None:
            self._child.wait(timeout_s)

    def kill(self) -> None:
        """Ends the worker at once, and never another process that got its number."""
        with self._reaping:
            if os.getpid() == self._owner:
                self._child.kill()

    def error_output(self) -> str:
        """The last of what the worker wrote on its standard error."""
        if sys.platform == "win32":
            return ""
        begin = max(os.fstat(self._errors.fileno()).st_size - KEPT_STDERR, 0)
        return os.pread(self._errors.fileno(), KEPT_STDERR, begin).decode(errors="replace")


def _forget(child: subprocess.Popen[bytes], owner: int, files: Sequence[socket.socket | IO[bytes]]) -> None:
    """Leaves neither a process nor a zombie nor a descriptor behind; only the process that began the worker ends it."""
    if os.getpid() == owner:
        child.kill()
        child.wait()
    else:
        child.returncode = 0  # not ours to wait for, and no reason to warn
    for file in files:
        file.close()
