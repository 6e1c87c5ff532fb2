"""What a light run says of a long one, on campaigns whose law is known."""

from __future__ import annotations

import json
import math
import random
import signal
import statistics
from pathlib import Path
from typing import Any

import pytest

from impact_tracker.bench import Settings
from impact_tracker.bench.analyse.carried import size_spread
from impact_tracker.bench.show import forecast
from impact_tracker.bench.show.view import View, read
from impact_tracker.cli import main
from impact_tracker.cli.bench import actions
from impact_tracker.values.statistics import mean_of
from python.bench.flat import append, flat, row_of
from python.bench.made import campaign, dumped
from python.bench.stand_ins import Workers


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
    (costs,) = forecast.forecasts(again, images=10_000)
    assert costs.carbon_g is not None
    assert (costs.runs, costs.batch, costs.unit) == (1, 1, "image")
    # One run tells no scatter, so that there is no interval.
    assert (costs.energy_low_j, costs.energy_high_j, costs.carbon_low_g, costs.carbon_high_g) == (None,) * 4
    assert "±" not in forecast.page(again, [costs], images=10_000, epochs=1).headline
    notes = forecast.caveats(again, [costs], 10_000, 1)
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
    forecasts = forecast.forecasts(again, images=1000)
    assert [costs.start_known for costs in forecasts] == [False, False]
    notes = forecast.caveats(again, forecasts, 1000, 1)
    assert "what loading and warming up cost was not measured: it is in none of the energies" in notes
    assert "training without its evaluations" in notes
    assert all(costs.start_known for costs in forecast.forecasts(view, images=1000))


def test_a_forecast_from_runs_of_different_length(tmp_path: Path) -> None:
    """Quick runs end by time: each has images of its own."""
    settings = Settings(suite="ai-benchmark", models=("vgg-16",), phase="inference", repeats=2)
    view = campaign(tmp_path / "a", settings, scatter=0.0)
    (row, other) = flat(view)
    with view.storage as storage:
        append(storage, {**other, "attempt": 2, "images": 500, "energy_j": other["energy_j"] / 2, "duration_s": 15.0})
    (costs,) = forecast.forecasts(read(tmp_path / "a"), images=10_000)
    assert costs.seconds == pytest.approx(300.0)
    assert costs.energy_j == pytest.approx(row["j_per_image"] * 10_000)


def test_an_energy_of_wide_spread_is_not_shown_as_0(tmp_path: Path) -> None:
    """Two runs that differ a hundredfold: the spread is wider than the value, which is no 0 kWh for it."""
    settings = Settings(suite="ai-benchmark", mode="work", repeats=2, models=("vgg-16",))
    view = campaign(tmp_path / "a", settings, scatter=0.0)
    lines = [{**row, "energy_j": row["energy_j"] * (0.01 if row["repeat"] == 2 else 1.0)} for row in flat(view)]
    view.rows = [row_of(line) for line in lines]
    forecasts = forecast.forecasts(view, images=100)
    assert all(costs.energy_high_j > 2 * costs.energy_j for costs in forecasts)
    for cells in forecast.page(view, forecasts, images=100, epochs=1).tables[0].rows:
        assert any(digit in "123456789" for digit in cells[6])


def test_the_first_line_says_size_data_and_batch(tmp_path: Path) -> None:
    view = campaign(tmp_path / "a", Settings(suite="ai-benchmark", models=("mobilenet-v2",), batch=8), scatter=0.0)
    with view.storage as storage:
        for row in flat(view):
            append(storage, {**row, "attempt": 2, "data": "synthetic"})
    again = read(tmp_path / "a")
    forecasts = forecast.forecasts(again, images=5000, epochs=2)
    headline = forecast.page(again, forecasts, images=5000, epochs=2).headline
    first = forecasts[0]
    assert f"{first.phase} of {first.images:,} images of 224 × 224 pixels, synthetic data, batch 8: " in headline
    assert {(costs["size"], costs["data"], costs["batch"]) for costs in forecast.to_dict(forecasts)} == {
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


def sized(
    folder: Path, sizes: list[int], law: dict[int, float], repeats: int = 3, scatter: float = 0.0, **more: Any
) -> View:
    """A campaign of MobileNet-V2 at these sizes; `law`: how many times the joules that follow the pixels each takes."""
    settings = Settings.from_dict(
        {"suite": "ai-benchmark", "models": ["mobilenet-v2"], "phase": "inference", "repeats": repeats,
         "axes": {"size": [[side] for side in sizes]}, **more}
    )  # fmt: skip
    side_of = {f"mobilenet-v2/inference@size={side}": side for side in sizes}
    joules = {name: 1e-4 * side**2 * law.get(side, 1.0) for name, side in side_of.items()}
    view = campaign(folder, settings, joules=lambda name: joules[name], scatter=0.0)
    with view.storage as storage:
        for row in flat(view):
            side = side_of[row["test"]]
            append(storage, {**row, "attempt": 2, "input": [3, side, side], "gmac": 6e-6 * side**2})
    return read(folder)


def test_a_size_that_ran_is_taken_as_it_is_and_no_other_beside_it(tmp_path: Path) -> None:
    view = sized(tmp_path / "a", [160, 192, 224], {})
    (exact,) = forecast.forecasts(view, images=1000, side=192)
    assert (exact.size, exact.measured_size, exact.carried, exact.quality) == (
        (192, 192),
        (192, 192),
        False,
        "measured",
    )
    notes = forecast.page(view, [exact], images=1000, epochs=1, side=192).caveats
    assert any("192 × 192 pixels, ran: nothing is carried over" in note for note in notes)
    assert len(forecast.forecasts(view, images=1000)) == 3


@pytest.mark.parametrize("repeats", [1, 3])
def test_a_carried_size_has_the_spread_over_sizes_and_says_so(tmp_path: Path, repeats: int) -> None:
    view = sized(tmp_path / "a", [128, 160, 192, 224], {128: 1.2, 160: 0.9, 192: 1.1}, repeats)
    (carried,) = forecast.forecasts(view, images=1000, side=256)
    assert (carried.measured_size, carried.sizes, carried.sizes_of_others) == ((224, 224), 4, False)
    assert carried.energy_low_j is not None and carried.energy_high_j is not None
    spread = statistics.stdev(math.log(factor) for factor in (1.2, 0.9, 1.1, 1.0))
    least = math.exp(3.182 * spread * math.sqrt(2))  # Student's t of three degrees of freedom
    assert carried.energy_high_j / carried.energy_j >= least * 0.999
    # The campaign's rows have no range of an intensity: carbon is as uncertain as the energy, and no more.
    assert carried.carbon_g is not None and carried.carbon_high_g is not None and carried.carbon_low_g is not None
    assert carried.carbon_high_g / carried.carbon_g == pytest.approx(carried.energy_high_j / carried.energy_j)
    assert carried.carbon_low_g / carried.carbon_g == pytest.approx(carried.energy_low_j / carried.energy_j)
    notes = forecast.page(view, [carried], images=1000, epochs=1, side=256).caveats
    assert any("over 4 sizes" in note and "did not run" in note for note in notes)


def test_of_one_size_alone_a_carried_forecast_has_no_interval(tmp_path: Path) -> None:
    view = campaign(tmp_path / "a", Settings(suite="ai-benchmark", models=("mobilenet-v2",), phase="inference"))
    (carried,) = forecast.forecasts(view, images=1000, side=256)
    assert (carried.energy_low_j, carried.seconds_high, carried.carbon_g is None, carried.sizes) == (
        None,
        None,
        False,
        None,
    )
    notes = forecast.caveats(view, [carried], 1000, 1, 256)
    assert any("nothing tells how much a multiply-add costs at another: no ranges" in note for note in notes)


@pytest.mark.parametrize("count", [2, 3, 5])
@pytest.mark.parametrize("runs", [1, 3])
@pytest.mark.parametrize(("of_sizes", "of_runs"), [(0.05, 0.02), (0.2, 0.05), (0.02, 0.15)])
def test_what_a_size_costs_lies_in_the_range_that_it_is_carried_with(
    count: int, runs: int, of_sizes: float, of_runs: float
) -> None:
    """A multiply-add whose cost differs from size to size, and runs that scatter, as a new one will."""
    chance = random.Random(count * 10 + runs)

    def held() -> bool:
        true = [math.exp(chance.gauss(0, of_sizes)) for _ in range(count + 1)]
        measured = [[cost * math.exp(chance.gauss(0, of_runs)) for _ in range(runs)] for cost in true]
        means = [mean_of(values) for values in measured]
        assert all(means)
        over = size_spread([mean.value for mean in means[:-1] if mean], {})
        base = means[0]
        assert over is not None and base is not None
        spread = forecast._with_sizes(forecast._spread(base), over)
        low, high = forecast._around(base.value, spread, True)
        assert low is not None and high is not None and low > 0
        return low <= true[-1] * math.exp(chance.gauss(0, of_runs)) <= high

    assert sum(held() for _ in range(1500)) / 1500 >= 0.93


def test_other_networks_tell_of_sizes_where_one_ran_at_one() -> None:
    alone = size_spread([2.0], {"b": [1.0, 1.1, 0.9], "c": [3.0, 3.3]})
    assert alone is not None and (alone.sizes, alone.of_others) == (5, True)
    own = size_spread([2.0, 2.1], {"b": [1.0, 1.1, 0.9]})
    assert own is not None and (own.sizes, own.of_others) == (2, False)
    assert size_spread([2.0], {"b": [1.0]}) is None


def test_a_run_s_start_and_its_work_belong_together(tmp_path: Path) -> None:
    """Starts that are long where the work is short: their sum varies by less than either."""
    settings = Settings(suite="ai-benchmark", models=("vgg-16",), phase="inference", repeats=4)
    view = campaign(tmp_path / "a", settings, joules=lambda name: 1.0, scatter=0.0)
    with view.storage as storage:
        for row in flat(view):
            more = 100.0 * (row["repeat"] - 2.5)
            energy = row["energy_j"] + more
            append(storage, {**row, "attempt": 2, "energy_j": energy, "bias_j": 0.0})
            start = {"phase": "load", "images": None, "duration_s": 1.0, "energy_j": 500.0 - more, "bias_j": 0.0}
            append(storage, {**row, "attempt": 2, **start})
    (item,) = forecast.forecasts(read(tmp_path / "a"), images=1000)
    assert item.energy_j == pytest.approx(1500.0)
    assert item.energy_low_j == pytest.approx(1500.0) and item.energy_high_j == pytest.approx(1500.0)


def test_the_size_asked_for_is_run_where_it_can_be(
    workers: Workers, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    loads: list[Settings] = []

    def run(folder: Path, settings: Settings, within_s: float) -> bool:
        loads.append(settings)
        sizes = [list(settings.size)] if settings.size else settings.axes.to_dict()["size"]
        assert isinstance(sizes, list)
        view = campaign(folder, settings, joules=lambda name: 0.5)
        with view.storage as storage:
            for row in flat(view):
                side = dict(row.get("swept") or {}).get("size", sizes[0])[0]
                append(storage, {**row, "attempt": 2, "input": [3, side, side]})
        return len(loads) > fails

    monkeypatch.setattr(actions, "_run_within", run)
    command = ["bench", "forecast", "--images", "1000", "--models", "mobilenet-v2", "--size", "256", "--within", "60"]
    fails = 0
    assert main([*command, "--json"]) == 0
    assert {tuple(item["measured_size"]) for item in json.loads(capsys.readouterr().out)} == {(256, 256)}
    assert [settings.size for settings in loads] == [(256,)]
    loads.clear()
    monkeypatch.setattr(actions, "_tells", lambda folder: False)
    fails = 1
    assert main(command) == 0
    out = capsys.readouterr().out
    assert "a light run at 256 × 256 pixels gave nothing to rest on: took longer than 60 s (--within)" in out
    assert "MobileNet-V2 from 224 × 224" in out and "over 3 sizes" in out
    assert loads[1].axes.to_dict() == {"size": [[224], [179], [143]]}


def test_a_light_run_ends_at_its_time(workers: Workers, tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGALRM)
    settings = Settings(models=("small-cnn",), images=64, test_images=64)
    assert actions._run_within(tmp_path / "long", settings, 600.0)
    asked = workers.opened
    assert not actions._run_within(tmp_path / "short", Settings(repeats=1000, images=64, test_images=64), 0.2)
    assert asked < workers.opened < 2000
    assert signal.getsignal(signal.SIGALRM) is before and signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_a_light_run_of_made_up_inputs_takes_them_by_the_network_s_work() -> None:
    light = [actions.light_images("ai-benchmark", (model,)) for model in ("mobilenet-v2", "resnet-v2-50", "vgg-16")]
    assert light == sorted(light, reverse=True) and light[0] >= 20
    assert actions.light_images("modern", ("sd1-decoder",)) == actions.LIGHT_INPUTS
    at = [actions.light_images("ai-benchmark", ("mobilenet-v2",), side) for side in (112, 224, 448)]
    assert at[0] > at[1] > at[2] >= actions.LIGHT_INPUTS
    assert actions.light_images("ai-benchmark", ("vgg-16",), batch=8) == 32
