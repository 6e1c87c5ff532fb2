"""Budgets: amounts as people write them, loops that end before one is passed, forecasts."""

from __future__ import annotations

import math
import random
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impact_tracker import pacing
from impact_tracker.budget import read_amount, read_price
from impact_tracker.errors import ImpactWarning
from impact_tracker.pacing import EnergyCourse, limit_of
from impact_tracker.tracker import ImpactTracker
from impact_tracker.weighing import Weighing
from python import fake_core

Machine = fake_core.Machine


@pytest.fixture
def virtual(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Time passes for courses as it does for the machine."""
    monkeypatch.setattr(pacing, "_now_s", lambda: machine.now_ns * 1e-9)
    return machine


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ImpactWarning)
        yield


@pytest.mark.parametrize(
    ("text", "number", "unit"),
    [
        ("50 Wh", 180_000, "J"), ("50Wh", 180_000, "J"), ("1.5 kWh", 5.4e6, "J"), ("0,5 kWh", 1.8e6, "J"),
        ("180 kJ", 180_000, "J"), ("1e3 J", 1000, "J"), ("2 MJ", 2e6, "J"), ("200 gCO2e", 200, "g"),
        ("1 kg CO2e", 1000, "g"), ("3 kgCO2eq", 3000, "g"), ("1 tCO₂e", 1e6, "g"), ("2 EUR", 2, "EUR"),
        ("2 MgCO2e", 2e6, "g"), ("2 mgCO2e", 2e-3, "g"),
        ("2 €", 2, "EUR"), ("€2.50", 2.5, "EUR"), ("$ 3", 3, "USD"), ("4 CHF", 4, "CHF"),
    ],
)  # fmt: skip
def test_amounts_as_people_write_them(text: str, number: float, unit: str) -> None:
    amount = read_amount(text)
    assert (amount.number, amount.unit, amount.text) == (pytest.approx(number), unit, text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("50", "needs a unit"), ("", "with its unit"), ("Wh", "with its unit"), ("-5 Wh", "with its unit"),
        ("5 W", "'W'"), ("5 wh", "'wh'"), ("5 g", "'g'"), ("5 kWH", "'kWH'"), ("0 Wh", "above 0"),
        ("1,500 Wh", "two ways"), ("1.000,5 Wh", "two ways"), ("nan Wh", "with its unit"), ("1e999 Wh", "above 0"),
        ("1..5 Wh", "number"), ("2 MGCO2e", "mg or Mg"),
    ],
)  # fmt: skip
def test_amounts_that_are_none_say_why(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_amount(text)


def test_carbon_and_money_are_energy_by_the_runs_weighing() -> None:
    weighing = Weighing(intensity_g_per_kwh=100, pue=1.25)
    limit = limit_of(read_amount("200 gCO2e"), weighing)
    assert limit.energy_j.best == pytest.approx(200 / 125 * 3.6e6)
    assert "100 gCO2e/kWh" in limit.why and "1.25" in limit.why
    price = read_price("0.25 €/kWh")
    assert limit_of(read_amount("2 EUR"), weighing, price).energy_j.best == pytest.approx(2 / 0.25 / 1.25 * 3.6e6)
    unstated = limit_of(read_amount("200 gCO2e"), Weighing(zone="FR"))
    assert unstated.energy_j.low < unstated.energy_j.best < unstated.energy_j.high
    with pytest.raises(ValueError, match="needs a price"):
        limit_of(read_amount("2 EUR"), weighing)
    with pytest.raises(ValueError, match="in USD, but the price is in EUR"):
        limit_of(read_amount("$2"), weighing, price)
    for text in ("0.25", "EUR", "-1 EUR", "0 EUR"):
        with pytest.raises(ValueError, match="price above 0"):
            read_price(text)


@pytest.mark.parametrize("budget", ["50", "0 Wh", "2 EUR", "5 apples"])
def test_a_tracker_refuses_a_budget_at_once_and_says_where_it_came_from(
    tmp_path: Path, machine: Machine, budget: str
) -> None:
    with pytest.raises(ValueError, match="budget"):
        ImpactTracker(tmp_path, budget=budget)


def run_batches(machine: Machine, tmp_path: Path, limit_j: float, watts: list[float]) -> tuple[float, int]:
    """Energy at the end and number of batches of a second each."""
    with ImpactTracker(tmp_path, budget=f"{limit_j!r} J") as tracker:
        batches = 0
        for power_w in tracker.batches(watts):
            machine.power_w = power_w
            machine.advance(1)
            batches += 1
        return tracker.energy_j or math.nan, batches


def test_of_a_thousand_random_budgets_none_is_passed_by_more_than_a_batch(virtual: Machine, tmp_path: Path) -> None:
    draw = random.Random(20261130)
    stopped = 0
    for _ in range(1000):
        shape = draw.choice(["steady", "square", "rising", "noise"])
        level = draw.uniform(20, 400)
        course = {
            "steady": [level] * 60,
            "square": [level * (3 if i // 7 % 2 else 1) for i in range(60)],
            "rising": [level * (1 + i / 20) for i in range(60)],
            "noise": [draw.uniform(10, 800) for _ in range(60)],
        }[shape]
        limit_j = draw.uniform(0.01, 1.3) * sum(course)
        used_j, batches = run_batches(virtual, tmp_path, limit_j, course)
        assert used_j <= limit_j + max(course) + virtual.memory_w, shape
        if batches < len(course):
            stopped += 1
            # It did not end long before either: another batch of the mean would have passed it.
            mean_j = used_j / batches if batches else 0.0
            assert used_j + 1.001 * max(mean_j, 1e-9) + virtual.memory_w > limit_j or batches == 0
    assert 300 < stopped < 1000


def test_epochs_end_before_the_next_would_pass(virtual: Machine, tmp_path: Path) -> None:
    with ImpactTracker(tmp_path, budget="1100 J") as tracker:
        epochs = []
        for epoch in tracker.epochs(100):
            virtual.advance(2)  # 210 J
            epochs.append(epoch)
        assert epochs == [0, 1, 2, 3, 4]
        assert tracker.budget is not None and tracker.budget.stopped
        assert tracker.budget.left_j == pytest.approx(50)
        assert tracker.budget.left.best_j == pytest.approx(50)
        assert not tracker.budget.spent
        assert list(tracker.epochs(3)) == []


def test_a_batch_that_ends_the_budget_ends_the_epochs_too(virtual: Machine, tmp_path: Path) -> None:
    steps = 0
    with ImpactTracker(tmp_path, budget="300 J") as tracker:
        for _epoch in tracker.epochs(10):
            for _batch in tracker.batches([0] * 7):
                virtual.advance(0.5)
                steps += 1
    assert steps == 5  # of 52.5 J each
    assert tracker.energy_j == pytest.approx(262.5)


def test_without_a_budget_loops_are_as_they_were(machine: Machine, tmp_path: Path) -> None:
    with ImpactTracker(tmp_path) as tracker:
        assert list(tracker.epochs(3)) == [0, 1, 2]
        assert list(tracker.batches("abc")) == ["a", "b", "c"]
        assert tracker.budget is None


def test_a_forecast_after_a_tenth_of_steady_work_is_within_five_per_cent(virtual: Machine, tmp_path: Path) -> None:
    draw = random.Random(7)
    with ImpactTracker(tmp_path, budget="1 MWh", interval_s=0.1) as tracker:
        assert tracker.budget is not None
        assert tracker.budget.forecast is None
        for _epoch in tracker.epochs(10):
            for number, _batch in enumerate(tracker.batches(range(100))):
                virtual.power_w = draw.uniform(90, 110)
                virtual.advance(1)
                if (_epoch, number) == (1, 1):
                    forecast = tracker.budget.forecast
        assert forecast is not None and forecast.half_j is not None
        assert forecast.done == pytest.approx(0.101)
        assert forecast.energy_j == pytest.approx(tracker.energy_j, rel=0.05)
        assert abs(forecast.energy_j - (tracker.energy_j or 0)) < 2 * forecast.half_j
        assert tracker.budget.forecast is not None and tracker.budget.forecast.done == 1


def test_intervals_of_forecasts_hold_what_they_say() -> None:
    draw = random.Random(11)
    inside = 0
    for _ in range(600):
        steps = [max(0.1, draw.gauss(10, 2)) for _ in range(200)]
        course = EnergyCourse(0.1)
        for done in range(1, 21):
            course.add(done, sum(steps[:done]), float(done))
        coming = course.remaining_j(180)
        assert coming is not None and coming[1] is not None
        inside += abs(coming[0] - sum(steps[20:])) <= coming[1]
    assert 0.93 <= inside / 600 <= 0.985


@given(st.lists(st.floats(0.1, 100), min_size=2, max_size=2000))
def test_a_long_course_keeps_its_mean_and_stays_short(steps: list[float]) -> None:
    course = EnergyCourse(0.01)
    total = 0.0
    for number, joules in enumerate(steps, 1):
        total += joules
        course.add(number, total, float(number))
    assert course.rate_j() == pytest.approx((total - steps[0]) / (len(steps) - 1))
    assert len(course._points) <= 513


def test_a_checkpoint_is_saved_once_when_a_loop_ends(virtual: Machine, tmp_path: Path) -> None:
    saved: list[float | None] = []
    with ImpactTracker(tmp_path, budget="1000 J") as tracker:
        assert tracker.budget is not None
        tracker.budget.on_spent(lambda budget: saved.append(budget.used_j))
        for _ in tracker.batches(range(100)):
            virtual.advance(1)
        for _ in tracker.batches(range(100)):
            virtual.advance(1)
    assert saved == [pytest.approx(945)]


def test_a_warning_lets_the_run_go_on(virtual: Machine, tmp_path: Path) -> None:
    called: list[object] = []
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        with ImpactTracker(tmp_path, budget="1000 J", on_budget="warn") as tracker:
            assert tracker.budget is not None
            tracker.budget.on_spent(called.append)
            steps = 0
            for _ in tracker.batches(range(20)):
                virtual.advance(1)
                steps += 1
    assert steps == 20
    assert len(called) == 1
    texts = [str(warning.message) for warning in told]
    assert sum("the run goes on" in text for text in texts) == 1
    assert any("rests on a model" in text and "%" in text for text in texts)


def test_where_nothing_is_measured_the_loop_goes_on_and_says_so(virtual: Machine, tmp_path: Path) -> None:
    virtual.measured = False
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        with ImpactTracker(tmp_path, budget="10 J") as tracker:
            steps = len(list(tracker.batches(range(5))))
            assert tracker.budget is not None and tracker.budget.left_j is None and not tracker.budget.spent
            assert tracker.budget.left.is_missing
    assert steps == 5
    assert any("cannot be kept: no energy is measured" in str(warning.message) for warning in told)


def test_a_budget_of_the_project_counts_its_runs_once(virtual: Machine, tmp_path: Path) -> None:
    def run(batches: int, **options: str) -> tuple[int, ImpactTracker]:
        done = 0
        with ImpactTracker(tmp_path / "runs", project="asr", ledger=str(tmp_path / "ledger"), **options) as tracker:
            for _ in tracker.batches(range(batches)):
                virtual.advance(1)
                done += 1
        return done, tracker

    run(3)
    shared = {"budget": "1 kJ", "budget_of": "project"}
    done, tracker = run(4, **shared)
    assert (done, tracker.budget is not None and tracker.budget.used_before_j) == (4, pytest.approx(315))
    done, tracker = run(10, **shared)
    assert done == 2
    assert tracker.budget is not None and tracker.budget.used_j == pytest.approx(945)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        run(2)
        done, tracker = run(10, **shared)
    assert done == 0
    assert tracker.budget is not None and tracker.budget.spent
    assert any("was spent before this run" in str(warning.message) for warning in told)
    # Another project's runs are not in it, a run within a run is, once.
    with ImpactTracker(tmp_path / "runs", project="other", ledger=str(tmp_path / "ledger"), **shared) as tracker:
        assert tracker.budget is not None and tracker.budget.used_before_j == 0
        with ImpactTracker(tmp_path / "runs", project="other", ledger=str(tmp_path / "ledger")):
            virtual.advance(2)
    with ImpactTracker(tmp_path / "runs", project="other", ledger=str(tmp_path / "ledger"), **shared) as tracker:
        assert tracker.budget is not None and tracker.budget.used_before_j == pytest.approx(210)
    with pytest.raises(ValueError, match="project's name"):
        ImpactTracker(tmp_path, **shared)
