"""What overlaps: random sets of spans on machines whose power is known; the sum must be the energy of the union."""

from __future__ import annotations

import math
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impact_tracker.overlap import MachineSpan, counted, fewest, groups
from impact_tracker.values import Energy, total

pytestmark = pytest.mark.filterwarnings("error")


class Case(NamedTuple):
    """Spans of one machine, whose mean power is that of each second in `watts`."""

    watts: list[int]
    spans: list[MachineSpan]

    def energy_of(self, seconds: set[int]) -> float:
        return math.fsum(self.watts[second] for second in seconds)

    def energies(self) -> list[Energy]:
        return [Energy(self.energy_of(set(range(*span.times))), half_j=0.0) for span in self.spans]

    def union(self) -> float:
        return self.energy_of({second for span in self.spans for second in range(*span.times)})


SECONDS = 16
powers = st.integers(0, 1000)


@st.composite
def any_spans(draw: st.DrawFn, constant: bool) -> Case:
    pairs = st.tuples(st.integers(0, SECONDS), st.integers(0, SECONDS)).filter(lambda pair: pair[0] < pair[1])
    chosen = draw(st.lists(pairs, min_size=1, max_size=8))
    watts = [draw(powers)] * SECONDS if constant else draw(st.lists(powers, min_size=SECONDS, max_size=SECONDS))
    return Case(watts, [MachineSpan("m", start, stop) for start, stop in chosen])


@st.composite
def nestings(draw: st.DrawFn) -> Case:
    """Regions within regions: two spans either lie one within the other or apart; some stand there twice."""

    def within(start: int, stop: int, depth: int) -> list[tuple[int, int]]:
        edges = sorted(draw(st.sets(st.integers(start, stop), max_size=5)))
        inner = list(zip(edges[::2], edges[1::2]))
        return inner + [pair for low, high in inner if depth for pair in within(low, high, depth - 1)]

    pairs = within(0, SECONDS, 3) or [(0, 1)]
    pairs += draw(st.lists(st.sampled_from(pairs), max_size=4))
    watts = draw(st.lists(powers, min_size=SECONDS, max_size=SECONDS))
    return Case(watts, [MachineSpan("m", start, stop) for start, stop in draw(st.permutations(pairs))])


def energy_of(case: Case) -> Energy:
    energies = case.energies()
    return total(
        counted([case.spans[index] for index in group], [energies[index] for index in group])[0]
        for group in groups(case.spans)
    )


@given(nestings())
def test_the_sum_of_nestings_is_the_union(case: Case) -> None:
    energy = energy_of(case)
    assert energy.best_j == pytest.approx(case.union(), rel=1e-9, abs=1e-6)
    assert not energy.partial


@given(any_spans(constant=True))
def test_the_sum_under_a_constant_power_is_the_union(case: Case) -> None:
    assert energy_of(case).best_j == pytest.approx(case.union(), rel=1e-9, abs=1e-6)


def test_a_stated_energy_above_the_union_s_best_keeps_what_the_others_hold() -> None:
    watts = [1, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0]
    case = Case(watts, [MachineSpan("m", 0, 3), MachineSpan("m", 1, 12), MachineSpan("m", 2, 13)])
    energy = energy_of(case)  # the second alone states 7 of the 8 J
    assert energy.best_j is not None and energy.half_j is not None
    assert energy.best_j - energy.half_j <= case.union() <= energy.best_j + energy.half_j


@given(any_spans(constant=False))
def test_the_union_lies_within_what_is_stated_of_the_sum(case: Case) -> None:
    energy, energies = energy_of(case), case.energies()
    assert energy.best_j is not None
    assert abs(energy.best_j - case.union()) <= (energy.half_j or 0.0) + 1e-6 + 1e-9 * case.union()
    largest = max(each.best_j or 0.0 for each in energies)
    assert largest - 1e-6 <= energy.best_j <= math.fsum(each.best_j or 0.0 for each in energies) + 1e-6


@given(any_spans(constant=False))
def test_the_fewest_spans_cover_what_all_do(case: Case) -> None:
    chosen = [set(range(*case.spans[index].times)) for index in fewest(case.spans, range(len(case.spans)))]
    assert set().union(*chosen) == {second for span in case.spans for second in range(*span.times)}
    assert all(not first & third for first, third in zip(chosen, chosen[2:]))


@given(st.lists(any_spans(constant=False), min_size=1, max_size=3), st.booleans())
def test_machines_add_up_and_shares_of_processes_too(cases: list[Case], shares: bool) -> None:
    spans = [
        MachineSpan(f"m{number}", *span.times, "process" if shares else "machine")
        for number, case in enumerate(cases)
        for span in case.spans
    ]
    energies = [energy for case in cases for energy in case.energies()]
    joined = groups(spans)
    assert sorted(index for group in joined for index in group) == list(range(len(spans)))
    assert all(len({spans[index].machine for index in group}) == 1 for group in joined)
    sums = [counted([spans[i] for i in group], [energies[i] for i in group])[0] for group in joined]
    expected = energies if shares else [energy_of(case) for case in cases]
    assert total(sums).best_j == pytest.approx(total(expected).best_j, abs=1e-6)


def test_without_a_time_the_largest_counts() -> None:
    spans = [
        MachineSpan("m", is_certain=False),
        MachineSpan("m", is_certain=False),
        MachineSpan("m", 0, 10, is_certain=False),
    ]
    assert groups(spans) == [[0, 1, 2]]
    energy, parts = counted(spans, [Energy(5.0), Energy(7.0), Energy(6.0)])
    assert (energy.best_j, list(parts), energy.partial) == (7.0, [1], True)


def test_what_was_not_measured_is_left_out_and_said() -> None:
    spans = [MachineSpan("m", 0, 10), MachineSpan("m", 0, 5)]
    energy, parts = counted(spans, [Energy.missing(), Energy(5.0)])
    assert (energy.best_j, list(parts), energy.partial) == (5.0, [1], True)
    assert counted(spans, [Energy.missing(), Energy.missing()])[0].is_missing


def test_a_meter_of_the_whole_within_one_of_a_part_counts_alone() -> None:
    energy, parts = counted([MachineSpan("m", 0, 10), MachineSpan("m", 2, 8)], [Energy(5.0), Energy(9.0)])
    assert (energy.best_j, list(parts)) == (9.0, [1])
