"""Width, depth, family: what a larger or another model costs, and whether it learns better for it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from ...bench.analyse.relations import correlation, power_law
from ...digits import quantity, span, within
from ...figures.notes import add_to_note
from ...report.page import Table
from ..points.point import StudyPoint, StudyRun
from .asked import StudyAnswer, StudyAsked, StudyQuestion, is_learnable, test_examples
from .draw import FigurePlace, FigureSeries, draw_series, name_places, titled
from .groups import TOLD, PointGroup, by_data, front_of, groups_of, is_told_on_front, mean_score
from .means import intervals_words, n_words
from .words import COLUMNS, caveats_of, cells_of, finite, group_dict, with_origin

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_QUICK_WIDTHS, _FULL_WIDTHS = (16, 64, 256), (8, 32, 128, 512, 2048)
_QUICK_DEPTHS, _FULL_DEPTHS = (1, 3), (1, 2, 4, 8)
_BASE_WIDTH = 64
_QUICK_FAMILIES = ("small-cnn", "logistic-regression")
_FULL_FAMILIES = ("small-cnn", "mobilenet-v2", "resnet-18", "resnet-v2-50", "logistic-regression", "random-forest")


def points(asked: StudyAsked) -> tuple[StudyPoint, ...]:
    """Perceptrons of every width at one depth, of every depth at one width, and one of each family."""
    widths, depths = (_QUICK_WIDTHS, _QUICK_DEPTHS) if asked.is_quick else (_FULL_WIDTHS, _FULL_DEPTHS)
    shapes = list(dict.fromkeys([(width, 1) for width in widths] + [(_BASE_WIDTH, depth) for depth in depths]))
    chosen = []
    for data in asked.data or ("fashion-mnist",):
        for examples in asked.examples or ((4000,) if asked.is_quick else (60_000,)):
            test, epochs = test_examples(asked, data), asked.epochs or (5 if asked.is_quick else 20)
            if is_learnable("mlp", data) and (not asked.models or "mlp" in asked.models):
                chosen += [
                    StudyPoint("mlp", data, examples, epochs, test_examples=test, width=width, depth=depth)
                    for width, depth in shapes
                ]
            for model in asked.models or (_QUICK_FAMILIES if asked.is_quick else _FULL_FAMILIES):
                if model != "mlp" and is_learnable(model, data):
                    few = asked.epochs or (1 if asked.is_quick else 5)
                    chosen.append(StudyPoint(model, data, examples, few, test_examples=test, device=asked.device))
    return tuple(chosen)


def answer(points: Sequence[StudyPoint], runs: Sequence[StudyRun]) -> StudyAnswer:
    """How energy grows with parameters within a family, and which sizes nothing beats."""
    groups = groups_of(points, runs)
    known = [group for group in groups if group.energy is not None and group.score is not None]
    front = front_of(known)
    rows = [(*cells_of(group), _count(group.parameters), _on_front(group, known, front)) for group in groups]
    document: dict[str, object] = {
        "groups": [group_dict(group) for group in groups],
        "pareto": [group.point.to_dict() for group in front],
        "pareto_told": [group.point.to_dict() for group in front if is_told_on_front(group, known)],
        "growth": _growth(known),
    }
    table = Table((*COLUMNS, ">parameters", "on the energy–score front"), rows, intervals_words(groups))
    return StudyAnswer(
        with_origin(_sentence(known, front), groups), [table], caveats_of(groups, runs), document, partial(_draw, known)
    )


def _on_front(group: PointGroup, known: Sequence[PointGroup], front: Sequence[PointGroup]) -> str:
    """Whether nothing beats it, by the means and as far as the runs tell."""
    if group not in known:
        return "–"
    told = is_told_on_front(group, known)
    return TOLD[told] if told is not None else f"{'yes' if group in front else 'no'} by the means, {TOLD[None]}"


def _count(number: float | None) -> str:
    return "–" if number is None else quantity(number, "")


def _pairs(groups: Sequence[PointGroup]) -> list[tuple[float, float]]:
    """Of the perceptrons on as many examples of the same data as the first."""
    shaped = [group for group in groups if group.point.width is not None and group.parameters and group.energy]
    return [
        (group.parameters, group.energy.value)
        for group in shaped
        if (group.point.data, group.point.examples) == (shaped[0].point.data, shaped[0].point.examples)
        and group.parameters
        and group.energy
        and group.energy.value > 0
    ]


def _growth(groups: Sequence[PointGroup]) -> dict[str, object]:
    pairs = _pairs(groups)
    fit = power_law([x for x, _ in pairs], [y for _, y in pairs])
    order = correlation([x for x, _ in pairs], [y for _, y in pairs])
    return {
        "points": len(pairs),
        "exponent": None if fit is None else finite(fit.exponent),
        "exponent_low": None if fit is None else finite(fit.exponent_low),
        "exponent_high": None if fit is None else finite(fit.exponent_high),
        "spearman": None if order is None else order.spearman,
        "spearman_p": None if order is None else order.spearman_p,
    }


def _sentence(groups: Sequence[PointGroup], front: Sequence[PointGroup]) -> str:
    if not groups:
        return "No model has a run that counts."
    growth = _growth(groups)
    text = ""
    low, high = growth["exponent_low"], growth["exponent_high"]
    if isinstance(growth["exponent"], float) and isinstance(low, float) and isinstance(high, float):
        power = within(growth["exponent"], low, high)
        text = (
            f"The energy of training a perceptron grew as its parameters to the power {power} "
            f"({span(growth['exponent'], low, high)}, {growth['points']} sizes). "
        )
    return text + " ".join(_front_sentence(part, groups) for part in by_data(front))


def _front_sentence(front: Sequence[PointGroup], groups: Sequence[PointGroup]) -> str:
    """Of one data set."""
    names = ", ".join(f"{group.title} ({mean_score(group)})" for group in front)
    told = ", ".join(group.title for group in front if is_told_on_front(group, groups))
    runs = front[-1].runs
    beyond = "one run of each may be chance" if runs == 1 else f"beyond the intervals this is told of {told or 'none'}"
    return (
        f"On {front[0].data_title}, by the means nothing beat {names} in both energy and score "
        f"({n_words(runs)}); {beyond}."
    )


def _draw(groups: Sequence[PointGroup], figure: Figure) -> None:
    axes = figure.subplots()
    named: list[tuple[FigurePlace, str]] = []
    shapes: dict[str, list[FigurePlace]] = {"width": [], "depth": [], "family": []}
    for group in groups:
        if group.energy is None or group.score is None:
            continue
        kind = "family" if group.point.width is None else "depth" if group.point.depth != 1 else "width"
        shapes[kind].append(FigurePlace(group.energy, group.score))
        named.append((shapes[kind][-1], group.title))
    names = {"width": "perceptron, by width", "depth": "perceptron, by depth", "family": "other families"}
    series = [FigureSeries(names[kind], places, line=kind == "width") for kind, places in shapes.items()]
    draw_series(axes, series)
    metric = groups[0].metric if groups else "accuracy"
    titled(figure, axes, "size and family", groups, "energy of training in J", metric)
    add_to_note(figure, name_places(axes, named, series))


QUESTION = StudyQuestion("size", "width, depth, family: what a larger or another model costs and gains", points, answer)
