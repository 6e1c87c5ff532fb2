"""What if: a saving, what pays back, what eats it; ranges in which what both cases share cancels."""

import json
import math

import pytest

from impact_tracker.factors import Factor, FactorError, intensity
from impact_tracker.footprint import Allocation, Case, Change, Machine, making_total, read_changes, what_if

KWH = 3.6e6
SERVER = Machine(cpus=2, cpu_cores=32, ram_gb=256)
CASE = Case(10 * KWH, 3600.0, intensity("PL"), 1.5, SERVER)


def ratio(best, low=None, high=None):
    return Factor(best, "1", best if low is None else low, best if high is None else high, "test", name="ratio")


def test_another_country():
    outcome = what_if(Case(10 * KWH, 3600.0, intensity("PL"), 1.5), Change("Norway", intensity=intensity("NO")))
    assert outcome.saving.value == pytest.approx(15 * (intensity("PL").value - intensity("NO").value))
    assert outcome.rebound.best == pytest.approx(intensity("PL").value / intensity("NO").value - 1)
    assert outcome.rebound.low < outcome.rebound.best < outcome.rebound.high
    assert outcome.before.partial and "making" in outcome.sentences()[-1]


def test_half_the_energy_and_time(core):
    outcome = what_if(CASE, Change("half", energy=ratio(0.5), duration=ratio(0.5)))
    assert outcome.saving.value == pytest.approx(outcome.before.value / 2) and outcome.share == pytest.approx(0.5)
    # use may double: every factor but the ratio is the same on both sides, so the rebound has no range
    assert (
        outcome.rebound.best
        == pytest.approx(1.0)
        == pytest.approx(outcome.rebound.low)
        == pytest.approx(outcome.rebound.high)
    )
    assert "saves" in outcome.sentences()[0] and "100% more use would eat" in outcome.sentences()[1]


def test_a_ratio_with_a_range_gives_the_rebound_one(core):
    outcome = what_if(
        Case(10 * KWH, 3600.0, Factor.stated(100.0, "g/kWh", "grid")), Change("x", energy=ratio(0.5, 0.4, 0.8))
    )
    assert 1 / 0.8 - 1 < outcome.rebound.low < 1.0 < outcome.rebound.high < 1 / 0.4 - 1
    assert outcome.spread.low < 500.0 < outcome.spread.high


def test_what_both_share_cancels_in_the_range(core):
    outcome = what_if(Case(10 * KWH, 3600.0, intensity("PL")), Change("a tenth less", energy=ratio(0.9)))
    assert outcome.spread.low > 0  # though the ranges of before and after overlap widely


def test_a_card_that_is_bought_pays_back():
    new = Machine(cpus=0, gpus=1, gpu_model="NVIDIA L4", psus=0, chassis="none")
    outcome = what_if(CASE, Change("L4", energy=ratio(0.5), machine=new, bought=True))
    used = 10 * 1.5 * intensity("PL").value
    assert outcome.payback_runs == pytest.approx(making_total(new).value / (used / 2))
    assert outcome.payback_s == pytest.approx(outcome.payback_runs * 3600.0)
    assert any("saved its own making after" in line for line in outcome.sentences())
    worse = what_if(CASE, Change("worse", energy=ratio(2.0), machine=new, bought=True))
    assert math.isinf(worse.payback_runs) and any("never" in line for line in worse.sentences())
    assert worse.rebound is None and "costs" in worse.sentences()[0]
    assert json.loads(json.dumps(worse.as_dict(), allow_nan=False))["payback"] == "never"


def test_another_machine_needs_the_one_before():
    with pytest.raises(ValueError, match="machine of before"):
        what_if(Case(KWH, 1.0, intensity("FR")), Change("x", machine=SERVER))


@pytest.mark.parametrize("wrong", [ratio(0.5, 0.0, 1.0), Factor.stated(2.0, "kWh", "x")])
def test_a_ratio_is_above_0_and_has_no_unit(wrong):
    with pytest.raises(ValueError, match="ratio"):
        what_if(CASE, Change("x", energy=wrong))


def test_unknown_energy_is_said():
    outcome = what_if(Case(None, 1.0, intensity("FR")), Change("x", energy=ratio(0.5)))
    assert "not known" in outcome.sentences()[0] and outcome.rebound is None and outcome.as_dict()["saving_g"] is None


GOOD = {
    "half precision": {"energy": [0.4, 0.55, 0.8], "duration": 0.6, "source": "our own runs"},
    "Stockholm": {"cloud": "aws/eu-north-1"},
    "France of 2023": {"zone": "FR", "year": 2023, "pue": 1.2},
    "new cards": {
        "energy": 0.5,
        "bought": True,
        "machine": {"cpus": 2, "cpu_cores": 32, "gpus": 4, "gpu_model": "NVIDIA L4"},
    },
}


def write(tmp_path, tables, text=None):
    path = tmp_path / "changes.json"
    path.write_text(json.dumps(tables, indent=1) if text is None else text)
    return path


def test_changes_from_a_file(tmp_path):
    half, cloud, france, cards = read_changes(write(tmp_path, GOOD))
    assert (half.energy.low, half.energy.value, half.energy.high) == (0.4, 0.55, 0.8) and half.duration.value == 0.6
    assert half.energy.source == "our own runs" and half.name == "half precision"
    assert (cloud.intensity, cloud.pue.value) == (intensity("SE-SE3"), 1.1)
    assert (france.intensity.value, france.intensity.year, france.pue.value) == (56.039, 2023, 1.2)
    assert cards.bought and cards.machine.gpus == 4
    assert all(what_if(CASE, change).saving.value for change in (half, cloud, france, cards))


@pytest.mark.parametrize(
    ("tables", "line", "message"),
    [
        ({"a": {"enrgy": 0.5}}, 3, "Did you mean energy"),
        ({"a": {"energy": 0}}, 3, "or more"),
        ({"a": {"energy": [0.5, 0.4, 0.6]}}, 3, "out of order"),
        ({"a": {"energy": "half"}}, 3, "finite number"),
        ({"a": {"zone": "Frence"}}, 3, "Did you mean France"),
        ({"a": {"zone": "FR", "year": 2999}}, 3, "future"),
        ({"a": {"cloud": "aws/eu-north-11"}}, 3, "eu-north-1"),
        ({"a": {"zone": "FR", "cloud": "aws/eu-north-1"}}, 4, "the same thing"),
        ({"a": {"pue": 0.9}}, 3, "PUE"),
        ({"a": {"source": "x"}}, 2, "changes nothing"),
        ({"a": {"energy": 0.5, "bought": True}}, 4, "described"),
        ({"a": {"machine": {"gpu": 4}}}, 4, "Did you mean gpus"),
        ({"a": {"machine": {"gpus": -4}}}, 3, "gpus"),
        ({"a": 5}, 2, "table"),
        ({}, 1, "no change"),
    ],
)
def test_faults_of_the_file_name_their_line(tmp_path, tables, line, message):
    path = write(tmp_path, tables)
    with pytest.raises(FactorError) as caught:
        read_changes(path)
    assert str(caught.value).startswith(f"{path}:{line}:") and message in str(caught.value)


def test_making_is_part_of_it_where_a_machine_is_described():
    case = Case(10 * KWH, 3600.0, intensity("PL"), 1.5, SERVER, Allocation.fixed(4))
    outcome = what_if(case, Change("twice as long", duration=ratio(2.0)))
    assert outcome.saving.value == pytest.approx(-making_total(SERVER).value / 35_040) and outcome.rebound is None
    assert not outcome.before.partial and "costs" in outcome.sentences()[0]
