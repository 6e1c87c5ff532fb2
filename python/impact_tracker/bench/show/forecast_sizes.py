"""At which sizes a campaign ran a network: what a forecast at another is carried from, and how far that may be off."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from ..analyse.analysis import MOST_CARRIED
from ..analyse.carried import SizeSpread, size_spread
from ..analyse.cells import Cell
from ..plan.axes import NOT_SWEPT
from ..row.row import Row
from .comparable import good_rows
from .view import View

PHASES = ("training", "inference")


def of_one_network(view: View, models: Sequence[str]) -> dict[tuple[str, ...], list[Cell]]:
    """Cells that a forecast may rest on; together those of one network and phase that differ in their size alone."""
    together: dict[tuple[str, ...], list[Cell]] = {}
    for cell in view.cells:
        if models and cell.model not in models:
            continue
        if cell.phase in PHASES and cell.runs and cell.j_per_image is not None and cell.seconds is not None:
            point = next((row.facts.swept for row in good_rows(view, cell) if row.facts.swept), NOT_SWEPT)
            others = point.only([name for name in point.values if name != "size"]).name
            together.setdefault((cell.model, cell.phase, others), []).append(cell)
    return together


def nearest(sizes: Sequence[tuple[Cell, tuple[int, ...] | None]], side: int | None) -> list[tuple[Cell, float]]:
    """The cells to take, with how many times their pixels the asked ones are: all without an asked side; else those of
    that side, or those of the nearest, none where that is too far."""
    if side is None:
        return [(cell, 1.0) for cell, _ in sizes]
    known = [(cell, factor) for cell, size in sizes if (factor := per_pixel(size, side)) is not None]
    least = min((abs(math.log(factor)) for _, factor in known), default=0.0)
    return [(cell, factor) for cell, factor in known if abs(math.log(factor)) <= least + 1e-12]


def size_of(rows: Sequence[Row]) -> tuple[int, ...] | None:
    """Height and width of a test's pictures, or the whole shape of what is none; `None` where rows differ."""
    shapes = {row.setup.input for row in rows}
    shape = shapes.pop() if len(shapes) == 1 else None
    return shape[1:] if shape is not None and len(shape) == 3 else shape


def size_text(size: tuple[int, ...] | None) -> str:
    """`224 × 224`; nothing for an unknown size."""
    return " × ".join(map(str, size or ()))


def per_pixel(measured: tuple[int, ...] | None, side: int | None) -> float | None:
    """How many times the measured pictures' pixels those of the asked side have; `None` where that is too far."""
    if side is None or measured == (side, side):
        return 1.0
    if measured is None or len(measured) != 2:
        return None
    factor = side * side / (measured[0] * measured[1])
    return factor if 1 / MOST_CARRIED <= factor <= MOST_CARRIED else None


def spread_over_sizes(
    view: View, own: Sequence[Cell], quantity: Callable[[Cell, Sequence[Row]], float | None]
) -> SizeSpread | None:
    """How the cost of a multiply-add differs over the sizes of a network and phase; of other networks where that ran
    at one size. `quantity`: of one input."""

    def costs(cells: Sequence[Cell]) -> list[float]:
        values: dict[tuple[int, ...], float] = {}
        gmacs: dict[tuple[int, ...], float] = {}
        for cell in cells:
            rows = good_rows(view, cell)
            size, value = size_of(rows), quantity(cell, rows)
            if size is not None and value:
                values[size] = value
                counted = [row.setup.gmac for row in rows if row.setup.gmac]
                gmacs.update({size: counted[0]} if counted else {})
        # By pixels where the worker did not count at each of them: both are never mixed.
        work = gmacs if set(gmacs) == set(values) else {size: math.prod(size) for size in values}
        return [value / work[size] for size, value in values.items()]

    others = [cells for cells in of_one_network(view, ()).values() if cells[0].phase == own[0].phase]
    return size_spread(costs(own), {cells[0].test: costs(cells) for cells in others if cells[0] is not own[0]})
