"""What did the last per cent cost? Accuracy against energy over whole trainings: marginal joules, knee, front."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from ...digits import energy, plus_minus
from ...figures.labels import plain_log
from ...figures.looks import line_look
from ...figures.notes import add_to_note
from ...report.page import Table
from ...values.statistics import Mean
from ..points.point import StudyPoint, StudyRun
from .asked import StudyAnswer, StudyAsked, StudyQuestion, learnable_points
from .curves import MarginalCost, MeanCurve, mean_curve
from .draw import FigurePlace, FigureSeries, draw_series, name_places, titled
from .groups import PointGroup, gap_in_points, groups_of, mean_score, most_of, pareto_front, score_text
from .means import energy_text, intervals_words, n_words, runs_words, share_text
from .words import caveats_of, finite, group_dict, plain, with_origin

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_QUICK, _FULL = ("small-cnn",), ("small-cnn", "mobilenet-v2", "resnet-18", "mlp", "hist-boosting")
ANCHOR = (
    "for comparison: on LibriSpeech half of the CO2 of training went into the last 0.37 % of word error rate "
    "(Parcollet and Ravanelli 2021)."
)


def points(asked: StudyAsked) -> tuple[StudyPoint, ...]:
    """One long training a model, with looks at the test set on the way; the learning rate does not know of the end."""
    models, examples, epochs, looks = (_QUICK, 3000, 3, 9) if asked.is_quick else (_FULL, 60_000, 10, 40)
    epochs = asked.epochs or epochs
    looks = looks if asked.evaluations is None else asked.evaluations * epochs
    points = learnable_points(asked, models, (examples,))
    return tuple(replace(point, epochs=epochs, evaluations=looks) for point in points)


def answer(points: Sequence[StudyPoint], runs: Sequence[StudyRun]) -> StudyAnswer:
    """What half of the energy, or of the CO2, had bought; what came after; where the knee is."""
    groups = groups_of(points, runs)
    curves = [mean_curve([run for run in runs if run.point == group.point]) for group in groups]
    columns = ("model", ">whole energy", ">at half of the CO2", ">at all of it", ">the second half bought")
    tables = [
        Table(
            (*columns, ">knee at", ">energy after 99 % of the score", ">runs"),
            list(map(_cells, groups, curves)),
            intervals_words(groups),
        ),
        Table(
            ("model", ">from", ">to", ">energy", ">marginal cost", ">runs"),
            [row for group, curve in zip(groups, curves) for row in _margin_rows(group, curve)],
            "what one more point costs: joules over points, of the runs' curves without their dips; "
            + _margin_words(step.runs for curve in curves for step in curve.margins),
        ),
    ]
    document: dict[str, object] = {"curves": [_dict(group, curve) for group, curve in zip(groups, curves)]}
    fronts = _fronts(groups, curves)
    document["pareto"] = [
        {"data": group.point.data, "model": group.title, "training_j": joules, "score": score}
        for part in fronts
        for group, joules, score in part
    ]
    sentences = [_sentence(group, curve) for group, curve in zip(groups, curves)]
    caveats = [ANCHOR, *caveats_of(groups, runs)]
    caveats.insert(1, "carbon is energy times one intensity here, so half of the CO2 is half of the joules.")
    return StudyAnswer(
        with_origin(" ".join(sentences), groups), tables, caveats, document, partial(_draw, groups, curves)
    )


def _at(mean: Mean | None, metric: str) -> str:
    return "–" if mean is None else score_text(mean.value, metric, mean.half_width)


def _gain(curve: MeanCurve, metric: str) -> str:
    factor, unit = gap_in_points(metric)
    if curve.gain is None:
        return "–"
    gain, half = curve.gain.value * factor, curve.gain.half_width
    return f"{f'{gain:.1f}' if half is None else plus_minus(gain, half * factor)} {unit}"


def _cells(group: PointGroup, curve: MeanCurve) -> tuple[str, ...]:
    knee = "none" if curve.knee_share is None or curve.knee_score is None else (
        f"{share_text(curve.knee_share)} of the energy ({_at(curve.knee_score, group.metric)})"
    )  # fmt: skip
    if curve.knee_share is not None and curve.knee_share.runs < curve.runs:
        knee += f", {curve.knee_share.runs} of {curve.runs} runs"
    return (
        group.title,
        energy_text(group.energy),
        _at(curve.half, group.metric),
        mean_score(group) if curve.final is None else _at(curve.final, group.metric),
        _gain(curve, group.metric),
        knee,
        share_text(curve.last_share),
        str(curve.runs),
    )


def _margin_words(runs_of_steps: Iterable[int]) -> str:
    """What the intervals of the marginal costs are, and of how many runs."""
    counts = set(runs_of_steps)
    if max(counts, default=1) == 1:
        return runs_words(counts)
    return f"{runs_words(counts)}; of the cost by Fieller, without an end where the gain may be nothing"


def _margin_rows(group: PointGroup, curve: MeanCurve) -> list[tuple[str, ...]]:
    factor, _ = gap_in_points(group.metric)
    unit = {"accuracy": "point", "psnr_db": "dB"}.get(group.metric, "point")
    rows: list[tuple[str, ...]] = []
    for step in curve.margins:
        cost = "nothing gained" if math.isinf(step.j_per_score) else f"{_marginal(step, factor)} a {unit}"
        used = energy(step.end.energy_j) if step.used is None else energy_text(step.used)
        scores = zip((step.begin.score, step.end.score), step.scores or (None, None))
        begin, end = (score_text(score, group.metric) if mean is None else _at(mean, group.metric)
                      for score, mean in scores)  # fmt: skip
        rows.append((group.title, begin, end, used, cost, str(step.runs)))
    return rows


def _marginal(step: MarginalCost, factor: float) -> str:
    """What a point costs, with its interval where runs tell one."""
    text = energy(step.j_per_score / factor)
    if step.low is None or step.high is None or step.low == step.high:
        return text
    if math.isinf(step.high):
        return f"{text} (at least {energy(step.low / factor)}, without an upper end)"
    return f"{text} ({energy(step.low / factor)} to {energy(step.high / factor)})"


def _margin_dict(step: MarginalCost) -> dict[str, object]:
    return {
        "begin": step.begin._asdict(),
        "end": step.end._asdict(),
        "runs": step.runs,
        "j_per_score": finite(step.j_per_score),
        "j_per_score_low": finite(step.low),
        "j_per_score_high": finite(step.high),
    }


def _dict(group: PointGroup, curve: MeanCurve) -> dict[str, object]:
    most = most_of(group.metric)
    return {
        **group_dict(group),
        "looks": [
            {"examples": look.examples, "training_j": plain(look.energy), "score": plain(look.score, most)}
            for look in curve.looks
        ],
        "score_at_half": plain(curve.half, most),
        "score_at_end": plain(curve.final, most),
        "gain_of_second_half": plain(curve.gain),
        "knee_j": plain(curve.knee_j),
        "knee_score": plain(curve.knee_score, most),
        "knee_share": plain(curve.knee_share, 1.0),
        "share_after_99_percent": plain(curve.last_share, 1.0),
        "margins": [_margin_dict(step) for step in curve.margins],
    }


def _fronts(groups: Sequence[PointGroup], curves: Sequence[MeanCurve]) -> list[list[tuple[PointGroup, float, float]]]:
    """Looks of all models that no other on the same data beats, by data set."""
    parts: dict[str, list[tuple[PointGroup, float, float]]] = {}
    for group, curve in zip(groups, curves):
        parts.setdefault(group.point.data, []).extend(
            (group, look.energy.value, look.score.value)
            for look in curve.looks
            if look.energy is not None and look.score is not None
        )
    return [pareto_front(looks, lambda look: look[1], lambda look: look[2]) for looks in parts.values()]


def _sentence(group: PointGroup, curve: MeanCurve) -> str:
    if curve.gain is None or curve.half is None:
        return f"{group.title} has no curve: it needs three looks or more, and energies."
    knee = "" if curve.knee_share is None else (
        f"; beyond {share_text(curve.knee_share)} of the energy a joule bought less than on average"
    )  # fmt: skip
    return (
        f"Half of the CO2 of training {group.title} on {group.data_title} went into the last "
        f"{_gain(curve, group.metric)} ({_at(curve.half, group.metric)} at half, {_at(curve.final, group.metric)} at "
        f"the end, {n_words(curve.runs)}){knee}."
    )


def _draw(groups: Sequence[PointGroup], curves: Sequence[MeanCurve], figure: Figure) -> None:
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
    series = [
        FigureSeries(
            group.title,
            [
                FigurePlace(look.energy, look.score)
                for look in curve.looks
                if look.energy is not None and look.score is not None
            ],
        )
        for group, curve in zip(groups, curves)
    ]
    draw_series(upper, series, log_x=False)
    named: list[tuple[FigurePlace, str]] = []
    for number, (group, curve) in enumerate(zip(groups, curves)):
        look = line_look(number)
        colour = look["color"]
        if group.energy is not None and curve.half is not None and curve.final is not None:
            last_j = group.energy.value
            for part, mean in ((0.5, curve.half), (1.0, curve.final)):
                upper.plot(last_j * part, mean.value, "o", color="none", markeredgecolor=colour, markersize=11)
                label = f"{100 * part:.0f} % of the CO2: {score_text(mean.value, group.metric)}"
                at = Mean(last_j * part, None, group.runs, None)
                named.append((FigurePlace(at, mean), label))
        if curve.knee_j is not None and curve.knee_score is not None:
            upper.plot(curve.knee_j.value, curve.knee_score.value, "*", color=colour, markersize=12)
        factor, _ = gap_in_points(group.metric)
        steps = [step for step in curve.margins if math.isfinite(step.j_per_score)]
        places = [(step.begin.energy_j + step.end.energy_j) / 2 for step in steps]
        lower.plot(places, [step.j_per_score / factor for step in steps], **look, markersize=3, linewidth=1)
        for place, step in zip(places, steps):
            if step.low is not None and step.high is not None and step.high > step.low > 0:
                high = step.high if math.isfinite(step.high) else 1e3 * step.j_per_score  # beyond the panel
                lower.plot([place] * 2, [step.low / factor, high / factor], color=colour, linewidth=0.8, zorder=0)
    for front in _fronts(groups, curves):
        x, y = [joules for _, joules, _ in front], [score for *_, score in front]
        upper.step(x, y, where="post", color="0.6", linewidth=0.7, zorder=0)
    metric = groups[0].metric if groups else "accuracy"
    title = "the whole curve (rings: 50 % and 100 % of the CO2; star: knee; grey: front)"
    titled(figure, upper, title, groups, "", metric)
    upper.set_xlim(left=0)
    lower.set(xlabel="energy of training in J", ylabel="J a point" if metric != "psnr_db" else "J a dB", yscale="log")
    costs = [step.j_per_score for curve in curves for step in curve.margins if math.isfinite(step.j_per_score)]
    if costs:
        lower.set_ylim(min(costs) / factor / 5, max(costs) / factor * 5)
    lower.set_title("the next point (lines: 95 %, Fieller)" if any(c.runs > 1 for c in curves) else "the next point",
                    fontsize=8, loc="left")  # fmt: skip
    plain_log(lower.yaxis)
    lower.grid(alpha=0.25, linewidth=0.5)
    add_to_note(figure, name_places(upper, named, series, radius=7.0))


QUESTION = StudyQuestion(
    "curve", "accuracy against energy: marginal joules, half of the CO2, knee, front", points, answer
)
