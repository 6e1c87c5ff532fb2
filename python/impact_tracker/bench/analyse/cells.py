"""A campaign's rows as one cell a test and phase: means over runs with their intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ... import digits
from ...values.statistics import Mean, mean_of
from ..plan.networks import NETWORKS
from ..row.rows import Row

ORDER = ("load", "warm-up", "training", "evaluation", "inference")
_QUALITIES = ("measured", "modelled", "estimated", "stale", "missing")  # best first


class Cell(NamedTuple):
    """One phase of one test. Means are over the runs whose rows are valid and hold the quantity, `None` over none.

    `bias`: the sensors' and models' own relative error (95 %), which repeating does not shrink; `modelled`: the share
    of the energy that models gave; `left_out`: runs that are not averaged, with the reason.
    """

    test: str
    model: str
    title: str
    phase: str
    runs: int
    kwh: Mean | None
    j_per_image: Mean | None
    carbon_kg: Mean | None
    seconds: Mean | None
    power_w: Mean | None
    accuracy: Mean | None
    images: float | None
    unit: str
    quality: str
    bias: float | None
    partial: bool
    modelled: float | None
    left_out: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {name: value._asdict() if isinstance(value, Mean) else value for name, value in self._asdict().items()}


def invalid_because(row: Row) -> str | None:
    """Why a row must not be averaged; None where it may."""
    if row.get("status") != "ok":
        return str(row.get("reason") or "failed")
    reasons = row.get("invalid") or []
    return "; ".join(reasons) if reasons else None


def summarise(rows: Sequence[Row], *, olympic: bool = False) -> list[Cell]:
    """Cells in the order of the suites' networks, whatever order they ran in, phases as they run."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if row["phase"] in ORDER:
            groups.setdefault((row["test"], row["phase"]), []).append(row)
    accuracy = {row["task"]: row["accuracy"] for row in rows if row["phase"] == "evaluation" and row["status"] == "ok"}
    places = {network.name: place for place, network in enumerate(NETWORKS)}

    def place(key: tuple[str, str]) -> tuple[int, str, int]:
        return places.get(groups[key][0]["model"], len(places)), key[0], ORDER.index(key[1])

    keys = sorted(groups, key=place)
    return [_cell(key, groups[key], accuracy, olympic) for key in keys]


def _cell(key: tuple[str, str], rows: list[Row], accuracy: dict[str, Any], olympic: bool) -> Cell:
    reasons = {row["task"]: invalid_because(row) for row in rows}
    good = [row for row in rows if reasons[row["task"]] is None]

    def mean(value: Callable[[Row], Any]) -> Mean | None:
        values = [value(row) for row in good]
        return mean_of([float(number) for number in values if number is not None], olympic=olympic)

    def grams(row: Row) -> float | None:
        return None if row.get("carbon_g") is None else row["carbon_g"] / 1000

    biases = [row["bias_j"] / row["energy_j"] for row in good if row.get("bias_j") is not None and row.get("energy_j")]
    qualities = {str(row.get("quality", "missing")) for row in good} or {"missing"}
    images = {row.get("images") for row in good}
    learnt = key[1] in ("training", "evaluation")
    return Cell(
        test=key[0],
        model=rows[0]["model"],
        title=rows[0]["title"],
        phase=key[1],
        runs=len(good),
        kwh=mean(lambda row: row.get("kwh")),
        j_per_image=mean(lambda row: row.get("j_per_image")),
        carbon_kg=mean(grams),
        seconds=mean(lambda row: row.get("duration_s")),
        power_w=mean(lambda row: row.get("power_w")),
        accuracy=mean(lambda row: accuracy.get(row["task"])) if learnt else None,
        images=images.pop() if len(images) == 1 else None,
        unit=str(next((row["unit"] for row in rows if row.get("unit")), "image")),
        quality=max(qualities, key=lambda q: _QUALITIES.index(q) if q in _QUALITIES else len(_QUALITIES)),
        bias=sum(biases) / len(biases) if biases else None,
        partial=any(row.get("partial") for row in good),
        modelled=_share(good),
        left_out={task: reason for task, reason in reasons.items() if reason is not None},
    )


def _share(rows: list[Row]) -> float | None:
    known = [row for row in rows if row.get("energy_j")]
    whole = sum(row["energy_j"] for row in known)
    return sum(row.get("modelled_j") or 0.0 for row in known) / whole if whole > 0 else None


def cell_of(cells: Sequence[Cell], test: str, phase: str) -> Cell | None:
    """One cell by name."""
    return next((cell for cell in cells if (cell.test, cell.phase) == (test, phase)), None)


def unit_of(cells: Sequence[Any]) -> str:
    """What joules are counted for, of cells or points: image, or input where the networks take different things."""
    units = {cell.unit for cell in cells}
    return units.pop() if len(units) == 1 else "input"


def with_half(value: float, half: float | None) -> str:
    """`12.3 ± 0.4`, digits as fine as the half-width allows; three where nothing is known of the scatter."""
    if not half:
        return digits.fixed(value, digits.decimals_for(value, None))
    decimals = digits.decimals_for(half if half > abs(value) else value, half)
    shown = math.ceil(half * 10.0**decimals - 1e-9) / 10.0**decimals  # never a narrower one
    return f"{digits.fixed(value, decimals)} ± {digits.fixed(shown, decimals)}"
