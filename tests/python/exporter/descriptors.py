"""A process that has no file descriptor left, as one has under more clients than its limit allows."""

from __future__ import annotations

import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def no_descriptor_left() -> Iterator[None]:
    """Within it this process can open nothing more: sockets that a test connects there are to be made before."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(int(name.name) for name in Path("/proc/self/fd").iterdir())
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 1, hard))
    fillers: list[socket.socket] = []
    try:
        with suppress(OSError):
            while True:
                fillers.append(socket.socket())
        yield
    finally:
        for filler in fillers:
            filler.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
