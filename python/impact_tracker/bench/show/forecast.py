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
from ..analyse.carried import SizeSpread
from ..analyse.cells import TWO_RUNS, Cell, unit_of
from ..analyse.origin import origin_text, with_origin
from ..plan.axes import NOT_SWEPT
from ..plan.networks import title_of
from ..plan.suites import check_models
from ..plan.test import ASIDE
from ..row.row import Row
from .comparable import good_rows
from .forecast_sizes import PHASES, nearest, of_one_network, size_of, size_text, spread_over_sizes
from .view import View

_FEWEST_INPUTS = 5  # of a run that a forecast may rest on without a warning before all others


class Forecast(NamedTuple):
    """Prediction intervals (95 %) of one future run: for its energy in J, its seconds, its carbon in g. Low and high of
    the energy hold the scatter between runs and the sensors' own error, those of the carbon the intensity's range too;
    they are `None` where one run tells no scatter.
    `runs`: of which the energy is known; `start_known`: whether loading and warming up are in the energy; `batch`: that
    was measured, None where it differs; `data`: what the network was given; `size`: of one input, in pixels where it is
    a picture, and `measured_size` of those that ran: where both differ, joules and seconds follow the pixels, and the
    ranges hold how the cost of a multiply-add differed over so many `sizes`; of one size alone nothing is known of
    that, and there are none; `sizes_of_others`: other networks', where this one ran at one;
    `by`, `bias`: as of cells."""

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
    sizes: int | None = None
    sizes_of_others: bool = False
    by: Model | None = None
    bias: float | None = None

    @property
    def carried(self) -> bool:
        """Whether another size than the asked one ran."""
        return self.size != self.measured_size


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
    for cells in of_one_network(view, models).values():
        near = nearest([(cell, size_of(good_rows(view, cell))) for cell in cells], side)
        for cell, factor in near:
            wanted = images * epochs if cell.phase == "training" else images
            predicted.append(_forecast(cell, view, wanted, side, factor, cells))
        if not near:
            tried = dict.fromkeys(size_text(size_of(good_rows(view, cell))) or "no size of a picture" for cell in cells)
            too_far[cells[0].model] = f"{cells[0].title} at {', '.join(tried)}"
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
            raise ValueError(f"{view.storage.folder}: there is nothing that a forecast could rest on: {why}")
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


def _whole_runs(view: View, rows: Sequence[Row], factor: float, images: int, start_j: float | None) -> Mean | None:
    """Joules of the whole forecast as each run by itself tells it: its own start and its own work belong together.
    `start_j`: of a run whose own is not known."""
    energies = []
    for row in rows:
        if row.j_per_image is not None:
            own = [each.energy_j for each in view.rows if each.task == row.task and each.phase in ASIDE]
            begun = sum_if_known(own) if own else None
            energies.append((start_j or 0.0 if begun is None else begun) + row.j_per_image * factor * images)
    return mean_of(energies)


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


def _forecast(cell: Cell, view: View, images: int, side: int | None, factor: float, sizes: Sequence[Cell]) -> Forecast:
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
    runs = _whole_runs(view, rows, factor, images, start_j)
    spread, spread_s = None if runs is None else _spread(runs), _spread(per_image_s)
    over_sizes = None
    if factor != 1:
        over_sizes = spread_over_sizes(view, sizes, lambda cell, _: cell.j_per_image and cell.j_per_image.value)
        over_sizes_s = spread_over_sizes(view, sizes, lambda _, rows: (_seconds_per_image(rows) or per_image_s).value)
        spread, spread_s = _with_sizes(spread, over_sizes), _with_sizes(spread_s, over_sizes_s)
    relative = None if spread is None else math.hypot(spread, cell.bias or 0.0)
    energy_ends, second_ends = _around(energy, relative, factor != 1), _around(seconds, spread_s, factor != 1)
    grams: float | None = None
    gram_ends: tuple[float | None, float | None] = (None, None)
    if cell.carbon_kg is not None and cell.kwh is not None and cell.kwh.value > 0:
        grams = energy * cell.carbon_kg.value * 1000 / joules_of(cell.kwh.value)
        if spread is not None and relative is not None:
            down, up = _carbon_range(rows, spread) or (min(relative, 1.0), relative)
            gram_ends = (grams * (1 - down), grams * (1 + up))
            if factor != 1:
                gram_ends = _around(grams, up, True)
    return Forecast(
        test=cell.test,
        model=cell.model,
        title=cell.title if side is None else _title_without_size(cell, rows),
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
        sizes=None if over_sizes is None else over_sizes.sizes,
        sizes_of_others=over_sizes is not None and over_sizes.of_others,
        by=cell.by,
        bias=cell.bias,
    )


def _title_without_size(cell: Cell, rows: Sequence[Row]) -> str:
    """Of a sweep's point: the size that was asked for stands beside it."""
    point = rows[0].facts.swept or NOT_SWEPT
    others = point.only([name for name in point.values if name != "size"]).name
    name = cell.test.partition("@")[0]
    return cell.title if not point.values else title_of(cell.model, f"{name}@{others}" if others else name)


def _with_sizes(spread: float | None, over_sizes: SizeSpread | None) -> float | None:
    """The relative half-width of what was carried to another size; `None` where nothing tells what that adds. Runs at
    several sizes tell of their own scatter too, where each ran once."""
    return None if over_sizes is None else math.hypot(spread or 0.0, over_sizes.half_width)


def _spread(mean: Mean) -> float | None:
    """Relative half-width of the 95 % prediction interval of one more run: t · s · √(1 + 1/n); `None` of one run alone,
    of which nothing is known."""
    if mean.relative is None:
        return None
    return student_t(0.95, mean.runs - 1) * mean.relative * math.sqrt(1 + 1 / mean.runs)


def _around(value: float, relative: float | None, by_logarithm: bool = False) -> tuple[float | None, float | None]:
    """The ends of an interval of a positive quantity, which are positive: where it is wider than the value, by the
    logarithm."""
    if relative is None:
        return None, None
    if relative >= 1 or by_logarithm:
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
    low, high = digits.duration(item.seconds_low), digits.duration(item.seconds_high)
    return low if low == high else f"{low} to {high}"


def _seconds_range(item: Forecast) -> str:
    return "" if item.seconds_low == item.seconds_high else f" ({_seconds_text(item)})"


def page(view: View, predicted: Sequence[Forecast], *, images: int, epochs: int, side: int | None = None) -> Page:
    """One row a network and phase."""
    rows = [
        (
            item.title,
            item.phase,
            size_text(item.size) or "–",
            "–" if item.batch is None else str(item.batch),
            f"{item.images:,}",
            str(item.runs),
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
        f"{_energy_text(first)} in {digits.duration(first.seconds)}{_seconds_range(first)}"
    )
    headline = with_origin(
        headline, [cell for cell in view.cells if (cell.test, cell.phase) == (first.test, first.phase)]
    )
    columns = ("network", "phase", ">size", ">batch", f">{unit_of(predicted)}s", ">from runs", ">energy", ">kWh")
    notes = caveats(view, predicted, images, epochs, side)
    return Page(headline, [Table((*columns, ">carbon", ">time"), rows)], notes, [f"from {view.storage.folder}"])


def _of_what(item: Forecast) -> str:
    """Size, data and batch of what is forecast, as far as they are known."""
    parts = [f" of {size_text(item.size)} pixels" if item.size and item.unit == "image" else ""]
    if item.size and item.unit != "image":
        parts = [f" of shape {size_text(item.size)}"]
    parts += [f"{item.data} data" if item.data else "", f"batch {item.batch}" if item.batch else "of several batches"]
    return ", ".join(part for part in parts if part) if parts[0] else ", " + ", ".join(filter(None, parts[1:]))


def _about_size(predicted: Sequence[Forecast], side: int | None) -> list[str]:
    """Whether the size asked for ran, or what it was carried from and what the ranges hold of that."""
    notes = []
    ran = dict.fromkeys(item.title for item in predicted if not item.carried)
    if side is not None and ran:
        notes.append(f"the size asked for, {side} × {side} pixels, ran: nothing is carried over ({', '.join(ran)})")
    carried = [item for item in predicted if item.carried]
    for sizes, of_others in dict.fromkeys((item.sizes, item.sizes_of_others) for item in carried):
        own = [item for item in carried if (item.sizes, item.sizes_of_others) == (sizes, of_others)]
        names = ", ".join(dict.fromkeys(f"{item.title} from {size_text(item.measured_size)}" for item in own))
        if sizes is None:
            what = (
                "one size ran, and nothing tells how much a multiply-add costs at another: no ranges; a campaign of "
                "several sizes has them (bench --size 160,192,224)"
            )
        else:
            whose = "other networks' sizes" if of_others else "sizes"
            what = f"the ranges hold how the cost of a multiply-add differed over {sizes} {whose}"
        notes.append(
            f"the size asked for did not run: joules and seconds are carried to it by pixels ({names}); {what}"
        )
    return notes


def caveats(view: View, predicted: Sequence[Forecast], images: int, epochs: int, side: int | None = None) -> list[str]:
    """What a reader of a forecast must know. `side`: of the pictures that were asked for."""
    notes = ["± and ranges: 95 % of one run to come, scatter between runs and the sensors' own error in it"]
    if any(item.runs < 2 for item in predicted if not item.carried):
        notes.append("from one run: nothing is known of its scatter, so there is no interval; repeat it (--repeats 3)")
    if any(item.runs == 2 for item in predicted):
        notes.append(TWO_RUNS)
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
        origin = origin_text(predicted) or "energy is modelled"
        notes.append(f"{origin}, at least in part: run `impact-tracker doctor`")
    notes += _about_size(predicted, side)
    if not all(item.start_known for item in predicted):
        notes.append("what loading and warming up cost was not measured: it is in none of the energies")
    if any(row.phase == "evaluation" for row in rows):
        notes.append("training without its evaluations")
    if view.settings.mode == "quick" and any(item.batch == 1 for item in predicted):
        notes.append("measured one input at a time: in larger batches each takes less (--batch)")
    return notes


def to_dict(predicted: Sequence[Forecast]) -> list[dict[str, object]]:
    """For JSON."""
    return [{**item._asdict(), "by": None if item.by is None else item.by.value} for item in predicted]
