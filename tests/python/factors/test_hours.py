"""Factors of hours: published ones in their parts, a cluster's own of a year, and what is not published."""

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impact_tracker import cli
from impact_tracker.estimators import EstimateError, hour_factor
from impact_tracker.factors import (
    ClusterYear,
    Factor,
    FactorError,
    HourFactor,
    UnknownFactorError,
    constant,
    hour_names,
    hours_of,
    own_hour_factor,
    read_hours,
    use_overrides,
    write_hours,
)


def grid(value, low=None, high=None):
    return Factor(value, "g/kWh", value if low is None else low, value if high is None else high, "test")


@pytest.mark.parametrize("name", hour_names())
def test_every_published_factor_adds_up_and_has_a_range(name):
    rate = hours_of(name)
    carbon = hour_factor(
        hours=1,
        units=1 if rate.unit == "core" else 0,
        factor=rate if rate.unit == "core" else None,
        cards=1 if rate.unit == "card" else 0,
        card_factor=rate if rate.unit == "card" else None,
    ).carbon
    assert carbon.low < carbon.value < carbon.high
    assert carbon.partial is (rate.rest is None and rate.can_be_carried)


def test_gricads_two_parts():
    rate = hours_of("core GRICAD")
    assert rate.power.value * rate.grid.value / 1000 == pytest.approx(2.43)
    assert rate.rest.value == 2.25
    assert hour_factor(hours=1).carbon_g == pytest.approx(4.68)
    assert hour_factor(hours=1).carbon_g == pytest.approx(constant("hour_factor", "core gricad").value)


@given(intensity=st.floats(0, 1500), hours=st.floats(0, 1e6), cores=st.integers(1, 10_000))
def test_another_grid_changes_the_electricity_alone(intensity, hours, cores):
    use_overrides(None)
    estimate = hour_factor(hours=hours, units=cores, grid=grid(intensity))
    assert estimate.carbon_g == pytest.approx(hours * cores * (2.25 + 2.43 * intensity / 108))
    assert estimate.energy.value == pytest.approx(hours * cores * 0.0225)


def test_jean_zays_card_is_blooms():
    rate = hours_of("card Jean Zay A100")
    total = rate.power.value * rate.grid.value / 1000 + rate.rest.value
    assert 1_082_990 * total / 1e6 == pytest.approx(50.5, abs=0.1)


def test_cores_and_cards_together():
    both = hour_factor(hours=2, units=8, cards=3, card_factor="card epfl izar V100")
    apart = (hour_factor(hours=2, units=8), hour_factor(hours=2, cards=3, card_factor="card epfl izar V100"))
    assert both.carbon_g == pytest.approx(sum(estimate.carbon_g for estimate in apart))
    assert both.carbon.partial and "making" in both.carbon.note


def test_what_is_not_published_is_an_error_with_near_names():
    with pytest.raises(UnknownFactorError, match="card Jean Zay A100"):
        hours_of("card Jean Zay V100")
    with pytest.raises(FactorError, match="of a core, not of a card"):
        hours_of("core gricad", "card")
    with pytest.raises(FactorError, match="core gricad"):
        hour_factor(hours=1, factor="core genotoul", grid=grid(50.0))
    with pytest.raises(EstimateError, match="card"):
        hour_factor(hours=1, cards=16)


def test_an_unknown_energy_is_not_zero():
    estimate = hour_factor(hours=1, factor="core genotoul")
    assert estimate.as_dict()["energy_kwh"] is None and estimate.carbon_g == pytest.approx(3.6)


def test_a_clusters_year_goes_round(tmp_path):
    chance = random.Random(7)
    mix = grid(52.0, 45.0, 60.0)
    factors = {
        f"{unit} {number}": own_hour_factor(
            f"{unit} {number}",
            unit,
            hours=chance.uniform(1e3, 1e8),
            electricity_kwh=sorted(chance.uniform(1e3, 1e6) for _ in range(3)),
            grid=mix,
            rest_kg=chance.choice([None, chance.uniform(1, 1e5)]),
            source="accounts",
            year=2025,
        )
        for unit in ("core", "card")
        for number in range(5)
    }
    path = tmp_path / "hours.json"
    write_hours(path, ClusterYear("dahu", 2025, "accounts", factors))
    year = read_hours(path)
    assert (year.cluster, year.year, year.source) == ("dahu", 2025, "accounts")
    for name, factor in factors.items():
        back = year.factors[name]
        assert back.unit == factor.unit and (back.rest is None) == (factor.rest is None)
        for ours, theirs in ((back.power, factor.power), (back.rest, factor.rest), (back.grid, factor.grid)):
            if theirs is not None:
                ends = (theirs.low, theirs.value, theirs.high)
                assert (ours.low, ours.value, ours.high) == pytest.approx(ends)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": "other"}, "format"),
        ({"yeer": 2025}, "year"),
        ({"intensity_g_per_kwh": [5, 4, 3]}, "out of order"),
        ({"factors": {"a": {"unit": "node", "hours": 1, "electricity_kwh": 1}}}, "core or card"),
        ({"factors": {"a": {"unit": "core", "hours": 0, "electricity_kwh": 1}}}, "above 0"),
        ({"factors": {"a": {"unit": "core", "hours": 1}}}, "electricity_kwh"),
        ({"factors": {}}, "no factor"),
    ],
)
def test_faults_of_the_file(tmp_path, change, words):
    document = {
        "format": "impact-tracker hour factors",
        "cluster": "c",
        "year": 2025,
        "intensity_g_per_kwh": 50,
        "factors": {"c core": {"unit": "core", "hours": 10, "electricity_kwh": 1, "rest_kg": None}},
        **change,
    }
    path = tmp_path / "hours.json"
    path.write_text(json.dumps(document))
    with pytest.raises(FactorError, match=words):
        read_hours(path)


def test_hours_on_the_command_line(tmp_path, capsys):
    def call(*words):
        code = cli.main(["estimate", "--method", "hour-factor", "--hours", "10", "--json", *words])
        captured = capsys.readouterr()
        return json.loads(captured.out) if code == 0 else captured.err

    assert call("--cores", "100")["carbon_g"] == pytest.approx(4680)
    assert "card" in call("--gpus", "16")
    assert "give --cores too" in call("--gpus", "16", "--hour-factor", "core gricad")
    cards = call("--gpus", "16", "--hour-factor", "card Jean Zay A100")
    assert cards["carbon_g"] == pytest.approx(160 * 46.66, rel=1e-3)
    assert call("--hour-factor", "card epfl izar V100")["carbon_g"] == pytest.approx(418.8, rel=1e-3)
    elsewhere = call("--cores", "100", "--intensity", "1080")
    assert elsewhere["carbon_g"] == pytest.approx(1000 * (2.25 + 24.3))
    path = tmp_path / "hours.json"
    own = own_hour_factor("my core", "core", hours=10, electricity_kwh=0.1, grid=grid(100.0), source="me")
    write_hours(path, ClusterYear("mine", 2025, "me", {"my core": own}))
    document = call("--cores", "2", "--hours-file", str(path), "--hour-factor", "my core")
    assert document["carbon_g"] == pytest.approx(20 * 1.0) and "electricity alone" in document["notes"][0]


def test_ones_own_factor_of_a_card(tmp_path):
    path = tmp_path / "own.json"
    path.write_text(json.dumps({"hour_factor": {"card v100 ours": {"value": 60, "unit": "g/h"}}}))
    use_overrides(path)
    assert hours_of("card V100 ours").unit == "card"
    assert hour_factor(hours=1, cards=2, card_factor="card V100 ours").carbon_g == pytest.approx(120)


def test_a_factor_that_says_nothing_is_none():
    with pytest.raises(FactorError, match="a total"):
        HourFactor("x", "core", None, None, None)
