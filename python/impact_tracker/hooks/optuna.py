"""Optuna: energy beside each trial, as an objective, and as a reason to stop a study."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Union

from ..errors import complain
from ..tracker import ImpactTracker
from .training import metrics_of, words_of

try:
    from optuna.exceptions import TrialPruned
except ImportError:
    raise ImportError("this needs Optuna: pip install optuna") from None

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial, Trial
    from typing_extensions import Unpack

    from ..settings import Options

Value = Union[float, Sequence[float]]


class EnergyObjective:
    """An objective that is measured: `study.optimize(EnergyObjective(objective, "runs/tuning"), n_trials=50)`.

    Each trial is a region `trial <number>` of one tracker; its energy, error, carbon and quality are user attributes of
    the trial (`impact/energy_j`), also of one that was pruned or failed. `as_objective`: the energy in joules is
    returned behind the objective's own values, for `create_study(directions=["minimize", "minimize"])`; a trial whose
    energy was not measured is then pruned, for there is no number that could stand for it.

    Trials that run at once (`n_jobs`) overlap on the machine: each sees the machine's energy, not its own part of it.
    """

    def __init__(
        self,
        objective: Callable[[Trial], Value],
        logdir: str | PathLike[str] | None = None,
        *,
        as_objective: bool = False,
        tracker: ImpactTracker | None = None,
        **options: Unpack[Options],
    ) -> None:
        if tracker is not None and (logdir is not None or options):
            raise TypeError("give either a tracker or what a new one needs, not both")
        self._objective = objective
        self._as_objective = as_objective
        self.tracker = ImpactTracker(logdir, **options) if tracker is None else tracker

    def __call__(self, trial: Trial) -> Value:
        if not self.tracker.running:
            self.tracker.start()
        region = self.tracker.region(f"trial {trial.number}")
        try:
            with region:
                value = self._objective(trial)
        finally:
            for name, what in {**metrics_of(region.result), **words_of(region.result)}.items():
                trial.set_user_attr(name, what)
        if not self._as_objective:
            return value
        if region.result is None or region.result.energy_j is None:
            complain(f"trial {trial.number} is pruned: its energy was not measured; `impact-tracker doctor` says why")
            raise TrialPruned("the energy was not measured")
        return [*([value] if isinstance(value, (int, float)) else value), region.result.energy_j]


class EnergyLimit:
    """A callback that ends a study once its tracker has used so many joules:
    `study.optimize(objective, callbacks=[EnergyLimit(objective, 3.6e6)])`. The trial that passes the limit is finished.
    """

    def __init__(self, objective: EnergyObjective, limit_j: float) -> None:
        if not limit_j > 0:
            raise ValueError(f"limit_j must be above 0 J, not {limit_j!r}")
        self._objective, self.limit_j = objective, limit_j

    def __call__(self, study: Study, trial: FrozenTrial) -> None:
        energy_j = self._objective.tracker.energy_j
        if energy_j is not None and energy_j >= self.limit_j:
            study.stop()
