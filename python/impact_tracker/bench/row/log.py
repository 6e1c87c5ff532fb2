"""The lines of a campaign read back, whatever became of its files: what is damaged is left out and named."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ..plan.settings import Settings
from .rows import SUPERSEDED, Row

# What every line of a kind holds; one without it was damaged, even if it is still JSON.
_NEEDED: dict[str, dict[str, type]] = {
    "row": {"task": str, "phase": str, "status": str, "attempt": int},
    "task": {"task": str, "status": str, "attempt": int},
    "epoch": {"task": str, "test": str, "attempt": int, "epoch": int},
}
_OF_A_TEST = ("test", "model", "title")
_NOT_MEASURED = ("repeats", "zone", "intensity_g_per_kwh", "pue")  # settings that no row's energy depends on


class Lines(NamedTuple):
    """`lines`: the good ones; `damaged`: numbers of the others; `unfinished`: the last one has no end and is left out,
    as a driver leaves it that is killed while it writes."""

    lines: list[Row]
    damaged: list[int]
    unfinished: bool


def read_lines(data: bytes) -> Lines:
    """The lines of a file."""
    found: list[Row] = []
    damaged: list[int] = []
    *whole, tail = data.split(b"\n")
    for number, text in enumerate(whole, 1):
        if text.strip():
            line = line_of(text)
            if line is None:
                damaged.append(number)
            else:
                found.append(line)
    last = line_of(tail)
    if last is not None:
        found.append(last)
    return Lines(found, damaged, bool(tail) and last is None)


def line_of(text: bytes) -> Row | None:
    """One line; None where it is not what was written."""
    try:
        line = json.loads(text.decode("utf-8"), parse_constant=lambda word: None)  # NaN was not measured
    except (ValueError, RecursionError):
        return None
    if not isinstance(line, dict):
        return None
    needed = _NEEDED.get(str(line.get("kind")), {})
    if not all(type(line.get(name)) is kind for name, kind in needed.items()):
        return None
    of_a_test = line.get("kind") == "row" and line["phase"] != "idle"
    if of_a_test and not all(isinstance(line.get(name), str) for name in _OF_A_TEST):
        return None
    return line


def mark_of(settings: Settings) -> str:
    """By this a row tells whether it was measured with these settings. Those that later versions add do not change it
    as long as they have their own value."""
    own = Settings().to_dict()
    asked = {name: value for name, value in settings.to_dict().items() if value != own[name]}
    kept = {name: value for name, value in sorted(asked.items()) if name not in _NOT_MEASURED}
    return f"{zlib.crc32(json.dumps(kept).encode()):08x}"


def is_of(line: Mapping[str, Any], mark: str) -> bool:
    """Whether a line was measured with the settings of that mark; one without any mark is taken as it is."""
    return line.get("of") in (None, mark)


def ends_of(lines: Iterable[Row]) -> dict[str, Row]:
    """How each task's last attempt ended. An end whose rows are not all there, as some were damaged, is none."""
    there: dict[tuple[str, int], set[str]] = {}
    ends: list[Row] = []
    for line in lines:
        if line.get("kind") == "row":
            there.setdefault((line["task"], line["attempt"]), set()).add(line["phase"])
        elif line.get("kind") == "task":
            ends.append(line)
    found: dict[str, Row] = {}
    # Of one attempt that it was given up comes last, in whatever file that stands.
    for end in sorted(ends, key=lambda line: (int(line["attempt"]), line["status"] == SUPERSEDED)):
        if set(end.get("phases") or ()) <= there.get((end["task"], end["attempt"]), set()):
            found[end["task"]] = end
    return found


def epochs_of(lines: Iterable[Row], rows: Sequence[Row]) -> list[Row]:
    """The epochs of the attempts that count, each once."""
    counted = {(row["task"], row["attempt"]) for row in rows}
    epochs = [line for line in lines if line.get("kind") == "epoch" and (line["task"], line["attempt"]) in counted]
    return list({(line["task"], line["epoch"]): line for line in epochs}.values())
