"""A method of scikit-learn as a learner: it fits again on more and more examples, and every fit is paid for."""

from __future__ import annotations

import warnings
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from .course import EnergyTaken, Judged, ModelCounts
from .data import ExamplePart, Examples, sklearn
from .measure import PointMeter
from .methods import METHODS, Estimator, macs_of, parameters_of, size_in_bytes, training_macs_of
from .point import StudyPoint

if TYPE_CHECKING:
    from numpy import ndarray

FIRST, GROWTH = 200, 2.0  # examples of the first fit on the way to a budget or a target, and from fit to fit
_CAUTION = 1.1  # by which a fit may take longer than the ones before it tell
_LEAST_GAIN = 1.25  # a fit on fewer than so many times the examples teaches little more


class ShallowLearner:
    """A step is the number of examples of a fit. Without budget, target or looks on the way there is one, on all."""

    def __init__(self, point: StudyPoint, seed: int, examples: Examples, meter: PointMeter, name: str) -> None:
        """ValueError for a method that cannot learn the data's task."""
        method = METHODS[point.model]
        if examples.data.task not in method.tasks:
            raise ValueError(
                f"{method.title} learns {', '.join(method.tasks)}, and {examples.data.title} is none of it"
            )
        self._point, self._seed, self._meter, self._name = point, seed, meter, name
        self._build = method.build
        self._examples = examples.features()
        self._there = len(self._examples.train.x)
        self._costs: list[tuple[int, float]] = []  # examples and joules of the fits up to now
        self._models: list[tuple[Estimator, int]] = []
        self._trained_macs: list[float | None] = []
        self.trials = 1

    @property
    def _grows(self) -> bool:
        return self._point.budget_j is not None or self._point.target is not None or self._point.looks_within

    def next_step(self, used_j: float, left_j: float | None) -> int | None:
        """All examples at once; or twice those of the fit before, or as many as the rest of the budget allows."""
        done = self._models[-1][1] if self._models else 0
        if done >= self._there:
            return None
        if not self._grows:
            return self._there
        wanted = min(self._there, round(done * GROWTH) if done else self._first())
        if left_j is None or not self._costs:
            return wanted
        return affordable(self._costs, wanted, left_j)

    def _first(self) -> int:
        looks = self._point.evaluations
        if looks is not None and looks > 1 and self._point.budget_j is None and self._point.target is None:
            return max(10, round(self._there / GROWTH ** (looks - 1)))
        return min(max(FIRST, 4 * len(set(self._examples.train.y[:FIRST].ravel()))), self._there)

    def advance(self, step: int) -> EnergyTaken:
        """Fits on the first `step` examples, from nothing."""
        part = ExamplePart(self._examples.train.x[:step], self._examples.train.y[:step])

        def fit() -> Estimator:
            with warnings.catch_warnings(), self._threads():
                warnings.simplefilter("ignore")  # of iterations that end before they converge: that is the setting
                return self._build(self._point, self._examples.data, self._seed).fit(part.x, part.y)

        model, taken = self._meter.repeated(self._name, fit)
        self.trials = self._meter.trials
        self._models = [*self._models[-1:], (model, step)]
        self._trained_macs.append(training_macs_of(model, step))
        if taken.energy.best_j is not None:
            self._costs.append((step, taken.energy.best_j))
        return taken

    def undo(self) -> bool:
        """The model of the fit before; of the first one nothing is left."""
        self._models.pop()
        return True

    def judge(self, part: str) -> Judged:
        """Accuracy, Dice, or the peak signal-to-noise ratio, in one go over the part."""
        judged: ExamplePart = getattr(self._examples, part)
        model = self._models[-1][0]

        def predict() -> ndarray:
            with self._threads():
                return model.predict(judged.x)

        answers, taken = self._meter.repeated(f"{self._name}/{part}", predict)
        return Judged(score_of(self._examples.data.metric, answers, judged.y), len(judged.y), taken)

    def counts(self) -> ModelCounts:
        """Of the last model; multiply-adds of all fits."""
        model = self._models[-1][0]
        macs = [each for each in self._trained_macs if each is not None]
        counted = sum(macs) if len(macs) == len(self._trained_macs) else None
        return ModelCounts(parameters_of(model), size_in_bytes(model), macs_of(model), counted)

    def _threads(self) -> AbstractContextManager[object]:
        if self._point.threads is None:
            return nullcontext()
        from threadpoolctl import threadpool_limits

        limits: AbstractContextManager[object] = threadpool_limits(self._point.threads)
        return limits


def affordable(costs: list[tuple[int, float]], wanted: int, left_j: float) -> int | None:
    """How many of the wanted examples a fit may have so that it costs no more than what is left, by how the costs of
    the fits before have grown; `None` where too few for the fit to be worth it."""
    import math

    at, joules = costs[-1]
    power = 1.0
    if len(costs) > 1 and costs[-2][1] > 0 and joules > 0:
        before, less = costs[-2]
        power = min(3.0, max(1.0, math.log(joules / less) / math.log(at / before)))
    if joules <= 0:
        return wanted
    most = at * (max(left_j, 0.0) / (_CAUTION * joules)) ** (1.0 / power)
    step = min(wanted, int(most))
    return step if step >= min(wanted, at * _LEAST_GAIN) else None


def score_of(metric: str, answers: ndarray, truth: ndarray) -> float:
    """The score of some answers. Dice: the mean over the classes but the background, as the worker counts it."""
    import numpy as np

    if metric == "psnr_db":
        error = float(np.mean((answers - truth) ** 2))
        return 10 * float(np.log10(1.0 / error)) if error > 0 else float("inf")
    if metric == "dice":
        overlaps = []
        for number in range(1, int(max(truth.max(), answers.max())) + 1):
            size = int((answers == number).sum() + (truth == number).sum())
            if size:
                overlaps.append(2 * int(((answers == number) & (truth == number)).sum()) / size)
        return float(np.mean(overlaps)) if overlaps else 0.0
    return float(sklearn("metrics").accuracy_score(truth, answers))
