"""Records that were read, one of each run, and the sum over them."""

from __future__ import annotations

import math
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from ..hostinfo import hardware_of
from ..paths import absolute
from ..record import Record, find_records
from ..result import Result
from ..values import Energy, Range, total_if_known
from ..weighing import Reweighing

if TYPE_CHECKING:
    from ..estimators import Comparison

_FEW, _MOST_READERS = 4, 16
Item = TypeVar("Item")
Answer = TypeVar("Answer")
Progress = Callable[[Sequence[Path]], Iterable[Path]]


@dataclass(frozen=True)
class Stretches:
    """Several results that do not share an energy."""

    results: Sequence[Result]

    @property
    def duration_s(self) -> float:
        """Their lengths together. Stretches that overlap in time count each."""
        return math.fsum(result.duration_s for result in self.results)

    @property
    def energy(self) -> Energy:
        """Of all of them; missing where one of them was not measured."""
        return total_if_known(result.energy for result in self.results)


class ReadRecord(NamedTuple):
    """The record of one run, as it was read, and its result as it was weighed.

    `label`: the shortest name that tells it from the others that it is shown with.
    """

    label: str
    record: Record
    result: Result

    @property
    def state(self) -> str:
        """complete, ends early, damaged."""
        return "damaged" if self.record.damage else "complete" if self.record.complete else "ends early"

    @property
    def when(self) -> str:
        """Begin in UTC, to the second."""
        started = self.record.started_at
        return started.strftime("%Y-%m-%d %H:%M:%S") if started else ""

    @property
    def hostname(self) -> str:
        """The machine's name, as it was."""
        return str(self.record.header.get("hostname") or "")

    @property
    def comparison(self) -> Comparison:
        """The estimate of Green Algorithms, on the machine that the record names, beside the result."""
        from ..interop import from_result

        return from_result(self.result, hardware=hardware_of(self.record.header)).beside()

    def to_dict(self, regions: bool = False) -> dict[str, object]:
        """For JSON."""
        started = self.record.started_at
        fields: dict[str, object] = {
            "path": str(self.record.path),
            "hostname": self.hostname,
            "boot_id": self.record.boot_id,
            "rank": self.record.rank.as_info(),
            "complete": self.record.complete,
            "damage": self.record.damage,
            "started_at": started.isoformat() if started else None,
            "command": self.record.command,
            "tags": self.record.tags,
            "result": self.result.to_dict(),
            "estimate": self.comparison.as_dict(),
        }
        if regions:
            fields["regions"] = [region.to_dict() for region in self.record.regions]
        return fields


@dataclass(frozen=True)
class Total:
    """The sum over machines.

    `missing`: runs whose machine measured nothing, which are not in the sum. `duration_s`: time of machines, each
    counted once however many records hold it. `carbon_g`: `None` if no run has any. `wall_j`: `None` unless each
    machine has a meter. `share_j`: of the ranks, where their records hold it.
    """

    runs: int
    machines: int
    missing: int
    duration_s: float
    energy: Energy
    carbon_g: Range | None
    wall_j: float | None = None
    share_j: float | None = None

    def to_dict(self) -> dict[str, object]:
        """For JSON."""
        low, best, high = self.carbon_g or (None, None, None)
        return {
            "runs": self.runs,
            "machines": self.machines,
            "missing": self.missing,
            "duration_s": self.duration_s,
            "energy_j": self.energy.best_j,
            "half_width_j": self.energy.error_j,
            "carbon_g": best,
            "carbon_low_g": low,
            "carbon_high_g": high,
            "quality": self.energy.quality,
            "wall_j": self.wall_j,
            "share_j": self.share_j,
            "kwh": self.energy.kwh,
        }


def load_runs(
    paths: Sequence[str | os.PathLike[str]], *, new: Reweighing | None = None, progress: Progress = iter
) -> tuple[list[ReadRecord], list[str]]:
    """As `load_readable`; FileNotFoundError also where none of the records could be read."""
    runs, unreadable = load_readable(paths, new=new, progress=progress)
    if not runs:
        where = ", ".join(str(absolute(path)) for path in paths)
        raise FileNotFoundError(
            "; ".join(unreadable)
            or f"no tracker of {where} was ever started: start() or a `with` block begins to measure"
        )
    return runs, unreadable


def load_readable(
    paths: Sequence[str | os.PathLike[str]], *, new: Reweighing | None = None, progress: Progress = iter
) -> tuple[list[ReadRecord], list[str]]:
    """The runs below some paths, newest first, and what could not be read, in words.

    `new`: what to weigh with in place of the records' own. A record that lies below two of the paths counts once.
    FileNotFoundError where a path does not exist or holds no record.
    """
    record_paths: set[Path] = set()
    for path in paths:
        below = find_records(path)
        if not below:
            raise FileNotFoundError(f"no record below {absolute(path)}: {_hint(path)}")
        record_paths.update(below)
    ordered = sorted(record_paths, key=lambda path: (path.name, str(path)), reverse=True)
    labels = dict(zip(ordered, short_names(ordered)))
    runs, unreadable = [], []
    for path, record in zip(progress(ordered), several_at_once(_read, ordered)):
        if not isinstance(record, Record):
            unreadable.append(str(record) if str(path) in str(record) else f"{path}: {record}")
            continue
        if not record.started and record.damage:
            unreadable.append(f"{path}: the line with its start is lost: {record.damage}")
        if not record.started:
            continue  # its tracker was made and never started, so there was nothing to measure
        result = record.result
        if new is not None and new.given:
            result = result.weigh(**new._asdict())
        runs.append(ReadRecord(labels[path], record, result))
    return runs, unreadable


def _read(path: Path) -> Record | OSError | ValueError:
    try:
        return Record(path)
    except (OSError, ValueError) as error:
        return error


def several_at_once(function: Callable[[Item], Answer], items: Sequence[Item]) -> Iterator[Answer]:
    """As `map`, in threads where there are many: the core reads without holding up the interpreter."""
    if len(items) < _FEW:
        yield from map(function, items)
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(min(os.cpu_count() or 1, _MOST_READERS)) as readers:
        pending = deque(readers.submit(function, item) for item in items)
        try:
            while pending:
                yield pending.popleft().result()
        finally:
            for left in pending:
                left.cancel()


def _hint(path: str | os.PathLike[str]) -> str:
    from ..old_logs import find_old_logs

    if find_old_logs(Path(path)):
        return "its logs of experiment-impact-tracker are read by `impact-tracker export` and DataInterface"
    return f'make one with `impact-tracker run -o {path} -- COMMAND` or `with ImpactTracker("{path}"): …`'


def short_names(paths: Sequence[Path]) -> list[str]:
    """For each record its logdir below the common directory, with the file's name where a logdir holds several."""
    if not paths:
        return []
    logdirs = [path.parent.parent if path.parent.name == "impacttracker" else path.parent for path in paths]
    common = Path(os.path.commonpath(logdirs))
    names = []
    for path, logdir in zip(paths, logdirs):
        name = str(logdir.relative_to(common)) if logdir != common else logdir.name
        names.append(name if logdirs.count(logdir) == 1 else f"{name}/{path.stem}")
    return names
