"""A campaign's folder: campaign.json says what was asked, rows.jsonl grows by one line a phase and survives a kill.

campaign.json    settings, tasks in their order, where and with what it was begun
rows.jsonl       one line a phase, one a finished task; appended and synced to the disk
parts/           the same of drivers that run at the same time, as on a cluster
sizes/           images of the phases whose work is found by the first run
impacttracker/   the tracker's records: one a session
results.json, results.csv, summary.csv, *.png, *.svg    made anew at every end
"""

from __future__ import annotations

import fcntl
import json
import os
import platform
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from .rows import Row, as_line, read_lines
from .settings import Settings

SCHEMA = 1


class Outcome(NamedTuple):
    """`failed`: tasks that came to no good end, with the reason; `done`: how many came to a good one, of `total`."""

    folder: Path
    done: int
    total: int
    failed: dict[str, str]


def outcome_of(folder: Path, tasks: Sequence[str], lines: Sequence[Row]) -> Outcome:
    """How far a campaign is: the last end of each task counts."""
    ends = {line["task"]: line for line in lines if line.get("kind") == "task"}
    failed = {task: str(ends[task]["reason"]) for task in tasks if task in ends and ends[task]["status"] != "ok"}
    done = sum(task in ends and ends[task]["status"] == "ok" for task in tasks)
    return Outcome(folder, done, len(tasks), failed)


class Storage:
    """Reads and writes the folder. As context manager it is locked against a second driver."""

    def __init__(self, folder: str | os.PathLike[str], part: str | None = None) -> None:
        """`part`: write to a file of rows of its own, for one of several drivers at the same time."""
        self.folder = Path(folder).expanduser().absolute()
        self.part = part
        self._descriptor: int | None = None

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
        return self.head_path.is_file()

    def create(self, settings: Settings, tasks: list[str], about: Mapping[str, Any]) -> None:
        """A new campaign. FileExistsError where the folder holds one; OSError with the path where it cannot be made."""
        if self.exists():
            raise FileExistsError(
                f"{self.folder} holds a campaign: go on with it by --resume {self.folder}, or name another folder"
            )
        self.folder.mkdir(parents=True, exist_ok=True)
        self.write_head(settings, tasks, about)

    def write_head(self, settings: Settings, tasks: list[str], about: Mapping[str, Any]) -> None:
        """campaign.json anew, whole or not at all."""
        head = {"schema": SCHEMA, "settings": settings.to_dict(), "tasks": tasks, **about}
        self.write("campaign.json", json.dumps(head, indent=2, ensure_ascii=False) + "\n")

    def head(self) -> dict[str, Any]:
        """campaign.json. FileNotFoundError, ValueError where it is damaged or from a newer version."""
        if not self.exists():
            raise FileNotFoundError(f"{self.folder} holds no campaign: there is no campaign.json in it")
        try:
            head = json.loads(self.head_path.read_text(encoding="utf-8"))
            version = head["schema"]
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{self.head_path} is damaged: {error!r}") from None
        if version > SCHEMA:
            raise ValueError(f"{self.head_path} is of version {version}, this program reads up to {SCHEMA}")
        return dict(head)

    def settings(self) -> Settings:
        """As they were asked."""
        return Settings.from_dict(self.head()["settings"])

    def lines(self) -> list[Row]:
        """Every line of rows.jsonl and of the parts, oldest first within each."""
        found: list[Row] = []
        for path in (self.folder / "rows.jsonl", *sorted((self.folder / "parts").glob("*.jsonl"))):
            if path.exists():
                try:
                    found += read_lines(path.read_text(encoding="utf-8"))
                except ValueError as error:
                    raise ValueError(f"{path}: {error}") from None
        return found

    def claim(self, name: str, images: int) -> int:
        """How many images a phase takes: the number that was claimed first, by whatever driver."""
        path = self._file("sizes", name).with_suffix(".json")
        path.parent.mkdir(exist_ok=True)
        beside = path.with_name(f".{path.name}.{platform.node()}.{os.getpid()}")
        beside.write_text(json.dumps({"images": images}), encoding="utf-8")
        try:
            os.link(beside, path)  # whole or not at all, on network file systems too
        except FileExistsError:
            images = int(json.loads(path.read_text(encoding="utf-8"))["images"])
        finally:
            beside.unlink()
        return images

    def outcome(self) -> Outcome:
        """How far the campaign is."""
        return outcome_of(self.folder, self.head()["tasks"], self.lines())

    def write(self, name: str, text: str) -> Path:
        """A file of the folder, replaced at once: a reader sees the old one or the new one."""
        path = self.folder / name
        beside = path.with_name(f".{name}.{os.getpid()}")
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
        return path

    def __enter__(self) -> Storage:
        """BlockingIOError while another driver works in the folder."""
        self.rows_path.parent.mkdir(exist_ok=True)
        descriptor = os.open(self.rows_path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            raise BlockingIOError(f"another campaign is being run in {self.folder}") from None
        self._descriptor = descriptor
        self._mend_tail()
        return self

    def _mend_tail(self) -> None:
        """Cut off a line that a killed driver left unfinished, so that the next one begins a line."""
        data = self.rows_path.read_bytes()
        whole = data.rfind(b"\n") + 1
        if whole != len(data):
            os.truncate(self.rows_path, whole)

    def append(self, row: Mapping[str, Any]) -> None:
        """One more line, on the disk when this returns."""
        if self._descriptor is None:
            raise RuntimeError("rows are appended inside the storage's context")
        data = memoryview(as_line({**row, "written_at": _now()}).encode())
        while data:
            data = data[os.write(self._descriptor, data) :]
        os.fsync(self._descriptor)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
