"""The reader with privileges: it alone reads the counters, and hands what it has over a Unix socket to one group.

A request is the eight bytes `IMPACT1` and a line feed; the answer is the length of what follows, four bytes with the
highest first, and the snapshot as JSON; a length of 0 says that nothing is known yet. All other bytes end the
connection. Nothing can be set, chosen or written through the socket: all clients get the same bytes, which are renewed
by the reader's own clock, so that no client decides at which moment a counter is read.
"""

from __future__ import annotations

import asyncio
import os
import socket
import stat
import struct
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..system import user_number
from .http import Clients, connections_allowed, quiet_about_descriptors
from .service import renew_until
from .snapshot import encoded

if TYPE_CHECKING:
    from collections.abc import Callable

    from .service import SnapshotSource
    from .snapshot import Snapshot

REQUEST = b"IMPACT1\n"
LENGTH = struct.Struct(">I")
IDLE_S = 150.0
_FRAME_S = 5.0
_SO_PEERGROUPS = 59  # <asm-generic/socket.h>, since Linux 4.13; the socket module has no name for it
_MOST_BYTES = 1024  # that Python asks the kernel for
_CREDENTIALS = struct.Struct("3i")
READERS_NEED = (
    "a reader and its clients need Linux, which says who is at the other end of a socket: leave --reader, --from out, "
    "and the service reads what its own user may"
)


@dataclass(frozen=True)
class Peer:
    """Who is at the other end of a Unix socket, as the kernel saw it when the connection was made."""

    uid: int
    gids: frozenset[int]


def peer_of(connection: socket.socket) -> Peer:
    """The peer by `SO_PEERCRED` and `SO_PEERGROUPS`. OSError where the kernel does not say."""
    if not sys.platform.startswith("linux"):
        raise OSError(READERS_NEED)
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, uid, gid = _CREDENTIALS.unpack(raw)
    gids = {gid}
    with suppress(OSError):  # an older kernel, or more than 256 groups: the first group alone is known then
        groups = connection.getsockopt(socket.SOL_SOCKET, _SO_PEERGROUPS, _MOST_BYTES)
        gids |= {number for (number,) in struct.iter_unpack("I", groups[: len(groups) // 4 * 4])}
    return Peer(uid, frozenset(gids))


def group_number(name: str) -> int:
    """The number of a group by its name or its digits. ValueError where there is no such group, OSError where the
    system has no readers."""
    if not sys.platform.startswith("linux"):
        raise OSError(READERS_NEED)
    import grp

    try:
        return int(name) if name.isascii() and name.isdigit() else grp.getgrnam(name).gr_gid
    except KeyError:
        raise ValueError(f"there is no group {name!r} here; make it: groupadd --system {name}") from None


def listening_socket(path: Path, gid: int) -> socket.socket:
    """A Unix socket that root and the group may connect to.

    OSError where another reader listens there, where something that is no socket has the name, or the folder is none.
    """
    if not sys.platform.startswith("linux"):
        raise OSError(READERS_NEED)
    _clear_old(path)
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        before = os.umask(0o777)  # nobody connects until owner and mode are right
        try:
            server.bind(str(path))
        finally:
            os.umask(before)
        if gid != os.getegid():
            os.chown(path, -1, gid)
        path.chmod(0o660)
        server.listen(128)
        server.setblocking(False)
    except OSError as error:
        server.close()
        raise OSError(error.errno, error.strerror, str(path)) from None
    return server


def _clear_old(path: Path) -> None:
    """Remove a socket that nobody listens on any more."""
    if not sys.platform.startswith("linux"):
        raise OSError(READERS_NEED)
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise FileExistsError(f"{path} is no socket, and is left as it is: choose another --socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
    raise OSError(f"another reader listens at {path} already")


class _Client(asyncio.Protocol):
    """One peer, which is let in or not when it comes."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._request = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._deadline: asyncio.TimerHandle | None = None
        connection = transport.get_extra_info("socket")
        if not self._reader.lets_in(connection):
            self.drop()
            return
        transport.set_write_buffer_limits(high=0)
        self._reader.clients.make_room()
        self._reader.clients.connected[self] = None
        self._wait(_FRAME_S)

    def _wait(self, seconds: float) -> None:
        """Drop the peer if it sends nothing whole for so long."""
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = asyncio.get_running_loop().call_later(seconds, self.drop)

    def connection_lost(self, error: Exception | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._reader.clients.connected.pop(self, None)

    def drop(self) -> None:
        """End the connection at once."""
        self._reader.clients.dropped += 1
        self._reader.clients.connected.pop(self, None)
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._transport.is_closing():
            return
        request = self._request + data
        # Whoever asks again before it took its answer would have the reader hold answers for it.
        if not REQUEST.startswith(request) or self._transport.get_write_buffer_size():
            self.drop()
        elif len(request) < len(REQUEST):
            self._request = request
        else:
            self._request = b""
            self._transport.write(self._reader.answer)
            self._wait(IDLE_S)


def _identity(path: Path) -> tuple[int, int] | None:
    """What tells a file from another one of its name; `None` where there is none."""
    try:
        status = path.lstat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


@dataclass(frozen=True)
class _Door:
    """A socket that is listened on, and the file by which clients find it."""

    path: Path
    identity: tuple[int, int] | None
    listening: socket.socket
    server: asyncio.AbstractServer

    def is_there(self) -> bool:
        """Whether clients that come still find it."""
        return self.identity is not None and _identity(self.path) == self.identity

    def close(self) -> None:
        """Let nobody in any more; those who are in stay."""
        self.server.close()
        self.listening.close()

    def remove(self) -> None:
        """Take the file away, unless another one has its name by now: it would be another reader's."""
        if self.is_there():
            self.path.unlink(missing_ok=True)


class Reader:
    """Serves the snapshots of a meter to root, to its own user and to the members of a group."""

    def __init__(self, meter: SnapshotSource, interval_s: float, gid: int) -> None:
        self._meter, self._interval_s, self._gid = meter, interval_s, gid
        self.answer = LENGTH.pack(0)
        self.clients = Clients(connections_allowed())

    def lets_in(self, connection: socket.socket) -> bool:
        """Whether the peer may be told."""
        try:
            peer = peer_of(connection)
        except OSError:
            return False
        return peer.uid in (0, user_number()) or self._gid in peer.gids

    def renew(self, snapshot: Snapshot | None) -> None:
        """Hand this out from now on."""
        text = b"" if snapshot is None else encoded(snapshot)
        self.answer = LENGTH.pack(len(text)) + text

    async def run(self, path: Path, ready: Callable[[], None], ended: asyncio.Event) -> None:
        """Serve until `ended`; the socket is gone then."""
        asyncio.get_running_loop().set_exception_handler(quiet_about_descriptors)
        door = await self._door_at(path)
        looks: set[asyncio.Task[None]] = set()

        async def look() -> None:
            """Listen anew where somebody removed the socket: clients that come could not find it any more."""
            nonlocal door
            if not door.is_there():
                with suppress(OSError):  # another reader has the place, or the folder has gone: the next look will see
                    before, door = door, await self._door_at(path)
                    before.close()

        def renew(snapshot: Snapshot | None) -> None:
            self.renew(snapshot)
            if not looks:
                task = asyncio.ensure_future(look())
                looks.add(task)
                task.add_done_callback(looks.discard)

        try:
            await renew_until(ended, self._meter, self._interval_s, renew, ready)
            for client in list(self.clients.connected):
                client.drop()
        finally:
            for task in looks:
                task.cancel()
            door.close()
            door.remove()

    async def _door_at(self, path: Path) -> _Door:
        listening = listening_socket(path, self._gid)
        server = await asyncio.get_running_loop().create_unix_server(lambda: _Client(self), sock=listening)
        return _Door(path, _identity(path), listening, server)
