"""Entries from what lies in a folder: a study, a campaign of the benchmark, or plain runs of the tracker."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path

from ...bench.plan.networks import BY_NAME
from ...bench.row.row import Row
from ...bench.row.storage import Storage
from ...bench.show.view import View
from ...record import Record, find_records, read_record
from ...values.statistics import Mean, mean_of
from ..points.campaign import outcome_of
from ..points.network import training_passes
from ..points.point import StudyRun
from ..points.store import StudyStore
from ..questions.groups import PointGroup, groups_of
from .entry import MetricsEntry, ScoredRun

_WEIGHT_BYTES = 4  # in fp32
TAGS = ("parameters", "bytes", "flops", "accuracy", "examples")  # that a plain run may have, as numbers


def gather(folder: str | os.PathLike[str]) -> list[MetricsEntry]:
    """Everything in a folder. FileNotFoundError where there is nothing."""
    place = Path(folder)
    if StudyStore(place).exists():
        return of_study(place)
    if Storage(place).exists():
        return of_campaign(place)
    paths = find_records(place)
    entries = [_of_record(read_record(path)) for path in paths]
    known = [entry for entry in entries if entry is not None]
    if not known:
        raise FileNotFoundError(f"{place} holds no study, no campaign and no finished run")
    return known


def of_study(folder: Path) -> list[MetricsEntry]:
    """One entry a point that has a good run."""
    outcome = outcome_of(StudyStore(folder))
    return [
        _of_group(group, [run for run in outcome.runs if run.point == group.point and run.is_good], folder.name)
        for group in groups_of(outcome.plan.points, outcome.runs)
        if group.runs
    ]


def _of_group(group: PointGroup, runs: Sequence[StudyRun], origin: str) -> MetricsEntry:
    point = group.point
    details = [group.data_title, f"{point.examples:,}"]
    details += [] if point.budget_j is None else [f"{point.budget_j:g} J"]
    details += [] if point.batch is None else [f"batch {point.batch}"]
    details += [str(value) for value in (point.precision, point.layout) if value is not None]
    details += [] if point.threads is None else [f"{point.threads} threads"]
    return MetricsEntry(
        name=f"{group.title} ({', '.join(details)})",
        origin=origin,
        phase="training",
        runs=group.runs,
        energy=group.energy,
        carbon_g=group.carbon_g,
        duration_s=group.seconds,
        core_hours=group.core_hours,
        gpu_hours=group.gpu_hours,
        parameters=group.parameters,
        bytes=group.bytes,
        macs=group.training_macs,
        score=group.score,
        metric=group.metric,
        examples=_value(group.seen),
        bias=group.bias,
        modelled=group.modelled,
        each_run=tuple(ScoredRun(run.score, run.training_j, run.training_s) for run in runs),
    )


def _value(mean: Mean | None) -> float | None:
    return None if mean is None else mean.value


def of_campaign(folder: Path) -> list[MetricsEntry]:
    """One entry a test and phase, of training and inference."""
    rows = View(Storage(folder)).rows
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if row.phase in ("training", "inference") and row.invalid_because is None:
            groups.setdefault((row.test, row.phase), []).append(row)
    # The part that decided when a training ends judges it too kindly: the other one is taken where it was judged too.
    scores = {
        row.task: row
        for phase in ("evaluation", "scoring")
        for row in rows
        if row.phase == phase and row.status == "ok"
    }
    return [_of_rows(group, scores, folder.name) for group in groups.values()]


def _mean(values: Sequence[float | None]) -> Mean | None:
    return mean_of([value for value in values if value is not None])


def _of_rows(rows: Sequence[Row], evaluations: dict[str, Row], origin: str) -> MetricsEntry:
    first = rows[0]
    trains = first.phase == "training"
    passes = training_passes(first.setup.parameters, first.setup.trainable_parameters) if trains else 1.0
    judged = [evaluations[row.task].work for row in rows if row.task in evaluations]
    each_run = tuple(ScoredRun(_score(evaluations.get(row.task)), row.energy_j, row.work.duration_s) for row in rows)
    score = _mean([run.score for run in each_run])
    reported = BY_NAME[first.model].top1 if first.model in BY_NAME else None
    is_reported = score is None and reported is not None
    if is_reported and reported is not None:
        score = Mean(reported / 100, None, 1, None)
    energies = [(row.energy, row.energy_j) for row in rows if row.energy_j]
    biases = [energy.bias_j / joules for energy, joules in energies if energy.bias_j is not None]
    joules_of_all = math.fsum(joules for _, joules in energies)
    macs = [
        passes * row.setup.macs * row.work.images if row.setup.macs is not None and row.work.images else None
        for row in rows
    ]
    parameters = first.setup.parameters
    return MetricsEntry(
        name=f"{first.title} ({first.phase})",
        origin=origin,
        phase=first.phase,
        runs=len(rows),
        energy=_mean([row.energy_j for row in rows]),
        carbon_g=_mean([row.measured.carbon_g for row in rows]),
        duration_s=_mean([row.work.duration_s for row in rows]),
        core_hours=_mean([_core_hours(row) for row in rows]),
        gpu_hours=_mean([_gpu_hours(row) for row in rows]),
        parameters=parameters,
        bytes=None if parameters is None else float(parameters * _WEIGHT_BYTES),
        macs=_mean(macs),
        score=score,
        metric="dice" if any(work.dice is not None for work in judged) else "accuracy",
        is_reported=is_reported,
        examples=_value(_mean([row.work.images for row in rows])),
        bias=math.fsum(biases) / len(biases) if biases else None,
        modelled=math.fsum(energy.modelled_j or 0.0 for energy, _ in energies) / joules_of_all if energies else None,
        each_run=each_run,
    )


def _score(row: Row | None) -> float | None:
    return None if row is None else row.work.dice if row.work.dice is not None else row.work.accuracy


def _core_hours(row: Row) -> float | None:
    cpus, seconds = row.around.worker_cpus, row.work.duration_s
    return None if cpus is None or seconds is None else cpus * seconds / 3600


def _gpu_hours(row: Row) -> float | None:
    count, seconds = len(row.setup.gpu_devices), row.work.duration_s
    return None if not count or seconds is None else count * seconds / 3600


def _of_record(record: Record) -> MetricsEntry | None:
    """A run of any program; what its model is it says in tags (`TAGS`)."""
    if not record.started:
        return None
    result, tags = record.result, record.tags
    numbers = {name: _number(tags.get(name)) for name in TAGS}
    busy = result.utilisation.get("cpu")
    gpus = sum(name.startswith("gpu") for name in result.devices)
    return MetricsEntry(
        name=tags.get("model") or tags.get("name") or Path(str(record.path)).parent.parent.name,
        origin=Path(str(record.path)).stem,
        phase="run",
        runs=1,
        energy=_once(result.energy_j),
        carbon_g=_once(result.carbon_g),
        duration_s=_once(result.duration_s),
        core_hours=_once(None if busy is None else busy * result.duration_s / 3600),
        gpu_hours=_once(gpus * result.duration_s / 3600 if gpus else None),
        parameters=numbers["parameters"],
        bytes=numbers["bytes"],
        macs=_once(None if numbers["flops"] is None else numbers["flops"] / 2),
        score=_once(numbers["accuracy"]),
        metric="accuracy",
        examples=numbers["examples"],
        bias=result.bias_j / result.energy_j if result.bias_j is not None and result.energy_j else None,
        modelled=result.modelled_j / result.energy_j if result.modelled_j is not None and result.energy_j else None,
    )


def _once(value: float | None) -> Mean | None:
    """What one run alone says."""
    return None if value is None else Mean(value, None, 1, None)


def _number(text: str | None) -> float | None:
    """A tag's number; `None` for a text that is none."""
    try:
        return None if text is None else float(text.replace("_", ""))
    except ValueError:
        return None
