"""Measures the most that the machine does, under the tracker: what the roofline's roof is drawn from."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ...runner import default_threads, others_cpus, taken_by
from ...runner.messages import PhaseResult, RoofWork
from ..plan.settings import Settings
from ..plan.task import Task
from ..plan.test import Test
from ..row.make import measured_by
from ..row.roof_run import ARITHMETIC, MEMORY, RoofRun
from ..row.row import Measured

if TYPE_CHECKING:
    from ...runner import Runner
    from ...tracker import ImpactTracker

FEATURE = "roof"  # of workers that can
SUITES = ("ai-benchmark", "modern")  # those that have a roofline
QUICK_REPEATS, QUICK_S = 3, 0.5
REPEATS, PHASE_S = 5, 2.0
_GRACE_S = 2.0
_UNKNOWN_WORK = RoofWork("", None, None, "")  # of a worker that does not tell what a pass does


class RoofPlan(NamedTuple):
    """`repeats` phases of `seconds` of each kind of work, where and how."""

    device: str = "cpu"
    precision: str = "fp32"
    threads: int | None = None
    repeats: int = QUICK_REPEATS
    seconds: float = QUICK_S


def roof_plan(settings: Settings, left: Sequence[Task], tests: Sequence[Test]) -> RoofPlan | None:
    """What a campaign of these tests measures before the first task that is left; `None` where nothing would be drawn
    of it, or somebody said no."""
    if settings.roof is False or (settings.replicas or 1) != 1 or not left:
        return None
    if settings.roof is None and (settings.suite not in SUITES or len(tests) < 2 or settings.axes.values):
        return None
    repeats, seconds = (QUICK_REPEATS, QUICK_S) if settings.mode == "quick" else (REPEATS, PHASE_S)
    return RoofPlan(settings.device, settings.precision, settings.threads, repeats, seconds)


def is_measured(runs: Iterable[RoofRun]) -> bool:
    """Whether one session measured every kind of work: one that was interrupted has left some out."""
    kinds: dict[int | None, set[str]] = {}
    for run in runs:
        kinds.setdefault(run.session, set()).add(run.work)
    return any(measured.issuperset((*MEMORY, *ARITHMETIC)) for measured in kinds.values())


def roof_runs(
    plan: RoofPlan,
    open_worker: Callable[[], Runner],
    tracker: ImpactTracker,
    tell: Callable[[str], object] = lambda text: None,
    session: int | None = None,
) -> Iterator[RoofRun]:
    """Each phase as it has ended. Nothing where the worker cannot (an older one). WorkerError where it fails."""
    worker = open_worker()
    try:
        if FEATURE not in worker.hello.features:
            return
        threads = plan.threads or default_threads().to_tell
        for kind in (*MEMORY, *ARITHMETIC):
            for repeat in range(1, plan.repeats + 1):
                tell(f"the machine's roof: {kind} {repeat} of {plan.repeats}")
                yield _measured(plan, worker, tracker, _Which(kind, repeat, session), threads)
    finally:
        worker.close(_GRACE_S)


class _Which(NamedTuple):
    """Which of a roof's runs a phase is."""

    work: str
    repeat: int
    session: int | None


def _measured(plan: RoofPlan, worker: Runner, tracker: ImpactTracker, which: _Which, threads: int | None) -> RoofRun:
    phase = worker.roof(which.work, seconds=plan.seconds, device=plan.device, precision=plan.precision, threads=threads)
    region = tracker.region(f"roof/{which.work}", edges="tick")
    before = taken_by(getattr(worker, "pid", None))
    with region:
        done = phase.run()
    others = others_cpus(before, taken_by(getattr(worker, "pid", None)))
    return _run_of(which, plan.precision, done, measured_by(region.result) or Measured(), others)


def _run_of(which: _Which, precision: str, done: PhaseResult, measured: Measured, others: float | None) -> RoofRun:
    """The run of what the worker and the tracker say of a phase. Each field is set here and nowhere else."""
    work, energy = done.roof or _UNKNOWN_WORK, measured.energy
    return RoofRun(
        work=which.work,
        repeat=which.repeat,
        session=which.session,
        device=done.device,
        precision=precision,
        threads=done.threads,
        what=work.what or None,
        bytes_per_pass=work.bytes_per_pass,
        macs_per_pass=work.macs_per_pass,
        array_bytes=work.array_bytes,
        cache_bytes=work.cache_bytes,
        passes=done.passes,
        duration_s=done.duration_s,
        best_pass_s=min(done.pass_ns) / 1e9 if done.pass_ns else None,
        energy_j=energy.best_j,
        energy_low_j=measured.energy_low_j,
        energy_high_j=measured.energy_high_j,
        bias_j=energy.bias_j,
        modelled_j=energy.modelled_j,
        quality=str(energy.quality),
        others_cpus=others,
        blas=work.blas,
        torch_version=done.torch_version,
        host=platform.node(),
    )
