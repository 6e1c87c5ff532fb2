"""Hugging Face: `Trainer(…, callbacks=[TransformersEnergy("runs/a")])`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .training import TrainingHook, metrics_of

try:
    from transformers import TrainerCallback
except ImportError:
    raise ImportError("this callback needs transformers: pip install transformers") from None

if TYPE_CHECKING:
    from transformers import TrainerControl, TrainerState, TrainingArguments


class TransformersEnergy(TrainingHook, TrainerCallback):  # type: ignore[misc]  # the class is not known where transformers is missing
    """Measures a training and each of its epochs. The run's energy so far goes into what the trainer logs, for its
    other reporters, and with each epoch's into the state's history. Every rank keeps a record of its own."""

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: object
    ) -> None:
        self._training.begin()
        self._training.enter("train")

    def on_epoch_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: object
    ) -> None:
        self._training.enter("epoch")

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: object
    ) -> None:
        self._remember(state, metrics_of(self._training.leave("epoch"), "impact/epoch_"))

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **kwargs: object,
    ) -> None:
        if logs is not None:
            logs.update(metrics_of(self.result, "impact/run_"))

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: object
    ) -> None:
        self._training.leave("train")
        self._remember(state, metrics_of(self._training.end(), "impact/run_"))

    @staticmethod
    def _remember(state: TrainerState, metrics: dict[str, float]) -> None:
        if metrics:
            state.log_history.append({**metrics, "epoch": state.epoch, "step": state.global_step})
