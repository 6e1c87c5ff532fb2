"""Ranges that mean what they say: one study together, quotients on one grid, intervals with their best."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impact_tracker.factors import Factor
from impact_tracker.footprint import Impact, Machine, Term, carbon, crossing, making_total, monte_carlo, tornado
from impact_tracker.footprint.uncertainty import cancelled, paired, quotient

KWH = 3.6e6
pytestmark = pytest.mark.usefixtures("core")
sizes = st.floats(1e-3, 1e3)
spreads = st.floats(1.01, 4.0)


def coefficient(value, spread, unit="kg/piece", study="one study"):
    return Factor(value, unit, value / spread, value * spread, "s", study=study, spread="lognormal", name=f"{value}")


def made(factors, unit="g"):
    return Impact.of("carbon", unit, [Term(1.0, ((factor, 1),)) for factor in factors], "modelled")


@settings(max_examples=40, deadline=None)
@given(st.lists(sizes, min_size=2, max_size=8, unique=True), spreads)
def test_coefficients_of_one_study_have_the_range_of_one(values, spread):
    (drawn,) = monte_carlo([made([coefficient(value, spread) for value in values])])
    assert drawn.best == pytest.approx(math.fsum(values))
    assert drawn.low == pytest.approx(drawn.best / spread, rel=0.06)
    assert drawn.high == pytest.approx(drawn.best * spread, rel=0.06)
    (bar,) = tornado(made([coefficient(value, spread) for value in values]))
    assert "together" in bar.factor.name
    assert (bar.at_low, bar.at_high) == (pytest.approx(drawn.best / spread), pytest.approx(drawn.best * spread))


@settings(max_examples=30, deadline=None)
@given(sizes, spreads, spreads)
def test_another_spread_of_the_study_moves_with_it(value, spread, other):
    factors = [coefficient(value, spread), coefficient(2 * value, other)]
    first, second = paired([made(factors[:1]), made(factors[1:])], 200)
    power = math.log(other) / math.log(spread)
    for a, b in zip(first, second):
        assert b / (2 * value) == pytest.approx((a / value) ** power, rel=1e-6)


def test_other_studies_and_other_quantities_are_drawn_apart():
    apart = [coefficient(1.0, 2.0), coefficient(1.0, 2.0, study="another"), coefficient(1.0, 2.0, "MJ/piece")]
    drawn = paired([made([factor]) for factor in apart], 50)
    assert drawn[0] != drawn[1] and drawn[0] != drawn[2]


def test_a_servers_making_is_as_wide_as_its_model():
    server = Machine(cpus=2, cpu_cores=24, ram_gb=384, ram_modules=12, ssds=2, ssd_gb=1000)
    (drawn,) = monte_carlo([making_total(server)])
    assert drawn.low / drawn.best < 0.65 and drawn.high / drawn.best > 1.5


@settings(max_examples=50, deadline=None)
@given(st.floats(1, 1e6), st.floats(1, 1e3), st.floats(5, 1200), spreads, st.floats(1.0, 2.0))
def test_on_one_grid_exact_energies_have_an_exact_quotient(training, use, grams, spread, pue):
    grid = Factor(grams, "g/kWh", grams / spread, grams * spread, "grid", spread="lognormal")
    uses = crossing(carbon(training * KWH, pue, intensity=grid), carbon(use * KWH, pue, intensity=grid))
    assert uses.uses == pytest.approx(training / use)
    assert uses.low == pytest.approx(uses.uses, rel=1e-9) and uses.high == pytest.approx(uses.uses, rel=1e-9)


def test_a_thousand_to_one_is_a_thousand():
    grid = Factor(56.0, "g/kWh", 42.0, 74.0, "grid", spread="lognormal")
    uses = crossing(carbon(1000 * KWH, intensity=grid), carbon(KWH, intensity=grid))
    assert (uses.low, uses.uses, uses.high) == pytest.approx((1000.0, 1000.0, 1000.0))


def test_on_two_grids_the_range_is_that_of_both():
    grids = [Factor(100.0, "g/kWh", 50.0, 200.0, name, spread="lognormal", name=name) for name in ("a", "b")]
    ratio = quotient(carbon(10 * KWH, 1.0, intensity=grids[0]), carbon(KWH, 1.0, intensity=grids[1]))
    wide = 2.0 ** math.sqrt(2)
    assert ratio.low == pytest.approx(10 / wide, rel=0.06) and ratio.high == pytest.approx(10 * wide, rel=0.06)


def test_only_what_every_term_holds_cancels():
    grid, site = Factor.stated(2.0, "g/kWh", "grid"), Factor.stated(3.0, "1", "site")
    over = Impact.of("carbon", "g", [Term(1.0, ((grid, 1), (site, 1))), Term(5.0, ((grid, 1),))])
    under = Impact.of("carbon", "g", [Term(7.0, ((grid, 1), (site, 1)))])
    left, right = cancelled(over, under)
    assert left.value / right.value == pytest.approx(over.value / under.value)
    assert left.factors == (site,) and right.factors == (site,)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.tuples(sizes, st.floats(0, 1), st.floats(1, 5), st.sampled_from(["triangular", "uniform", "lognormal"])),
        min_size=1,
        max_size=4,
    )
)
def test_no_interval_without_its_own_best(parts):
    factors = [
        Factor(value, "g/kWh", value * down, value * up, f"{n}", spread=shape, name=f"{n}")
        for n, (value, down, up, shape) in enumerate(parts)
    ]
    impacts = [made([factor]) for factor in factors] + [made(factors)]
    savings = [impacts[0] + impacts[0] * -1.0]
    for drawn in monte_carlo([*impacts, *savings], 500):
        assert drawn.low <= drawn.best <= drawn.high
