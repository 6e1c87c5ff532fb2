"""The program around the screen: a look each interval, and the keys."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from textual import events
from textual.app import App, ComposeResult

from ..screen import ORDERS, PANES, ScreenState, screen_lines, waiting_lines
from ..snapshot import LiveSnapshot, LiveWatch
from .board import Board
from .looks import LookThread

_PATIENCE_S = 0.05  # a look as a rule takes less; a longer one is waited for beside keys and drawing
_AGAIN_S = 0.1


class TopApp(App[None]):
    """Devices and what uses them by watts. Space freezes, s changes the order, / filters, tab shows another pane."""

    CSS = "Screen { layers: base; } #board { width: 1fr; height: 1fr; }"
    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT: ClassVar[bool] = False

    def __init__(self, watch: LiveWatch, interval_s: float = 1.0) -> None:
        super().__init__()
        self.animation_level = "none"
        self._looks, self._interval_s = LookThread(watch), interval_s
        self._last: LiveSnapshot | None = None
        self._is_polling = False
        self.view = ScreenState()
        self.board = Board(self.draw)
        self._keys: dict[str, Callable[[], object]] = {
            "q": self.exit,
            "space": self._freeze,
            "s": self._order,
            "slash": self._type,
            "escape": self._show_all,
            "p": self._picture,
            "tab": lambda: self._pane(1),
            "shift+tab": lambda: self._pane(-1),
            "up": lambda: self._scroll(-1),
            "down": lambda: self._scroll(1),
            "pageup": lambda: self._scroll(-self.view.height),
            "pagedown": lambda: self._scroll(self.view.height),
            "home": lambda: self._scroll(-self.view.rows),
            "end": lambda: self._scroll(self.view.rows),
        }

    def compose(self) -> ComposeResult:
        """One widget."""
        yield self.board

    def on_mount(self) -> None:
        """The first look, and a look each interval."""
        self.board.focus()
        self.renew()
        self.set_interval(self._interval_s, self.renew)

    def renew(self) -> None:
        """A new snapshot, unless it is frozen."""
        if not self.view.frozen:
            self._looks.ask()
            self._take(_PATIENCE_S)

    @property
    def is_held_up(self) -> bool:
        """Whether a look is under way that a driver does not answer."""
        return self._looks.waits_s > _PATIENCE_S

    def _take(self, patience_s: float = 0.0) -> None:
        """Show what the look found, or that it goes on."""
        taken = self._looks.take(patience_s)
        if taken is None:
            if self._looks.waits_s and not self._is_polling:
                self._is_polling = True
                self.set_timer(_AGAIN_S, self._poll)
            self.view.waits_s = self._looks.waits_s
            self.draw()
            return
        is_first, self._last = self._last is None, taken
        if is_first and not taken.processes and taken.region_uses:
            self.view.pane = "regions"  # a record of the past
        self.view.waits_s = 0.0
        self.draw()
        self.view.message = ""

    def _poll(self) -> None:
        self._is_polling = False
        self._take()

    def draw(self) -> None:
        """The last snapshot as the user wants it."""
        width, height = self.board.size
        if width <= 0 or height <= 0:
            return
        if self._last is None:
            self.board.show(waiting_lines(self.view, width, height))
        else:
            self.board.show(screen_lines(self._last, self.view, width, height))

    def on_key(self, event: events.Key) -> None:
        """All keys; while a filter is typed most are its letters."""
        act = self._keys.get(event.key)
        if self.view.typing and event.key not in ("escape", "tab", "shift+tab", "up", "down"):
            act = None
            self._typed(event)
        elif act is None:
            return
        event.stop()
        event.prevent_default()
        if act is not None:
            act()
        self.draw()

    def _typed(self, event: events.Key) -> None:
        if event.key == "enter":
            self.view.typing = False
        elif event.key == "backspace":
            self.view.words = self.view.words[:-1]
        elif event.character is not None and event.character.isprintable():
            self.view.words += event.character

    def on_paste(self, event: events.Paste) -> None:
        """Words into the filter."""
        if self.view.typing:
            self.view.words += "".join(c for c in event.text if c.isprintable())
            self.draw()

    def on_mouse_scroll_up(self) -> None:
        """The wheel shows the rows above."""
        self._scroll(-3)
        self.draw()

    def on_mouse_scroll_down(self) -> None:
        """The wheel shows the rows below."""
        self._scroll(3)
        self.draw()

    def _freeze(self) -> None:
        self.view.frozen = not self.view.frozen

    def _order(self) -> None:
        self.view.order = ORDERS[(ORDERS.index(self.view.order) + 1) % len(ORDERS)]
        self.view.top = 0

    def _pane(self, by: int) -> None:
        self.view.pane = PANES[(PANES.index(self.view.pane) + by) % len(PANES)]
        self.view.top = 0

    def _scroll(self, by: int) -> None:
        self.view.scroll(by)

    def _type(self) -> None:
        self.view.typing = True

    def _show_all(self) -> None:
        self.view.typing, self.view.words = False, ""

    def _picture(self) -> None:
        """The screen as an SVG in the working directory."""
        name = f"impact-top-{datetime.now():%Y%m%d-%H%M%S}.svg"
        try:
            self.view.message = f"written: {self.save_screenshot(name, path=str(Path.cwd()))}"
        except OSError as error:
            self.view.message = f"not written: {error}"
