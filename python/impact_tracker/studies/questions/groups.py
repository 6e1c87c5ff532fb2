"""The runs of one point as one group, with means and their 95 % intervals; fronts over groups."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ... import digits
from ...bench.plan.networks import title_of
from ...values import Quality, worst_quality
from ...values.statistics import Mean, mean_of
from ..points.data import DATA_SETS
from ..points.methods import METHODS
from ..points.point import StudyPoint, StudyRun

Item = TypeVar("Item")
BOUNDED = ("accuracy", "dice")  # scores between 0 and 1


@dataclass(frozen=True)
class PointGroup:
    """All good runs of a point. Means are over the runs that know the quantity, `None` over none. `energy`: of the
    training; `prediction_j`: of judging one example; `bias`: the sensors' and models' own relative error (95 %), which
    repeating does not shrink; `modelled`: the share of the energy that models gave."""

    point: StudyPoint
    runs: int
    failed: int
    metric: str
    energy: Mean | None
    seconds: Mean | None
    score: Mean | None
    carbon_g: Mean | None
    prediction_j: Mean | None
    seen: Mean | None
    memory: Mean | None
    core_hours: Mean | None
    gpu_hours: Mean | None
    parameters: float | None
    bytes: float | None
    macs: float | None
    training_macs: Mean | None
    quality: Quality
    bias: float | None
    modelled: float | None
    others: float | None
    reached: int | None

    @property
    def title(self) -> str:
        """Its model as people write it, with its size where that is the point's own."""
        return model_title(self.point)

    @property
    def data_title(self) -> str:
        """Its data set as people write it."""
        known = DATA_SETS.get(self.point.data)
        return self.point.data if known is None else known.title


def model_title(point: StudyPoint) -> str:
    """A point's model as people write it."""
    name = METHODS[point.model].title if point.model in METHODS else title_of(point.model)
    if point.width is None and point.depth is None:
        return name
    return f"{name} {'×'.join([str(point.width or 128)] * (point.depth or 1))}"


def groups_of(points: Iterable[StudyPoint], runs: Sequence[StudyRun]) -> list[PointGroup]:
    """A group for each point, in their order."""
    return [_group(point, [run for run in runs if run.point == point]) for point in points]


def _group(point: StudyPoint, runs: Sequence[StudyRun]) -> PointGroup:
    good = [run for run in runs if run.is_good]

    def mean(value_of: Callable[[StudyRun], float | None]) -> Mean | None:
        values = [value_of(run) for run in good]
        return mean_of([value for value in values if value is not None and math.isfinite(value)])

    energies = [(run.training.energy, run.training_j) for run in good]
    known = [(energy, joules) for energy, joules in energies if joules]
    biases = [energy.bias_j / joules for energy, joules in known if energy.bias_j is not None]
    joules = math.fsum(joules for _, joules in known)
    others = [run.others for run in good if run.others is not None]
    parameters, size, macs = (
        mean(lambda run: run.parameters), mean(lambda run: run.bytes), mean(lambda run: run.macs)
    )  # fmt: skip
    return PointGroup(
        point=point,
        runs=len(good),
        failed=len(runs) - len(good),
        metric=next((run.metric for run in good if run.metric), "score"),
        energy=mean(lambda run: run.training_j),
        seconds=mean(lambda run: run.training_s),
        score=mean(lambda run: run.score),
        carbon_g=mean(lambda run: run.carbon_g),
        prediction_j=mean(lambda run: run.j_per_prediction),
        seen=mean(lambda run: run.seen),
        memory=mean(lambda run: run.peak_memory_bytes),
        core_hours=mean(lambda run: run.core_hours),
        gpu_hours=mean(lambda run: run.gpu_hours),
        parameters=None if parameters is None else parameters.value,
        bytes=None if size is None else size.value,
        macs=None if macs is None else macs.value,
        training_macs=mean(lambda run: run.training_macs),
        quality=worst_quality(run.training.quality for run in good) if good else "missing",
        bias=math.fsum(biases) / len(biases) if biases else None,
        modelled=math.fsum(energy.modelled_j or 0.0 for energy, _ in known) / joules if joules > 0 else None,
        others=max(others, default=None),
        reached=sum(bool(run.reached) for run in good) if point.target is not None else None,
    )


def most_of(metric: str | None) -> float | None:
    """The largest score of a metric that is a share; `None` of one that has none."""
    return 1.0 if metric in BOUNDED else None


def pareto_front(items: Sequence[Item], cost: Callable[[Item], float], score: Callable[[Item], float]) -> list[Item]:
    """Those that no other beats: none costs as little or less and scores as well or better, one of both strictly. From
    the cheapest on."""
    front: list[Item] = []
    best = -math.inf
    for item in sorted(items, key=lambda item: (cost(item), -score(item))):
        if score(item) > best:
            front.append(item)
            best = score(item)
    return front


def by_data(groups: Iterable[PointGroup]) -> list[list[PointGroup]]:
    """The groups of each data set: no score is held against one on other data."""
    parts: dict[str, list[PointGroup]] = {}
    for group in groups:
        parts.setdefault(group.point.data, []).append(group)
    return list(parts.values())


def front_of(groups: Sequence[PointGroup]) -> list[PointGroup]:
    """The front of energy and score of each data set, of the groups that know both."""
    known = [(group, group.energy.value, group.score.value) for group in groups if group.energy and group.score]
    parts = [[each for each in known if each[0].point.data == of_data[0].point.data] for of_data in by_data(groups)]
    return [group for part in parts for group, *_ in pareto_front(part, lambda each: each[1], lambda each: each[2])]


def is_told_on_front(group: PointGroup, groups: Sequence[PointGroup]) -> bool | None:
    """Whether it is on its data set's front of energy and score as far as its runs tell: not where another takes less
    and scores more beyond both intervals; surely where none may. `None` where the runs tell neither, as one run."""
    others = [other for other in groups if other is not group and other.point.data == group.point.data]

    def better(a: PointGroup, b: PointGroup) -> tuple[bool, bool]:
        return is_below(a.energy, b.energy), is_below(b.score, a.score)

    if any(all(better(other, group)) for other in others):
        return False
    return True if all(any(better(group, other)) for other in others) else None


def is_below(a: Mean | None, b: Mean | None) -> bool:
    """Whether a mean is below another beyond their intervals."""
    of_a, of_b = None if a is None else a.interval, None if b is None else b.interval
    return of_a is not None and of_b is not None and of_a[1] < of_b[0]


TOLD = {True: "yes", False: "no", None: "not told apart"}


def score_text(value: float | None, metric: str, half: float | None = None) -> str:
    """A score as people write it: `87.3 % ± 0.4`, `21.4 dB`, `0.71`."""
    if value is None:
        return "–"
    factor, unit = {"accuracy": (100.0, " %"), "psnr_db": (1.0, " dB")}.get(metric, (1.0, ""))
    known = None if half is None else half * factor
    if half is not None and metric in BOUNDED and not half <= value <= 1 - half:
        places = 0 if factor > 1 else 2
        ends = (max(0.0, value - half) * factor, min(1.0, value + half) * factor)
        return f"{score_text(value, metric)} ({digits.fixed(ends[0], places)} to {digits.fixed(ends[1], places)})"
    decimals = max(0, digits.decimals_for(value * factor, known)) if known else (1 if factor == 100.0 else 2)
    decimals = min(decimals, 2 if factor == 100.0 else 3)
    spread = f" ± {digits.widened(known, decimals)}" if known else ""
    return f"{digits.fixed(value * factor, decimals)}{spread}{unit}"


def mean_score(group: PointGroup) -> str:
    """The group's score with its interval."""
    return "–" if group.score is None else score_text(group.score.value, group.metric, group.score.half_width)


def gap_in_points(metric: str) -> tuple[float, str]:
    """What a difference of scores is multiplied with to be told, and the name of its unit."""
    return {"accuracy": (100.0, "points of accuracy"), "psnr_db": (1.0, "dB")}.get(
        metric, (100.0, f"points of {metric}")
    )
