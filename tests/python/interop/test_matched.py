"""A record weighed piece by piece with the intensity of its own time."""

import math
from datetime import datetime, timezone
from types import SimpleNamespace

import pytest

from impact_tracker.factors import IntensityCurve
from impact_tracker.interop.matched import carbon_matched, cumulative
from impact_tracker.weighing import Weighing

HOUR = 3_600_000_000_000


def record(series, energy_j, started=datetime(1970, 1, 1, tzinfo=timezone.utc)):
    channels = [{"id": name, "in_total": True, "quality": "measured"} for name in series]
    return SimpleNamespace(
        started_at=started,
        channels=[*channels, {"id": "psys", "in_total": False}],
        weighing=Weighing(pue=1.0),
        result=SimpleNamespace(energy_j=energy_j, duration_s=0.0, uncertainty=SimpleNamespace(half_width_j=None)),
        series=series.__getitem__,
    )


CURVE = IntensityCurve("FR", [0, HOUR], [100.0, 300.0], 2 * HOUR, "test", "average")

pytestmark = pytest.mark.usefixtures("core")


def test_two_channels_on_their_own_times():
    series = {"a": ([0.0, 3600.0, 7200.0], [math.nan, 1000.0, 1000.0]), "b": ([1800.0, 5400.0], [math.nan, 1000.0])}
    carbon = carbon_matched(record(series, 3 * 3.6e6), CURVE)
    assert carbon.value == pytest.approx(100 + 300 + 0.5 * 100 + 0.5 * 300) and not carbon.partial


def edged(series, energies, duration_s):
    recorded = record(series, sum(energies.values()))
    for channel in recorded.channels:
        channel["energy_j"] = energies.get(channel["id"])
    recorded.result.duration_s = duration_s
    return recorded


def test_what_lies_before_the_first_and_after_the_last_reading_is_in_it():
    # 1 kWh between the readings; half a kWh in the half hours at either end, 100 g/kWh at first, 300 then
    carbon = carbon_matched(edged({"a": ([1800.0, 5400.0], [math.nan, 1000.0])}, {"a": 2 * 3.6e6}, 7200.0), CURVE)
    assert carbon.value == pytest.approx(0.5 * 100 + 0.5 * 100 + 0.5 * 300 + 0.5 * 300) and not carbon.partial


def test_the_energys_own_interval_is_in_it():
    recorded = edged({"a": ([0.0], [math.nan])}, {"a": 3.6e6}, 7200.0)
    recorded.result.uncertainty.half_width_j = 0.36e6
    weighed = carbon_matched(recorded, CURVE)
    assert (weighed.low, weighed.value, weighed.high) == pytest.approx((180.0, 200.0, 220.0))


def test_a_run_of_one_reading_is_weighed_whole():
    carbon = carbon_matched(edged({"a": ([0.0], [math.nan])}, {"a": 3.6e6}, 7200.0), CURVE)
    assert carbon.value == pytest.approx(200.0) and not carbon.partial
    late = carbon_matched(edged({"a": ([7200.0], [math.nan])}, {"a": 3.6e6}, 7200.0), CURVE)
    assert late.value == pytest.approx(200.0)


def test_energy_outside_of_the_series_is_said():
    carbon = carbon_matched(record({"a": ([0.0, 3600.0], [math.nan, 1000.0])}, 2 * 3.6e6), CURVE)
    assert carbon.partial and "1 kWh" in carbon.note and carbon.value == pytest.approx(100.0)


def test_a_gap_is_missing_time():
    times, joules = cumulative([0.0, 1.0, 2.0, 3.0], [math.nan, 10.0, math.nan, 20.0])
    assert (
        times == [0.0, 1.0, 2.0, 2.0, 3.0]
        and joules[:2] == [0.0, 10.0]
        and math.isnan(joules[2])
        and joules[3:] == [10.0, 30.0]
    )
    carbon = carbon_matched(record({"a": ([0.0, 1.0, 2.0, 3.0], [math.nan, 10.0, math.nan, 20.0])}, 30.0), CURVE)
    assert carbon.partial and "1 s" in carbon.note and carbon.value == pytest.approx(30 / 3.6e6 * 100)


def test_nothing_to_match():
    assert carbon_matched(record({}, None), CURVE).value is None
    assert "began" in carbon_matched(record({}, 1.0, started=None), CURVE).note
