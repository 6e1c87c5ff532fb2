"""What a light run says of a long one, on campaigns whose law is known."""

from __future__ import annotations

from pathlib import Path

import pytest

from impact_tracker.bench import Settings
from impact_tracker.bench.show import forecast
from impact_tracker.bench.show.view import read
from impact_tracker.cli.bench import actions
from python.bench.flat import append, flat, row_of
from python.bench.made import campaign, dumped


def test_a_forecast_grows_with_the_images_and_holds_what_comes(tmp_path: Path) -> None:
    settings = Settings(models=("small-cnn",), repeats=6)
    view = campaign(tmp_path / "a", settings, joules=lambda name: 0.5, scatter=0.05, seed=4)
    (training, inference) = forecast.forecasts(view, images=60_000, epochs=10)
    assert training.images == 600_000
    assert inference.images == 60_000
    assert training.energy_low_j < 0.5 * 600_000 < training.energy_high_j
    # scatter 5 %, six runs: 2.57 x 1.08 x 5 %, and the sensors' own 10 %
    assert (training.energy_high_j / training.energy_j - 1) == pytest.approx(0.17, abs=0.05)
    assert training.seconds == pytest.approx(30.0 / 1000 * 600_000)
    assert training.carbon_g == pytest.approx(training.energy_j * 400 / 3.6e6)
    page = forecast.page(view, [training, inference], images=60_000, epochs=10)
    assert "Small CNN, training of 600,000 images of 32 × 32 pixels, batch 64: " in page.headline
    assert any("100 times" in note for note in page.caveats)
    with pytest.raises(ValueError, match="1 or more"):
        forecast.forecasts(view, images=0)
    with pytest.raises(ValueError, match="there are small-cnn"):
        forecast.forecasts(view, images=5, models=("vgg-16",))
    assert dumped(forecast.to_dict([training]))[0]["images"] == 600_000


def test_a_forecast_s_carbon_holds_the_intensity_s_range_and_its_runs_those_with_an_energy(tmp_path: Path) -> None:
    settings = Settings(suite="ai-benchmark", models=("vgg-16",), phase="inference", repeats=3)
    view = campaign(tmp_path / "a", settings, scatter=0.0)
    with view.storage as storage:
        for row in flat(view):
            carbon = {"carbon_low_g": 0.4 * row["carbon_g"], "carbon_high_g": 1.9 * row["carbon_g"]}
            silent = {"energy_j": None, "kwh": None, "j_per_image": None, "carbon_g": None} if row["repeat"] > 1 else {}
            append(storage, {**row, **carbon, "attempt": 2, **silent})
    again = read(tmp_path / "a")
    (found,) = forecast.forecasts(again, images=10_000)
    assert found.carbon_g is not None
    assert (found.runs, found.batch, found.unit) == (1, 1, "image")
    # One run tells no scatter, so that there is no interval.
    assert (found.energy_low_j, found.energy_high_j, found.carbon_low_g, found.carbon_high_g) == (None,) * 4
    assert "±" not in forecast.page(again, [found], images=10_000, epochs=1).headline
    notes = forecast.caveats(again, [found], 10_000, 1)
    assert any(note.startswith("from one run: nothing is known of its scatter") for note in notes)
    # Runs that are alike: the sensors' own 10 %, and the range of the intensity.
    (alike,) = forecast.forecasts(view, images=10_000)
    assert alike.energy_high_j is not None
    assert alike.energy_high_j / alike.energy_j - 1 == pytest.approx(0.1)
    assert any("one input at a time" in note for note in notes)


@pytest.mark.parametrize(("images", "is_doubted"), [(1, True), (4, True), (5, False), (22, False)])
def test_a_forecast_from_few_cold_inputs_says_so_first(tmp_path: Path, images: int, is_doubted: bool) -> None:
    settings = Settings(suite="ai-benchmark", models=("vgg-16",), phase="inference", repeats=2)
    view = campaign(tmp_path / "a", settings, scatter=0.0)
    with view.storage as storage:
        for row in flat(view):
            append(storage, {**row, "images": images, "attempt": 2})
    again = read(tmp_path / "a")
    notes = forecast.caveats(again, forecast.forecasts(again, images=1000), 1000, 1)
    assert notes[0].startswith(f"a run took {images} inputs alone") == is_doubted
    assert sum("inputs alone" in note for note in notes) == is_doubted


def test_a_start_that_was_not_measured_is_no_zero(tmp_path: Path) -> None:
    view = campaign(tmp_path / "a", Settings(models=("small-cnn",), repeats=2), joules=lambda name: 0.5)
    with view.storage as storage:
        for row in [row for row in flat(view) if row["phase"] == "training"]:
            append(storage, {**row, "phase": "load", "energy_j": None, "kwh": None, "duration_s": 2.0, "images": None})
    again = read(tmp_path / "a")
    found = forecast.forecasts(again, images=1000)
    assert [one.start_known for one in found] == [False, False]
    notes = forecast.caveats(again, found, 1000, 1)
    assert "what loading and warming up cost was not measured: it is in none of the energies" in notes
    assert "training without its evaluations" in notes
    assert all(one.start_known for one in forecast.forecasts(view, images=1000))


def test_a_forecast_from_runs_of_different_length(tmp_path: Path) -> None:
    """Quick runs end by time: each has images of its own."""
    settings = Settings(suite="ai-benchmark", models=("vgg-16",), phase="inference", repeats=2)
    view = campaign(tmp_path / "a", settings, scatter=0.0)
    (row, other) = flat(view)
    with view.storage as storage:
        append(storage, {**other, "attempt": 2, "images": 500, "energy_j": other["energy_j"] / 2, "duration_s": 15.0})
    (found,) = forecast.forecasts(read(tmp_path / "a"), images=10_000)
    assert found.seconds == pytest.approx(300.0)
    assert found.energy_j == pytest.approx(row["j_per_image"] * 10_000)


def test_an_energy_of_wide_spread_is_not_shown_as_0(tmp_path: Path) -> None:
    """Two runs that differ a hundredfold: the spread is wider than the value, which is no 0 kWh for it."""
    settings = Settings(suite="ai-benchmark", mode="work", repeats=2, models=("vgg-16",))
    view = campaign(tmp_path / "a", settings, scatter=0.0)
    lines = [{**row, "energy_j": row["energy_j"] * (0.01 if row["repeat"] == 2 else 1.0)} for row in flat(view)]
    view.rows = [row_of(line) for line in lines]
    found = forecast.forecasts(view, images=100)
    assert all(one.energy_high_j > 2 * one.energy_j for one in found)
    for cells in forecast.page(view, found, images=100, epochs=1).tables[0].rows:
        assert any(digit in "123456789" for digit in cells[6])


def test_the_first_line_says_size_data_and_batch(tmp_path: Path) -> None:
    view = campaign(tmp_path / "a", Settings(suite="ai-benchmark", models=("mobilenet-v2",), batch=8), scatter=0.0)
    with view.storage as storage:
        for row in flat(view):
            append(storage, {**row, "attempt": 2, "data": "synthetic"})
    again = read(tmp_path / "a")
    found = forecast.forecasts(again, images=5000, epochs=2)
    headline = forecast.page(again, found, images=5000, epochs=2).headline
    first = found[0]
    assert f"{first.phase} of {first.images:,} images of 224 × 224 pixels, synthetic data, batch 8: " in headline
    assert {(one["size"], one["data"], one["batch"]) for one in forecast.to_dict(found)} == {
        ((224, 224), "synthetic", 8)
    }


@pytest.mark.parametrize("side", [160, 200, 256, 300])
def test_a_size_near_the_measured_one_is_carried_to_by_pixels(tmp_path: Path, side: int) -> None:
    settings = Settings(suite="ai-benchmark", models=("mobilenet-v2",), phase="inference")
    view = campaign(tmp_path / "a", settings, scatter=0.0)
    (measured,) = forecast.forecasts(view, images=1000)
    (same,) = forecast.forecasts(view, images=1000, side=224)
    assert same == measured
    (carried,) = forecast.forecasts(view, images=1000, side=side)
    assert carried.energy_j == pytest.approx(measured.energy_j * (side / 224) ** 2)
    assert carried.seconds == pytest.approx(measured.seconds * (side / 224) ** 2)
    assert (carried.size, carried.measured_size, carried.quality) == ((side, side), (224, 224), "estimated")
    page = forecast.page(view, [carried], images=1000, epochs=1)
    assert f"{side} × {side} pixels" in page.headline
    assert any("carried to it by pixels (MobileNet-V2 from 224 × 224)" in note for note in page.caveats)


@pytest.mark.parametrize("side", [32, 100, 320, 1024])
def test_a_size_far_from_the_measured_one_is_refused_with_the_remedy(tmp_path: Path, side: int) -> None:
    view = campaign(tmp_path / "a", Settings(suite="ai-benchmark", models=("mobilenet-v2",), phase="inference"))
    with pytest.raises(ValueError, match=r"MobileNet-V2 at 224 × 224.*--suite"):
        forecast.forecasts(view, images=1000, side=side)


@pytest.mark.parametrize(
    ("models", "side", "suite"),
    [
        (("mobilenet-v2",), None, "ai-benchmark"),
        (("mobilenet-v2",), 224, "ai-benchmark"),
        (("mobilenet-v2",), 32, "fashion-mnist"),
        (("small-cnn",), None, "fashion-mnist"),
        (("mobilenet-v2", "small-cnn"), None, "fashion-mnist"),
        (("resnet-v2-50", "vgg-16"), None, "ai-benchmark"),
        (("bert-base",), None, "modern"),
        ((), None, "fashion-mnist"),
    ],
)
def test_the_light_run_is_of_the_suite_whose_size_is_asked_for(
    models: tuple[str, ...], side: int | None, suite: str
) -> None:
    assert actions._suite_for(models, side) == suite


def test_a_light_run_of_a_heavy_network_takes_fewer_images() -> None:
    from impact_tracker.cli.bench.actions import LIGHT_IMAGES, light_images

    assert light_images("fashion-mnist", ()) == LIGHT_IMAGES
    counts = [light_images("fashion-mnist", (model,)) for model in ("mobilenet-v2", "resnet-18", "resnet-v2-50")]
    assert counts == [2000, 900, 469]
    assert light_images("fashion-mnist", ("small-cnn", "resnet-v2-152")) == 256  # four batches of the heaviest
    assert light_images("learning", ("u-net-3d",)) == 4
