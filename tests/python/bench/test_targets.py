"""What a target takes is read off between the evaluations, and follows the course and not where an epoch ends."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impact_tracker.bench.analyse.targets import last_part


def test_the_part_of_the_last_epoch_by_the_straight_line() -> None:
    assert last_part([0.5, 0.7, 0.9], 0.8) == pytest.approx(0.5)
    assert last_part([2.0, 1.0], 1.25) == pytest.approx(0.75)  # a loss falls
    assert last_part([0.5, 0.9], 0.9) == 1.0


@pytest.mark.parametrize("values", [[], [0.9], [0.9, 0.9], [None, 0.9], [math.nan, 0.9], [0.5, None]])
def test_where_there_is_no_line_it_is_the_epoch(values: list[float | None]) -> None:
    assert last_part(values, 0.8) == 1.0


def test_without_a_target_it_is_the_epoch() -> None:
    assert last_part([0.5, 0.9], None) == 1.0


def test_half_a_per_cent_does_not_cost_an_epoch() -> None:
    """One run just misses at an evaluation, another just gets there: they differ by little."""
    missed = 1 + last_part([0.5, 0.899, 0.95], 0.9) + 1
    reached = 1 + last_part([0.5, 0.901], 0.9)
    assert missed - reached < 0.05


@given(before=st.floats(0.0, 0.799), at=st.floats(0.8, 1.0))
def test_it_is_a_part(before: float, at: float) -> None:
    assert 0.0 < last_part([before, at], 0.8) <= 1.0
