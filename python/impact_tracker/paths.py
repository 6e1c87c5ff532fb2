"""Paths that a user gives, in surroundings that may be odd."""

from __future__ import annotations

import os
from pathlib import Path


def absolute(path: str | os.PathLike[str]) -> Path:
    """The whole path. FileNotFoundError that names it where it lies in a working directory that has been deleted."""
    try:
        return Path(path).absolute()
    except FileNotFoundError as error:
        told = f"the working directory has been deleted, and {str(path)!r} lies in it: name it by its whole path"
        raise FileNotFoundError(error.errno, told) from None
