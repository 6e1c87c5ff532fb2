"""Accuracy against energy over a training: what the last points cost, where the knee is. Pure functions of numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ...values.statistics import Mean, mean_of, student_t
from ..points.point import StudyRun


class CurveSpot(NamedTuple):
    """A place on a curve: joules used up to there, and the score then."""

    energy_j: float
    score: float


def best_so_far(curve: Sequence[CurveSpot]) -> list[CurveSpot]:
    """The same without its dips: who stops later keeps the best model of before."""
    kept: list[CurveSpot] = []
    best = -math.inf
    for spot in sorted(curve):
        best = max(best, spot.score)
        kept.append(CurveSpot(spot.energy_j, best))
    return kept


def between(begin: float, end: float, part: float) -> float:
    """The value on the straight line, never beyond its ends: a rounded sum may lie a last digit behind them."""
    return min(max(begin + part * (end - begin), min(begin, end)), max(begin, end))


def score_at(curve: Sequence[CurveSpot], energy_j: float) -> float | None:
    """The score after so many joules, by straight lines; `None` before the first look and after the last."""
    for before, after in zip(curve, curve[1:]):
        if before.energy_j <= energy_j <= after.energy_j:
            if after.energy_j == before.energy_j:
                return after.score
            part = (energy_j - before.energy_j) / (after.energy_j - before.energy_j)
            return between(before.score, after.score, part)
    return curve[0].score if curve and energy_j == curve[0].energy_j else None


class MarginalCost(NamedTuple):
    """What one more unit of the score costs between two looks, in joules: infinite where the score did not rise.
    `low`, `high`: its 95 % interval over `runs` runs (Fieller); `low` is `None` where the runs tell none, as one alone;
    `high` is infinite where the gain cannot be told from nothing. `used`: the joules up to the end, and `scores` at
    both looks, over the runs."""

    begin: CurveSpot
    end: CurveSpot
    j_per_score: float
    runs: int = 1
    low: float | None = None
    high: float | None = None
    used: Mean | None = None
    scores: tuple[Mean | None, Mean | None] | None = None


def margins(curve: Sequence[CurveSpot]) -> list[MarginalCost]:
    """Between each two looks of the curve without its dips."""
    steps = []
    for begin, end in zip(curve, curve[1:]):
        gain = end.score - begin.score
        steps.append(MarginalCost(begin, end, (end.energy_j - begin.energy_j) / gain if gain > 0 else math.inf))
    return steps


def fieller(costs: Sequence[float], gains: Sequence[float]) -> tuple[float, float] | None:
    """The 95 % interval of the ratio of two means of the same runs, the costs' over the gains' (Fieller 1954): from 0
    on, without an end where the gains may be nothing. `None` of fewer than two runs, and where nothing is told."""
    cost, gain = mean_of(costs), mean_of(gains)
    if cost is None or gain is None or cost.half_width is None or gain.half_width is None:
        return None
    runs = cost.runs
    together = math.fsum((c - cost.value) * (g - gain.value) for c, g in zip(costs, gains)) / (runs - 1)
    t2 = student_t(0.95, runs - 1) ** 2 / runs
    a = gain.value**2 - gain.half_width**2
    b = cost.value * gain.value - t2 * together
    c = cost.value**2 - cost.half_width**2
    root = b * b - a * c
    if a > 0:
        if root < 0:  # of runs that are equal but for rounding
            root = 0.0
        low, high = (b - math.sqrt(root)) / a, (b + math.sqrt(root)) / a
        return (max(low, 0.0), high) if high > 0 else None
    if c <= 0 or root < 0:
        return 0.0, math.inf  # neither the costs nor the gains can be told from nothing
    ends = sorted(((b - math.sqrt(root)) / a, (b + math.sqrt(root)) / a)) if a < 0 else [c / (2 * b)] * 2 if b else []
    above = [end for end in ends if end > 0]
    return (max(above) if above else 0.0, math.inf)


def mean_margins(curves: Sequence[Sequence[CurveSpot]]) -> list[MarginalCost]:
    """Between each two looks, over the curves of several runs without their dips: mean joules over mean gain. Of curves
    that have not as many looks as the longest nothing is taken."""
    most = max(map(len, curves), default=0)
    longest = [best_so_far(curve) for curve in curves if len(curve) == most]
    steps = []
    for place in range(most - 1):
        pairs = [(curve[place], curve[place + 1]) for curve in longest]
        begin, end = (_mean_spot([pair[side] for pair in pairs]) for side in (0, 1))
        (step,) = margins([begin, end])
        ends = fieller(
            [after.energy_j - before.energy_j for before, after in pairs],
            [after.score - before.score for before, after in pairs],
        )
        low, high = (None, None) if ends is None else ends
        used = mean_of([after.energy_j for _, after in pairs])
        scores = mean_of([before.score for before, _ in pairs]), mean_of([after.score for _, after in pairs])
        steps.append(step._replace(runs=len(longest), low=low, high=high, used=used, scores=scores))
    return steps


def _mean_spot(spots: Sequence[CurveSpot]) -> CurveSpot:
    energy_j, score = (math.fsum(values) / len(spots) for values in zip(*spots))
    return CurveSpot(energy_j, score)


def knee_of(curve: Sequence[CurveSpot]) -> CurveSpot | None:
    """Where the curve lies farthest above the straight line from its first look to its last: up to there a joule buys
    more than it does on average, from there on less. `None` for fewer than three looks, and where it lies above
    nowhere."""
    if len(curve) < 3:
        return None
    first, last = curve[0], curve[-1]
    energy_j, score = last.energy_j - first.energy_j, last.score - first.score
    if energy_j <= 0 or score <= 0:
        return None
    heights = [(spot.score - first.score) / score - (spot.energy_j - first.energy_j) / energy_j for spot in curve]
    place = max(range(len(curve)), key=heights.__getitem__)
    return curve[place] if heights[place] > 1e-9 else None


def energy_to(curve: Sequence[CurveSpot], score: float) -> float | None:
    """Joules at which the curve without dips first reaches a score; `None` where it does not."""
    if curve and curve[0].score >= score:
        return curve[0].energy_j
    for before, after in zip(curve, curve[1:]):
        if after.score >= score:
            part = (score - before.score) / (after.score - before.score)
            return between(before.energy_j, after.energy_j, part)
    return None


@dataclass(frozen=True)
class CurveOfRun:
    """What one run's curve tells. `half`: score after half of the energy; `gain`: what the second half added;
    `last_share`: the share of the energy after 99 % of the final score was there."""

    half: float
    final: float
    gain: float
    knee: CurveSpot | None
    knee_share: float | None
    last_share: float | None


def read_curve(curve: Sequence[CurveSpot]) -> CurveOfRun | None:
    """`None` for fewer than three looks, and for a training whose first look came after half of its energy."""
    rising = best_so_far(curve)
    if len(rising) < 3 or rising[-1].energy_j <= 0:
        return None
    final = rising[-1]
    half = score_at(rising, final.energy_j / 2)
    if half is None:
        return None
    knee = knee_of(rising)
    nearly_j = energy_to(rising, 0.99 * final.score)
    return CurveOfRun(
        half,
        final.score,
        final.score - half,
        knee,
        None if knee is None else knee.energy_j / final.energy_j,
        None if nearly_j is None else 1 - nearly_j / final.energy_j,
    )


@dataclass(frozen=True)
class MeanLook:
    """One look over the runs of a point."""

    examples: int
    energy: Mean | None
    score: Mean | None


@dataclass(frozen=True)
class MeanCurve:
    """The curves of all runs of a point: at each look, and what is read off every run's own curve."""

    looks: tuple[MeanLook, ...]
    runs: int
    half: Mean | None
    final: Mean | None
    gain: Mean | None
    knee_j: Mean | None
    knee_score: Mean | None
    knee_share: Mean | None
    last_share: Mean | None
    margins: tuple[MarginalCost, ...]


def spots_of(run: StudyRun) -> list[CurveSpot]:
    """The looks of a run that know both numbers."""
    looks = [(look.energy_j, look.score) for look in run.checkpoints]
    return [CurveSpot(energy_j, score) for energy_j, score in looks if energy_j is not None and score is not None]


def mean_curve(runs: Sequence[StudyRun]) -> MeanCurve:
    """Over the good runs of one point, whose looks are at the same examples."""
    good = [run for run in runs if run.is_good]
    places = sorted({look.examples for run in good for look in run.checkpoints})
    looks = []
    for place in places:
        here = [look for run in good for look in run.checkpoints if look.examples == place]
        looks.append(
            MeanLook(
                place,
                mean_of([look.energy_j for look in here if look.energy_j is not None]),
                mean_of([look.score for look in here if look.score is not None]),
            )
        )
    own = [spots_of(run) for run in good]
    read = [curve for curve in map(read_curve, own) if curve is not None]
    knees = [curve.knee for curve in read if curve.knee is not None]
    return MeanCurve(
        tuple(looks),
        len(good),
        mean_of([curve.half for curve in read]),
        mean_of([curve.final for curve in read]),
        mean_of([curve.gain for curve in read]),
        mean_of([knee.energy_j for knee in knees]),
        mean_of([knee.score for knee in knees]),
        mean_of([curve.knee_share for curve in read if curve.knee_share is not None]),
        mean_of([curve.last_share for curve in read if curve.last_share is not None]),
        tuple(mean_margins(own)),
    )
