"""Monte Carlo and tornado: known spreads, shared draws, and the speed that a report needs."""

import math
import time

import pytest

from impact_tracker.factors import Factor, intensity
from impact_tracker.footprint import Impact, carbon, monte_carlo, primary_energy, sample, tornado

KWH = 3.6e6
pytestmark = pytest.mark.usefixtures("core")


def test_the_interval_of_a_country_comes_back():
    factor = intensity("FR", 2023)
    result = monte_carlo([carbon(KWH, 1.0, intensity=factor)])[0]
    assert result.best == pytest.approx(factor.value)
    assert result.low == pytest.approx(factor.low, rel=0.02) and result.high == pytest.approx(factor.high, rel=0.02)


def test_draws_are_narrower_than_bounds_and_repeat():
    impact = carbon((0.9 * KWH, KWH, 1.2 * KWH), 1.0, intensity=intensity("FR", 2023))
    first, two = monte_carlo([impact], seed=4)[0], monte_carlo([impact], seed=4)[0]
    assert first == two and first != monte_carlo([impact], seed=5)[0]
    assert impact.low < first.low < impact.value < first.high < impact.high


def test_a_factor_is_drawn_once_for_all():
    energy = Factor(1.0, "kWh", 0.5, 2.0, "test", spread="lognormal")
    fixed = Factor.stated(2.0, "g/kWh", "intensity")
    a = carbon(energy, 1.0, intensity=fixed)
    both = monte_carlo([a, a * 3.0])
    assert both[1].low == pytest.approx(3 * both[0].low) and both[1].high == pytest.approx(3 * both[0].high)


def test_samples_for_a_figure():
    impact = carbon(KWH, 1.0, intensity=intensity("FR", 2023))
    drawn = sorted(sample(impact, 1001))
    assert drawn[500] == pytest.approx(monte_carlo([impact], 1001)[0].median)
    with pytest.raises(ValueError, match="why"):
        sample(Impact.missing("carbon", "g", "why not"))


def test_a_missing_impact_has_no_distribution():
    assert monte_carlo([Impact.missing("carbon", "g", "why not")]) == [None]


def test_the_tornado_is_sorted_and_exact():
    grid = Factor(100.0, "g/kWh", 50.0, 200.0, "grid")
    bars = tornado(carbon((0.9 * KWH, KWH, 1.1 * KWH), Factor(1.2, "1", 1.1, 1.3, "site"), intensity=grid))
    assert [bar.factor.unit for bar in bars] == ["g/kWh", "kWh", "1"]
    assert (bars[0].at_low, bars[0].at_high) == (pytest.approx(60.0), pytest.approx(240.0))
    assert all(a.width >= b.width for a, b in zip(bars, bars[1:]))
    assert tornado(carbon(KWH, 1.0, intensity=Factor.stated(1.0, "g/kWh", "x"))) == []


@pytest.mark.serial
def test_ten_thousand_draws_of_a_full_report_take_half_a_second_at_most():
    impacts = []
    for i in range(12):
        grid = Factor(100.0 + i, "g/kWh", 50.0, 200.0, f"grid {i}", spread="lognormal")
        impacts.append(carbon((0.9 * KWH, KWH, 1.1 * KWH), 1.2, intensity=grid))
        impacts.append(primary_energy(KWH, 1.2, factor=Factor(10.0 + i, "MJ/kWh", 9.0, 30.0, f"pe {i}")))
    best = math.inf
    for _ in range(3):
        begin = time.process_time()
        monte_carlo(impacts, draws=10_000)
        best = min(best, time.process_time() - begin)
    assert best <= 0.5
