"""A phase is as long as its mode says, its passes are alike, and its row says how near the steady state it was."""

from __future__ import annotations

import pytest

from impact_tracker.bench import Settings
from impact_tracker.bench.judge.samples import SensorPeriod
from impact_tracker.bench.plan.suites import tests_of as suite_tests
from impact_tracker.bench.plan.task import plan
from impact_tracker.bench.row.make import begun
from impact_tracker.bench.run.meter import Meter
from python.bench import flat as lines
from python.bench.flat import row_of
from python.bench.test_checks import before, good, judged


@pytest.mark.parametrize(("mode", "least_s"), [("work", 60.0), ("submission", 600.0)])
@pytest.mark.parametrize("phase", ["training", "inference"])
@pytest.mark.parametrize("period_s", [None, 0.001, 1.0])
def test_a_phase_is_as_long_as_its_mode_says_whatever_its_sensors(
    mode: str, least_s: float, phase: str, period_s: float | None
) -> None:
    for took_s, counts in ((6.8, False), (least_s - 1, False), (least_s + 0.1, True)):
        fields = {**good(), "phase": phase, "region_s": took_s, "duration_s": took_s}
        row = lines.judged(fields, Settings(mode=mode), before({}), strict=True, period_s=period_s)
        assert any(f"takes {least_s:g} s at least" in reason for reason in row["invalid"]) is not counts


def test_how_long_a_training_to_a_target_takes_is_not_chosen() -> None:
    fields = {**good(), "region_s": 6.8, "duration_s": 6.8, "target_metric": "accuracy", "target": 0.8}
    row = lines.judged(fields, Settings(mode="work"), before({}), strict=True)
    assert row["invalid"] == []
    assert any("60 s at least" in text for text in row["warnings"])


def test_three_passes_say_how_they_vary_and_drift() -> None:
    assert "drift" not in judged(pass_ns=[10_000_000, 20_000_000])
    for times in ([10, 10, 10], [25, 10, 10, 10]):  # the first of more is left out
        row = judged(pass_ns=[time * 1_000_000 for time in times])
        assert (row["drift"], row["pass_cv"]) == pytest.approx((0.0, 0.0))
    (reason,) = judged(pass_ns=[10_000_000, 11_000_000, 12_000_000])["invalid"]
    assert "drifted by 18%" in reason


@pytest.mark.parametrize(
    ("off", "invalid", "warned"),
    [
        ((0.004, -0.001, 0.009), False, False),
        ((0.012, 0.0, 0.024), False, True),  # the row says that it may be 2.4 % off
        ((0.03, -0.04, 0.10), False, True),  # noise that hides all
        ((0.03, 0.02, 0.04), True, False),
        ((-0.03, -0.04, -0.02), True, False),
    ],
)
def test_a_row_says_how_far_from_the_steady_state_it_may_be(
    off: tuple[float, float, float], invalid: bool, warned: bool
) -> None:
    row = judged(settled=False, slope=0.01, **dict(zip(("steady_off", "steady_off_low", "steady_off_high"), off)))
    assert any("steady machine" in text for text in row["invalid"]) is invalid
    assert any("steady machine" in text for text in row["warnings"]) is warned


def test_a_model_s_period_is_no_reading() -> None:
    class Tracker:
        path = "none"

        def flush(self) -> None:
            raise OSError

    meter = Meter(Tracker(), 60.0)
    meter._sensors = [SensorPeriod("model", 0.01, is_counter=True)]
    for quality, period_s in (("modelled", None), ("estimated", None), ("measured", 0.01)):
        source = {"id": "model", "energy_j": 5.0, "quality": quality}
        assert meter.period_s(row_of({"sources": [source]})) == period_s
        assert meter.phase_s() == 60.0


def test_a_row_of_any_mode_in_which_others_took_a_quarter_does_not_count() -> None:
    for strict in (False, True):
        row = judged(strict=strict, cpu_utilisation=2.0, worker_cpus=1.4)
        assert any("other programs ran beside it" in reason for reason in row["invalid"])
    # Less is said in mode quick, and is invalid in mode work.
    quick = judged(strict=False, cpu_utilisation=8.0, worker_cpus=7.1)
    assert quick["invalid"] == []
    assert any("other programs" in text for text in quick["warnings"])
    assert any("other programs" in text for text in judged(cpu_utilisation=8.0, worker_cpus=7.1)["invalid"])
    # A quarter of next to nothing is the system's own.
    assert judged(strict=False, cpu_utilisation=0.5, worker_cpus=0.35)["invalid"] == []


def test_more_threads_than_processors_are_warned_of() -> None:
    row = judged(Settings(threads=64), threads=64, cpus=2)
    assert row["invalid"] == []
    assert "64 threads on 2 processors: they waited for each other" in row["warnings"]
    assert judged(Settings(threads=2), threads=2, cpus=2)["warnings"] == []


def test_it_is_said_before_anything_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    from impact_tracker.bench.run import preflight
    from impact_tracker.runner.processors import Threads

    monkeypatch.setattr(preflight, "default_threads", lambda: Threads(2, "machine"))
    assert preflight.crowding(Settings(threads=2)) is preflight.crowding(Settings()) is None
    text = preflight.crowding(Settings(threads=64))
    assert text is not None
    assert text.startswith("--threads 64 on 2 processors")
    assert text.endswith("--threads 2 has one for each")


def test_a_slow_test_is_one_pass_without_a_warm_up_in_mode_quick_and_its_row_says_so() -> None:
    tests = {test.name: test for test in suite_tests(Settings(suite="ai-benchmark"))}
    slow, fast = tests["u-net/inference-b"], tests["mobilenet-v2/training"]
    assert [(step.phase, dict(step.options)) for step in slow.steps] == [("inference", {"passes": 1})]
    assert [step.phase for step in fast.steps] == ["warm-up", "training"]
    assert [step.phase for step in tests["vgg-19-sr/training"].steps] == ["training"]  # backwards too
    for settings in (Settings(suite="ai-benchmark", mode="work"), Settings(suite="ai-benchmark", images=4)):
        asked = {test.name: test for test in suite_tests(settings)}
        assert asked["u-net/inference-b"].steps[0].phase == "warm-up"
    fields = {**good(), "phase": "inference", "data": "synthetic", "cold": True, "passes": 1, "pass_ns": []}
    row = lines.judged(fields, Settings(suite="ai-benchmark"), before({}), strict=False)
    assert "one pass without a warm-up" in row["warnings"][0]
    assert row["invalid"] == []
    task = plan(Settings(suite="ai-benchmark"), [slow])[0]
    assert begun(task, "inference", 1, 1, "here").facts.cold is True
    assert begun(plan(Settings(suite="ai-benchmark"), [fast])[0], "training", 1, 1, "here").facts.cold is False


def test_tests_of_many_small_steps_are_slow_too() -> None:
    """Multiply-adds alone do not tell how long a step after another takes: the reference times do."""
    tests = {test.name: test for test in suite_tests(Settings(suite="ai-benchmark"))}
    for name in ("pixel-rnn/training", "lstm-sentiment/training", "gnmt/inference", "vgg-16/training"):
        assert [step.options["passes"] for step in tests[name].steps] == [1]
