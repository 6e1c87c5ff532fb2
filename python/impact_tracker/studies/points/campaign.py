"""A study from its first run to its last: what is not done yet is run under one tracker, each line kept as it comes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TextIO

from ...digits import duration, energy
from ...report.status_line import StatusLine
from .execute import StudyBench, execute
from .measure import PointMeter
from .point import StudyRun, StudyTask
from .store import StudyPlan, StudyStore, left_of

if TYPE_CHECKING:
    from ...tracker import ImpactTracker

Execute = Callable[[StudyTask, StudyBench], StudyRun]
Open = Callable[[StudyStore, StudyPlan], "ImpactTracker"]


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


class StudyProgress(StatusLine):
    """On standard error: a bar with the time left on a terminal, one line a finished run elsewhere. It is drawn between
    runs and not in them: drawing would be in their energy."""

    def __init__(self, total: int, done: int, *, stream: TextIO | None = None, quiet: bool = False) -> None:
        super().__init__(stream, quiet=quiet)
        self._total, self._done, self._before = total, done, done
        self._began = time.monotonic()

    def begins(self, task: StudyTask) -> None:
        """A run begins."""
        self.draw(self._done, self._total, f"{self._done}/{self._total}{self._left()} {task.id}")

    def ended(self, run: StudyRun) -> None:
        """A run has ended."""
        self._done += 1
        if not run.is_good:
            self.line(f"{run.task}: failed: {run.reason}")
            return
        score = "" if run.score is None else f", {run.metric} {run.score:.3f}"
        missed = " (target missed)" if run.reached is False else ""
        cost = f"{duration(run.training_s)}, {energy(run.training_j, run.training.half_j)}"
        count = "" if self.has_bar else f" ({self._done}/{self._total}{self._left()})"
        self.line(f"{run.task}: {cost}{score}{missed}{count}")

    def _left(self) -> str:
        done = self._done - self._before
        if not done or self._done >= self._total:
            return ""
        each_s = (time.monotonic() - self._began) / done
        return f", about {duration(round(each_s * (self._total - self._done)))} left"
