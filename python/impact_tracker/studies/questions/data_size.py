"""Does more data pay? Energy and accuracy of each model over the number of training examples."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from ...bench.analyse.cells import ratio_text
from ...bench.analyse.relations import power_law
from ...digits import plus_minus, significant
from ...report.page import Table
from ...values.statistics import Mean, MeanRatio, ratio_of_means, sum_of_means
from ..points.data import source_of
from ..points.point import StudyPoint, StudyRun
from .asked import StudyAnswer, StudyAsked, StudyQuestion, is_learnable, is_network, test_examples
from .draw import FigurePlace, FigureSeries, draw_series, titled
from .groups import PointGroup, gap_in_points, groups_of, mean_energy, mean_score
from .words import COLUMNS, caveats_of, cells_of, finite, group_dict

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_QUICK_MODELS = ("small-cnn", "logistic-regression", "random-forest")
_FULL_MODELS = (*_QUICK_MODELS, "mobilenet-v2", "kernel-svm", "hist-boosting", "k-nn", "mlp")
_QUICK_SIZES, _FULL_SIZES = (250, 1000, 4000), (600, 1900, 6000, 19_000, 60_000)


def points(asked: StudyAsked) -> tuple[StudyPoint, ...]:
    """Every model on every size of the data; networks see each example as often, whatever their number."""
    chosen = []
    for data in asked.data or ("fashion-mnist",):
        there = len(source_of(data, asked.data_folder).x) if data != "text" else None
        for examples in asked.examples or (_QUICK_SIZES if asked.is_quick else _FULL_SIZES):
            if there is not None and examples > there and not asked.examples:
                continue
            for model in asked.models or (_QUICK_MODELS if asked.is_quick else _FULL_MODELS):
                if is_learnable(model, data):
                    epochs = asked.epochs or (2 if asked.is_quick else 5) if is_network(model) else 1
                    test = test_examples(asked, data)
                    chosen.append(StudyPoint(model, data, examples, epochs, test_examples=test, device=asked.device))
    return tuple(chosen)


def answer(points: Sequence[StudyPoint], runs: Sequence[StudyRun]) -> StudyAnswer:
    """How energy grows with the data, what that buys, and which model is best for each energy."""
    groups = groups_of(points, runs)
    series = _by_model(groups)
    rows = [(f"{group.point.examples:,}", *cells_of(group)) for group in groups]
    tables = [Table((">examples", *COLUMNS), rows), Table(_GROWTH, [_growth_cells(each) for each in series])]
    document: dict[str, object] = {
        "groups": [group_dict(group) for group in groups],
        "growth": [_growth_dict(each) for each in series],
    }
    sentence = " ".join(filter(None, map(_sentence, series))) or "No model has a run at two sizes of the data."
    return StudyAnswer(sentence, tables, caveats_of(groups, runs), document, partial(_draw, groups, series))


_GROWTH = ("model", ">energy grows as examples to the", ">from the least to the most data: energy", ">score")


def _by_model(groups: Sequence[PointGroup]) -> list[list[PointGroup]]:
    by_model: dict[tuple[str, str], list[PointGroup]] = {}
    for group in groups:
        if group.energy is not None and group.score is not None:
            by_model.setdefault((group.point.data, group.title), []).append(group)
    return [sorted(each, key=lambda group: group.point.examples) for each in by_model.values()]


def exponent_of(series: Sequence[PointGroup]) -> float | None:
    """The power of the examples with which the energy grows, over four sizes or more; by its two ends over fewer."""
    import math

    pairs = [(float(g.point.examples), g.energy.value) for g in series if g.energy is not None and g.energy.value > 0]
    if len(pairs) < 2 or pairs[0][0] == pairs[-1][0]:
        return None
    fit = power_law([x for x, _ in pairs], [y for _, y in pairs])
    if fit is not None:
        return finite(fit.exponent)
    return math.log(pairs[-1][1] / pairs[0][1]) / math.log(pairs[-1][0] / pairs[0][0])


class _Growth(NamedTuple):
    """From the least to the most data: how many times the energy, and how much more of the score."""

    energy: MeanRatio
    score: Mean


def _ends(series: Sequence[PointGroup]) -> _Growth | None:
    """Both with what the runs tell of them."""
    first, last = series[0], series[-1]
    if len(series) < 2 or not first.energy or not last.energy or not first.score or not last.score:
        return None
    ratio = ratio_of_means(last.energy, first.energy)
    gain = sum_of_means([(1.0, last.score), (-1.0, first.score)])
    return None if ratio is None or gain is None else _Growth(ratio, gain)


def _gain_text(gain: Mean, metric: str) -> str:
    factor, unit = gap_in_points(metric)
    points = gain.value * factor
    text = plus_minus(points, gain.half_width * factor, signed=True) if gain.half_width else f"{points:+.1f}"
    return f"{text} {unit}"


def _growth_cells(series: Sequence[PointGroup]) -> tuple[str, ...]:
    exponent, ends = exponent_of(series), _ends(series)
    return (
        series[0].title,
        "–" if exponent is None else significant(exponent, 2),
        "–" if ends is None else f"× {ratio_text(ends.energy)}",
        "–" if ends is None else _gain_text(ends.score, series[0].metric),
    )


def _growth_dict(series: Sequence[PointGroup]) -> dict[str, object]:
    ends = _ends(series)
    return {
        "model": series[0].point.model,
        "data": series[0].point.data,
        "exponent": exponent_of(series),
        "energy_ratio": None if ends is None else ends.energy.value,
        "energy_ratio_low": None if ends is None else ends.energy.low,
        "energy_ratio_high": None if ends is None else ends.energy.high,
        "score_gain": None if ends is None else ends.score.value,
        "score_gain_half_width": None if ends is None else ends.score.half_width,
    }


def _sentence(series: Sequence[PointGroup]) -> str:
    ends = _ends(series)
    if ends is None:
        return ""
    first, last = series[0], series[-1]
    return (
        f"From {first.point.examples:,} to {last.point.examples:,} examples of {first.data_title}, training "
        f"{first.title} took {ratio_text(ends.energy)} times the energy ({mean_energy(last.energy)}, n = {last.runs}) "
        f"for {_gain_text(ends.score, first.metric)} ({mean_score(last)})."
    )


def _draw(groups: Sequence[PointGroup], series: Sequence[Sequence[PointGroup]], figure: Figure) -> None:
    axes = figure.subplots()
    several = len({group.point.data for group in groups}) > 1
    drawn = [
        FigureSeries(
            each[0].title + (f", {each[0].data_title}" if several else ""),
            [FigurePlace(g.energy, g.score) for g in each if g.energy is not None and g.score is not None],
        )
        for each in series
    ]
    draw_series(axes, drawn)
    for each in series:
        for group in each:
            if group.energy is not None and group.score is not None:
                place = (group.energy.value, group.score.value)
                axes.annotate(
                    f"{group.point.examples:,}", place, fontsize=6, xytext=(3, -8), textcoords="offset points"
                )
    metric = groups[0].metric if groups else "accuracy"
    titled(figure, axes, "data against energy (numbers: training examples)", groups, "energy of training in J", metric)


QUESTION = StudyQuestion("data-size", "data set size × energy × accuracy: does more data pay?", points, answer)
