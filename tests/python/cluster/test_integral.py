"""The integral of a power series: against sums by hand and against exact curves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impact_tracker.cluster.integral import NS, integral_of


def series(*pairs: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    times, values = zip(*pairs)
    return (np.array(times) * NS).astype(np.int64), np.array(values, dtype=float)


def ns(*seconds: float) -> np.ndarray:
    return (np.array(seconds) * NS).astype(np.int64)


def test_a_line_is_integrated_exactly_between_any_times() -> None:
    summed = integral_of(*series((0, 0.0), (10, 100.0), (20, 200.0)))
    assert summed is not None
    energy, seconds, _ = summed.at(ns(0, 2.5, 15, 20, 99))
    assert energy == pytest.approx([0.0, 31.25, 1125.0, 2000.0, 2000.0])
    assert seconds == pytest.approx([0, 2.5, 15, 20, 20])


def test_hold_takes_the_earlier_value() -> None:
    summed = integral_of(*series((0, 100.0), (10, 300.0), (20, 0.0)), mode="hold")
    assert summed is not None
    assert summed.at(ns(5, 12, 20))[0] == pytest.approx([500, 1600, 4000])


def test_a_gap_of_more_than_three_periods_is_not_covered() -> None:
    times = [0, 1, 2, 3, 6, 7, 8, 12, 13]  # 3 periods from 3 to 6: covered; 4 from 8 to 12: not
    summed = integral_of(*series(*((time, 10.0) for time in times)))
    assert summed is not None
    assert summed.total_j == pytest.approx(90.0)
    energy, seconds, _ = summed.at(ns(8, 10, 12, 13))
    assert energy == pytest.approx([80, 80, 80, 90])
    assert seconds == pytest.approx([8, 8, 8, 9])


def test_values_that_are_no_power_leave_a_hole() -> None:
    values = [10.0] * 20
    values[4], values[5], values[6], values[7] = -1.0, float("nan"), 2.0**64, float("inf")
    summed = integral_of(*series(*enumerate(values)), highest_w=1e4)
    assert summed is not None
    assert summed.refused == 4
    assert summed.total_j == pytest.approx(140.0)  # 19 s less the hole of 5 s


def test_of_two_readings_of_one_time_the_last_counts_in_any_order() -> None:
    summed = integral_of(*series((2, 10.0), (0, 10.0), (1, 99.0), (1, 10.0), (3, 10.0)))
    assert summed is not None
    assert (summed.doubled, summed.total_j) == (1, pytest.approx(30.0))


def test_a_counter_keeps_what_it_measured_across_a_gap_apart() -> None:
    summed = integral_of(
        *series((0, 100.0), (1, 110.0), (2, 120.0), (3, 130.0), (10, 900.0), (11, 910.0)), kind="energy"
    )
    assert summed is not None
    assert summed.total_j == pytest.approx(40.0)
    assert summed.across_total_j == pytest.approx(770.0)
    assert summed.at(ns(0.5, 5, 10.5))[0] == pytest.approx([5, 30, 35])
    assert summed.at(ns(0.5, 5, 10.5))[2] == pytest.approx([0, 0, 770])


def test_a_counter_that_begins_anew_gives_nothing_for_that_step() -> None:
    summed = integral_of(*series((0, 100.0), (1, 110.0), (2, 3.0), (3, 13.0)), kind="energy", highest_w=1e4)
    assert summed is not None
    assert summed.total_j == pytest.approx(20.0)


def test_one_reading_is_no_series() -> None:
    assert integral_of(*series((0, 1.0))) is None
    assert integral_of(*series((0, 1.0), (1, float("nan")))) is None
    with pytest.raises(ValueError, match="trapezoid or hold"):
        integral_of(*series((0, 1.0), (1, 1.0)), mode="simpson")


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["trapezoid", "hold"]), st.integers(2, 40))
def test_parts_add_up_to_the_total_wherever_it_is_cut(seed: int, mode: str, cuts: int) -> None:
    draw = np.random.default_rng(seed)
    times = np.cumsum(draw.choice([1.0, 1.0, 1.0, 2.0, 3.0, 7.0], 300)) * 1.0
    values = draw.uniform(0, 500, 300)
    summed = integral_of((times * NS).astype(np.int64), values, mode=mode)
    assert summed is not None
    inner = draw.uniform(times[0], times[-1], cuts)
    bounds = ns(*np.sort(np.concatenate(([times[0]], inner, [times[-1]]))))
    energy, seconds, _ = summed.at(bounds)
    assert np.diff(energy).sum() == pytest.approx(summed.total_j, rel=1e-12)
    assert (np.diff(energy) >= -1e-9).all() and (np.diff(seconds) >= 0).all()
    steps = np.diff(times)
    covered = steps <= 3 * np.median(steps) + 1e-5
    assert seconds[-1] == pytest.approx(steps[covered].sum())
    heights = 0.5 * (values[1:] + values[:-1]) if mode == "trapezoid" else values[:-1]
    assert summed.total_j == pytest.approx((steps * heights)[covered].sum(), rel=1e-12)
