"""A cloud's instance by its type: its energy lies between idle and full, its parts are those of the type."""

import random

import pytest

from impact_tracker.estimators import Inputs, estimate_by, instance
from impact_tracker.factors import UnknownFactorError
from impact_tracker.factors.cards import card
from impact_tracker.factors.instances import instance as instance_of
from impact_tracker.factors.instances import instance_names

GRID = {"pue": 1.0, "intensity_g_per_kwh": 100.0}
SAMPLE = [
    name
    for name in random.Random(2026).sample(instance_names(), 80)
    if not instance_of(name).card or card(instance_of(name).card).power is not None
]


@pytest.mark.parametrize("name", SAMPLE)
def test_energy_lies_between_idle_and_full_and_grows_with_time(name):
    idle, half, full = (instance(name=name, hours=10, utilisation=(u, u, u), **GRID) for u in (0.0, 0.5, 1.0))
    assert 0 < idle.energy_kwh < half.energy_kwh < full.energy_kwh
    open_range = instance(name=name, hours=10, **GRID)
    assert open_range.energy.low <= idle.energy_kwh and open_range.energy.high >= full.energy_kwh * (1 - 1e-9)
    assert instance(name=name, hours=20, **GRID).energy_kwh == pytest.approx(2 * open_range.energy_kwh)
    assert open_range.more["making_g"] > 0
    assert sum(open_range.parts_kwh.values()) == pytest.approx(open_range.energy_kwh)


def test_eight_full_cards_draw_most_of_a_p4d():
    estimate = instance(name="aws:p4d.24xlarge", hours=1, card_utilisation=(1, 1, 1), **GRID)
    assert estimate.parts_kwh["gpu"] == pytest.approx(8 * 0.4 * 1.02)
    assert 3.5 < estimate.energy_kwh < 5


def test_what_is_not_known_is_an_error_or_said():
    with pytest.raises(UnknownFactorError, match="Trainium"):
        instance(name="aws:trn1.2xlarge", hours=1, **GRID)
    assert any("missing" in note for note in instance(name="aws:f1.2xlarge", hours=1, **GRID).notes)
    with pytest.raises(ValueError, match="instance does not use --memory-gb"):
        estimate_by("instance", Inputs(hours=1, instance="aws:m5.large", memory_gb=3))
    with pytest.raises(ValueError, match="needs --instance"):
        estimate_by("instance", Inputs(hours=1))
