"""Sweeps: time and energy of one input at every point that a network was run at, the points that no other beats in both
(the Pareto front), and its knee.

Points of another input or another head are other work: each such group has a front of its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from ...modelled import Model
from ...values import Quality
from ...values.statistics import Mean, mean_of
from ..plan.axes import NOT_SWEPT, SweepPoint, point_words
from ..plan.networks import title_of
from ..row.row import Row
from .cells import Cell

WORK = ("size", "context", "classes")  # axes that change what one input costs by changing what it is
LEAST_FOR_A_KNEE = 3


class SweepPlace(NamedTuple):
    """One point of a sweep. `seconds`, `joules`: of one input, means over runs; `front`: whether no other point takes
    less of both, `None` where runs scatter too much (or are too few) to tell; `knee`: beyond it, less of one costs
    relatively most of the other; `by`, `bias`: as of cells."""

    test: str
    point: SweepPoint
    name: str
    seconds: Mean
    joules: Mean
    quality: Quality
    front: bool | None = True
    knee: bool = False
    by: Model | None = None
    bias: float | None = None


class Sweep(NamedTuple):
    """The points of one network and phase that do the same work, the fastest first."""

    title: str
    model: str
    phase: str
    unit: str
    places: list[SweepPlace]

    @property
    def front(self) -> list[SweepPlace]:
        """The places that no other beats by their means, the fastest first."""
        return [self.places[index] for index in front_of([(p.seconds.value, p.joules.value) for p in self.places])]

    def to_dict(self) -> dict[str, object]:
        """The same as what JSON holds."""
        places = [
            {
                "test": place.test,
                "point": place.point.values,
                "seconds": place.seconds.to_dict(),
                "joules": place.joules.to_dict(),
                "quality": place.quality,
                "bias": place.bias,
                "front": place.front,
                "knee": place.knee,
            }
            for place in self.places
        ]
        return {"model": self.model, "title": self.title, "phase": self.phase, "unit": self.unit, "places": places}


def sweeps_of(cells: Sequence[Cell], rows: Sequence[Row]) -> list[Sweep]:
    """The sweeps of a campaign, of points whose energy and time are known; those of two points at least."""
    good: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if row.facts.swept is not None and not row.invalid_because:
            good.setdefault((row.test, row.phase), []).append(row)
    groups: dict[tuple[str, str, str], list[tuple[Cell, SweepPlace]]] = {}
    for cell in cells:
        own = good.get((cell.test, cell.phase))
        if own and cell.phase in ("training", "inference"):
            place = _place(cell, own)
            if place is not None:
                work = place.point.only(WORK).name
                groups.setdefault((cell.test.partition("@")[0], cell.phase, work), []).append((cell, place))
    return [_sweep(members, test, phase, work) for (test, phase, work), members in groups.items() if len(members) > 1]


def _place(cell: Cell, rows: Sequence[Row]) -> SweepPlace | None:
    """The point of a cell; `None` where its energy or its time is not known."""
    times = [row.work.duration_s / row.work.images for row in rows if row.work.images and row.work.duration_s]
    seconds, joules = mean_of(times), cell.j_per_image
    point = rows[0].facts.swept or NOT_SWEPT
    if seconds is None or joules is None or joules.value <= 0:
        return None
    how = SweepPoint(**{name: value for name, value in vars(point).items() if name not in WORK})
    return SweepPlace(
        cell.test, point, point_words(how.name), seconds, joules, cell.quality, by=cell.by, bias=cell.bias
    )


def _sweep(members: Sequence[tuple[Cell, SweepPlace]], test: str, phase: str, work: str) -> Sweep:
    cell = members[0][0]
    places = sorted((place for _, place in members), key=lambda place: (place.seconds.value, place.joules.value))
    means = [(place.seconds.value, place.joules.value) for place in places]
    front = front_of(means)
    knee = knee_of([means[index] for index in front])
    marked = [
        place._replace(front=_on_front(place, places), knee=knee is not None and index == front[knee])
        for index, place in enumerate(places)
    ]
    name = f"{test}@{work}" if work else test
    return Sweep(title_of(cell.model, name), cell.model, phase, cell.unit, marked)


def front_of(means: Sequence[tuple[float, float]]) -> list[int]:
    """Places of the pairs (time, energy) that no other pair is at most as large as in both and smaller in one, the
    fastest first."""
    front: list[int] = []
    for index in sorted(range(len(means)), key=lambda place: means[place]):
        if not front or means[index][1] < means[front[-1]][1] or means[index] == means[front[-1]]:
            front.append(index)
    return front


def knee_of(front: Sequence[tuple[float, float]]) -> int | None:
    """The place of a front's knee: where it lies farthest below the straight line between its ends, both quantities as
    logarithms, each end at 0 or 1. `None` for fewer than three places, and where none lies below the line."""
    if len(front) < LEAST_FOR_A_KNEE:
        return None
    (fast, most), (slow, least) = front[0], front[-1]
    if min(fast, least) <= 0 or slow <= fast or most <= least:
        return None

    def below(place: tuple[float, float]) -> float:
        time = math.log(place[0] / fast) / math.log(slow / fast)
        energy = math.log(place[1] / least) / math.log(most / least)
        return 1.0 - time - energy

    depths = [below(place) for place in front]
    deepest = max(range(1, len(front) - 1), key=lambda index: depths[index])
    return deepest if depths[deepest] > 1e-9 else None


def _on_front(place: SweepPlace, places: Sequence[SweepPlace]) -> bool | None:
    """Whether a place is on the front, as far as its runs tell: not where another is faster and cheaper beyond both
    intervals; surely where none may be."""
    others = [other for other in places if other is not place]
    if any(_below(other.seconds, place.seconds) and _below(other.joules, place.joules) for other in others):
        return False
    surely = all(_below(place.seconds, other.seconds) or _below(place.joules, other.joules) for other in others)
    return True if surely else None


def _below(a: Mean, b: Mean) -> bool:
    """Whether a mean is below another beyond their intervals; one run has none, and tells nothing."""
    of_a, of_b = a.interval, b.interval
    return of_a is not None and of_b is not None and of_a[1] < of_b[0]
