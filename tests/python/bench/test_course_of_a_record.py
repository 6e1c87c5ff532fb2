"""How near the steady state a phase was, from a record whose power follows a known course."""

from __future__ import annotations

import math
from typing import Any

import pytest

from impact_tracker.bench.row.row import Row
from impact_tracker.bench.run.thermal import thermal, warming
from python.bench.flat import row_of

START = 5_000_000_000
TIME_CONSTANT_S, RISE, STEADY_W = 100.0, 0.2, 120.0
WARM, PHASE = (20.0, 220.0), (222.0, 290.0)


def power_w(time: float) -> float:
    """Idle before the load began; then towards the steady state."""
    return 40.0 if time < WARM[0] else STEADY_W - RISE * 100.0 * math.exp(-(time - WARM[0]) / TIME_CONSTANT_S)


class Recorded:
    kelvins_per_min = 0.0

    def __init__(self, path: Any) -> None:
        self.header = {"start_ns": START, "channels": [{"id": "warm", "quantity": "temperature"}]}

    def series(self, name: str) -> tuple[list[float], list[float]]:
        times = [0.5 * place for place in range(620)]
        share = {"cpu": 0.8, "memory": 0.2, "model": 1.0}
        if name == "warm":
            return times, [40.0 + self.kelvins_per_min * time / 60.0 for time in times]
        return times, [share[name] * power_w(time) for time in times]


@pytest.fixture(autouse=True)
def recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("impact_tracker.record.Record", Recorded)


def row(window: tuple[float, float], **qualities: str) -> Row:
    sources = [{"id": name, "energy_j": 1000.0, "quality": quality} for name, quality in qualities.items()]
    begin, end = (START + int(time * 1e9) for time in window)
    return row_of({"start_ns": begin, "stop_ns": end, "sources": sources})


def test_the_steady_power_is_told_from_warming_up_and_phase_together() -> None:
    known = {"cpu": "measured", "memory": "measured"}
    steady = thermal("a.jsonl", row(PHASE, **known), row(WARM, **known))
    mean_w = sum(power_w(PHASE[0] + 0.1 * place) for place in range(680)) / 680
    assert steady.steady_off == pytest.approx(STEADY_W / mean_w - 1, abs=1e-3)
    assert steady.steady_off_low is not None
    assert steady.steady_off_high is not None
    assert steady.steady_off_low <= steady.steady_off <= steady.steady_off_high


def test_a_model_says_nothing_of_heat_and_neither_does_a_phase_alone() -> None:
    assert thermal("a.jsonl", row(PHASE, model="modelled"), row(WARM, model="modelled")).steady_off is None
    assert thermal("a.jsonl", row(PHASE, cpu="measured")).steady_off is None


def test_thermometers_tell_warming_beyond_their_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    slope = warming("a.jsonl")
    assert slope is not None
    assert slope < 0.0  # zero, less what a thermometer of whole degrees leaves open
    monkeypatch.setattr(Recorded, "kelvins_per_min", 5.0)
    slope = warming("a.jsonl")
    assert slope is not None
    assert 4.0 < slope < 5.0
