"""Names beside points without lying on each other or on points: the first free place around each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

_CHARACTER, _LINE = 0.56, 1.15  # of the font's size
_PLACES = [(0.0, 1.0), (60.0, 1.0), (-60.0, 1.0), (180.0, 1.0), (120.0, 1.0), (-120.0, 1.0), (90.0, 1.1), (-90.0, 1.1)]
_RINGS = (1.0, 1.9, 3.0, 4.2)

Box = tuple[float, float, float, float]


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _outside(box: Box, frame: Any) -> bool:
    return bool(box[0] < frame.x0 or box[2] > frame.x1 or box[1] < frame.y0 or box[3] > frame.y1)


def label_points(
    axes: Any, places: Sequence[tuple[float, float, str]], *, size: float = 7.5, away: float = 8.0, above: bool = False
) -> None:
    """Writes each text beside its point, with a thin line where it had to go far. `away`: points (1/72 inch) from it;
    `above`: not to the right or left first, where error bars lie."""
    figure = axes.figure
    figure.canvas.draw()  # the layout is settled now, so that data and pixels stand fast
    dots = figure.dpi / 72
    centres = [tuple(axes.transData.transform((x, y))) for x, y, _ in places]
    radius = 3.5 * dots
    taken: list[Box] = [(px - radius, py - radius, px + radius, py + radius) for px, py in centres]
    frame = axes.get_window_extent()
    candidates = sorted(_PLACES, key=lambda place: abs(place[0]) in (0.0, 180.0)) if above else _PLACES
    for (x, y, text), (px, py) in sorted(zip(places, centres), key=lambda one: (-one[1][1], one[1][0])):
        width, height = _CHARACTER * size * len(text) * dots, _LINE * size * dots
        found = None
        for ring in _RINGS:
            for angle, stretch in candidates:
                radians = math.radians(angle)
                cx = px + math.cos(radians) * (away * ring * stretch * dots + width / 2)
                cy = py + math.sin(radians) * (away * ring * stretch * dots + height / 2 * abs(math.sin(radians)))
                box = (cx - width / 2, cy - height / 2, cx + width / 2, cy + height / 2)
                if not _outside(box, frame) and not any(_overlap(box, other) for other in taken):
                    found = (box, ring)
                    break
            if found:
                break
        if found is None:
            continue  # no room: the legend names it
        box, ring = found
        taken.append(box)
        centre = ((box[0] + box[2]) / 2 - px, (box[1] + box[3]) / 2 - py)
        offset = (centre[0] / dots, centre[1] / dots)
        arrow = {"arrowprops": {"arrowstyle": "-", "linewidth": 0.4, "color": "0.6", "shrinkB": 2}} if ring > 2 else {}
        axes.annotate(
            text, (x, y), offset, textcoords="offset points", ha="center", va="center", fontsize=size, **arrow
        )


def plain_log(axis: Any) -> None:
    """Ticks of a logarithmic axis as numbers; also between the powers of ten where it spans less than two of them."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    low, high = sorted(axis.get_view_interval())
    narrow = low > 0 and high / low < 100
    axis.set_major_locator(LogLocator(10, (1.0, 2.0, 5.0) if narrow else (1.0,)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}" if 1e-3 <= value < 1e6 else f"{value:.0e}"))
    axis.set_minor_formatter(NullFormatter())
