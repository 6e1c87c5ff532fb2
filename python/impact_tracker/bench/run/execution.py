"""Runs one task: a worker is started, every phase is a region of the session's tracker, every phase is a row."""

from __future__ import annotations

import os
import platform
import random
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from ...runner import EpochResult, Loaded, PhaseProgress, WorkerError, default_threads, others_cpus, taken_by
from ..plan.axes import NOT_SWEPT
from ..plan.task import Task
from ..plan.test import ASIDE, Step
from ..row.make import Settled, begun, measured_by, with_energy, with_loaded, with_settled, with_work
from ..row.row import Row, Work
from .circumstances import Watch
from .course import Course
from .equipment import Equipment, Listener, Plan
from .memory import shown, system_memory
from .settling import chunk_seconds, images_for, settle

if TYPE_CHECKING:
    from ...region import Region
    from ...runner import Phase, Runner

CLOSE_GRACE_S = 2.0


class TaskFailedError(RuntimeError):
    """A task cannot go on; its rows up to here stay."""


class Execution:
    """Runs tasks, one after another, each in a worker of its own."""

    def __init__(self, equipment: Equipment, plan: Plan, listener: Listener) -> None:
        self._equipment = equipment
        self._plan = plan
        self._listener = listener
        self._worker: Runner | None = None
        self._loaded: Loaded | None = None
        self._settled: Settled | None = None
        self._watch = Watch()
        self._default = default_threads()

    def run(self, task: Task, attempt: int = 1) -> str | None:
        """Runs every step of the task. Returns the reason if it had to end early. The worker has ended by then."""
        self._worker, self._loaded, self._settled = None, None, None
        delays = random.Random(f"{task.id}/{task.seed}/{attempt}")
        delay_s = self._plan.delay_s
        try:
            self._measured(task, attempt, "load", partial(self._load, task))
            for step in task.test.steps:
                if delay_s > 0 and step.phase not in ASIDE:
                    # A period of the slowest sensor at least, or its window would fall alike every time.
                    self._equipment.sleep(delays.uniform(0, max(delay_s, self._plan.period_s() or 0.0)))
                if step.reach is not None:
                    self._course(task, attempt, step)
                else:
                    self._measured(task, attempt, step.phase, partial(self._step, task, step))
        except TaskFailedError as failure:
            return str(failure)
        finally:
            self._close()
        return None

    def _measured(self, task: Task, attempt: int, phase: str, work: Callable[[Row, Region], Row]) -> None:
        """Runs one phase in its region and writes its row. TaskFailedError after the row of a failed phase was
        written."""
        self._listener.phase(task, phase)
        row = begun(task, phase, attempt, self._plan.session, platform.node())
        region = self._equipment.tracker.region(row.region, edges="tick")
        self._watch = watch = Watch()
        try:
            row = work(row, region)
        except Exception as error:  # whatever a worker answers: one test that fails does not end a campaign
            row = watch.failed(row, error)
        row = with_energy(watch.ended(row), measured_by(region.result))
        self._finish(row)
        if row.status != "ok":
            raise TaskFailedError(f"{phase}: {row.reason}")

    def _finish(self, row: Row) -> None:
        asked = self._plan.settings.threads or (row.facts.swept or NOT_SWEPT).threads
        threads_by = "asked" if asked else self._default.by
        row = replace(row, setup=replace(row.setup, threads_by=threads_by, cpu_quota=self._default.quota))
        row = row.with_names("threads_by", "cpu_quota")
        if self._loaded is not None:
            row = with_loaded(row, self._loaded)
        if "duration_s" not in row.origin.names:
            row = replace(row, work=replace(row.work, duration_s=row.measured.region_s))
        self._listener.row(row.with_names("duration_s", "j_per_image", "images_per_s"))

    def _course(self, task: Task, attempt: int, step: Step) -> None:
        """Trains and evaluates by turns, until a target is reached."""
        course = Course(task, step, attempt, self._opened, self._equipment, self._plan, self._listener)
        rows, failed = course.run()
        for row in rows:
            self._finish(row if self._settled is None else with_settled(row, self._settled))
        if failed:
            raise TaskFailedError(f"training: {rows[0].reason}")

    @property
    def _opened(self) -> Runner:
        assert self._worker is not None, "a network is loaded before anything is run"
        return self._worker

    def _load(self, task: Task, row: Row, region: Region) -> Row:
        self._check_memory(self._plan.need(task.test))  # nothing is started that cannot fit
        settings = self._plan.settings.at(task.test.point)
        # Starting the process and loading libtorch is part of what loading a network costs.
        with region:
            self._worker = self._equipment.open_worker()
            self._loaded = self._worker.load(
                task.test.model,
                **task.test.load,
                device=settings.device,
                precision=settings.precision,
                layout=settings.layout,
                threads=settings.threads or self._default.to_tell,
                replicas=settings.replicas,
                seed=task.seed,
            )
        estimate = self._loaded.estimated_memory_bytes
        if estimate is not None:
            self._check_memory(estimate.train if "training" in task.test.phases else estimate.infer)
        return row

    def _check_memory(self, need: float | None) -> None:
        memory = system_memory()
        if need and memory and need > memory[1] and self._plan.settings.device == "cpu":
            raise WorkerError(
                "out-of-memory",
                f"it needs about {shown(need)}, {shown(memory[1])} are free",
                "a smaller --batch, or a machine with more memory",
            )

    def _step(self, task: Task, step: Step, row: Row, region: Region) -> Row:
        worker = self._opened
        if step.command == "settle":
            with region:
                settled = settle(
                    worker,
                    self._equipment.tracker,
                    row.region,
                    step.options,
                    chunk_seconds(self._plan.period_s()),
                    phase_s=self._plan.phase_s(),
                    most_s=self._plan.warm_up_s,
                    warming=self._plan.warming,
                )
            self._settled = settled
            work = Work(duration_s=settled.seconds, passes=settled.passes)
            return with_settled(replace(row, work=work).with_names("duration_s", "passes"), settled)
        if step.command == "warm_up":
            with region:
                seconds = worker.warm_up(**step.options)
            work = Work(duration_s=seconds, passes=step.options.get("passes"))
            return replace(row, work=work).with_names("duration_s", "passes")
        options = {**step.options, **(self._amount(task, step) if step.sized else {})}
        prepare: Callable[..., Phase] = getattr(worker, step.command)
        phase = prepare(**options)  # data and optimizer are there
        before = taken_by(getattr(self._worker, "pid", None))
        with region:
            done = phase.run(self._event)
        row = with_work(row, done)
        after = taken_by(getattr(self._worker, "pid", None))
        if before is not None and after is not None and done.duration_s > 0:
            own = (after.process_s - before.process_s) / done.duration_s
            others = others_cpus(before, after)
            around = replace(row.around, worker_cpus=own, others_cpus=others, cpus=os.cpu_count())
            row = replace(row, around=around).with_names("worker_cpus", "others_cpus", "cpus")
        return row if self._settled is None else with_settled(row, self._settled)

    def _event(self, event: PhaseProgress | EpochResult) -> None:
        self._watch.runs()
        self._listener.event(event)

    def _amount(self, task: Task, step: Step) -> dict[str, int]:
        """The number of images of a phase, of epochs where it learns a data set. The first run's speed decides it for
        all runs: their work is fixed, not their time."""
        assert self._settled is not None, "a sized phase comes after settling"
        images = images_for(self._plan.phase_s(), self._settled.pass_s, int(task.test.load["batch"]))
        name = f"{task.test.name}.{step.phase}"
        if "epochs" in step.options:
            return {"epochs": self._plan.claim(name, -(-images // int(step.options["subset"])))}
        return {"images": self._plan.claim(name, images)}

    def _close(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.close(CLOSE_GRACE_S)
