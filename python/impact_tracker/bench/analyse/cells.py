"""The rows of a campaign become one cell for each test and phase, with means over runs and their intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from ... import digits
from ...modelled import Model, model_of, processors_model
from ...values import Quality, worst_quality
from ...values.statistics import Mean, MeanRatio, interval_of_scatter, mean_of
from ..plan.networks import NETWORKS
from ..row.row import Row
from .origin import MOSTLY

ORDER = ("load", "warm-up", "training", "evaluation", "scoring", "warm-up-inference", "inference")


_MOST_SHOWN = 7  # digits of a ratio
TWO_RUNS = "two runs tell little of the spread between runs: --repeats 5 tells more"


class Cell(NamedTuple):
    """One phase of one test. Means are over the runs whose rows are valid and hold the quantity, `None` over none.

    `bias`: the sensors' and models' own relative error (95 %), which repeating does not shrink; `modelled`: the share
    of the energy that models gave, `by`: whose they are, where they gave most of it; `power_w`: not where that is TDP
    times load, a number that was put in; `above_idle_j`: for one input, of what the machine took beyond an idle one;
    `share_j`: for one input, of the worker's part; `left_out`: runs that are not averaged, with the reason.
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
    images: int | None
    unit: str
    quality: Quality
    bias: float | None
    partial: bool
    modelled: float | None
    left_out: dict[str, str]
    by: Model | None = None
    above_idle_j: Mean | None = None
    share_j: Mean | None = None

    def to_dict(self) -> dict[str, object]:
        """The same as what JSON holds."""
        document = {
            name: value.to_dict(1.0 if name == "accuracy" else None) if isinstance(value, Mean) else value
            for name, value in self._asdict().items()
        }
        return {**document, "by": None if self.by is None else self.by.value}


def summarise(rows: Sequence[Row], *, olympic: bool = False) -> list[Cell]:
    """Sorts cells as the suites list their networks, whatever order they ran in, and phases as they run."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if row.phase in ORDER:
            groups.setdefault((row.test, row.phase), []).append(row)
    accuracies = {(row.task, row.phase): row.work.accuracy for row in rows if row.status == "ok"}
    places = {network.name: place for place, network in enumerate(NETWORKS)}

    def place(key: tuple[str, str]) -> tuple[int, str, int]:
        return places.get(groups[key][0].model, len(places)), key[0], ORDER.index(key[1])

    return [_cell(groups[key], accuracies, olympic) for key in sorted(groups, key=place)]


def _cell(rows: Sequence[Row], accuracies: Mapping[tuple[str, str], float | None], olympic: bool) -> Cell:
    """Makes the cell of the rows of one test's phase."""
    first = rows[0]
    left_out = {row.task: row.invalid_because for row in rows if row.invalid_because is not None}
    good = [row for row in rows if row.task not in left_out]

    def mean(value_of: Callable[[Row], float | None]) -> Mean | None:
        values = map(value_of, good)
        return mean_of([value for value in values if value is not None], olympic=olympic)

    def carbon_kg(row: Row) -> float | None:
        return None if row.measured.carbon_g is None else row.measured.carbon_g / 1000

    known = [(row.energy, row.energy_j) for row in good if row.energy_j]
    joules = math.fsum(joules for _, joules in known)
    images = {row.work.images for row in good}
    modelled = math.fsum(energy.modelled_j or 0.0 for energy, _ in known) / joules if joules > 0 else None
    by = processors_model_of(good) if modelled is not None and modelled >= MOSTLY else None

    def accuracy(row: Row) -> float | None:
        """Of a training the test part's, which decided nothing, where that was evaluated apart."""
        if first.phase != "training":
            return accuracies.get((row.task, first.phase)) if first.phase in ("evaluation", "scoring") else None
        return accuracies.get((row.task, "scoring"), accuracies.get((row.task, "evaluation")))

    return Cell(
        test=first.test,
        model=first.model,
        title=first.title,
        phase=first.phase,
        runs=len(good),
        kwh=mean(lambda row: row.energy.kwh),
        j_per_image=mean(lambda row: row.j_per_image),
        carbon_kg=mean(carbon_kg),
        seconds=mean(lambda row: row.work.duration_s),
        power_w=None if by is Model.DESIGN_POWER else mean(lambda row: row.measured.power_w),
        accuracy=mean(accuracy),
        images=images.pop() if len(images) == 1 else None,
        unit=next((row.setup.unit for row in rows if row.setup.unit), "image"),
        quality=worst_quality(row.energy.quality for row in good) if good else "missing",
        bias=bias_of(good),
        partial=any(row.measured.partial for row in good),
        modelled=modelled,
        left_out=left_out,
        by=by,
        above_idle_j=mean(lambda row: _for_one(row, row.verdict.above_idle_j)),
        share_j=mean(lambda row: _for_one(row, row.measured.share_j)),
    )


def bias_of(rows: Sequence[Row]) -> float | None:
    """The mean over runs of the sensors' and models' own relative error (95 %)."""
    biases = [row.energy.bias_j / row.energy_j for row in rows if row.energy_j and row.energy.bias_j is not None]
    return math.fsum(biases) / len(biases) if biases else None


def _for_one(row: Row, joules: float | None) -> float | None:
    return joules / row.work.images if joules is not None and row.work.images else None


def processors_model_of(rows: Sequence[Row]) -> Model | None:
    """Whose model the processors' energy is by in these rows; `None` where sensors measured it."""
    return processors_model(model_of(source.id, source.quality) for row in rows for source in row.measured.sources)


def cell_of(cells: Sequence[Cell], test: str, phase: str) -> Cell | None:
    """The cell of a test's phase; `None` where there is none."""
    return next((cell for cell in cells if (cell.test, cell.phase) == (test, phase)), None)


class HasUnit(Protocol):
    """Something whose joules are counted for one input: a cell, a point, a forecast."""

    @property
    def unit(self) -> str: ...


def unit_of(counted: Sequence[HasUnit]) -> str:
    """The name of what joules are counted for: "image", or "input" where the networks take different things."""
    units = {item.unit for item in counted}
    return units.pop() if len(units) == 1 else "input"


def with_interval(mean: Mean, scale: float = 1.0, *, most: float | None = None) -> str:
    """A mean, scaled, with its 95 %: `12.3 ± 0.4`, or `8 (2 to 30)` where the half-width is as large as the mean.
    `most`: of a share, before scaling: where the interval would pass 0 or that, its ends are told: `97 (90 to 100)`."""
    if most is not None and mean.half_width is not None and _nears_an_end(mean, most):
        share_ends = mean.interval_up_to(most) or (mean.value, mean.value)
        numbers = [number * scale for number in (mean.value, *share_ends)]
        decimals = digits.decimals_for(most * scale, (share_ends[1] - share_ends[0]) / 2 * scale or None)
        value, low, high = (digits.fixed(number, max(decimals, 0)) for number in numbers)
        return f"{value} ({low} to {high})"
    ends = mean.interval
    half = None if mean.half_width is None else mean.half_width * scale
    if ends is None or half is None or mean.value <= 0 or _shows_positive(mean.value * scale, half):
        return with_half(mean.value * scale, half)
    value, low, high = (digits.significant(number * scale, 2) for number in (mean.value, *ends))
    return f"{value} ({low} to {high})"


def energy_with_interval(mean: Mean) -> str:
    """An energy in joules or kWh with its 95 %: `12.3 kJ ± 0.4 kJ`, or `8.1 J (2.0 to 30.1)` where the half-width is as
    large as the mean."""
    ends, half = mean.interval, mean.half_width
    if ends is None or half is None or mean.value <= 0 or _shows_positive(mean.value, half):
        return digits.energy(mean.value, mean.half_width)
    return digits.energy_between(mean.value, *ends)


def ratio_text(ratio: MeanRatio | None) -> str:
    """A ratio with its 95 %: `3.1 (2.5 to 3.9)`; of one run, which tells no spread, it says that instead."""
    if ratio is None:
        return "an unknown number of"
    if ratio.low is None or ratio.high is None:
        return digits.significant(ratio.value, 3)
    width = ratio.high / ratio.low
    if width == 1:
        return digits.significant(ratio.value, 4)
    leading = 10.0 ** math.floor(math.log10(ratio.value))
    shown = 4 if width < 1.02 else 3 if width < 2 and ratio.high - ratio.low < 2.0 * leading else 2
    # An end beyond 1 is shown beyond 1: what is said to differ has no interval that seems to hold 1.
    while shown < _MOST_SHOWN and any(
        end != 1 and float(digits.significant(end, shown)) == 1 for end in (ratio.low, ratio.high)
    ):
        shown += 1
    value, low, high = (digits.significant(number, shown) for number in (ratio.value, ratio.low, ratio.high))
    return f"{value} ({low} to {high})"


def scatter_text(mean: Mean) -> str:
    """A coefficient of variation with its 95 %: `4.0 (2.1 to 25) %`; without, of runs that are equal."""
    ends = interval_of_scatter(mean)
    if ends is None or not mean.relative:
        return digits.percent(mean.relative or 0.0)
    value, low, high = (digits.significant(100 * share, 2) for share in (mean.relative, *ends))
    return f"{value} ({low} to {high}) %"


def _nears_an_end(mean: Mean, most: float) -> bool:
    """Whether the interval of a share, rounded as it is shown, may pass 0 or `most`."""
    return (mean.half_width or 0.0) > 0.8 * min(mean.value, most - mean.value)


def _shows_positive(value: float, half: float) -> bool:
    """Whether value and half-width, as rounded as they are shown, do not seem to reach 0 or less."""
    decimals = digits.decimals_for(max(value, half), half)
    return half == 0 or float(digits.fixed(value, decimals)) > float(digits.widened(half, decimals))


def with_half(value: float, half: float | None) -> str:
    """Writes `12.3 ± 0.4` with digits as fine as the half-width allows, with three where the scatter is unknown."""
    if not half:
        return digits.fixed(value, digits.decimals_for(value, None))
    decimals = digits.decimals_for(half if half > abs(value) else value, half)
    rounded_up = math.ceil(half * 10.0**decimals - 1e-9) / 10.0**decimals  # never a narrower interval
    return f"{digits.fixed(value, decimals)} ± {digits.fixed(rounded_up, decimals)}"
