"""Scores as the original computes them, and the published study's numbers computed again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from impact_tracker.bench import Settings
from impact_tracker.bench.analyse.published import CLASSIFIERS, published
from impact_tracker.bench.analyse.scores import scores
from impact_tracker.bench.show import reproduction
from python.bench.flat import row_of
from python.bench.made import SHAPES, campaign

pytest.importorskip("scipy.stats")


def test_scores_are_the_originals() -> None:
    """Every sub-test at its reference time: the reference device's own score, 10,000 each."""
    tests = [shape for shape in SHAPES.values() if hasattr(shape, "reference_ms")]
    lines: list[dict[str, Any]] = [
        {"test": t.name, "phase": t.phase, "pass_ms": t.reference_ms, "batch": t.batch} for t in tests
    ]
    rows = [row_of(line) for line in lines]
    result = scores(rows)
    assert (result.inference, result.training, result.ai_score, result.scaled) == (10_000, 10_000, 20_000, False)
    faster = [row_of({**line, "pass_ms": line["pass_ms"] * 2, "batch": line["batch"] * 4}) for line in lines]
    assert scores(faster).ai_score == 40_000
    assert "scaled to the original batches" in scores(faster).text()
    assert "copies" not in scores(rows).text()
    on_card = scores([row_of({**line, "device": "cuda:0"}) for line in lines])
    assert on_card.ai_score == 20_000
    assert on_card.text().endswith("without the copies to and from the card that the original's hold")
    part = scores(rows[:10])
    assert part.ai_score is None
    assert "32 of 42 are missing" in part.text()
    assert scores([]).text().startswith("no score")


def test_scores_equal_a_published_log() -> None:
    """A TITAN RTX's training times of tests 1 to 18 (ms a batch), as its log gives them."""
    times = [176.8, 144, 151.8, 160.7, 92.4, 134.1, 115.0, 168, 234.2, 126, 147, 159.7, 106.5, 305, 109.7, 89.7]
    times += [1712, 856]
    training = [shape for shape in SHAPES.values() if hasattr(shape, "reference_ms") and shape.phase == "training"]
    rows = [row_of({"test": shape.name, "pass_ms": ms, "batch": shape.batch}) for shape, ms in zip(training, times)]
    assert scores(rows).training == 16_326


def test_the_published_tables_follow_from_the_raw_runs() -> None:
    for phase in ("inference", "training"):
        for row in reproduction.recompute(phase):
            # The two that the files themselves show as rounded by way of three decimals.
            is_twice = row.model == "resnet-v2-50"
            assert row.match is (reproduction.Match.ROUNDED_TWICE if is_twice else reproduction.Match.AT_ONCE), row
            assert row.energy.runs == 10
    (mobile, *_) = reproduction.recompute("inference")
    assert mobile.energy.value == pytest.approx(1.1764, abs=1e-4)
    assert mobile.energy.half_width == pytest.approx(0.040, abs=1e-3)
    images = {row.test: row for row in reproduction.per_image()}
    for name, joules, gmac in (
        ("inception-v3", 26.8, 3.65),
        ("inception-resnet-v2", 91.3, 5.46),
        ("vgg-19-sr", 167.5, 5.00),
        ("dped", 65.3, 9.97),
        ("icnet", 52.2, 2.39),
        ("pspnet", 608, 3.31),
    ):
        row = images[f"{name}/training"]
        assert (row.j_per_image, row.j_per_gmac) == pytest.approx((joules, gmac), rel=2e-3)
    assert sum(3.3 <= row.j_per_gmac <= 5.5 for row in images.values()) == 11
    assert len(images) == 14
    assert len(published().runs_kwh) == 37


def test_a_reversed_order_is_not_chance(tmp_path: Path) -> None:
    order = sorted(CLASSIFIERS, key=lambda model: -published().inference[model].energy)
    settings = Settings(suite="ai-benchmark", mode="work", repeats=1, phase="inference", models=CLASSIFIERS)
    view = campaign(
        tmp_path / "a", settings, scatter=0.0, joules=lambda name: 1.0 + order.index(name.partition("/")[0])
    )
    (answer,) = reproduction.rank_answers(view.cells)
    assert answer.answer == "no, the reverse by J per image, mean power, energy of a test"
    assert "Spearman -1.00" in answer.statistic
