"""The line on standard error that long work draws again and again, and the lines beside it that stay."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TextIO

BAR = 24


class StatusLine:
    """`has_bar`: whether the stream is a terminal, on which a line can be drawn again. A terminal or a reader of a pipe
    that has gone ends what is said, and not the work."""

    def __init__(self, stream: TextIO | None = None, *, quiet: bool = False) -> None:
        self._stream: TextIO | None = sys.stderr if stream is None else stream
        self._quiet = quiet
        self.has_bar = not quiet and _is_terminal(self._stream)

    def line(self, text: str) -> None:
        """A line that stays."""
        if not self._quiet:
            self.clear()
            self._write(text + "\n")

    def draw(self, done: float, total: int, text: str) -> None:
        """The bar, with so much of the total filled, and a text behind it, cut to the terminal's width."""
        if self.has_bar:
            filled = round(BAR * done / max(total, 1))
            columns = max(shutil.get_terminal_size((100, 20)).columns - 1, 0)
            self._write("\r" + f"[{'#' * filled}{' ' * (BAR - filled)}] {text}"[:columns] + "\x1b[K")

    def clear(self) -> None:
        """Take the bar away."""
        if self.has_bar:
            self._write("\r\x1b[K")

    def _write(self, text: str) -> None:
        try:
            if self._stream is not None:
                self._stream.write(text)
                self._stream.flush()
        except (OSError, ValueError):
            self._quiet, self.has_bar = True, False


def _is_terminal(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"
    except ValueError:  # closed
        return False
