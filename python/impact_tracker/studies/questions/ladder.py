"""How well does a network learn for a budget? Accuracy on a ladder of budgets, each rung a training of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from ...bench.analyse.relations import welch
from ...digits import energy, plus_minus
from ...report.page import Table
from ..points.network import OWN_DATA
from ..points.point import StudyPoint, StudyRun
from .asked import StudyAnswer, StudyAsked, StudyQuestion, is_learnable, is_network, test_examples
from .draw import FigurePlace, FigureSeries, draw_series, titled
from .groups import PointGroup, front_of, gap_in_points, groups_of, mean_score
from .means import intervals_words, n_words
from .words import caveats_of, cells_of, group_dict, with_origin

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_QUICK, _FULL = ("small-cnn", "mobilenet-v2"), (
    "small-cnn", "mobilenet-v2", "resnet-18", "resnet-v2-50", "u-net-3d", "small-gpt"
)  # fmt: skip
_QUICK_RUNGS_J, _FULL_RUNGS_J = (50.0, 100.0, 200.0, 400.0), (50.0, 150.0, 500.0, 1500.0, 5000.0)
_MANY_EPOCHS = 1000


def points(asked: StudyAsked) -> tuple[StudyPoint, ...]:
    """Every network on every rung; networks of other data than pictures learn their own."""
    chosen = []
    for model in asked.models or (_QUICK if asked.is_quick else _FULL):
        for data in asked.data or (OWN_DATA.get(model, "fashion-mnist"),):
            if not is_learnable(model, data):
                continue
            own = {"u-net-3d": 64, "small-gpt": 1024}.get(model)
            for examples in asked.examples or (own or (10_000 if asked.is_quick else 60_000),):
                for budget_j in asked.budgets_j or (_QUICK_RUNGS_J if asked.is_quick else _FULL_RUNGS_J):
                    epochs = asked.epochs or (_MANY_EPOCHS if is_network(model) and model != "mlp" else 30)
                    test = None if own is not None else test_examples(asked, data)
                    chosen.append(
                        StudyPoint(
                            model, data, examples, epochs, test_examples=test, budget_j=budget_j, device=asked.device
                        )
                    )
    return tuple(chosen)


def answer(points: Sequence[StudyPoint], runs: Sequence[StudyRun]) -> StudyAnswer:
    """The score of each rung, and which network is best on it."""
    groups = groups_of(points, runs)
    rungs = sorted({point.budget_j for point in points if point.budget_j is not None})
    names = list(dict.fromkeys((group.title, group.data_title) for group in groups))
    rows = [(title, data, *(_at(groups, title, data, rung) for rung in rungs)) for title, data in names]
    best = [(rung, _best(groups, rung)) for rung in rungs]
    words = intervals_words(groups)
    tables = [
        Table(("model", "data", *(f">{energy(rung)}" for rung in rungs)), rows, f"score for a budget; {words}"),
        Table(
            ("budget", "model", ">energy used", ">time", ">score", ">J a prediction", ">carbon", ">runs"),
            [(energy(group.point.budget_j), *cells_of(group)) for group in groups],
            words,
        ),
    ]
    document: dict[str, object] = {
        "groups": [group_dict(group) for group in groups],
        "best_by_budget_j": {f"{rung:g}": None if group is None else group.point.model for rung, group in best},
        "best_is_told": {f"{rung:g}": None if group is None else _is_told(group, groups, runs) for rung, group in best},
        "pareto": [group.point.to_dict() for group in _front(groups)],
    }
    return StudyAnswer(
        with_origin(_sentence(groups, best, runs), groups),
        tables,
        caveats_of(groups, runs),
        document,
        partial(_draw, groups, names),
    )


def _front(groups: Sequence[PointGroup]) -> list[PointGroup]:
    return front_of([group for group in groups if group.point.data == groups[0].point.data])


def _at(groups: Sequence[PointGroup], title: str, data: str, rung: float) -> str:
    for group in groups:
        if (group.title, group.data_title, group.point.budget_j) == (title, data, rung):
            return mean_score(group) if group.runs else "too small a budget" if group.failed else "no run"
    return "–"


def _best(groups: Sequence[PointGroup], rung: float) -> PointGroup | None:
    """Of the networks on the first data set."""
    here = [
        (group.score.value, group)
        for group in groups
        if group.point.budget_j == rung and group.point.data == groups[0].point.data and group.score is not None
    ]
    return max(here, key=lambda scored: scored[0])[1] if here else None


def _scores(group: PointGroup, runs: Sequence[StudyRun]) -> list[float]:
    return [run.score for run in runs if run.point == group.point and run.is_good and run.score is not None]


def _is_told(best: PointGroup, groups: Sequence[PointGroup], runs: Sequence[StudyRun]) -> bool | None:
    """Whether the best of a rung can be told from every other by Welch's tests, adjusted for all pairs of the rung, as
    the scores have picked it, and for all rungs; `None` where it is alone, or a side is one run."""
    rungs = len({group.point.budget_j for group in groups})
    others = [
        group
        for group in groups
        if group.point.budget_j == best.point.budget_j and group.point.data == best.point.data and group.runs
    ]
    tests = [welch(_scores(other, runs), _scores(best, runs)) for other in others if other is not best]
    known = [test.p for test in tests if test is not None]
    if not known or len(known) < len(tests):
        return None
    return max(known) * math.comb(len(others), 2) * rungs < 0.05


def _beside(best: PointGroup, groups: Sequence[PointGroup], runs: Sequence[StudyRun]) -> str:
    """What the best of a rung is called: as far as the runs tell."""
    told = _is_told(best, groups, runs)
    if told is None:
        return f"{best.title} ({mean_score(best)})"
    return f"{best.title} ({mean_score(best)}{'' if told else ', not told apart from the next'})"


def _sentence(
    groups: Sequence[PointGroup], best: Sequence[tuple[float, PointGroup | None]], runs: Sequence[StudyRun]
) -> str:
    known = [(rung, group) for rung, group in best if group is not None]
    if not known:
        return "No network learnt anything within its budget."
    (low, first), (high, last) = known[0], known[-1]
    text = f"On {first.data_title} the best use of {energy(low)} of training was {_beside(first, groups, runs)}"
    if high != low and first.score is not None and last.score is not None:
        factor, unit = gap_in_points(first.metric)
        gain = (last.score.value - first.score.value) * factor
        test = welch(_scores(first, runs), _scores(last, runs))
        shown = f"{gain:+.1f}" if test is None or not test.half_width else (
            plus_minus(gain, test.half_width * factor, signed=True)
        )  # fmt: skip
        text += (
            f", and of {energy(high)} {_beside(last, groups, runs)}: {high / low:.0f} times the energy bought "
            f"{shown} {unit}"
        )
    return f"{text} ({n_words(last.runs)}{', which may be chance' if last.runs == 1 else ''})."


def _draw(groups: Sequence[PointGroup], names: Sequence[tuple[str, str]], figure: Figure) -> None:
    axes = figure.subplots()
    several = len({data for _, data in names}) > 1
    series = [
        FigureSeries(
            title + (f", {data}" if several else ""),
            [
                FigurePlace(group.energy, group.score)
                for group in groups
                if (group.title, group.data_title) == (title, data)
                and group.energy is not None
                and group.score is not None
            ],
        )
        for title, data in names
    ]
    draw_series(axes, series)
    metric = groups[0].metric if groups and not several else "score"
    titled(figure, axes, "accuracy on a ladder of budgets", groups, "energy of training in J", metric)


QUESTION = StudyQuestion("ladder", "accuracy of the benchmark's networks on a ladder of energy budgets", points, answer)
