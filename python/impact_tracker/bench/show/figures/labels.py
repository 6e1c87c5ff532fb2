"""Names beside points without lying on each other or on points: the first free place around each."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from .notes import extent_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.transforms import Bbox

_LINE = 1.2  # of the font's size
_ROOM = 2.0  # pixels
_MOST_TICKS = 5  # of a logarithmic axis, whose numbers may be long
_PLACES = [(0.0, 1.0), (60.0, 1.0), (-60.0, 1.0), (180.0, 1.0), (120.0, 1.0), (-120.0, 1.0), (90.0, 1.1), (-90.0, 1.1)]
_RINGS = (1.0, 1.9, 3.0, 4.2)
_POINT = 3.5  # radius of a mark that gives none, in points (1/72 inch)

Box = tuple[float, float, float, float]


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _outside(box: Box, frame: Bbox) -> bool:
    return bool(box[0] < frame.x0 or box[2] > frame.x1 or box[1] < frame.y0 or box[3] > frame.y1)


def _candidates(centre: tuple[float, float], size: tuple[float, float], away: float) -> Iterator[tuple[Box, float]]:
    """Boxes of this size around a centre, near ones first, with the ring each lies on; all in pixels."""
    (px, py), (width, height) = centre, size
    for ring in _RINGS:
        for angle, stretch in _PLACES:
            radians = math.radians(angle)
            reach = away * ring * stretch
            cx = px + math.cos(radians) * (reach + width / 2)
            cy = py + math.sin(radians) * (reach + height / 2 * abs(math.sin(radians)))
            yield (cx - width / 2, cy - height / 2, cx + width / 2, cy + height / 2), ring


def label_points(
    axes: Axes,
    places: Sequence[tuple[float, float, str]],
    *,
    size: float = 7.5,
    away: float = 8.0,
    radii: Sequence[float] = (),
    lines: Sequence[tuple[float, float, float, float]] = (),
) -> None:
    """Writes each text beside its point, with a thin line where it had to go far. `away`: points (1/72 inch) from its
    edge; `radii`: of the marks, in points; `lines`: straight ones to keep clear of (x0, y0, x1, y1 of the data)."""
    figure = axes.figure
    figure.canvas.draw()  # the layout is settled now, so that data and pixels stand fast
    dots = figure.dpi / 72
    centres = [tuple(axes.transData.transform((x, y))) for x, y, _ in places]
    marks = [radius * dots for radius in (radii or [_POINT] * len(places))]
    taken: list[Box] = [(px - r, py - r, px + r, py + r) for (px, py), r in zip(centres, marks)]
    drawn = [_line_box(axes, line) for line in lines]
    frame = axes.get_window_extent()
    for (x, y, text), (px, py), mark in sorted(
        zip(places, centres, marks), key=lambda point: (-point[1][1], point[1][0])
    ):
        shape = _shape(axes, text, size)
        reach = (away - _POINT) * dots + mark
        free = [
            (box, ring)
            for box, ring in _candidates((px, py), shape, reach)
            if not _outside(box, frame) and not any(_overlap(box, other) for other in taken)
        ]
        # On a line rather than nowhere, or far away.
        clear = [(box, ring) for box, ring in free if not any(_overlap(box, line) for line in drawn)]
        if clear or free:
            box, ring = (clear or free)[0]
            taken.append(box)
            offset = (((box[0] + box[2]) / 2 - px) / dots, ((box[1] + box[3]) / 2 - py) / dots)
            _write(axes, text, (x, y), offset, size, ring > 2)
        # No room anywhere: the legend names it.


def _shape(axes: Axes, text: str, size: float) -> tuple[float, float]:
    """Width and height of a text in pixels, with a little room around it."""
    dots = axes.figure.dpi / 72
    width, height = extent_of(text, size)
    return width * dots + _ROOM, max(height, _LINE * size) * dots + _ROOM


def _line_box(axes: Axes, line: tuple[float, float, float, float]) -> Box:
    (ax, ay), (bx, by) = (axes.transData.transform(end) for end in (line[:2], line[2:]))
    return min(ax, bx) - 1, min(ay, by) - 1, max(ax, bx) + 1, max(ay, by) + 1


def _write(
    axes: Axes, text: str, place: tuple[float, float], offset: tuple[float, float], size: float, far: bool
) -> None:
    arrow = {"arrowstyle": "-", "linewidth": 0.4, "color": "0.6", "shrinkB": 2} if far else None
    axes.annotate(
        text, place, offset, textcoords="offset points", ha="center", va="center", fontsize=size, arrowprops=arrow
    )


def plain_log(axis: Axis) -> None:
    """Ticks of a logarithmic axis as numbers; also between the powers of ten where it spans less than two of them."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    low, high = sorted(axis.get_view_interval())
    narrow = low > 0 and high / low < 100
    axis.set_major_locator(LogLocator(10, (1.0, 2.0, 5.0) if narrow else (1.0,), numticks=_MOST_TICKS))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}" if 1e-3 <= value < 1e6 else f"{value:.0e}"))
    axis.set_minor_formatter(NullFormatter())
