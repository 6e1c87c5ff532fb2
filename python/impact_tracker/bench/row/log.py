"""The lines of a campaign read back, whatever became of its files: what is damaged is left out and named."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ..plan.settings import Settings
from .codec import decode
from .roof_run import RoofRun
from .row import SUPERSEDED, Epoch, Line, Row, TaskEnd

_NOT_MEASURED = ("roof", "repeats", "zone", "intensity_g_per_kwh", "pue")  # settings that no row's energy depends on


class Lines(NamedTuple):
    """`lines`: the good ones; `damaged`: numbers of the others; `unfinished`: the last one has no end and is left out,
    as a driver leaves it that is killed while it writes."""

    lines: list[Line]
    damaged: list[int]
    unfinished: bool


def read_lines(data: bytes) -> Lines:
    """The lines of a file."""
    lines: list[Line] = []
    damaged: list[int] = []
    *complete, tail = data.split(b"\n")
    for number, text in enumerate(complete, 1):
        if text.strip():
            line = line_of(text)
            if line is None:
                damaged.append(number)
            else:
                lines.append(line)
    last = line_of(tail)
    if last is not None:
        lines.append(last)
    return Lines(lines, damaged, bool(tail) and last is None)


def line_of(text: bytes) -> Line | None:
    """One line; `None` where it is not what was written."""
    try:
        content = json.loads(text.decode("utf-8"), parse_constant=lambda word: None)  # NaN was not measured
        return decode(content) if isinstance(content, dict) else None
    except (ValueError, RecursionError, OverflowError):
        return None


def mark_of(settings: Settings) -> str:
    """By this a row tells whether it was measured with these settings. Those that later versions add do not change it
    as long as they have their own value."""
    own = Settings().to_dict()
    asked = {name: value for name, value in settings.to_dict().items() if value != own.get(name)}
    kept = {name: value for name, value in sorted(asked.items()) if name not in _NOT_MEASURED}
    return f"{zlib.crc32(json.dumps(kept).encode()):08x}"


def is_of(line: Line, mark: str) -> bool:
    """Whether a line was measured with the settings of that mark; one without any mark is taken as it is."""
    return line.origin.of in (None, mark)


def rows_of(lines: Iterable[Line]) -> list[Row]:
    """The rows among the lines."""
    return [line for line in lines if isinstance(line, Row)]


def last_attempt(lines: Iterable[Line], task: str) -> int:
    """The number of a task's last attempt; 0 before the first."""
    attempts = (_attempt(line) for line in lines)
    return max((number for name, number in attempts if name == task), default=0)


def _attempt(line: Line) -> tuple[str | None, int]:
    if isinstance(line, Row):
        return line.task, line.key.attempt
    return (line.task, line.attempt) if isinstance(line, (Epoch, TaskEnd)) else (None, 0)


def last_session(lines: Iterable[Line]) -> int:
    """The number of the last session; 0 before the first."""
    sessions = (line.key.session if isinstance(line, Row) else getattr(line, "session", None) for line in lines)
    return max((number for number in sessions if number is not None), default=0)


def current(lines: Iterable[Line]) -> list[Row]:
    """The rows that count: those of each task's last attempt, unless that was given up (`given_up`); of a row that was
    written twice, as its energy had been provisional, the later."""
    return _split(lines)[0]


def superseded(lines: Iterable[Line]) -> list[Row]:
    """The rows of earlier attempts, which are in no mean."""
    return _split(lines)[1]


def given_up(lines: Iterable[Line]) -> dict[tuple[str, int], TaskEnd]:
    """Attempts (task and number) that came to an end and are repeated all the same, with the line that says so."""
    ends = (line for line in lines if isinstance(line, TaskEnd))
    return {(end.task, end.attempt): end for end in ends if end.status == SUPERSEDED}


def _split(lines: Iterable[Line]) -> tuple[list[Row], list[Row]]:
    lines = list(lines)
    away = given_up(lines)
    latest = {(row.task, row.key.attempt, row.phase): row for row in rows_of(lines)}
    last: dict[str, int] = {}
    for task, attempt, _ in latest:
        last[task] = max(last.get(task, 0), attempt)
    kept: list[Row] = []
    others: list[Row] = []
    for (task, attempt, _), row in latest.items():
        (kept if attempt == last[task] and (task, attempt) not in away else others).append(row)
    return kept, others


def ends_of(lines: Iterable[Line]) -> dict[str, TaskEnd]:
    """How each task's last attempt ended. An end whose rows are not all there, as some were damaged, is none."""
    there: dict[tuple[str, int], set[str]] = {}
    ends: list[TaskEnd] = []
    for line in lines:
        if isinstance(line, Row):
            there.setdefault((line.task, line.key.attempt), set()).add(line.phase)
        elif isinstance(line, TaskEnd):
            ends.append(line)
    last: dict[str, TaskEnd] = {}
    # Of one attempt that it was given up comes last, in whatever file that stands.
    for end in sorted(ends, key=lambda end: (end.attempt, end.status == SUPERSEDED)):
        if set(end.phases or ()) <= there.get((end.task, end.attempt), set()):
            last[end.task] = end
    return last


def roofs_of(lines: Iterable[Line]) -> list[RoofRun]:
    """The measurements of the machine's roof, each once."""
    runs = [line for line in lines if isinstance(line, RoofRun)]
    return list({(run.session, run.work, run.precision, run.repeat): run for run in runs}.values())


def epochs_of(lines: Iterable[Line], rows: Sequence[Row]) -> list[Epoch]:
    """The evaluations of the attempts that count, each once."""
    counted = {(row.task, row.key.attempt) for row in rows}
    epochs = [line for line in lines if isinstance(line, Epoch) and (line.task, line.attempt) in counted]
    return list({(epoch.task, epoch.epochs_trained): epoch for epoch in epochs}.values())
