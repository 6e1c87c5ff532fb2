"""A network of the worker as a learner: it goes on from where it stands, a part of an epoch at a time."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from ...bench.plan.looks import places
from ...bench.plan.suites.fashion import LEARNING
from ...bench.plan.suites.learning import RECIPES, Recipe
from ...bench.plan.test import Options
from ...runner import Loaded, PhaseResult, Runner, cpu_seconds
from .course import EnergyTaken, Judged, ModelCounts
from .data import Examples, write_idx
from .measure import PointMeter
from .methods import METHODS
from .point import StudyPoint

_STEPS_OF_A_BUDGET = 20  # so many at least, so that the one that is not taken is small
LOOKS_OF_AN_EPOCH = 8  # towards a target, where nobody said how many
_BACKWARD_PARTS = 2.0  # multiply-adds towards the inputs and towards the weights, for each of the forward pass
_BYTES_OF_A_WEIGHT = 4
OWN_DATA = {"u-net-3d": "brain-2mm", "small-gpt": "text"}  # which the worker reads itself


def recipe_of(model: str) -> Recipe:
    """How a network of the worker learns. ValueError names those that can be trained on real data."""
    from ...bench.plan.suites import check_models

    check_models([model], RECIPES, "studies")
    return RECIPES[model]


def training_passes(parameters: int | None, trainable: int | None) -> float:
    """Forward passes that a training pass computes as much as: three, and one where almost nothing is trained, as in
    ICNet's own graph, whose last layer alone learns."""
    if parameters and trainable is not None and trainable < 0.01 * parameters:
        return 1.0
    return 1.0 + _BACKWARD_PARTS


def is_learnt_from(model: str, data: str) -> bool:
    """Whether the network can learn this data set: pictures of clothes or digits, or what the worker reads for it."""
    return OWN_DATA[model] == data if model in OWN_DATA else data in ("fashion-mnist", "digits")


def budget_step(each_j: float, budget_j: float, left_j: float, batch: int) -> int | None:
    """The examples of the next step: a twentieth of the budget's worth, and no more than half of what is left, so that
    towards the end single batches are weighed; `None` where a batch is likely to pass the budget."""
    if batch * each_j > left_j:
        return None
    wanted = min(budget_j / _STEPS_OF_A_BUDGET, left_j / 2) / each_j
    return max(1, int(wanted / batch)) * batch


def looks_are_asked(point: StudyPoint) -> bool:
    """Whether somebody said how often a network is looked at on its way to a target."""
    return point.target is not None and point.evaluations is not None and point.model not in METHODS


def next_look(point: StudyPoint, seen: int, there: int, batch: int) -> int:
    """The examples at which a network is looked at next, where so many were asked for: evenly over each epoch, in the
    first one a part of them early."""
    done, within = divmod(seen, there)
    batches, looks = -(-there // batch), max(1, (point.evaluations or 1) // point.epochs)
    ends = (min(end * batch, there) for end in places(done + 1, batches, looks))
    return done * there + next(end for end in ends if end > within)


class NetworkLearner:
    """Entered it starts a worker; left it ends it. A step is a number of examples."""

    trials = 1

    def __init__(
        self,
        point: StudyPoint,
        seed: int,
        meter: PointMeter,
        name: str,
        open_worker: Callable[[], Runner],
        *,
        examples: Examples | None = None,
        scratch: Path | None = None,
        data_folder: str | None = None,
    ) -> None:
        """`examples`: pictures, which are written into `scratch`; without them the worker reads its own data."""
        self._point, self._seed, self._meter, self._name = point, seed, meter, name
        self._open_worker = open_worker
        self._recipe = recipe_of(point.model)
        self._data: dict[str, Options] = {}
        self._there = point.examples
        if examples is not None and scratch is not None:
            self._there = len(examples.train.x)
            for part in ("test", "validation"):
                judged = getattr(examples, part)
                if len(judged.x):
                    folder = write_idx(scratch / part, examples.train, judged)
                    self._data[part] = {"data": "fashion-mnist", "data_folder": str(folder)}
        else:
            own: Options = {"data": self._recipe.data}
            self._data["test"] = own if data_folder is None else {**own, "data_folder": data_folder}
        self._metric = "dice" if "dice" in self._recipe.metrics else "accuracy"
        self._worker: Runner | None = None
        self._loaded: Loaded | None = None
        self._seen, self._steps, self._last_j = 0, 0, 0.0  # joules of an example in the last step
        self._peak: int | None = None

    def __enter__(self) -> NetworkLearner:
        point = self._point
        self._worker = self._open_worker()
        try:
            load = {**self._recipe.load, "batch": point.batch or self._recipe.load["batch"]}
            for name, value in (("precision", point.precision), ("layout", point.layout), ("threads", point.threads)):
                if value is not None:
                    load[name] = value
            self._loaded = self._worker.load(point.model, seed=self._seed, device=point.device, **load)
            few = min(self._loaded.batch * 2, self._there)
            self._worker.warm_up(2, training=True, subset=few, **self._data["test"])
        except BaseException:
            self._worker.close(0.0)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._worker is not None:
            self._worker.close()

    @property
    def _opened(self) -> Runner:
        assert self._worker is not None, "a learner is entered before it learns"
        return self._worker

    @property
    def _batch(self) -> int:
        assert self._loaded is not None, "a learner is entered before it learns"
        return self._loaded.batch

    @property
    def _total(self) -> int:
        return self._there * self._point.epochs

    def next_step(self, used_j: float, left_j: float | None) -> int | None:
        """An equal part of the whole; towards a budget a small part of it, by what an example has cost up to now."""
        rest = self._total - self._seen
        if left_j is None and rest > 0 and looks_are_asked(self._point):
            return next_look(self._point, self._seen, self._there, self._batch) - self._seen
        if left_j is None:
            return min(rest, self._whole_batches(self._total / self._looks)) if rest > 0 else None
        if rest <= 0 or left_j <= 0:
            return None
        if not self._seen or used_j <= 0:
            return min(rest, self._batch)
        step = budget_step(max(used_j / self._seen, self._last_j), used_j + left_j, left_j, self._batch)
        return None if step is None else min(step, rest, self._there)

    @property
    def _looks(self) -> int:
        point = self._point
        return max(point.evaluations or 1, LOOKS_OF_AN_EPOCH * point.epochs if point.target is not None else 1)

    def _whole_batches(self, examples: float) -> int:
        return max(1, math.ceil(examples / self._batch)) * self._batch

    def advance(self, step: int) -> EnergyTaken:
        """Trains on so many examples: passes over all, or a part drawn anew from all."""
        learning: Options = self._recipe.learning
        if self._is_planned and self._recipe.data == "fashion-mnist":
            learning = LEARNING  # the rate falls to nothing at the end, which is known
        phase = self._opened.train(
            epochs=math.ceil(step / self._there),
            images=step,
            resume=self._steps > 0,
            subset=min(step, self._there),
            data_seed=1000 * self._seed + self._steps,
            **{**learning, **self._data["test"]},
        )
        result, taken = self._meter.part(self._name, phase.run, self._core_s)
        self._steps, self._seen = self._steps + 1, self._seen + step
        self._last_j = (taken.energy.best_j or 0.0) / step
        self._keep(result)
        if result.finite is False:
            raise ArithmeticError("the loss is no number any more: the training diverged")
        return taken

    @property
    def _is_planned(self) -> bool:
        point = self._point
        return point.budget_j is None and point.target is None and not point.looks_within

    def undo(self) -> bool:
        """A network keeps what it has learnt: a step passes its budget by less than one batch's forecast is wrong."""
        return False

    def judge(self, part: str) -> Judged:
        """Accuracy, or Dice where it segments."""
        data = self._data.get(part, self._data["test"])
        limit = (
            {"subset": self._point.test_examples} if self._point.model in OWN_DATA and self._point.test_examples else {}
        )
        phase = self._opened.evaluate(**{**data, **limit})
        result, taken = self._meter.part(f"{self._name}/{part}", phase.run, self._core_s)
        self._keep(result)
        return Judged(result.dice if self._metric == "dice" else result.accuracy, result.images, taken)

    def counts(self) -> ModelCounts:
        """By the worker's own count of the network."""
        loaded = self._loaded
        assert loaded is not None, "a learner is entered before it is counted"
        parameters = loaded.parameters
        macs = loaded.macs if loaded.macs is not None else None
        each = loaded.training_macs
        return ModelCounts(
            parameters,
            None if parameters is None else parameters * _BYTES_OF_A_WEIGHT,
            None if macs is None else float(macs),
            None if each is None else training_passes(parameters, loaded.trainable_parameters) * each * self._seen,
            self._peak,
        )

    def _keep(self, result: PhaseResult) -> None:
        peaks = [peak for peak in (self._peak, result.device_memory_bytes or result.peak_memory_bytes) if peak]
        self._peak = max(peaks, default=None)

    def _core_s(self) -> float | None:
        return cpu_seconds(self._opened.pid)
