"""Warnings of the tracker. They never become exceptions inside somebody's training."""

from __future__ import annotations

import contextlib
import sys
import warnings


class ImpactWarning(UserWarning):
    """Something the tracker could not do; the program goes on, `health` holds the details."""


def complain(message: str, stacklevel: int = 3) -> None:
    """Warn, and never raise: under `-W error` the text goes to standard error instead."""
    try:
        warnings.warn(message, ImpactWarning, stacklevel=stacklevel)
    except Warning:
        with contextlib.suppress(OSError, ValueError):  # standard error closed: nobody to tell
            print(f"impact-tracker: {message}", file=sys.stderr)
