"""Sums over runs that are alike in project, month, stage, fate, person and weighing: what every table is made of."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ..values import QUALITIES, Energy, Range, total
from ..weighing import Reweighing, Weighing
from .database import Cell as Value
from .database import Database, Row
from .rows import Filter

_GROUPS = "project, month, stage, fate, person, weighing"
# A half-width, bias or modelled part that one run does not know is not known of the sum: hence the counts.
_SUMS = (
    "count(*), count(best_j), sum(best_j), sum(half_j * half_j), count(half_j), sum(bias_j), count(bias_j), "
    "sum(modelled_j), count(modelled_j), max(CASE WHEN best_j IS NULL THEN 0 ELSE quality END), max(partial), "
    "sum(duration_s), count(duration_s), min(started_ns), max(started_ns)"
)


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


def cells_of(database: Database, wanted: Filter) -> list[RunSum]:
    """The sums, in order. A filter on tags cannot be had from sums: ValueError."""
    if wanted.tags:
        raise ValueError("sums are by project, period, stage, fate and person, not by tags")
    where, values = wanted.where()
    rows = database.rows(f"SELECT {_GROUPS}, {_SUMS} FROM ledger_runs WHERE {where} GROUP BY {_GROUPS}", values)
    return sorted((_cell(row) for row in rows), key=lambda cell: tuple(str(part) for part in _key(cell)))


def _key(cell: RunSum) -> tuple[Value, ...]:
    return cell.project, cell.month, cell.stage, cell.fate, cell.person, cell.weighing


def _cell(row: Row) -> RunSum:
    project, month, stage, fate, person, weighing = (None if part is None else str(part) for part in row[:6])
    numbers = [None if number is None else float(number) for number in row[6:19]]
    runs, measured = int(numbers[0] or 0), int(numbers[1] or 0)
    best, squares, halves, biases, known_biases, modelled, known_modelled = numbers[2:9]
    energy = Energy.missing(partial=runs > 0)
    if measured:
        energy = Energy(
            best,
            math.sqrt(squares or 0.0) if halves == measured else None,
            biases if known_biases == measured else None,
            modelled if known_modelled == measured else None,
            QUALITIES[int(numbers[9] or 0)],
            measured < runs or bool(numbers[10]),
        )
    first, last = (None if number is None else int(number) for number in row[19:21])
    duration_s = numbers[11] if numbers[12] == runs else None
    return RunSum(
        *(project or "", month or "", stage, fate or "", person, weighing or "", runs, measured, energy, duration_s),
        first,
        last,
    )


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
