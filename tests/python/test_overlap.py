"""What overlaps: random sets of spans are grouped so that no two groups share a machine's time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from impact_tracker.overlap import MachineSpan, groups

moments = st.integers(0, 20)
lengths = st.integers(1, 10)
spans = st.builds(
    lambda machine, start, length, scope: MachineSpan(machine, start, start + length, scope),
    st.sampled_from("ab"),
    moments,
    lengths,
    st.sampled_from(["machine", "machine", "process"]),
)


def seconds_of(span: MachineSpan) -> set[tuple[str, int]]:
    return {(span.machine, second) for second in range(*span.times)}


@given(st.lists(spans, max_size=10))
def test_groups_share_no_time_of_a_machine(chosen: list[MachineSpan]) -> None:
    joined = groups(chosen)
    assert sorted(index for group in joined for index in group) == list(range(len(chosen)))
    machines = [group for group in joined if chosen[group[0]].scope == "machine"]
    times = [set().union(*(seconds_of(chosen[index]) for index in group)) for group in machines]
    assert sum(map(len, times)) == len(set().union(*times))
    assert all(len(group) == 1 for group in joined if chosen[group[0]].scope == "process")


def test_a_span_without_a_time_may_overlap_with_all_of_its_machine() -> None:
    assert groups([MachineSpan("m"), MachineSpan("n", 0, 1), MachineSpan("m", 0, 1)]) == [[0, 2], [1]]
