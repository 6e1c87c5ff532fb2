"""Where the live view's snapshots come from: a tracker of its own on this machine, or a record."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from dataclasses import replace
from os import PathLike
from pathlib import Path

from ..budget_notes import kept_budget
from ..record import Record
from ..result import Result
from ..tracker import ImpactTracker
from .gpus import GpuTable
from .processes import ProcessTable, ProcessUse, shown
from .snapshot import BudgetView, DevicePower, LiveSnapshot, Powers, gpu_powers, processors_power, regions_by_name

_FIRST_READING_S = 0.2  # a machine without any sensor is waited for no longer
_AT_ONCE_S = 0.6  # a screen is there within a second
_SHARE_OF_TIME = 0.005  # a long record is read again no more often than takes this part of a core


class _Users:
    """The processes of the machine with their parts of its power."""

    def __init__(self, root: str) -> None:
        self._processes, self._gpus = ProcessTable(root), GpuTable(root)
        self._looked_s: float | None = None

    def of(self, devices: tuple[DevicePower, ...]) -> tuple[tuple[ProcessUse, ...], tuple[str, ...], float | None]:
        """Processes, notes on what is not known of them, and the seconds over which their use is told."""
        before_s, self._looked_s = self._looked_s, time.monotonic()
        gpus, notes = self._gpus.look(gpu_powers(devices))
        uses = self._processes.look(processors_power(devices), gpus)
        return uses, notes, None if before_s is None else self._looked_s - before_s


class MachineWatch:
    """The machine, by a tracker of its own whose record is thrown away. OSError where no temporary file can be
    written.

    A driver may hang while it is opened: what takes longer than a moment goes on beside the caller, and the first
    snapshot waits for it.
    """

    def __init__(self, interval_s: float = 1.0, root: str = "/") -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="impact-tracker-top-")
        self._tracker: ImpactTracker | None = None
        self._failure: Exception | None = None
        self._powers, self._users = Powers(), _Users(root)
        self._opening = threading.Thread(target=self._open, args=(interval_s, root), daemon=True)
        self._opening.start()
        self._opening.join(_AT_ONCE_S)
        if self._failure is not None:
            self._folder.cleanup()
            raise self._failure

    @property
    def is_opening(self) -> bool:
        """Whether a reader or a driver has not been opened yet."""
        return self._opening.is_alive()

    def _open(self, interval_s: float, root: str) -> None:
        try:
            tracker = ImpactTracker(self._folder.name, interval_s=interval_s, scope="machine", root=root).start()
        except Exception as error:  # it is the caller's, who waits for this thread
            self._failure = error
            return
        self._users.of(())
        # The first readings take some milliseconds, and a look before them would say that nothing is measured.
        end_s = time.monotonic() + _FIRST_READING_S
        while tracker.energy_j is None and time.monotonic() < end_s:
            time.sleep(0.005)
        self._tracker = tracker

    def snapshot(self) -> LiveSnapshot:
        """As it is now."""
        self._opening.join()
        if self._failure is not None:
            note = f"the machine's sensors could not be opened: {shown(str(self._failure))}"
            return LiveSnapshot("this machine", 0.0, None, None, None, "missing", (), notes=(note,))
        result = self._tracker.result if self._tracker is not None else None
        if result is None:
            raise RuntimeError("the tracker of the live view does not run")
        watts, devices = self._powers.of(result)
        uses, notes, interval_s = self._users.of(devices)
        return replace(_snapshot("this machine", result, watts, devices, notes), processes=uses, interval_s=interval_s)

    def close(self) -> None:
        """Stop measuring."""
        self._opening.join()
        if self._tracker is not None:
            self._tracker.stop()
        self._folder.cleanup()

    def abandon(self) -> None:
        """Leave nothing behind where a driver hangs, so that the tracker cannot be stopped."""
        self._folder.cleanup()


class RecordWatch:
    """A record, also while it is written. FileNotFoundError and ValueError as for reading one."""

    def __init__(self, path: str | PathLike[str], root: str = "/") -> None:
        self._path, self._root = path, root
        self._powers = Powers()
        self._users: _Users | None = None
        self._kept: LiveSnapshot | None = None
        self._next_s = 0.0
        self._size = -1
        self._writer = ""  # the folder of the run's process, while it goes on here
        self.snapshot()

    def snapshot(self) -> LiveSnapshot:
        """As the record stands; a long one is read again more seldom, and one that nobody writes once more, when its
        run has gone: nothing uses that power any longer. The first look raises for what cannot be read; a later one
        shows what was there, with a remark."""
        began_s = time.monotonic()
        has_news = self._has_grown() or self._has_gone()
        if self._kept is not None and (began_s < self._next_s or not has_news):
            return self._kept
        self._size = self._size_now()
        try:
            record = Record(self._path)
        except (OSError, ValueError) as error:
            if self._kept is None:
                raise
            return replace(self._kept, notes=(f"not read again: {shown(str(error))}", *self._kept.notes))
        self._kept = self._look(record)
        self._next_s = began_s + (time.monotonic() - began_s) / _SHARE_OF_TIME
        return self._kept

    def _look(self, record: Record) -> LiveSnapshot:
        watts, devices = self._powers.of(record.result)
        uses, notes, interval_s = self._processes(record, devices)
        budget = kept_budget(record.notes)
        still_open = tuple(shown(name) for name in record.left_open)
        damage = () if record.damage is None else (f"damaged: {record.damage}",)
        return replace(
            _snapshot(f"{record.path.name} ({_state(record)})", record.result, watts, devices, (*damage, *notes)),
            processes=uses,
            interval_s=interval_s,
            regions=still_open,
            region_uses=regions_by_name(record.regions, still_open),
            budget=None if budget is None else BudgetView.of(budget, record.result.energy),
        )

    def _processes(
        self, record: Record, devices: tuple[DevicePower, ...]
    ) -> tuple[tuple[ProcessUse, ...], tuple[str, ...], float | None]:
        """The processes of this machine while the run goes on here; none for a record of elsewhere or of the past."""
        self._writer = _writer_of(record, self._root) or ""
        if not self._writer:
            self._users = None
            return (), (), None
        if self._users is None:
            self._users = _Users(self._root)
        return self._users.of(devices)

    def _size_now(self) -> int:
        try:
            return Path(self._path).stat().st_size
        except OSError:
            return -1

    def _has_grown(self) -> bool:
        return self._size_now() not in (-1, self._size)  # one that was removed is shown as it was

    def _has_gone(self) -> bool:
        return bool(self._writer) and not os.path.isdir(self._writer)  # noqa: PTH112

    def close(self) -> None:
        """Nothing is held."""


def _state(record: Record) -> str:
    if record.complete:
        return "ended"
    return "damaged" if record.damage is not None else "runs, or was cut off"


def _writer_of(record: Record, root: str) -> str | None:
    """The folder in /proc of the process that writes the record, where it is one of this machine's."""
    if record.complete or record.boot_id is None:
        return None
    try:
        boot_id = (Path(root) / "proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None
    folder = f"{root}/proc/{record.header.get('pid')}"
    return folder if boot_id == record.boot_id and os.path.isdir(folder) else None  # noqa: PTH112


def _snapshot(
    title: str, result: Result, watts: float | None, devices: tuple[DevicePower, ...], notes: tuple[str, ...]
) -> LiveSnapshot:
    return LiveSnapshot(
        title=shown(title),
        seconds=result.duration_s,
        watts=watts,
        energy_j=result.energy_j,
        error_j=result.energy.error_j,
        quality="missing" if result.energy_j is None else result.energy.quality,
        devices=devices,
        notes=tuple(shown(note) for note in (*notes, *result.notes)),
    )
