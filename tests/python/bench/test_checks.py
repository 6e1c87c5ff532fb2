"""Rows that must not count are told from those that may; sizes follow from the slowest sensor."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from impact_tracker.bench import Campaign, Settings
from impact_tracker.bench.judge.baseline import AFTER, BEFORE, Level, baselines, levels_at
from impact_tracker.bench.judge.checks import Rules, judge, to_judge
from impact_tracker.bench.plan.suites import listing
from impact_tracker.bench.plan.suites import tests_of as suite_tests
from impact_tracker.bench.row.codec import encode
from impact_tracker.bench.row.log import current, read_lines
from impact_tracker.bench.row.make import used_gpu, with_loaded
from impact_tracker.bench.row.row import Row
from impact_tracker.bench.row.storage import Storage
from impact_tracker.bench.run.meter import Meter
from impact_tracker.bench.show.view import read
from impact_tracker.runner import Gpu, Loaded, cpu_seconds
from python import fake_core
from python.bench import flat as lines
from python.bench.flat import flat, row_of
from python.bench.stand_ins import Workers, idle
from python.golden import FOLDER


def good() -> dict[str, Any]:
    return {
        "status": "ok",
        "phase": "training",
        "device": "cpu",
        "precision": "fp32",
        "threads": 2,
        "layout": "channels_last",
        "finite": True,
        "energy_j": 6000.0,
        "power_w": 100.0,
        "region_s": 60.02,
        "duration_s": 60.0,
        "coverage": 1.0,
        "pass_ns": [50_000_000] + [10_000_000 + i % 3 * 1000 for i in range(100)],
        "sources": [{"id": "rapl/package-0", "device": "cpu:0", "energy_j": 6000.0}],
    }


def before(idle_w: dict[str, float]) -> dict[str, Level]:
    """The idle machine as it was before, which is all that is known of it while a session runs."""
    return {kind: Level(power_w) for kind, power_w in idle_w.items()}


def judged(settings: Settings | None = None, *, strict: bool = True, **changes: Any) -> dict[str, Any]:
    idle = before({"": 40.0, "cpu": 40.0})
    return lines.judged({**good(), **changes}, settings, idle, strict=strict, period_s=1.0)


def test_a_good_row_passes_every_check() -> None:
    row = judged()
    assert row["invalid"] == row["warnings"] == []
    names = [check["name"] for check in row["checks"]]
    assert names == [
        "device",
        "precision",
        "finite",
        "energy",
        "above idle",
        "samples",
        "coverage",
        "window",
        "drift",
        "scatter",
    ]
    assert row["samples"] == 60
    assert "pass_ns" not in row


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"device": "cuda:0"}, "ran on cuda:0, cpu was asked for"),
        ({"precision": "bf16"}, "ran in bf16, fp32 was asked for"),
        ({"energy_j": 2401.0, "sources": []}, "not above that of the idle machine"),
        ({"region_s": 59.0}, "59 readings of the slowest sensor"),
        ({"coverage": 0.8}, "cover 80%"),
        ({"pass_ns": [10_000_000 + i * 100_000 for i in range(101)]}, "drifted"),
        ({"pass_ns": [10_000_000 + (i % 2) * 10_000_000 for i in range(101)]}, "scatter"),
        ({"settled": False, "slope": 0.034}, "the power still changed by +3.4% a minute"),
        ({"cpu_utilisation": 2.0, "worker_cpus": 0.7}, "2.0 processors were busy, the worker kept 0.7"),
        ({"cpu_utilisation": 0.1}, "0.1 processors were busy: the work was not done here"),
        ({"power_drift": -0.08}, "power changed by -8% from the first third"),
        ({"counter_and_gauge": [{"device": "gpu:0", "counter_j": 187.0, "gauge_j": 327.0}]}, "0.57 times"),
    ],
)
def test_each_fault_makes_a_row_invalid(changes: dict[str, Any], words: str) -> None:
    row = judged(**changes)
    assert len(row["invalid"]) == 1
    assert words in row["invalid"][0]


def test_a_sum_without_a_sensor_that_was_in_the_others_does_not_count() -> None:
    """The driver that stops to answer takes a card's joules with it: the rest would look like a cheap run."""
    assert judged(silent=[])["invalid"] == []
    (reason,) = judged(silent=["nvml/0/energy"])["invalid"]
    assert reason == "no reading of nvml/0/energy, which had spoken before: it is not in the sum"

    class Tracker:
        path = "none"

        def flush(self) -> None:
            pass

    meter = Meter(Tracker())

    def row(package: float | None, card: float | None) -> Row:
        return row_of({"sources": [{"id": "rapl", "energy_j": package}, {"id": "nvml", "energy_j": card}]})

    assert meter.silent(row(5.0, None)) == ()  # it never spoke: the sum says that it is partial
    assert meter.silent(row(5.0, 7.0)) == ()
    assert meter.silent(row(5.0, None)) == ("nvml",)
    assert meter.silent(row(None, None)) == ("nvml", "rapl")
    assert meter.silent(row_of({})) == ()


def test_counter_and_gauge_need_not_agree_in_a_second() -> None:
    """A gauge that is a mean over a second holds what was before a short phase."""
    pair = [{"device": "gpu:0", "counter_j": 187.0, "gauge_j": 327.0}]
    row = judged(strict=False, region_s=1.01, duration_s=1.0, counter_and_gauge=pair)
    assert row["invalid"] == []
    assert any("0.57 times" in text for text in row["warnings"])


def test_a_gpu_that_was_not_used_is_found_out() -> None:
    """Both cards idle, all work on the processor: what the published logs that were read show."""
    settings = Settings(device="cuda")
    gpu = {"device": "cuda:0", "sources": [{"id": "nvml/0", "device": "gpu:0", "energy_j": 600.0}]}
    row = {**good(), **gpu, "gpu_utilisation": 0.0, "device_memory_bytes": 0}
    row = lines.judged(row, settings, before({"": 140.0, "gpu": 10.0}), strict=False)
    assert any("held no memory" in text for text in row["invalid"])
    assert any("GPUs' power, 10.0 W, is not above" in text for text in row["invalid"])
    row = {**good(), **gpu, "gpu_utilisation": 0.0, "device_memory_bytes": 5}
    row = lines.judged(row, settings, strict=False)
    assert row["invalid"] == ["cuda:0 was 0% busy: it was not used"]


def test_another_gpu_s_work_is_not_ours() -> None:
    """The worker names its GPU; the one beside it is busy for somebody else."""
    own, other = "gpu:GPU-8a9aaaba-cada-eafa-0a1a-2a3a4a5a6a7a", "gpu:GPU-07172737-4757-6777-8797-a7b7c7d7e7f7"
    sources = [
        {"id": "nvml/a", "device": own, "energy_j": 60.0 * 60.02},
        {"id": "nvml/b", "device": other, "energy_j": 600.0 * 60.02},
    ]
    fields = {**good(), "device": "cuda:0", "gpu_use": {own: 0.0, other: 0.97}, "sources": sources}
    loaded = Loaded("small-cnn", 1, gpus=(Gpu("cuda:0", uuid=own.partition(":")[2]),))
    row = with_loaded(row_of(fields), loaded)
    assert (row.measured.gpu_utilisation, row.setup.gpu_devices) == (0.0, (own,))
    idle_w = {"": 140.0, "gpu": 130.0, own: 65.0, other: 65.0}
    line = encode(row.with_names("gpu_utilisation"))
    judged_row = lines.judged(line, Settings(device="cuda"), before(idle_w), strict=False)
    assert judged_row["invalid"] == [
        "cuda:0 was 0% busy: it was not used",
        "the GPUs' power, 60.0 W, is not above that of the idle machine, 65.0 W: was it idle before?",
    ]
    assert used_gpu({own: 0.9, other: 0.0}, [own]) == 0.9
    assert used_gpu({own: 0.9, other: 0.0}, ["gpu:GPU-that-no-sensor-sees"]) is None
    assert used_gpu({"gpu:0": 0.2, "gpu:1": 0.9}, [own]) == 0.9  # sensors that do not name them: the busiest


def test_quick_mode_only_warns_of_short_phases() -> None:
    row = judged(strict=False, region_s=5.01, duration_s=5.0)
    assert row["invalid"] == []
    assert len(row["warnings"]) == 1


def test_a_row_says_what_is_above_the_idle_machine() -> None:
    assert judged()["above_idle_j"] == pytest.approx(6000.0 - 40.0 * 60.02)


def test_warming_is_warned_of() -> None:
    row = judged(temperature_begin_c=41.0, temperature_end_c=63.0)
    assert row["invalid"] == []
    assert row["warnings"] == ["it warmed from 41 to 63 degrees Celsius: it was not warm when it began"]
    assert judged(temperature_begin_c=60.0, temperature_end_c=63.0)["warnings"] == []


def test_the_worker_s_own_load_is_no_other_program_s() -> None:
    assert judged(cpu_utilisation=2.0, worker_cpus=1.97)["invalid"] == []
    assert judged(cpu_utilisation=64.0, worker_cpus=60.0)["invalid"] == []
    assert judged(strict=False, cpu_utilisation=2.0, worker_cpus=0.5)["invalid"] != []  # whatever the mode


def test_a_large_machine_s_daemons_are_no_other_program() -> None:
    busy = {"cpu_utilisation": 3.0, "worker_cpus": 1.0}
    assert judged(**busy)["invalid"] != []
    assert judged(**busy, cpus=128)["invalid"] == []
    assert judged(cpu_utilisation=5.0, worker_cpus=1.0, cpus=128)["invalid"] != []


def test_idle_cards_do_not_hide_what_the_processors_draw() -> None:
    """Eight cards at 70 W: a test on the processors is 1 % above the idle node, and 50 % above the idle processors."""
    sources = [{"id": "rapl", "device": "cpu:0", "energy_j": 60.0 * 60.02}]
    sources += [{"id": f"nvml/{i}", "device": f"gpu:{i}", "energy_j": 70.0 * 60.02} for i in range(8)]
    row = {**good(), "sources": sources, "energy_j": 620.0 * 60.02}
    assert lines.judged(row, idle=before({"": 612.0, "cpu": 40.0, "gpu": 560.0}))["invalid"] == []
    invalid = lines.judged(row, idle=before({"": 612.0, "cpu": 59.5, "gpu": 560.0}))["invalid"]
    assert invalid == [
        "the processors' power, 60.0 W, is not above that of the idle machine, 59.5 W: was it idle before?"
    ]


def test_cpu_time_of_a_process(tmp_path: Path) -> None:
    place = tmp_path / "proc" / "7"
    place.mkdir(parents=True)
    (place / "stat").write_text("7 (a) b c) S 1 7 7 0 -1 4194304 99 0 0 0 250 50 0 0 20 0 3 0 12 1000 1\n")
    assert cpu_seconds(7, str(tmp_path)) == pytest.approx(300 / os.sysconf("SC_CLK_TCK"))
    assert cpu_seconds(8, str(tmp_path)) is None
    assert cpu_seconds(None) is None
    assert (cpu_seconds(os.getpid()) or 0.0) > 0.0


def test_the_load_of_a_short_phase_is_not_known() -> None:
    row = judged(strict=False, region_s=2.0, duration_s=2.0, cpu_utilisation=0.0)
    assert row["invalid"] == []


def test_settings_that_were_asked_are_checked() -> None:
    for threads, beside, each in ((4, 2, 2), (1, 2, 1), (5, 2, 2), (8, 3, 2)):  # replicas share them alike
        settings = Settings(threads=threads, replicas=beside)
        row = judged(settings, threads=each * beside, devices=["cpu"] * beside)
        assert row["invalid"] == []
    row = judged(Settings(threads=4, layout="nchw"))
    assert row["invalid"] == [
        "ran in channels_last, nchw was asked for",
        "ran on 2 threads, 4 were asked for",
    ]


def test_a_diverged_training_is_warned_of_not_hidden() -> None:
    row = judged(finite=False)
    assert row["invalid"] == []
    assert "not a number" in row["warnings"][0]


def test_rows_that_failed_or_stand_aside_are_not_judged() -> None:
    for changes in ({"status": "failed"}, {"phase": "load"}):
        assert "checks" not in judged(**changes)


def test_the_42_sub_tests() -> None:
    tests = [test for test in listing() if test["suite"] == "ai-benchmark"]
    assert len(tests) == 42
    assert sum(test["phases"] == ["inference"] for test in tests) == 24
    assert len({test["model"] for test in tests}) == 19
    gmac = {test["test"]: test["gmac"] * test["batch"] for test in tests}
    assert sum(value for test, value in gmac.items() if "inference" in test) / 1000 == pytest.approx(8.6, abs=0.05)
    assert gmac["u-net/inference-a"] == pytest.approx(770.8, rel=1e-3)
    assert gmac["pspnet/inference"] == pytest.approx(1817, rel=1e-3)
    assert gmac["inception-resnet-v2/training"] == pytest.approx(133.8, rel=1e-3)


def test_the_modes_of_a_sub_test() -> None:
    def steps(**settings: Any) -> Any:
        return suite_tests(Settings(suite="ai-benchmark", models=("srcnn",), **settings))

    assert [test.name for test in steps()] == ["srcnn/inference-a", "srcnn/inference-b", "srcnn/training"]
    (paper,) = steps(mode="paper", phase="training")
    assert paper.load == {"batch": 40, "size": [512, 512], "batch_norm": "frozen"}
    (step,) = paper.steps
    assert step.options == {
        "passes": 22,
        "seconds": 30.0,
        "min_passes": 5,
        "hard_seconds": 100.0,
        "lr": 1e-4,
        "optimizer": "adam",
        "loss": "sum_of_squares",
    }
    (work,) = steps(mode="work", phase="training")
    assert work.load["batch"] == 10
    assert [(step.command, step.sized) for step in work.steps] == [("settle", False), ("train", True)]
    (fixed,) = steps(mode="work", phase="training", images=500)
    assert (fixed.steps[1].options["images"], fixed.steps[1].sized) == (500, False)
    (quick,) = steps(phase="training")
    assert quick.load["batch"] == 1
    assert quick.steps[1].options["seconds"] == 1.0
    (few,) = steps(phase="training", images=12)
    assert few.steps[1].options["images"] == 12
    assert "seconds" not in few.steps[1].options
    with pytest.raises(ValueError, match="gnmt: no test of phase training"):
        suite_tests(Settings(suite="ai-benchmark", models=("gnmt",), phase="training"))
    with pytest.raises(ValueError, match="--suite ai-benchmark"):
        suite_tests(Settings(mode="paper"))


def test_settings_that_a_suite_has_no_use_for_are_refused() -> None:
    with pytest.raises(ValueError, match=r"mode paper runs 22 passes at most.*--images"):
        suite_tests(Settings(suite="ai-benchmark", mode="paper", images=100))
    for suite in ("ai-benchmark", "modern"):
        for given, option in (
            ({"epochs": 2}, "--epochs"),
            ({"test_images": 5}, "--test-images"),
            ({"data_folder": "x"}, "--data"),
        ):
            with pytest.raises(ValueError, match=f"{option} belongs to suites on real data: {suite}"):
                suite_tests(Settings(suite=suite, **given))  # type: ignore[arg-type]


def test_delays_span_the_slowest_sensor_s_window(machine: fake_core.Machine, tmp_path: Path) -> None:
    from impact_tracker import ImpactTracker
    from impact_tracker.bench.plan.task import plan
    from impact_tracker.bench.run.equipment import Equipment, Plan
    from impact_tracker.bench.run.execution import Execution
    from impact_tracker.bench.run.progress import Progress

    settings = Settings(models=("small-cnn",), repeats=20, phase="inference", images=10)
    for period_s, longest in ((0.1, 1.0), (10.0, 10.0)):
        slept: list[float] = []
        with ImpactTracker(tmp_path) as tracker:
            equipment = Equipment(Workers(), tracker, slept.append)  # type: ignore[arg-type]
            asked = Plan(settings, delay_s=1.0, period_s=lambda value=period_s: value)  # type: ignore[misc]
            execution = Execution(equipment, asked, Progress(1, quiet=True))
            for task in plan(settings, suite_tests(settings)):
                assert execution.run(task) is None
        assert 0.8 * longest < max(slept) <= longest
        assert min(slept) < 0.3 * longest


def test_work_mode_fixes_the_work_once_for_all_runs(machine: fake_core.Machine, tmp_path: Path) -> None:
    workers = Workers()
    settings = Settings(suite="ai-benchmark", mode="work", models=("mobilenet-v2",), phase="inference", repeats=2)
    Campaign.create(tmp_path / "a", settings, open_worker=workers, sleep=idle).run(quiet=True)
    # A minute and a margin, passes of 50 images in 0.25 s
    assert Storage(tmp_path / "a").claim("mobilenet-v2/inference.inference", 7) == 50 * 276
    rows = [row for row in flat(read(tmp_path / "a")) if row["phase"] == "inference"]
    assert [row["images"] for row in rows] == [13_800, 13_800]
    warm = next(row for row in flat(read(tmp_path / "a")) if row["phase"] == "warm-up")
    assert warm["settled"] is True
    more = Campaign.resume(tmp_path / "a", repeats=3, open_worker=workers, sleep=idle)
    more.run(quiet=True)
    assert {row["images"] for row in flat(read(tmp_path / "a")) if row["phase"] == "inference"} == {13_800}


def test_a_batch_that_cannot_fit_is_refused_before_anything_runs(machine: fake_core.Machine, tmp_path: Path) -> None:
    workers = Workers()
    settings = Settings(models=("mobilenet-v2",), batch=100_000_000)
    with pytest.raises(ValueError, match=r"needs about .* GB, this machine has .* GB"):
        Campaign.create(tmp_path / "a", settings, open_worker=workers, sleep=idle)
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("mode", ["quick", "work"])
def test_a_verdict_follows_from_the_file_alone(mode: str) -> None:
    """What was judged while the campaign ran is judged alike from its lines, and judging changes no row."""
    rows = current(read_lines((FOLDER / f"bench/settled-{mode}/rows.jsonl").read_bytes()).lines)
    both = baselines(rows)[1]
    judged_rows = [row for row in rows if to_judge(row)]
    assert len(judged_rows) == 6
    for row in judged_rows:
        before = encode(row)
        verdict = judge(row, levels_at(row, both[BEFORE], both[AFTER]), Rules(Settings(mode=mode), mode == "work"))
        assert verdict == row.verdict
        assert encode(row) == before
