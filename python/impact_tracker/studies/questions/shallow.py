"""Shallow against deep under equal budgets: how well each learns for the same joules, on pictures, tables, texts, and
the benchmark's other tasks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from ...bench.analyse.relations import holm, welch
from ...digits import energy, plus_minus, significant
from ...figures.notes import write_note, write_title
from ...report.page import Table
from ..points.data import source_of
from ..points.methods import METHODS
from ..points.point import StudyPoint, StudyRun
from .asked import StudyAnswer, StudyAsked, StudyQuestion, is_learnable, is_network, test_examples
from .draw import SCORE_AXES, FigurePlace, FigureSeries, clip_scores, draw_series, note_of
from .groups import PointGroup, gap_in_points, groups_of, mean_score
from .means import count_text, intervals_words, n_words
from .words import COLUMNS, caveats_of, cells_of, group_dict, with_origin

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure

SHALLOW = ("logistic-regression", "linear-svm", "kernel-svm", "k-nn", "random-forest", "hist-boosting", "ridge")
_QUICK_DATA = ("fashion-mnist", "breast-cancer", "licences")
_FULL_DATA = (*_QUICK_DATA, "digits", "wine", "brain-2mm", "finer-clothes", "sentiment")
_QUICK_BUDGETS_J, _FULL_BUDGETS_J = (100.0,), (30.0, 100.0, 300.0, 1000.0, 3000.0)
_MOST = {"quick": 10_000, "full": 60_000}  # examples at most; a kernel beyond this fits in no memory
_MANY_EPOCHS = 1000  # a network learns until its budget is spent
_PERCEPTRON_EPOCHS = 30


def points(asked: StudyAsked) -> tuple[StudyPoint, ...]:
    """Every method that can learn a data set, shallow and deep, on every budget. Of the full preset's data sets those
    that are not installed are left out; asked for by name they are an error that says what to install."""
    chosen = []
    for data in asked.data or _there(_QUICK_DATA if asked.is_quick else _FULL_DATA, asked.data_folder):
        most = min(_MOST[asked.preset], *(asked.examples or (10**9,)), _size(data, asked.data_folder))
        networks = [model for model in ("mlp", "small-cnn", "u-net-3d") if is_learnable(model, data)]
        if not asked.is_quick and data == "fashion-mnist":
            networks += ["mobilenet-v2", "resnet-18"]
        for budget_j in asked.budgets_j or (_QUICK_BUDGETS_J if asked.is_quick else _FULL_BUDGETS_J):
            for model in asked.models or (*SHALLOW, *networks):
                if is_learnable(model, data):
                    epochs = _PERCEPTRON_EPOCHS if model == "mlp" else _MANY_EPOCHS if is_network(model) else 1
                    examples = 64 if model == "u-net-3d" else most
                    test = test_examples(asked, data) if model != "u-net-3d" else None
                    chosen.append(
                        StudyPoint(
                            model,
                            data,
                            examples,
                            asked.epochs if asked.epochs and is_network(model) else epochs,
                            test_examples=test,
                            budget_j=budget_j,
                            device=asked.device if model not in METHODS else "cpu",
                        )
                    )
    return tuple(chosen)


def _there(names: Sequence[str], folder: str | None) -> list[str]:
    there = []
    for name in names:
        try:
            _size(name, folder)
        except FileNotFoundError:
            continue
        there.append(name)
    return there


def _size(data: str, folder: str | None) -> int:
    return len(source_of(data, folder).x)


def answer(points: Sequence[StudyPoint], runs: Sequence[StudyRun]) -> StudyAnswer:
    """On each data set and budget: the best shallow method beside the best network, and whether they can be told
    apart."""
    groups = groups_of(points, runs)
    parts = _parts(groups)
    duels = _adjusted([_duel(part, runs) for part in parts])
    tables = [
        Table(
            ("data", ">budget", "best shallow", "best network", ">network ahead by", ">p (Holm)"),
            [duel.cells for duel in duels if duel is not None],
            f"the best of both sides; {intervals_words(groups)}; of the difference by Welch; p as best of all pairs",
        )
    ]
    for part in parts:
        ranked = sorted(part, key=lambda group: -(group.score.value if group.score is not None else -1e9))
        first = part[0]
        title = f"{first.data_title}, {energy(first.point.budget_j)} of training each; {intervals_words(part)}"
        rows = [("deep" if is_network(g.point.model) else "shallow", *cells_of(g), count_text(g.seen)) for g in ranked]
        tables.append(Table(("side", *COLUMNS, ">examples gone through"), rows, title))
    document: dict[str, object] = {
        "groups": [group_dict(group) for group in groups],
        "duels": [duel.document for duel in duels if duel is not None],
    }
    sentence = " ".join(duel.sentence for duel in duels if duel is not None)
    caveats = caveats_of(groups, runs)
    caveats.append(
        "a method of scikit-learn fits anew on twice the examples until the next fit would pass the budget, and pays "
        "for every fit; features are the same for all of them, and not in the joules."
    )
    return StudyAnswer(
        with_origin(sentence or "No data set has both sides.", groups),
        tables,
        caveats,
        document,
        partial(_draw, groups, parts),
    )


def _adjusted(duels: Sequence[Duel | None]) -> list[Duel | None]:
    """The duels with their p-values adjusted for all of them (Holm)."""
    tested = iter(holm([duel.p for duel in duels if duel is not None and duel.test is not None]))
    return [
        duel if duel is None or duel.test is None else Duel(duel.shallow, duel.deep, duel.runs, p=next(tested))
        for duel in duels
    ]


def _parts(groups: Sequence[PointGroup]) -> list[list[PointGroup]]:
    parts: dict[tuple[str, float | None], list[PointGroup]] = {}
    for group in groups:
        parts.setdefault((group.point.data, group.point.budget_j), []).append(group)
    return list(parts.values())


class Duel:
    """The best of both sides on one data set and budget. `sentence`, `cells`, `document`: the same for a paper, a table
    and programs; `p`: of Welch's test, adjusted for all duels, else for the `pairs` of both sides from which the scores
    have picked these two."""

    def __init__(
        self, shallow: PointGroup, deep: PointGroup, runs: Sequence[StudyRun], *, pairs: int = 1, p: float | None = None
    ) -> None:
        self.shallow, self.deep, self.runs = shallow, deep, runs
        scores = [
            [run.score for run in runs if run.point == group.point and run.is_good and run.score is not None]
            for group in (shallow, deep)
        ]
        test = self.test = welch(*scores)
        self.p = p_value = 1.0 if test is None else min(1.0, test.p * pairs) if p is None else p
        assert shallow.score is not None and deep.score is not None, "a side without a score is in no duel"
        factor, unit = gap_in_points(deep.metric)
        ahead = deep.score.value - shallow.score.value
        half = None if test is None else test.half_width
        alone = f"{ahead * factor:+.1f}"
        gap = f"{alone if half is None else plus_minus(ahead * factor, half * factor, signed=True)} {unit}"
        budget = energy(deep.point.budget_j)
        p_shown = "–" if test is None else "< 0.001" if p_value < 0.001 else significant(p_value, 2)
        self.cells = (
            deep.data_title,
            budget,
            f"{shallow.title}: {mean_score(shallow)}",
            f"{deep.title}: {mean_score(deep)}",
            gap,
            p_shown,
        )
        best, other = (deep, shallow) if ahead > 0 else (shallow, deep)
        verdict = "scored above" if test is None else "beat" if p_value < 0.05 else "was not told apart from"
        chance = "; one run may be chance" if test is None else ""
        self.sentence = (
            f"For {budget} of training on {deep.data_title}, {best.title} ({mean_score(best)}) {verdict} {other.title} "
            f"({mean_score(other)}), the best of the other side ({n_words(best.runs)}{chance})."
        )
        self.document: dict[str, object] = {
            "data": deep.point.data,
            "budget_j": deep.point.budget_j,
            "best_shallow": shallow.point.model,
            "best_network": deep.point.model,
            "network_ahead": ahead,
            "half_width": half,
            "p": None if test is None else p_value,
        }


def _duel(part: Sequence[PointGroup], runs: Sequence[StudyRun]) -> Duel | None:
    def best(wanted: Callable[[str], bool]) -> PointGroup | None:
        side = [(group.score.value, group) for group in part if group.score is not None and wanted(group.point.model)]
        return max(side, key=lambda scored: scored[0])[1] if side else None

    shallow, deep = best(lambda model: not is_network(model)), best(is_network)
    networks = sum(is_network(group.point.model) for group in part if group.score is not None)
    pairs = networks * (sum(group.score is not None for group in part) - networks)
    return None if shallow is None or deep is None else Duel(shallow, deep, runs, pairs=pairs)


def _draw(groups: Sequence[PointGroup], parts: Sequence[Sequence[PointGroup]], figure: Figure) -> None:
    """One panel a data set: score over the energy that was used; a model looks the same in all of them."""
    styles = {model: number for number, model in enumerate(dict.fromkeys(group.point.model for group in groups))}
    names = list(dict.fromkeys(group.point.data for group in groups))
    columns = min(3, len(names))
    figure.set_size_inches(max(8.0, 3.9 * columns + 1.8), max(5.0, 2.8 * -(-len(names) // columns) + 0.5))
    panels = figure.subplots(-(-len(names) // columns), columns, squeeze=False).ravel()
    handles: dict[str, Artist] = {}
    for axes, name in zip(panels, names):
        here = [group for group in groups if group.point.data == name]
        models = list(dict.fromkeys(group.point.model for group in here))
        series = []
        for model in models:
            places = [
                FigurePlace(group.energy, group.score)
                for group in here
                if group.point.model == model and group.energy is not None and group.score is not None
            ]
            title = next(group.title for group in here if group.point.model == model)
            name_shown = title + (" (network)" if is_network(model) else "")
            series.append(FigureSeries(name_shown, places, style=styles[model]))
        draw_series(axes, series)
        if axes.get_legend() is not None:
            axes.get_legend().remove()
        for handle, label in zip(*axes.get_legend_handles_labels()):
            handles.setdefault(label, handle)
        clip_scores(axes, here[0].metric)
        write_title(axes, here[0].data_title, 9.0, columns)
        axes.set(xlabel="energy of training in J", ylabel=SCORE_AXES.get(here[0].metric, here[0].metric))
    for axes in panels[len(names) :]:
        axes.set_axis_off()
    figure.legend(handles.values(), handles, fontsize=7, frameon=False, loc="outside right upper")
    write_note(figure, note_of(groups))


QUESTION = StudyQuestion("shallow", "shallow methods against networks under equal budgets of energy", points, answer)
