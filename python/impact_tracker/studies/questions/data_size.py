"""Does more data pay? Energy and accuracy of each model over the number of training examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from ...bench.analyse.cells import ratio_text
from ...digits import plus_minus
from ...figures.notes import add_to_note
from ...report.page import Table
from ...values.statistics import Mean, MeanRatio, ratio_of_means, sum_of_means
from ..points.data import source_of
from ..points.point import StudyPoint, StudyRun
from .asked import StudyAnswer, StudyAsked, StudyQuestion, is_network, learnable_points
from .draw import FigurePlace, FigureSeries, draw_series, name_places, titled
from .exponents import Exponent, exponent_of
from .groups import PointGroup, gap_in_points, groups_of, mean_score
from .means import energy_text, intervals_words, n_words
from .words import COLUMNS, caveats_of, cells_of, group_dict, with_origin

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_QUICK_MODELS = ("small-cnn", "logistic-regression", "random-forest")
_FULL_MODELS = (*_QUICK_MODELS, "mobilenet-v2", "kernel-svm", "hist-boosting", "k-nn", "mlp")
_QUICK_SIZES, _FULL_SIZES = (250, 1000, 4000), (600, 1900, 6000, 19_000, 60_000)


def points(asked: StudyAsked) -> tuple[StudyPoint, ...]:
    """Every model on every size of the data; networks see each example as often, whatever their number."""
    models, sizes, epochs = (_QUICK_MODELS, _QUICK_SIZES, 2) if asked.is_quick else (_FULL_MODELS, _FULL_SIZES, 5)
    chosen = asked.data or ("fashion-mnist",)
    counts = {data: len(source_of(data, asked.data_folder).x) for data in chosen if data != "text"}
    return tuple(
        replace(point, epochs=(asked.epochs or epochs) if is_network(point.model) else 1)
        for point in learnable_points(asked, models, sizes)
        if asked.examples or point.examples <= counts.get(point.data, point.examples)
    )


def answer(points: Sequence[StudyPoint], runs: Sequence[StudyRun]) -> StudyAnswer:
    """How energy grows with the data, what that buys, and which model is best for each energy."""
    groups = groups_of(points, runs)
    series = _by_model(groups)
    rows = [(f"{group.point.examples:,}", *cells_of(group)) for group in groups]
    grown = [(each, growth_of(each, runs)) for each in series]
    about = "growth with the examples; 95 % in brackets, that of the exponent by what stands beside it"
    tables = [
        Table((">examples", *COLUMNS), rows, intervals_words(groups)),
        Table(_GROWTH, [_growth_cells(*each) for each in grown], about),
    ]
    document: dict[str, object] = {
        "groups": [group_dict(group) for group in groups],
        "growth": [_growth_dict(*each) for each in grown],
    }
    sentence = " ".join(filter(None, map(_sentence, series))) or "No model has a run at two sizes of the data."
    return StudyAnswer(
        with_origin(sentence, groups), tables, caveats_of(groups, runs), document, partial(_draw, groups, series)
    )


_GROWTH = ("model", ">energy grows as examples to the", "by", ">from the least to the most data: energy", ">score")


def _by_model(groups: Sequence[PointGroup]) -> list[list[PointGroup]]:
    by_model: dict[tuple[str, str], list[PointGroup]] = {}
    for group in groups:
        if group.energy is not None and group.score is not None:
            by_model.setdefault((group.point.data, group.title), []).append(group)
    return [sorted(each, key=lambda group: group.point.examples) for each in by_model.values()]


def growth_of(series: Sequence[PointGroup], runs: Sequence[StudyRun]) -> Exponent | None:
    """The power of the examples with which the energy grows, by the repeats' own slopes."""
    sizes = {group.point: float(group.point.examples) for group in series}
    repeats: dict[int, dict[float, float]] = {}
    for run in runs:
        if run.point in sizes and run.is_good and run.training_j is not None:
            repeats.setdefault(run.repeat, {})[sizes[run.point]] = run.training_j
    return exponent_of(list(repeats.values()))


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


def _growth_cells(series: Sequence[PointGroup], exponent: Exponent | None) -> tuple[str, ...]:
    ends = _ends(series)
    return (
        series[0].title,
        "–" if exponent is None else exponent.text,
        "–" if exponent is None else exponent.how,
        "–" if ends is None else f"× {ratio_text(ends.energy)}",
        "–" if ends is None else _gain_text(ends.score, series[0].metric),
    )


def _growth_dict(series: Sequence[PointGroup], exponent: Exponent | None) -> dict[str, object]:
    ends = _ends(series)
    return {
        "model": series[0].point.model,
        "data": series[0].point.data,
        "exponent": None if exponent is None else exponent.value,
        "exponent_low": None if exponent is None else exponent.low,
        "exponent_high": None if exponent is None else exponent.high,
        "exponent_by": None if exponent is None else exponent.how,
        "energy_ratio": None if ends is None else ends.energy.value,
        "energy_ratio_low": None if ends is None else ends.energy.low,
        "energy_ratio_high": None if ends is None else ends.energy.high,
        "score_gain": None if ends is None else ends.score.value,
        "score_gain_half_width": None if ends is None else ends.score.half_width,
        "runs": min(series[0].runs, series[-1].runs),
    }


def _sentence(series: Sequence[PointGroup]) -> str:
    ends = _ends(series)
    if ends is None:
        return ""
    first, last = series[0], series[-1]
    return (
        f"From {first.point.examples:,} to {last.point.examples:,} examples of {first.data_title}, training "
        f"{first.title} took {ratio_text(ends.energy)} times the energy "
        f"({energy_text(last.energy)}, {n_words(last.runs)}) for "
        f"{_gain_text(ends.score, first.metric)} ({mean_score(last)})."
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
    named = [
        (FigurePlace(group.energy, group.score), f"{group.point.examples:,}")
        for each in series
        for group in each
        if group.energy is not None and group.score is not None
    ]
    metric = groups[0].metric if groups else "accuracy"
    titled(figure, axes, "data against energy (numbers: training examples)", groups, "energy of training in J", metric)
    add_to_note(figure, name_places(axes, named, drawn))


QUESTION = StudyQuestion("data-size", "data set size × energy × accuracy: does more data pay?", points, answer)
