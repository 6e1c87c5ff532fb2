"""Machines with a thermal time constant: rows that count are near the steady state, and say how near they are."""

from __future__ import annotations

import math
import random
from typing import NamedTuple

import pytest

from impact_tracker.bench.judge.warming import Remaining, Stretch, inflation_of, remaining
from impact_tracker.bench.row.row import Measured, Source
from impact_tracker.bench.run import settling
from impact_tracker.bench.run.settling import settle, slope_per_minute
from python.bench.flat import judged

PHASE_S, BIN_S = 60.0, 2.0


class Simulated:
    """A worker and a tracker on one virtual clock: power P (1 + r (1 - exp(-t / T))) with noise a chunk."""

    def __init__(self, chance: random.Random) -> None:
        self.chance, self.now = chance, 0.0
        self.read: list[tuple[float, float]] = []
        self.time_constant_s, self.rise = chance.uniform(60.0, 300.0), chance.uniform(0.1, 0.3)
        self.noise = math.exp(chance.uniform(math.log(0.001), math.log(0.03)))

    @property
    def steady_w(self) -> float:
        return 100.0 * (1 + self.rise)

    def power_w(self, time_s: float) -> float:
        return 100.0 * (1 + self.rise * (1 - math.exp(-time_s / self.time_constant_s)))

    def read_w(self, time_s: float) -> float:
        return self.power_w(time_s) * self.chance.gauss(1.0, self.noise)

    def warm_up(self, *, passes: int) -> float:
        self.now += 0.1 * passes
        return 0.1 * passes

    def region(self, name: str) -> Region:
        return Region(self)


class Region:
    """One chunk. What it read is kept by its machine too, as a record keeps it."""

    def __init__(self, machine: Simulated) -> None:
        self._machine = machine
        self.result = Measured()

    def __enter__(self) -> None:
        self._begin = self._machine.now

    def __exit__(self, *error: object) -> None:
        machine, took_s = self._machine, self._machine.now - self._begin
        middle = self._begin + took_s / 2
        power_w = machine.read_w(middle)
        machine.read.append((middle, power_w))
        self.result = Measured(region_s=took_s, sources=(Source("cpu", "cpu:0", energy_j=power_w * took_s),))


class Drawn(NamedTuple):
    off: float  # of the phase's own mean power from the steady one
    left: Remaining
    estimated: float  # what the interval is of: steady power over what was read, less 1
    valid: bool
    warm_s: float


def drawn(chance: random.Random) -> Drawn:
    machine = Simulated(chance)
    settled = settle(machine, machine, "a", {}, phase_s=PHASE_S)  # type: ignore[arg-type]
    times = [machine.now + BIN_S * (place + 0.5) for place in range(int(PHASE_S / BIN_S))]
    warm, phase = Stretch(*zip(*machine.read)), Stretch(times, [machine.read_w(time) for time in times])
    left = remaining([warm, phase])
    assert left is not None
    says = {"settled": settled.steady, "slope": settled.slope, "energy_j": 6000.0, "device": "cpu", "precision": "fp32"}
    says.update(zip(("steady_off", "steady_off_low", "steady_off_high"), left))
    true_w = sum(machine.power_w(time) for time in times) / len(times)
    mean_w = sum(phase.levels) / len(times)
    valid = not judged(says)["invalid"]
    return Drawn(machine.steady_w / true_w - 1, left, machine.steady_w / mean_w - 1, valid, machine.now)


def check(draws: list[Drawn], low: float, high: float) -> None:
    rows = [draw for draw in draws if draw.valid]
    assert len(rows) > 0.9 * len(draws)
    assert max(abs(draw.off) for draw in rows) < 0.025
    assert abs(sum(draw.off for draw in rows) / len(rows)) < 0.02
    held = sum(draw.left.low <= draw.estimated <= draw.left.high for draw in rows) / len(rows)
    assert low <= held <= high


@pytest.fixture(autouse=True)
def results_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling, "measured_by", lambda result: result)


def test_valid_rows_of_simulated_machines_are_near_the_steady_state() -> None:
    chance = random.Random(17)
    check([drawn(chance) for _ in range(80)], 0.88, 0.99)


@pytest.mark.long
def test_valid_rows_of_a_thousand_simulated_machines_and_what_their_intervals_hold() -> None:
    chance = random.Random(5)
    check([drawn(chance) for _ in range(1000)], 0.93, 0.97)


def test_a_machine_that_is_warm_already_is_seen_to_be() -> None:
    chance = random.Random(3)
    times = [2.0 * place + 1 for place in range(150)]
    left = remaining([Stretch(times, [chance.gauss(80.0, 0.4) for _ in times])], (300.0, 360.0))
    assert left is not None
    assert left.most < 0.015
    assert left.low < 0 < left.high


def test_a_course_without_noise_is_told_exactly() -> None:
    times = [2.0 * place + 1 for place in range(60)]
    for time_constant_s in (60.0, 140.0, 300.0):
        levels = [130.0 - 30.0 * math.exp(-time / time_constant_s) for time in times]
        left = remaining([Stretch(times, levels)])
        assert left is not None
        assert left.best == pytest.approx(130.0 / (sum(levels) / len(levels)) - 1, abs=2e-3)


def test_too_little_says_nothing() -> None:
    assert remaining([Stretch([], [])]) is None
    assert remaining([Stretch([1.0, 2.0], [5.0, 6.0])]) is None
    assert remaining([Stretch([float(place) for place in range(20)], [0.0] * 20)]) is None
    assert slope_per_minute(Stretch([1.0], [5.0])) == math.inf


def test_readings_that_follow_each_other_widen_the_noise() -> None:
    chance = random.Random(2)
    alone = [chance.gauss(0, 1) for _ in range(200)]
    alike = [0.0]
    for _ in range(199):
        alike.append(0.7 * alike[-1] + chance.gauss(0, 1))
    assert inflation_of(alone) == 1.0
    assert inflation_of(alike) == pytest.approx(1.7 / 0.3, rel=0.4)


def test_the_slope_is_of_the_last_minute() -> None:
    times = [2.0 * place for place in range(100)]
    levels = [50.0 if time < 138.0 else 50.0 + (time - 138.0) / 60.0 for time in times]
    assert slope_per_minute(Stretch(times, levels)) == pytest.approx(1.0 / 50.5, rel=0.02)
