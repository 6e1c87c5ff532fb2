"""The console's tables as tables of a page: the same cells, and beside them what they are sorted by."""

from __future__ import annotations

import re

from ..report.page import Page, Table
from .markup import Html, element, items, joined

MOST_ROWS = 2_000  # of a table
_PREFIXES = {"G": 1e9, "M": 1e6, "k": 1e3, "": 1.0, "m": 1e-3, "µ": 1e-6, "n": 1e-9}
_UNITS = {"Wh": 3600.0, "t": 1e6, "min": 60.0, "h": 3600.0, "d": 86400.0}
_SCREEN = {"chart": "screen"}  # columns of buttons, which paper has no use for
_AMOUNT = re.compile(r"([-−+]?[\d,]*\.?\d+(?:[eE][-+]?\d+)?)\s*([GMkmµn]?)(Wh|min|[JWgtshdBL])?(?![a-z])")


def sort_value(cell: str) -> float | None:
    """The number by which a cell is sorted, in its base unit: `1.2 kJ ± 0.1 kJ` is 1200. `None` where it has none."""
    text = cell.strip().lstrip("<≤≥~ ")
    match = _AMOUNT.match(text)
    if match is None:
        return None
    number = _number(match[1]) * _scale(match[2], match[3] or "")
    if match[3] in ("min", "h", "d"):  # `3 h 12 min`
        for rest in _AMOUNT.finditer(text, match.end()):
            number += _number(rest[1]) * _scale(rest[2], rest[3] or "")
    return number


def _number(text: str) -> float:
    return float(text.replace(",", "").replace("−", "-"))


def _scale(prefix: str, unit: str) -> float:
    return (_PREFIXES[prefix] if unit else 1.0) * _UNITS.get(unit, 1.0)


def cell(text: str, *, number: bool, tag: str = "td") -> Html:
    """One cell of a body."""
    if not number:
        return element(tag, {"scope": "row"} if tag == "th" else None, element("bdi", None, text))
    value = sort_value(text)
    return element("td", {"class": "number", "data-sort": "" if value is None else f"{value:.12g}"}, text)


def head(columns: list[tuple[str, bool]]) -> Html:
    """The row of names; (name, whether the column holds numbers)."""
    cells = [
        element("th", {"scope": "col", "class": "number" if number else _SCREEN.get(name)}, name or Html("&nbsp;"))
        for name, number in columns
    ]
    return element("thead", None, element("tr", None, *cells))


def framed(table: Html, label: str) -> Html:
    """A table that is wider than the page scrolls by itself, by keys too."""
    return element("div", {"class": "scroll", "tabindex": "0", "role": "group", "aria-label": label}, table)


def table_of(table: Table, label: str = "") -> Html:
    """A sortable table; nothing where it has no rows."""
    if not table.rows:
        return Html("")
    columns = [(column.lstrip(">"), column.startswith(">")) for column in table.columns]
    rows = []
    for texts in table.rows[:MOST_ROWS]:
        cells = [
            cell(text, number=number, tag="td" if index or number else "th")
            for index, (text, (_, number)) in enumerate(zip(texts, columns))
        ]
        rows.append(element("tr", None, *cells))
    title = table.title or label
    if len(table.rows) > MOST_ROWS:
        title += f" (the first {MOST_ROWS:,} of {len(table.rows):,}; the console and --csv have all)"
    caption = element("caption", None, title) if title else Html("")
    body = element("table", {"class": "sortable"}, caption, head(columns), element("tbody", None, *rows))
    return framed(body, title or "table")


def page_parts(page: Page, label: str = "") -> Html:
    """A console page below its headline: tables, caveats, details."""
    return joined(
        [
            *(table_of(table, label) for table in page.tables),
            items(list(page.caveats), "notes"),
            items([line for line in page.details if line.strip()]),
        ]
    )
