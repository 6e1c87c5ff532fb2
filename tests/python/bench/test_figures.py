"""What stands in the figures of a suite: whiskers, runs, units and weights are said, and no name lies on a point."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from impact_tracker.bench import Settings
from impact_tracker.bench.analyse.published import CLASSIFIERS, published
from impact_tracker.bench.show.figures import energy_figure
from impact_tracker.bench.show.figures.suite import every_figure
from impact_tracker.bench.show.view import View
from python.bench.made import campaign

pytest.importorskip("matplotlib")
pytest.importorskip("scipy.stats")


def drawn(folder: Path, repeats: int, *models: str, phase: str = "both", scatter: float = 0.05, seed: int = 1) -> View:
    settings = Settings(suite="ai-benchmark", mode="work", repeats=repeats, models=models, phase=phase)
    return campaign(folder, settings, scatter=scatter, seed=seed)


def test_the_study_s_figures_show_ours_and_the_published_runs_side_by_side(tmp_path: Path) -> None:
    view = drawn(tmp_path / "a", 3, *CLASSIFIERS)
    figures = every_figure(view.points)
    titles = {"figure1": "Energy of inference", "figure2": "Energy of training", "figure3": "Duration of training"}
    for name, title in titles.items():
        figure = figures[name]
        ours, theirs = figure.axes
        assert figure.get_suptitle() == title
        assert ours.get_title(loc="left").startswith("This machine: 3 runs")
        assert "10 runs" in theirs.get_title(loc="left")
        assert len(ours.patches) == len(theirs.patches) == len(CLASSIFIERS)
        assert "whiskers: 95 % of the mean over 3 runs (Student's t)" in figure.get_supxlabel().replace("\n", " ")
    labels = {name: [axes.get_ylabel() for axes in figures[name].axes] for name in titles}
    assert labels["figure1"] == ["J per image", "Wh of an inference run, PUE 1.58 in it"]
    assert labels["figure2"] == ["Wh of a training run", "Wh of a training run, PUE 1.58 in it"]
    assert labels["figure3"] == ["s of a training run"] * 2
    heights = [bar.get_height() for bar in figures["figure3"].axes[1].patches]
    assert heights == [published().training[model].seconds for model in CLASSIFIERS]
    energies = [bar.get_height() for bar in figures["figure2"].axes[1].patches]
    # The table holds the runs' means in 10⁻³ kWh, which are Wh.
    assert energies == pytest.approx([published().training[model].energy for model in CLASSIFIERS], abs=0.0051)


def test_one_run_has_no_whisker_and_says_so(tmp_path: Path) -> None:
    figures = every_figure(drawn(tmp_path / "a", 1, "vgg-16", "mobilenet-v2", "inception-v3").points)
    for name, figure in figures.items():
        if name == "networks":  # nothing in it was measured
            continue
        note = figure.get_supxlabel().replace("\n", " ")
        assert "1 run of each test: no whiskers" in note, name
        assert "±" not in note


def test_nothing_is_drawn_of_one_network(tmp_path: Path) -> None:
    assert every_figure(drawn(tmp_path / "a", 3, "vgg-16", phase="inference").points) == {}


def test_a_phase_that_did_not_run_has_no_figure(tmp_path: Path) -> None:
    figures = every_figure(drawn(tmp_path / "a", 3, *CLASSIFIERS, phase="inference").points)
    assert "figure1" in figures
    assert not {"figure2", "figure3"} & set(figures)


def test_carbon_says_what_it_is_weighed_with(tmp_path: Path) -> None:
    figure = every_figure(drawn(tmp_path / "a", 3, "vgg-16", "u-net").points)["parameters"]
    assert "carbon at 400 g CO2e/kWh, PUE 1" in figure.get_supxlabel().replace("\n", " ")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_name_lies_on_another_s_point_or_name(tmp_path: Path, seed: int) -> None:
    figures = every_figure(drawn(tmp_path / "a", 3, scatter=0.2, seed=seed).points)
    for name, figure in figures.items():
        figure.canvas.draw()
        renderer = figure.canvas.get_renderer()
        for axes in figure.axes:
            texts = [text for text in axes.texts if text.get_text() and "GMAC^" not in text.get_text()]
            boxes = [(text, text.get_tightbbox(renderer)) for text in texts if text.arrow_patch is None]
            for text, box in boxes:
                for other in texts:
                    x, y = axes.transData.transform(other.xy)
                    assert not (box.x0 < x < box.x1 and box.y0 < y < box.y1), (name, text.get_text(), other.get_text())
                for other, its in boxes:
                    assert other is text or not box.overlaps(its), (name, text.get_text(), other.get_text())


def test_every_axis_says_its_unit(tmp_path: Path) -> None:
    units = re.compile(r"\bJ\b|\bWh\b|\bs\b|%|GMAC|million|byte|\bg CO2e")
    for figure in every_figure(drawn(tmp_path / "a", 2).points).values():
        for axes in figure.axes:
            # Panels side by side share the first one's axis.
            assert units.search(axes.get_ylabel()) or axes is not figure.axes[0]
            if axes.get_xlabel():
                assert units.search(axes.get_xlabel())


@pytest.mark.parametrize("models", [("vgg-16", "u-net"), ()])
@pytest.mark.parametrize("repeats", [1, 3])
def test_the_energies_of_a_campaign_say_their_whiskers(tmp_path: Path, models: tuple[str, ...], repeats: int) -> None:
    figure = energy_figure(drawn(tmp_path / "a", repeats, *models).cells)
    assert figure is not None
    note = figure.get_supxlabel().replace("\n", " ")
    assert note.startswith("whiskers: 95 % of the mean over 3 runs" if repeats == 3 else "1 run of each test: no whisk")
    figure.canvas.draw()
