"""The processes below one, by what /proc says, and signals to those that are still the same."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

_PARENT, _START = 1, 19  # fields of /proc/<pid>/stat behind the name: parent, start in ticks since boot


class ProcessMark(NamedTuple):
    """A process by its number and its start, for numbers are given anew."""

    pid: int
    start_ticks: int


def descendants_of(pid: int, root: str = "/") -> list[ProcessMark]:
    """All processes that a process has begun, and theirs, nearest first; empty where there is no /proc."""
    children: dict[int, list[ProcessMark]] = {}
    for folder in Path(root, "proc").glob("[0-9]*"):
        fields = _stat(folder)
        if fields is not None:
            mark = ProcessMark(int(folder.name), int(fields[_START]))
            children.setdefault(int(fields[_PARENT]), []).append(mark)
    below: list[ProcessMark] = list(children.get(pid, ()))
    for mark in below:  # it grows while it is walked
        below += children.get(mark.pid, ())
    return below


def is_alive(mark: ProcessMark, root: str = "/") -> bool:
    """Whether the same process still runs; one that has ended and waits for its parent does not."""
    fields = _stat(Path(root, "proc", str(mark.pid)))
    return fields is not None and int(fields[_START]) == mark.start_ticks and fields[0] not in ("Z", "X")


def signal_to(mark: ProcessMark, number: signal.Signals) -> None:
    """Send a signal, if the process is still the same."""
    if is_alive(mark):
        with suppress(ProcessLookupError, PermissionError):
            os.kill(mark.pid, number)


def _stat(folder: Path) -> list[str] | None:
    """The fields behind the name, which may hold spaces and brackets itself."""
    try:
        text = (folder / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return fields if len(fields) > _START else None
