"""What if: savings with known answers, payback, rebound, and shared factors that move together."""

import math
from dataclasses import replace

import pytest

from impact_tracker.factors import Factor, intensity
from impact_tracker.footprint import Allocation, Case, Change, Machine, making_total, what_if

KWH = 3.6e6
GRID = Factor(100.0, "g/kWh", 50.0, 200.0, "grid", spread="lognormal")
CASE = Case(10 * KWH, 3600.0, GRID)


def test_another_place():
    found = what_if(replace(CASE, intensity=intensity("PL", 2023)), Change("Norway", intensity=intensity("NO", 2023)))
    assert found.saving.value == pytest.approx(10 * (661.926 - 30.08))
    assert found.rebound == pytest.approx(661.926 / 30.08 - 1) and "eat" in found.sentences()[-1]


def test_half_the_energy_at_another_precision(core):
    half = Factor(0.5, "1", 0.45, 0.6, "int8 against fp32")
    found = what_if(CASE, Change("int8", energy=half))
    assert found.saving.value == pytest.approx(500.0) and found.rebound == pytest.approx(1.0)
    # Whatever the grid is, it is the same before and after: the saving is never below 0.
    assert found.spread.low > 0 and found.saving.low < 0


def test_a_bought_machine_pays_its_making_back():
    card = Machine(gpus=1, gpu_model="NVIDIA L4")
    found = what_if(CASE, Change("a new card", energy=Factor.stated(0.5, "1", "x"), machine=card, bought=True))
    assert found.payback_runs == pytest.approx(making_total(card).value / 500.0)
    never = what_if(CASE, Change("no better", machine=card, bought=True))
    assert math.isinf(never.payback_runs) and "never" in " ".join(never.sentences())


def test_making_is_part_of_it_where_a_machine_is_described():
    machine = Machine(cpus=2, cpu_cores=32, ram_gb=256)
    case = replace(CASE, machine=machine, allocation=Allocation.fixed(4))
    found = what_if(case, Change("twice as long", duration=Factor.stated(2.0, "1", "x")))
    assert found.saving.value == pytest.approx(-making_total(machine).value / 35_040) and found.rebound is None
    assert not found.before.partial and what_if(CASE, Change("x")).before.partial


def test_what_was_not_measured_saves_nothing_known():
    found = what_if(replace(CASE, energy_j=None), Change("x"))
    assert found.saving.value is None and "not known" in found.sentences()[0]


@pytest.mark.parametrize("ratio", [Factor.stated(0.0, "1", "x"), Factor.stated(1.0, "W", "x")])
def test_ratios_are_above_zero(ratio):
    with pytest.raises(ValueError, match="ratio"):
        what_if(CASE, Change("x", energy=ratio))
