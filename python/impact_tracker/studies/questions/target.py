"""What does it take to reach a target? Runs that never reach it are censored: neither dropped nor averaged in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from ...bench.analyse.survival import OF_THREE, Survival, kaplan_meier, survival, wilson
from ...digits import energy, percent
from ...figures.looks import legend_beside, line_look
from ...figures.notes import write_note, write_title
from ...report.page import Table
from ..points.methods import METHODS
from ..points.network import LOOKS_OF_AN_EPOCH, looks_are_asked
from ..points.point import StudyPoint, StudyRun
from .asked import StudyAnswer, StudyAsked, StudyQuestion, is_network, learnable_points
from .curves import between
from .draw import note_of
from .groups import PointGroup, groups_of, mean_score, score_text
from .means import n_words
from .words import caveats_of, group_dict, with_origin

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_QUICK = ("small-cnn", "logistic-regression", "random-forest", "k-nn")
_FULL = (*_QUICK, "linear-svm", "kernel-svm", "hist-boosting", "mlp", "mobilenet-v2", "resnet-18")
TARGETS = {"fashion-mnist": 0.78, "digits": 0.9, "brain-2mm": 0.6, "sentiment": 0.65, "licences": 0.6}


def points(asked: StudyAsked) -> tuple[StudyPoint, ...]:
    """One a model and data set. The target is judged on examples that are in neither part, the score on the test
    set."""
    chosen = []
    for point in learnable_points(asked, *((_QUICK, (4000,)) if asked.is_quick else (_FULL, (60_000,)))):
        usual = TARGETS.get(point.data, 0.9) if asked.is_quick or point.data != "fashion-mnist" else 0.88
        epochs = asked.epochs or (4 if asked.is_quick else 20) if is_network(point.model) else 1
        looks = asked.evaluations * epochs if asked.evaluations and point.model not in METHODS else None
        chosen.append(replace(point, epochs=epochs, evaluations=looks, target=asked.target or usual))
    return tuple(chosen)


class TargetCost(NamedTuple):
    """What reaching the target cost a model: `joules` over its runs, of which those that missed it are censored.
    `between_j`: how far the looks before and after the target lay apart at most, which an energy may be off by."""

    group: PointGroup
    joules: Survival | None
    share: tuple[float, float] | None
    values: list[float]
    hits: list[bool]
    between_j: float | None = None

    @property
    def looks_per_epoch(self) -> int | None:
        """How often a network was looked at in an epoch; `None` of a method of scikit-learn, judged after each fit."""
        point = self.group.point
        if point.model in METHODS:
            return None
        if looks_are_asked(point) and point.evaluations is not None:
            return max(1, point.evaluations // point.epochs)
        return LOOKS_OF_AN_EPOCH


def joules_to_target(run: StudyRun) -> float | None:
    """Joules until the target, read off between the last two looks; all of them where it was missed."""
    looks, target = run.checkpoints, run.point.target
    if not run.reached or target is None or len(looks) < 2:
        return run.training_j
    before, at = looks[-2], looks[-1]
    if before.energy_j is None or at.energy_j is None or before.score is None or at.score is None:
        return run.training_j
    if before.score < target <= at.score and _goes_on(run):
        part = (target - before.score) / (at.score - before.score)
        return between(before.energy_j, at.energy_j, part)
    return at.energy_j


def _goes_on(run: StudyRun) -> bool:
    """Whether the training went on between looks; a method of scikit-learn begins anew, and pays for the whole fit."""
    return run.point.model not in METHODS


def between_looks(run: StudyRun) -> float | None:
    """Joules between the looks before and after the target; `None` where it was missed, or there is no look before."""
    if not run.reached or len(run.checkpoints) < 2:
        return None
    before, at = (look.energy_j for look in run.checkpoints[-2:])
    return None if before is None or at is None else at - before


def costs_of(points: Sequence[StudyPoint], runs: Sequence[StudyRun]) -> list[TargetCost]:
    """What reaching the target cost at each point."""
    costs = []
    for group in groups_of(points, runs):
        good = [run for run in runs if run.point == group.point and run.is_good]
        known = [(joules_to_target(run), bool(run.reached)) for run in good]
        values = [value for value, _ in known if value is not None]
        hits = [hit for value, hit in known if value is not None]
        # A run whose energy is missing would bias the rest: it may be the one that took longest.
        all_known = len(values) == len(good)
        costs.append(
            TargetCost(
                group,
                survival(values, hits) if values and all_known else None,
                wilson(sum(hits), len(hits)) if hits else None,
                values if all_known else [],
                hits if all_known else [],
                max((gap for gap in map(between_looks, good) if gap is not None), default=None),
            )
        )
    return costs


def answer(points: Sequence[StudyPoint], runs: Sequence[StudyRun]) -> StudyAnswer:
    """The median of what the target takes, with its interval, and the share of the runs that reach it."""
    costs = costs_of(points, runs)
    groups = [cost.group for cost in costs]
    columns = (
        "data",
        "model",
        ">target",
        ">looks",
        ">reached",
        ">median energy to it",
        ">of a success",
        ">score on the test set",
    )
    document: dict[str, object] = {
        "targets": [
            {
                **group_dict(cost.group),
                "joules_to_target": None if cost.joules is None else cost.joules.to_dict(),
                "share_reached_95": cost.share,
                "looks_per_epoch": cost.looks_per_epoch,
                "looks_are_asked": looks_are_asked(cost.group.point),
                "between_j": cost.between_j,
            }
            for cost in costs
        ]
    }
    caveats = caveats_of(groups, runs)
    missed = [cost for cost in costs if cost.hits and not all(cost.hits)]
    if missed:
        caveats.insert(
            0,
            "runs that missed the target count as more than what they took (Kaplan–Meier), not as if they reached it: "
            + ", ".join(f"{cost.group.title} {cost.hits.count(False)} of {len(cost.hits)}" for cost in missed)
            + ".",
        )
    rows = [_cells(cost) for cost in costs]
    return StudyAnswer(
        with_origin(_sentence(costs), groups),
        [Table(columns, rows, _words(costs))],
        caveats,
        document,
        partial(_draw, costs),
    )


def _words(costs: Sequence[TargetCost]) -> str:
    """What the intervals of the table are, and how many runs are behind them."""
    counts = sorted({len(cost.hits) for cost in costs if cost.hits})
    if not counts:
        return "no run counts"
    if counts[-1] <= 2:
        return f"n = {counts[-1]}: {'one run tells no interval' if counts[-1] == 1 else 'two runs settle no median'}"
    runs = f"n = {counts[0]}" if len(counts) == 1 else f"n = {counts[0]} to {counts[-1]}"
    three = f"; {OF_THREE}" if 3 in counts else ""
    ends = "of the median Kaplan–Meier's, of the share Wilson's, ± Student's of the mean"
    return f"{runs}; in brackets 95 %: {ends}{three}"


def _median(cost: TargetCost) -> str:
    joules = cost.joules
    if joules is None:
        return "not known"
    if joules.median is None:
        most = max(cost.values, default=None)
        return f"more than {energy(most)} (censored)" if most is not None else "not known"
    low = "0 J" if joules.low is None else energy(joules.low)
    high = "not settled" if joules.high is None else energy(joules.high)
    return f"{energy(joules.median)} ({low} to {high})" if joules.runs > 2 else energy(joules.median)


def _of_success(joules: Survival | None) -> str:
    """What one success costs who starts again until there is one, with its interval where runs tell one."""
    if joules is None or joules.per_success is None:
        return "–"
    text = energy(joules.per_success)
    if joules.success_low is None and joules.success_high is None:
        return text
    low = "0 J" if joules.success_low is None else energy(joules.success_low)
    return f"{text} ({low} to {'no end' if joules.success_high is None else energy(joules.success_high)})"


def _looks(cost: TargetCost) -> str:
    """How often it was looked at, and how far the looks around the target lay apart."""
    looks, point = cost.looks_per_epoch, cost.group.point
    told = "each fit" if looks is None else f"{looks} an epoch{', asked for' if looks_are_asked(point) else ''}"
    return told if cost.between_j is None else f"{told}; {energy(cost.between_j)} apart"


def _cells(cost: TargetCost) -> tuple[str, ...]:
    group, joules = cost.group, cost.joules
    share = "" if cost.share is None else f" ({percent(cost.share[0])} to {percent(cost.share[1])})"
    return (
        group.data_title,
        group.title,
        score_text(group.point.target, group.metric),
        _looks(cost),
        f"{sum(cost.hits)} of {len(cost.hits)}{share}" if cost.hits else "no run",
        _median(cost),
        _of_success(joules),
        mean_score(group),
    )


def _sentence(costs: Sequence[TargetCost]) -> str:
    ranked = sorted(
        (cost for cost in costs if cost.joules is not None and cost.joules.median is not None),
        key=lambda cost: cost.joules.median if cost.joules is not None and cost.joules.median is not None else 0.0,
    )
    never = [cost.group.title for cost in costs if cost.hits and not any(cost.hits)]
    behind = f" {', '.join(never)} never reached it: censored." if never else ""
    if not ranked:
        runs = max((cost.group.runs for cost in costs), default=0)
        return f"No model reached its target in half of its runs ({n_words(runs)}).{behind}"
    parts: dict[tuple[str, float | None], list[TargetCost]] = {}
    for cost in ranked:
        parts.setdefault((cost.group.point.data, cost.group.point.target), []).append(cost)
    texts = []
    for first, *others in parts.values():
        text = (
            f"{score_text(first.group.point.target, first.group.metric)} on {first.group.data_title} took "
            f"{first.group.title} a median of {_median(first)} of training ({n_words(first.group.runs)})"
        )
        texts.append(text + (f", and {others[-1].group.title} {_median(others[-1])}." if others else "."))
    return f"{' '.join(texts)}{behind}"


def _draw(costs: Sequence[TargetCost], figure: Figure) -> None:
    """The share of runs that have reached the target, over the energy; what ended without is a cross."""
    axes = figure.subplots()
    for number, cost in enumerate(costs):
        curve = kaplan_meier(cost.values, cost.hits)
        end = max(cost.values, default=0.0)
        x = [0.0, *(drop.value for drop in curve), end]
        y = [0.0, *(1 - drop.surviving for drop in curve)]
        look = line_look(number)
        axes.step(
            x, [*y, y[-1]], where="post", label=cost.group.title, color=look["color"], linestyle=look["linestyle"]
        )
        missed = [value for value, hit in zip(cost.values, cost.hits) if not hit]
        axes.plot(missed, [y[-1]] * len(missed), "x", color=look["color"])
    axes.set(xlabel="energy of training in J", ylabel="share of runs at the target", ylim=(-0.03, 1.05))
    axes.set_xlim(left=0)
    write_title(axes, "to the target (crosses: runs that ended without it)")
    legend_beside(axes)
    note = note_of([cost.group for cost in costs])
    write_note(figure, note.replace("whiskers: 95 % of the mean over n runs", "each run is a step, no mean"))


QUESTION = StudyQuestion("target", "what reaching a target takes; runs that miss it are censored", points, answer)
