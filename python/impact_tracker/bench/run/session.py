"""One session of a campaign: its tasks under one tracker, from one look at the idle machine to the other."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace

from ...runner import EpochResult, PhaseProgress, WorkerError
from ..judge.baseline import AFTER, BEFORE, levels_at
from ..judge.checks import Rules, judge, to_judge
from ..plan.modes import mode_of
from ..plan.settings import Settings
from ..plan.suites import tests_of
from ..plan.task import Task
from ..plan.test import ASIDE, Test
from ..row.log import last_attempt, roofs_of
from ..row.make import idle_row, measured_by, with_energy, with_verdict
from ..row.row import Epoch, Line, Row, TaskEnd
from ..row.storage import Storage
from .equipment import Equipment, Plan
from .execution import Execution
from .memory import estimated_bytes
from .meter import Meter
from .progress import Progress
from .roof import is_measured, roof_plan, roof_runs


class Session:
    """Runs tasks and writes their rows, judged, as soon as each phase has ended."""

    def __init__(
        self, storage: Storage, settings: Settings, equipment: Equipment, number: int, progress: Progress
    ) -> None:
        self._storage, self._settings, self._equipment = storage, settings, equipment
        self._number, self._progress = number, progress
        self._mode = mode_of(settings)
        self._rules = Rules(settings, self._mode.strict)
        self._meter = Meter(equipment.tracker, self._mode.phase_s)
        self._record = os.path.relpath(equipment.tracker.path, storage.folder)
        self._before: Row | None = None
        self._warm: Row | None = None  # what the running task warmed up by, until a phase has followed
        self._phases: list[str] = []  # those of the running task that have rows

    def run(self, tasks: Sequence[Task], lines: Sequence[Line]) -> None:
        """Runs every task. `lines` are those that earlier sessions wrote."""
        self._before = self._idle(BEFORE)
        self._measure_roof(tasks, lines)
        plan = Plan(
            self._settings,
            self._number,
            self._mode.delay_s,
            self._meter.phase_s,
            self._meter.latest_period_s,
            self._mode.warm_up_s,
            self._meter.warming,
            self._storage.claim,
            self._need(),
            self._progress.line,
            self._storage.folder,
        )
        execution = Execution(self._equipment, plan, self)
        for number, task in enumerate(tasks):
            if number and self._mode.cool_down_s > 0:
                self._equipment.sleep(self._mode.cool_down_s)
            attempt = 1 + last_attempt(lines, task.id)
            self._phases, self._warm = [], None
            reason = execution.run(task, attempt)
            status = "failed" if reason else "ok"
            self._storage.append(TaskEnd(task.id, attempt, self._number, status, reason, tuple(self._phases)))
            self._progress.task_done()
        self._idle(AFTER)

    def _measure_roof(self, tasks: Sequence[Task], lines: Sequence[Line]) -> None:
        """Once a campaign, anew where an earlier session was interrupted in it: the most that the machine does. A
        worker that cannot does not end the campaign."""
        planned = self._storage.head().tasks
        is_first = self._storage.part is None or self._storage.part == next(iter(planned), None)
        plan = roof_plan(self._settings, tasks, tests_of(self._settings))
        if plan is None or not is_first or is_measured(roofs_of(lines)):
            return
        equipment, progress = self._equipment, self._progress
        try:
            for run in roof_runs(plan, equipment.open_worker, equipment.tracker, progress.says, self._number):
                self._storage.append(run)
        except (WorkerError, OSError) as error:
            progress.line(f"the machine's roof was not measured: {error}")

    def _need(self) -> Callable[[Test], int | None]:
        """A function that estimates the bytes that a test will take, from what the worker said of its networks."""
        networks = self._storage.head().networks
        return lambda test: estimated_bytes(test, networks[test.model]) if test.model in networks else None

    def phase(self, task: Task, phase: str) -> None:
        """A phase begins."""
        self._progress.phase(task, phase)

    def event(self, event: PhaseProgress | EpochResult) -> None:
        """The worker reports progress or an epoch."""
        self._progress.event(event)

    def row(self, row: Row) -> None:
        """A phase has ended: its row is judged and written."""
        row = self._spoken(row)
        if row.phase not in ASIDE:
            steady = self._meter.thermal(row, self._warm)
            self._warm = None  # of the phase that follows it alone
            known = {name: value for name, value in steady._asdict().items() if value is not None}
            row = replace(row, around=replace(row.around, **known)).with_names(*known)
        elif row.around.settled is not None:
            self._warm = row
        period_s = self._meter.period_s(row)
        row = replace(row, around=replace(row.around, sample_period_s=period_s))
        if to_judge(row):
            levels = levels_at(row, self._before, None)  # what comes after is held against it in the end
            row = with_verdict(row, judge(row, levels, self._rules))
        self._storage.append(row)
        self._phases.append(row.phase)
        self._progress.row(row)

    def epoch(self, epoch: Epoch) -> None:
        """An epoch of a training and the evaluation after it have ended."""
        self._storage.append(epoch)
        self._progress.epoch(epoch)

    def _spoken(self, row: Row) -> Row:
        """The row with the name of its record and the sensors that were silent in it."""
        row = replace(row, origin=replace(row.origin, record=self._record))
        return replace(row, around=replace(row.around, silent=self._meter.silent(row))).with_names("record", "silent")

    def _idle(self, name: str) -> Row | None:
        """Measures the idle machine, from which the energy above idle follows. The meter learns which sensors speak."""
        self._progress.says("the idle machine")
        if self._mode.idle_s <= 0:
            return None
        region = self._equipment.tracker.region(name, edges="tick")
        with region:
            self._equipment.sleep(self._mode.idle_s)
        row = with_energy(idle_row(name, self._number), measured_by(region.result))
        row = replace(row, work=replace(row.work, duration_s=row.measured.region_s)).with_names("duration_s", "region")
        row = self._spoken(row)
        self._storage.append(row)
        return row
