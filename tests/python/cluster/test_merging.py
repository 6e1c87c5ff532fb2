"""Readings of one node from several imports: no joule twice, none lost, and never a mixture of two meters."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impact_tracker.cluster import ClusterJob, NodeRating, NodeShare
from impact_tracker.cluster.accounting import account
from impact_tracker.cluster.closing import site_balance
from impact_tracker.cluster.executor import LocalThreads
from impact_tracker.cluster.frames import table_of
from impact_tracker.cluster.importing import import_power
from impact_tracker.cluster.merging import Series, combined, of_one_source
from impact_tracker.cluster.readers.kwollect import KwollectPower
from impact_tracker.cluster.readers.power_files import PowerFile, span_of_everything
from impact_tracker.cluster.readers.web import JsonService
from impact_tracker.cluster.store import PowerStore

S = 10**9
TICKS = range(0, 10_000, 10)


def file(folder: Path, name: str, readings: Sequence[tuple[float, float]]) -> Path:
    place = folder / name
    place.write_text("time,node,value\n" + "".join(f"{time},n,{value}\n" for time, value in readings))
    return place


def imported(folder: Path, *readers: PowerFile) -> tuple[float, float, list[str]]:
    """Joules of the node, those of nobody knows when, and the kinds of what was found."""
    store = PowerStore(folder / "store")
    kinds: list[str] = []
    for reader in readers:
        kinds = [finding.kind for finding in import_power(reader, store, *span_of_everything()).findings]
    jobs = [ClusterJob("a", 1000 * S, 9000 * S, (NodeShare("n", exclusive=True),))]
    ratings = {"n": NodeRating("n", cores=4.0, idle_w=50.0)}
    balance = site_balance(account(table_of(jobs), store, nodes=ratings, executor=LocalThreads(1)))
    return balance.total_j, balance.uncovered_j, kinds


@pytest.mark.parametrize("number", range(4))
def test_an_import_with_the_right_unit_takes_the_place_of_one_with_a_wrong_unit(tmp_path: Path, number: int) -> None:
    """Whatever the names of the files, by which the order of the answers on disk follows."""
    place = file(tmp_path, f"{number}.csv", [(time, 0.2) for time in TICKS])
    joules, _, kinds = imported(tmp_path, PowerFile(place, "W"), PowerFile(place, "kW"))
    assert joules == pytest.approx(200.0 * 9990.0) and kinds == ["disputed_readings"]


def test_a_counter_beside_a_meter_of_power_does_not_double_the_node(tmp_path: Path) -> None:
    power = file(tmp_path, "power.csv", [(time, 200.0) for time in TICKS])
    counter = file(tmp_path, "counter.csv", [(time, 199.0 * (time - 2000)) for time in range(2000, 4000, 7)])
    for readers in (
        [PowerFile(power, "W"), PowerFile(counter, "J")],
        [PowerFile(counter, "J"), PowerFile(power, "W")],
    ):
        folder = tmp_path / str(readers[0].unit)
        joules, uncovered, _ = imported(folder, *readers)
        assert joules == pytest.approx(200.0 * 9990.0, rel=1e-3) and uncovered == 0.0


def test_two_counters_of_one_machine_count_each_second_once(tmp_path: Path) -> None:
    first = file(tmp_path, "first.csv", [(time, 200.0 * time) for time in range(0, 6000, 10)])
    second = file(tmp_path, "second.csv", [(time + 3, 200.0 * (time - 20)) for time in range(20, 10_000, 10)])
    joules, uncovered, kinds = imported(tmp_path, PowerFile(first, "J"), PowerFile(second, "J"))
    assert joules == pytest.approx(200.0 * 9993.0, rel=2e-3) and uncovered == 0.0
    assert kinds == ["disputed_readings"]


def test_a_file_that_has_grown_and_one_in_two_parts_are_one_series(tmp_path: Path) -> None:
    readings = [(time, 100.0 + time % 300) for time in TICKS]
    undivided = imported(tmp_path / "a", PowerFile(file(tmp_path, "whole.csv", readings), "W"))
    grown = file(tmp_path, "grown.csv", readings[:400])
    before = PowerFile(grown, "W")
    imported(tmp_path / "b", before)
    os.utime(file(tmp_path, "grown.csv", readings), ns=(2 * 10**18, 2 * 10**18))
    assert imported(tmp_path / "b", PowerFile(grown, "W")) == undivided
    odd, even = (PowerFile(file(tmp_path, f"{part}.csv", readings[part::2]), "W") for part in (0, 1))
    assert imported(tmp_path / "c", odd, even) == undivided


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.lists(st.tuples(st.integers(0, 900), st.integers(5, 400)), min_size=1, max_size=6))
def test_counters_of_any_runs_have_the_energy_of_the_time_that_they_cover(
    seed: int, runs: list[tuple[int, int]]
) -> None:
    """Each run has a counter of its own, from 0 on, and its own times of reading; the machine draws what it draws."""
    draw = np.random.default_rng(seed)
    truth_w = draw.uniform(50.0, 300.0, 1400)
    truth_j = np.concatenate([[0.0], np.cumsum(truth_w)])
    windows = []
    for begin, length in runs:
        times = begin + np.arange(length) + draw.uniform(0.0, 0.5)
        energy = np.interp(times, np.arange(1401), truth_j)
        windows.append(Series.of("energy", np.round(times * S).astype(np.int64), energy - energy[0]))
    merged = of_one_source("energy", windows)
    grown = np.diff(merged.values)
    counted_j = float(grown[grown > 0.0].sum())
    seconds = {second for begin, length in runs for second in range(begin, begin + length - 1)}
    covered_j = float(sum(truth_w[second] for second in seconds))
    assert counted_j == pytest.approx(covered_j, abs=400.0 * (len(runs) + 1))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["power", "energy"]), st.integers(2, 5))
def test_however_a_series_is_cut_into_imports_it_comes_back(seed: int, kind: str, count: int) -> None:
    draw = np.random.default_rng(seed)
    times = np.cumsum(draw.integers(1, 4, 300)) * S
    values = draw.uniform(100.0, 130.0, 300)
    values = values if kind == "power" else np.cumsum(values)
    sources = []
    for _ in range(count):
        chosen = np.sort(draw.permutation(300)[: int(draw.integers(1, 300))])
        sources.append(Series.of(kind, times[chosen], values[chosen]))
    merged, is_disputed = combined(sources)
    union = Series.of(
        kind,
        np.concatenate([source.times_ns for source in sources]),
        np.concatenate([source.values for source in sources]),
    )
    assert not is_disputed
    assert merged.times_ns.tolist() == union.times_ns.tolist() and merged.values.tolist() == union.values.tolist()


def test_readings_that_are_no_number_are_kept_and_do_not_part_two_series() -> None:
    times = np.arange(100, dtype=np.int64) * S
    holes = np.where(np.arange(100) % 3 == 0, np.nan, 200.0 * np.arange(100))
    merged, is_disputed = combined([Series("energy", times, holes), Series("energy", times + S // 2, holes + 100.0)])
    assert not is_disputed and len(merged.times_ns) == 200


def test_a_window_that_was_cut_off_by_the_time_of_an_import_is_asked_again() -> None:
    """Every day's import ends in the middle of a window: the rest of it is the next day's."""
    reader = KwollectPower(JsonService("http://127.0.0.1:9/sites/nancy"), ("gros-1",))
    today = {window.key for window in reader.windows(0, 15 * 3600 * S)}
    tomorrow = reader.windows(0, 39 * 3600 * S)
    new = [window for window in tomorrow if window.key not in today]
    assert sum(window.end_ns - window.begin_ns for window in tomorrow) == 39 * 3600 * S
    assert min(window.begin_ns for window in new) <= 15 * 3600 * S
