"""The control groups that this process is in: folders of the kernel's files that say what a container or a job may use.

Both versions, at their usual places below /sys/fs/cgroup. Whose group it is, and what it has used, is the core's.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple


class Group(NamedTuple):
    """The folder of one group; `v2`: of version 2, which names its files otherwise."""

    folder: Path
    v2: bool


def groups_of(controller: str, root: str = "/") -> Iterator[Group]:
    """This process's groups of a controller (cpu, memory …), the innermost first: a limit of any of them holds. Their
    folders need not be there: in a container a path may be the host's, of which only the top is seen."""
    try:
        lines = (Path(root) / "proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        top = Path(root) / "sys/fs/cgroup"
        if controllers and controller not in controllers.split(","):
            continue
        for base in [top / controller, top / controllers] if controllers else [top]:
            if base.is_dir():  # cpu is often a link to cpu,cpuacct
                yield from _upwards(base, path, not controllers)
                break


def _upwards(base: Path, path: str, v2: bool) -> Iterator[Group]:
    place = base / path.lstrip("/")
    for folder in (place, *place.parents):
        if folder.is_relative_to(base):
            yield Group(folder, v2)


def cpu_quota(root: str = "/") -> float | None:
    """Processors' worth of time that this process may use (cpu.max; cpu.cfs_quota_us of version 1): the least of its
    groups'. None where none of them has a limit, or says so."""
    return min((quota for group in groups_of("cpu", root) for quota in _quota(group)), default=None)


def _quota(group: Group) -> Iterator[float]:
    try:
        if group.v2:
            quota, period = (group.folder / "cpu.max").read_text(encoding="utf-8").split()
        else:
            files = (group.folder / f"cpu.cfs_{name}_us" for name in ("quota", "period"))
            quota, period = (file.read_text(encoding="utf-8") for file in files)
        most, of = int(quota), int(period)  # "max" is no number, and -1 is no limit
    except (OSError, ValueError):
        return
    if most > 0 and of > 0:
        yield most / of


def memory_limit(root: str = "/") -> int | None:
    """Bytes of memory that this process may use (memory.max; memory.limit_in_bytes of version 1): the least of its
    groups'. None where none of them has a limit, or says so."""
    limits = (
        _number(group.folder / ("memory.max" if group.v2 else "memory.limit_in_bytes"))
        for group in groups_of("memory", root)
    )
    return min((limit for limit in limits if limit), default=None)


def cpu_set_size(root: str = "/") -> int | None:
    """How many processors the innermost group with a set of them has (cpuset.cpus.effective; cpuset.cpus of
    version 1). None where none says so."""
    for group in groups_of("cpuset", root):
        try:
            file = group.folder / ("cpuset.cpus.effective" if group.v2 else "cpuset.cpus")
            text = file.read_text(encoding="utf-8").strip()
            ranges = [part.split("-") for part in text.split(",") if part]
            size = sum(int(ends[-1]) - int(ends[0]) + 1 for ends in ranges)
        except (OSError, ValueError):
            continue
        if size > 0:
            return size
    return None


def _number(path: Path) -> int | None:
    """What a file says as a number; "max" is none."""
    try:
        return int(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
