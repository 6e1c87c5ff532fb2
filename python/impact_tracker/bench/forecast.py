"""What a long training or many inferences will cost on this machine, from a light run and its scatter."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from .. import digits
from ..report.page import Page, Table
from .statistics import Mean, mean_of, student_t
from .suites import check_models
from .summary import Cell, invalid_because
from .view import View

PHASES = ("training", "inference")


class Forecast(NamedTuple):
    """Prediction intervals (95 %) of one future run: for its energy in J, its seconds, its carbon in g. Low and high of
    energy and carbon hold the scatter between runs and the sensors' own error."""

    test: str
    title: str
    phase: str
    images: int
    runs: int
    energy_j: float
    energy_low_j: float
    energy_high_j: float
    seconds: float
    seconds_low: float
    seconds_high: float
    carbon_g: float | None
    carbon_low_g: float | None
    carbon_high_g: float | None
    quality: str


def forecasts(view: View, *, images: int, epochs: int = 1, models: Sequence[str] = ()) -> list[Forecast]:
    """For each test (of `models`, where any are named): training `epochs` times over `images`, and running `images`
    once. Energy grows with the images: a start (loading, warming up) is added as it was measured. ValueError where
    nothing was measured."""
    check_models(models, dict.fromkeys(cell.model for cell in view.cells), str(view.storage.folder))
    if images < 1 or epochs < 1:
        raise ValueError(f"images and epochs are 1 or more, not {images} and {epochs}")
    found = []
    for cell in view.cells:
        if models and cell.model not in models:
            continue
        if cell.phase in PHASES and cell.runs and cell.j_per_image is not None and cell.seconds is not None:
            wanted = images * epochs if cell.phase == "training" else images
            found.append(_forecast(cell, view, wanted))
    if not found:
        raise ValueError("nothing was measured that a forecast could rest on: `impact-tracker doctor` says why")
    return found


def _start(view: View, test: str) -> tuple[float, float]:
    """(J, s) of loading and warming up."""
    cells = [cell for cell in view.cells if cell.test == test and cell.phase in ("load", "warm-up")]
    energy = math.fsum(cell.kwh.value * digits.JOULES_PER_KWH for cell in cells if cell.kwh is not None)
    return energy, math.fsum(cell.seconds.value for cell in cells if cell.seconds is not None)


def _seconds_per_image(cell: Cell, view: View) -> Mean | None:
    """Over the runs that count; how many images each took may differ."""
    rows = [row for row in view.rows if (row.get("test"), row["phase"]) == (cell.test, cell.phase)]
    good = [row for row in rows if not invalid_because(row) and row.get("images") and row.get("duration_s")]
    return mean_of([row["duration_s"] / row["images"] for row in good])


def _forecast(cell: Cell, view: View, images: int) -> Forecast:
    assert cell.j_per_image is not None
    per_image_s = _seconds_per_image(cell, view)
    assert per_image_s is not None
    start_j, start_s = _start(view, cell.test)
    energy = start_j + cell.j_per_image.value * images
    seconds = start_s + per_image_s.value * images
    spread = _spread(cell.runs, cell.j_per_image.relative)
    half = energy * math.hypot(spread, cell.bias or 0.0)
    half_s = seconds * _spread(cell.runs, per_image_s.relative)
    grams = low_g = high_g = None
    if cell.carbon_kg is not None and cell.kwh is not None and cell.kwh.value > 0:
        per_j = cell.carbon_kg.value * 1000 / (cell.kwh.value * digits.JOULES_PER_KWH)
        grams, low_g, high_g = energy * per_j, max(energy - half, 0.0) * per_j, (energy + half) * per_j
    return Forecast(
        test=cell.test,
        title=cell.title,
        phase=cell.phase,
        images=images,
        runs=cell.runs,
        energy_j=energy,
        energy_low_j=max(energy - half, 0.0),
        energy_high_j=energy + half,
        seconds=seconds,
        seconds_low=max(seconds - half_s, 0.0),
        seconds_high=seconds + half_s,
        carbon_g=grams,
        carbon_low_g=low_g,
        carbon_high_g=high_g,
        quality=cell.quality,
    )


def _spread(runs: int, relative: float | None) -> float:
    """Relative half-width of the 95 % prediction interval of one more run: t · s · √(1 + 1/n). Of one run alone nothing
    is known; a fifth is taken, and said."""
    if runs < 2 or relative is None:
        return 0.2
    return student_t(0.95, runs - 1) * relative * math.sqrt(1 + 1 / runs)


def page(view: View, found: Sequence[Forecast], *, images: int, epochs: int) -> Page:
    """One row a network and phase."""
    rows = [
        (
            one.title,
            one.phase,
            f"{one.images:,}",
            digits.energy(one.energy_j, one.energy_high_j - one.energy_j),
            digits.kwh(one.energy_j, one.energy_high_j - one.energy_j, spread=False),
            digits.carbon(one.carbon_g, one.carbon_low_g, one.carbon_high_g),
            " to ".join(digits.duration(value) for value in (one.seconds_low, one.seconds_high)),
        )
        for one in found
    ]
    first = found[0]
    headline = (
        f"{first.title}, {first.phase} of {first.images:,} images: "
        f"{digits.energy(first.energy_j, first.energy_high_j - first.energy_j)} in {digits.duration(first.seconds)}"
    )
    columns = ("network", "phase", ">images", ">energy", ">kWh", ">carbon", ">time")
    return Page(
        headline, [Table(columns, rows)], _caveats(view, found, images, epochs), [f"from {view.storage.folder}"]
    )


def _caveats(view: View, found: Sequence[Forecast], images: int, epochs: int) -> list[str]:
    notes = ["± and ranges: 95 % of one run to come, scatter between runs and the sensors' own error in it"]
    if any(one.runs < 2 for one in found):
        notes.append("from one run: its scatter is not known, ± 20 % is taken for it")
    tests = {one.test for one in found}
    shown = [row for row in view.rows if row.get("test") in tests and row["phase"] in PHASES and row.get("images")]
    short = min((row["images"] for row in shown), default=0)
    if short and images * epochs > 100 * short:
        notes.append(f"more than 100 times what was run ({short:g} images): heating and throttling are not in it")
    if any(one.quality == "modelled" for one in found):
        notes.append("energy is modelled, at least in part: run `impact-tracker doctor`")
    return notes


def to_dict(found: Sequence[Forecast]) -> list[dict[str, Any]]:
    """For JSON."""
    return [one._asdict() for one in found]
