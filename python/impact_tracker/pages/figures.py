"""Values with their intervals as a drawing that takes the page's colours, and is read out as the values it shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .markup import Html, clean, element

MOST_ROWS = 40
_LEFT, _RIGHT, _WIDTH, _ROW = 200.0, 190.0, 760.0, 26.0
_NAME_LETTERS = 22  # that fit beside the axis


class Interval(NamedTuple):
    """A value between two ends; `text` says it with its unit."""

    label: str
    low: float
    best: float
    high: float
    text: str


def intervals(title: str, rows: Sequence[Interval]) -> Html:
    """A point with its interval a row, on one axis from 0; nothing without rows. At most forty are drawn."""
    shown = rows[:MOST_ROWS]
    top = max((max(row.high, row.best) for row in shown), default=0.0)
    if top <= 0.0:
        return Html("")
    height = _ROW * len(shown) + 8.0
    parts: list[str] = []
    for index, row in enumerate(shown):
        parts += _row(row, _ROW * index + _ROW / 2 + 4.0, top)
    summary = "; ".join(f"{clean(row.label)}: {row.text}" for row in shown)
    attributes = {
        "class": "figure",
        "viewBox": f"0 0 {_WIDTH:g} {height:g}",
        "role": "img",
        "aria-label": f"{title}: {summary}",
    }
    more = f"The first {MOST_ROWS} of {len(rows)} are drawn. " if len(rows) > MOST_ROWS else ""
    caption = element("figcaption", {"class": "soft"}, f"{title}. {more}Bars: 95 % intervals.")
    return element("figure", None, element("svg", attributes, *parts), caption)


def _row(row: Interval, middle: float, top: float) -> list[Html]:
    def place(value: float) -> str:
        return f"{_LEFT + (_WIDTH - _LEFT - _RIGHT) * min(max(value, 0.0), top) / top:.1f}"

    # Names of runs begin alike as often as they end alike.
    half = _NAME_LETTERS // 2
    label = row.label if len(row.label) <= _NAME_LETTERS else f"{row.label[: half - 1]}…{row.label[-half:]}"
    y = f"{middle:.1f}"
    text = f"{middle + 4.5:.1f}"
    return [
        element("text", {"x": f"{_LEFT - 10:g}", "y": text, "text-anchor": "end"}, label),
        _line("rule", (f"{_LEFT:g}", f"{_WIDTH - _RIGHT:g}"), y),
        _line("range", (place(row.low), place(row.high)), y),
        element("circle", {"class": "best", "cx": place(row.best), "cy": y, "r": "4.5"}),
        element("text", {"x": f"{_WIDTH - _RIGHT + 12:g}", "y": text}, row.text),
    ]


def _line(kind: str, ends: tuple[str, str], y: str) -> Html:
    return element("line", {"class": kind, "x1": ends[0], "x2": ends[1], "y1": y, "y2": y})
