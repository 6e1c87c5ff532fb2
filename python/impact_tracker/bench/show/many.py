"""Campaigns beside each other, however many: what each machine does for a watt, a euro and a gram."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from ...budget import Price
from ...report.page import Page, Table
from ...values import kwh_of
from ...values.statistics import MeanRatio, mean_of
from ..analyse.cells import Cell, ratio_text
from ..analyse.origin import with_origin
from ..analyse.relations import RatioTest, holm, p_text, ratio_test
from ..row.row import Row
from .comparable import PHASES, WITHIN_OWN_ERROR, beyond_own_error, good_rows, same_input
from .comparison import caveats, compare, measured_cells
from .view import View

RATES = ("per_s", "per_j", "per_price", "per_g")


class Rate(NamedTuple):
    """A rate's geometric mean over runs with its 95 % interval, by Student's t of the logarithms: both ends are
    positive. `None` for the ends where one run tells no spread."""

    value: float
    low: float | None
    high: float | None


class Standing(NamedTuple):
    """One campaign's share of a comparison. Rates of inputs: `per_s`; `per_j`, the same as inputs a second for a watt;
    `per_price`, for a unit of money's electricity, the site's overhead in it; `per_g`, for a gram of CO2e. `ratio`: its
    joules for one input over the reference's, with the 95 % interval; `p`: adjusted for all that were compared (Holm);
    `differs`: p below 5 %, and of two machines by more than their meters' own error, `None` where one run on a side
    says nothing, and of the reference itself."""

    campaign: str
    test: str
    title: str
    phase: str
    unit: str
    runs: int
    per_s: Rate | None
    per_j: Rate | None
    per_price: Rate | None
    per_g: Rate | None
    ratio: RatioTest | None
    p: float | None
    differs: bool | None

    def to_dict(self) -> dict[str, object]:
        """The same as what JSON holds."""
        document = self._asdict()
        for name in (*RATES, "ratio"):
            value = getattr(self, name)
            document[name] = None if value is None else value._asdict()
        return document


def labels_of(count: int) -> list[str]:
    """A, B, C …; after Z come A2, B2 …"""
    return [chr(ord("A") + place % 26) + (str(place // 26 + 1) if place >= 26 else "") for place in range(count)]


def rate_of(values: Sequence[float | None]) -> Rate | None:
    """The rate of the runs that know it; `None` of none, and where one is not positive."""
    known = [value for value in values if value is not None]
    if not known or min(known) <= 0:
        return None
    logs = mean_of([math.log(value) for value in known])
    if logs is None or logs.half_width is None:
        return Rate(known[0], None, None)
    step = min(logs.half_width, 600.0)
    return Rate(math.exp(logs.value), math.exp(logs.value - step), math.exp(logs.value + step))


def entries(views: Sequence[View], price: Price | None = None) -> list[Standing]:
    """Every test and phase that two campaigns or more ran in the same way, each held against the first that ran it.
    ValueError where no two share one."""
    keys = dict.fromkeys(
        (cell.test, cell.phase) for view in views for cell in view.cells if cell.phase in PHASES and cell.runs
    )
    groups = [_group(views, test, phase, price) for test, phase in keys]
    made = [entry for group in groups if len(group) > 1 for entry in group]
    if not made:
        names = ", ".join(str(view.storage.folder) for view in views)
        raise ValueError(f"no two of these campaigns share a test that both measured in the same way: {names}")
    tested = iter(holm([entry.ratio.p for entry in made if entry.ratio is not None]))
    adjusted = [None if entry.ratio is None else next(tested) for entry in made]
    return [
        entry._replace(p=p, differs=None if p is None else p < 0.05 and entry.differs)
        for entry, p in zip(made, adjusted)
    ]


def _group(views: Sequence[View], test: str, phase: str, price: Price | None) -> list[Standing]:
    group: list[Standing] = []
    reference: list[Row] = []
    first = views[0]
    for label, view in zip(labels_of(len(views)), views):
        cell = next((cell for cell in view.cells if (cell.test, cell.phase) == (test, phase)), None)
        rows = [] if cell is None else [row for row in good_rows(view, cell) if row.j_per_image]
        if cell is None or not rows:
            continue
        if reference and not same_input(reference, rows):
            continue  # it ran on other inputs, as a caveat says
        entry = _entry(label, cell, rows, reference, price)
        is_beyond = None if entry.ratio is None else beyond_own_error(entry.ratio, (first, view), reference, rows)
        group.append(entry._replace(differs=is_beyond))
        reference, first = (reference, first) if reference else (rows, view)
    return group


def _entry(label: str, cell: Cell, rows: Sequence[Row], reference: Sequence[Row], price: Price | None) -> Standing:
    ratio = ratio_test(_joules(reference), _joules(rows)) if reference else None
    return Standing(
        campaign=label,
        test=cell.test,
        title=cell.title,
        phase=cell.phase,
        unit=cell.unit,
        runs=len(rows),
        per_s=rate_of([row.images_per_s for row in rows]),
        per_j=rate_of([1.0 / joules for joules in _joules(rows)]),
        per_price=None if price is None else rate_of([_per_price(row, price) for row in rows]),
        per_g=rate_of([_ratio(row.work.images, row.measured.carbon_g) for row in rows]),
        ratio=ratio,
        p=None,
        differs=None,
    )


def _joules(rows: Sequence[Row]) -> list[float]:
    return [row.j_per_image for row in rows if row.j_per_image]


def _ratio(count: int | None, amount: float | None) -> float | None:
    return count / amount if count and amount else None


def _per_price(row: Row, price: Price) -> float | None:
    """Inputs for a unit of money. Without a PUE the site's overhead is not known, and neither is what it costs."""
    if row.measured.pue is None or row.energy_j is None:
        return None
    return _ratio(row.work.images, kwh_of(row.energy_j) * row.measured.pue * price.per_kwh)


def page(views: Sequence[View], price: Price | None = None) -> Page:
    """The verdict, the table, what makes the campaigns hard to compare."""
    made = entries(views, price)
    units = {entry.unit for entry in made}
    unit = units.pop() if len(units) == 1 else "input"
    money = [f">{unit}s per {price.currency}"] if price is not None else []
    columns = (
        "network", "phase", "campaign", ">runs", f">{unit}s per s", f">{unit}s per s and W", *money,
        f">{unit}s per g CO2e", ">J, of the first's (95 %)", ">p", "differ",
    )  # fmt: skip
    rows = [
        (
            entry.title,
            entry.phase,
            entry.campaign,
            str(entry.runs),
            _text(entry.per_s),
            _text(entry.per_j),
            *([_text(entry.per_price)] if price is not None else []),
            _text(entry.per_g),
            _ratio_text(entry),
            "" if entry.p is None else p_text(entry.p),
            "" if entry.ratio is None else _differ(entry),
        )
        for entry in made
    ]
    places = [f"{label}: {view.storage.folder}" for label, view in zip(labels_of(len(views)), views)]
    verdict = with_origin(_verdict(made, len(views)), measured_cells(views))
    return Page(verdict, [Table(columns, rows)], notes_of(views, made, price), places)


def _ratio_text(entry: Standing) -> str:
    return "" if entry.ratio is None else ratio_text(MeanRatio(entry.ratio.ratio, entry.ratio.low, entry.ratio.high))


def _differ(entry: Standing) -> str:
    if entry.p is not None and entry.p < 0.05:
        return "yes" if entry.differs else WITHIN_OWN_ERROR
    return "not told apart"


def _text(rate: Rate | None) -> str:
    if rate is None:
        return "–"
    return ratio_text(MeanRatio(rate.value, rate.low, rate.high))


def _verdict(made: Sequence[Standing], count: int) -> str:
    compared = [entry for entry in made if entry.ratio is not None]
    differing = [entry for entry in compared if entry.differs]
    tests = len({(entry.test, entry.phase) for entry in made})
    energies = f"{len(differing)} of {len(compared)} energies differ from the first's"
    text = f"{count} campaigns, {tests} tests in common: {energies}"
    if not differing:
        return f"{text} beyond chance"
    best = min(differing, key=lambda entry: entry.ratio.ratio if entry.ratio is not None else math.inf)
    return f"{text}; the smallest: {best.title} {best.phase} in {best.campaign}, {_ratio_text(best)} of it"


def notes_of(views: Sequence[View], made: Sequence[Standing], price: Price | None) -> list[str]:
    """How it was compared, what was not, what makes campaigns hard to compare, each against the first."""
    notes = [
        "rates: geometric means over runs with their 95 % (Student's t of the logarithms); J of the first's: ratio of "
        "geometric means, p by Welch's test of the logarithms, adjusted for all of this table (Holm)"
    ]
    if price is not None:
        notes.append(
            f"money: electricity alone at {price.per_kwh:g} {price.currency}/kWh, the site's overhead (PUE) in it"
        )
        if any(entry.per_price is None for entry in made):
            notes.append("money: – where the PUE of a run is not stated (--pue)")
    labels = labels_of(len(views))
    intensities = {
        label: {row.measured.intensity_g_per_kwh for row in view.rows if row.measured.intensity_g_per_kwh is not None}
        for label, view in zip(labels, views)
    }
    if len(set(map(frozenset, intensities.values()))) > 1:
        each = "; ".join(
            f"{label} {', '.join(f'{value:g}' for value in sorted(values)) or 'not known'}"
            for label, values in intensities.items()
        )
        notes.append(f"g CO2e/kWh differ, and with them grams that machines have no part in: {each}")
    for label, view in zip(labels[1:], views[1:]):
        try:
            notes += caveats(views[0], view, compare(views[0], view), ("A", label))[1:]
        except ValueError as error:
            notes.append(f"{label}: {str(error).splitlines()[0]}")
    if any(entry.runs < 2 for entry in made):
        notes.append("a campaign with one run of a test has no intervals there: repeat it")
    return list(dict.fromkeys(notes))
