"""Accuracies are held against energies of the size that they were reported for."""

from __future__ import annotations

from pathlib import Path

import pytest

from impact_tracker.bench import Settings
from impact_tracker.bench.analyse.published import CLASSIFIERS
from impact_tracker.bench.plan.networks import BY_NAME
from impact_tracker.bench.show.view import read
from python.bench.flat import append, flat
from python.bench.made import campaign

pytest.importorskip("scipy.stats")


def test_accuracy_is_held_against_energies_of_the_size_it_was_reported_for(tmp_path: Path) -> None:
    """Joules that follow the multiply-adds: each network's energy is what it would be at the size of its accuracy."""
    settings = Settings(suite="ai-benchmark", mode="work", repeats=3, models=CLASSIFIERS)
    view = campaign(tmp_path / "a", settings, scatter=0.0)
    for point in view.points:
        each = 3.0 if point.phase == "inference" else 9.0
        assert point.top1_j is not None
        network = BY_NAME[point.model]
        assert point.top1_j.value == pytest.approx(each * (network.top1_gmac or 0.0), rel=1e-3)
        carried = point.model not in ("mobilenet-v2", "vgg-16")  # those two run at the size itself
        assert point.top1_carried_to == (299 if carried else None)
    (answer,) = [answer for answer in view.answers if answer.question == "Does accuracy cost energy in inference?"]
    assert "carried to the 299 × 299 that it was reported for, by multiply-adds: Inception-V3" in answer.statistic
    for title in ("MobileNet-V2", "VGG-16"):
        assert title not in answer.statistic.partition("by multiply-adds")[2]


@pytest.mark.parametrize("side", [32, 150, 224, 299, 448])
def test_an_energy_of_a_far_size_has_no_reported_accuracy(tmp_path: Path, side: int) -> None:
    """Pictures of 32² tell nothing of the joules at 224²."""
    settings = Settings(suite="ai-benchmark", mode="work", repeats=1, models=("vgg-16",), phase="inference")
    view = campaign(tmp_path / "a", settings)
    gmac = 15.4703 * (side / 224) ** 2
    with view.storage as storage:
        for row in flat(view):
            append(storage, {**row, "attempt": 2, "input": [3, side, side], "gmac": gmac})
    (point,) = read(tmp_path / "a").points
    assert (point.top1_j is not None) == (side in (224, 299))
    assert point.top1_carried_to == (224 if side == 299 else None)
    if side == 299:
        assert point.top1_j is not None
        assert point.j_per_image is not None
        assert point.top1_j.value == pytest.approx(point.j_per_image.value * (224 / 299) ** 2)
