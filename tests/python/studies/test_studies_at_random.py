"""Studies that are drawn at random are answered: energies that nobody measured, runs that failed, one look, memory that
is no number; nothing is claimed of the null, and no number stands without its interval or the words why not."""

from __future__ import annotations

import json
import math
import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from impact_tracker.report.plot import figure_for, save
from impact_tracker.studies.metrics.compare import misleading
from impact_tracker.studies.metrics.entry import MetricsEntry
from impact_tracker.studies.points.campaign import PointsOutcome
from impact_tracker.studies.points.point import Checkpoint, JoulesRead, StudyPoint, StudyRun
from impact_tracker.studies.points.store import StudyPlan
from impact_tracker.studies.questions.asked import StudyAnswer
from impact_tracker.studies.questions.known import QUESTIONS
from impact_tracker.studies.questions.show import as_dict
from impact_tracker.values.statistics import mean_of
from python.studies.study_points import POINTS

pytest.importorskip("scipy")
NAKED = re.compile(r"± 0(?:\.0+)?(?![\d.])|\(0(?:\.0+)? to 0(?:\.0+)?\)|\bnan\b|\binf\b|\bNone\b")
KINDS = ("measured", "modelled", "missing")


def run_of(point: StudyPoint, repeat: int, chance: random.Random, spread: float, kind: str, looks: int) -> StudyRun:
    """Every point takes the same and learns as well, but for chance."""
    joules = 40.0 * math.exp(chance.gauss(0, spread))
    score = min(max(0.5 + chance.gauss(0, 0.03), 0.0), 1.0)
    known = joules if kind != "missing" else None
    modelled = joules if kind == "modelled" else 0.0
    training = JoulesRead() if known is None else JoulesRead(joules, 0.1, 0.69 * joules, modelled, kind)
    course = tuple(
        Checkpoint(100 * n, None if known is None else joules * n / looks, 1.0 * n, score * n / looks, "validation")
        for n in range(1, looks + 1)
    )
    return StudyRun(
        f"{point.id}.r{repeat}",
        point,
        repeat,
        repeat,
        "ok",
        training=training,
        training_s=joules / 20,
        metric="accuracy",
        score=score,
        seen=100 * looks,
        parameters=1000 * (point.width or 7),
        peak_memory_bytes=chance.choice([None, 500_000_000 + repeat]),
        carbon_g=None if known is None else joules * 1e-4,
        checkpoints=course,
        reached=None if point.target is None else score >= point.target,
    )


def drawn(study: str, seed: int, *, runs: int | None = None, kind: str | None = None) -> list[StudyRun]:
    """A study's runs, of which some failed, and whose memory may be no number."""
    chance = random.Random(f"{study} {seed}")
    count, spread = runs or chance.randint(1, 10), chance.uniform(0.02, 0.3)
    kind, looks = kind or chance.choice(KINDS), chance.choice([1, 2, 5])
    made = [run_of(point, n, chance, spread, kind, looks) for point in POINTS[study] for n in range(1, count + 1)]
    if runs is None:
        lost = chance.choice([0.0, 0.0, 0.3, 1.0])
        made = [replace(run, status="failed", reason="no memory") if chance.random() < lost else run for run in made]
        nan: float = math.nan
        made = [replace(run, peak_memory_bytes=nan) if chance.random() < 0.2 else run for run in made]  # type: ignore[arg-type]
    return made


def answered(study: str, runs: Sequence[StudyRun]) -> StudyAnswer:
    return QUESTIONS[study].answer(POINTS[study], runs)


@pytest.mark.parametrize("study", sorted(POINTS))
def test_every_draw_is_answered_in_words_tables_json_and_a_figure(study: str, tmp_path: Path) -> None:
    for seed in range(25):
        runs = drawn(study, seed)
        answer = answered(study, runs)
        cells = [cell for table in answer.tables for row in table.rows for cell in row]
        for text in (answer.sentence, *answer.caveats, *cells, *(table.title for table in answer.tables)):
            assert not NAKED.search(text), (seed, text)
        plan = StudyPlan(study, "quick", tuple(POINTS[study]), 1)
        clean = [replace(run, peak_memory_bytes=None) for run in runs]  # a file holds no nan
        json.dumps(as_dict(PointsOutcome(plan, clean, len(clean), []), answer), allow_nan=False)
        good = [run for run in runs if run.is_good]
        if good and good[0].training.quality == "modelled":
            assert "± 69 %" in answer.sentence, answer.sentence
        if good and len({run.repeat for run in good}) == 1 and len(good) == len(runs):
            assert not [cell for cell in cells if "±" in cell]
        if seed < 4 and good and answer.draw is not None:
            figure = figure_for(tmp_path / f"{seed}.svg", (8.0, 5.0))
            answer.draw(figure)
            save(figure, tmp_path / f"{seed}.svg")


def test_no_difference_is_claimed_of_points_that_are_the_same() -> None:
    claims: Counter[str] = Counter()
    draws = 150
    for seed in range(draws):
        runs = 2 + seed % 9
        answers = {study: answered(study, drawn(study, seed, runs=runs, kind="measured")) for study in POINTS}
        claims["shallow"] += " beat " in answers["shallow"].sentence
        claims["machine"] += "told from chance (" in answers["machine"].sentence
        told = answers["ladder"].document["best_is_told"]
        assert isinstance(told, dict)
        claims["ladder"] += any(told.values())
        claims["size"] += "told of none" not in answers["size"].sentence
        growth = answers["data-size"].document["growth"]
        assert isinstance(growth, list)
        claims["exponent"] += not growth[0]["exponent_low"] <= 0 <= growth[0]["exponent_high"]
    for name, count in claims.items():
        assert count <= 0.05 * draws + 2 * (0.05 * 0.95 * draws) ** 0.5, (name, count)


def test_no_metric_misleads_beyond_chance_about_energies_that_are_the_same() -> None:
    claimed, draws = 0, 200
    for seed in range(draws):
        chance = random.Random(seed)
        runs = chance.randint(2, 10)
        entries = [
            MetricsEntry(
                str(n),
                "made",
                "training",
                runs,
                mean_of([10 * math.exp(chance.gauss(0, 0.1)) for _ in range(runs)]),
                parameters=chance.uniform(1e3, 1e6),
            )
            for n in range(6)
        ]
        claimed += any(pair.is_clear for pair in misleading(entries, "parameters"))
    assert claimed <= 0.05 * draws + 2 * (0.05 * 0.95 * draws) ** 0.5, claimed
