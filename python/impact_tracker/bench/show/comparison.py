"""Two campaigns beside each other: which tests differ, by how much, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from ... import digits
from ...report.page import Page, Table
from ...values.statistics import MeanRatio, mean_of
from ..analyse.cells import TWO_RUNS, Cell, ratio_text, unit_of
from ..analyse.origin import with_origin
from ..analyse.relations import RatioTest, holm, p_text, ratio_test, welch
from ..row.row import Row
from .comparable import BOTH, PHASES, WITHIN_OWN_ERROR, Labels, agree, apart, beyond_own_error, in_common, same_input
from .view import View

QUANTITIES = {
    "j_per_image": "J per {unit}",
    "seconds": "seconds",
    "images_per_s": "{unit}s per s",  # where runs took different numbers of images: then their seconds say nothing
    "accuracy": "accuracy",
}


class Compared(NamedTuple):
    """One quantity of one test and phase. `ratio`: B over A with its 95 % interval, by the logarithms of the runs; `p`:
    Welch's test of these, adjusted for all that were compared (Holm); `differs`: p below 5 %, and energies of two
    machines by more than their meters' own error, `None` where one run on a side says nothing; `unit`: an input;
    `a_low` … `b_high`: the 95 % intervals of both means, over `a_runs` and `b_runs`."""

    test: str
    title: str
    phase: str
    quantity: str
    a: float
    b: float
    ratio: float | None
    ratio_low: float | None
    ratio_high: float | None
    p: float | None
    differs: bool | None
    unit: str = "image"
    a_low: float | None = None
    a_high: float | None = None
    b_low: float | None = None
    b_high: float | None = None
    a_runs: int = 1
    b_runs: int = 1

    @property
    def alone(self) -> bool:
        """Whether this comparison, were it the only one, would tell the two apart."""
        return self.ratio_low is not None and self.ratio_high is not None and not self.ratio_low <= 1 <= self.ratio_high


def _values(rows: Sequence[Row], quantity: str) -> list[float]:
    """The value of each run that knows it. Accuracy is that of the evaluation."""
    values = {
        "j_per_image": [row.j_per_image for row in rows],
        "seconds": [row.work.duration_s for row in rows],
        "images_per_s": [row.images_per_s for row in rows],
        "accuracy": [row.work.accuracy for row in rows],
    }[quantity]
    return [value for value in values if value is not None]


def _quantities(phase: str, first: Sequence[Row], second: Sequence[Row]) -> list[str]:
    """The quantities of a phase that mean the same on both sides."""
    if not same_input(first, second):
        return []
    speed = "seconds" if agree(first, second, "images") else "images_per_s"
    return ["j_per_image", speed, *(["accuracy"] if phase == "evaluation" else [])]


def compare(a: View, b: View) -> list[Compared]:
    """Compares every quantity of every phase that both campaigns measured. ValueError where they share none."""
    pairs = [
        (cell, quantity, first, second)
        for cell, first, second in in_common(a, b)
        for quantity in _quantities(cell.phase, first, second)
        if _values(first, quantity) and _values(second, quantity)
    ]
    if not pairs:
        names = (f"{view.storage.folder} (suite {view.settings.suite}, {view.settings.mode})" for view in (a, b))
        reasons = "".join(f"\n  {note}" for note in apart(a, b))
        raise ValueError(f"{' and '.join(names)} have no test in common that both measured{reasons}")
    sides = [(_values(first, quantity), _values(second, quantity)) for _, quantity, first, second in pairs]
    ratios = [ratio_test(*values) for values in sides]
    tests = [ratio or welch(*values) for ratio, values in zip(ratios, sides)]
    adjusted = iter(holm([test.p for test in tests if test is not None]))
    made = []
    for (cell, quantity, first, second), values, ratio, test in zip(pairs, sides, ratios, tests):
        p = None if test is None else next(adjusted)
        item = _compared(cell, quantity, *values, ratio, p)
        is_within = quantity == "j_per_image" and ratio and not beyond_own_error(ratio, (a, b), first, second)
        made.append(item._replace(differs=False) if item.differs and is_within else item)
    return made


def _compared(
    cell: Cell, quantity: str, first: list[float], second: list[float], test: RatioTest | None, p: float | None
) -> Compared:
    a, b = mean_of(first), mean_of(second)
    assert a is not None
    assert b is not None
    ratio, low, high = (b.value / a.value if a.value > 0 else None), None, None
    if test is not None:
        ratio, low, high = test.ratio, test.low, test.high
    differs = None if p is None else p < 0.05
    names = (cell.test, cell.title, cell.phase, quantity)
    (a_low, a_high), (b_low, b_high) = (
        (mean.interval_up_to(1.0) if quantity == "accuracy" else mean.interval) or (None, None) for mean in (a, b)
    )
    made = Compared(*names, a.value, b.value, ratio, low, high, p, differs, cell.unit, a_low, a_high, b_low, b_high)
    return made._replace(a_runs=a.runs, b_runs=b.runs)


def _ratio(item: Compared) -> str:
    return "" if item.ratio is None else ratio_text(MeanRatio(item.ratio, item.ratio_low, item.ratio_high))


def _side(value: float, low: float | None, high: float | None) -> str:
    """A mean with its interval, as far as there is one."""
    return digits.significant(value, 4) if low is None or low == high else ratio_text(MeanRatio(value, low, high))


def _differ(item: Compared, compared: Sequence[Compared]) -> str:
    if item.differs is None:
        return "one run says nothing"
    if item.p is not None and item.p < 0.05:
        return "yes" if item.differs else WITHIN_OWN_ERROR
    return f"not among {len(compared)} comparisons" if item.alone else "not told apart"


def page(a: View, b: View) -> Page:
    """The verdict, then every quantity, then what makes the two hard to compare."""
    compared = compare(a, b)
    rows = [
        (
            item.title,
            item.phase,
            QUANTITIES[item.quantity].format(unit=item.unit),
            f"{item.a_runs}" if item.a_runs == item.b_runs else f"{item.a_runs}, {item.b_runs}",
            _side(item.a, item.a_low, item.a_high),
            _side(item.b, item.b_low, item.b_high),
            _ratio(item),
            "" if item.p is None else p_text(item.p),
            _differ(item, compared),
        )
        for item in compared
    ]
    columns = ("network", "phase", "quantity", ">runs", ">A (95 %)", ">B (95 %)", ">B / A (95 %)", ">p", "differ")
    return Page(
        with_origin(_verdict(compared), measured_cells([a, b])),
        [Table(columns, rows)],
        caveats(a, b, compared),
        [f"A: {a.storage.folder}", f"B: {b.storage.folder}"],
    )


def measured_cells(views: Sequence[View]) -> list[Cell]:
    """The cells that a comparison of energies rests on, which say where these come from."""
    return [cell for view in views for cell in view.cells if cell.phase in PHASES and cell.j_per_image is not None]


def _verdict(compared: Sequence[Compared]) -> str:
    energies = [item for item in compared if item.quantity == "j_per_image"]
    if not energies:
        return "No energies that both campaigns measured"
    differing = [item for item in energies if item.differs]
    if not differing:
        least = "chance and the meters' own error" if any((item.p or 1.0) < 0.05 for item in energies) else "chance"
        return f"None of {len(energies)} energies for one {unit_of(energies)} differs beyond {least}"
    largest = max(differing, key=lambda item: abs(math.log(item.ratio)) if item.ratio else 0.0)
    change = "" if largest.ratio is None else f", most {largest.title} {largest.phase}: B / A {_ratio(largest)}"
    return f"{len(differing)} of {len(energies)} energies for one {unit_of(energies)} differ{change}"


def caveats(a: View, b: View, compared: Sequence[Compared], labels: Labels = BOTH) -> list[str]:
    """How it was compared, what was not, and what makes the two hard to compare."""
    first, second = labels
    notes = [
        "B / A: ratio of the geometric means over runs with its 95 %; p: Welch's t-test of the logarithms, adjusted "
        "for the number of comparisons (Holm)",
        *apart(a, b, labels),
    ]
    sides: list[tuple[str, object, object]] = [
        (name, getattr(a.settings, name), getattr(b.settings, name)) for name in ("suite", "mode", "images", "epochs")
    ]
    heads = ("host", "torch_version", "blas", "allocator")
    sides += [(name, a.head.about.get(name, "not recorded"), b.head.about.get(name, "not recorded")) for name in heads]
    notes += [f"{name} differs: {of_a} in {first}, {of_b} in {second}" for name, of_a, of_b in sides if of_a != of_b]
    qualities = [{cell.quality for cell in view.cells if cell.runs} for view in (a, b)]
    if qualities[0] != qualities[1]:
        notes.append(
            f"qualities differ: {', '.join(sorted(qualities[0]))} in {first}, "
            f"{', '.join(sorted(qualities[1]))} in {second}"
        )
    if any("modelled" in quality for quality in qualities):
        notes.append("modelled energy: a model's own error is common to both sides on one machine, and not on two")
    biases = [cell.bias for view in (a, b) for cell in view.cells if cell.bias is not None]
    if biases and a.head.about.get("host") != b.head.about.get("host"):
        notes.append(
            f"two machines: the sensors' own error of up to ± {digits.percent(max(biases))} is in no p or interval"
        )
    if any(cell.runs == 2 for view in (a, b) for cell in view.cells if cell.phase in PHASES):
        notes.append(TWO_RUNS)
    if any(item.differs is None for item in compared):
        notes.append("where a side has one run nothing is known of its scatter: repeat it")
    return notes
