"""Several regions as one, by hand."""

from __future__ import annotations

from typing import Any

import pytest

from impact_tracker.bench.row.make import summed
from impact_tracker.bench.row.row import CounterAndGauge, Measured, Source
from impact_tracker.values import Energy


def part(energy_j: float | None, seconds: float = 2.0, quality: str = "measured", **more: Any) -> Measured:
    low, high = (None, None) if energy_j is None else (energy_j - 3.0, energy_j + 4.0)
    energy = Energy.from_range(low, energy_j, high, bias_j=energy_j, modelled_j=energy_j, quality=quality)
    known = dict.fromkeys(("psys_j", "wall_j", "carbon_g", "carbon_low_g", "carbon_high_g", "coverage"), energy_j)
    known.update(energy_low_j=low, energy_high_j=high, region_s=seconds, start_ns=1, stop_ns=2, cpu_utilisation=0.5)
    sources = (Source("a", "cpu:0", "package", energy.quality, energy_j),)
    return Measured(**{"energy": energy, "sources": sources, **known, **more})


def test_sums_of_regions() -> None:
    assert summed([]) is None
    alone = part(5.0)
    assert summed([alone]) is alone
    pair = CounterAndGauge("gpu:0", 5.0, 6.0)
    two = summed(
        [
            part(30.0, coverage=1.0, counter_and_gauge=(pair,), gpu_use={"gpu:0": 0.8}),
            part(
                10.0, 6.0, "modelled", coverage=0.5, notes=("gap",), counter_and_gauge=(pair,), gpu_use={"gpu:0": 0.4}
            ),
        ]
    )
    assert two is not None
    assert (two.energy.best_j, two.region_s, two.power_w, two.carbon_g) == (40.0, 8.0, 5.0, 40.0)
    # Edges err on their own.
    assert (two.energy_low_j, two.energy_high_j) == pytest.approx((40 - 18**0.5, 40 + 32**0.5))
    assert two.energy.bias_j == 40.0  # the sensor's own error does not average out
    assert two.coverage == pytest.approx(0.625)
    assert (two.energy.quality, two.notes, two.cpu_utilisation) == ("modelled", ("gap",), 0.5)
    assert two.gpu_use == {"gpu:0": pytest.approx(0.5)}
    assert two.sources == (Source("a", "cpu:0", "package", "modelled", 40.0),)
    assert two.counter_and_gauge == (CounterAndGauge("gpu:0", 10.0, 12.0),)


def test_a_missing_part_is_not_zero() -> None:
    two = summed([part(30.0), part(None, sources=(), counter_and_gauge=())])
    assert two is not None
    assert (two.energy.best_j, two.energy_low_j, two.power_w, two.carbon_g) == (None, None, None, None)
    assert two.energy.quality == "missing"
    assert two.sources[0].energy_j is None
