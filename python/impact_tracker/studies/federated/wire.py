"""Bytes on the wire, as the kernel counts them for each connection: all that TCP carried, also what is gRPC's own."""

from __future__ import annotations

import os
import socket
import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_INFO_BYTES = 192
_ACKED_AT = 120  # of struct tcp_info: tcpi_bytes_acked, and behind it tcpi_bytes_received, 64 bits each


@dataclass(frozen=True)
class ConnectionBytes:
    """What a connection has carried since it began. `None` where the system does not count it."""

    sent: int | None
    received: int | None


def connections(port: int) -> dict[int, ConnectionBytes]:
    """The connections that this process has with or at a port, by the port of the other side."""
    counted = {}
    for connection, ours, theirs in _connected():
        with connection:
            if port in (ours, theirs):
                counted[theirs] = _counted(connection)
    return counted


def own_port(port: int) -> int | None:
    """The port of this process's own end of its connection to a port; `None` where there is none."""
    own = None
    for connection, ours, theirs in _connected():
        with connection:
            own = ours if theirs == port else own
    return own


def free_port() -> int:
    """A port of the loopback interface that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _connected() -> Iterator[tuple[socket.socket, int, int]]:
    """The internet connections of this process, whatever library opened them: a copy of each, and both its ports."""
    try:
        numbers = [int(path.name) for path in Path("/proc/self/fd").iterdir()]
    except OSError:
        return
    for number in numbers:
        try:
            if not stat.S_ISSOCK(os.fstat(number).st_mode):
                continue
            copy = os.dup(number)
        except OSError:  # closed meanwhile
            continue
        try:
            connection = socket.socket(fileno=copy)
        except OSError:
            os.close(copy)
            continue
        if connection.family not in (socket.AF_INET, socket.AF_INET6):
            connection.close()
            continue
        try:
            ports = int(connection.getsockname()[1]), int(connection.getpeername()[1])
        except OSError:  # it listens
            connection.close()
            continue
        yield connection, *ports


def _counted(connection: socket.socket) -> ConnectionBytes:
    option = getattr(socket, "TCP_INFO", None)
    if option is None:
        return ConnectionBytes(None, None)
    try:
        info = connection.getsockopt(socket.IPPROTO_TCP, option, _INFO_BYTES)
    except OSError:
        return ConnectionBytes(None, None)
    if len(info) < _ACKED_AT + 16:  # an older kernel
        return ConnectionBytes(None, None)
    acked, received = struct.unpack_from("<QQ", info, _ACKED_AT)
    return ConnectionBytes(acked, received)
