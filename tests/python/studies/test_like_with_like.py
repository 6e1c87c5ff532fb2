"""Fronts and sentences hold against each other what is alike: the same data, the same work of the machine."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from impact_tracker.factors import FactorError
from impact_tracker.live.snapshot import RegionUse, regions_by_name
from impact_tracker.live.tables import region_cells
from impact_tracker.studies.points.point import JoulesRead, StudyPoint, StudyRun
from impact_tracker.studies.questions.groups import groups_of
from impact_tracker.studies.questions.known import QUESTIONS
from impact_tracker.studies.questions.words import caveats_of
from impact_tracker.values import Energy
from python.studies.test_paradigms import WORKED, scenario_of
from python.studies.test_studies_at_random import run_of

if TYPE_CHECKING:
    from impact_tracker.result import Result

pytest.importorskip("scipy")
DATA = ("digits", "fashion-mnist")


def runs_of(points: Sequence[StudyPoint], seed: int, looks: int = 5) -> list[StudyRun]:
    """The second data set is harder and dearer: nothing of it would be on a front with the first."""
    chance, runs = random.Random(seed), []
    for point, repeat in product(points, (1, 2, 3)):
        run = run_of(point, repeat, chance, 0.2, "measured", looks)
        if point.data == DATA[1]:
            dear = JoulesRead(9 * (run.training.best_j or 0.0), 0.1, 1.0, 0.0, "measured")
            looks_then = [replace(look, energy_j=9 * (look.energy_j or 0.0), score=(look.score or 0.0) / 3)
                          for look in run.checkpoints]  # fmt: skip
            run = replace(
                run, training=dear, score=(run.score or 0.0) / 3, checkpoints=tuple(looks_then), reached=run.reached
            )
        runs.append(run)
    return runs


@pytest.mark.parametrize("study", ["size", "curve"])
@pytest.mark.parametrize("seed", range(5))
def test_the_front_of_a_data_set_is_what_it_is_alone(study: str, seed: int) -> None:
    points = {
        "size": [StudyPoint("mlp", data, 800, width=w, depth=1) for data in DATA for w in (16, 64, 256, 512)],
        "curve": [StudyPoint(model, data, 800, 2, 5) for data in DATA for model in ("small-cnn", "mlp")],
    }[study]
    runs, question = runs_of(points, seed), QUESTIONS[study]
    together = question.answer(points, runs)
    fronts = []
    for data in DATA:
        alone = question.answer([p for p in points if p.data == data], [r for r in runs if r.point.data == data])
        front = alone.document["pareto"]
        assert isinstance(front, list) and front
        fronts += front
    assert together.document["pareto"] == fronts
    if study == "size":
        assert "On digits" in together.sentence and "On Fashion-MNIST" in together.sentence
        alone = question.answer(points[:4], [run for run in runs if run.point.data == DATA[0]])
        assert together.document["growth"] == alone.document["growth"]


@pytest.mark.parametrize("seed", range(5))
def test_a_networks_changes_are_on_a_front_of_their_own(seed: int) -> None:
    """Those of a large network were never on the front, for every small one takes less of both."""
    points = [StudyPoint("small-cnn", data, 800, batch=b, threads=2, precision="fp32")
              for data in DATA for b in (64, 16, 256)]  # fmt: skip
    runs = [replace(run, training_s=(run.training.best_j or 0.0) / 20) for run in runs_of(points, seed)]
    changes = QUESTIONS["machine"].answer(points, runs).document["changes"]
    assert isinstance(changes, list)
    for data in DATA:
        alone = QUESTIONS["machine"].answer(
            [p for p in points if p.data == data], [r for r in runs if r.point.data == data]
        )
        own = [change for change in changes if change["point"]["data"] == data]
        assert own == alone.document["changes"]
        assert any(change["on_front"] for change in own)


def test_targets_of_several_data_sets_have_sentences_of_their_own() -> None:
    points = [StudyPoint(m, data, 800, 2, target=0.1) for data in DATA for m in ("small-cnn", "k-nn")]
    sentence = QUESTIONS["target"].answer(points, runs_of(points, 1)).sentence
    assert sentence.count(" a median of ") == 2
    assert "on digits took" in sentence and "on Fashion-MNIST took" in sentence


def test_an_error_that_is_not_known_is_not_0() -> None:
    point = StudyPoint("small-cnn", "digits", 800)
    run = run_of(point, 1, random.Random(1), 0.1, "modelled", 2)
    run = replace(run, training=replace(run.training, bias_j=None))
    (caveat,) = [text for text in caveats_of(groups_of([point], [run]), [run]) if "modelled" in text]
    assert "± not known" in caveat


def test_a_number_of_trainings_does_not_vary_with_the_range_of_their_period(tmp_path: Path) -> None:
    given = WORKED.replace("batches: 30,", "batches: 30, trainings: 4, period_s: [1 d, 2 d, 3 d],")
    with pytest.raises(FactorError, match=r"scenario.yaml:3: task.trainings: period_s has a range"):
        scenario_of(tmp_path, given)
    scenario_of(tmp_path, given.replace("[1 d, 2 d, 3 d]", "2 d"))


def test_a_region_of_which_a_time_is_missing_has_at_least_its_energy() -> None:
    known = cast("Result", SimpleNamespace(name="epoch", duration_s=2.0, energy=Energy(5.0)))
    lacking = cast("Result", SimpleNamespace(name="epoch", duration_s=2.0, energy=Energy.missing()))
    for regions, is_partial in (([known, known], False), ([known, lacking], True), ([lacking], False)):
        (use,) = regions_by_name(regions, [])
        assert isinstance(use, RegionUse) and use.partial == is_partial
        assert region_cells(use)[3].startswith("≥ ") == is_partial
