"""A study from its first run to its last: what is not done yet is run under one tracker, each line kept as it comes."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TextIO

from ...digits import duration, energy
from .execute import StudyBench, execute
from .measure import PointMeter
from .point import StudyRun, StudyTask
from .store import StudyPlan, StudyStore, left_of

if TYPE_CHECKING:
    from ...tracker import ImpactTracker

Execute = Callable[[StudyTask, StudyBench], StudyRun]
Open = Callable[[StudyStore, StudyPlan], "ImpactTracker"]
_BAR = 24


def open_tracker(store: StudyStore, plan: StudyPlan) -> ImpactTracker:
    """The tracker of one session, whose record lies in the study's folder."""
    from ...tracker import ImpactTracker

    return ImpactTracker(
        store.folder,
        tags={"study": plan.study, "preset": plan.preset},
        zone=plan.zone,
        intensity_g_per_kwh=plan.intensity_g_per_kwh,
        pue=plan.pue,
    )


class PointsOutcome(NamedTuple):
    """The runs of a study, of `total` that were asked for, and what was left out of its file."""

    plan: StudyPlan
    runs: list[StudyRun]
    total: int
    notes: list[str]

    @property
    def good(self) -> list[StudyRun]:
        """Those that may be averaged."""
        return [run for run in self.runs if run.is_good]

    @property
    def failed(self) -> list[StudyRun]:
        """The others, with their reasons."""
        return [run for run in self.runs if not run.is_good]


def conduct(
    store: StudyStore,
    plan: StudyPlan,
    *,
    run_task: Execute = execute,
    tracker: Open = open_tracker,
    quiet: bool = False,
) -> PointsOutcome:
    """Runs what has no good line yet. Whatever ends this, the lines up to then stay, and `--resume` goes on."""
    tasks = plan.tasks()
    with store:
        runs, notes = store.runs()
        left = left_of(tasks, runs)
        progress = StudyProgress(len(tasks), len(tasks) - len(left), quiet=quiet)
        for note in notes:
            progress.line(note)
        if left:
            with tracker(store, plan) as opened:
                bench = StudyBench(PointMeter(opened), data_folder=plan.data_folder, tell=progress.line)
                for task in left:
                    progress.begins(task)
                    run = run_task(task, bench)
                    store.append(run)
                    progress.ended(run)
        progress.clear()
        return outcome_of(store, plan)


def outcome_of(store: StudyStore, plan: StudyPlan | None = None) -> PointsOutcome:
    """What a folder holds of its plan."""
    plan = plan or store.plan()
    asked = {task.id for task in plan.tasks()}
    runs, notes = store.runs()
    return PointsOutcome(plan, [run for run in runs if run.task in asked], len(asked), notes)


class StudyProgress:
    """On standard error: a bar with the time left on a terminal, one line a finished run elsewhere. It is drawn between
    runs and not in them: drawing would be in their energy."""

    def __init__(self, total: int, done: int, *, stream: TextIO | None = None, quiet: bool = False) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._quiet = quiet
        self._bar = not quiet and self._stream.isatty() and os.environ.get("TERM") != "dumb"
        self._total, self._done, self._before = total, done, done
        self._began = time.monotonic()

    def begins(self, task: StudyTask) -> None:
        """A run begins."""
        if not self._bar:
            return
        filled = round(_BAR * self._done / max(self._total, 1))
        text = f"[{'#' * filled}{' ' * (_BAR - filled)}] {self._done}/{self._total}{self._left()} {task.id}"
        self._write("\r" + text[:119] + "\x1b[K")

    def ended(self, run: StudyRun) -> None:
        """A run has ended."""
        self._done += 1
        if not run.is_good:
            self.line(f"{run.task}: failed: {run.reason}")
            return
        score = "" if run.score is None else f", {run.metric} {run.score:.3f}"
        missed = " (target missed)" if run.reached is False else ""
        cost = f"{duration(run.training_s)}, {energy(run.training_j, run.training.half_j)}"
        count = "" if self._bar else f" ({self._done}/{self._total}{self._left()})"
        self.line(f"{run.task}: {cost}{score}{missed}{count}")

    def _left(self) -> str:
        done = self._done - self._before
        if not done or self._done >= self._total:
            return ""
        each_s = (time.monotonic() - self._began) / done
        return f", about {duration(round(each_s * (self._total - self._done)))} left"

    def line(self, text: str) -> None:
        """A line that stays."""
        if not self._quiet:
            self.clear()
            self._write(text + "\n")

    def clear(self) -> None:
        """Takes the bar away."""
        if self._bar:
            self._write("\r\x1b[K")

    def _write(self, text: str) -> None:
        """A terminal or a reader that has gone ends what is said, and not the study."""
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            self._quiet, self._bar = True, False
