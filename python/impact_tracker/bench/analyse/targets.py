"""What reaching a target costs, over the runs of a campaign of suite learning."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ...values import sum_if_known
from ...values.statistics import Mean, mean_of
from ..plan.networks import NETWORKS
from ..row.row import Epoch, Row
from .survival import Survival, survival, wilson

Run = dict[str, Row]  # the rows of one run by their phase: training, evaluation


def most_of(metric: str) -> float | None:
    """The largest value of a metric that is a share; `None` of a loss, which has none."""
    return None if metric == "loss" else 1.0


class Reached(NamedTuple):
    """One network and its target (None: it was trained for so many epochs). `training_j`, `whole_j` (evaluations too),
    `seconds` (of training) and `epochs` to it: None where no run knows them. `evaluation_j`: of a run's evaluations.
    `final`: the metric at the end, `best`: at its best. `share`: 95 % interval of the share of runs that reach it.
    Both are of the part of the data that ended the trainings (`evaluated_on`); `score`: the metric at the end on the
    part that decided nothing (`scored_on`). `first_epoch`: runs that were there at the first evaluation after their
    training had begun, whose cost is an upper end: it is read off a line from the untrained network, or nothing was
    evaluated before it; `left_out`: runs that are in none of it, with the reason. `budget`: of a run's training, as it
    was written; `by_budget`: runs that it
    ended; `most_over_j`: the most joules that one of them used beyond it.

    Where there were evaluations within epochs: `between_j`, `between_epochs`, the most training between the two
    evaluations around the target, to within which a run's cost of it is known; `evaluations` of a run, and
    `evaluation_share`, the most that those of one run took for the time of its training."""

    test: str
    model: str
    title: str
    metric: str
    target: float | None
    runs: int
    reached: int | None
    share: tuple[float, float] | None
    training_j: Survival | None
    whole_j: Survival | None
    seconds: Survival | None
    epochs: Survival | None
    evaluation_j: Mean | None
    final: Mean | None
    best: Mean | None
    evaluated_on: str
    score: Mean | None
    scored_on: str | None
    first_epoch: int
    left_out: dict[str, str]
    budget: str | None = None
    by_budget: int = 0
    most_over_j: float | None = None
    between_j: float | None = None
    between_epochs: float | None = None
    evaluations: Mean | None = None
    evaluation_share: float | None = None

    def to_dict(self) -> dict[str, object]:
        """The same as what JSON holds."""
        document = self._asdict()
        for name, value in document.items():
            if isinstance(value, Survival):
                document[name] = value.to_dict()
            elif isinstance(value, Mean):
                document[name] = value.to_dict(most_of(self.metric) if name in ("final", "best", "score") else None)
        if self.budget is None:
            for name in ("budget", "by_budget", "most_over_j"):
                del document[name]
        if self.evaluations is None:
            for name in ("between_j", "between_epochs", "evaluations", "evaluation_share"):
                del document[name]
        return document


class Spent(NamedTuple):
    """What one run spent until it reached its target, or until it ended without; `None`: not known. `between_j`,
    `between_epochs`: training between the two evaluations around the target, of a run that reached it."""

    training_j: float | None
    evaluation_j: float | None
    seconds: float | None
    epochs: float | None
    between_j: float | None = None
    between_epochs: float | None = None

    @property
    def whole_j(self) -> float | None:
        """Of training and evaluations."""
        known = self.training_j is not None and self.evaluation_j is not None
        return (self.training_j or 0.0) + (self.evaluation_j or 0.0) if known else None


def last_part(values: Sequence[float | None], target: float | None) -> float:
    """How much of the last epoch it took to reach the target, by the straight line between the last two evaluations. 1
    where there is no line: at the first evaluation, without a target, and where it was not reached. So a run that
    misses the target by little at one evaluation is not charged a whole epoch more than one that just got there."""
    if target is None or len(values) < 2:
        return 1.0
    before, at = values[-2], values[-1]
    if before is None or at is None or not (math.isfinite(before) and math.isfinite(at)) or before == at:
        return 1.0
    part = (target - before) / (at - before)
    return part if 0.0 < part <= 1.0 else 1.0


def spent_of(run: Run, epochs: Sequence[Epoch]) -> Spent:
    """By the run's rows, of which what comes after the target in its last epoch is taken away again."""
    row = run["training"]
    energy_j, seconds, count = row.energy_j, row.work.duration_s, row.work.epochs
    evaluation_j = run["evaluation"].energy_j
    trained = [epoch for epoch in epochs if epoch.epoch > 0]
    if not count or {epoch.epoch for epoch in trained} != set(range(1, math.ceil(count) + 1)):
        return Spent(energy_j, evaluation_j, seconds, count)
    last = trained[-1]
    if not row.goal.reached:
        return Spent(energy_j, evaluation_j, seconds, last.epochs_trained)
    beyond = 1.0 - last_part([epoch.value for epoch in epochs], row.goal.target)
    step = last.epochs_trained - (trained[-2].epochs_trained if len(trained) > 1 else 0)
    return Spent(
        _less(energy_j, last.training_j, beyond),
        evaluation_j,
        _less(seconds, last.training_s, beyond),
        last.epochs_trained - beyond * step if beyond else last.epochs_trained,
        last.training_j,
        step,
    )


def _less(total: float | None, last: float | None, beyond: float) -> float | None:
    """A total less a part of its last piece; unknown where that part is."""
    if beyond == 0.0 or total is None:
        return total
    return None if last is None else total - beyond * last


def targets_of(rows: Sequence[Row], epochs: Iterable[Epoch] = ()) -> list[Reached]:
    """What each network's target cost, in the order in which the suites list the networks. `epochs`: those of the
    attempts that the rows are of, without which a target costs whole epochs."""
    by_task: dict[str, list[Epoch]] = {}
    for epoch in epochs:
        by_task.setdefault(epoch.task, []).append(epoch)
    for of_run in by_task.values():
        of_run.sort(key=lambda epoch: epoch.epochs_trained)
    groups: dict[str, dict[str, Run]] = {}
    for row in rows:
        if row.goal.target_metric and row.phase in ("training", "evaluation"):
            groups.setdefault(row.test, {}).setdefault(row.task, {})[row.phase] = row
    places = {network.name: place for place, network in enumerate(NETWORKS)}
    order = sorted(groups, key=lambda test: (places.get(_first(groups[test]).model, len(places)), test))
    return [_reached(groups[test], by_task) for test in order]


def _first(runs: Mapping[str, Run]) -> Row:
    return next(iter(next(iter(runs.values())).values()))


def _why_not(run: Run) -> str | None:
    """The reason why a run says nothing of the target; `None` where it does."""
    for phase in ("training", "evaluation"):
        if phase not in run:
            return f"no {phase}"
        if run[phase].invalid_because is not None:
            return run[phase].invalid_because
    return None


def _reached(runs: Mapping[str, Run], epochs: Mapping[str, Sequence[Epoch]]) -> Reached:
    reasons = {task: _why_not(run) for task, run in runs.items()}
    good = [run for task, run in runs.items() if reasons[task] is None]
    trained = [run["training"] for run in good]
    spent = [spent_of(run, epochs.get(run["training"].task, ())) for run in good]
    first = _first(runs)
    looks = [[epoch for epoch in epochs.get(row.task, ()) if epoch.epoch > 0] for row in trained]
    divided = any(epoch.epoch_share is not None for of_run in looks for epoch in of_run)
    hits = [bool(row.goal.reached) for row in trained]
    has_target = first.goal.target is not None

    def needed(values: Iterable[float | None]) -> Survival | None:
        listed = list(values)
        known = [value for value in listed if value is not None]
        # A run whose energy is missing would bias the rest: it may be the one that took longest.
        if not known or len(known) < len(listed):
            return None
        return survival(known, hits if has_target else [True] * len(known))

    def mean(values: Iterable[float | None]) -> Mean | None:
        return mean_of([value for value in values if value is not None])

    return Reached(
        test=first.test,
        model=first.model,
        title=first.title,
        metric=str(first.goal.target_metric),
        target=first.goal.target,
        runs=len(good),
        reached=sum(hits) if has_target else None,
        share=wilson(sum(hits), len(hits)) if has_target and hits else None,
        training_j=needed(run.training_j for run in spent),
        whole_j=needed(run.whole_j for run in spent),
        seconds=needed(run.seconds for run in spent),
        epochs=needed(run.epochs for run in spent),
        evaluation_j=mean(run["evaluation"].energy_j for run in good),
        final=mean(row.goal.final for row in trained),
        best=mean(row.goal.best for row in trained),
        evaluated_on=first.goal.evaluated_on or "test",
        score=mean(row.goal.score for row in trained),
        scored_on=next((row.goal.scored_on for row in trained if row.goal.scored_on), None),
        first_epoch=sum(1 for row, of_run in zip(trained, looks) if _is_there_at_first(row, of_run)),
        left_out={task: reason for task, reason in reasons.items() if reason is not None},
        budget=first.goal.budget,
        by_budget=sum(row.goal.ended_by == "budget" for row in trained),
        most_over_j=max((row.over_budget_j for row in trained if row.over_budget_j is not None), default=None),
        between_j=_most(run.between_j for run in spent) if divided else None,
        between_epochs=_most(run.between_epochs for run in spent) if divided else None,
        evaluations=mean(float(len(of_run)) for of_run in looks) if divided else None,
        evaluation_share=_most(map(_evaluated_share, looks)) if divided else None,
    )


def _is_there_at_first(row: Row, epochs: Sequence[Epoch]) -> bool:
    """Whether a run reached its target at the first evaluation after its training had begun."""
    return row.goal.reached is True and 0 < (row.work.epochs or 0) <= 1 and len(epochs) < 2


def _most(values: Iterable[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)


def _evaluated_share(epochs: Sequence[Epoch]) -> float | None:
    """Seconds of the evaluations for one of the training; that of the untrained network is none of them."""
    trained_s = sum_if_known(epoch.training_s for epoch in epochs)
    evaluated_s = sum_if_known(epoch.evaluation_s for epoch in epochs)
    return evaluated_s / trained_s if trained_s and evaluated_s is not None else None
