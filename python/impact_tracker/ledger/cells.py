"""Sums over runs that are alike in project, month, stage, fate, person and weighing: what every table is made of."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ..values import QUALITIES, Energy, Range, total
from ..weighing import Reweighing, Weighing
from .database import Cell as Value
from .database import Database, Row
from .rows import Filter
from .schema import SUM_TABLES, SUMS, added_up, of_each_run


@dataclass(frozen=True)
class RunSum:
    """A sum over runs. `measured`: those with an energy; `energy`: theirs, partial where others have none or a part of
    theirs; `first_ns`, `last_ns`: begins of the first and the last run; `duration_s`: `None` where one has none."""

    project: str = ""
    month: str = ""
    stage: str | None = None
    fate: str = ""
    person: str | None = None
    weighing: str = ""
    runs: int = 0
    measured: int = 0
    energy: Energy = field(default_factory=Energy.missing)
    duration_s: float | None = None
    first_ns: int | None = None
    last_ns: int | None = None

    @property
    def per_run(self) -> Energy:
        """The mean over the runs that were measured."""
        return self.energy.scaled(1.0 / self.measured) if self.measured else Energy.missing()


def cells_of(database: Database, wanted: Filter, *by: str) -> list[RunSum]:
    """The sums over runs that are alike in `by`, some of project, month, stage, fate, person and weighing, in order.

    From the sums that the index keeps, where whole months are asked for, else from the runs. ValueError for a filter
    on tags, which cannot be had from sums.
    """
    if wanted.tags:
        raise ValueError("sums are by project, period, stage, fate and person, not by tags")
    keys = ", ".join(by)
    where, values = wanted.where()
    source = of_each_run(where)
    months = _whole_months(wanted)
    table = next((name for name, kept in SUM_TABLES.items() if set(by) <= set(kept)), None)
    if months is not None and table is not None:
        where, values = months
        source = f"{table} WHERE {where}"
    rows = database.rows(f"SELECT {keys}, {added_up()} FROM {source} GROUP BY {keys}", values)
    return sorted((_cell(by, row) for row in rows), key=lambda cell: [str(getattr(cell, name)) for name in by])


def _whole_months(wanted: Filter) -> tuple[str, list[Value]] | None:
    """The filter on months instead of times; None where it is about anything else than projects and whole months."""
    if wanted.person is not None or wanted.fate is not None or wanted.stage is not None:
        return None
    tests, values = ["1 = 1"], list[Value]()
    if wanted.project is not None:
        tests, values = ["project = ?"], [wanted.project]
    for test, edge in (("month >= ?", wanted.begin_ns), ("month < ?", wanted.end_ns)):
        if edge is not None:
            when = time.gmtime(edge // 1_000_000_000)
            if edge % 1_000_000_000 or (when.tm_mday, when.tm_hour, when.tm_min, when.tm_sec) != (1, 0, 0, 0):
                return None
            tests.append(test)
            values.append(time.strftime("%Y-%m", when))
            tests.append("month <> ''")  # a run that nobody said when is in no period
    return " AND ".join(tests), values


def _cell(by: Sequence[str], row: Row) -> RunSum:
    names = {name: None if part is None else str(part) for name, part in zip(by, row)}
    texts = {name: names.get(name) or "" for name in ("project", "month", "fate", "weighing")}
    sums = dict(zip(SUMS, row[len(by) :]))
    counts = {name: int(sums[name] or 0) for name in ("runs", "measured", "half_known", "bias_known", "modelled_known")}
    runs, measured = counts["runs"], counts["measured"]
    energy = Energy.missing(partial=runs > 0)
    if measured:
        energy = Energy(
            _number(sums["best_sum_j"]),
            math.sqrt(_number(sums["half_squares_j2"]) or 0.0) if counts["half_known"] == measured else None,
            _number(sums["bias_sum_j"]) if counts["bias_known"] == measured else None,
            _number(sums["modelled_sum_j"]) if counts["modelled_known"] == measured else None,
            QUALITIES[int(sums["worst"] or 0)],
            measured < runs or bool(sums["partial"]),
        )
    return RunSum(
        stage=names.get("stage"),
        person=names.get("person"),
        runs=runs,
        measured=measured,
        energy=energy,
        duration_s=_number(sums["duration_sum_s"]) if sums["duration_known"] == runs else None,
        first_ns=None if sums["first_ns"] is None else int(sums["first_ns"]),
        last_ns=None if sums["last_ns"] is None else int(sums["last_ns"]),
        **texts,
    )


def _number(value: Value) -> float | None:
    return None if value is None else float(value)


def summed(cells: Iterable[RunSum]) -> RunSum:
    """The sum of sums."""
    parts = list(cells)
    seconds = [cell.duration_s for cell in parts]
    return RunSum(
        runs=sum(cell.runs for cell in parts),
        measured=sum(cell.measured for cell in parts),
        energy=total(cell.energy for cell in parts),
        duration_s=math.fsum(each or 0.0 for each in seconds) if None not in seconds else None,
        first_ns=min((cell.first_ns for cell in parts if cell.first_ns is not None), default=None),
        last_ns=max((cell.last_ns for cell in parts if cell.last_ns is not None), default=None),
    )


@dataclass(frozen=True)
class NamedSum:
    """A line of a table: the runs that have a name in common, with their carbon."""

    name: str
    sum: RunSum
    carbon_g: Range | None

    def to_dict(self) -> dict[str, object]:
        """For JSON."""
        low, best, high = self.carbon_g or (None, None, None)
        energy = self.sum.energy
        return {
            "name": self.name,
            "runs": self.sum.runs,
            "measured": self.sum.measured,
            "energy_j": energy.best_j,
            "error_j": energy.error_j,
            "quality": energy.quality,
            "partial": energy.partial,
            "kwh": energy.kwh,
            "carbon_g": best,
            "carbon_low_g": low,
            "carbon_high_g": high,
            "duration_s": self.sum.duration_s,
        }


class Weigher:
    """Turns sums into carbon: each run with the PUE and electricity that were set for it, or all with others."""

    def __init__(self, weighings: Mapping[str, Weighing], new: Reweighing | None = None) -> None:
        self._weighings, self._new = weighings, new

    def carbon(self, cells: Iterable[RunSum]) -> Range | None:
        """Grams; None where nothing was measured. Ranges add up as they are: one electricity errs for all runs."""
        by_weighing: dict[str, list[Energy]] = {}
        for cell in cells:
            if not cell.energy.is_missing:
                by_weighing.setdefault(cell.weighing, []).append(cell.energy)
        ranges = []
        for name, energies in by_weighing.items():
            weighing = self._weighings.get(name) or Weighing()
            if self._new is not None and self._new.given:
                weighing = weighing.changed(self._new)
            impact = total(energies).carbon(weighing)
            if impact.value is None or impact.low is None or impact.high is None:
                return None
            ranges.append(Range(impact.low, impact.value, impact.high))
        if not ranges:
            return None
        return Range(*(math.fsum(column) for column in zip(*ranges)))

    def named(self, cells: Sequence[RunSum], name_of: Callable[[RunSum], str]) -> list[NamedSum]:
        """One line a name, in order of names."""
        by_name: dict[str, list[RunSum]] = {}
        for cell in cells:
            by_name.setdefault(name_of(cell), []).append(cell)
        return [NamedSum(name, summed(group), self.carbon(group)) for name, group in sorted(by_name.items())]
