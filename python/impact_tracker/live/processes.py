"""What processes have computed since the look before, and the part of the machine's power that is theirs.

The core reads /proc, and tells only what has changed: a process that did nothing is the same object as before.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from .. import _core
from ..system import ticks_per_second
from ..values import Quality, worst_quality


@dataclass(frozen=True)
class GpuUse:
    """What a process uses of the machine's GPUs. `watts`: its part of their power by its work; `use`: the sum of its
    parts of their multiprocessors, 1 for one whole GPU; `memory_bytes`: that it holds. Each is `None` where the driver
    does not tell it."""

    watts: float | None = None
    use: float | None = None
    memory_bytes: int | None = None
    quality: Quality = "missing"


@dataclass(frozen=True)
class ProcessUse:
    """One process over the last interval.

    `cpu_s`: CPU seconds of all its threads. `cpu_watts`: its part of the processors' power by CPU time. `gpu`: `None`
    for a process that is on no GPU. `watts`: the sum of the parts that are known, `None` where none is; `partial`:
    another part is not known. `group`: the end of its control group's path; `job`: the batch job or the container that
    the group is in, "" for none.
    """

    pid: int
    command: str
    user: int
    cpu_s: float
    watts: float | None = None
    group: str = ""
    job: str = ""
    cpu_watts: float | None = None
    gpu: GpuUse | None = None
    partial: bool = False
    quality: Quality = "missing"


@dataclass(frozen=True)
class DividedPower:
    """A power that processes share: `None` where it is not known."""

    watts: float | None
    quality: Quality = "missing"


class _BusyTime:
    """CPU seconds of the whole machine between two looks, from /proc/stat: a container or a user sees but a part of the
    processes, and some have ended since the look before."""

    def __init__(self, root: str) -> None:
        self._place = f"{root}/proc/stat"
        self._tick_s = 1.0 / ticks_per_second()
        self._before: int | None = None

    def look(self) -> float | None:
        """`None` at the first look, and where the file is not there or is another."""
        before, self._before = self._before, self._ticks()
        if before is None or self._before is None or self._before < before:
            return None
        return (self._before - before) * self._tick_s

    def _ticks(self) -> int | None:
        try:
            with open(self._place, encoding="ascii", errors="replace") as file:  # noqa: PTH123
                name, *fields = file.readline().split()
            user, nice, system, _idle, _waiting, interrupts, soft_interrupts = map(int, fields[:7])
        except (OSError, ValueError):
            return None
        return user + nice + system + interrupts + soft_interrupts if name == "cpu" else None


class ProcessTable:
    """The processes of a machine. Each look costs one read a process; what does not change is read once."""

    def __init__(self, root: str = "/") -> None:
        self._root = root
        self._core = _core.ProcessTable(root)
        self._busy = _BusyTime(root)
        self._processes: dict[int, ProcessUse] = {}  # as they are while they do nothing
        self._idle: dict[int, ProcessUse] = {}  # the same where the processors' power is known and others have it
        self._idle_quality: Quality = "missing"

    def look(self, power: DividedPower, gpus: Mapping[int, GpuUse] | None = None) -> tuple[ProcessUse, ...]:
        """The processes that are there, with what they used since the look before and their parts of the processors'
        power: first those that worked, then the others. Of the first look nobody's use is known, for it would be their
        whole life; who began since counts with all of it."""
        changed, gone, times = self._core.look()
        busy_s = self._busy.look()
        for pid in gone:
            self._processes.pop(pid, None)
            self._idle.pop(pid, None)
        if power.quality != self._idle_quality:
            self._idle_quality = power.quality
            self._idle.clear()
        for facts in changed:
            self._processes[facts.pid] = self._process(facts)
            self._idle.pop(facts.pid, None)
        worked = {pid: replace(self._processes[pid], cpu_s=cpu_s) for pid, cpu_s in times}
        at_work = divided(tuple(worked.values()), power, busy_s)
        idle = self._idle_ones() if power.watts is not None and at_work else self._processes
        others = tuple(use for pid, use in idle.items() if pid not in worked)
        return with_gpus((*at_work, *others), gpus) if gpus else (*at_work, *others)

    def _idle_ones(self) -> Mapping[int, ProcessUse]:
        """Those that did nothing while others worked: no part of the power is theirs."""
        for pid in self._processes.keys() - self._idle.keys():
            self._idle[pid] = replace(self._processes[pid], watts=0.0, cpu_watts=0.0, quality=self._idle_quality)
        return self._idle

    def _process(self, facts: _core.ProcessFacts) -> ProcessUse:
        try:
            user = os.stat(f"{self._root}/proc/{facts.pid}").st_uid  # noqa: PTH116  # as cheap as it gets
        except OSError:
            user = -1
        end = facts.group.rstrip("/").rpartition("/")[2]
        job = "" if facts.job is None else job_text(*facts.job)
        return ProcessUse(facts.pid, shown(facts.command), user, 0.0, None, shown(end), shown(job))


def shown(text: str) -> str:
    """Text of the machine's as a terminal may have it: a command may hold the codes that clear a screen."""
    return text if text.isprintable() else "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def job_text(system: str, job: str, step: str) -> str:
    """`Slurm 77.0`, `Docker 3f2a9c81b7d0`: the number of a container as its own tools shorten it."""
    is_long = len(job) == 64 and all(c in "0123456789abcdef" for c in job)
    return f"{system} {job[:12] if is_long else job}{f'.{step}' if step else ''}"


def divided(uses: Sequence[ProcessUse], power: DividedPower, busy_s: float | None = None) -> tuple[ProcessUse, ...]:
    """Each with its part of the processors' power by CPU time: watts × its CPU seconds ÷ those of all.

    `busy_s`: CPU seconds of the whole machine, which has more than the processes that were seen where some have ended
    or are hidden; their part is nobody's. The parts add up to no more than the power. None where power or use is not
    known.
    """
    everything_s = max(sum(use.cpu_s for use in uses), busy_s or 0.0)
    if power.watts is None or everything_s <= 0:
        return tuple(replace(use, watts=None, cpu_watts=None, quality="missing") for use in uses)
    parts = [power.watts * use.cpu_s / everything_s for use in uses]
    return tuple(replace(use, watts=part, cpu_watts=part, quality=power.quality) for use, part in zip(uses, parts))


def with_gpus(uses: Sequence[ProcessUse], gpus: Mapping[int, GpuUse]) -> tuple[ProcessUse, ...]:
    """Those that are on a GPU with their parts of its power too."""
    return tuple(use if use.pid not in gpus else _with_gpu(use, gpus[use.pid]) for use in uses)


def _with_gpu(use: ProcessUse, gpu: GpuUse) -> ProcessUse:
    parts = [(use.cpu_watts, use.quality), (gpu.watts, gpu.quality)]
    known = [(watts, quality) for watts, quality in parts if watts is not None]
    return replace(
        use,
        gpu=gpu,
        watts=sum(watts for watts, _ in known) if known else None,
        partial=len(known) == 1,
        quality=worst_quality([quality for _, quality in known]) if known else "missing",
    )


@dataclass(frozen=True)
class JobUse:
    """The processes of one batch job, container or service over the last interval; the fields as those of a
    process."""

    name: str
    processes: int
    cpu_s: float
    watts: float | None
    gpu: GpuUse | None
    partial: bool
    quality: Quality


def jobs_of(uses: Sequence[ProcessUse]) -> tuple[JobUse, ...]:
    """The processes by job; those that are in none by the end of their control group."""
    members: dict[str, list[ProcessUse]] = {}
    for use in uses:
        members.setdefault(use.job or use.group or "no group", []).append(use)
    return tuple(_job(name, processes) for name, processes in members.items())


def _job(name: str, uses: Sequence[ProcessUse]) -> JobUse:
    known = [use for use in uses if use.watts is not None]
    on_gpu = [use.gpu for use in uses if use.gpu is not None]
    return JobUse(
        name=name,
        processes=len(uses),
        cpu_s=sum(use.cpu_s for use in uses),
        watts=sum(use.watts or 0.0 for use in known) if known else None,
        gpu=summed(on_gpu) if on_gpu else None,
        partial=bool(known) and (len(known) < len(uses) or any(use.partial for use in uses)),
        quality=worst_quality([use.quality for use in known]) if known else "missing",
    )


def summed(uses: Sequence[GpuUse]) -> GpuUse:
    """The uses of several GPUs, or of several processes, as one. What is not known of one is not known of all."""
    watts = [use.watts for use in uses if use.watts is not None]
    parts = [use.use for use in uses if use.use is not None]
    memory = [use.memory_bytes for use in uses if use.memory_bytes is not None]
    return GpuUse(
        sum(watts) if len(watts) == len(uses) else None,
        sum(parts) if len(parts) == len(uses) else None,
        sum(memory) if len(memory) == len(uses) else None,
        worst_quality([use.quality for use in uses]),
    )
