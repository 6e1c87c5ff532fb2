"""Snapshots from the socket of a reader, for whoever may not read counters."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

from ..system import user_number
from .reader import LENGTH, READERS_NEED, REQUEST, peer_of
from .snapshot import Snapshot, decoded

_LONGEST = 1 << 22
_TIMEOUT_S = 2.0
_CLOCKS_APART_S = 0.001


class RemoteMeter:
    """Asks the reader at a socket. `problem`: why the last snapshot could not be had, "" where it could.

    `tell` gets a problem when it begins, and "" when it is over.
    """

    def __init__(self, path: Path, *, oldest_s: float, tell: Callable[[str], None] | None = None) -> None:
        self._path, self._oldest_s, self._tell = path, oldest_s, tell
        self._connection: socket.socket | None = None
        self.problem = ""

    def snapshot(self) -> Snapshot | None:
        """What the reader has now; `None`, with a `problem`, where it does not answer or its values are too old."""
        before = self.problem
        snapshot = self._asked()
        if self._tell is not None and bool(before) != bool(self.problem):
            self._tell(self.problem)
        return snapshot

    def _asked(self) -> Snapshot | None:
        snapshot, self.problem = None, ""
        for _ in range(2):  # a connection that was cut off since the last time is made once more
            held = self._connection is not None
            try:
                snapshot = self.ask()
                break
            except (OSError, ValueError) as error:
                self.close()
                self.problem = _in_words(self._path, error)
                if not held:
                    return None
        if snapshot is not None and _age_s(snapshot) > self._oldest_s:
            self.problem = f"the values of {self._path} are too old"
            return None
        return snapshot

    def ask(self) -> Snapshot | None:
        """One question. OSError where nobody answers, ValueError where the answer is no snapshot."""
        if self._connection is None:
            self._connection = self._connected()
        self._connection.sendall(REQUEST)
        until_s = time.monotonic() + _TIMEOUT_S
        (length,) = LENGTH.unpack(self._take(LENGTH.size, until_s))
        if length > _LONGEST:
            raise ValueError("the answer is longer than any snapshot")
        self.problem = ""
        return decoded(self._take(length, until_s)) if length else None

    def _connected(self) -> socket.socket:
        if not sys.platform.startswith("linux"):
            raise OSError(READERS_NEED)
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        try:
            connection.settimeout(_TIMEOUT_S)
            connection.connect(str(self._path))
            if peer_of(connection).uid not in (0, user_number()):
                raise PermissionError("the reader there is neither root's nor your own: its numbers are not believed")
        except BaseException:
            connection.close()
            raise
        return connection

    def _take(self, length: int, until_s: float) -> bytes:
        assert self._connection is not None
        taken = bytearray()
        while len(taken) < length:
            self._connection.settimeout(max(until_s - time.monotonic(), 0.001))
            piece = self._connection.recv(length - len(taken))
            if not piece:
                raise ConnectionResetError("the reader ended the connection: are you in its group?")
            taken += piece
        return bytes(taken)

    def close(self) -> None:
        """Let the reader go."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _age_s(snapshot: Snapshot) -> float:
    """By the machine's monotonic clock, which nobody sets; by the other one where this process has its own, as in some
    containers."""
    age_s = (time.monotonic_ns() - snapshot.clock.taken_ns) * 1e-9
    return age_s if age_s >= -_CLOCKS_APART_S else time.time() - snapshot.taken_unix_s


def _in_words(path: Path, error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return f"there is no reader at {path}: systemctl start impact-tracker-reader, or impact-tracker serve --reader"
    if isinstance(error, ConnectionRefusedError):
        return f"nobody listens at {path} any more: start the reader again"
    if isinstance(error, PermissionError) and error.errno is not None:
        return f"{path} may not be opened by you: ask to be added to its group, then log in anew"
    return f"{path}: {error}"
