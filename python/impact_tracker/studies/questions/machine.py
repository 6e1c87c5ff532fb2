"""How efficiently does the machine run a training? Batch size, threads, precision, layout, each changed alone, with
the memory that it takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from ...bench.analyse.cells import ratio_text
from ...bench.analyse.relations import holm
from ...figures.labels import plain_log
from ...figures.notes import add_to_note, write_note, write_title
from ...report.page import Table
from ...system import usable_processors
from ...values.statistics import MeanRatio, ratio_of_means, scaled
from ..points.network import OWN_DATA
from ..points.point import StudyPoint, StudyRun
from .asked import StudyAnswer, StudyAsked, StudyQuestion, is_learnable, test_examples
from .draw import FigurePlace, FigureSeries, draw_series, name_places, note_of
from .groups import TOLD, PointGroup, groups_of, is_below, mean_score, pareto_front
from .means import energy_text, intervals_words, n_words, quantity_text
from .words import caveats_of, group_dict, with_origin

if TYPE_CHECKING:
    from matplotlib.figure import Figure

AXES = ("batch", "threads", "precision", "layout")
_BASE_BATCH = 64


def _values(axis: str, asked: StudyAsked) -> list[int | str]:
    if axis == "batch":
        return [16, 256] if asked.is_quick else [1, 4, 16, 256, 1024]
    if axis == "threads":
        there = usable_processors()
        counts = {1, there} if asked.is_quick else {1, *(there // part for part in (8, 4, 2, 1) if there // part > 0)}
        return sorted(counts)
    if axis == "precision":
        return ["bf16"] if asked.device == "cpu" else ["tf32", "bf16"]
    return ["nchw"]


def points(asked: StudyAsked) -> tuple[StudyPoint, ...]:
    """A base, and for each axis the base with one value changed."""
    chosen = []
    for axis in asked.axes:
        if axis not in AXES:
            raise ValueError(f"an axis is one of {', '.join(AXES)}, not {axis!r}")
    for model in asked.models or (("small-cnn",) if asked.is_quick else ("small-cnn", "mobilenet-v2", "resnet-18")):
        for data in asked.data or (OWN_DATA.get(model, "fashion-mnist"),):
            if not is_learnable(model, data):
                continue
            for examples in asked.examples or ((2000,) if asked.is_quick else (20_000,)):
                test = test_examples(asked, data)
                base = StudyPoint(
                    model, data, examples, asked.epochs or 1, test_examples=test, batch=_BASE_BATCH,
                    threads=usable_processors(), precision="fp32", layout="channels_last", device=asked.device,
                )  # fmt: skip
                chosen.append(base)
                for axis in asked.axes or AXES:
                    for value in _values(axis, asked):
                        changed = _changed(base, axis, value)
                        if changed not in chosen:
                            chosen.append(changed)
    return tuple(chosen)


def _changed(base: StudyPoint, axis: str, value: int | str) -> StudyPoint:
    if axis == "batch":
        return replace(base, batch=int(value))
    if axis == "threads":
        return replace(base, threads=int(value))
    return replace(base, precision=str(value)) if axis == "precision" else replace(base, layout=str(value))


class MachineChange(NamedTuple):
    """A point beside its base: what differs, and the ratios of energy and time to the base's."""

    group: PointGroup
    base: PointGroup
    axis: str
    value: str
    energy: MeanRatio | None
    seconds: MeanRatio | None


def changes_of(points: Sequence[StudyPoint], runs: Sequence[StudyRun]) -> list[MachineChange]:
    """Every point beside the first of its model, data and examples, which is its base."""
    bases: dict[tuple[str, str, int], PointGroup] = {}
    changes = []
    for group in groups_of(points, runs):
        point = group.point
        base = bases.setdefault((point.model, point.data, point.examples), group)
        differs = [axis for axis in AXES if getattr(point, axis) != getattr(base.point, axis)]
        axis = differs[0] if differs else ""
        value = str(getattr(point, axis)) if axis else "base"
        energies = None if not group.energy or not base.energy else ratio_of_means(group.energy, base.energy)
        seconds = None if not group.seconds or not base.seconds else ratio_of_means(group.seconds, base.seconds)
        changes.append(MachineChange(group, base, axis, value, energies, seconds))
    return changes


def answer(points: Sequence[StudyPoint], runs: Sequence[StudyRun]) -> StudyAnswer:
    """What each change does to energy and time, with intervals; what no change of the same work beats in both."""
    changes = changes_of(points, runs)
    groups = [change.group for change in changes]
    front = [
        change
        for base in {id(change.base): change.base for change in changes}.values()
        for change in pareto_front(
            [change for change in changes if change.base is base and change.group.energy and change.group.seconds],
            lambda change: change.group.seconds.value if change.group.seconds else 0.0,
            lambda change: -(change.group.energy.value if change.group.energy else 0.0),
        )
    ]
    columns = (
        "model",
        "changed",
        ">energy",
        ">of the base's",
        ">time of the base's",
        ">J an example",
        ">peak memory",
        ">score",
        ">runs",
    )
    rows = [(*_cells(change), _on_front(change, changes, front)) for change in changes]
    document: dict[str, object] = {
        "changes": [
            {
                **group_dict(change.group),
                "axis": change.axis or None,
                "energy_ratio": None if change.energy is None else change.energy._asdict(),
                "time_ratio": None if change.seconds is None else change.seconds._asdict(),
                "on_front": change in front,
                "on_front_told": _told(change, changes),
            }
            for change in changes
        ]
    }
    tables = [Table((*columns, "on the time–energy front"), rows, intervals_words(groups))]
    return StudyAnswer(
        with_origin(_sentence(changes), groups), tables, caveats_of(groups, runs), document, partial(_draw, changes)
    )


def _told(change: MachineChange, changes: Sequence[MachineChange]) -> bool | None:
    """Whether it is on the front of time and energy of its base's changes, as far as the runs tell; `None` where they
    do not."""
    others = [other for other in changes if other is not change and other.base is change.base]

    def better(a: MachineChange, b: MachineChange) -> tuple[bool, bool]:
        return is_below(a.group.seconds, b.group.seconds), is_below(a.group.energy, b.group.energy)

    if any(all(better(other, change)) for other in others):
        return False
    return True if all(any(better(change, other)) for other in others) else None


def _on_front(change: MachineChange, changes: Sequence[MachineChange], front: Sequence[MachineChange]) -> str:
    if change.group.energy is None or change.group.seconds is None:
        return "–"
    told = _told(change, changes)
    return TOLD[told] if told is not None else f"{'yes' if change in front else 'no'} by the means, {TOLD[None]}"


def _name(change: MachineChange) -> str:
    return f"{change.axis} {change.value}" if change.axis else _base_name(change.group.point)


def _base_name(point: StudyPoint) -> str:
    threads = None if point.threads is None else f"{point.threads} threads"
    batch = None if point.batch is None else f"batch {point.batch}"
    return f"base: {', '.join(filter(None, (batch, threads, point.precision, point.layout))) or 'as usual'}"


def _ratio(ratio: MeanRatio | None) -> str:
    return "–" if ratio is None else f"× {ratio_text(ratio)}"


def _cells(change: MachineChange) -> tuple[str, ...]:
    group = change.group
    each = None
    if group.energy is not None and group.seen is not None and group.seen.value:
        each = scaled(group.energy, 1 / group.seen.value)
    return (
        group.title,
        _name(change),
        energy_text(group.energy),
        _ratio(change.energy) if change.axis else "1",
        _ratio(change.seconds) if change.axis else "1",
        "–" if each is None else quantity_text(each, "J"),
        quantity_text(group.memory, "B"),
        mean_score(group),
        str(group.runs),
    )


def _sentence(changes: Sequence[MachineChange]) -> str:
    told = [(change.energy.value, change) for change in changes if change.axis and change.energy is not None]
    if not told:
        return "There is no change to compare with its base."
    tested = [
        (change, change.energy.p) for _, change in told if change.energy is not None and change.energy.p is not None
    ]
    adjusted = holm([p for _, p in tested])
    clear = [change for (change, _), p in zip(tested, adjusted) if p < 0.05]
    (_, best), (_, worst) = min(told, key=lambda pair: pair[0]), max(told, key=lambda pair: pair[0])
    text = (
        f"For one training of {best.group.title}, {_name(best)} took {_ratio(best.energy)} the energy of the base "
        f"({_base_name(best.base.point)[6:]}), and {_name(worst)} {_ratio(worst.energy)} ({n_words(best.group.runs)})"
    )
    if not clear:
        return f"{text}; none of the changes can be told from chance."
    among = f"p < 5 % among {len(tested)} changes, Holm"
    return f"{text}; told from chance ({among}): {', '.join(map(_name, clear))}."


def _draw(changes: Sequence[MachineChange], figure: Figure) -> None:
    """Energy over time: a change moves the base along both."""
    axes = figure.subplots()
    series: dict[str, list[FigurePlace]] = {}
    named: list[tuple[FigurePlace, str]] = []
    for change in changes:
        group = change.group
        if group.energy is not None and group.seconds is not None:
            name = f"{group.title}: {change.axis or 'base'}"
            series.setdefault(name, []).append(FigurePlace(group.seconds, group.energy))
            named.append((series[name][-1], change.value))
    draw_series(axes, [FigureSeries(name, places, line=False) for name, places in series.items()])
    axes.set(xlabel="time of the training in s", ylabel="energy of the training in J", yscale="log")
    plain_log(axes.yaxis)
    write_title(axes, "one change at a time")
    write_note(figure, note_of([change.group for change in changes]))
    add_to_note(figure, name_places(axes, named))


QUESTION = StudyQuestion(
    "machine", "batch size, threads, precision, layout, memory: what each does to the energy", points, answer
)
