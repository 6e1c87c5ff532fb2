"""Weights & Biases: `with tracked_run("runs/a"):` inside a run, online or offline, or `log_energy(result)` at its
end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from typing import TYPE_CHECKING

from ..tracker import ImpactTracker
from .training import metrics_of, words_of

try:
    import wandb
except ImportError:
    raise ImportError("this needs Weights & Biases: pip install wandb") from None

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..result import Result
    from ..settings import Options


def log_energy(result: Result | None) -> None:
    """The result's numbers and quality into the summary of the active run. RuntimeError where no run is active: this
    never begins one, for that may ask a network."""
    if wandb.run is None:
        raise RuntimeError("no run of Weights & Biases is active: call wandb.init() before")
    wandb.run.summary.update({**metrics_of(result), **words_of(result)})


@contextmanager
def tracked_run(logdir: str | PathLike[str], **options: Unpack[Options]) -> Iterator[ImpactTracker]:
    """Measures the block into the active run's summary, also where the block ends with an exception."""
    if wandb.run is None:
        raise RuntimeError("no run of Weights & Biases is active: call wandb.init() before")
    tracker = ImpactTracker(logdir, **options)
    try:
        with tracker:
            yield tracker
    finally:
        log_energy(tracker.result)
