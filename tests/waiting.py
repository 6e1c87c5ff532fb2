"""Waiting for what other processes do, and no longer than it takes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path


def until(holds: Callable[[], object], seconds: float = 60.0) -> bool:
    """Whether it came to hold within that time."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def has_ended(pid: int) -> bool:
    """Whether that process runs no more, waited for or not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def is_gone(pid: int) -> bool:
    """Whether it has ended and was waited for: no process has that number."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False
