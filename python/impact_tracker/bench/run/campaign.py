"""Campaigns: what was asked, in order, each task in its own worker, everything under one tracker a session."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...weighing import Weighing
from ..plan.modes import mode_of
from ..plan.settings import Settings
from ..plan.suites import tests_of
from ..plan.task import Task, plan
from ..row.head import Head
from ..row.log import current, ends_of, last_attempt, last_session
from ..row.row import SUPERSEDED, Line, Row, TaskEnd
from ..row.storage import Outcome, Storage
from .equipment import Equipment
from .final import settle
from .preflight import WorkerFacts, crowding, preflight
from .progress import Progress
from .session import Session

if TYPE_CHECKING:
    from ...runner import Runner
    from ...tracker import ImpactTracker


def open_runner() -> Runner:
    """A worker. FileNotFoundError says what to install where there is none."""
    from ...runner import Runner

    runner = Runner()
    # Memory that runs out is to end the worker, of which a row tells, and neither this nor somebody else's program.
    with suppress(OSError):
        Path(f"/proc/{runner.pid}/oom_score_adj").write_text("800", encoding="ascii")
    return runner


def open_tracker(logdir: os.PathLike[str], **options: Any) -> ImpactTracker:
    """The tracker of one session."""
    from ...tracker import ImpactTracker

    options.setdefault("share_of", "children")  # the workers' energy, not the campaign's
    return ImpactTracker(logdir, **options)


class Campaign:
    """A folder, its settings and its tasks; `run()` does what is not done yet.

    `open_worker` and `tracker` (a function of logdir and keywords that gives an ImpactTracker) are there for tests.
    """

    def __init__(
        self,
        storage: Storage,
        settings: Settings,
        *,
        open_worker: Callable[[], Runner] = open_runner,
        tracker: Callable[..., ImpactTracker] = open_tracker,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.storage = storage
        self.settings = settings
        self.tasks: list[Task] = plan(settings, tests_of(settings))
        self._open_worker, self._tracker, self._sleep = open_worker, tracker, sleep

    @classmethod
    def create(cls, folder: str | os.PathLike[str], settings: Settings, *, here: bool = True, **tools: Any) -> Campaign:
        """A new campaign in a folder that holds none; nothing is written before everything was looked at. `here`: False
        where other machines will run it, which look for device, memory and data themselves."""
        campaign = cls(Storage(folder), settings, **tools)
        if campaign.storage.exists():
            campaign.storage.create(settings, [], {})  # says that it is there
        machine = campaign.check(here=here)
        campaign.storage.create(settings, [task.id for task in campaign.tasks], about(machine))
        return campaign

    @classmethod
    def resume(
        cls,
        folder: str | os.PathLike[str],
        *,
        repeats: int | None = None,
        redo_invalid: bool = False,
        here: bool = True,
        **tools: Any,
    ) -> Campaign:
        """A campaign of before: what failed or has not run yet is left to do. `repeats`: more of them than were asked
        then; `redo_invalid`: runs that came to their end with rows that do not count are repeated too; `here` as in
        `create`."""
        storage = Storage(folder)
        head = storage.head()
        settings = storage.settings()
        if repeats is not None and repeats != settings.repeats:
            if repeats < settings.repeats:
                raise ValueError(
                    f"the campaign was begun with {settings.repeats} repeats, "
                    f"it cannot have {repeats}: fewer need a folder of their own"
                )
            settings = Settings.from_dict({**settings.to_dict(), "repeats": repeats})
        campaign = cls(storage, settings, **tools)
        with storage:  # a driver that is at work is neither disturbed nor given other tasks
            campaign._renew(head, here)
            if redo_invalid:
                campaign._give_up_invalid()
        return campaign

    def _give_up_invalid(self) -> None:
        """Runs with an invalid row are to be repeated, as a whole. Their lines stay, and say so from now on: whatever
        interrupts this, they are neither averaged nor lost."""
        lines = self.storage.lines()
        ended_well = {task for task, end in ends_of(lines).items() if end.status == "ok"}
        own = ended_well & {task.id for task in self.tasks}
        invalid: dict[str, Row] = {}
        for row in current(lines):
            if row.verdict.invalid and row.task in own:
                invalid.setdefault(row.task, row)
        for task, row in invalid.items():
            reason = f"{row.phase} is invalid: {'; '.join(row.verdict.invalid)}"
            self.storage.append(TaskEnd(task, row.key.attempt, row.key.session or 0, SUPERSEDED, reason, ()))
        runs = "1 run" if len(invalid) == 1 else f"{len(invalid)} runs"
        self.storage.note(f"{runs} with invalid rows to repeat" if invalid else "no invalid row: nothing to repeat")

    def _renew(self, head: Head, here: bool) -> None:
        self.check(here=here)
        self.storage.write_head(self.settings, [task.id for task in self.tasks], head.about)

    def check(self, *, here: bool = True, only: Collection[str] = ()) -> WorkerFacts:
        """Everything that can be known to be wrong before anything runs; `only`: of these tasks."""
        settings = self.settings
        if any(value is not None for value in (settings.zone, settings.intensity_g_per_kwh, settings.pue)):
            Weighing(zone=settings.zone, intensity_g_per_kwh=settings.intensity_g_per_kwh, pue=settings.pue)
        self._check_budget()
        tests = [task.test for task in self.tasks if (task.id in only if only else task.repeat == 1)]
        return preflight(self.settings, tests, self._open_worker, here=here)

    def _check_budget(self) -> None:
        """ValueError for a budget that is no energy here: money without a price, carbon where electricity has none."""
        settings = self.settings
        if settings.budget is None:
            return
        from ...budget import read_amount, read_price
        from ...pacing import limit_of

        weighing = Weighing(zone=settings.zone, intensity_g_per_kwh=settings.intensity_g_per_kwh, pue=settings.pue)
        price = None if settings.price_per_kwh is None else read_price(settings.price_per_kwh)
        try:
            limit_of(read_amount(settings.budget), weighing, price)
        except ValueError as error:
            raise ValueError(f"the budget {error}") from None

    def refuse(self, task: str, reason: str) -> None:
        """A task that cannot run here ends before it began."""
        with self.storage:
            attempt = 1 + last_attempt(self.storage.lines(), task)
            self.storage.append(TaskEnd(task, attempt, 0, "failed", reason, ()))

    def left(self, only: Collection[str] = ()) -> list[Task]:
        """Tasks that did not come to a good end yet; of `only`, where it names any."""
        ends = ends_of(self.storage.lines())
        done = {task for task, end in ends.items() if end.status == "ok"}
        return [task for task in self.tasks if task.id not in done and (not only or task.id in only)]

    def run(self, *, quiet: bool = False, only: Collection[str] = ()) -> Outcome:
        """Every task that is not finished. What was finished stays, whatever ends this."""
        with self.storage:
            lines, left = self.storage.lines(), self.left(only)
            progress = Progress(len(self.tasks), len(self.tasks) - len(left), quiet=quiet)
            for note in self.storage.taken_notes():
                progress.line(note)
            crowded = crowding(self.settings) if left else None
            if crowded is not None:
                progress.line(f"warning: {crowded}")
            try:
                if left:
                    self._session(left, lines, progress)
            except BaseException:
                with suppress(Exception):  # what ended the session is to be told, not what came of it
                    self._settle()
                raise
            finally:
                progress.clear()
            self._settle()
        return self.storage.outcome()

    def _session(self, left: list[Task], lines: list[Line], progress: Progress) -> None:
        settings, storage = self.settings, self.storage
        number = self._session_number(left, lines)
        tags = {"campaign": storage.folder.name, "suite": settings.suite, "mode": settings.mode}
        weighing = {"zone": settings.zone, "intensity_g_per_kwh": settings.intensity_g_per_kwh, "pue": settings.pue}
        with self._tracker(storage.folder, interval_s=settings.interval_s, tags=tags, **weighing) as tracker:
            equipment = Equipment(self._open_worker, tracker, self._sleep)
            Session(storage, settings, equipment, number, progress).run(left, lines)

    def _session_number(self, left: list[Task], lines: list[Line]) -> int:
        """One more than any before; of a driver beside others one by its task's place, which no other has."""
        if self.storage.part is None:
            return 1 + last_session(lines)
        before = sum(1 for line in lines if isinstance(line, TaskEnd) and line.task == left[0].id)
        return 1 + self.tasks.index(left[0]) + len(self.tasks) * before

    def _settle(self) -> None:
        settle(self.storage, self.settings, mode_of(self.settings).strict)


_KEPT_OF_A_NETWORK = ["title", "task", "unit", "parameters", "trainable_parameters", "gmac", "activations", "input"]


def about(machine: WorkerFacts) -> dict[str, object]:
    """Where and with what a campaign was begun; the tracker's record has the machine in full."""
    return {
        "began_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "host": platform.node(),
        "architecture": platform.machine(),
        "python": sys.version.split()[0],
        "torch_version": machine.torch_version,
        "blas": machine.blas,
        "allocator": machine.allocator,
        "devices": machine.devices,
        "worker_threads": machine.threads,
        "networks": {
            name: {fact: getattr(network, fact) for fact in _KEPT_OF_A_NETWORK}
            for name, network in machine.networks.items()
        },
    }
