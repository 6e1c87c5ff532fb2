"""Warnings of the tracker. They never become exceptions inside somebody's training."""

from __future__ import annotations

import contextlib
import os
import sys
import warnings

_PACKAGE = os.path.dirname(__file__) + os.sep  # noqa: PTH120  # importing pathlib would slow down every program


class ImpactWarning(UserWarning):
    """Something the tracker could not do; the program goes on, `health` holds the details."""


def warn(message: str) -> None:
    """Warn at the line outside of this package that led here; under `-W error` it raises."""
    frame, level = sys._getframe(), 1
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, ImpactWarning, stacklevel=level)


def complain(message: str) -> None:
    """Warn, and never raise: under `-W error` the text goes to standard error instead."""
    try:
        warn(message)
    except Warning:
        with contextlib.suppress(OSError, ValueError):  # standard error may be closed
            print(f"impact-tracker: {message}", file=sys.stderr)
