"""What the console shows of a campaign: the answer, the table, what to beware of."""

from __future__ import annotations

from collections.abc import Sequence

from ... import digits
from ...report.page import Page, Table
from ...values.statistics import Mean, ratio_of_extremes
from ..analyse.cells import Cell, ratio_text, unit_of, with_interval
from ..analyse.origin import with_origin


def campaign_page(cells: Sequence[Cell], notes: Sequence[str]) -> Page:
    """What `impact-tracker bench` shows at its end."""
    return Page(headline(cells), [table_of(cells)], notes)


def headline(cells: Sequence[Cell]) -> str:
    """Says which network costs how much, first to train, where one was trained."""
    lines = []
    for phase, verb in (("training", "to train"), ("inference", "to run")):
        known = [cell for cell in cells if cell.phase == phase and cell.kwh is not None and cell.kwh.value > 0]
        if known:
            text = _compared(known, verb) if len(known) > 1 else _alone(known[0])
            lines.append(with_origin(text, known))
    if lines:
        return "\n".join(lines)
    if any(cell.runs for cell in cells):
        return "Energy was not measured: `impact-tracker doctor` says why, and what mends it"
    if any(cell.left_out for cell in cells):
        return "No run counts: each failed or is invalid, for the reasons below"
    return "No test came to its end"


def _compared(cells: Sequence[Cell], verb: str) -> str:
    """Compares the dearest with the cheapest, by what one image costs where that is known."""

    def cost(cell: Cell) -> Mean:
        mean = cell.j_per_image or cell.kwh
        assert mean is not None
        return mean

    least, most, ratio = ratio_of_extremes([cost(cell) for cell in cells])
    low, high = cells[least], cells[most]
    a, b = cost(low), cost(high)
    text = f"{high.title} takes {ratio_text(ratio)} times the energy of {low.title} {verb}"
    if low.j_per_image and high.j_per_image:
        text += f": {with_interval(b)} against {with_interval(a)} J per {unit_of(cells)}"
    if low.accuracy and high.accuracy:
        text += f", accuracy {percent(high.accuracy)} against {percent(low.accuracy)}"
    return text


def _alone(cell: Cell) -> str:
    assert cell.kwh is not None
    text = f"{cell.title}, {cell.phase}: {with_interval(cell.kwh)} kWh"
    if cell.j_per_image:
        text += f", {with_interval(cell.j_per_image)} J per {cell.unit}"
    return text + (f", accuracy {percent(cell.accuracy)}" if cell.accuracy else "")


def percent(mean: Mean) -> str:
    """Writes an accuracy with its interval in per cent."""
    return f"{with_interval(mean, 100, most=1.0)} %"


def scale_of(means: Sequence[Mean | None]) -> tuple[float, str]:
    """A power of a thousand that makes a column of means readable, and what its header says: 10⁻³, 10⁻⁶ or nothing."""
    largest = max((abs(mean.value) for mean in means if mean is not None), default=0.0)
    for exponent, text in ((0, ""), (3, "10⁻³ "), (6, "10⁻⁶ "), (9, "10⁻⁹ ")):
        if largest * 10.0**exponent >= 0.1:
            return 10.0**exponent, text
    return 1.0, ""


def _cell_text(mean: Mean | None, scale: float = 1.0) -> str:
    if mean is None:
        return "–"
    return with_interval(mean, scale)


def quality_text(cell: Cell) -> str:
    """Says whether the energy is measured or modelled, or how much of it is which."""
    if not cell.runs:
        return "–"
    if cell.quality == "modelled" and cell.modelled is not None and cell.modelled < 0.95:
        return f"measured, {digits.percent(cell.modelled)} modelled"
    return cell.quality


_PARTS = {"above_idle_j": "above idle", "share_j": "the worker's"}


def parts_of(cells: Sequence[Cell]) -> list[str]:
    """Which parts of the machine's energy are known of any test: what was above idle, what was the worker's."""
    return [name for name in _PARTS if any(getattr(cell, name) is not None for cell in cells)]


def parts_columns(parts: Sequence[str], unit: str) -> list[str]:
    """The columns that hold them beside the machine's energy."""
    return [f">{_PARTS[name]}, J per {unit}" for name in parts]


def table_of(cells: Sequence[Cell]) -> Table:
    """The table has one row for each test and phase."""
    kwh, kwh_unit = scale_of([cell.kwh for cell in cells])
    carbon, carbon_unit = scale_of([cell.carbon_kg for cell in cells])
    parts = parts_of(cells)
    rows = []
    for cell in cells:
        rows.append(
            (
                cell.title,
                cell.phase,
                f"{cell.runs}" if not cell.left_out else f"{cell.runs} of {cell.runs + len(cell.left_out)}",
                _cell_text(cell.kwh, kwh),
                _cell_text(cell.j_per_image),
                _cell_text(cell.carbon_kg, carbon),
                _cell_text(cell.seconds),
                "–" if cell.accuracy is None else percent(cell.accuracy),
                quality_text(cell),
                *(_cell_text(getattr(cell, name)) for name in parts),
            )
        )
    columns = (
        "model",
        "phase",
        ">runs",
        f">{kwh_unit}kWh",
        f">J per {unit_of(cells)}",
        f">{carbon_unit}kgCO2e",
        ">seconds",
    )
    return Table((*columns, ">accuracy", "energy", *parts_columns(parts, unit_of(cells))), rows)
