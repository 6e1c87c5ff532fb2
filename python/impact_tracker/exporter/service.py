"""The exporter as it runs: a snapshot at each interval, as pages for HTTP and as values for OTLP."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ..interop.metric_text import Sample, metric_text
from .families import CONNECTIONS, DROPPED, families_of
from .http import Clients, Pages, connections_allowed, quiet_about_descriptors, serve_pages

if TYPE_CHECKING:
    from ..interop.metric_text import Family
    from .snapshot import Snapshot

SHORTEST_INTERVAL_S = 0.1
"""Faster than this nobody is told new values, see docs/service.md: counters shall be no side channel."""
_OLD_AFTER = 3  # intervals without a new snapshot


class SnapshotSource(Protocol):
    """Where snapshots come from: the machine itself, or the socket of a reader."""

    def snapshot(self) -> Snapshot | None:
        """What is measured now; `None` where nothing is known."""

    def close(self) -> None:
        """End the measurement."""


class Push(Protocol):
    """Where metrics are sent to, beside the pages."""

    def renew(self, families: list[Family]) -> None:
        """Take the values that are to be sent next."""

    def close(self) -> None:
        """Send what is left, and end."""


@dataclass(frozen=True)
class Address:
    """Where the service listens; port 0 takes any free one."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def read_address(text: str) -> Address:
    """`HOST:PORT`, `[IPV6]:PORT` or `:PORT` for all addresses. ValueError for anything else."""
    host, colon, port = text.rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not colon or not (port.isascii() and port.isdigit()) or int(port) > 65535 or (":" in bare and bare == host):
        raise ValueError(f"{text!r} is no address to listen on: HOST:PORT, such as 127.0.0.1:9099 or [::1]:9099")
    return Address(bare, int(port))


class Exporter:
    """Renews the pages from a meter, and serves them."""

    def __init__(self, meter: SnapshotSource, interval_s: float, push: Push | None = None) -> None:
        self._meter, self._interval_s, self._push = meter, interval_s, push
        self.pages = Pages()
        self.clients = Clients(connections_allowed())

    def renew(self, snapshot: Snapshot | None) -> None:
        """Write the pages anew."""
        families = families_of(snapshot)
        if self._push is not None:
            self._push.renew(families)
        families += [
            CONNECTIONS.family([Sample({}, len(self.clients.connected))]),
            DROPPED.family([Sample({}, self.clients.dropped)]),
        ]
        self.pages.open_metrics = metric_text(families).encode()
        self.pages.prometheus = metric_text(families, open_metrics=False).encode()
        if snapshot is not None:
            self.pages.good_until_s = time.monotonic() + _OLD_AFTER * self._interval_s + 1.0

    async def run(self, address: Address, tell: Callable[[Address], None], ended: asyncio.Event) -> None:
        """Serve until `ended`; `tell` gets the address once it is listened on. OSError where it cannot be had."""
        asyncio.get_running_loop().set_exception_handler(quiet_about_descriptors)
        server = await serve_pages(self.pages, self.clients, address.host, address.port)
        try:
            host, port = server.sockets[0].getsockname()[:2]
            await renew_until(ended, self._meter, self._interval_s, self.renew, lambda: tell(Address(host, port)))
        finally:
            server.close()
            for client in list(self.clients.connected):
                client.drop()


async def renew_until(
    ended: asyncio.Event,
    meter: SnapshotSource,
    interval_s: float,
    take: Callable[[Snapshot | None], None],
    ready: Callable[[], None],
) -> None:
    """Hand `take` a snapshot at each interval until `ended`; `ready` is called after the first.

    Snapshots are taken by the clock and never because somebody asks, in a thread: a slow device holds up no client.
    """
    loop = asyncio.get_running_loop()
    take(await loop.run_in_executor(None, meter.snapshot))
    ready()
    due_s = loop.time()
    while not ended.is_set():
        due_s = max(due_s + interval_s, loop.time())
        try:
            await asyncio.wait_for(ended.wait(), due_s - loop.time())
        except asyncio.TimeoutError:
            take(await loop.run_in_executor(None, meter.snapshot))


def run_until_signal(body: Callable[[asyncio.Event], Coroutine[None, None, None]]) -> None:
    """Run `await body(ended)`; SIGTERM and SIGINT set `ended`."""

    async def main() -> None:
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            try:
                loop.add_signal_handler(number, ended.set)
            except NotImplementedError:  # Windows
                signal.signal(number, lambda *_: loop.call_soon_threadsafe(ended.set))
        await body(ended)

    asyncio.run(main())
