"""What developing a model cost: the sum over all runs beside the best one, how often what runs, who and when."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from ..ledger_words import FATES, STAGES
from ..values import Energy
from ..weighing import Reweighing
from .cells import NamedSum, RunSum, Weigher, cells_of, summed
from .change import EnergyChange, Period, change_of
from .ledger import BestRun, Ledger
from .people import Pseudonyms
from .rows import Filter

_DAY_NS = 86_400 * 1_000_000_000
_DEPLOYMENT = "deployment"
REQUESTS = "requests"  # the metric by which a deployment tells how often its model was asked
ACTIVITY = ("project", "stage", "fate", "weighing")  # what tells development, training and inference apart
_NORMAL_95, _MANY = 1.959964, 100
_NO_STAGE, _NOBODY = "not stated", "not stated"


class BestBy(NamedTuple):
    """The metric by which a run is the best, at its "min" or "max"."""

    metric: str
    direction: str


@dataclass(frozen=True)
class Ratio:
    """Energy of the whole development over that of its best run, with its range. `is_at_least`: runs whose energy is
    not known, or not in part, are not in it; not where the best run's own is known in part alone, which makes the ratio
    too large."""

    best: BestRun
    value: float
    low: float | None
    high: float | None
    is_at_least: bool


LEAST_RUNS = 5  # of a project, from which it is told how often a day something was done


class TimeSeen(NamedTuple):
    """The time in which a project's `runs` began, `span_days` from the first begin to the last. `served_days`: of
    deployments that tell their requests, to the last end."""

    runs: int
    span_days: float | None
    served_days: float | None = None

    @property
    def days(self) -> float | None:
        """The days to which the runs belong: as many times the mean distance between begins as there are runs, for a
        run a day on ten days spans nine. `None` of fewer runs than five, and of less than a day. Requests come all the
        while a deployment lasts, be it one run."""
        served = self.served_days if self.served_days is not None and self.served_days >= 1.0 else None
        if self.span_days is None or self.runs < LEAST_RUNS or self.span_days < 1.0:
            return served
        return max(self.span_days * self.runs / (self.runs - 1), served or 0.0)


def poisson_interval(count: int) -> tuple[float, float]:
    """The 95 % interval of the mean of what was counted once (Garwood 1936); of many by Wilson and Hilferty (1931)."""
    if count > _MANY:
        ends = ((count, -_NORMAL_95), (count + 1, _NORMAL_95))
        low, high = (at * (1 - 1 / (9 * at) + z / (3 * math.sqrt(at))) ** 3 for at, z in ends)
        return low, high
    return _mean_with(count - 1, 0.975) if count else 0.0, _mean_with(count, 0.025)


def _mean_with(count: int, probability: float) -> float:
    """The mean with which so many or fewer are counted with a probability."""
    low, high = 0.0, 4.0 * count + 20.0
    for _ in range(60):
        mean = (low + high) / 2
        terms = (math.exp(number * math.log(mean) - mean - math.lgamma(number + 1)) for number in range(count + 1))
        low, high = (mean, high) if math.fsum(terms) > probability else (low, mean)
    return (low + high) / 2


@dataclass(frozen=True)
class Frequency:
    """How often something ran, and what one time took. `activity`: inference, training or development; `count`: runs,
    or requests where the deployments tell them. `per_day`: over `seen`, the time that the project was seen, of requests
    that of its deployments, `None` where that does not tell it; of runs with its 95 % interval, as if each came by
    itself (Poisson)."""

    project: str
    activity: str
    unit: str
    count: float
    seen: TimeSeen
    energy: Energy

    @property
    def per_day(self) -> float | None:
        """Times a day."""
        return None if self.seen.days is None else self.count / self.seen.days

    @property
    def per_day_ends(self) -> tuple[float, float] | None:
        """The 95 % interval of runs a day; `None` of requests, which come in bursts, and of one development."""
        days = self.seen.days
        if days is None or self.unit != "run":
            return None
        low, high = poisson_interval(round(self.count))
        return low / days, high / days

    def to_dict(self) -> dict[str, object]:
        """For JSON."""
        return {
            "project": self.project,
            "activity": self.activity,
            "unit": self.unit,
            "count": self.count,
            "per_day": self.per_day,
            "per_day_95": self.per_day_ends,
            "days_seen": self.seen.days,
            "runs_seen": self.seen.runs,
            "energy_j": self.energy.best_j,
            "error_j": self.energy.error_j,
            "quality": self.energy.quality,
            "partial": self.energy.partial,
        }


@dataclass(frozen=True)
class DevelopmentReport:
    """Of one project. `development`: all runs but those of the deployment, whatever became of them; `ratio`: `None`
    with the reason in `no_ratio`; `findings`: what to know beside the numbers."""

    project: str
    development: NamedSum
    deployment: NamedSum
    ratio: Ratio | None
    no_ratio: str
    by_stage: Sequence[NamedSum]
    by_fate: Sequence[NamedSum]
    by_month: Sequence[NamedSum]
    by_person: Sequence[NamedSum]
    frequencies: Sequence[Frequency]
    change: EnergyChange | None
    findings: Sequence[str]

    def to_dict(self) -> dict[str, object]:
        """For JSON."""
        ratio = self.ratio
        return {
            "project": self.project,
            "development": self.development.to_dict(),
            "deployment": self.deployment.to_dict(),
            "ratio": None
            if ratio is None
            else {
                "value": ratio.value,
                "low": ratio.low,
                "high": ratio.high,
                "is_at_least": ratio.is_at_least,
                "metric": ratio.best.metric,
                "goal": ratio.best.goal,
                "metric_value": ratio.best.value,
                "candidates": ratio.best.candidates,
                "best_run": ratio.best.run.to_dict(),
            },
            "no_ratio": self.no_ratio or None,
            "by_stage": [line.to_dict() for line in self.by_stage],
            "by_fate": [line.to_dict() for line in self.by_fate],
            "by_month": [line.to_dict() for line in self.by_month],
            "by_person": [line.to_dict() for line in self.by_person],
            "frequencies": [frequency.to_dict() for frequency in self.frequencies],
            "change": None if self.change is None else self.change.to_dict(),
            "findings": list(self.findings),
        }


def report_of(
    ledger: Ledger,
    wanted: Filter,
    goal: BestBy | None = None,
    *,
    new: Reweighing | None = None,
    pseudonyms: Pseudonyms | None = None,
    periods: tuple[tuple[int, int], tuple[int, int]] | None = None,
) -> DevelopmentReport:
    """The report of a filter's project. `periods`: two times between which the change is split.

    LookupError for a project without a run, with the projects that there are.
    """
    cells = cells_of(ledger.database, wanted, *ACTIVITY)
    project = wanted.project
    if project is None or not cells:
        known = ", ".join(ledger.projects())
        if not known:
            place = ledger.database.place if ledger.database.is_shared else ledger.folder
            raise LookupError(
                f'the ledger at {place} has no run yet: ImpactTracker(…, project="asr"), or impact-tracker ledger add'
            )
        raise LookupError(f"no run of the project {project!r} is there in that time; projects are {known}")
    weigher = Weigher(ledger.weighings(), new)
    developed = [cell for cell in cells if cell.stage != _DEPLOYMENT]
    deployed = [cell for cell in cells if cell.stage == _DEPLOYMENT]
    development = NamedSum("development", summed(developed), weigher.carbon(developed))
    ratio, no_ratio = _ratio(ledger, wanted, goal, development.sum)

    def person(cell: RunSum) -> str:
        name = cell.person if pseudonyms is None else pseudonyms.name(cell.person)
        return name or _NOBODY

    by_month = cells_of(ledger.database, wanted, "month", "weighing")
    by_person = weigher.named(cells_of(ledger.database, wanted, "person", "weighing"), person)
    return DevelopmentReport(
        project,
        development,
        NamedSum(_DEPLOYMENT, summed(deployed), weigher.carbon(deployed)),
        _hidden(ratio, pseudonyms),
        no_ratio,
        _in_order(weigher.named(cells, lambda cell: cell.stage or _NO_STAGE), STAGES),
        _in_order(weigher.named(cells, lambda cell: cell.fate), FATES),
        weigher.named(by_month, lambda cell: cell.month or "not stated"),
        sorted(by_person, key=lambda line: -(line.sum.energy.best_j or 0.0)),
        frequencies_of(ledger, cells),
        None if periods is None else _change(ledger, wanted, periods),
        _findings(ledger, cells),
    )


def _hidden(ratio: Ratio | None, pseudonyms: Pseudonyms | None) -> Ratio | None:
    """With the best run's person as the other persons are shown."""
    if ratio is None or pseudonyms is None:
        return ratio
    run = replace(ratio.best.run, person=pseudonyms.name(ratio.best.run.person))
    return replace(ratio, best=replace(ratio.best, run=run))


def _in_order(lines: Sequence[NamedSum], words: Sequence[str]) -> list[NamedSum]:
    return sorted(lines, key=lambda line: words.index(line.name) if line.name in words else len(words))


def _ratio(ledger: Ledger, wanted: Filter, goal: BestBy | None, development: RunSum) -> tuple[Ratio | None, str]:
    if goal is None:
        names = ", ".join(ledger.metrics(wanted.project or ""))
        how = f"; metrics there are: {names}" if names else "; no run has a metric: tracker.log_metrics(…)"
        return None, f"say by which metric a run is the best (--min or --max METRIC){how}"
    try:
        best = ledger.best(wanted, *goal)
    except LookupError as error:
        return None, str(error)
    energy = best.run.energy
    if development.energy.best_j is None or not energy.best_j:
        return None, f"the best run {best.run.run_id} took 0 J: nothing can be related to it"
    # Of a best run that is known in part alone nobody knows how much smaller the ratio is.
    low, high = (None, None) if energy.partial else _bounds(development.energy, energy)
    is_partial = (development.energy.partial or development.measured < development.runs) and not energy.partial
    return Ratio(best, development.energy.best_j / energy.best_j, low, high, is_partial), ""


def _bounds(energy_sum: Energy, best: Energy) -> tuple[float | None, float | None]:
    """The best run is a part of the sum: 1 + rest / best, with the errors of both as independent. An error of
    sensors that all runs share would cancel, so this is the wider range. Unknown where an error is."""
    sum_range, best_range = energy_sum.range_j, best.range_j
    if sum_range is None or best_range is None or energy_sum.error_j is None or best.error_j is None:
        return None, None
    rest_j = max(sum_range.best - best_range.best, 0.0)
    if not rest_j:
        return 1.0, 1.0
    relative = math.hypot(min(energy_sum.error_j, sum_range.best) / rest_j, best.error_j / best_range.best)
    ratio = rest_j / best_range.best
    return 1.0 + max(ratio * (1.0 - relative), 0.0), 1.0 + ratio * (1.0 + relative)


def frequencies_of(ledger: Ledger, cells: Sequence[RunSum]) -> list[Frequency]:
    """Of each project: inference (deployments), training (finished training runs) and development (all of it, once)."""
    frequencies = []
    for project in sorted({cell.project for cell in cells}):
        own = [cell for cell in cells if cell.project == project]
        seen = _seen(summed(own))
        deployed = summed(cell for cell in own if cell.stage == _DEPLOYMENT)
        trained = summed(cell for cell in own if cell.fate == "finished" and cell.stage in (None, "training"))
        developed = summed(cell for cell in own if cell.stage != _DEPLOYMENT)
        if deployed.runs:
            requests, paid = _requests(ledger, project, deployed.runs)
            count, unit = (deployed.runs, "run") if requests is None else (requests, "request")
            each = deployed.per_run
            if requests is not None:  # those of a deployment without an energy would make the others cheap
                each = deployed.energy.scaled(1.0 / paid) if paid else Energy.missing(partial=True)
            served = seen if requests is None else _served(ledger, project, deployed)
            frequencies.append(Frequency(project, "inference", unit, count, served, each))
        if trained.runs:
            frequencies.append(Frequency(project, "training", "run", trained.runs, seen, trained.per_run))
        if developed.runs:
            frequencies.append(Frequency(project, "development", "project", 1, seen, developed.energy))
    return frequencies


def _seen(all_runs: RunSum) -> TimeSeen:
    if all_runs.first_ns is None or all_runs.last_ns is None:
        return TimeSeen(all_runs.runs, None)
    return TimeSeen(all_runs.runs, (all_runs.last_ns - all_runs.first_ns) / _DAY_NS)


def _served(ledger: Ledger, project: str, deployed: RunSum) -> TimeSeen:
    """The time of all deployments of a project: a model that was developed for a year is not asked meanwhile."""
    rows = ledger.database.rows(
        "SELECT count(started_ns), count(duration_s), min(started_ns), max(started_ns + duration_s * 1e9) "
        "FROM ledger_runs WHERE project = ? AND stage = ?",
        (project, _DEPLOYMENT),
    )
    begun, ended, first_ns, last_ns = rows[0]
    if begun != deployed.runs or ended != deployed.runs or first_ns is None or last_ns is None:
        return _seen(deployed)
    return _seen(deployed)._replace(served_days=(float(last_ns) - float(first_ns)) / _DAY_NS)


def _requests(ledger: Ledger, project: str, runs: int) -> tuple[float | None, float]:
    """How often the deployed model was asked; None unless every deployment tells it. And how often those were whose
    energy is known."""
    rows = ledger.database.rows(
        "SELECT count(*), sum(value), sum(CASE WHEN is_measured = 1 THEN value ELSE 0 END) FROM ledger_metrics "
        "WHERE project = ? AND name = ? AND stage = ?",
        (project, REQUESTS, _DEPLOYMENT),
    )
    count, requests, paid = rows[0]
    return (float(requests), float(paid or 0.0)) if count == runs and requests else (None, 0.0)


def _change(ledger: Ledger, wanted: Filter, periods: tuple[tuple[int, int], tuple[int, int]]) -> EnergyChange:
    before, after = (
        Period(begin, end, summed(cells_of(ledger.database, replace(wanted, begin_ns=begin, end_ns=end), "project")))
        for begin, end in periods
    )
    return change_of(before, after)


def _findings(ledger: Ledger, cells: Sequence[RunSum]) -> list[str]:
    findings = []
    all_runs = summed(cells)
    missing = all_runs.runs - all_runs.measured
    if missing:
        findings.append(f"the energy of {missing} of {all_runs.runs} runs is not known: the sums are at least so much")
    elif all_runs.energy.partial:
        findings.append("some energies are partial: parts of machines or of cut off runs are not in the sums")
    opened = sum(cell.runs for cell in cells if cell.fate == "open")
    if opened:
        findings.append(
            f"runs that go on, or ended where nobody saw it: {opened}; "
            "impact-tracker ledger tag RUN --fate says what became of them"
        )
    no_stage = sum(cell.runs for cell in cells if cell.stage is None)
    if no_stage:
        findings.append(
            f"runs that state no stage, and count as development: {no_stage}; "
            "ImpactTracker(…, stage=…), or impact-tracker ledger tag RUN --stage"
        )
    aside = ledger.set_aside()
    if aside:
        findings.append(f"damaged files, set aside with their reasons: {len(aside)}, in {ledger.folder / 'damaged'}")
    return findings + list(ledger.outcome.notes)
