"""Snapshots go over the wire and come back the same; other bytes are refused; unknown values are absent as metrics."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impact_tracker.exporter.families import METRICS, families_of
from impact_tracker.exporter.snapshot import (
    KINDS,
    LONGEST_REASON,
    ROLES,
    ChannelNow,
    ClockNow,
    HealthNow,
    LostChannel,
    MachineNow,
    SensorNow,
    Snapshot,
    decoded,
    encoded,
)
from impact_tracker.interop.metric_text import Kind, metric_text
from impact_tracker.values import QUALITIES

numbers = st.floats(0, 1e12, allow_nan=False)
counts = st.integers(0, 2**40)
names = st.text(max_size=40)
sensors = st.builds(SensorNow, st.sampled_from(KINDS), st.sampled_from(QUALITIES), numbers, numbers, numbers)
clocks = st.builds(ClockNow, names, numbers, counts, st.none() | counts, numbers)
channels = st.builds(
    ChannelNow,
    names,
    names,
    names,
    names,
    st.sampled_from(ROLES),
    st.sampled_from(QUALITIES),
    numbers,
    st.none() | numbers,
    counts,
    st.none() | numbers,
    sensors,
)
machines = st.builds(
    MachineNow, st.sampled_from(QUALITIES), st.booleans(), numbers, *[st.none() | numbers for _ in range(3)]
)
losses = st.builds(
    LostChannel,
    *[names] * 4,
    st.sampled_from(["stale", "missing"]),
    numbers,
    st.text(max_size=LONGEST_REASON),
    sensors,
)
snapshots = st.builds(
    Snapshot,
    numbers,
    numbers,
    clocks,
    st.lists(channels, max_size=5, unique_by=lambda channel: channel.id).map(tuple),
    st.none() | machines,
    st.dictionaries(names, st.booleans(), max_size=4),
    st.builds(HealthNow, counts, counts, counts, counts, numbers),
    st.lists(losses, max_size=3, unique_by=lambda channel: channel.id).map(tuple),
)


@given(snapshots)
def test_a_snapshot_comes_back_as_it_was(snapshot: Snapshot) -> None:
    assert decoded(encoded(snapshot)) == snapshot


@given(
    st.binary(max_size=200) | st.recursive(st.none() | st.text() | numbers, st.lists).map(json.dumps).map(str.encode)
)
def test_other_bytes_are_no_snapshot(line: bytes) -> None:
    with pytest.raises(ValueError, match="no snapshot"):
        decoded(line)


@given(snapshots, st.data())
def test_a_snapshot_with_a_field_of_another_kind_is_refused(snapshot: Snapshot, data: st.DataObject) -> None:
    document = json.loads(encoded(snapshot))
    name = data.draw(st.sampled_from(sorted(document)))
    if name != "lost" and data.draw(st.booleans()):
        del document[name]
    else:
        document[name] = data.draw(st.sampled_from(["x", [1], True]))
    with pytest.raises(ValueError, match="no snapshot"):
        decoded(json.dumps(document).encode())


@given(snapshots)
def test_a_service_of_before_the_losses_is_understood_and_a_client_of_then_understands(snapshot: Snapshot) -> None:
    document = json.loads(encoded(snapshot))
    # A client of then takes the fields that it knows by their names, of the version that it asks for.
    assert document["version"] == 2
    known = {"version", "began_unix_s", "taken_unix_s", "clock", "channels", "machine", "sources_up", "health"}
    assert set(document) - known == {"lost"}
    del document["lost"]
    assert decoded(json.dumps(document).encode()) == replace(snapshot, lost=())
    document["a_field_to_come"] = [1]
    assert decoded(json.dumps(document).encode()) == replace(snapshot, lost=())


def test_depth_and_infinities_are_refused() -> None:
    for line in (b"[" * 100_000, b'{"version":2,"began_unix_s":Infinity}', b'{"version":1}'):
        with pytest.raises(ValueError, match="no snapshot"):
            decoded(line)


@given(snapshots)
def test_the_metrics_of_any_snapshot_parse_and_are_what_it_says(snapshot: Snapshot) -> None:
    """By the parsers of prometheus_client, in both formats; what is `None` has no sample."""
    prometheus = pytest.importorskip("prometheus_client.parser")
    strict = pytest.importorskip("prometheus_client.openmetrics.parser")
    families = families_of(snapshot)
    for open_metrics, parser in ((True, strict), (False, prometheus)):
        samples = [
            sample
            for family in parser.text_string_to_metric_families(metric_text(families, open_metrics=open_metrics))
            for sample in family.samples
        ]
        energies = {s.labels["channel"]: s.value for s in samples if s.name == "impact_energy_joules_total"}
        powers = {s.labels["channel"]: s.value for s in samples if s.name == "impact_power_watts"}
        assert energies == {channel.id: channel.energy_j for channel in snapshot.channels}
        assert powers == {c.id: c.power_w for c in snapshot.channels if c.power_w is not None}
        machine = [s.value for s in samples if s.name == "impact_machine_power_watts"]
        known = snapshot.machine is not None and snapshot.machine.power_w is not None
        assert len(machine) == known
        assert {
            s.labels["source"]: bool(s.value) for s in samples if s.name == "impact_source_up"
        } == snapshot.sources_up


def test_without_a_snapshot_nothing_is_told_but_that() -> None:
    assert [line for line in metric_text(families_of(None)).splitlines() if line[0] != "#"] == ["impact_reader_up 0.0"]


def test_names_follow_the_rules_of_openmetrics() -> None:
    for metric in METRICS:
        assert metric.kind in get_args(Kind)
        assert not metric.name.endswith("_total")
        assert not metric.unit or metric.name.endswith(f"_{metric.unit}")
