"""What a long training or many inferences will cost on this machine, from a light run and its scatter."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from ... import digits
from ...modelled import Model
from ...report.page import Page, Table
from ...values import joules_of, sum_if_known
from ...values.statistics import Mean, mean_of, student_t
from ..analyse.cells import Cell, unit_of
from ..plan.suites import check_models
from ..plan.test import ASIDE
from ..row.row import Row
from .caveats import processors_model_of
from .comparable import good_rows
from .view import View

PHASES = ("training", "inference")


class Forecast(NamedTuple):
    """Prediction intervals (95 %) of one future run: for its energy in J, its seconds, its carbon in g. Low and high of
    the energy hold the scatter between runs and the sensors' own error, those of the carbon the intensity's range too;
    they are `None` where one run tells no scatter.
    `runs`: of which the energy is known; `start_known`: whether loading and warming up are in the energy; `batch`: that
    was measured, None where it differs."""

    test: str
    title: str
    phase: str
    images: int
    runs: int
    energy_j: float
    energy_low_j: float | None
    energy_high_j: float | None
    seconds: float
    seconds_low: float | None
    seconds_high: float | None
    carbon_g: float | None
    carbon_low_g: float | None
    carbon_high_g: float | None
    quality: str
    unit: str = "image"
    batch: int | None = None
    start_known: bool = True


def forecasts(view: View, *, images: int, epochs: int = 1, models: Sequence[str] = ()) -> list[Forecast]:
    """For each test (of `models`, where any are named): training `epochs` times over `images`, and running `images`
    once. Energy grows with the images: a start (loading, warming up) is added as it was measured. ValueError where
    nothing was measured."""
    check_models(models, dict.fromkeys(cell.model for cell in view.cells), str(view.storage.folder))
    if images < 1 or epochs < 1:
        raise ValueError(f"images and epochs are 1 or more, not {images} and {epochs}")
    predicted = []
    for cell in view.cells:
        if models and cell.model not in models:
            continue
        if cell.phase in PHASES and cell.runs and cell.j_per_image is not None and cell.seconds is not None:
            wanted = images * epochs if cell.phase == "training" else images
            predicted.append(_forecast(cell, view, wanted))
    if not predicted:
        why = view.verdict().text
        if why is not None:
            raise ValueError(f"there is nothing that a forecast could rest on: {why}")
        raise ValueError("nothing was measured that a forecast could rest on: `impact-tracker doctor` says why")
    return predicted


def _start(view: View, test: str) -> tuple[float | None, float]:
    """(J, s) of loading and warming up; None for an energy of which a part was not measured."""
    cells = [cell for cell in view.cells if cell.test == test and cell.phase in ASIDE]
    seconds = math.fsum(cell.seconds.value for cell in cells if cell.seconds is not None)
    if not cells:
        return 0.0, seconds
    kwh = sum_if_known(None if cell.kwh is None else cell.kwh.value for cell in cells)
    return None if kwh is None else joules_of(kwh), seconds


def _seconds_per_image(rows: Sequence[Row]) -> Mean | None:
    """How many images each run took may differ."""
    return mean_of([row.work.duration_s / row.work.images for row in rows if row.work.images and row.work.duration_s])


def _carbon_range(rows: Sequence[Row], spread: float) -> tuple[float, float] | None:
    """How far a forecast's carbon reaches down and up, relative: the runs' own ranges (sensors and intensity) and their
    scatter. None where they have none."""
    relative = [
        (1 - part.carbon_low_g / part.carbon_g, part.carbon_high_g / part.carbon_g - 1)
        for part in (row.measured for row in rows)
        if part.carbon_g and part.carbon_low_g is not None and part.carbon_high_g is not None
    ]
    if not relative:
        return None
    down, up = (math.fsum(ends) / len(relative) for ends in zip(*relative))
    return min(math.hypot(spread, down), 1.0), math.hypot(spread, up)


def _forecast(cell: Cell, view: View, images: int) -> Forecast:
    assert cell.j_per_image is not None
    rows = good_rows(view, cell)
    batches = {row.setup.batch for row in rows}
    per_image_s = _seconds_per_image(rows)
    assert per_image_s is not None
    start_j, start_s = _start(view, cell.test)
    energy = (start_j or 0.0) + cell.j_per_image.value * images
    seconds = start_s + per_image_s.value * images
    spread = _spread(cell.j_per_image)
    relative = None if spread is None else math.hypot(spread, cell.bias or 0.0)
    energy_ends, second_ends = _around(energy, relative), _around(seconds, _spread(per_image_s))
    grams: float | None = None
    gram_ends: tuple[float | None, float | None] = (None, None)
    if cell.carbon_kg is not None and cell.kwh is not None and cell.kwh.value > 0:
        grams = energy * cell.carbon_kg.value * 1000 / joules_of(cell.kwh.value)
        if spread is not None and relative is not None:
            down, up = _carbon_range(rows, spread) or (min(relative, 1.0), relative)
            gram_ends = (grams * (1 - down), grams * (1 + up))
    return Forecast(
        test=cell.test,
        title=cell.title,
        phase=cell.phase,
        images=images,
        runs=cell.j_per_image.runs,
        energy_j=energy,
        energy_low_j=energy_ends[0],
        energy_high_j=energy_ends[1],
        seconds=seconds,
        seconds_low=second_ends[0],
        seconds_high=second_ends[1],
        carbon_g=grams,
        carbon_low_g=gram_ends[0],
        carbon_high_g=gram_ends[1],
        quality=cell.quality,
        unit=cell.unit,
        batch=batches.pop() if len(batches) == 1 else None,
        start_known=start_j is not None,
    )


def _spread(mean: Mean) -> float | None:
    """Relative half-width of the 95 % prediction interval of one more run: t · s · √(1 + 1/n); `None` of one run alone,
    of which nothing is known."""
    if mean.relative is None:
        return None
    return student_t(0.95, mean.runs - 1) * mean.relative * math.sqrt(1 + 1 / mean.runs)


def _around(value: float, relative: float | None) -> tuple[float | None, float | None]:
    """The ends of an interval of a positive quantity, which are positive: where it is wider than the value, by the
    logarithm."""
    if relative is None:
        return None, None
    if relative >= 1:
        factor = math.exp(min(relative, 700.0))
        return value / factor, value * factor
    return value * (1 - relative), value * (1 + relative)


def _energy_text(item: Forecast) -> str:
    if item.energy_low_j is None or item.energy_high_j is None:
        return digits.energy(item.energy_j)
    if item.energy_high_j - item.energy_j > item.energy_j:
        best, low, high = map(digits.energy, (item.energy_j, item.energy_low_j, item.energy_high_j))
        return f"{best} ({low} to {high})"
    return digits.energy(item.energy_j, item.energy_high_j - item.energy_j)


def _kwh_text(item: Forecast) -> str:
    half = None if item.energy_high_j is None else min(item.energy_high_j - item.energy_j, item.energy_j)
    # Its spread stands before it; digits as coarse as a spread that is wider than the value would make it 0.
    return digits.kwh(item.energy_j, half, spread=False)


def _seconds_text(item: Forecast) -> str:
    if item.seconds_low is None or item.seconds_high is None:
        return digits.duration(item.seconds)
    return f"{digits.duration(item.seconds_low)} to {digits.duration(item.seconds_high)}"


def page(view: View, predicted: Sequence[Forecast], *, images: int, epochs: int) -> Page:
    """One row a network and phase."""
    rows = [
        (
            item.title,
            item.phase,
            f"{item.images:,}",
            _energy_text(item),
            _kwh_text(item),
            digits.carbon(item.carbon_g, item.carbon_low_g, item.carbon_high_g),
            _seconds_text(item),
        )
        for item in predicted
    ]
    first = predicted[0]
    headline = (
        f"{first.title}, {first.phase} of {first.images:,} {first.unit}s: "
        f"{_energy_text(first)} in {digits.duration(first.seconds)}"
    )
    columns = ("network", "phase", f">{unit_of(predicted)}s", ">energy", ">kWh", ">carbon", ">time")
    notes = caveats(view, predicted, images, epochs)
    return Page(headline, [Table(columns, rows)], notes, [f"from {view.storage.folder}"])


def caveats(view: View, predicted: Sequence[Forecast], images: int, epochs: int) -> list[str]:
    """What a reader of a forecast must know."""
    notes = ["± and ranges: 95 % of one run to come, scatter between runs and the sensors' own error in it"]
    if any(item.runs < 2 for item in predicted):
        notes.append("from one run: nothing is known of its scatter, so there is no interval; repeat it (--repeats 3)")
    tests = {item.test for item in predicted}
    rows = [row for row in view.rows if row.test in tests]
    least = min((row.work.images for row in rows if row.phase in PHASES and row.work.images), default=0)
    if least and images * epochs > 100 * least:
        notes.append(f"more than 100 times what was run ({least:g} images): heating and throttling are not in it")
    if any(item.quality == "modelled" for item in predicted):
        model = processors_model_of(rows)
        if model is Model.PROCESSOR:
            notes.append(f"energy is by {model.value}, at least in part")
        else:
            notes.append("energy is modelled, at least in part: run `impact-tracker doctor`")
    if not all(item.start_known for item in predicted):
        notes.append("what loading and warming up cost was not measured: it is in none of the energies")
    if any(row.phase == "evaluation" for row in rows):
        notes.append("training without its evaluations")
    if view.settings.mode == "quick" and any(item.batch == 1 for item in predicted):
        notes.append("measured one input at a time: in larger batches each takes less (--batch)")
    return notes


def to_dict(predicted: Sequence[Forecast]) -> list[dict[str, object]]:
    """For JSON."""
    return [item._asdict() for item in predicted]
