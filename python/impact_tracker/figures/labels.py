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
_LEAST_TICKS, _MOST_TICKS = 3, 5  # of a logarithmic axis, whose numbers may be long
_BETWEEN = ((1,), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 7), tuple(step / 10 for step in range(10, 100)))
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
) -> list[str]:
    """Writes each text beside its point, with a thin line where it had to go far; those for which there was no room.
    `away`: points (1/72 inch) from its edge; `radii`: of the marks, in points; `lines`: straight ones to keep clear of
    (x0, y0, x1, y1 of the data)."""
    figure, without_room = axes.figure, []
    figure.draw_without_rendering()  # type: ignore[union-attr]  # the layout is settled now, so that data and pixels stand fast
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
        else:
            without_room.append(text)
    return without_room


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
    """Ticks of a logarithmic axis as numbers, three at least in what is seen: powers of ten, and as much between them
    as a narrow axis needs."""
    from matplotlib.ticker import FuncFormatter, Locator, NullFormatter

    class PlainTicks(Locator):
        def __call__(self) -> list[float]:
            assert self.axis is not None
            return self.tick_values(*self.axis.get_view_interval())

        def tick_values(self, vmin: float, vmax: float) -> list[float]:
            return log_ticks(*sorted((vmin, vmax)))

    axis.set_major_locator(PlainTicks())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axis.set_minor_formatter(NullFormatter())


def log_ticks(low: float, high: float) -> list[float]:
    """Places of ticks between two ends: the coarsest that are three at least, the widest five of them."""
    if not 0 < low < high:
        return []
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks: list[float] = []
    for between in _BETWEEN:
        ticks = [value for power in powers for step in between if low <= (value := float(f"{step}e{power}")) <= high]
        if len(ticks) >= _LEAST_TICKS:
            every = -(-len(ticks) // _MOST_TICKS)
            return ticks[::every]
    from matplotlib.ticker import MaxNLocator

    return [float(value) for value in MaxNLocator(_MOST_TICKS - 1).tick_values(low, high) if low <= value <= high]


def along(
    points: Sequence[tuple[float, float]], pieces: int = 40, *, is_log: bool = True
) -> list[tuple[float, float, float, float]]:
    """A line of straight parts on two axes that are logarithmic (or not), cut into pieces small enough that a label
    keeps clear of the line and not of all that it spans."""
    lines = []
    for (x0, y0), (x1, y1) in zip(points, points[1:]):
        steps = [step / pieces for step in range(pieces + 1)]
        if is_log:
            places = [(x0 * (x1 / x0) ** share, y0 * (y1 / y0) ** share) for share in steps]
        else:
            places = [(x0 + (x1 - x0) * share, y0 + (y1 - y0) * share) for share in steps]
        lines += [(*first, *second) for first, second in zip(places, places[1:])]
    return lines
