"""What the readings say: each meter's energy and spread, its ratio to the reference, and what itself costs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ...values.statistics import Mean, mean_of, student_t
from .measure import MeterReading
from .meter import BARE


@dataclass(frozen=True)
class PairedRatio:
    """A ratio with its 95 % interval, from logarithms; `low` and `high` are `None` for a single pair."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class MeterRow:
    """One meter over all rounds. `extra_time`: how much longer the workload took than without a meter; `extra_cpu_s`:
    processor time beyond that of the workload, of one run. `failures`: rounds without an energy, and why."""

    meter: str
    energy_j: Mean | None
    ratio: PairedRatio | None
    extra_time: PairedRatio | None
    extra_cpu_s: Mean | None
    failures: tuple[str, ...]


def compared(readings: Sequence[MeterReading], reference: str) -> list[MeterRow]:
    """A row for each meter but the bare workload, in the order of the readings' first appearance.

    Readings of one round are paired: what the machine did in that round cancels in their ratio.
    """
    names = [name for name in dict.fromkeys(row.meter for row in readings) if name != BARE.name]
    bare = [row for row in readings if row.meter == BARE.name]
    of_reference = {row.round: row.energy_j for row in readings if row.meter == reference}
    return [_row(name, [row for row in readings if row.meter == name], of_reference, bare) for name in names]


def _row(
    name: str, readings: Sequence[MeterReading], of_reference: dict[int, float | None], bare: Sequence[MeterReading]
) -> MeterRow:
    energies = [row.energy_j for row in readings if row.energy_j is not None]
    pairs = [(row.energy_j, of_reference.get(row.round)) for row in readings]
    ratio = ratio_of([math.log(a / b) for a, b in _positive(pairs)])
    alone = {row.round: row for row in bare}
    beside = [(row, alone[row.round]) for row in readings if row.round in alone and not row.error]
    is_run = any(row.start_ns != other.start_ns for row, other in beside)  # estimators and logs run nothing
    times = [math.log(row.duration_s / other.duration_s) for row, other in beside if is_run]
    own = [row.cpu_s - other.cpu_s for row, other in beside if is_run]
    failures = tuple(dict.fromkeys(row.error for row in readings if row.error))
    return MeterRow(name, mean_of(energies), ratio, ratio_of(times), mean_of(own), failures)


def _positive(pairs: Sequence[tuple[float | None, float | None]]) -> Iterator[tuple[float, float]]:
    for a, b in pairs:
        if a is not None and b is not None and a > 0 and b > 0:
            yield a, b


def ratio_of(logarithms: Sequence[float]) -> PairedRatio | None:
    """The geometric mean of ratios, with Student's interval of their logarithms; `None` for none."""
    mean = mean_of(logarithms)
    if mean is None:
        return None
    if mean.deviation is None:
        return PairedRatio(math.exp(mean.value), None, None)
    half = student_t(0.95, mean.runs - 1) * mean.deviation / math.sqrt(mean.runs)
    return PairedRatio(math.exp(mean.value), math.exp(mean.value - half), math.exp(mean.value + half))
