"""A study's folder: study.json says what was asked, runs.jsonl grows by one line a run and survives a kill."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from ...bench.row.disk import explained, write_whole
from ...bench.row.lock import take
from ...file_text import no_pipe
from ...typed import built
from .point import SCHEMA, StudyPoint, StudyRun, StudyTask

HEAD, RUNS = "study.json", "runs.jsonl"


@dataclass(frozen=True)
class StudyPlan:
    """Everything that a study's runs depend on. `study`: its name; `points` in their order; `zone` to `pue`: what its
    carbon rests on; `data_folder`: where data sets lie that are not installed."""

    study: str
    preset: str
    points: tuple[StudyPoint, ...]
    repeats: int = 3
    seed: int = 1
    zone: str | None = None
    intensity_g_per_kwh: float | None = None
    pue: float | None = None
    data_folder: str | None = None
    schema: int = SCHEMA

    def __post_init__(self) -> None:
        if self.repeats < 1:
            raise ValueError(f"repeats is 1 or more, not {self.repeats}")
        if self.seed < 0:
            raise ValueError(f"seed is 0 or more, not {self.seed}")
        if not self.points:
            raise ValueError(f"study {self.study} has no point: nothing that was asked for fits together")

    def tasks(self) -> list[StudyTask]:
        """Rounds of all points, each in an order of its own, so that a machine that warms up favours no point. A round
        depends on the seed, its number and the points alone: more repeats only append rounds."""
        tasks = []
        for repeat in range(1, self.repeats + 1):
            order = list(self.points)
            random.Random(f"{self.seed}/{repeat}").shuffle(order)
            tasks += [StudyTask(point, repeat, self.seed + repeat - 1) for point in order]
        return tasks

    def to_dict(self) -> dict[str, object]:
        """For study.json."""
        return {**asdict(self), "points": [point.to_dict() for point in self.points]}

    @classmethod
    def from_dict(cls, head: Mapping[str, object]) -> StudyPlan:
        """What `to_dict` wrote."""
        return built(cls, head)


class StudyStore:
    """A folder that holds one study. Entered, it is locked for this process, and `append` writes."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        self._stream: BinaryIO | None = None

    def exists(self) -> bool:
        """Whether the folder holds a study."""
        return (self.folder / HEAD).is_file()

    def create(self, plan: StudyPlan) -> None:
        """A new study. FileExistsError where there is one; OSError with what to do where it cannot be written."""
        if self.exists():
            raise FileExistsError(
                f"{self.folder} holds a study already: --resume goes on with it, -o names another folder"
            )
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise explained(error, self.folder) from None
        self.write(plan)

    def write(self, plan: StudyPlan) -> None:
        """Replaces study.json at once."""
        text = json.dumps(plan.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)
        write_whole(self.folder / HEAD, text.encode() + b"\n")

    def plan(self) -> StudyPlan:
        """What was asked. FileNotFoundError and ValueError say what is wrong with the folder."""
        path = self.folder / HEAD
        try:
            head = json.loads(no_pipe(path).read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            raise FileNotFoundError(f"{self.folder} holds no study: there is no {HEAD}") from None
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{path} is no study's plan: {error}") from None
        if not isinstance(head, dict):
            raise ValueError(f"{path} is no study's plan: it holds no object")
        try:
            return StudyPlan.from_dict(head)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None

    def runs(self) -> tuple[list[StudyRun], list[str]]:
        """The runs that count, the last of each task, and a sentence for each line that is left out."""
        path = self.folder / RUNS
        if not path.is_file():
            return [], []
        last: dict[str, StudyRun] = {}
        notes = []
        for number, line in enumerate(no_pipe(path).read_bytes().split(b"\n"), 1):
            if not line.strip():
                continue
            try:
                content = json.loads(line.decode("utf-8"))
                run = StudyRun.from_dict(content if isinstance(content, dict) else {})
            except (ValueError, RecursionError) as error:
                notes.append(f"line {number} of {RUNS} is left out: {error}")
                continue
            last[run.task] = run
        return list(last.values()), notes

    def __enter__(self) -> StudyStore:
        path = self.folder / RUNS
        try:
            stream = path.open("a+b")
        except OSError as error:
            raise explained(error, path) from None
        try:
            take(stream.fileno(), path)
            if stream.tell() > 0:
                stream.seek(-1, os.SEEK_END)
                if stream.read(1) != b"\n":  # of a driver that was killed in the middle of a line
                    stream.write(b"\n")
        except BaseException:
            stream.close()
            raise
        self._stream = stream
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def append(self, run: StudyRun) -> None:
        """One line, on the disk when this returns."""
        assert self._stream is not None, "a study is written to while its folder is entered"
        try:
            self._stream.write(json.dumps(run.to_dict(), ensure_ascii=False, allow_nan=False).encode() + b"\n")
            self._stream.flush()
            os.fsync(self._stream.fileno())
        except OSError as error:
            raise explained(error, self.folder / RUNS) from None


def left_of(tasks: Sequence[StudyTask], runs: Sequence[StudyRun]) -> list[StudyTask]:
    """The tasks without a good run."""
    done = {run.task for run in runs if run.is_good}
    return [task for task in tasks if task.id not in done]
