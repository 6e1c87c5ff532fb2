"""Campaigns: what was asked, in order, each task in its own worker, everything under one tracker a session."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ...weighing import Weighing
from ..judge.baseline import AFTER, BEFORE, levels_at
from ..judge.validity import judge
from ..plan.modes import mode_of
from ..plan.settings import Settings
from ..plan.suites import Test, tests_of
from ..plan.task import Task, plan
from ..plan.test import ASIDE
from ..row.log import ends_of
from ..row.rows import SUPERSEDED, Row, add_energy, current
from ..row.storage import Outcome, Storage
from .execution import Execution
from .final import settle
from .memory import estimated_bytes
from .meter import Meter
from .preflight import Machine, preflight
from .progress import Progress


def open_runner() -> Any:
    """A worker. FileNotFoundError says what to install where there is none."""
    from ...runner import Runner

    runner = Runner()
    # Memory that runs out is to end the worker, of which a row tells, and neither this nor somebody else's program.
    with suppress(OSError):
        Path(f"/proc/{runner.pid}/oom_score_adj").write_text("800", encoding="ascii")
    return runner


def open_tracker(logdir: os.PathLike[str], **options: Any) -> Any:
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
        open_worker: Callable[[], Any] = open_runner,
        tracker: Callable[..., Any] = open_tracker,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.storage = storage
        self.settings = settings
        self.tasks: list[Task] = plan(settings, tests_of(settings))
        self._mode = mode_of(settings)
        self._open_worker = open_worker
        self._tracker = tracker
        self._sleep = sleep
        self._written: dict[tuple[str, int], list[str]] = {}  # phases of the attempts that have not ended

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
        ends, own = ends_of(lines), {task.id for task in self.tasks}
        found: dict[str, Row] = {}
        for row in current(lines):
            if row.get("invalid") and row["task"] in own and ends.get(row["task"], {}).get("status") == "ok":
                found.setdefault(row["task"], row)
        for task, row in found.items():
            reason = f"{row['phase']} is invalid: {'; '.join(row['invalid'])}"
            self._end(task, row["attempt"], int(row.get("session") or 0), SUPERSEDED, reason)
        runs = "1 run" if len(found) == 1 else f"{len(found)} runs"
        self.storage.note(f"{runs} with invalid rows to repeat" if found else "no invalid row: nothing to repeat")

    def _renew(self, head: dict[str, Any], here: bool) -> None:
        self.check(here=here)
        kept = {name: value for name, value in head.items() if name not in ("schema", "settings", "tasks")}
        self.storage.write_head(self.settings, [task.id for task in self.tasks], kept)

    def check(self, *, here: bool = True, only: Collection[str] = ()) -> Machine:
        """Everything that can be known to be wrong before anything runs; `only`: of these tasks."""
        settings = self.settings
        if any(value is not None for value in (settings.zone, settings.intensity_g_per_kwh, settings.pue)):
            pue = 1.0 if settings.pue is None else settings.pue
            Weighing(zone=settings.zone, intensity_g_per_kwh=settings.intensity_g_per_kwh, pue=pue)
        tests = [task.test for task in self.tasks if (task.id in only if only else task.repeat == 1)]
        return preflight(self.settings, tests, self._open_worker, here=here)

    def refuse(self, task: str, reason: str) -> None:
        """A task that cannot run here ends before it began."""
        with self.storage:
            ends = [line for line in self.storage.lines() if line.get("task") == task]
            attempt = 1 + max((line["attempt"] for line in ends), default=0)
            self._end(task, attempt, 0, "failed", reason)

    def _end(self, task: str, attempt: int, session: int, status: str, reason: str | None) -> None:
        """A task's last line. It names the phases that have rows: by that is known later whether one was damaged."""
        line = {"kind": "task", "task": task, "attempt": attempt, "session": session, "status": status}
        phases = self._written.pop((task, attempt), [])
        self.storage.append({**line, "reason": reason, "phases": phases})

    def left(self, only: Collection[str] = ()) -> list[Task]:
        """Tasks that did not come to a good end yet; of `only`, where it names any."""
        ends = ends_of(self.storage.lines())
        done = {task for task, end in ends.items() if end["status"] == "ok"}
        return [task for task in self.tasks if task.id not in done and (not only or task.id in only)]

    def run(self, *, quiet: bool = False, only: Collection[str] = ()) -> Outcome:
        """Every task that is not finished. What was finished stays, whatever ends this."""
        with self.storage:
            lines, left = self.storage.lines(), self.left(only)
            progress = Progress(len(self.tasks), len(self.tasks) - len(left), quiet=quiet)
            for note in self.storage.taken_notes():
                progress.line(note)
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

    def _session(self, left: list[Task], lines: list[Row], progress: Progress) -> None:
        session = self._session_number(left, lines)
        with self._tracked() as tracker:
            record = os.path.relpath(tracker.path, self.storage.folder)
            progress.says("the idle machine")
            meter = Meter(tracker)
            before = self._idle(tracker, BEFORE, session, meter)

            def emit(row: Row) -> None:
                row["record"], row["silent"] = record, meter.silent(row)
                if row["phase"] not in ASIDE:
                    row.update(meter.thermal(row))
                levels = levels_at(row, before, None)  # what comes after is held against it in the end
                judge(row, self.settings, meter.period_s(row), levels, self._mode.strict)
                self.storage.append(row)
                self._written.setdefault((row["task"], row["attempt"]), []).append(row["phase"])
                progress.row(row)

            def note(line: Row) -> None:
                self.storage.append(line)
                progress.epoch(line)

            execution = self._execution(tracker, emit, progress, session, meter, note)
            for number, task in enumerate(left):
                if number and self._mode.cool_down_s > 0:
                    self._sleep(self._mode.cool_down_s)
                attempt = 1 + max((line["attempt"] for line in lines if line.get("task") == task.id), default=0)
                reason = execution.run(task, attempt)
                status = "failed" if reason else "ok"
                self._end(task.id, attempt, session, status, reason)
                progress.task_done()
            progress.says("the idle machine")
            self._idle(tracker, AFTER, session, meter)

    def _session_number(self, left: list[Task], lines: list[Row]) -> int:
        """One more than any before; of a driver beside others one by its task's place, which no other has."""
        if self.storage.part is None:
            return 1 + max((int(line.get("session", 0)) for line in lines), default=0)
        before = sum(1 for line in lines if line.get("kind") == "task" and line["task"] == left[0].id)
        return 1 + self.tasks.index(left[0]) + len(self.tasks) * before

    def _execution(
        self,
        tracker: Any,
        emit: Callable[[Row], None],
        progress: Progress,
        session: int,
        meter: Meter,
        note: Callable[[Row], None],
    ) -> Execution:
        names = ("device", "precision", "layout", "threads", "replicas")
        machine = {name: getattr(self.settings, name) for name in names}
        return Execution(
            tracker,
            self._open_worker,
            emit,
            progress,
            machine,
            session=session,
            claim=self.storage.claim,
            phase_s=meter.phase_s,
            delay_s=self._mode.delay_s,
            need=self._need(),
            sleep=self._sleep,
            note=note,
        )

    def _need(self) -> Callable[[Test], int | None]:
        """Bytes that a test will take about, by what the worker said of its networks."""
        networks = dict(self.storage.head().get("networks") or {})
        return lambda test: estimated_bytes(test, networks[test.model]) if test.model in networks else None

    @contextmanager
    def _tracked(self) -> Iterator[Any]:
        settings = self.settings
        tags = {"campaign": self.storage.folder.name, "suite": settings.suite, "mode": settings.mode}
        weighing = {"zone": settings.zone, "intensity_g_per_kwh": settings.intensity_g_per_kwh, "pue": settings.pue}
        with self._tracker(self.storage.folder, interval_s=settings.interval_s, tags=tags, **weighing) as tracker:
            yield tracker

    def _settle(self) -> None:
        settle(self.storage, self.settings, self._mode.strict)

    def _idle(self, tracker: Any, name: str, session: int, meter: Meter) -> Row | None:
        """The machine without us, for the energy above idle. `meter` learns which sensors speak."""
        seconds = self._mode.idle_s
        if seconds <= 0:
            return None
        region = tracker.region(name, edges="tick")
        with region:
            self._sleep(seconds)
        row: Row = {
            "kind": "row",
            "task": f"{name}.s{session}",
            "phase": "idle",
            "attempt": session,
            "session": session,
            "status": "ok",
        }
        add_energy(row, region.result)
        row["duration_s"] = row.get("region_s")
        row["region"], row["record"] = name, os.path.relpath(tracker.path, self.storage.folder)
        row["silent"] = meter.silent(row)
        self.storage.append(row)
        return row


_NETWORK_FACTS = ("title", "task", "unit", "parameters", "trainable_parameters", "gmac", "activations", "input")


def about(machine: Machine) -> dict[str, Any]:
    """Where and with what a campaign was begun; the tracker's record has the machine in full."""
    return {
        "began_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "host": platform.node(),
        "architecture": platform.machine(),
        "python": sys.version.split()[0],
        "torch_version": machine.get("torch_version"),
        "blas": machine.get("blas"),
        "allocator": machine.get("allocator"),
        "devices": machine.get("devices"),
        "worker_threads": machine.get("threads"),
        "networks": {
            name: {key: network.get(key) for key in _NETWORK_FACTS}
            for name, network in dict(machine.get("networks") or {}).items()
        },
    }
