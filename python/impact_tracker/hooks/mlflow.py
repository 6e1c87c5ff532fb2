"""MLflow: `with tracked_run("runs/a"):` inside a run of MLflow, or `log_energy(result)` at its end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from typing import TYPE_CHECKING

from ..tracker import ImpactTracker
from .training import metrics_of, words_of

try:
    import mlflow
except ImportError:
    raise ImportError("this needs MLflow: pip install mlflow") from None

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..result import Result
    from ..settings import Options


def log_energy(result: Result | None, *, record: str | PathLike[str] | None = None) -> None:
    """The result's numbers as metrics and its quality as tags of MLflow's active run, and the record as an artifact.

    MLflow begins a run where none is active. What was not measured is no metric."""
    mlflow.log_metrics({name.replace("/", "."): value for name, value in metrics_of(result).items()})
    mlflow.set_tags({name.replace("/", "."): word for name, word in words_of(result).items()})
    if record is not None:
        mlflow.log_artifact(str(record), artifact_path="impact")


@contextmanager
def tracked_run(logdir: str | PathLike[str], **options: Unpack[Options]) -> Iterator[ImpactTracker]:
    """Measures the block, and logs what it used, with the record, also where the block ends with an exception."""
    tracker = ImpactTracker(logdir, **options)
    try:
        with tracker:
            yield tracker
    finally:
        log_energy(tracker.result, record=tracker.path)
