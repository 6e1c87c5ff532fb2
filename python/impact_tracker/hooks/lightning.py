"""Lightning: `Trainer(callbacks=[LightningEnergy("runs/a")])`, with `lightning` and with `pytorch_lightning`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .training import TrainingHook, metrics_of

try:
    from lightning.pytorch.callbacks import Callback
except ImportError:
    try:
        from pytorch_lightning.callbacks import Callback
    except ImportError:
        raise ImportError("this callback needs Lightning: pip install lightning") from None

if TYPE_CHECKING:
    from lightning.pytorch import LightningModule, Trainer


class LightningEnergy(TrainingHook, Callback):  # type: ignore[misc]  # the class is not known where Lightning is not installed
    """Measures a `fit`, `validate`, `test` or `predict` in a region each, and each epoch; logs an epoch's energy and
    the run's so far to the trainer's loggers, from rank 0. Every rank keeps a record of its own: `impact-tracker
    report` unites them."""

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        self._training.begin()
        self._training.enter(str(getattr(stage, "value", stage)))  # of some versions a member of an enum

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        self._training.leave(str(getattr(stage, "value", stage)))
        result = self._training.end()
        self._log(trainer, metrics_of(result, "impact/run_"))

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        self._training.end()

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._training.enter("epoch")

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        epoch = self._training.leave("epoch")
        self._log(trainer, {**metrics_of(epoch, "impact/epoch_"), **metrics_of(self.result, "impact/run_")})

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._training.enter("sanity check" if trainer.sanity_checking else "validation")

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._training.leave("sanity check" if trainer.sanity_checking else "validation")

    @staticmethod
    def _log(trainer: Trainer, metrics: dict[str, float]) -> None:
        if trainer.is_global_zero and metrics:
            for logger in trainer.loggers:
                logger.log_metrics(metrics, step=trainer.global_step)
