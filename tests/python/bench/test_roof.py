"""The roof of the roofline: the least joules for a multiply-add and for a byte, and the highest rates."""

from __future__ import annotations

from pathlib import Path

import pytest

from impact_tracker.bench import Settings
from impact_tracker.bench.analyse.roof import Roof, roof_of
from impact_tracker.bench.show.figures.suite import every_figure
from impact_tracker.bench.show.view import View
from python.bench.made import SHAPES, campaign

pytest.importorskip("scipy")


def drawn(folder: Path, *models: str) -> View:
    return campaign(folder, Settings(suite="ai-benchmark", mode="work", repeats=2, models=models), scatter=0.2)


def test_bytes_are_the_limit_on_the_left_and_arithmetic_on_the_right() -> None:
    roof = Roof(j_per_gmac=0.5, j_per_gb=5.0, gmac_per_s=100.0, gb_per_s=10.0)
    assert roof.ridge == 10.0
    assert roof.at(1.0) == pytest.approx(5.0)
    assert roof.at(10.0) == roof.at(1000.0) == pytest.approx(0.5)


def test_no_test_lies_below_it_and_some_test_touches_each_part(tmp_path: Path) -> None:
    for phase in ("inference", "training"):
        own = [point for point in drawn(tmp_path / phase).points if point.phase == phase]
        roof = roof_of(own)
        assert roof is not None
        known = [(p.intensity or 0.0, p.j_per_image.value / (p.gmac or 1.0)) for p in own if p.j_per_image]
        assert all(cost >= roof.at(intensity) * (1 - 1e-9) for intensity, cost in known)
        assert min(cost for _, cost in known) == pytest.approx(roof.j_per_gmac)
        assert min(cost * intensity for intensity, cost in known) == pytest.approx(roof.j_per_gb)


def test_the_highest_rates_of_a_phase(tmp_path: Path) -> None:
    own = [point for point in drawn(tmp_path / "a", "vgg-16", "u-net", "icnet").points if point.phase == "inference"]
    roof = roof_of(own)
    assert roof is not None
    rates = {point.test: SHAPES[point.test].gmac * 1000 / 30 for point in own}  # 1000 inputs of each in 30 s
    assert roof.gmac_per_s == pytest.approx(max(rates.values()))
    assert roof.gb_per_s == pytest.approx(max(rates[point.test] / (point.intensity or 1.0) for point in own))
    assert roof_of(own[:1]) is None


def test_the_figure_draws_it_and_says_its_rates(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    figure = every_figure(drawn(tmp_path / "a", "vgg-16", "u-net", "icnet").points)["roofline"]
    note = figure.get_supxlabel().replace("\n", " ")
    assert "roof, inference: the least that a test took, " in note and "J/GMAC" in note and "GB/s" in note
    for axes in figure.axes:
        assert any(line.get_linestyle() == "-" and len(line.get_xdata()) >= 2 for line in axes.lines)
