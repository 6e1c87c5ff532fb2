"""What stands in the figures of a suite: whiskers, runs, units and weights are said, and no name lies on a point."""

from __future__ import annotations

import random
import re
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impact_tracker.bench import Settings
from impact_tracker.bench.analyse.published import CLASSIFIERS, published
from impact_tracker.bench.analyse.sweeps import Sweep, SweepPlace
from impact_tracker.bench.plan.axes import SweepPoint, point_words
from impact_tracker.bench.plan.suites import ai as suite_ai
from impact_tracker.bench.plan.suites import modern as suite_modern
from impact_tracker.bench.show.figures import energy_figure
from impact_tracker.bench.show.figures.notes import ends_around, whisker_text
from impact_tracker.bench.show.figures.suite import every_figure
from impact_tracker.bench.show.figures.sweeps import sweeps_figure
from impact_tracker.bench.show.view import View
from impact_tracker.figures.labels import log_ticks, plain_log
from impact_tracker.values.statistics import mean_of
from python.bench.made import campaign
from python.figures.looking import check_texts, texts_of

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
        assert "± 95 %" not in note


def test_nothing_is_drawn_of_one_network(tmp_path: Path) -> None:
    assert every_figure(drawn(tmp_path / "a", 3, "vgg-16", phase="inference").points) == {}


def test_a_phase_that_did_not_run_has_no_figure(tmp_path: Path) -> None:
    figures = every_figure(drawn(tmp_path / "a", 3, *CLASSIFIERS, phase="inference").points)
    assert "figure1" in figures
    assert not {"figure2", "figure3"} & set(figures)


def test_carbon_says_what_it_is_weighed_with(tmp_path: Path) -> None:
    figure = every_figure(drawn(tmp_path / "a", 3, "vgg-16", "u-net").points)["parameters"]
    assert "carbon at 400 g CO2e/kWh, PUE 1" in figure.get_supxlabel().replace("\n", " ")


SUITES = {
    "ai-benchmark": sorted({test.model for test in suite_ai.sub_tests()}),
    "modern": sorted({test.model for test in suite_modern.TESTS}),
}


@pytest.mark.parametrize("seed", range(6))
def test_no_text_lies_on_another_or_on_a_point(tmp_path: Path, seed: int) -> None:
    """Over campaigns drawn at random: networks, runs, scatter, with and without a sensor."""
    chance = random.Random(seed)
    suite = chance.choice(sorted(SUITES))
    count = chance.choice([1, 2, 3, 5, len(SUITES[suite])])
    settings = Settings(
        suite=suite,
        mode="work",
        repeats=chance.choice([1, 2, 3, 5]),
        models=tuple(chance.sample(SUITES[suite], count)),
        phase=chance.choice(["both", "inference"]) if suite == "ai-benchmark" else "both",
    )
    scatter, by = chance.choice([0.01, 0.1, 0.2]), chance.choice([None, "cpu_model/load", "rapl/package-0"])
    view = campaign(tmp_path / "a", settings, scatter=scatter, seed=seed, by=by, parts=chance.random() < 0.5)
    for name, figure in {**every_figure(view.points), "energy": energy_figure(view.cells)}.items():
        if figure is not None:
            check_texts(figure, name)


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


@pytest.mark.parametrize("seed", range(5))
def test_the_points_of_a_sweep_are_all_named_and_no_name_lies_on_another(seed: int) -> None:
    """Up to eighteen points a panel, whose names are long: then they are numbered, with a legend."""
    chance = random.Random(seed)
    axes = {"batch": [1, 4, 16], "threads": [1, 2], "precision": ["fp32", "bf16", "tf32"]}
    points = [SweepPoint(**dict(zip(axes, values))) for values in product(*axes.values())]  # type: ignore[arg-type]
    sweeps = []
    for title in ("Small CNN", "MobileNet-V2", "ResNet-V2-50")[: chance.randint(1, 3)]:
        places = []
        for point in chance.sample(points, chance.choice([2, 5, 9, 18])):
            seconds, joules = chance.lognormvariate(-4, 1), chance.lognormvariate(0, 1)
            means = [mean_of([value * chance.gauss(1, 0.05) for _ in range(3)]) for value in (seconds, joules)]
            places.append(SweepPlace(title, point, point_words(point.name), *means, "measured"))  # type: ignore[arg-type]
        sweeps.append(Sweep(title, title, "inference", "image", places))
    figure = sweeps_figure(sweeps)
    assert figure is not None
    check_texts(figure, "sweep")
    names = {place.name for sweep in sweeps for place in sweep.places}
    written = " ".join(text.get_text() for text, _ in texts_of(figure))
    assert all(name in written for name in names)


@given(st.floats(1e-6, 1e6), st.floats(1.02, 1e9))
def test_a_logarithmic_axis_has_three_numbers_at_least_and_five_at_most(low: float, times: float) -> None:
    ticks = log_ticks(low, low * times)
    assert 2 <= len(ticks) <= 5
    assert len(ticks) >= 3 or times < 1.05 or times > 100
    assert ticks == sorted(set(ticks)) and low <= ticks[0] and ticks[-1] <= low * times


@pytest.mark.parametrize(
    ("low", "times"), [(1.2e-4, 4.0), (1.1e-6, 1.3), (1.2e6, 5.0), (3e8, 2.0), (0.5, 3.0), (2e3, 50.0)]
)
def test_a_tick_s_number_is_where_the_tick_is(low: float, times: float) -> None:
    from matplotlib.figure import Figure

    axes = Figure().subplots()
    axes.set_xscale("log")
    axes.set_xlim(low, low * times)
    plain_log(axes.xaxis)
    ticks = axes.xaxis.get_majorticklocs()
    numbers = [float(axes.xaxis.get_major_formatter()(tick).replace(",", "")) for tick in ticks]
    assert numbers == pytest.approx(list(ticks)) and len(ticks) >= 3


def test_runs_that_are_equal_have_no_whisker_and_two_runs_are_flagged() -> None:
    equal, two = mean_of([2.0, 2.0, 2.0]), mean_of([1.0, 2.0])
    assert equal is not None and two is not None
    assert ends_around(equal) is None
    assert "two runs tell little" in whisker_text([two]) and "two runs" not in whisker_text([equal])


def test_numbers_keep_clear_of_the_roof_and_of_the_fitted_line(tmp_path: Path) -> None:
    """Where there is room around a point, as there is beside a line."""
    figures = every_figure(drawn(tmp_path / "a", 3, "vgg-16", "mobilenet-v2", "u-net", "resnet-v2-50").points)
    for name in ("roofline", "fit"):
        for axes in figures[name].axes:
            figures[name].canvas.draw()
            lines = [line for line in axes.lines if line.get_linestyle() == "-"]
            line = max(lines, key=lambda line: len(line.get_xdata()))
            path = axes.transData.transform(line.get_xydata())
            fine = [
                (x0 + (x1 - x0) * step / 200, y0 + (y1 - y0) * step / 200)
                for (x0, y0), (x1, y1) in zip(path, path[1:])
                for step in range(201)
            ]
            for text in axes.texts:
                box = text.get_window_extent()
                assert not any(box.x0 < x < box.x1 and box.y0 < y < box.y1 for x, y in fine), (name, text.get_text())
