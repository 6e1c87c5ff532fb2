"""Files that are there whole or not at all, and what to do where the system refuses them."""

from __future__ import annotations

import errno
import itertools
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_numbers = itertools.count()
_FORBIDDEN = "permission denied: name another place that you may write to"
_REMEDIES = {
    errno.ENOSPC: "the disk is full: free some space, or name another place",
    errno.EFBIG: "files may not grow any further here: raise the limit (ulimit -f)",
    errno.EROFS: "the file system is read-only: name another place",
    errno.EACCES: _FORBIDDEN,
    errno.EPERM: _FORBIDDEN,
    errno.ENOTDIR: "a part of this path is a file: name another place",
    errno.EEXIST: "a file stands where a folder is needed: name another place",
    errno.EISDIR: "it is a folder: name a file",
    errno.ENAMETOOLONG: "the name is too long: name a shorter one",
}
if hasattr(errno, "EDQUOT"):
    _REMEDIES[errno.EDQUOT] = "the quota of this file system is used up: free some space"


def unwritten(error: OSError, path: str | os.PathLike[str]) -> OSError:
    """The same kind of error, with the path and what to do."""
    why = _REMEDIES.get(error.errno or 0, error.strerror or str(error))
    return type(error)(f"{os.fspath(path)} cannot be written: {why}; nothing was left there")


def _of_the_system(error: Exception) -> OSError | None:
    """The system's refusal: Parquet's writers raise it as an error of their own, with its number in the text."""
    if isinstance(error, OSError):
        number = re.search(r"\(os error (\d+)\)", str(error)) if error.errno is None else None
        return OSError(int(number[1]), str(error)) if number else error
    number = re.search(r"\(os error (\d+)\)", str(error))
    return OSError(int(number[1]), str(error)) if number else None


@contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Gives a path to write to, which takes the file's name at the end: whoever reads sees the old file or the new one,
    and a failure leaves no half of one. Its folder is made where it is missing; a pipe or a device is written to as it
    is. OSError with the path and the remedy where the system refuses it."""
    place = Path(path)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if place.exists() and not place.is_file():
            yield place
            return
        target = place.resolve() if place.is_symlink() else place  # the link stays
        # The suffix stays, for writers choose the form of a figure by it.
        beside = target.with_name(f".impact-tracker-{os.getpid()}-{next(_numbers)}{target.suffix[:16]}")
        try:
            yield beside
            beside.replace(target)
        finally:
            with suppress(OSError):
                beside.unlink()
    except Exception as error:
        refusal = _of_the_system(error)
        if refusal is None:
            raise
        raise unwritten(refusal, path) from error


def write_whole_text(path: str | os.PathLike[str], text: str) -> None:
    """A text in UTF-8, whole or not at all."""
    with whole_file(path) as beside:
        beside.write_text(text, encoding="utf-8")
