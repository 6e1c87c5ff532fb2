"""Records on disk: finding them and reading them, also while they are written."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone
from functools import cached_property
from pathlib import Path
from typing import Any

from . import _core
from .errors import complain
from .health import Health
from .overlap import MachineSpan
from .paths import absolute
from .plain_text import printable
from .ranks import Rank
from .result import ChannelFields, Result
from .weighing import Weighing

FOLDER = "impacttracker"
SUFFIX = ".jsonl"


def find_records(path: str | os.PathLike[str], *, recursive: bool = True) -> list[Path]:
    """The records at a path, newest first: a record itself, a logdir, or (`recursive`) any directory above logdirs.

    FileNotFoundError where the path does not exist; an empty list where it holds no record. PermissionError where
    none is seen and a folder may not be read; where some are seen, a warning names that folder.
    """
    place = absolute(Path(path).expanduser())
    if place.is_file():
        return [place]
    if not place.exists():
        raise FileNotFoundError(
            f"there is nothing at {place}: give the logdir of an ImpactTracker, a directory above it, or a record"
        )
    refused: list[OSError] = []
    records = sorted(_walk(place, recursive, refused), key=lambda path: (path.name, str(path)), reverse=True)
    if refused:
        reason = f"{refused[0].filename} may not be read: {refused[0].strerror}"
        if not records:
            raise PermissionError(f"{reason}; its owner lets others read it by `chmod -R a+rX`")
        complain(f"{reason}; records in it are left out")
    return records


def _walk(place: Path, recursive: bool, refused: list[OSError]) -> Iterator[Path]:
    """Records, in no order; folders that may not be read go into `refused`."""
    if place.name == FOLDER:
        yield from place.glob(f"*{SUFFIX}")
    elif not recursive:
        yield from (place / FOLDER).glob(f"*{SUFFIX}")
    if not recursive:
        return
    for folder, folders, _files in os.walk(place, onerror=refused.append):
        if FOLDER in folders:
            yield from (Path(folder) / FOLDER).glob(f"*{SUFFIX}")


def read_record(path: str | os.PathLike[str]) -> Record:
    """The record at a path, of a directory the newest. FileNotFoundError where there is none."""
    paths = find_records(path)
    if not paths:
        raise FileNotFoundError(
            f"no record below {absolute(path)}: records are {FOLDER}/*{SUFFIX} in the logdir of an ImpactTracker"
        )
    return Record(paths[0])


def unite(records: Sequence[Record]) -> _core.United:
    """What their one machine used while at least one of them ran, each joule once: from all their readings, not from
    their sums."""
    return _core.unite([(str(record.path), record.result.start_ns, record.result.stop_ns) for record in records])


class Record:
    """One run, read from its file. A record that ends early is read up to there, and damaged lines are passed over:
    `complete`, `damage`.

    Results are computed again from the readings in it and weighed with the PUE and intensity that it holds.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Raise OSError where the file cannot be read, and ValueError where it is no record."""
        self.path = absolute(path)
        self._core = _core.Record(str(self.path))

    @cached_property
    def header(self) -> dict[str, Any]:
        """The first line: version, run and boot id, start, channels, probes, tags, and what Python knew of the run."""
        return dict(self._core.header)

    @property
    def tags(self) -> dict[str, str]:
        """The user's own tags."""
        tags = self.header.get("tags")
        return {str(tag): str(value) for tag, value in tags.items()} if isinstance(tags, dict) else {}

    @property
    def rank(self) -> Rank:
        """Its process's place in a parallel run, as far as its launcher said."""
        return Rank.of_info(self.header.get("rank"))

    @property
    def boot_id(self) -> str | None:
        """The machine's boot: clock times of two records compare only within one; `None` where it could not be read."""
        text = str(self.header.get("boot_id") or "")
        return None if text in ("", "unknown") else text

    @property
    def totals(self) -> dict[str, Any] | None:
        """The last line as it was written; `None` where the record ends early."""
        return self._core.totals

    @property
    def complete(self) -> bool:
        """Whether the run was ended by `stop()`; False while it runs, after a crash, and where it is damaged."""
        return bool(self._core.complete)

    @property
    def damage(self) -> str | None:
        """Which line could not be read and why, and how many were passed over; `None` where there is no damage."""
        return self._core.damage

    @property
    def notes(self) -> list[dict[str, object]]:
        """Remarks in it, each with its "kind", in the order in which they were written."""
        return self._core.notes

    @property
    def left_open(self) -> list[str]:
        """Names of the regions that an early end found open."""
        return list(self._core.left_open)

    @cached_property
    def weighing(self) -> Weighing:
        """PUE and intensity as they were set for the run."""
        return Weighing.from_info(self.header)

    @cached_property
    def health(self) -> Health:
        """The same as `ImpactTracker.health`, of what the record holds."""
        return self._core.health()

    def to_html(self, path: str | os.PathLike[str] | None = None) -> str:
        """Its report as one page for a browser, which needs no network; written to `path` where one is given.

        `impact_tracker.html_report` makes a page of several runs. OSError where the page cannot be written.
        """
        from . import html_report, write_html_report

        page = html_report([self.path])
        if path is not None:
            write_html_report(path, page)
        return page

    def _repr_html_(self) -> str:
        return self.result._repr_html_()

    @cached_property
    def result(self) -> Result:
        """The whole run, up to where the record goes. A tracker that was never started has an empty one of 0 s."""
        return Result(self._core.result(), self.weighing, self.health)

    @property
    def span(self) -> MachineSpan:
        """Which machine it is of, over which time. Two records without a boot id may be of two machines, so each is a
        machine of its own."""
        return MachineSpan(self.boot_id or f"path {self.path}", self.result.start_ns, self.result.stop_ns)

    @property
    def started(self) -> bool:
        """Whether its tracker was ever started."""
        return self._core.started

    @cached_property
    def regions(self) -> list[Result]:
        """The closed regions in order of their exit."""
        return [Result(measured, self.weighing, self.health) for measured in self._core.regions()]

    @property
    def channels(self) -> list[ChannelFields]:
        """What was read: id, source, device, domain, unit, quality of each."""
        return self.result.channels

    def series(self, channel_id: str, *, numpy: bool = False) -> tuple[Any, Any]:
        """(seconds since the start, values) of a channel: mean watts between readings of a counter, the value of a
        gauge; NaN where nothing was measured. Memoryviews of doubles, or with `numpy` arrays on the same memory.

        KeyError for a channel the record does not have.
        """
        known = [channel.id for channel in self.result.measured.channels]
        if channel_id not in known:
            raise KeyError(f"{channel_id!r} is not in {self.path.name}; there are {', '.join(known) or 'none'}")
        times, values = self._core.series(channel_id)
        if not numpy:
            return times, values
        try:
            import numpy as np
        except ImportError:
            raise ImportError("arrays need numpy: pip install 'impact-tracker[report]'") from None
        return np.asarray(times), np.asarray(values)

    @property
    def started_at(self) -> datetime | None:
        """When the run began, UTC; `None` where the header does not say."""
        opened = self.header.get("start_utc_ns")
        if not isinstance(opened, int):
            return None
        began = opened + self.result.start_ns - int(self.header.get("start_ns", self.result.start_ns))
        return datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=began // 1000)

    @property
    def command(self) -> str:
        """The command line, as it was kept: secrets are masked."""
        import shlex

        argv = self.header.get("argv")
        words = [str(word) for word in argv] if isinstance(argv, list) else []
        return " ".join(word if word == "***" else shlex.quote(word) for word in words)

    def __repr__(self) -> str:
        from .result.view import energy_line

        state = "damaged" if self.damage else "complete" if self.complete else "ends early"
        return printable(f"<Record {str(self.path)!r}, {state}: {energy_line(self.result)}>")
