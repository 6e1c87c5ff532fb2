"""Why the energy changed from one period to the next: because a run takes another energy, or because there are other
numbers of runs. Savings per run that more runs use up are the rebound."""

from __future__ import annotations

from dataclasses import dataclass

from ..values import Energy, Range
from .cells import RunSum

_DAY_NS = 86_400 * 1_000_000_000


@dataclass(frozen=True)
class Period:
    """Runs that began in [`begin_ns`, `end_ns`). Rates are over its whole length, also where nothing ran."""

    begin_ns: int
    end_ns: int
    sum: RunSum

    @property
    def days(self) -> float:
        """Its length."""
        return (self.end_ns - self.begin_ns) / _DAY_NS

    @property
    def runs_per_day(self) -> float:
        """Of the runs that were measured: the others have no energy whose change could be split."""
        return self.sum.measured / self.days

    @property
    def energy_per_day(self) -> Energy:
        """Mean over the period."""
        if not self.sum.measured:
            return Energy(0.0, 0.0, 0.0, 0.0) if not self.sum.runs else Energy.missing(partial=True)
        return self.sum.energy.scaled(1.0 / self.days)


@dataclass(frozen=True)
class EnergyChange:
    """The change of the energy a day from one period to another, in J a day, and its two parts, whose sum it is.

    `by_energy`: with other energies per run at the mean frequency; `by_runs`: with other frequencies at the mean energy
    per run. Both are `None` where one of the periods has no measured run. `rebound`: the part of the saving per run
    that more runs used up, as a range: 0 for none, 1 for all of it, above 1 where the energy has grown nevertheless;
    `None` where a run does not take less than before.
    """

    before: Period
    after: Period
    difference_j: float | None
    by_energy_j: float | None
    by_runs_j: float | None
    rebound: Range | None

    def to_dict(self) -> dict[str, object]:
        """For JSON."""

        def told(period: Period) -> dict[str, object]:
            per_run = period.sum.per_run
            return {
                "begin_ns": period.begin_ns,
                "end_ns": period.end_ns,
                "runs": period.sum.runs,
                "measured": period.sum.measured,
                "runs_per_day": period.runs_per_day,
                "energy_per_run_j": per_run.best_j,
                "energy_per_run_error_j": per_run.error_j,
                "energy_per_day_j": period.energy_per_day.best_j,
                "partial": period.sum.energy.partial,
            }

        return {
            "before": told(self.before),
            "after": told(self.after),
            "difference_j_per_day": self.difference_j,
            "by_energy_per_run_j_per_day": self.by_energy_j,
            "by_number_of_runs_j_per_day": self.by_runs_j,
            "rebound": None if self.rebound is None else self.rebound._asdict(),
        }


def change_of(before: Period, after: Period) -> EnergyChange:
    """E = n · e on both sides. ΔE = Δe · (n₁ + n₂)/2 + Δn · (e₁ + e₂)/2, exactly, whichever is thought to change first.

    ValueError for a period without a length.
    """
    for period in (before, after):
        if period.end_ns <= period.begin_ns:
            raise ValueError("a period ends after its begin")
    energies = before.energy_per_day.best_j, after.energy_per_day.best_j
    difference = None if energies[0] is None or energies[1] is None else energies[1] - energies[0]
    first, second = before.sum.per_run, after.sum.per_run
    if first.best_j is None or second.best_j is None:
        return EnergyChange(before, after, difference, None, None, None)
    number, later_number = before.runs_per_day, after.runs_per_day
    by_energy = (second.best_j - first.best_j) * (number + later_number) / 2.0
    by_runs = (later_number - number) * (first.best_j + second.best_j) / 2.0
    return EnergyChange(before, after, difference, by_energy, by_runs, _rebound(first, second, number, later_number))


def _rebound(first: Energy, second: Energy, number: float, later_number: float) -> Range | None:
    """Of the saving that unchanged numbers would have had, n₁ · (e₁ − e₂), the part (n₂ − n₁) · e₂ is used up.

    The range has the errors of both energies as independent; that of sensors which both share would cancel."""
    if first.best_j is None or second.best_j is None or second.best_j >= first.best_j or not number:
        return None
    grown = later_number / number - 1.0

    def part(before_j: float, after_j: float) -> float:
        return grown * after_j / (before_j - after_j) if before_j > after_j else float("inf")

    best = part(first.best_j, second.best_j)
    low, high = first.range_j, second.range_j
    assert low is not None
    assert high is not None
    ends = [part(low.low, high.high), part(low.high, high.low), best]
    if float("inf") in ends:  # whether a run takes less at all is within the error
        return None
    return Range(min(ends), best, max(ends))
