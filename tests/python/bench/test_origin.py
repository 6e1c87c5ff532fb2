"""An energy without a sensor is time: answers and figures say so, and a processor's own model is another thing."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from impact_tracker.bench import Settings
from impact_tracker.bench.analyse.origin import error_text, origin_text
from impact_tracker.bench.show.figures.suite import every_figure
from impact_tracker.bench.show.page import table_of
from impact_tracker.bench.show.suite_files import suite_tables
from impact_tracker.bench.show.view import View
from impact_tracker.modelled import Model
from python.bench.made import campaign

pytest.importorskip("scipy")
MODELS = ("vgg-16", "inception-v3", "inception-v4", "resnet-v2-50", "mobilenet-v2")
TIME = "TDP × load ± 69 %, which follows the time"


class OneEnergy(NamedTuple):
    by: Model | None
    bias: float | None


def drawn(folder: Path, by: str | None, *, parts: bool = False) -> View:
    settings = Settings(suite="ai-benchmark", mode="work", repeats=3, models=MODELS)
    return campaign(folder, settings, by=by, parts=parts)


def test_every_answer_says_that_energy_is_time(tmp_path: Path) -> None:
    view = drawn(tmp_path / "a", "cpu_model/load")
    assert len(view.answers) > 5
    assert all(f"no sensor: energy is {TIME}" in answer.answer for answer in view.answers)
    assert all(TIME in line for line in view.page().headline.splitlines())


def test_every_figure_with_an_energy_says_so(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    figures = every_figure(drawn(tmp_path / "a", "cpu_model/load", parts=True).points)
    assert {"figure1", "figure2", "roofline", "pareto", "parameters", "fit", "parts"} < set(figures)
    for name, figure in figures.items():
        if name not in ("networks", "figure3"):  # of accuracies, and of durations
            assert TIME in figure.get_supxlabel().replace("\n", " "), name


def test_mean_power_is_left_out_without_a_sensor(tmp_path: Path) -> None:
    view = drawn(tmp_path / "a", "cpu_model/load")
    assert all(cell.power_w is None for cell in view.cells)
    assert not any("mean power" in answer.answer + answer.statistic for answer in view.answers)
    measured = drawn(tmp_path / "b", None)
    assert all(cell.power_w is not None for cell in measured.cells)
    assert any("mean power" in answer.statistic for answer in measured.answers)


def test_the_processor_s_own_model_is_not_time(tmp_path: Path) -> None:
    view = drawn(tmp_path / "a", "rapl/package-0")
    assert all("energy is by the processor's own model ± 10 %" in answer.answer for answer in view.answers)
    assert not any("TDP" in answer.answer for answer in view.answers)
    assert all(cell.power_w is not None for cell in view.cells)


def test_sensors_need_no_word(tmp_path: Path) -> None:
    view = drawn(tmp_path / "a", None)
    assert not any("model" in answer.answer or "sensor" in answer.answer for answer in view.answers)


def test_some_energies_of_several() -> None:
    load, chip, sensor = (
        OneEnergy(by, bias) for by, bias in ((Model.DESIGN_POWER, 0.69), (Model.PROCESSOR, 0.1), (None, 0.02))
    )
    assert origin_text([sensor]) == "" and origin_text([]) == ""
    assert origin_text([load, sensor]) == f"no sensor: some energies are {TIME}"
    both = origin_text([load, chip, chip])
    assert both == f"no sensor: some energies are {TIME}; some energies are by the processor's own model ± 10 %"
    assert error_text([sensor]) == "own error of sensors and models, ± 2.0 %, not in the whiskers"
    assert error_text([OneEnergy(None, None)]) == ""


def test_what_was_above_idle_and_the_worker_s_share_stand_beside_the_energy(tmp_path: Path) -> None:
    view = drawn(tmp_path / "a", None, parts=True)
    columns = [name.lstrip(">") for name in table_of(view.cells).columns]
    assert columns[-2:] == ["above idle, J per image", "the worker's, J per image"]
    for name in ("table2", "table3", "inference"):
        assert suite_tables(view)[name].columns[-2:] == (">above idle, J per image", ">the worker's, J per image")
    for cell in view.cells:
        assert cell.j_per_image is not None and cell.above_idle_j is not None and cell.share_j is not None
        assert cell.above_idle_j.value == pytest.approx(0.7 * cell.j_per_image.value)
        assert cell.share_j.value == pytest.approx(0.65 * cell.j_per_image.value)
    plain = table_of(drawn(tmp_path / "b", None).cells)
    assert plain.columns[-1] == "energy"
