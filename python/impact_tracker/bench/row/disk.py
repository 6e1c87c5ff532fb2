"""Files that are there whole or not at all, and what to do where the disk refuses them."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from ...file_text import no_pipe

_WHY = {
    errno.ENOSPC: "the disk is full: free some space",
    errno.EDQUOT: "the quota of this file system is used up: free some space",
    errno.EFBIG: "files may not grow any further here: raise the limit (ulimit -f)",
    errno.EROFS: "the file system is read-only: work in a copy, or name another folder (-o)",
    errno.EACCES: "permission denied: work in a copy, or name another folder (-o)",
    errno.EPERM: "permission denied: work in a copy, or name another folder (-o)",
    errno.ENOTDIR: "a part of this path is a file: name another folder (-o)",
    errno.EEXIST: "there is a file of this name: name another folder (-o)",
}


def explained(error: OSError, path: os.PathLike[str]) -> OSError:
    """The same kind of error, with the path and what to do."""
    why = _WHY.get(error.errno or 0, error.strerror or str(error))
    return type(error)(f"{path} cannot be written: {why}")


def read_whole(path: Path) -> bytes:
    """What a file holds. PermissionError and other refusals of the system say what to do."""
    try:
        return no_pipe(path).read_bytes()
    except FileNotFoundError:
        raise
    except PermissionError as error:
        who = "its owner lets others read it by `chmod -R a+rX` on the campaign's folder, or gives a copy"
        raise PermissionError(f"{path} cannot be read: permission denied: {who}") from error
    except OSError as error:
        raise type(error)(f"{path} cannot be read: {error.strerror or error}") from error


def not_a_number(word: str) -> NoReturn:
    """ValueError for NaN and Infinity in a file that has neither: what was not measured is null there."""
    raise ValueError(f"{word} stands where a finite number or null does")


def write_whole(path: Path, data: bytes) -> Path:
    """Replaces a file at once: a reader sees the old one or the new one, whatever ends this. OSError says what to do;
    nothing is left behind then."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(
                stream.fileno()
            )  # before it takes the name: after a power cut the name may be there without the bytes
        beside.replace(path)
    except BaseException as error:
        with suppress(OSError):
            beside.unlink()
        if isinstance(error, OSError):
            raise explained(error, path) from None
        raise
    return path
