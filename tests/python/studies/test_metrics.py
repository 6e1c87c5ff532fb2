"""Metrics side by side: entries whose energies follow a known metric, and one that misleads."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impact_tracker import cli
from impact_tracker.bench import Settings
from impact_tracker.bench.plan.suites import tests_of as suite_tests
from impact_tracker.bench.plan.task import plan
from impact_tracker.bench.row.storage import Storage
from impact_tracker.studies.metrics.compare import agreements, misleading, spearman_interval
from impact_tracker.studies.metrics.entry import METRICS, MetricsEntry
from impact_tracker.studies.metrics.gather import of_campaign
from impact_tracker.studies.metrics.show import as_dict, draw, page_of
from impact_tracker.studies.points.point import JoulesRead, StudyPoint, StudyRun
from impact_tracker.studies.points.store import StudyPlan, StudyStore
from impact_tracker.values.statistics import Mean, mean_of
from python.bench.flat import append
from python.bench.made import row_of

pytest.importorskip("scipy")


def entry(name: str, energies: list[float], **more: object) -> MetricsEntry:
    for measured in ("macs", "duration_s", "core_hours"):
        if isinstance(more.get(measured), float):
            more[measured] = Mean(more[measured], None, 1, None)  # type: ignore[arg-type]
    return MetricsEntry(name, "made", "training", len(energies), mean_of(energies), **more)  # type: ignore[arg-type]


def fleet(seed: int, count: int = 12) -> list[MetricsEntry]:
    """Energies in proportion to the multiply-adds; parameters know nothing of them."""
    chance = random.Random(seed)
    entries = []
    for number in range(count):
        macs = 10 ** chance.uniform(6, 12)
        energies = [macs * 1e-9 * math.exp(chance.gauss(0, 0.02)) for _ in range(3)]
        parameters = 10 ** chance.uniform(3, 8)
        entries.append(entry(f"e{number}", energies, macs=macs, parameters=parameters, bytes=None))
    return entries


def test_the_metric_that_makes_the_energy_is_told_from_the_one_that_does_not() -> None:
    told = 0
    for seed in range(20):
        rows = {row.metric: row for row in agreements(fleet(seed))}
        flops, parameters = rows["flops"], rows["parameters"]
        assert flops.spearman is not None and flops.p is not None and parameters.spearman is not None
        assert flops.spearman > 0.98
        assert flops.p < 0.001
        assert parameters.low is not None and parameters.high is not None
        told += parameters.low <= 0 <= parameters.high
        assert "bytes" not in rows  # nobody knows them
        assert "carbon_g" not in rows  # it is the energy by another name
    assert told >= 17


def test_the_interval_of_a_rank_correlation_holds_the_truth_as_often_as_it_says() -> None:
    import numpy as np

    chance = np.random.default_rng(3)
    truth, points, held, draws = 0.6, 30, 0, 300
    pearson = 2 * math.sin(math.pi * truth / 6)  # of two normals whose Spearman is the truth
    from scipy.stats import spearmanr

    for _ in range(draws):
        x, y = chance.multivariate_normal([0, 0], [[1, pearson], [pearson, 1]], points).T
        interval = spearman_interval(float(spearmanr(x, y).statistic), points)
        assert interval is not None
        held += interval[0] <= truth <= interval[1]
    assert 0.91 <= held / draws <= 0.99
    assert spearman_interval(0.5, 4) is None
    assert spearman_interval(1.0, 10) is None


def test_a_misleading_pair_is_found_with_both_ratios_and_whether_it_is_beyond_chance() -> None:
    heavy = entry("heavy", [1.0, 1.1, 0.9], parameters=1e8)
    light = entry("light", [10.0, 11.0, 9.0], parameters=1e6)
    once = entry("once", [20.0], parameters=1e5)
    first, *rest = misleading([heavy, light, once], "parameters")
    assert (first.larger.name, first.smaller.name) == ("heavy", "once")
    assert first.metric_ratio == pytest.approx(1000)
    assert first.energy_ratio == pytest.approx(0.05)
    assert first.is_clear is None
    assert {(pair.larger.name, pair.smaller.name): pair.is_clear for pair in rest} == {
        ("heavy", "light"): True,
        ("light", "once"): None,
    }


@given(st.lists(st.tuples(st.floats(1, 1e9), st.floats(1, 1e6)), min_size=2, max_size=12))
def test_pairs_ordered_wrongly_are_never_more_than_there_are(values: list[tuple[float, float]]) -> None:
    entries = [entry(str(i), [joules], parameters=parameters) for i, (parameters, joules) in enumerate(values)]
    (row,) = agreements(entries)
    assert row.misled is not None
    assert 0 <= row.misled <= row.pairs == len(values) * (len(values) - 1) // 2
    for pair in misleading(entries, "parameters"):
        assert pair.metric_ratio >= 1
        assert pair.energy_ratio <= 1


def test_efficiencies_are_score_over_cost_and_unknown_without_a_score() -> None:
    known = entry("k", [2000.0], parameters=4e6, duration_s=1800.0, score=None)
    assert known.value("energy_efficiency") is None
    scored = MetricsEntry(
        "s",
        "made",
        "training",
        1,
        Mean(2000.0, None, 1, None),
        duration_s=Mean(1800.0, None, 1, None),
        parameters=4e6,
        score=Mean(0.8, None, 1, None),
        metric="accuracy",
        examples=100.0,
    )
    assert scored.value("energy_efficiency") == pytest.approx(0.4)
    assert scored.value("time_efficiency") == pytest.approx(1.6)
    assert scored.value("size_efficiency") == pytest.approx(0.2)
    assert scored.each().energy_j == pytest.approx(20.0)
    assert known.each().energy_j is None  # how many examples is not known, so what one takes is not either


def test_too_few_entries_say_so_and_nothing_is_drawn_of_one(tmp_path: Path) -> None:
    lonely = [entry("a", [1.0], parameters=5.0)]
    assert "too few" in page_of(lonely, False).headline
    with pytest.raises(ValueError, match="no metric is known of two"):
        draw(lonely, tmp_path / "m.svg", False)
    draw(fleet(1), tmp_path / "m.svg", True)
    assert (tmp_path / "m.svg").stat().st_size > 1000
    json.dumps(as_dict(fleet(2)), allow_nan=False)
    assert set(METRICS) <= set(as_dict(lonely)["entries"][0])  # type: ignore[index]


def test_the_command_reads_a_study_and_says_where_there_is_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    points = tuple(StudyPoint("mlp", "digits", 100, width=width) for width in (8, 16, 32, 64, 128))
    store = StudyStore(tmp_path / "s")
    plan = StudyPlan("size", "quick", points, repeats=2)
    store.create(plan)
    with store:
        for task in plan.tasks():
            joules = float(task.point.width or 0) * (1 + 0.01 * task.repeat)
            store.append(
                StudyRun(
                    task.id,
                    task.point,
                    task.repeat,
                    task.seed,
                    "ok",
                    training=JoulesRead(joules, 0.1, quality="measured"),
                    training_s=joules / 10,
                    score=0.5,
                    metric="accuracy",
                    parameters=1000 * (task.point.width or 0),
                    seen=100,
                )
            )
    assert cli.main(["study", "metrics", str(tmp_path / "s"), "--json", "--figure", str(tmp_path / "m.png")]) == 0
    document = json.loads(capsys.readouterr().out)
    (parameters,) = [row for row in document["agreements"] if row["metric"] == "parameters"]
    assert parameters["spearman"] == pytest.approx(1.0)
    assert parameters["misled"] == 0
    assert len(document["entries"]) == 5
    assert cli.main(["study", "metrics", str(tmp_path / "nothing")]) == 2
    assert "nothing" in capsys.readouterr().err
    assert cli.main(["study", "metrics", str(tmp_path / "s"), "--phase", "inference"]) == 2
    assert "nothing of phase inference" in capsys.readouterr().err


def test_a_score_is_that_of_the_part_that_decided_nothing(tmp_path: Path) -> None:
    """The part that ends a training judges it too kindly."""
    settings = Settings(suite="learning", repeats=2, models=("small-cnn",))
    tasks = plan(settings, suite_tests(settings))
    storage = Storage(tmp_path)
    storage.create(settings, [task.id for task in tasks], {"host": "here"})
    with storage:
        for task in tasks:
            for phase, accuracy in (("training", None), ("evaluation", 0.9), ("scoring", 0.8)):
                row = row_of(task, phase, 1.0 + 0.01 * (task.repeat or 0), 1000, macs=1e6)
                append(storage, {**row, **({} if accuracy is None else {"accuracy": accuracy})})
            append(
                storage, {"kind": "task", "task": task.id, "attempt": 1, "session": 1, "status": "ok", "reason": None}
            )
    (entry,) = [entry for entry in of_campaign(tmp_path) if entry.phase == "training"]
    assert entry.score is not None and entry.score.value == pytest.approx(0.8)
    assert entry.runs == 2 and entry.is_paired
