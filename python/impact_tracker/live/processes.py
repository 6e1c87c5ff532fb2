"""What processes have computed since the look before, from /proc, and the part of the processors' power that is
theirs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..system import ticks_per_second

_TICK_S = 1 / ticks_per_second()


@dataclass(frozen=True)
class ProcessUse:
    """One process over the last interval. `cpu_s`: CPU seconds of all its threads; `watts`: its part of the processors'
    power by CPU time, None where that is not known; `group`: the end of its control group's path, of a job or a
    service."""

    pid: int
    command: str
    user: int
    cpu_s: float
    watts: float | None = None
    group: str = ""


class ProcessTable:
    """The processes of a machine. Each look costs one small file a process; what does not change is read once."""

    def __init__(self, root: str = "/") -> None:
        self._proc = Path(root) / "proc"
        self._ticks: dict[tuple[int, str], int] = {}  # by number and start, which tells two of one number apart
        self._facts: dict[tuple[int, str], tuple[int, str]] = {}  # user and group

    def look(self) -> list[ProcessUse]:
        """The processes that are there, with what they used since the look before; new ones with all they have used
        only where there was a look before, for else it would be their whole life."""
        is_first, before, now = not self._ticks, self._ticks, {}
        uses = []
        for name in self._numbers():
            if not name.isdigit():
                continue
            try:
                with open(f"{self._proc}/{name}/stat", "rb") as file:  # noqa: PTH123
                    text = file.read(4096)
            except OSError:  # it has ended
                continue
            parsed = parse_stat(text)
            if parsed is None:
                continue
            command, started, ticks = parsed
            key = (int(name), started)
            now[key] = ticks
            used = ticks - before.get(key, ticks if is_first else 0)
            user, group = self._facts_of(key)
            uses.append(ProcessUse(key[0], command, user, max(used, 0) * _TICK_S, None, group))
        self._ticks = now
        for gone in self._facts.keys() - now.keys():
            del self._facts[gone]
        return uses

    def _numbers(self) -> list[str]:
        """The names in /proc; none on a system that lists its processes elsewhere."""
        try:
            return os.listdir(self._proc)  # noqa: PTH208  # a Path for each of some hundred numbers takes longer
        except FileNotFoundError:
            return []

    def _facts_of(self, key: tuple[int, str]) -> tuple[int, str]:
        if key not in self._facts:
            place = f"{self._proc}/{key[0]}"
            try:
                user = os.stat(place).st_uid  # noqa: PTH116
                with open(f"{place}/cgroup", encoding="utf-8", errors="replace") as file:  # noqa: PTH123
                    path = file.readline().strip().rpartition(":")[2]
            except OSError:
                user, path = -1, ""
            self._facts[key] = (user, path.rstrip("/").rpartition("/")[2])
        return self._facts[key]


def parse_stat(text: bytes) -> tuple[str, str, int] | None:
    """(command, start, CPU ticks) of a line of /proc/<pid>/stat; None for any other text.

    The command may hold anything, brackets and newlines too."""
    head, bracket, tail = text.rpartition(b")")
    fields = tail.split()
    if not bracket or len(fields) < 20 or b"(" not in head:
        return None
    try:
        ticks = int(fields[11]) + int(fields[12])
    except ValueError:
        return None
    return head.partition(b"(")[2].decode("utf-8", "replace"), fields[19].decode(), ticks


def divided(uses: Sequence[ProcessUse], watts: float | None, busy_s: float | None) -> list[ProcessUse]:
    """Each with its part of the processors' power by CPU time: watts × its CPU seconds ÷ those of all.

    `busy_s`: CPU seconds of the whole machine, which has more than the processes that were seen where some have ended;
    their part is nobody's. The parts add up to no more than the power. None where power or use is not known.
    """
    seen = sum(use.cpu_s for use in uses)
    everything = max(seen, busy_s or 0.0)
    if watts is None or everything <= 0:
        return [replace(use, watts=None) for use in uses]
    return [replace(use, watts=watts * use.cpu_s / everything) for use in uses]
