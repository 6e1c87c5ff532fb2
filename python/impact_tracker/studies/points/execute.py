"""One run of one point: its data are drawn, it learns, it is judged, and all of it becomes a line."""

from __future__ import annotations

import platform
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from ...runner import Runner
from ...values import total_if_known
from .course import EnergyTaken, ModelCounts, PointLearner, TrainingCourse, run_course
from .data import DATA_SETS, draw
from .measure import PointMeter
from .methods import METHODS
from .network import OWN_DATA, NetworkLearner, looks_are_asked
from .point import JoulesRead, StudyRun, StudyTask
from .shallow import ShallowLearner

_FAILURES = (RuntimeError, ValueError, OSError, ImportError, ArithmeticError, MemoryError)


@dataclass(frozen=True)
class StudyBench:
    """What runs are given: the meter, what starts a worker, where data lie, who hears of what goes on."""

    meter: PointMeter
    open_worker: Callable[[], Runner] = Runner
    data_folder: str | None = None
    tell: Callable[[str], None] = field(default=lambda text: None)


def execute(task: StudyTask, bench: StudyBench) -> StudyRun:
    """Runs it. Whatever goes wrong with a model or its data is in the line: one point that fails ends no study."""
    begun = StudyRun(task.id, task.point, task.repeat, task.seed, "failed", host=platform.node())
    try:
        with ExitStack() as stack:
            learner = _learner(task, bench, stack)
            course = run_course(task.point, learner, bench.tell, untrained=looks_are_asked(task.point))
            run = _finished(
                begun, course, learner.counts() if course.judged is not None else ModelCounts(), bench.meter
            )
            run = replace(run, trials=learner.trials, metric=_metric(task))
    except _FAILURES as error:
        run = replace(begun, reason=str(error) or repr(error))
    return replace(run, written_at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))


def _metric(task: StudyTask) -> str:
    data = DATA_SETS.get(task.point.data)
    return data.metric if data is not None else "accuracy"


def _learner(task: StudyTask, bench: StudyBench, stack: ExitStack) -> PointLearner:
    point, name = task.point, task.id
    drawn = None
    if point.model not in OWN_DATA:
        drawn = draw(
            point.data,
            point.examples,
            task.seed,
            test=point.test_examples,
            validate=point.target is not None,
            folder=bench.data_folder,
        )
    if point.model in METHODS:
        assert drawn is not None, "no method of scikit-learn reads data of its own"
        return ShallowLearner(point, task.seed, drawn, bench.meter, name)
    scratch = Path(tempfile.mkdtemp(prefix="impact-study-"))
    stack.callback(shutil.rmtree, scratch, ignore_errors=True)
    learner = NetworkLearner(
        point,
        task.seed,
        bench.meter,
        name,
        bench.open_worker,
        examples=drawn,
        scratch=scratch,
        data_folder=bench.data_folder,
    )
    return stack.enter_context(learner)


def _finished(begun: StudyRun, course: TrainingCourse, counts: ModelCounts, meter: PointMeter) -> StudyRun:
    judged = course.judged
    taken = course.training
    run = replace(
        begun,
        training=JoulesRead.of(taken.energy),
        training_s=taken.seconds,
        core_hours=None if taken.core_s is None else taken.core_s / 3600,
        gpu_hours=taken.seconds / 3600 if begun.point.device.startswith("cuda") else None,
        others=_others(taken),
        seen=course.seen,
        checkpoints=course.checkpoints,
        reached=course.reached,
    )
    if judged is None:
        return replace(run, reason=course.reason)
    carbon = meter.carbon(total_if_known([taken.energy]))
    return replace(
        run,
        status="ok",
        evaluation=JoulesRead.of(judged.taken.energy),
        evaluation_s=judged.taken.seconds,
        evaluated=judged.examples,
        score=judged.score,
        parameters=counts.parameters,
        bytes=counts.bytes,
        macs=counts.macs,
        training_macs=counts.training_macs,
        peak_memory_bytes=counts.peak_memory_bytes,
        carbon_g=carbon.value,
        carbon_low_g=carbon.low,
        carbon_high_g=carbon.high,
    )


def _others(taken: EnergyTaken) -> float | None:
    """The part of the machine's busy time that was not the learner's; `None` where too little ran to tell."""
    if taken.core_s is None or not taken.machine_core_s or taken.machine_core_s < 0.2:
        return None
    return min(1.0, max(0.0, 1.0 - taken.core_s / taken.machine_core_s))
