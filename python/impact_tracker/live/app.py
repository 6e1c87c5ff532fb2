"""The live view in a terminal, on Textual."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from .. import digits
from .snapshot import LiveSnapshot, LiveWatch

try:
    from rich.text import Text
    from textual.app import App, ComposeResult
    from textual.binding import Binding, BindingType
    from textual.containers import Vertical
    from textual.coordinate import Coordinate
    from textual.widgets import DataTable, Footer, Input, Static
except ImportError:
    raise ImportError("the live view needs Textual: pip install 'impact-tracker[live]'") from None

if TYPE_CHECKING:
    from .processes import ProcessUse

ORDERS = ("watts", "cpu", "pid", "command")
_SHOWN = 40  # processes; to redraw hundreds that use nothing would cost more than they do


def ranked(uses: tuple[ProcessUse, ...], order: str, words: str) -> list[ProcessUse]:
    """The processes whose command, group or number holds the words, in this order; those that used nothing last."""
    wanted = words.casefold().strip()
    kept = [use for use in uses if wanted in f"{use.command} {use.group} {use.pid}".casefold()]
    keys = {
        "watts": lambda use: (-(use.watts or 0.0), -use.cpu_s, use.pid),
        "cpu": lambda use: (-use.cpu_s, use.pid),
        "pid": lambda use: use.pid,
        "command": lambda use: (use.command.casefold(), use.pid),
    }
    return sorted(kept, key=keys[order])


def answer_of(snapshot: LiveSnapshot) -> str:
    """The line at the top."""
    power = "power not measured" if snapshot.watts is None else digits.quantity(snapshot.watts, "W")
    words = [
        power,
        f"{digits.energy(snapshot.energy_j, snapshot.error_j)} in {digits.duration(snapshot.seconds)}",
        snapshot.quality,
    ]
    return f"{snapshot.title}: {', '.join(words)}"


def _fill(table: DataTable[Text], rows: Sequence[Sequence[str]]) -> None:
    """The rows in place of those that are there; a cell that stays the same is not drawn again."""
    for index, row in enumerate(rows):
        # A cell of plain str would be read as markup, and a command may be called "[red]".
        if index >= table.row_count:
            table.add_row(*(Text(cell) for cell in row))
            continue
        for column, cell in enumerate(row):
            place = Coordinate(index, column)
            if table.get_cell_at(place).plain != cell:
                table.update_cell_at(place, Text(cell))
    while table.row_count > len(rows):
        table.remove_row(table.coordinate_to_cell_key(Coordinate(table.row_count - 1, 0)).row_key)


class TopApp(App[None]):
    """Devices and processes by watts. Space freezes, s changes the order, / filters, p takes a picture."""

    CSS = """
    #answer { text-style: bold; padding: 0 1; }
    #details { padding: 0 1; color: $text-muted; height: auto; max-height: 6; }
    #devices { height: auto; max-height: 12; }
    #filter { display: none; }
    #filter.shown { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "quit", "quit"),
        Binding("space", "freeze", "freeze"),
        Binding("s", "order", "order"),
        Binding("slash", "filter", "filter", key_display="/"),
        Binding("p", "picture", "picture (SVG)"),
        Binding("escape", "all", "all", show=False),
    ]
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, watch: LiveWatch, interval_s: float = 1.0) -> None:
        super().__init__()
        self._watch, self._interval_s = watch, interval_s
        self._last: LiveSnapshot | None = None
        self._said: dict[str, str] = {}  # by widget, what stands there
        self._frozen, self._order, self._words = False, ORDERS[0], ""

    def compose(self) -> ComposeResult:
        """The widgets from top to bottom."""
        with Vertical():
            yield Static(id="answer", markup=False)
            yield Static(id="details", markup=False)
            yield DataTable(id="devices", show_cursor=False)
            yield DataTable(id="processes", cursor_type="row")
            yield Input(placeholder="part of a command, a group or a number", id="filter")
        yield Footer()

    def on_mount(self) -> None:
        """Columns once; rows with each interval."""
        # Widths that stay: to measure them anew with each cell would move the whole screen.
        devices, processes = self.query_one("#devices", DataTable), self.query_one("#processes", DataTable)
        for title, width in (("device", 24), ("W", 9), ("energy", 12), ("quality", 9), ("source", 14), ("", 14)):
            devices.add_column(title, width=width)
        for title, width in (("pid", 8), ("W", 9), ("CPU %", 6), ("command", 24), ("group", 40)):
            processes.add_column(title, width=width)
        self.renew()
        self.set_interval(self._interval_s, self.renew)

    def renew(self) -> None:
        """A new snapshot, unless it is frozen."""
        if not self._frozen:
            before = self._last
            self._last = self._watch.snapshot()
            elapsed = self._last.seconds - (before.seconds if before is not None else 0.0)
            self._draw(elapsed)

    def _draw(self, elapsed_s: float = 0.0) -> None:
        snapshot = self._last
        if snapshot is None:
            return
        self._say("answer", answer_of(snapshot) + ("   [frozen]" if self._frozen else ""))
        details = [f"in {' › '.join(snapshot.regions)}" if snapshot.regions else "", snapshot.budget or ""]
        self._say("details", "\n".join(word for word in (*details, *snapshot.notes) if word))
        _fill(
            self.query_one("#devices", DataTable),
            [
                (
                    device.name,
                    "–" if device.watts is None else digits.quantity(device.watts, "W"),
                    digits.energy(device.energy_j),
                    device.quality,
                    device.source,
                    "" if device.in_total else "not in the sum",
                )
                for device in snapshot.devices
            ],
        )
        processes = self.query_one("#processes", DataTable)
        processes.display = bool(snapshot.processes)
        rows = []
        for use in ranked(snapshot.processes, self._order, self._words)[:_SHOWN]:
            share = "" if elapsed_s <= 0 else f"{100 * use.cpu_s / elapsed_s:.0f}"
            watts = "–" if use.watts is None else digits.quantity(use.watts, "W") if use.watts else "0"
            rows.append((str(use.pid), watts, share, use.command, use.group))
        _fill(processes, rows)

    def _say(self, name: str, text: str) -> None:
        """A line or two; only another number of lines moves what stands below."""
        if self._said.get(name) != text:
            lines = self._said.get(name, "").count("\n")
            self.query_one(f"#{name}", Static).update(text, layout=name not in self._said or text.count("\n") != lines)
            self._said[name] = text

    def action_freeze(self) -> None:
        """Hold the picture, or let it go on."""
        self._frozen = not self._frozen
        self._draw()

    def action_order(self) -> None:
        """The next order."""
        self._order = ORDERS[(ORDERS.index(self._order) + 1) % len(ORDERS)]
        self.notify(f"by {self._order}", timeout=1)
        self._draw()

    def action_filter(self) -> None:
        """Ask for the words of a filter."""
        line = self.query_one("#filter", Input)
        line.add_class("shown")
        line.focus()

    def action_all(self) -> None:
        """Without a filter."""
        self._words = ""
        line = self.query_one("#filter", Input)
        line.value = ""
        line.remove_class("shown")
        self.query_one("#processes", DataTable).focus()
        self._draw()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while it is typed."""
        self._words = event.value
        self._draw()

    def on_input_submitted(self) -> None:
        """Back to the table; the filter stays."""
        self.query_one("#processes", DataTable).focus()

    def action_picture(self) -> None:
        """The screen as an SVG in the working directory."""
        name = f"impact-top-{datetime.now():%Y%m%d-%H%M%S}.svg"
        try:
            place = self.save_screenshot(name, path=str(Path.cwd()))
            self.notify(f"{place}")
        except OSError as error:
            self.notify(f"not written: {error}", severity="error")
