"""`with ImpactTracker("runs/a"): train()`: measure what a program uses, into a record that survives a crash."""

from __future__ import annotations

import atexit
import math
import sys
from collections.abc import Callable, Mapping
from functools import partial
from os import PathLike
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from . import _core
from .budgeted import BudgetedLoops, budget_for, check_budget
from .config import resolve
from .core_guard import CoreGuard, InertCore
from .errors import complain
from .health import Health
from .ranks import run_key
from .region import Region
from .result import Result
from .runinfo import start_info, stop_info
from .setting_values import readable
from .settings import Options, OptionsShown, TrackerSettings, explained
from .weighing import Weighing

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .pacing import Budget
    from .tracked_run import TrackedRun

Function = TypeVar("Function", bound=Callable[..., object])

_NO_TIME_S = 0.05  # a shorter run without a number is no surprise: its result says so

_running: set[ImpactTracker] = set()  # so a tracker that nobody else holds measures on until it is stopped


class _Opened(NamedTuple):
    """A record that was opened, and the run's way into the ledger where it is in one."""

    core: _core.Tracker
    run: TrackedRun | None


@atexit.register
def _stop_all() -> None:
    # The exception that the interpreter showed last has ended the program, where one has.
    kind = getattr(sys, "last_type", None)
    for tracker in list(_running):
        tracker._stop(None if kind is None else kind.__name__)


def running_trackers() -> dict[str, ImpactTracker]:
    """The trackers of this process that measure now, by their records' paths."""
    return {tracker.path: tracker for tracker in list(_running) if tracker.running}


class ImpactTracker(BudgetedLoops):
    """Measures the machine's energy from `start()` to `stop()`, as context manager, as decorator, or by these calls.

    Every argument may also come from the environment or a configuration file (`impact_tracker.config`); `None` means
    "not given here". Nothing it does ends, blocks or outlives the program: after the constructor it warns, once, and
    `health` holds the rest. A copy, also one that was pickled for another process, is inert as in a forked child: it
    and its regions record nothing, until `start()` opens a record of its own.
    """

    __signature__ = OptionsShown()

    def __init__(
        self,
        logdir: str | PathLike[str] | None = None,
        settings: TrackerSettings | None = None,
        *,
        share_of: str | int = "self",
        config: str | PathLike[str] | None = None,
        root: str | PathLike[str] = "/",
        **options: Unpack[Options],
    ) -> None:
        """`logdir` (default: the working directory) is made if missing; the record is a new file
        `<logdir>/impacttracker/<utc>-<pid>-<id>.jsonl`.

        `settings`: as another tracker has them, in place of every option. `share_of`: "self", "children" (what this
        process starts, without itself), or the number of another process. `config`: a configuration file, "none" for
        none. `root`: where /proc and /sys are (tests). ValueError names where a bad value came from; OSError has the
        path where the record cannot be written; NoSourceError where `strict` is set and nothing can be measured.

        The options:
        """
        if settings is None:
            settings = resolve({"logdir": logdir, **options}, config=config)
        elif logdir is not None or config is not None or options:
            raise TypeError("give either settings or options, not both")
        try:
            weighing = Weighing(zone=settings.zone, intensity_g_per_kwh=settings.intensity_g_per_kwh, pue=settings.pue)
        except ValueError as error:
            error.args = (f"{error} (from {settings.origin('zone')})", *error.args[1:])
            raise
        if settings.intensity_g_per_kwh is not None or settings.pue is not None:
            from .factors.plausible import doubts_of

            for name, doubt in doubts_of({"intensity_g_per_kwh": settings.intensity_g_per_kwh, "pue": settings.pue}):
                complain(f"{name} (from {settings.origin(name)}): {doubt}")
        check_budget(settings, weighing)
        self._setup(settings, weighing, str(root), share_of)

    def _setup(
        self,
        settings: TrackerSettings,
        weighing: Weighing,
        root: str,
        share_of: str | int = "self",
        unused: list[_Opened] | None = None,
    ) -> None:
        self._settings = settings
        self._root = root
        self._share_of = share_of
        self._started = False
        self._result: Result | None = None
        self._run: TrackedRun | None = None
        self._budget: Budget | None = None
        # Records opened and not yet written to: the constructor's is taken by the first start(), a later start() opens
        # one of its own. pop() is atomic, so that calls of a decorated function may begin at once.
        try:
            opened = unused.pop() if unused is not None else self._open(weighing)
        except IndexError:
            opened = self._open(weighing)
        self._guard = CoreGuard(opened.core, weighing, settings.sync_gpu)
        self._unused = [opened]

    def __getstate__(self) -> dict[str, object]:
        """A copy or a pickle gets this. What readers were told stays here: it may hold a password, and a pickle may be
        a checkpoint that is published."""
        settings = TrackerSettings(self._settings._asdict(), self._settings.origins)
        return {**vars(self), "_settings": settings, "_started": False, "_unused": [], "_run": None, "_budget": None}

    def __copy__(self) -> ImpactTracker:
        tracker: ImpactTracker = object.__new__(type(self))
        vars(tracker).update(self.__getstate__(), _guard=self._guard.inert())
        return tracker

    def _open(self, weighing: Weighing) -> _Opened:
        settings, run = self._settings, None
        core_settings = settings.for_core()
        core_settings.share_of = self._share_of
        core_settings.run_key = run_key()
        info = start_info(settings, weighing, _core.__version__)
        if settings.project is not None:
            from .tracked_run import TrackedRun

            run = TrackedRun.of_settings(settings, weighing)
            info["ledger"] = run.facts.as_info()
        core_settings.info = info
        try:
            return _Opened(_core.Tracker(core_settings, self._root), run)
        except ValueError as error:  # the settings name a source that does not exist
            raise ValueError(f"{error} (from {settings.origin('sources')})") from None

    def start(self) -> ImpactTracker:
        """Begin to measure; after a `stop()` into a new record. RuntimeError while it runs."""
        if self.running:
            raise RuntimeError("this tracker runs already: stop it first, or make another one")
        try:
            opened = self._unused.pop()
        except IndexError:
            opened = self._open(self.weighing)
        self._guard.core, self._run = opened
        self._result = None
        self._started = True
        self._budget = budget_for(self)
        try:
            self._guard.synchronise()
            self._guard.core.start()
            _running.add(self)
            if self._run is not None:
                self._run.begin(self.path, self._root, self._guard.complain)
            if self._budget is not None:
                self._budget.keep = self._guard.note
                self._budget.begin()
        except Exception as error:
            if self._settings.strict:
                raise
            self._guard.complain(f"not measured: the tracker of {self.logdir} did not start: {error}")
        return self

    def stop(self) -> Result | None:
        """End the measurement and write the totals. A second call has no effect. It never raises, whatever happens."""
        return self._stop(None)

    def _stop(self, ended_by: str | None, fate: str | None = None) -> Result | None:
        if self not in _running:
            return self.result
        _running.discard(self)
        try:
            if self._guard.core.inert:  # in a forked child the record is the parent's to end
                return None
            self._guard.synchronise()
            run = self._run
            self._guard.core.stop({**stop_info(ended_by), **({} if run is None else run.last_words(ended_by, fate))})
            self._result = self._now()
            if self._budget is not None:
                self._budget.end()
            if run is not None and self._result is not None:
                run.end(self._result, ended_by, fate, self._guard.complain)
            self._report()
        except Exception as error:
            self._guard.complain(f"the tracker of {self.logdir} did not stop cleanly: {error!r}")
        return self._result

    def _report(self) -> None:
        """Warn once at the end if the record or the number is not what the user expects."""
        failures = self.health.get("write_errors") or []
        if failures:
            self._guard.complain(f"the record {self.path} is incomplete: {failures[0]}; see tracker.health")
        elif self._result is not None and self._result.energy_j is None and self._result.duration_s > _NO_TIME_S:
            short = self._result.duration_s < 2 * self._settings.interval_s
            why = f"; {self._result.duration_s:.3g} s may be too short for what is sampled here" if short else ""
            self._guard.complain(f"no energy was measured: `impact-tracker doctor` says why and what mends it{why}")

    def __enter__(self) -> ImpactTracker:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop(None if kind is None else kind.__name__, self._fate_of(error))

    def _fate_of(self, error: BaseException | None) -> str | None:
        """How the run ended, for the ledger; `None` where it is in none."""
        if self._run is None:
            return None
        from .tracked_run import fate_of

        return fate_of(error)

    def __call__(self, function: Function) -> Function:
        """As a decorator: every call is a run with a record of its own; `result` is that of the run that ended last."""
        from .decorate import measured

        return measured(function, partial(_Call, self))

    def region(self, name: str, *, edges: str | None = None) -> Region:
        """A part of the run to measure, as context manager and as decorator; `edges` as the tracker's if not given.

        Where the tracker does not run it records nothing, with one warning, and its `result` is `None`.
        """
        if edges is not None and edges not in _core.Edges.__members__:
            words = " or ".join(f'"{word}"' for word in _core.Edges.__members__)
            raise ValueError(f"edges must be {words}, not {edges!r}")
        return Region(self._guard, readable(str(name)), edges)

    def wait(self, *, energy_j: float, timeout_s: float | None = None) -> bool:
        """Wait until the run has used so many joules, while other threads go on; return whether it has. False where the
        tracker does not run or is stopped meanwhile, and after the timeout."""
        if not self.running:
            return False
        return self._guard.core.wait(energy_j, math.inf if timeout_s is None else max(0.0, timeout_s))

    def log_metrics(self, metrics: Mapping[str, object] | None = None, **values: object) -> None:
        """Note what the run achieved, by name, for the ledger of its project: `tracker.log_metrics(wer=0.12)`. A name
        that is given again replaces its value. Without a project there is one warning."""
        if self._run is not None:
            self._run.log_metrics({**(metrics or {}), **values})
        elif self._settings.project is None:
            self._guard.complain('metrics go into a ledger, and this run is in none: ImpactTracker(…, project="asr")')

    def set_fate(self, fate: str) -> None:
        """Say how the run ends in the ledger, whatever ends its block: finished, failed, cancelled or debug. ValueError
        for another word."""
        from .ledger_words import FATES

        if fate not in FATES[:-1]:
            raise ValueError(f"a run's fate is {', '.join(FATES[:-1])}, not {fate!r}")
        if self._run is not None:
            self._run.fate = fate

    def _now(self) -> Result | None:
        """The run as the core knows it now."""
        if self._guard.core.inert:
            return None
        measured = self._guard.core.result()
        return None if measured is None else Result(measured, self.weighing, self.health)

    @property
    def result(self) -> Result | None:
        """The run: final after `stop()`, up to now while it runs; `None` before `start()` and in a forked child."""
        if self._result is not None or not self._started:
            return self._result
        try:
            return self._now()
        except Exception as error:
            self._guard.complain(f"no result: {error!r}")
            return None

    @property
    def energy_j(self) -> float | None:
        """Energy of the machine since the start in joules, also while it runs; `None` if nothing is measured."""
        if self._result is None and self.running:
            try:
                measured = self._guard.core.result()
                return None if measured is None else measured.energy.best_j
            except Exception:
                return None
        return None if self._result is None else self._result.energy_j

    @property
    def health(self) -> Health:
        """Samples, missed ticks, failed reads, gaps, write errors, the sampler's own cost."""
        return self._guard.health

    @property
    def running(self) -> bool:
        """Whether it measures now; False in a forked child, whose energy the parent's record holds."""
        return self._started and bool(self._guard.core.running) and not self._guard.core.inert

    @property
    def logdir(self) -> str:
        """The directory given, absolute."""
        return self._settings.logdir

    @property
    def path(self) -> str:
        """The record's file."""
        return self._guard.core.path

    @property
    def settings(self) -> TrackerSettings:
        """What it runs with, and where each value came from."""
        return self._settings

    @property
    def weighing(self) -> Weighing:
        """PUE and intensity that its carbon rests on."""
        return self._guard.weighing

    def to_html(self, path: str | PathLike[str] | None = None) -> str:
        """The report of its record as one page for a browser, also while it runs; written to `path` where one is given.

        `impact_tracker.html_report` makes a page of several runs. OSError where the page cannot be written.
        """
        from . import read_record

        self.flush()
        return read_record(self.path).to_html(path)

    def _repr_html_(self) -> str | None:
        result = self.result
        return None if result is None else result._repr_html_()

    def flush(self) -> None:
        """Write out what was measured up to now, so that a reader sees it."""
        try:
            if not self._guard.core.inert:
                self._guard.core.flush()
        except Exception as error:
            self._guard.complain(f"the record {self.path} was not flushed: {error!r}")

    def __repr__(self) -> str:
        state = "running" if self.running else "stopped" if self._started else "not started"
        return f"<ImpactTracker {self.logdir!r}, {state}>"


class _Call:
    """One call of a function that a tracker decorates: calls may overlap, each has its own tracker and record."""

    def __init__(self, tracker: ImpactTracker) -> None:
        self._of = tracker
        self._tracker: ImpactTracker | None = None

    def __enter__(self) -> ImpactTracker | None:
        of = self._of
        if isinstance(of._guard.core, InertCore):
            return None
        try:
            tracker: ImpactTracker = object.__new__(type(of))
            tracker._setup(of._settings, of.weighing, of._root, of._share_of, of._unused)
            self._tracker = tracker.start()
        except Exception as error:  # faults of the settings were told at decoration
            of._guard.complain(f"a call is not measured: {error}")
            return None
        # Regions of the decorating object belong to the call that began last.
        of._guard.core, of._run, of._result, of._started = tracker._guard.core, tracker._run, None, True
        return tracker

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._tracker is not None:
            ended_by = None if kind is None else kind.__name__
            self._of._result = self._tracker._stop(ended_by, self._tracker._fate_of(error))


ImpactTracker.__init__.__doc__ = (ImpactTracker.__init__.__doc__ or "").rstrip() + explained()
