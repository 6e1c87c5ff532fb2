"""A small HTTP server for scrapes: two pages that lie ready as bytes, and bounds on what a client can cost.

A client gets one answer on a connection, which closes then. A request may be 8 KiB long and must be whole within 5 s;
an answer must be taken within 10 s. Where all connections are in use, the client that has been there longest is cut
off for the new one: whoever holds connections open without asking keeps nobody out.
"""

from __future__ import annotations

import asyncio
import errno
import sys
import time
from dataclasses import dataclass, field
from typing import Protocol

from ..interop.metric_text import OPEN_METRICS, PROMETHEUS

LONGEST_REQUEST = 8192
REQUEST_S, ANSWER_S = 5.0, 10.0
MOST_CONNECTIONS = 256
_DESCRIPTORS_KEPT = 64  # for the measuring itself, which must never lack one

PLAIN = "text/plain; charset=utf-8"
_ALLOW = "Allow: GET\r\n"
_REASONS = {
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    431: "Request Header Fields Too Large",
    503: "Service Unavailable",
}


@dataclass
class Pages:
    """What is served: replaced as a whole at each renewal. `good_until_s`: on the monotonic clock."""

    open_metrics: bytes = b"# EOF\n"
    prometheus: bytes = b""
    good_until_s: float = 0.0

    @property
    def are_fresh(self) -> bool:
        """Whether they were renewed lately."""
        return time.monotonic() < self.good_until_s


class Droppable(Protocol):
    """A connection that can be ended."""

    def drop(self) -> None:
        """End it at once."""


@dataclass
class Clients:
    """The connections now, oldest first, and how many were cut off since the start."""

    most: int = MOST_CONNECTIONS
    dropped: int = 0
    connected: dict[Droppable, None] = field(default_factory=dict)

    def make_room(self) -> None:
        """Cut the oldest off where there are too many."""
        while len(self.connected) >= self.most:
            next(iter(self.connected)).drop()


class _Client(asyncio.Protocol):
    """One connection."""

    def __init__(self, pages: Pages, clients: Clients) -> None:
        self._pages, self._clients = pages, clients
        self._request = bytearray()
        self._answered = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._clients.make_room()
        self._clients.connected[self] = None
        self._deadline = asyncio.get_running_loop().call_later(REQUEST_S, self.drop)

    def connection_lost(self, error: Exception | None) -> None:
        self._deadline.cancel()
        self._clients.connected.pop(self, None)

    def drop(self) -> None:
        """End the connection at once, whatever is still to be sent."""
        self._clients.dropped += 1
        self._clients.connected.pop(self, None)
        self._deadline.cancel()
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._answered:
            return
        self._request += data[: LONGEST_REQUEST + 1 - len(self._request)]
        end = self._request.find(b"\r\n\r\n")
        if end < 0 and len(self._request) <= LONGEST_REQUEST:
            return
        if end < 0:
            self._clients.dropped += 1
            self._answer(431, b"the request is longer than 8 KiB\n")
        else:
            self._answer(*answer_to(bytes(self._request[:end]), self._pages))
        self._request.clear()

    def eof_received(self) -> bool:
        return False  # nothing more will come: what is still to be sent is sent, and then the connection closes

    def _answer(self, status: int, body: bytes, kind: str = PLAIN) -> None:
        self._answered = True
        self._deadline.cancel()
        self._deadline = asyncio.get_running_loop().call_later(ANSWER_S, self.drop)
        head = (
            f"HTTP/1.1 {status} {_REASONS[status]}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
            "Connection: close\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
            f"{_ALLOW if status == 405 else ''}\r\n"
        )
        # What the client goes on to send is read and thrown away until it has gone or the deadline has come: a
        # connection that is closed with bytes unread is reset, and the answer lost.
        self._transport.write(head.encode() + body)
        if self._transport.can_write_eof():
            self._transport.write_eof()


def answer_to(request: bytes, pages: Pages) -> tuple[int, bytes, str]:
    """Status, body and content type for the head of a request."""
    lines = request.split(b"\r\n")
    words = lines[0].split(b" ")
    if len(words) != 3 or not words[2].startswith(b"HTTP/1.") or b"\0" in request:
        return 400, b"this is no HTTP/1 request\n", PLAIN
    if words[0] != b"GET":
        return 405, b"only GET is answered\n", PLAIN
    path = words[1].partition(b"?")[0]
    if path == b"/-/healthy":
        return (200, b"ok\n", PLAIN) if pages.are_fresh else (503, b"the values are too old\n", PLAIN)
    if path != b"/metrics":
        return 404, b"there are /metrics and /-/healthy\n", PLAIN
    accepted = b",".join(line for line in lines[1:] if line.lower().startswith(b"accept:")).lower()
    if b"application/openmetrics-text" in accepted:
        return 200, pages.open_metrics, OPEN_METRICS
    return 200, pages.prometheus, PROMETHEUS


def connections_allowed(wanted: int = MOST_CONNECTIONS) -> int:
    """So many that descriptors stay free for measuring, whatever the limit of this process is."""
    if sys.platform == "win32":  # it counts no descriptors
        return wanted
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return wanted
    return max(1, min(wanted, soft - _DESCRIPTORS_KEPT))


def quiet_about_descriptors(loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
    """The loop's handler of errors: a lack of descriptors is waited out, with no word of it for each client."""
    error = context.get("exception")
    if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
        return
    loop.default_exception_handler(context)


async def serve_pages(pages: Pages, clients: Clients, host: str, port: int) -> asyncio.Server:
    """The listening server; OSError where the address cannot be had. Port 0 takes any free one."""
    loop = asyncio.get_running_loop()
    try:
        return await loop.create_server(
            lambda: _Client(pages, clients), host or None, port, backlog=128, reuse_address=True
        )
    except OSError as error:
        why = {
            errno.EADDRINUSE: "another program listens there: name another port (--listen)",
            errno.EACCES: "ports below 1024 are root's: name another (--listen)",
            errno.EADDRNOTAVAIL: "this machine has no such address: name one of its own (--listen)",
        }.get(error.errno or 0, error.strerror or str(error))
        raise type(error)(error.errno, f"{host or '*'}:{port} cannot be listened on: {why}") from None
