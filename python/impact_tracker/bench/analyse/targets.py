"""What reaching a target costs, over the runs of a campaign of suite learning."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ...values import total_if_known
from ...values.statistics import Mean, mean_of
from ..plan.networks import NETWORKS
from ..row.row import Row
from .survival import Survival, survival, wilson

Run = dict[str, Row]  # the rows of one run by their phase: training, evaluation


class Reached(NamedTuple):
    """One network and its target (None: it was trained for so many epochs). `training_j`, `whole_j` (evaluations too),
    `seconds` (of training) and `epochs` to it: None where no run knows them. `evaluation_j`: of a run's evaluations.
    `final`: the metric at the end, `best`: at its best. `share`: 95 % interval of the share of runs that reach it.
    `left_out`: runs that are in none of it, with the reason."""

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
    left_out: dict[str, str]

    def to_dict(self) -> dict[str, object]:
        """The same as what JSON holds."""
        document = self._asdict()
        for name, value in document.items():
            if isinstance(value, Survival):
                document[name] = value.to_dict()
            elif isinstance(value, Mean):
                document[name] = value._asdict()
        return document


def targets_of(rows: Sequence[Row]) -> list[Reached]:
    """What each network's target cost, in the order in which the suites list the networks."""
    groups: dict[str, dict[str, Run]] = {}
    for row in rows:
        if row.goal.target_metric and row.phase in ("training", "evaluation"):
            groups.setdefault(row.test, {}).setdefault(row.task, {})[row.phase] = row
    places = {network.name: place for place, network in enumerate(NETWORKS)}
    order = sorted(groups, key=lambda test: (places.get(_first(groups[test]).model, len(places)), test))
    return [_reached(groups[test]) for test in order]


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


def _reached(runs: Mapping[str, Run]) -> Reached:
    reasons = {task: _why_not(run) for task, run in runs.items()}
    good = [run for task, run in runs.items() if reasons[task] is None]
    trained = [run["training"] for run in good]
    first = _first(runs)
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
        training_j=needed(row.energy_j for row in trained),
        whole_j=needed(total_if_known(row.energy for row in run.values()).best_j for run in good),
        seconds=needed(row.work.duration_s for row in trained),
        epochs=needed(row.work.epochs for row in trained),
        evaluation_j=mean(run["evaluation"].energy_j for run in good),
        final=mean(row.goal.final for row in trained),
        best=mean(row.goal.best for row in trained),
        left_out={task: reason for task, reason in reasons.items() if reason is not None},
    )
