"""How a training goes, whatever is trained: in steps, with looks on the way, until it ends by itself, at a target, or
because the next step would pass the budget."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from ...bench.plan.test import is_reached
from ...values import Energy, total_if_known
from .point import Checkpoint, StudyPoint


@dataclass(frozen=True)
class EnergyTaken:
    """What a part of a run took. `core_s`: processor time of the learner; `machine_core_s`: of the whole machine."""

    energy: Energy
    seconds: float
    core_s: float | None = None
    machine_core_s: float | None = None


class Judged(NamedTuple):
    """A score, over so many examples, and what the judging took."""

    score: float | None
    examples: int
    taken: EnergyTaken


class ModelCounts(NamedTuple):
    """What can be counted of what was learnt; `None`: not known, or nothing to count."""

    parameters: int | None = None
    bytes: int | None = None
    macs: float | None = None
    training_macs: float | None = None
    peak_memory_bytes: int | None = None


class PointLearner(Protocol):
    """Something that learns in steps. A step is a number of examples that it goes through."""

    @property
    def trials(self) -> int: ...

    def next_step(self, used_j: float, left_j: float | None) -> int | None:
        """The examples of the next step, sized to fit what is left; `None` where it is at its end, or nothing fits."""

    def advance(self, step: int) -> EnergyTaken:
        """Goes through so many examples."""

    def undo(self) -> bool:
        """Goes back to before the last step, where it can."""

    def judge(self, part: str) -> Judged:
        """How well it does now on the part `test` or `validation`."""

    def counts(self) -> ModelCounts:
        """What can be counted of it now."""


@dataclass(frozen=True)
class TrainingCourse:
    """How it went. `judged`: on the test set, at the end; `None` where the budget ended it at once."""

    training: EnergyTaken
    seen: int
    judged: Judged | None
    checkpoints: tuple[Checkpoint, ...] = ()
    reached: bool | None = None
    reason: str | None = None


@dataclass
class _Sum:
    """What was taken up to now."""

    parts: list[EnergyTaken] = field(default_factory=list)

    def add(self, taken: EnergyTaken) -> None:
        self.parts.append(taken)

    @property
    def taken(self) -> EnergyTaken:
        return EnergyTaken(
            total_if_known(part.energy for part in self.parts),  # without a part it would be too little
            sum(part.seconds for part in self.parts),
            _sum_or_none([part.core_s for part in self.parts]),
            _sum_or_none([part.machine_core_s for part in self.parts]),
        )

    @property
    def joules(self) -> float | None:
        return _sum_or_none([part.energy.best_j for part in self.parts])


def _sum_or_none(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def run_course(
    point: StudyPoint,
    learner: PointLearner,
    tell: Callable[[str], None] = lambda text: None,
    *,
    untrained: bool = False,
) -> TrainingCourse:
    """Trains until the point's end. ValueError where a budget is to be kept and nothing is measured. `untrained`:
    towards a target it is looked at before anything is trained too, from which the curve begins at no energy."""
    used, seen = _Sum(), 0
    checkpoints: list[Checkpoint] = []
    if untrained and point.target is not None:
        checkpoints.append(Checkpoint(0, 0.0, 0.0, learner.judge("validation").score, "validation"))
    judged: Judged | None = None
    reached = False
    while not reached:
        joules = used.joules
        if point.budget_j is not None and joules is None:
            raise ValueError("a budget cannot be kept where no energy is measured or modelled: `impact-tracker doctor`")
        left_j = None if point.budget_j is None or joules is None else point.budget_j - joules
        step = learner.next_step(joules or 0.0, left_j)
        if step is None:
            break
        used.add(learner.advance(step))
        if point.budget_j is not None and (used.joules or 0.0) > point.budget_j and (learner.undo() or not seen):
            if seen:
                tell("the last step passed the budget: what was there before it counts")
            break
        seen += step
        judged = None
        if point.target is not None:
            looked = learner.judge("validation")
            checkpoints.append(Checkpoint(seen, used.joules, used.taken.seconds, looked.score, "validation"))
            reached = is_reached("score", looked.score, point.target)
        elif point.looks_within:
            judged = learner.judge("test")
            checkpoints.append(Checkpoint(seen, used.joules, used.taken.seconds, judged.score))
    if not seen:
        return TrainingCourse(
            used.taken, 0, None, reason="the budget is smaller than the smallest step of this training"
        )
    judged = judged or learner.judge("test")
    return TrainingCourse(used.taken, seen, judged, tuple(checkpoints), reached if point.target is not None else None)
