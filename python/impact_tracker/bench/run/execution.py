"""Runs one task: a worker is started, every phase is a region of the campaign's tracker, every phase is a row."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol

from ...runner import EpochResult, PhaseProgress, WorkerError, cpu_seconds, default_threads
from ..judge.samples import LEAST_SAMPLES
from ..plan.task import Task
from ..plan.test import ASIDE, Step, Test
from ..row.rows import Row, Settled, add_energy, add_loaded, add_ratios, add_settled, add_work, new_row
from .circumstances import Circumstances
from .course import Course
from .memory import shown, system_memory
from .settling import chunk_seconds, images_for, settle

CLOSE_GRACE_S = 2.0


class Tracker(Protocol):
    """What is needed of an ImpactTracker."""

    def region(self, name: str, *, edges: str | None = None) -> Any:
        """A part of the run, as context manager with a `result`."""


class Watcher(Protocol):
    """Sees how a task goes: progress bars, or nothing."""

    def phase(self, task: Task, phase: str) -> None:
        """A phase begins."""

    def event(self, event: PhaseProgress | EpochResult) -> None:
        """The worker reports progress or an epoch."""


class TaskFailedError(RuntimeError):
    """A task cannot go on; its rows up to here stay."""


class Execution:
    """Runs tasks, one after another, each in a worker of its own.

    `open_worker`: starts one (an `impact_tracker.Runner`); `emit`: takes every row as soon as its phase has ended.
    `machine`: device, precision, layout and threads that every network is loaded with. `claim`: the images of
    a phase whose work follows from `phase_s`, the seconds it must take: the number found first is kept.
    `delay_s`: longest random wait before a phase (a slow sensor's period where that is longer). `need`: bytes that a
    test will take about, where that is known. `note`: takes the lines of a training's epochs.
    """

    def __init__(
        self,
        tracker: Tracker,
        open_worker: Callable[[], Any],
        emit: Callable[[Row], None],
        watcher: Watcher,
        machine: Mapping[str, Any],
        *,
        session: int = 1,
        claim: Callable[[str, int], int] = lambda name, images: images,
        phase_s: Callable[[], float] = lambda: 60.0,
        delay_s: float = 0.0,
        need: Callable[[Test], int | None] = lambda test: None,
        sleep: Callable[[float], None] = time.sleep,
        note: Callable[[Row], None] = lambda line: None,
    ) -> None:
        self._note = note
        self._tracker = tracker
        self._open_worker = open_worker
        self._emit = emit
        self._watcher = watcher
        self._machine = dict(machine)
        self._session = session
        self._claim = claim
        self._phase_s = phase_s
        self._delay_s = delay_s
        self._need = need
        self._sleep = sleep
        self._worker: Any = None
        self._loaded: dict[str, Any] = {}
        self._settled: Settled | None = None
        limit, asked = default_threads(), self._machine.get("threads")
        self._machine["threads"] = asked or limit.to_tell
        self._threads = {"threads_by": "asked" if asked else limit.by, "cpu_quota": limit.quota}

    def run(self, task: Task, attempt: int = 1) -> str | None:
        """Every step of the task; the reason where it had to end early. The worker has ended when this returns."""
        self._worker, self._loaded, self._settled = None, {}, None
        delays = random.Random(f"{task.id}/{task.seed}/{attempt}")
        try:
            self._measured(task, attempt, "load", partial(self._load, task))
            for step in task.test.steps:
                if self._delay_s > 0 and step.phase not in ASIDE:
                    # A period of the slowest sensor at least, or its window would fall alike every time.
                    self._sleep(delays.uniform(0, max(self._delay_s, self._phase_s() / LEAST_SAMPLES)))
                if step.command == "reach":
                    self._course(task, attempt, step)
                else:
                    self._measured(task, attempt, step.phase, partial(self._step, task, step))
        except TaskFailedError as failure:
            return str(failure)
        finally:
            self._close()
        return None

    def _measured(self, task: Task, attempt: int, phase: str, work: Callable[[Row, Any], None]) -> None:
        """One phase: its region, its row. TaskFailedError after the row of a phase that failed was written."""
        self._watcher.phase(task, phase)
        row = new_row(task, phase, attempt, self._session)
        row["region"] = f"{task.id}/{phase}" + (f"#{attempt}" if attempt > 1 else "")
        region = self._tracker.region(row["region"], edges="tick")
        around = Circumstances()
        try:
            work(row, region)
        except Exception as error:  # whatever a worker answers: one test that fails does not end a campaign
            around.failed(row, error)
        around.note(row)
        add_energy(row, region.result)
        self._finish(row)
        if row["status"] != "ok":
            raise TaskFailedError(f"{phase}: {row['reason']}")

    def _finish(self, row: Row) -> None:
        row.update(self._threads)
        add_loaded(row, {**self._loaded, **{key: row[key] for key in self._loaded if key in row}})
        row.setdefault("duration_s", row.get("region_s"))
        add_ratios(row)
        self._emit(row)

    def _course(self, task: Task, attempt: int, step: Step) -> None:
        """Epochs and evaluations by turns, until a target is reached."""
        course = Course(task, step, attempt, self._session, self._worker, self._tracker)
        rows, failure = course.run(self._watcher, self._note)
        for row in rows:
            if self._settled is not None:
                add_settled(row, self._settled)
            self._finish(row)
        if failure is not None:
            raise TaskFailedError(f"training: {rows[0]['reason']}")

    def _load(self, task: Task, row: Row, region: Any) -> None:
        self._check_memory(self._need(task.test))  # nothing is started that cannot fit
        # Starting the process and loading libtorch is part of what loading a network costs.
        with region:
            self._worker = self._open_worker()
            self._loaded = self._worker.load(task.test.model, **task.test.load, **self._machine, seed=task.seed).raw
        estimate = dict(self._loaded.get("estimated_memory_bytes") or {})
        self._check_memory(estimate.get("train" if "training" in task.test.phases else "infer"))

    def _check_memory(self, need: float | None) -> None:
        memory = system_memory()
        if need and memory and need > memory[1] and str(self._machine.get("device", "cpu")) == "cpu":
            raise WorkerError(
                "out-of-memory",
                f"it needs about {shown(need)}, {shown(memory[1])} are free",
                "a smaller --batch, or a machine with more memory",
            )

    def _step(self, task: Task, step: Step, row: Row, region: Any) -> None:
        if step.command == "settle":
            with region:
                chunk_s = chunk_seconds(self._phase_s())
                settled = settle(self._worker, self._tracker, row["region"], step.options, chunk_s)
            self._settled = settled
            row.update(duration_s=settled.seconds, passes=settled.passes)
            add_settled(row, settled)
        elif step.command == "warm_up":
            with region:
                row["duration_s"] = self._worker.warm_up(**step.options)
            row["passes"] = step.options.get("passes")
        else:
            options = {**step.options, **({"images": self._images(task, step)} if step.sized else {})}
            phase = getattr(self._worker, step.command)(**options)  # prepared: data and optimizer are there
            before = self._cpu_s()
            with region:
                done = phase.run(self._watcher.event)
            add_work(row, done.raw)
            after = self._cpu_s()
            if before is not None and after is not None and row["duration_s"] > 0:
                row["worker_cpus"], row["cpus"] = (after - before) / row["duration_s"], os.cpu_count()
            if self._settled is not None:
                add_settled(row, self._settled)

    def _cpu_s(self) -> float | None:
        return cpu_seconds(getattr(self._worker, "pid", None))

    def _images(self, task: Task, step: Step) -> int:
        """Found from the first run's speed, the same for every run after it: work is what is fixed, not time."""
        assert self._settled is not None, "a sized phase comes after settling"
        images = images_for(self._phase_s(), self._settled.pass_s, int(task.test.load["batch"]))
        return self._claim(f"{task.test.name}.{step.phase}", images)

    def _close(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.close(CLOSE_GRACE_S)
