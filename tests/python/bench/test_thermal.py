"""Drift of power and temperature over a phase, from series that are known."""

from __future__ import annotations

import math
from typing import Any

import pytest

from impact_tracker.bench.row.row import Row
from impact_tracker.bench.run.thermal import Steadiness, thermal
from python.bench.flat import row_of

START = 5_000_000_000


class Recorded:
    """Series at 1 Hz from the record's start on: 100 W that grow, and two thermometers."""

    def __init__(self, path: Any) -> None:
        channels = [{"id": name, "quantity": "temperature"} for name in ("cool", "warm")]
        self.header = {"start_ns": START, "channels": [{"id": "cpu", "quantity": "energy"}, *channels]}

    def series(self, name: str) -> tuple[list[float], list[float]]:
        times = [float(second) for second in range(100)]
        values = {
            "cpu": [math.nan if second == 40 else 100.0 + second for second in range(100)],
            "few": [10.0 if second % 50 == 0 else math.nan for second in range(100)],
            "cool": [30.0] * 100,
            "warm": [40.0 + 0.5 * second for second in range(100)],
        }
        return times, values[name]


@pytest.fixture(autouse=True)
def recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("impact_tracker.record.Record", Recorded)


def row(begin: float, end: float, **energies: float) -> Row:
    sources = [{"id": name, "energy_j": joules} for name, joules in energies.items()]
    return row_of({"start_ns": START + int(begin * 10**9), "stop_ns": START + int(end * 10**9), "sources": sources})


def test_thirds_of_a_phase() -> None:
    heating = thermal("a.jsonl", row(9.5, 39.5, cpu=3000.0))
    # Readings at 11 to 39 s, the first left out: 9 at each end, of 100 W and a watt a second.
    assert heating.power_drift == pytest.approx(135.0 / 115.0 - 1)
    # Readings at 10 to 39 s, ten at each end
    assert (heating.temperature_begin_c, heating.temperature_end_c) == pytest.approx((47.25, 57.25))


def test_a_minor_channel_may_have_few_samples_a_large_one_may_not() -> None:
    assert thermal("a.jsonl", row(9.5, 39.5, cpu=3000.0, few=100.0)).power_drift is not None
    assert thermal("a.jsonl", row(9.5, 39.5, cpu=3000.0, few=1000.0)).power_drift is None


def test_short_phases_and_phases_without_readings_say_nothing() -> None:
    assert thermal("a.jsonl", row(10, 14, cpu=400.0)) == Steadiness()
    assert thermal("a.jsonl", row_of({})) == Steadiness()
    assert thermal("a.jsonl", row(10, 40)).power_drift is None
