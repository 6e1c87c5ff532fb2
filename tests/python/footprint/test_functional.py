"""Functional units: BLOOM's and Stable Diffusion's published numbers, crossings, services."""

import pytest

from impact_tracker.factors import Factor
from impact_tracker.footprint import Impact, Service, carbon, crossing, development_multiplier, per_unit

KWH = 3.6e6


def grams(number, low=None, high=None):
    factor = Factor(number, "g/kWh", number if low is None else low, number if high is None else high, f"test {number}")
    return carbon(KWH, intensity=factor)


def test_blooms_requests():
    used = per_unit(carbon(914 * KWH, intensity=Factor.stated(394.0, "g/kWh", "GCP")), 230_768, "request")
    assert used.impact.value == pytest.approx(1.56, abs=0.01)
    assert pytest.approx(3.96, abs=0.005) == 914 * 1000 / 230_768  # Wh
    assert "for each request" in used.sentence()


def test_blooms_development():
    assert development_multiplier(grams(24.69), grams(66.29)) == pytest.approx(2.685, abs=5e-4)


def test_when_use_passes_training():
    crossover = crossing(grams(24.69e6), grams(1.56, 1.0, 2.0))
    assert crossover.uses == pytest.approx(24.69e6 / 1.56) and crossover.low < crossover.uses < crossover.high
    assert crossover.after_years(230_768 / 18 * 365) == pytest.approx(crossover.uses / (230_768 / 18 * 365))


def test_a_year_of_stable_diffusion_is_its_visits():
    visit = grams(7.84)
    year = Service(training=grams(0.0), each_use=visit).over(1.0, 3.60e8 / 7.84)["total"]
    assert year.value == pytest.approx(3.60e8)


def test_a_service_over_its_years():
    service = Service(grams(1000.0), grams(2.0), grams(500.0), grams(100.0))
    parts = service.over(2.0, 1000.0)
    assert parts["use"].value == pytest.approx(4000.0) and parts["standing"].value == pytest.approx(200.0)
    assert parts["total"].value == pytest.approx(5700.0)


@pytest.mark.parametrize("amount", [0, -5, float("nan")])
def test_nothing_to_divide_by(amount):
    with pytest.raises(ValueError, match="above 0"):
        per_unit(grams(1.0), amount, "image")


def test_unknowns_and_nonsense():
    unknown = Impact.missing("carbon", "g", "nobody knows")
    assert "not known" in per_unit(unknown, 5, "image").sentence()
    with pytest.raises(ValueError, match="nobody knows"):
        crossing(unknown, grams(1.0))
    with pytest.raises(ValueError, match="never passes"):
        crossing(grams(1.0), grams(0.0))
    with pytest.raises(ValueError, match="name"):
        per_unit(grams(1.0), 1, " ")
    with pytest.raises(ValueError, match="indicator"):
        crossing(grams(1.0), Impact.missing("water", "L", "x"))
    with pytest.raises(ValueError, match="years"):
        Service(grams(1.0), grams(1.0)).over(-1, 1)
