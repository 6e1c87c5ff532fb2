"""A training by epochs with evaluations after each and, where they are asked for or cost little, within it, and one
before: a row of all epochs, one of all evaluations, and a line for every evaluation. What an evaluation costs is not
the training's energy: it stands apart. At the end the network is scored once, in a row of its own, on data that did
not decide when to stop.
"""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ...pacing import limit_of
from ...runner import EpochResult, PhaseProgress, PhaseResult, WorkerError, cpu_seconds
from ...values import sum_if_known
from ..plan.task import Task
from ..plan.test import Options, Step, is_reached
from ..row.goal import Goal
from ..row.make import begun, measured_by, summed, with_energy, with_work
from ..row.row import NOT_MEASURED, Epoch, Measured, Row
from .allowance import Allowance
from .circumstances import Watch
from .equipment import Equipment, Listener, Plan

if TYPE_CHECKING:
    from ...runner import Phase, Runner
    from ...tracker import ImpactTracker

PASSES_KEPT = 4096
CHECKPOINTS = "checkpoints"
CONTINUE = "continue_epoch"  # a feature of workers: going on within an epoch
_OF_DATA = ("data", "subset", "data_seed", "data_folder", "validation")
_BUDGET = ("budget", "budget_j", "budget_why", "over_budget_j", "ended_by", "checkpoint")
_GOAL = (
    *("parts", "target_metric", "target", "reached", "epochs", "most_epochs", "best", "final"),
    *("evaluated_on", "score", "scored_on"),
)


def better(metric: str, values: Sequence[float]) -> float | None:
    """The best of the values."""
    known = [value for value in values if math.isfinite(value)]
    if not known:
        return None
    return min(known) if metric == "loss" else max(known)


def merged(done: Sequence[PhaseResult]) -> PhaseResult:
    """Several phases as one. Their work is added up; loss and accuracy are those of the last phase."""
    memory = [phase.device_memory for phase in done if phase.device_memory is not None]
    peaks = [phase.peak_memory_bytes for phase in done if phase.peak_memory_bytes is not None]
    epochs = [epoch for phase in done for epoch in phase.epochs or ()]
    return replace(
        done[-1],
        images=sum(phase.images for phase in done),
        passes=sum(phase.passes for phase in done),
        duration_s=sum(phase.duration_s for phase in done),
        begin_ns=done[0].begin_ns,
        pass_ns=tuple(time for phase in done for time in phase.pass_ns)[:PASSES_KEPT],
        pass_s=None,  # of one phase alone
        peak_memory_bytes=max(peaks, default=None),
        device_memory=max(memory, key=lambda held: held.peak_reserved_bytes, default=None),
        finite=all(phase.finite is not False for phase in done),
        epochs=None if done[-1].epochs is None else tuple(epochs),
    )


class Part:
    """The trainings, or the evaluations, of a course. Each epoch is a region, and all regions have one name."""

    def __init__(self, row: Row, tracker: ImpactTracker, pid: int | None) -> None:
        self._row = row
        self._tracker = tracker
        self._pid = pid
        self._cpu_s: list[float | None] = []
        self._measured: list[Measured | None] = []
        self._done: list[PhaseResult] = []

    def run(
        self,
        prepared: Phase,
        on_event: Callable[[PhaseProgress | EpochResult], None],
        allowance: Allowance | None = None,
    ) -> PhaseResult:
        """Runs and measures one phase of the worker, which an allowance may stop. What a failed phase used is kept
        too."""
        region = self._tracker.region(self._row.region, edges="tick")
        before = cpu_seconds(self._pid)
        try:
            with region, nullcontext() if allowance is None else allowance.watched(prepared.stop):
                done = prepared.run(on_event)
        finally:
            measured = measured_by(region.result)
            self._measured.append(measured)
            if allowance is not None:
                allowance.charge(NOT_MEASURED if measured is None else measured.energy)
        self._done.append(done)
        after = cpu_seconds(self._pid)
        self._cpu_s.append(None if before is None or after is None else after - before)
        return done

    @property
    def ran(self) -> bool:
        """Whether any of its phases began."""
        return bool(self._measured)

    @property
    def last_j(self) -> float | None:
        """Joules of the phase that ended last."""
        last = self._measured[-1] if self._measured else None
        return None if last is None else last.energy.best_j

    def finished(self) -> Row:
        """The row of all epochs together."""
        row = with_work(self._row, merged(self._done)) if self._done else self._row
        known = [measured for measured in self._measured if measured is not None]
        complete = len(known) == len(self._measured)  # less one epoch it would be no sum
        row = with_energy(row, summed(known) if complete else None)
        cpu_s, seconds = sum_if_known(self._cpu_s), row.work.duration_s
        if self._done and cpu_s is not None and seconds:
            row = replace(row, around=replace(row.around, worker_cpus=cpu_s / seconds, cpus=os.cpu_count()))
            row = row.with_names("worker_cpus", "cpus")
        return replace(row, goal=Goal(parts=len(self._measured)))


@dataclass(frozen=True)
class Piece:
    """What is trained from one evaluation to the next: an epoch, or of it the batches after `begin` up to `end`.
    `share`: of the epoch that is trained then, `None` where it `ends_epoch`."""

    epoch: int
    begin: int
    end: int
    share: float | None
    ends_epoch: bool

    @property
    def is_whole_epoch(self) -> bool:
        """Whether the epoch is not divided."""
        return self.begin == 0 and self.ends_epoch


def _stopped_at(trained: PhaseResult, piece: Piece) -> float | None:
    """The share of the epoch that was trained, where it was stopped within the piece as well; `None`: all of it."""
    if trained.stopped and trained.epochs_trained is not None:
        share = trained.epochs_trained - (piece.epoch - 1)
        return share if 0.0 < share < 1.0 else None
    return piece.share


def _metric(evaluated: PhaseResult, metric: str) -> float | None:
    return {"accuracy": evaluated.accuracy, "loss": evaluated.loss, "dice": evaluated.dice}[metric]


class Course:
    """Runs a step that trains towards a target (`Reach`), or until its budget is spent. `attempt`: its number."""

    def __init__(
        self, task: Task, step: Step, attempt: int, worker: Runner, equipment: Equipment, plan: Plan, listener: Listener
    ) -> None:
        assert step.reach is not None
        self._task, self._reach, self._attempt = task, step.reach, (attempt, plan.session)
        self._worker, self._listener, self._plan = worker, listener, plan
        tracker, budget = equipment.tracker, step.reach.budget
        self._allowance: Allowance | None = None
        if budget is not None:
            limit = limit_of(budget, tracker.weighing, step.reach.price)
            self._allowance = Allowance(limit, tracker, plan.tell)
        self._checkpoint: str | None = None
        self._diverged = False
        phases = ("training", "evaluation", "scoring")
        rows = (begun(task, phase, *self._attempt, platform.node()) for phase in phases)
        pid = getattr(worker, "pid", None)
        self._training, self._evaluation, self._scoring = (Part(row, tracker, pid) for row in rows)
        self._values: list[float] = []  # of each evaluation but that of the untrained network
        self._lines: list[Epoch] = []  # of the same
        self._trained = 0  # examples of an epoch, where epochs are divided
        self._evaluated_images = 0
        self._score: float | None = None
        self._reached = False
        self._watch = Watch()

    def run(self) -> tuple[list[Row], bool]:
        """Trains and evaluates. Returns the rows, and whether the training ended early."""
        failure: Exception | None = None
        epoch = 0
        try:
            self._listener.epoch(self._untrained())
            self._trained = self._examples()
            while epoch < self._reach.epochs and not self._has_ended:
                epoch += 1
                self._epoch(epoch)
            self._scored()
        except Exception as error:  # whatever a worker answers: what was trained up to here is a row
            failure = error
        return self._rows(failure), failure is not None

    @property
    def _has_ended(self) -> bool:
        return self._reached or self._is_spent or self._diverged

    def _examples(self) -> int:
        """Examples of an epoch; 0 where epochs are trained as a whole. WorkerError where the worker cannot divide them
        and somebody asked for it."""
        looks = self._reach.looks
        if not looks.may_divide:
            return 0
        if CONTINUE not in self._worker.hello.features:
            if not looks.are_asked:
                return 0
            text = "this worker evaluates at the ends of epochs alone: it is older than what asks it"
            raise WorkerError("bad-command", text, "build it anew, or leave --evaluations and --evaluate-every out")
        data = {name: value for name, value in self._reach.train.items() if name in _OF_DATA}
        return self._worker.examples(**data)

    def _epoch(self, number: int) -> None:
        """Trains an epoch, in one piece or from one evaluation to the next."""
        batch = int(self._task.test.load["batch"])
        batches = -(-self._trained // batch)
        ends = self._reach.looks.at(number, batches, self._evaluated_images, self._trained) if batches else (0,)
        begin = 0
        for end in ends:
            ends_epoch = end == batches
            share = None if ends_epoch else end * batch / self._trained
            self._piece(Piece(number, begin, end, share, ends_epoch))
            if self._has_ended:
                break
            begin = end

    def _piece(self, piece: Piece) -> None:
        """Trains up to the next evaluation, and evaluates."""
        self._listener.phase(self._task, f"epoch {piece.epoch}")
        prepared = self._worker.train(**self._train_options(piece))
        trained = self._training.run(prepared, self._event, self._allowance)
        if self._is_spent:
            self._keep()
        evaluated = self._evaluated(piece.epoch)
        value = _metric(evaluated, self._reach.metric)
        self._reached = is_reached(self._reach.metric, value, self._reach.target)
        line = replace(
            self._line(piece.epoch, evaluated),
            epoch_share=_stopped_at(trained, piece),
            reached=self._reached,
            diverged=trained.finite is False,
            training_j=self._training.last_j,
            training_s=trained.duration_s,
            training_loss=trained.loss,
        )
        self._diverged = line.diverged is True
        self._values.append(math.nan if value is None else value)
        self._lines.append(line)
        self._listener.epoch(line)

    def _untrained(self) -> Epoch:
        """Epoch 0: the network as it was made, from which a curve over energy begins. It is trained all the same where
        it is at its target."""
        evaluated = self._evaluated(0)
        self._evaluated_images = evaluated.images
        line = self._line(0, evaluated)
        return replace(line, reached=False, diverged=False, training_j=0.0, training_s=0.0)

    def _evaluated(self, number: int) -> PhaseResult:
        self._listener.phase(self._task, f"evaluation {number}")
        return self._evaluation.run(self._worker.evaluate(**self._reach.evaluate), self._listener.event)

    def _scored(self) -> None:
        self._listener.phase(self._task, "scoring")
        result = self._scoring.run(self._worker.evaluate(**self._reach.score), self._listener.event)
        self._score = _metric(result, self._reach.metric)

    def _line(self, number: int, evaluated: PhaseResult) -> Epoch:
        """What is known of an epoch by its evaluation."""
        task, (attempt, session) = self._task, self._attempt
        return Epoch(
            task=task.id,
            test=task.test.name,
            model=task.test.model,
            repeat=task.repeat,
            attempt=attempt,
            session=session,
            epoch=number,
            metric=self._reach.metric,
            value=_metric(evaluated, self._reach.metric),
            reached=None,
            diverged=None,
            training_j=None,
            evaluation_j=self._evaluation.last_j,
            training_s=None,
            evaluation_s=evaluated.duration_s,
            training_loss=None,
            accuracy=evaluated.accuracy,
            loss=evaluated.loss,
            dice=evaluated.dice,
            dice_by_class=evaluated.dice_by_class,
        )

    @property
    def _is_spent(self) -> bool:
        return self._allowance is not None and self._allowance.spent

    def _keep(self) -> None:
        """What was learned when the budget ended, with the optimizer: training can go on from there."""
        attempt = self._attempt[0]
        place = self._plan.folder / CHECKPOINTS / f"{self._task.id}{f'.a{attempt}' if attempt > 1 else ''}"
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            self._worker.checkpoint(place)
        except (OSError, WorkerError) as error:
            self._plan.tell(f"what {self._task.id} had learned when its budget was spent could not be kept: {error}")
            return
        self._checkpoint = str(place.relative_to(self._plan.folder))

    @property
    def _ended_by(self) -> str:
        """What ended the training; a target that was reached in the epoch that spent the budget comes first."""
        if self._reached:
            return "target"
        if self._is_spent:
            return "budget"
        return "divergence" if self._diverged else "epochs"

    def _event(self, event: PhaseProgress | EpochResult) -> None:
        self._watch.runs()
        self._listener.event(event)

    def _train_options(self, piece: Piece) -> Options:
        options = {"epochs": 1, "resume": piece.epoch > 1 or piece.begin > 0, **self._reach.train}
        if not piece.is_whole_epoch:
            options.update(continue_epoch=piece.begin > 0)
            if not piece.ends_epoch:
                options.update(passes=piece.end - piece.begin)
        if self._reach.target is None and self._allowance is None:
            batches = max(-(-self._trained // int(self._task.test.load["batch"])), 1)
            begin = piece.epoch - 1 + piece.begin / batches
            end = piece.epoch if piece.ends_epoch else piece.epoch - 1 + piece.end / batches
            ends = {"schedule_from": begin / self._reach.epochs, "schedule_to": end / self._reach.epochs}
            options.update(lr_schedule="cosine", **ends)
        return options

    def _rows(self, failure: Exception | None) -> list[Row]:
        reach, values = self._reach, self._values
        rows = []
        parts = (self._training, self._evaluation, self._scoring)
        for part in parts if self._scoring.ran else parts[:2]:
            row = part.finished()
            goal = Goal(
                target_metric=reach.metric,
                target=reach.target,
                reached=self._reached if reach.target is not None else None,
                best=better(reach.metric, values),
                final=values[-1] if values and math.isfinite(values[-1]) else None,
                most_epochs=reach.epochs,
                parts=row.goal.parts,
                evaluated_on=str(reach.evaluate.get("part", "test")),
                score=self._score,
                scored_on=None if self._score is None else str(reach.score.get("part", "test")),
            )
            trained = self._lines[-1].epochs_trained if self._lines else 0
            row = replace(row, goal=goal, work=replace(row.work, epochs=trained)).with_names(*_GOAL)
            row = self._watch.ended(row)
            if self._allowance is not None and row.phase == "training":
                row = self._with_budget(row, self._allowance)
            rows.append(row if failure is None else self._watch.failed(row, failure))
        return rows

    def _with_budget(self, row: Row, allowance: Allowance) -> Row:
        """The row of the training with its budget and what ended it."""
        goal = replace(
            row.goal,
            budget=allowance.limit.text,
            budget_j=allowance.limit_j,
            budget_why=allowance.limit.why,
            ended_by=self._ended_by,
            checkpoint=self._checkpoint,
        )
        row = replace(row, goal=goal).with_names(*_BUDGET)
        if goal.ended_by == "budget":
            self._plan.tell(f"{self._task.id}: {allowance.end_text(row.energy_j)}")
        return row
