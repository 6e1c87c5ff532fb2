"""What operating systems name differently or lack, asked here: most that measures is Linux's, and records are read,
reported and weighed on macOS and Windows too."""

from __future__ import annotations

import os
import platform
import sys
import time

IS_LINUX = sys.platform.startswith("linux")

FILE_FLAGS = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
"""For `os.open`: the file is not inherited, and its line feeds stay as they are written."""


def system_name() -> str:
    """The operating system as people call it."""
    return {"linux": "Linux", "darwin": "macOS", "win32": "Windows"}.get(
        sys.platform, platform.system() or sys.platform
    )


def system_version() -> str | None:
    """The system with its release where no file says it: "macOS 14.5"; None on Linux, which has such a file."""
    if sys.platform == "darwin":
        return f"{system_name()} {platform.mac_ver()[0]}".strip()
    if sys.platform == "win32":
        return f"{system_name()} {platform.win32_ver()[0]}".strip()
    return None


def node_name() -> str:
    """This machine's name in its network."""
    if sys.platform == "win32":
        return platform.node()
    return os.uname().nodename


def user_number() -> int | None:
    """Of this process's user, as files and peers show it; None where users have no numbers."""
    if sys.platform == "win32":
        return None
    return os.geteuid()


def core_clock_ns() -> int | None:
    """Now, on the clock of the core's readings; None on Windows, where Python lacks that clock: the core asks then."""
    return None if sys.platform == "win32" else time.monotonic_ns()


def usable_processors() -> int:
    """How many processors this process may run on; all of the machine where processes are not bound to some."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def ticks_per_second() -> int:
    """Of the times in /proc/<pid>/stat and /proc/stat."""
    if sys.platform == "win32":
        return 100  # it has no such file
    return os.sysconf("SC_CLK_TCK")


def only_on_linux(what: str, instead: str = "") -> None:
    """OSError, in a plain sentence, where this is another system: `what` begins the sentence, `instead` ends it."""
    if not IS_LINUX:
        raise OSError(f"{what} needs Linux, and this is {system_name()}{instead}")
