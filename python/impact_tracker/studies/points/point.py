"""What one point of a study is, and what one run of it gave."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import NamedTuple

from ...typed import built
from ...values import Energy

SCHEMA = 1


@dataclass(frozen=True)
class StudyPoint:
    """One model on one data set, and when its training ends.

    `examples`: training examples; `epochs`: passes over them at most; `evaluations`: looks at the test set on the way,
    the last included, or at the validation part towards a target, over all epochs (`None`: at the end alone, or as
    often as the learner looks by itself); `budget_j`: joules that the training may take; `target`: score at which it
    ends, judged on examples that are in neither part. `width`, `depth`: of a perceptron's hidden layers. `None`: the
    model's own value.
    ValueError names the field that makes no sense.
    """

    model: str
    data: str
    examples: int
    epochs: int = 1
    evaluations: int | None = None
    test_examples: int | None = None
    budget_j: float | None = None
    target: float | None = None
    batch: int | None = None
    threads: int | None = None
    precision: str | None = None
    layout: str | None = None
    width: int | None = None
    depth: int | None = None
    device: str = "cpu"

    def __post_init__(self) -> None:
        for name in ("examples", "epochs", "evaluations", "test_examples", "batch", "threads", "width", "depth"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} is 1 or more, not {value}")
        if self.budget_j is not None and not 0 < self.budget_j < math.inf:
            raise ValueError(f"a budget lies above 0 J, not at {self.budget_j:g} J: nothing is learnt for nothing")
        if self.target is not None and not 0 < self.target < math.inf:
            raise ValueError(f"a target lies above 0, not at {self.target:g}")

    @property
    def looks_within(self) -> bool:
        """Whether it is judged before its end too, beside the looks towards a target."""
        return self.evaluations is not None and self.evaluations > 1

    @property
    def id(self) -> str:
        """Its name in files and regions: model, data and examples, then what is not the default."""
        parts = [self.model, self.data, f"n{self.examples}"]
        for item in fields(self)[3:]:
            value = getattr(self, item.name)
            if value != item.default:
                parts.append(f"{item.name}={value:g}" if isinstance(value, float) else f"{item.name}={value}")
        return "/".join(parts)

    def to_dict(self) -> dict[str, object]:
        """For files: what is not the default."""
        named = {item.name: item.default for item in fields(self)}
        return {name: value for name, value in asdict(self).items() if value != named[name]}


class StudyTask(NamedTuple):
    """One run of one point."""

    point: StudyPoint
    repeat: int
    seed: int

    @property
    def id(self) -> str:
        """Unique in its study, and the same after a resume."""
        return f"{self.point.id}.r{self.repeat}"


@dataclass(frozen=True)
class Checkpoint:
    """Where a training stood: examples that it had seen, what it had taken, how well it did. `set`: what was judged
    on, test or validation."""

    examples: int
    energy_j: float | None
    seconds: float
    score: float | None
    set: str = "test"


@dataclass(frozen=True)
class JoulesRead:
    """An energy as a line of a file holds it."""

    best_j: float | None = None
    half_j: float | None = None
    bias_j: float | None = None
    modelled_j: float | None = None
    quality: str = "missing"
    partial: bool = False

    @classmethod
    def of(cls, energy: Energy) -> JoulesRead:
        """The fields of an energy."""
        return cls(energy.best_j, energy.half_j, energy.bias_j, energy.modelled_j, str(energy.quality), energy.partial)

    @property
    def energy(self) -> Energy:
        """The energy again."""
        low = None if self.best_j is None or self.half_j is None else self.best_j - self.half_j
        high = None if self.best_j is None or self.half_j is None else self.best_j + self.half_j
        return Energy.from_range(
            low,
            self.best_j,
            high,
            bias_j=self.bias_j,
            modelled_j=self.modelled_j,
            quality=self.quality,
            partial=self.partial,
        )


@dataclass(frozen=True)
class StudyRun:
    """What one run of a point gave. `status`: ok or failed, with the `reason`.

    `training`, `evaluation`: energies of the machine while it trained and while the test set was judged; `trials`: how
    often a fit that is too short to be measured alone was repeated, its energy being that of one. `score` by `metric`:
    accuracy, dice, or psnr_db; higher is better. `seen`: examples that the training went through. `reached`: whether
    the target was; `None` without one. `macs`: multiply-adds of one example's prediction, `training_macs` of the
    training; `None` where a method has none to count. `bytes`: of the trained model. `others`: the part of the
    processors' time that other programs had.
    """

    task: str
    point: StudyPoint
    repeat: int
    seed: int
    status: str
    reason: str | None = None
    training: JoulesRead = JoulesRead()
    training_s: float | None = None
    evaluation: JoulesRead = JoulesRead()
    evaluation_s: float | None = None
    evaluated: int | None = None
    trials: int = 1
    metric: str | None = None
    score: float | None = None
    reached: bool | None = None
    seen: int | None = None
    parameters: int | None = None
    bytes: int | None = None
    macs: float | None = None
    training_macs: float | None = None
    peak_memory_bytes: int | None = None
    core_hours: float | None = None
    gpu_hours: float | None = None
    carbon_g: float | None = None
    carbon_low_g: float | None = None
    carbon_high_g: float | None = None
    others: float | None = None
    checkpoints: tuple[Checkpoint, ...] = ()
    host: str | None = None
    written_at: str | None = None
    schema: int = SCHEMA

    @property
    def is_good(self) -> bool:
        """Whether it may be averaged."""
        return self.status == "ok"

    @property
    def training_j(self) -> float | None:
        """Joules of the training; `None` where nothing was measured."""
        return self.training.best_j

    @property
    def j_per_prediction(self) -> float | None:
        """Joules of judging one example."""
        joules = self.evaluation.best_j
        return joules / self.evaluated if joules is not None and self.evaluated else None

    def to_dict(self) -> dict[str, object]:
        """For files."""
        return {**asdict(self), "point": self.point.to_dict()}

    @classmethod
    def from_dict(cls, line: Mapping[str, object]) -> StudyRun:
        """What `to_dict` wrote. ValueError names what is missing or of another type, and a newer schema."""
        run = built(cls, line)
        if run.schema > SCHEMA:
            raise ValueError(f"a line of schema {run.schema} is of a newer version: install that")
        return run
