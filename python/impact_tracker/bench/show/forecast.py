"""What a long training or many inferences will cost on this machine, from a light run and its scatter."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from ... import digits
from ...modelled import Model
from ...report.page import Page, Table
from ...values import joules_of, sum_if_known, worst_quality
from ...values.statistics import Mean, mean_of, student_t
from ..analyse.analysis import MOST_CARRIED
from ..analyse.cells import Cell, processors_model_of, unit_of
from ..analyse.origin import with_origin
from ..plan.suites import check_models
from ..plan.test import ASIDE
from ..row.row import Row
from .comparable import good_rows
from .view import View

PHASES = ("training", "inference")
_FEWEST_INPUTS = 5  # of a run that a forecast may rest on without a warning before all others


class Forecast(NamedTuple):
    """Prediction intervals (95 %) of one future run: for its energy in J, its seconds, its carbon in g. Low and high of
    the energy hold the scatter between runs and the sensors' own error, those of the carbon the intensity's range too;
    they are `None` where one run tells no scatter.
    `runs`: of which the energy is known; `start_known`: whether loading and warming up are in the energy; `batch`: that
    was measured, None where it differs; `data`: what the network was given; `size`: of one input, in pixels where it is
    a picture, and `measured_size` of those that ran: where both differ, joules and seconds follow the pixels."""

    test: str
    model: str
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
    data: str | None = None
    size: tuple[int, ...] | None = None
    measured_size: tuple[int, ...] | None = None


def forecasts(
    view: View, *, images: int, epochs: int = 1, models: Sequence[str] = (), side: int | None = None
) -> list[Forecast]:
    """For each test (of `models`, where any are named): training `epochs` times over `images`, and running `images`
    once. Energy grows with the images: a start (loading, warming up) is added as it was measured. `side`: of square
    pictures, in pixels, where it is not the measured one. ValueError where nothing was measured, or nothing near that
    size."""
    check_models(models, dict.fromkeys(cell.model for cell in view.cells), str(view.storage.folder))
    if images < 1 or epochs < 1:
        raise ValueError(f"images and epochs are 1 or more, not {images} and {epochs}")
    predicted = []
    too_far: dict[str, str] = {}
    for cell in view.cells:
        if models and cell.model not in models:
            continue
        if cell.phase in PHASES and cell.runs and cell.j_per_image is not None and cell.seconds is not None:
            wanted = images * epochs if cell.phase == "training" else images
            factor = _per_pixel(size_of(good_rows(view, cell)), side)
            if factor is None:
                size = size_text(size_of(good_rows(view, cell)))
                too_far[cell.model] = f"{cell.title} at {size or 'no size of a picture'}"
            else:
                predicted.append(_forecast(cell, view, wanted, side, factor))
    without = [text for model, text in too_far.items() if not any(item.model == model for item in predicted)]
    if without:
        raise ValueError(
            f"nothing near {side} × {side} pixels was measured of {', '.join(without)}: a size is carried to at most "
            f"{MOST_CARRIED:g} times as many pixels; name other networks (--models), a suite (--suite) or a size "
            "(--size) that `impact-tracker bench --list` shows"
        )
    if not predicted:
        why = view.verdict().text
        if why is not None:
            raise ValueError(f"there is nothing that a forecast could rest on: {why}")
        raise ValueError("nothing was measured that a forecast could rest on: `impact-tracker doctor` says why")
    return predicted


def size_of(rows: Sequence[Row]) -> tuple[int, ...] | None:
    """Height and width of a test's pictures, or the whole shape of what is none; `None` where rows differ."""
    shapes = {row.setup.input for row in rows}
    shape = shapes.pop() if len(shapes) == 1 else None
    return shape[1:] if shape is not None and len(shape) == 3 else shape


def size_text(size: tuple[int, ...] | None) -> str:
    """`224 × 224`; nothing for an unknown size."""
    return " × ".join(map(str, size or ()))


def _per_pixel(measured: tuple[int, ...] | None, side: int | None) -> float | None:
    """How many times the measured pictures' pixels those of the asked side have; `None` where that is too far."""
    if side is None or measured == (side, side):
        return 1.0
    if measured is None or len(measured) != 2:
        return None
    factor = side * side / (measured[0] * measured[1])
    return factor if 1 / MOST_CARRIED <= factor <= MOST_CARRIED else None


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


def _forecast(cell: Cell, view: View, images: int, side: int | None, factor: float) -> Forecast:
    assert cell.j_per_image is not None
    rows = good_rows(view, cell)
    batches = {row.setup.batch for row in rows}
    data = {row.facts.data for row in rows}
    measured_size = size_of(rows)
    per_image_s = _seconds_per_image(rows)
    assert per_image_s is not None
    start_j, start_s = _start(view, cell.test)
    energy = (start_j or 0.0) + cell.j_per_image.value * factor * images
    seconds = start_s + per_image_s.value * factor * images
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
        model=cell.model,
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
        quality=cell.quality if factor == 1 else worst_quality([cell.quality, "estimated"]),
        unit=cell.unit,
        batch=batches.pop() if len(batches) == 1 else None,
        start_known=start_j is not None,
        data=data.pop() if len(data) == 1 else None,
        size=measured_size if factor == 1 or side is None else (side, side),
        measured_size=measured_size,
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
            size_text(item.size) or "–",
            "–" if item.batch is None else str(item.batch),
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
        f"{first.title}, {first.phase} of {first.images:,} {first.unit}s{_of_what(first)}: "
        f"{_energy_text(first)} in {digits.duration(first.seconds)}"
    )
    headline = with_origin(
        headline, [cell for cell in view.cells if (cell.test, cell.phase) == (first.test, first.phase)]
    )
    columns = ("network", "phase", ">size", ">batch", f">{unit_of(predicted)}s", ">energy", ">kWh", ">carbon", ">time")
    notes = caveats(view, predicted, images, epochs)
    return Page(headline, [Table(columns, rows)], notes, [f"from {view.storage.folder}"])


def _of_what(item: Forecast) -> str:
    """Size, data and batch of what is forecast, as far as they are known."""
    parts = [f" of {size_text(item.size)} pixels" if item.size and item.unit == "image" else ""]
    if item.size and item.unit != "image":
        parts = [f" of shape {size_text(item.size)}"]
    parts += [f"{item.data} data" if item.data else "", f"batch {item.batch}" if item.batch else "of several batches"]
    return ", ".join(part for part in parts if part) if parts[0] else ", " + ", ".join(filter(None, parts[1:]))


def caveats(view: View, predicted: Sequence[Forecast], images: int, epochs: int) -> list[str]:
    """What a reader of a forecast must know."""
    notes = ["± and ranges: 95 % of one run to come, scatter between runs and the sensors' own error in it"]
    if any(item.runs < 2 for item in predicted):
        notes.append("from one run: nothing is known of its scatter, so there is no interval; repeat it (--repeats 3)")
    tests = {item.test for item in predicted}
    rows = [row for row in view.rows if row.test in tests]
    least = min((row.work.images for row in rows if row.phase in PHASES and row.work.images), default=0)
    if 0 < least < _FEWEST_INPUTS:
        notes.insert(
            0, f"a run took {least:g} inputs alone, the first of them cold: trust none of it, use --from a campaign"
        )
    if least and images * epochs > 100 * least:
        notes.append(f"more than 100 times what was run ({least:g} images): heating and throttling are not in it")
    if any(item.quality == "modelled" for item in predicted):
        model = processors_model_of(rows)
        if model is Model.PROCESSOR:
            notes.append(f"energy is by {model.value}, at least in part")
        else:
            notes.append("energy is modelled, at least in part: run `impact-tracker doctor`")
    carried = dict.fromkeys(
        f"{item.title} from {size_text(item.measured_size)}" for item in predicted if item.size != item.measured_size
    )
    if carried:
        notes.append(
            f"the size asked for did not run: joules and seconds are carried to it by pixels ({', '.join(carried)}); "
            "the ranges hold nothing of what that adds"
        )
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
