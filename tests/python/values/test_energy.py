"""The algebra of energies: laws that hold for all of them, and the few numbers one can do in the head."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impact_tracker.values import QUALITIES, Energy, Range, total, total_if_known, worst_quality

joules = st.floats(min_value=0, max_value=1e12)
widths = st.none() | st.floats(min_value=0, max_value=1e9)


@st.composite
def energies(draw: st.DrawFn) -> Energy:
    """An energy of any kind, one in about six not measured."""
    partial = draw(st.booleans())
    if draw(st.integers(0, 5)) == 0:
        return Energy.missing(partial=partial)
    best = draw(joules)
    modelled = draw(st.none() | st.floats(min_value=0, max_value=1).map(lambda part: part * best))
    return Energy(best, draw(widths), draw(widths), modelled, draw(st.sampled_from(QUALITIES[:4])), partial)


def close(a: float | None, b: float | None) -> bool:
    """Whether both are unknown, or equal but for rounding."""
    return a is b is None or (a is not None and b is not None and math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-12))


def alike(a: Energy, b: Energy) -> bool:
    """Equal but for rounding."""
    numbers = all(close(getattr(a, name), getattr(b, name)) for name in ("best_j", "half_j", "bias_j", "modelled_j"))
    return numbers and (a.quality, a.partial) == (b.quality, b.partial)


def test_half_widths_add_as_squares_and_biases_as_they_are() -> None:
    summed = Energy(100.0, 3.0, 1.0, 0.0) + Energy(50.0, 4.0, 2.0, 50.0, "modelled")
    assert summed == Energy(150.0, 5.0, 3.0, 50.0, "modelled")
    assert summed.error_j == pytest.approx(math.hypot(5, 3))


def test_a_bias_that_both_share_cancels_in_a_difference() -> None:
    a, b = Energy(100.0, 3.0, 10.0, 0.0), Energy(80.0, 4.0, 8.0, 0.0)
    assert a.minus(b, same_sensors=True) == Energy(20.0, 5.0, 2.0, 0.0)
    assert a.minus(b, same_sensors=False).bias_j == pytest.approx(math.hypot(10, 8))


def test_a_missing_part_is_never_0() -> None:
    known = Energy(5.0, 1.0, 0.0, 0.0)
    assert (known + Energy.missing()) == Energy(5.0, 1.0, 0.0, 0.0, partial=True)
    assert total([]).is_missing and total([Energy.missing(), Energy.missing()]).is_missing
    assert total_if_known([known, Energy.missing()]).is_missing
    assert Energy.missing().range_j is None and Energy.missing().kwh is None


def test_the_range_holds_the_bias_and_stays_above_0() -> None:
    assert Energy(2.0, 3.0, 4.0).range_j == Range(0.0, 2.0, 7.0)
    assert Energy(-0.5, 0.1, 0.0).range_j == Range(0.0, 0.0, 0.1)


@given(energies(), energies(), energies())
def test_sums_do_not_depend_on_the_order(a: Energy, b: Energy, c: Energy) -> None:
    assert alike(a + b, b + a)
    assert alike((a + b) + c, total([c, a, b])) or any(e.is_missing for e in (a, b, c))


@given(st.lists(energies(), max_size=6))
def test_a_sum_is_as_good_as_its_worst_part(parts: list[Energy]) -> None:
    summed = total(parts)
    known = [part for part in parts if not part.is_missing]
    assert summed.quality == (worst_quality(part.quality for part in known) if known else "missing")
    assert summed.partial == (len(known) < len(parts) or any(part.partial for part in parts))


@given(energies(), st.just(0.0) | st.floats(min_value=1e-6, max_value=1e3))
def test_a_part_and_the_rest_of_it_have_the_same_relative_error(energy: Energy, factor: float) -> None:
    scaled = energy.scaled(factor)
    if energy.best_j and scaled.best_j and energy.relative_error is not None and energy.relative_error > 1e-9:
        assert scaled.relative_error == pytest.approx(energy.relative_error, rel=1e-6)


@given(energies())
def test_an_interval_and_back_is_the_same_energy(energy: Energy) -> None:
    again = Energy.from_range(
        energy.low_j,
        energy.best_j,
        energy.high_j,
        bias_j=energy.bias_j,
        modelled_j=energy.modelled_j,
        quality=energy.quality,
        partial=energy.partial,
    )
    assert again.best_j == energy.best_j and again.quality == energy.quality
    if energy.half_j is not None and energy.best_j is not None:
        assert again.half_j == pytest.approx(energy.half_j, abs=1e-9 + 1e-9 * energy.best_j)


@pytest.mark.parametrize(
    "wrong",
    [
        {"best_j": math.nan},
        {"best_j": math.inf},
        {"best_j": 1.0, "half_j": -1.0},
        {"best_j": 1.0, "bias_j": math.nan},
        {"best_j": None},
        {"best_j": 1.0, "quality": "missing"},
        {"best_j": 1.0, "quality": "good"},
    ],
)
def test_what_is_no_energy_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        Energy(**wrong)  # type: ignore[arg-type]
