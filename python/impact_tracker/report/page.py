"""Pages for the console: the answer first, then tables, then caveats; with rich on a terminal where it is installed."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, TextIO

from ..plain_text import on_a_line

if TYPE_CHECKING:
    from rich.console import Console


class Table(NamedTuple):
    """Columns with names; a name that begins with ">" is aligned to the right."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    title: str = ""


class Page(NamedTuple):
    """The page that a command shows."""

    headline: str
    tables: Sequence[Table] = ()
    caveats: Sequence[str] = ()
    details: Sequence[str] = ()


def plain_table(table: Table) -> list[str]:
    """Lines of a table, columns two spaces apart."""
    names = [name.lstrip(">") for name in table.columns]
    rows = [[on_a_line(cell) for cell in row] for row in table.rows]
    widths = [max(map(len, column)) for column in zip(names, *rows)]

    def line(cells: Sequence[str]) -> str:
        padded = [
            cell.rjust(width) if name.startswith(">") else cell.ljust(width)
            for cell, width, name in zip(cells, widths, table.columns)
        ]
        return "  ".join(padded).rstrip()

    title = [table.title] if table.title else []
    return [*title, line(names), *(line(row) for row in rows)]


def _lines(text: str) -> str:
    return "\n".join(map(on_a_line, text.split("\n")))


def plain(page: Page) -> str:
    """The page as a text without any control characters."""
    blocks = [[_lines(page.headline)], *(plain_table(table) for table in page.tables if table.rows)]
    if page.caveats:
        blocks.append([f"! {_lines(caveat)}" for caveat in page.caveats])
    if page.details:
        blocks.append([_lines(detail) for detail in page.details])
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def show(page: Page, stream: TextIO | None = None) -> None:
    """Print the page: with rich on a terminal where it is installed, else plain."""
    stream = sys.stdout if stream is None else stream
    if not stream.isatty():
        stream.write(plain(page))
        return
    try:
        from rich.console import Console
    except ImportError:
        stream.write(plain(page))
        return
    _show_rich(page, Console(file=stream, highlight=False, soft_wrap=False))


def _show_rich(page: Page, console: Console) -> None:
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    console.print(Text(_lines(page.headline), style="bold"))
    for table in page.tables:
        if not table.rows:
            continue
        shown = RichTable(box=box.SIMPLE_HEAD, title=table.title or None, title_justify="left", pad_edge=False)
        for name in table.columns:
            shown.add_column(name.lstrip(">"), justify="right" if name.startswith(">") else "left", overflow="fold")
        for row in table.rows:
            shown.add_row(*(Text(on_a_line(cell)) for cell in row))
        console.print(shown)
    for caveat in page.caveats:
        console.print(Text("! ", style="yellow") + Text(_lines(caveat)))
    for detail in page.details:
        console.print(Text(_lines(detail), style="dim"))
