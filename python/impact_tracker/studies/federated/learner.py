"""One worker that learns: of a client on its own images, or of the centre on all of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ...runner import Phase, PhaseResult, Runner
from .plan import DATA_FOLDER, ActorPlan, ClientAccuracy, LocalTraining

if TYPE_CHECKING:
    from ...region import Region
    from ...tracker import ImpactTracker

_DATA = "fashion-mnist"


class Learner:
    """The worker with its network and images. Its training and its evaluation are regions of the tracker's record,
    inside a region of the whole round, which holds the handling of models and the waiting as well."""

    def __init__(self, plan: ActorPlan, folder: Path, tracker: ImpactTracker) -> None:
        settings = plan.settings
        self._plan, self._folder, self._tracker = plan, folder, tracker
        self._data = str(folder / DATA_FOLDER)
        self._round: Region | None = None
        self.runner = Runner()
        self.runner.load(
            settings.network, batch=settings.batch, device=settings.device, threads=plan.threads, seed=settings.seed
        )
        self.runner.warm_up(2, training=True)
        self._training(0).abort()  # the images are read now, and not in the first round
        self.has_tests = (folder / DATA_FOLDER / "t10k-labels-idx1-ubyte").stat().st_size > 8
        if self.has_tests:
            self.runner.evaluate(data=_DATA, data_folder=self._data).abort()

    def begin_round(self, number: int) -> None:
        """Ends the round before and begins one."""
        self.end_round()
        self._round = self._tracker.region(f"round {number}")
        self._round.__enter__()

    def end_round(self) -> None:
        """Ends the round that runs, if any."""
        if self._round is not None:
            self._round.__exit__(None, None, None)
            self._round = None

    def train(self, number: int) -> LocalTraining:
        """A round of training."""
        phase = self._training(number)
        with self._tracker.region(f"training {number}"):
            result = phase.run()
        if result.finite is False:
            raise ValueError(f"the loss of round {number} is no number any more: take a smaller learning rate")
        return LocalTraining(number, result.passes, result.images, result.duration_s, result.loss, result.accuracy)

    def evaluate(self, number: int) -> tuple[ClientAccuracy, float]:
        """The weights that are loaded, on the learner's own test images; and the loss."""
        if not self.has_tests:
            return ClientAccuracy(self._plan.number, 0, 0), 0.0
        phase = self.runner.evaluate(data=_DATA, data_folder=self._data)
        with self._tracker.region(f"evaluation {number}"):
            result: PhaseResult = phase.run()
        return ClientAccuracy(self._plan.number, result.images, result.correct or 0), result.loss or 0.0

    def close(self) -> None:
        """Ends the worker."""
        self.end_round()
        self.runner.close()

    def _training(self, number: int) -> Phase:
        settings = self._plan.settings
        return self.runner.train(
            epochs=settings.epochs if settings.passes is None else None,
            passes=settings.passes,
            data=_DATA,
            data_folder=self._data,
            data_seed=order_seed(settings.seed, self._plan.number, number),
            optimizer=settings.optimizer,
            lr=settings.lr,
        )


def order_seed(seed: int, client: int, number: int) -> int:
    """The seed of the order in which a client sees its images in a round."""
    return (seed * 1_000 + client) * 100_000 + number
