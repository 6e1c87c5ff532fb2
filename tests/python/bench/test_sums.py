"""Several regions as one, by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from impact_tracker.bench.row.sums import together


def part(energy: float | None, seconds: float = 2.0, **more: Any) -> Any:
    names = ("bias_j", "modelled_j", "psys_j", "wall_j", "kwh", "carbon_g", "carbon_low_g", "carbon_high_g", "coverage")
    values: dict[str, Any] = dict.fromkeys(names, energy)
    low, high = (None, None) if energy is None else (energy - 3.0, energy + 4.0)
    values.update(energy_j=energy, energy_low_j=low, energy_high_j=high, duration_s=seconds, start_ns=1, stop_ns=2)
    values.update(
        quality="measured", partial=False, provisional=False, weighing=None, notes=[], utilisation={"cpu": 0.5}
    )
    channel = {"id": "a", "quantity": "energy", "energy_j": energy, "quality": "measured", "in_total": True}
    return SimpleNamespace(**{**values, "channels": [channel], **more})


def test_sums_of_regions() -> None:
    assert together([]) is None
    alone = part(5.0)
    assert together([alone]) is alone
    two = together([part(30.0, coverage=1.0), part(10.0, 6.0, coverage=0.5, quality="modelled", notes=["gap"])])
    assert (two.energy_j, two.duration_s, two.power_w) == (40.0, 8.0, 5.0)
    assert (two.energy_low_j, two.energy_high_j) == pytest.approx(
        (40 - 18**0.5, 40 + 32**0.5)
    )  # edges err on their own
    assert two.bias_j == 40.0  # the sensor's own error does not average out
    assert two.coverage == pytest.approx(0.625)
    assert (two.quality, two.notes) == ("modelled", ["gap"])
    assert two.utilisation == {"cpu": 0.5}
    assert [channel["energy_j"] for channel in two.channels] == [40.0]


def test_a_missing_part_is_not_zero() -> None:
    two = together([part(30.0), part(None, quality="missing", channels=[])])
    assert (two.energy_j, two.energy_low_j, two.power_w, two.quality) == (None, None, None, "missing")
    assert two.channels[0]["energy_j"] is None
