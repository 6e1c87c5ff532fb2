"""A campaign's folder: campaign.json says what was asked, rows.jsonl grows by one line a phase and survives a kill.

campaign.json    settings, tasks in their order, where and with what it was begun
rows.jsonl       one line a phase, one a finished task; appended and synced to the disk
parts/           the same of drivers that run at the same time, as on a cluster
sizes/           images of the phases whose work is found by the first run
impacttracker/   the tracker's records: one a session
results.json, results.csv, summary.csv, *.png, *.svg    made anew at every end
"""

from __future__ import annotations

import errno
import json
import os
import platform
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from ...system import FILE_FLAGS
from ..plan.settings import Settings
from .codec import as_line, written
from .disk import explained, not_a_number, read_whole, write_whole
from .head import Head
from .lock import holder, take
from .log import ends_of, is_of, line_of, mark_of, read_lines
from .row import SUPERSEDED, Line

SCHEMA = 1


class Outcome(NamedTuple):
    """`failed`: tasks that came to no good end, with the reason; `done`: how many came to a good one, of `total`."""

    folder: Path
    done: int
    total: int
    failed: dict[str, str]


def outcome_of(folder: Path, tasks: Sequence[str], lines: Sequence[Line]) -> Outcome:
    """How far a campaign is: the end of each task's last attempt counts."""
    ends = ends_of(lines)
    good = ("ok", SUPERSEDED)  # what is to be repeated has not failed: it has not run yet
    failed = {task: str(ends[task].reason) for task in tasks if task in ends and ends[task].status not in good}
    done = sum(task in ends and ends[task].status == "ok" for task in tasks)
    return Outcome(folder, done, len(tasks), failed)


class Log(NamedTuple):
    """Every line that counts, oldest first within each file; `notes`: what is left out, one sentence each."""

    lines: list[Line]
    notes: list[str]


class Storage:
    """Reads and writes the folder. As context manager it is locked against a second driver."""

    def __init__(self, folder: str | os.PathLike[str], part: str | None = None) -> None:
        """`part`: write to a file of rows of its own, for one of several drivers at the same time."""
        self.folder = Path(folder).expanduser().absolute()
        self.part = part
        self._notes: list[str] = []  # what was found when it was locked
        self._descriptor: int | None = None
        self._mark: str | None = None

    @property
    def head_path(self) -> Path:
        """What was asked."""
        return self.folder / "campaign.json"

    @property
    def rows_path(self) -> Path:
        """What this driver finds."""
        return self.folder / "rows.jsonl" if self.part is None else self._file("parts", self.part)

    def _file(self, kind: str, name: str) -> Path:
        return self.folder / kind / f"{name.replace('/', '~')}.jsonl"

    def exists(self) -> bool:
        """Whether the folder holds a campaign."""
        try:
            return self.head_path.is_file()
        except PermissionError as error:
            raise PermissionError(
                f"{self.folder} cannot be looked into: permission denied: its owner opens it by `chmod a+rx`, "
                "or name another folder (-o)"
            ) from error

    def driver(self) -> int | None:
        """The process that works in the folder now, where one does on this machine and the system says so."""
        return holder(self.rows_path)

    def note(self, text: str) -> None:
        """A sentence for whoever runs the campaign."""
        self._notes.append(text)

    def taken_notes(self) -> list[str]:
        """What is to be told to whoever runs the campaign; each is given once."""
        notes, self._notes = list(dict.fromkeys(self._notes)), []
        return notes

    def create(self, settings: Settings, tasks: list[str], about: Mapping[str, object]) -> None:
        """A new campaign. FileExistsError where the folder holds one; OSError with the path where it cannot be made."""
        self._refuse_existing()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise explained(error, self.folder) from None
        with self:
            self._refuse_existing()  # of two that began at the same time one is first
            self.write_head(settings, tasks, about)

    def _refuse_existing(self) -> None:
        if self.exists():
            raise FileExistsError(
                f"{self.folder} holds a campaign: go on with it by --resume {self.folder}, or name another folder"
            )

    def write_head(self, settings: Settings, tasks: list[str], about: Mapping[str, object]) -> None:
        """campaign.json anew, whole or not at all."""
        head = {"schema": SCHEMA, "settings": settings.to_dict(), "tasks": tasks, **about}
        self.write("campaign.json", json.dumps(head, indent=2, ensure_ascii=False) + "\n")

    def head(self) -> Head:
        """campaign.json. FileNotFoundError, ValueError where it is damaged or from a newer version."""
        if not self.exists():
            raise FileNotFoundError(f"{self.folder} holds no campaign: there is no campaign.json in it")
        try:
            content = json.loads(read_whole(self.head_path), parse_constant=not_a_number)
            version = int(content["schema"])
            head = Head(content["settings"], tuple(content["tasks"]), content) if version <= SCHEMA else None
            if head is not None:
                dict(head.settings), [str(task) for task in head.tasks]
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            raise ValueError(
                f"{self.head_path} is damaged ({error!r}): put back a copy of it, or begin anew in another folder; "
                "what was measured is in the files beside it"
            ) from None
        if head is None:
            raise ValueError(
                f"{self.head_path} is of version {version}, this program reads up to {SCHEMA}: "
                "it was written by a newer impact-tracker, install that"
            )
        own = ("schema", "settings", "tasks")
        return head._replace(about={name: value for name, value in content.items() if name not in own})

    def settings(self) -> Settings:
        """As they were asked. ValueError with the file for those that make no sense."""
        try:
            return Settings.from_dict(self.head().settings)
        except TypeError as error:  # a number where a text belongs
            raise ValueError(f"{self.head_path}: its settings make no sense: {error}") from None
        except ValueError as error:
            raise ValueError(
                str(error) if str(self.head_path) in str(error) else f"{self.head_path}: {error}"
            ) from None

    def log(self) -> Log:
        """What rows.jsonl and the parts hold of this campaign; what is damaged or of other settings is left out."""
        mark = mark_of(self.settings()) if self.exists() else None
        lines: list[Line] = []
        notes: list[str] = []
        strangers = 0
        for path in (self.folder / "rows.jsonl", *sorted((self.folder / "parts").glob("*.jsonl"))):
            if not path.exists() and not path.is_symlink():
                continue
            there = read_lines(read_whole(path))
            own = [line for line in there.lines if mark is None or is_of(line, mark)]
            lines += own
            strangers += len(there.lines) - len(own)
            name = path.relative_to(self.folder)
            notes += [f"{name}: line {number} is damaged and left out" for number in there.damaged]
            if there.unfinished and holder(path) is None:
                notes.append(f"{name}: the last line is unfinished, as its driver was ended there, and left out")
        if strangers:
            notes.append(
                f"{strangers} lines were measured with other settings than campaign.json holds now, and are left out: "
                "was it changed, or are they another campaign's?"
            )
        return Log(lines, notes)

    def lines(self) -> list[Line]:
        """The lines that count."""
        return self.log().lines

    def claim(self, name: str, images: int) -> int:
        """How many images a phase takes: the number that was claimed first, by whatever driver."""
        path = self._file("sizes", name).with_suffix(".json")
        try:
            path.parent.mkdir(exist_ok=True)
        except OSError as error:
            raise explained(error, path.parent) from None
        beside = path.with_name(f".{path.name}.{platform.node()}.{os.getpid()}")
        write_whole(beside, json.dumps({"images": images}).encode())
        try:
            os.link(beside, path)  # whole or not at all, on network file systems too
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK):
                raise
            claimed = _claimed(path)
            if claimed is not None:
                return claimed
            beside.replace(path)  # a power cut has emptied it, or it is a file system without links
        finally:
            with suppress(OSError):
                beside.unlink()
        return images

    def outcome(self) -> Outcome:
        """How far the campaign is."""
        return outcome_of(self.folder, self.head().tasks, self.lines())

    def write(self, name: str, text: str) -> Path:
        """A file of the folder, replaced at once: a reader sees the old one or the new one."""
        return write_whole(self.folder / name, _encoded(text))

    def __enter__(self) -> Storage:
        """BlockingIOError while another driver works in the folder; OSError where it cannot be written."""
        self._mark = mark_of(self.settings()) if self.exists() else None
        try:
            self.rows_path.parent.mkdir(exist_ok=True)
            descriptor = os.open(self.rows_path, os.O_RDWR | os.O_CREAT | os.O_APPEND | FILE_FLAGS, 0o644)
        except OSError as error:
            raise explained(error, self.rows_path) from None
        try:
            if not take(descriptor, self.rows_path):
                self._notes.append("this file system has no locks: take care that no second driver runs in the folder")
            self._mend_tail(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        return self

    def _mend_tail(self, descriptor: int) -> None:
        """Ends the line that a killed driver was writing, so that the next one begins a line; cuts it off where a part
        is missing."""
        data = read_whole(self.rows_path)
        line_end = data.rfind(b"\n") + 1
        if line_end == len(data):
            return
        try:
            if line_of(data[line_end:]) is not None:
                os.write(descriptor, b"\n")
            else:
                os.ftruncate(descriptor, line_end)
                self._notes.append(
                    f"{self.rows_path.name}: the last line was unfinished and is cut off; its phase is run again"
                )
        except OSError as error:
            raise explained(error, self.rows_path) from None

    def append(self, line: Line) -> None:
        """One more line, on the disk when this returns. OSError says what to do; nothing of the line is there then."""
        if self._descriptor is None:
            raise RuntimeError("rows are appended inside the storage's context")
        data = memoryview(_encoded(as_line(written(line, self._mark, _now()))))
        before = os.fstat(self._descriptor).st_size
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
            os.fsync(self._descriptor)
        except BaseException as error:
            if data:  # half a line would spoil the next one too
                with suppress(OSError):
                    os.ftruncate(self._descriptor, before)
            if isinstance(error, OSError):
                raise explained(error, self.rows_path) from None
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _encoded(text: str) -> bytes:
    """A path of bytes that are no text is escaped, as JSON does it."""
    return text.encode("utf-8", "backslashreplace")


def _claimed(path: Path) -> int | None:
    try:
        images = json.loads(path.read_bytes())["images"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return images if isinstance(images, int) and images > 0 else None


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
