"""Green Algorithms by version: the published worked examples, the calculator's screenshot among them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impact_tracker.estimators import (
    Comparison,
    EstimateError,
    green_algorithms,
    inference_total,
    training_total,
)
from impact_tracker.factors import UnknownFactorError, UnknownZoneError
from impact_tracker.footprint import flights, kilometres, tree_months
from impact_tracker.values import Energy, joules_of

DEFAULT = {"hours": 12, "cores": 12, "cpu_model": "Xeon E5-2683 v4", "memory_gb": 64}


def test_ga_1_the_calculators_screenshot():
    estimate = green_algorithms(**DEFAULT, pue=1.67, intensity_g_per_kwh=453.22, version="2.1")
    assert estimate.energy_kwh == pytest.approx(2.2813536, abs=1e-12)
    assert estimate.carbon_g == pytest.approx(1033.955, abs=5e-4)
    document = estimate.as_dict()
    assert document["tree_months"] == pytest.approx(1.12795, abs=5e-6)
    assert document["car_km_eu"] == pytest.approx(5.9083, abs=5e-5)
    assert flights(estimate.carbon, "flight Paris-London").value == pytest.approx(0.02068, abs=5e-6)
    assert green_algorithms(**DEFAULT, zone="US", version="2.1").carbon_g == pytest.approx(estimate.carbon_g)


def test_ga_2_version_1():
    estimate = green_algorithms(**DEFAULT, zone="USA", version="v1.0")
    assert estimate.energy_kwh == pytest.approx(2.2813536)
    assert estimate.carbon_g == pytest.approx(1085.696, abs=5e-4)
    assert tree_months(estimate.carbon, estimate.tree).value == pytest.approx(1.14284, abs=5e-6)
    assert kilometres(estimate.carbon, estimate.vehicle).value == pytest.approx(4.3255, abs=5e-5)
    assert flights(estimate.carbon, "flight Paris-London").value == pytest.approx(0.0217, abs=5e-5)


def test_ga_3_version_3_austria():
    estimate = green_algorithms(**DEFAULT, zone="Austria", version="3.0")
    assert estimate.energy_kwh == pytest.approx(2.1310848)
    assert estimate.carbon_g == pytest.approx(236.934, abs=5e-4)
    assert estimate.as_dict()["tree_months"] == pytest.approx(0.25847, abs=5e-6)
    assert estimate.as_dict()["car_km_eu"] == pytest.approx(1.3539, abs=5e-5)
    assert flights(estimate.carbon, "flight Paris-Dublin").value == pytest.approx(0.002154, abs=5e-7)


def test_ga_4_with_a_card():
    estimate = green_algorithms(
        hours=12,
        cores=4,
        cpu_model="A8-7680",
        gpus=1,
        gpu_model="GTX 1080 Ti",
        memory_gb=64,
        pue=1.0,
        zone="FR",
        version="2.2",
    )
    assert estimate.energy_kwh == pytest.approx(3.82848)
    assert estimate.carbon_g == pytest.approx(196.324, abs=5e-4)
    assert estimate.as_dict()["tree_months"] == pytest.approx(0.21417, abs=5e-6)
    assert estimate.as_dict()["car_km_eu"] == pytest.approx(1.1219, abs=5e-5)


def test_ga_5_a_day():
    estimate = green_algorithms(hours=24, cores=12, tdp_per_core_w=7.5, memory_gb=64, pue=1.67, zone="FR")
    assert estimate.energy_kwh == pytest.approx(4.5627072)


@pytest.mark.parametrize(
    ("usage_cpu", "usage_gpu", "seconds", "kilojoules"),
    [
        (0, 1, 68, 176.17),
        (0, 0.7, 204, 381.64),
        (0.2, 0.25, 157, 134.33),
        (1, 0, 50, 25.74),
        (1, 0, 30, 15.444),
        (1, 0, 125, 64.35),
    ],
    ids=["GA-6", "GA-7", "GA-8", "GA-9", "GA-10", "GA-11"],
)
def test_ga_6_to_11_the_dgx_runs(usage_cpu, usage_gpu, seconds, kilojoules):
    estimate = green_algorithms(
        hours=seconds / 3600,
        cores=40,
        cpu_model="Xeon E5-2697 v4",
        cpu_usage=usage_cpu,
        gpus=8,
        gpu_model="V100",
        gpu_usage=usage_gpu,
        memory_gb=512,
        pue=1.0,
        zone="FR",
    )
    assert estimate.energy_kwh * 3600 == pytest.approx(kilojoules, abs=0.02)


def test_parts_add_up_and_platforms_differ():
    for platform, pue in [
        ("personal computer", 1.0),
        ("local server", 1.56),
        ("aws", 1.2),
        ("azure", 1.12),
        ("OVHcloud", 1.09),
    ]:
        estimate = green_algorithms(**DEFAULT, platform=platform, zone="FR")
        assert sum(estimate.parts_kwh.values()) == pytest.approx(estimate.energy_kwh)
        assert estimate.energy_kwh == pytest.approx(12 * 113.84 * pue / 1000)
    assert green_algorithms(**DEFAULT, platform="gcp", zone="FR", version="2.2").energy_kwh == pytest.approx(
        1.3660800 * 1.11
    )


def test_the_scaling_factor_repeats_the_run():
    once, ten = (green_algorithms(**DEFAULT, scaling=s, zone="FR").energy_kwh for s in (1, 10))
    assert ten == pytest.approx(10 * once)


def test_defaults_are_said():
    estimate = green_algorithms(hours=1, cores=1, gpus=1)
    assert estimate.energy_kwh == pytest.approx((12 + 200) * 1.56 / 1000)
    assert any("12 W" in note for note in estimate.notes) and any("200 W" in note for note in estimate.notes)
    assert any("world" in note for note in estimate.notes) and estimate.carbon.quality == "estimated"
    other = green_algorithms(hours=1, cores=1, cpu_model="EPYC 7543", zone="Spain")
    assert any("bundled table" in note for note in other.notes)


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        ({"hours": -1, "cores": 1}, EstimateError, "hours"),
        ({"hours": 1}, EstimateError, "cores, gpus or memory"),
        ({"hours": 1, "cores": 1, "cpu_usage": 2}, EstimateError, "cpu_usage"),
        ({"hours": 1, "cores": 1, "pue": 0.5}, ValueError, "PUE"),
        ({"hours": 1, "cores": 1, "version": "9"}, EstimateError, "2.1"),
        ({"hours": 1, "cores": 1, "platform": "moon"}, EstimateError, "personal computer"),
        ({"hours": 1, "cores": 1, "cpu_model": "Xeon E5-2683 v9"}, UnknownFactorError, "v4"),
        ({"hours": 1, "cores": 1, "cpu_model": "Intel Xeon E5-2658 v3"}, UnknownFactorError, "tdp_per_core_w"),
        ({"hours": 1, "cores": 1, "zone": "Frence"}, UnknownZoneError, "France"),
        ({"hours": float("nan"), "cores": 1}, EstimateError, "finite"),
        ({"hours": 1, "cores": 1, "scaling": 0}, EstimateError, "scaling"),
    ],
)
def test_bad_input(wrong, error, message):
    with pytest.raises(error, match=message):
        green_algorithms(**wrong)


def test_views_of_ai():
    assert training_total(10.0, 2.0, 0.5, 3) == pytest.approx(45.0)
    assert inference_total(1.0, "day", 12) == pytest.approx(360.0)
    assert inference_total(1.0, "week", 12, each=2) == pytest.approx(24.0)
    assert inference_total(12.0, "year", 12) == pytest.approx(12.0)
    with pytest.raises(EstimateError, match="fortnight"):
        inference_total(1.0, "fortnight", 12)


def test_beside_a_measurement():
    estimate = green_algorithms(**DEFAULT, pue=1.0, zone="FR")
    beside = Comparison(estimate, Energy(joules_of(0.683)))
    assert beside.ratio == pytest.approx(2.0, abs=1e-3) and "2.0 times" in beside.sentence()
    assert Comparison(estimate).ratio is None and Comparison(estimate, Energy(0.0)).ratio is None


@given(st.floats(0, 1e4), st.integers(1, 1000), st.floats(0, 1), st.floats(0, 2000), st.floats(1, 3))
def test_the_formula(hours, cores, usage, memory, pue):
    estimate = green_algorithms(
        hours=hours, cores=cores, tdp_per_core_w=7.5, cpu_usage=usage, memory_gb=memory, pue=pue, zone="FR"
    )
    truth = hours * (cores * 7.5 * usage + memory * 0.3725) * pue / 1000
    assert estimate.energy_kwh == pytest.approx(truth, rel=1e-12, abs=1e-300)
