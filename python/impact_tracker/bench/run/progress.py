"""How a campaign goes, on standard error: a bar on a terminal, one line a finished phase elsewhere.

The bar is drawn here and not by rich. It is drawn ten times a second while a phase is measured, and rich takes about
50 times as long for it (0.4 to 0.6 ms of CPU against 0.01 ms), which would be in the energy of every row; it may be
absent; and it ends the program when the reader of a pipe has gone, where a campaign is to go on.
"""

from __future__ import annotations

import time
from typing import TextIO

from ... import digits
from ...report.status_line import StatusLine
from ...runner import EpochResult, PhaseProgress
from ..plan.task import Task
from ..plan.test import ASIDE
from ..row.row import Epoch, Row

_PERIOD_S = 0.1


class Progress(StatusLine):
    """`total`: tasks of the campaign; `done`: those that an earlier session finished."""

    def __init__(self, total: int, done: int = 0, *, stream: TextIO | None = None, quiet: bool = False) -> None:
        super().__init__(stream, quiet=quiet)
        self._total, self._done, self._before = total, done, done
        self._began = time.monotonic()
        self._text = ""
        self._begin, self._width = 0.0, 1.0  # of a task: where its phase begins, and its share
        self._next = 0.0

    def phase(self, task: Task, phase: str) -> None:
        """A phase begins."""
        self._text = f"{task.test.name} run {task.repeat}: {phase}"
        phases = task.test.phases
        self._begin, self._width = (phases.index(phase) if phase in phases else 0) / len(phases), 1 / len(phases)
        self._draw(None, "")

    def says(self, text: str) -> None:
        """What goes on between tasks."""
        self._text, self._begin = text, 0.0
        self._draw(None, "")

    def event(self, event: PhaseProgress | EpochResult) -> None:
        """The worker's progress."""
        if not isinstance(event, PhaseProgress) or time.monotonic() < self._next:
            return
        rate = f" {event.images / event.elapsed_s:,.0f} images/s" if event.elapsed_s > 0 else ""
        self._draw(event.fraction, rate + ("" if event.loss is None else f" loss {event.loss:.3f}"))

    def row(self, row: Row) -> None:
        """A phase has ended."""
        if row.phase in ASIDE and row.status == "ok":
            return
        goal, work = row.goal, row.work
        cost = f"{digits.duration(work.duration_s)}, {digits.energy(row.energy_j)}"
        text = f"{row.test} run {row.facts.repeat} {row.phase}: {cost}"
        if work.accuracy is not None:
            text += f", accuracy {work.accuracy:.1%}"
        if row.phase == "training" and goal.reached is not None:
            after = "1 epoch" if work.epochs == 1 else f"{work.epochs or 0:.4g} epochs"
            text += f"; {goal.target_metric} {goal.target:g} " + (
                f"reached after {after}" if goal.reached else "missed"
            )
        if row.status != "ok":
            text += f"; failed: {row.reason}"
        elif row.verdict.invalid:
            text += f"; invalid: {'; '.join(row.verdict.invalid)}"
        self.line(text)

    def epoch(self, epoch: Epoch) -> None:
        """An epoch and its evaluation have ended."""
        value = "unknown" if epoch.value is None else f"{epoch.value:.4f}"
        cost = f"{digits.energy(epoch.training_j)} and {digits.energy(epoch.evaluation_j)} for the evaluation"
        self.line(f"{epoch.test} run {epoch.repeat} epoch {epoch.epochs_trained:.4g}: {epoch.metric} {value}, {cost}")

    def task_done(self) -> None:
        """A task has ended, well or not."""
        self._done += 1

    def _left(self, fraction: float) -> str:
        """Time left, by what the tasks of this session took."""
        share = (self._done - self._before + fraction) / max(self._total - self._before, 1)
        spent = time.monotonic() - self._began
        return f" {digits.duration(round(spent / share - spent))} left" if share > 0.05 and spent > 2 else ""

    def _draw(self, fraction: float | None, more: str) -> None:
        if not self.has_bar:
            return
        self._next = time.monotonic() + _PERIOD_S
        inside = min(max(fraction or 0.0, 0.0), 1.0)
        of_task = self._begin + self._width * inside
        part = "" if fraction is None else f" {inside:.0%}"
        text = f"{self._done}/{self._total} {self._text}{part}{more}{self._left(of_task)}"
        self.draw(self._done + of_task * 0.9, self._total, text)
