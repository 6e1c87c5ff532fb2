"""A training by epochs with an evaluation after each: two rows, one of all epochs and one of all evaluations, and a
line for every epoch. What an evaluation costs is not the training's energy: it stands apart.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...runner import EpochResult, PhaseProgress
from ..plan.task import Task
from ..plan.test import Step, is_reached
from ..row.rows import Row, add_energy, add_work, new_row
from ..row.sums import together
from .circumstances import Circumstances

PASSES_KEPT = 4096


def better(metric: str, values: Sequence[float]) -> float | None:
    """The best of the values."""
    known = [one for one in values if math.isfinite(one)]
    if not known:
        return None
    return min(known) if metric == "loss" else max(known)


def merged(done: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Several phases' `done` events as one: work added up, loss and accuracy of the last."""
    memory = [one["device_memory"] for one in done if one.get("device_memory")]
    peaks = [one["peak_memory_bytes"] for one in done if one.get("peak_memory_bytes") is not None]
    whole = dict(done[-1])
    for name in ("images", "passes", "duration_s"):
        whole[name] = sum(one[name] for one in done)
    whole["begin_ns"] = done[0]["begin_ns"]
    whole["pass_ns"] = [time for one in done for time in one.get("pass_ns") or []][:PASSES_KEPT]
    whole["pass_s"] = None  # of one phase alone
    whole["peak_memory_bytes"] = max(peaks, default=None)
    whole["device_memory"] = max(memory, key=lambda one: float(one["peak_reserved_bytes"]), default=None)
    whole["finite"] = all(one.get("finite") is not False for one in done)
    if done[-1].get("epochs") is not None:
        whole["epochs"] = [epoch for one in done for epoch in one.get("epochs") or []]
    return whole


class Part:
    """The training, or the evaluation, of a course: regions of one name, one an epoch."""

    def __init__(self, task: Task, phase: str, attempt: int, session: int, tracker: Any) -> None:
        self.row: Row = new_row(task, phase, attempt, session)
        self.row["region"] = f"{task.id}/{phase}" + (f"#{attempt}" if attempt > 1 else "")
        self._tracker = tracker
        self._results: list[Any] = []
        self._done: list[Mapping[str, Any]] = []

    def run(self, prepared: Any, on_event: Callable[[PhaseProgress | EpochResult], None]) -> Mapping[str, Any]:
        """One phase of the worker, measured; also what a phase used that failed is kept."""
        region = self._tracker.region(self.row["region"], edges="tick")
        try:
            with region:
                done: Mapping[str, Any] = prepared.run(on_event).raw
        finally:
            self._results.append(region.result)
        self._done.append(done)
        return done

    @property
    def last_j(self) -> float | None:
        """Joules of the phase that ended last."""
        last = self._results[-1] if self._results else None
        return None if last is None else float(last.energy_j) if last.energy_j is not None else None

    def finished(self) -> Row:
        """The row over all of them."""
        if self._done:
            add_work(self.row, merged(self._done))
        whole = None if None in self._results else together(self._results)  # less one epoch it would be no sum
        add_energy(self.row, whole)
        self.row["parts"] = len(self._results)
        return self.row


class Course:
    """One run of the step `reach`: epochs, metric, target (None: all epochs are run), options of train and evaluate."""

    def __init__(self, task: Task, step: Step, attempt: int, session: int, worker: Any, tracker: Any) -> None:
        self._task, self._options, self._worker = task, step.options, worker
        self._about: dict[str, Any] = {
            "task": task.id,
            "test": task.test.name,
            "model": task.test.model,
            "repeat": task.repeat,
        }
        self._about.update(attempt=attempt, session=session)
        self._training = Part(task, "training", attempt, session, tracker)
        self._evaluation = Part(task, "evaluation", attempt, session, tracker)
        self._values: list[float] = []
        self._reached = False
        self._around = Circumstances()

    def run(self, watcher: Any, note: Callable[[Row], None]) -> tuple[list[Row], Exception | None]:
        """Trains; the two rows, and what ended it early. `note` takes every epoch's line as soon as it is over."""
        failure: Exception | None = None
        epoch = 0
        try:
            while epoch < self._options["epochs"] and not self._reached:
                epoch += 1
                line = self._epoch(epoch, watcher)
                note(line)
                if line["diverged"]:
                    break
        except Exception as error:  # whatever a worker answers: what was trained up to here is a row
            failure = error
        return self._rows(failure), failure

    def _epoch(self, epoch: int, watcher: Any) -> Row:
        options, metric = self._options, self._options["metric"]
        watcher.phase(self._task, f"epoch {epoch}")
        trained = self._training.run(self._worker.train(**self._train_options(epoch)), watcher.event)
        watcher.phase(self._task, f"evaluation {epoch}")
        judged = self._evaluation.run(self._worker.evaluate(**options["evaluate"]), watcher.event)
        value = judged.get(metric)
        self._values.append(math.nan if value is None else float(value))
        self._reached = is_reached(metric, value, options["target"])
        return {
            "kind": "epoch",
            **self._about,
            "epoch": epoch,
            "metric": metric,
            "value": value,
            "reached": self._reached,
            "diverged": trained.get("finite") is False,
            "training_j": self._training.last_j,
            "evaluation_j": self._evaluation.last_j,
            "training_s": trained["duration_s"],
            "evaluation_s": judged["duration_s"],
            "training_loss": trained.get("loss"),
            **{name: judged.get(name) for name in ("accuracy", "loss", "dice", "dice_by_class")},
        }

    def _train_options(self, epoch: int) -> dict[str, Any]:
        options = {"epochs": 1, "resume": epoch > 1, **self._options["train"]}
        if self._options["target"] is None:
            ends = {
                f"schedule_{end}": (epoch + step) / self._options["epochs"] for end, step in (("from", -1), ("to", 0))
            }
            options.update(lr_schedule="cosine", **ends)
        return options

    def _rows(self, failure: Exception | None) -> list[Row]:
        metric, target = self._options["metric"], self._options["target"]
        rows = [self._training.finished(), self._evaluation.finished()]
        best = better(metric, self._values)
        for row in rows:
            row["target_metric"], row["target"] = metric, target
            row["reached"] = self._reached if target is not None else None
            row["epochs"], row["most_epochs"] = len(self._values), self._options["epochs"]
            row["best"] = best
            row["final"] = self._values[-1] if self._values and math.isfinite(self._values[-1]) else None
            self._around.note(row)
            if failure is not None:
                self._around.failed(row, failure)
        return rows
