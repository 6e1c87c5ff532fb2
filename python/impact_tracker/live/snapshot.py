"""What the live view shows at one moment, of the machine or of a record; no widget in it."""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from os import PathLike
from typing import Protocol

from ..record import Record
from ..result import Result
from ..tracker import ImpactTracker
from .processes import ProcessTable, ProcessUse, divided

_SHARE_OF_TIME = 0.02  # a long record is read again no more often than takes this part of a core


@dataclass(frozen=True)
class DevicePower:
    """One channel that measures energy. `watts` over the last interval and `energy_j` since the begin; None: not known.
    `in_total`: whether it is a part of the machine's sum."""

    name: str
    watts: float | None
    energy_j: float | None
    quality: str
    source: str
    in_total: bool


@dataclass(frozen=True)
class LiveSnapshot:
    """`watts`: of the machine over the last interval; `energy_j` with its error since the begin `seconds` ago.
    `regions`: those that are open, outermost first. `notes`: what a reader of the numbers should know."""

    title: str
    seconds: float
    watts: float | None
    energy_j: float | None
    error_j: float | None
    quality: str
    devices: tuple[DevicePower, ...]
    processes: tuple[ProcessUse, ...]
    regions: tuple[str, ...]
    budget: str | None
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        """For programs."""
        return asdict(self)


class LiveWatch(Protocol):
    """What gives snapshots, and is closed at the end."""

    def snapshot(self) -> LiveSnapshot: ...
    def close(self) -> None: ...


class _Powers:
    """Watts from the energies of two moments."""

    def __init__(self) -> None:
        self._before: Result | None = None

    def of(self, result: Result) -> tuple[float | None, tuple[DevicePower, ...]]:
        before, self._before = self._before, result
        elapsed_s = result.duration_s - (before.duration_s if before is not None else 0.0)
        earlier = {} if before is None else {channel["id"]: channel.get("energy_j") for channel in before.channels}

        def watts(now_j: float | None, then_j: float | None) -> float | None:
            if now_j is None or (then_j is None and before is not None) or elapsed_s <= 0:
                return None
            return max(now_j - (then_j or 0.0), 0.0) / elapsed_s

        devices = tuple(
            DevicePower(
                name=f"{channel['device']} {channel['domain']}",
                watts=watts(channel.get("energy_j"), earlier.get(channel["id"])),
                energy_j=channel.get("energy_j"),
                quality=channel["quality"],
                source=channel["source"],
                in_total=channel["in_total"],
            )
            for channel in result.channels
            if "energy_j" in channel
        )
        return watts(result.energy_j, None if before is None else before.energy_j), devices


def processors_watts(devices: Sequence[DevicePower]) -> float | None:
    """The power of the processors' packages, which processes share by CPU time; None where no package is known."""
    known = [device.watts for device in devices if device.in_total and device.name.endswith(" package")]
    numbers = [watts for watts in known if watts is not None]
    return math.fsum(numbers) if numbers and len(numbers) == len(known) else None


class MachineWatch:
    """The machine, by a tracker of its own whose record is thrown away. OSError where no temporary file can be
    written."""

    def __init__(self, interval_s: float = 1.0, root: str = "/") -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="impact-tracker-top-")
        self._tracker = ImpactTracker(self._folder.name, interval_s=interval_s, scope="machine", root=root).start()
        self._powers, self._processes = _Powers(), ProcessTable(root)
        self._processes.look()
        self._title = "this machine"

    def snapshot(self) -> LiveSnapshot:
        """As it is now."""
        result = self._tracker.result
        if result is None:
            raise RuntimeError("the tracker of the live view does not run")
        watts, devices = self._powers.of(result)
        uses = divided(self._processes.look(), processors_watts(devices), None)
        return _snapshot(self._title, result, watts, devices, tuple(uses), (), None)

    def close(self) -> None:
        """Stop measuring."""
        self._tracker.stop()
        self._folder.cleanup()


class RecordWatch:
    """A record, also while it is written. FileNotFoundError and ValueError as for reading one."""

    def __init__(self, path: str | PathLike[str]) -> None:
        self._path = path
        self._powers = _Powers()
        self._kept: LiveSnapshot | None = None
        self._next = 0.0
        self.snapshot()

    def snapshot(self) -> LiveSnapshot:
        """As the record stands; a long one is read again more seldom."""
        began = time.monotonic()
        if self._kept is not None and began < self._next:
            return self._kept
        record = Record(self._path)
        watts, devices = self._powers.of(record.result)
        budget = record.header.get("budget")
        state = "ended" if record.complete else "runs, or was cut off"
        self._kept = _snapshot(
            f"{record.path.name} ({state})",
            record.result,
            watts,
            devices,
            (),
            tuple(record.left_open),
            str(budget) if budget else None,
        )
        self._next = began + (time.monotonic() - began) / _SHARE_OF_TIME
        return self._kept

    def close(self) -> None:
        """Nothing is held."""


def _snapshot(
    title: str,
    result: Result,
    watts: float | None,
    devices: tuple[DevicePower, ...],
    uses: tuple[ProcessUse, ...],
    regions: tuple[str, ...],
    budget: str | None,
) -> LiveSnapshot:
    return LiveSnapshot(
        title=title,
        seconds=result.duration_s,
        watts=watts,
        energy_j=result.energy_j,
        error_j=result.energy.error_j,
        quality="missing" if result.energy_j is None else str(result.quality),
        devices=devices,
        processes=uses,
        regions=regions,
        budget=budget,
        notes=tuple(result.notes),
    )
