"""One widget that is the whole screen: lines of text of which only those that have changed are drawn again.

A table of widgets lays out, styles and composes each cell; at one look a second that costs more than all that it shows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from ..screen import Line

_STYLES = {
    "answer": Style(bold=True),
    "note": Style(),
    "pane": Style(bold=True, color="cyan"),
    "warning": Style(color="yellow", bold=True),
    "head": Style(reverse=True),
    "row": Style(),
    "idle": Style(color="grey62"),
    "keys": Style(color="cyan"),
}
_MOST_STRIPS = 4096


class Board(Widget, can_focus=True):
    """The screen's lines. A strip is made once for a text: those that did not change, or come back, cost nothing."""

    def __init__(self, resized: Callable[[], object]) -> None:
        """`resized` is called when there is another number of cells, to show lines that fit."""
        super().__init__(id="board")
        self._resized = resized
        self.lines: list[Line] = []
        self._strips: dict[Line, Strip] = {}

    def on_resize(self) -> None:
        """As Textual tells it."""
        self._strips.clear()
        self._resized()

    def show(self, lines: Sequence[Line]) -> None:
        """These lines in place of those that stand there."""
        before, self.lines = self.lines, list(lines)
        width = self.size.width
        if len(before) != len(lines):
            self.refresh()
            return
        changed = [y for y, line in enumerate(lines) if line != before[y]]
        if changed:
            self.refresh(*(Region(0, y, width, 1) for y in changed))

    def render_line(self, y: int) -> Strip:
        """As Textual asks for it."""
        line = self.lines[y] if y < len(self.lines) else Line(" " * self.size.width)
        strip = self._strips.get(line)
        if strip is None:
            if len(self._strips) >= _MOST_STRIPS:
                self._strips.clear()
            strip = self._strips[line] = Strip([Segment(line.text, _STYLES[line.style])], self.size.width)
        return strip
