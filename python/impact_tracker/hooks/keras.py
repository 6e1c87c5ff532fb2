"""Keras: `model.fit(…, callbacks=[KerasEnergy("runs/a")])`, whatever computes behind it."""

from __future__ import annotations

from collections.abc import MutableMapping
from os import PathLike
from typing import TYPE_CHECKING

from .training import TrainingHook, metrics_of

try:
    from keras.callbacks import Callback
except ImportError:
    raise ImportError("this callback needs Keras: pip install keras") from None

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..settings import Options
    from ..tracker import ImpactTracker

Logs = MutableMapping[str, float]


class KerasEnergy(TrainingHook, Callback):  # type: ignore[misc]  # the class is not known where Keras is missing
    """Measures `fit`, each epoch, `evaluate` and `predict`. An epoch's energy stands in its logs (`impact_energy_j`),
    and so in the history."""

    def __init__(
        self,
        logdir: str | PathLike[str] | None = None,
        *,
        tracker: ImpactTracker | None = None,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(logdir, tracker=tracker, **options)
        self._is_fitting = False

    def _begin(self, name: str) -> None:
        self._training.begin()
        self._training.enter(name)

    def _end(self, name: str) -> None:
        self._training.leave(name)
        if not self._is_fitting:
            self._training.end()

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._is_fitting = True
        self._begin("fit")

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._is_fitting = False
        self._end("fit")

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._training.enter("epoch")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        metrics = metrics_of(self._training.leave("epoch"), "impact_")
        if logs is not None:
            logs.update(metrics)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        self._begin("evaluate")

    def on_test_end(self, logs: Logs | None = None) -> None:
        self._end("evaluate")

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        self._begin("predict")

    def on_predict_end(self, logs: Logs | None = None) -> None:
        self._end("predict")
