"""The text and the JSON of files that come from outside: whole, in whatever encoding, or an error that names the file.

A pipe that nobody writes into would be waited for without an end, so that only files are read, and what a shell hands
over as `/dev/stdin` or `/dev/fd/63`.
"""

from __future__ import annotations

import codecs
import io
import json
import math
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

_MOST_DIGITS = 300  # what is longer is no float
_HANDED_OVER = ("/dev/stdin", "/dev/fd/", "/proc/self/fd/", os.devnull)  # what a shell gives, and what is empty


def no_pipe(place: str | os.PathLike[str], error: type[ValueError] = ValueError) -> Path:
    """The path, whatever is or is not there, but for what is neither a file nor a folder: that is an `error`."""
    path = Path(place)
    try:
        mode = path.stat().st_mode
    except OSError:
        return path  # whoever opens it says what is wrong
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode) and not str(place).startswith(_HANDED_OVER):
        raise error(f"{place}: a pipe, a socket or a device: write what it gives into a file, and name that")
    return path


def bytes_of(place: str | os.PathLike[str], error: type[ValueError] = ValueError) -> bytes:
    """What stands in a file. `error` for what cannot be read and for what is no file, with the path and a remedy."""
    try:
        return no_pipe(place, error).read_bytes()
    except IsADirectoryError as fault:
        raise error(f"{place}: a folder, where a file is wanted") from fault
    except FileNotFoundError as fault:
        raise error(f"{place}: cannot be read: there is nothing at this path") from fault
    except OSError as fault:
        raise error(f"{place}: cannot be read: {fault.strerror or fault}") from fault


def text_of(place: str | os.PathLike[str], error: type[ValueError] = ValueError) -> str:
    """What stands in a file of UTF-8 or UTF-16, other bytes replaced and all ends of lines alike; as `bytes_of`."""
    content = bytes_of(place, error)
    if content.startswith(b"version https://git-lfs"):
        raise error(f"{place}: a pointer of Git LFS, not the file itself: fetch it with `git lfs pull`")
    encoding = "utf-8-sig"
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif b"\0" in content[:200]:  # every other byte of Latin letters in UTF-16
        encoding = "utf-16-le" if content[1:2] == b"\0" else "utf-16-be"
    return io.StringIO(content.decode(encoding, errors="replace"), newline=None).read()


def json_in(text: str, where: object, error: type[ValueError] = ValueError) -> object:
    """The value of a JSON text. `error` with the place for what is none, and for what has two readings or none: a key
    that stands twice in an object, NaN, an infinite number, a nesting that no reader follows."""

    def refuse(word: str) -> NoReturn:
        raise error(f"{where}: {word[:40]} is no finite number: leave out what was not measured")

    def finite(word: str) -> float:
        number = float(word)
        return number if math.isfinite(number) else refuse(word)

    def whole(word: str) -> int:
        return int(word) if len(word) <= _MOST_DIGITS else refuse(word)

    def table(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
        fields = dict(pairs)
        if len(fields) < len(pairs):
            keys = [key for key, _ in pairs]
            twice = next(key for key in keys if keys.count(key) > 1)
            raise error(f"{where}: the key {twice!r} stands twice in one object: keep the one that is meant")
        return fields

    try:
        value: object = json.loads(
            text, parse_constant=refuse, parse_float=finite, parse_int=whole, object_pairs_hook=table
        )
        return value
    except RecursionError:
        raise error(f"{where}: its JSON is nested too deeply to be read") from None
    except error:
        raise
    except ValueError as fault:
        raise error(f"{where}: no JSON: {fault}") from None


def json_of(place: str | os.PathLike[str], error: type[ValueError] = ValueError) -> object:
    """The value of a JSON file, by the rules of `text_of` and `json_in`."""
    return json_in(text_of(place, error), place, error)
