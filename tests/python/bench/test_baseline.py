"""The idle machine before and after: rows are held against both, by when they ran."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impact_tracker.bench import Campaign, Settings
from impact_tracker.bench.judge.baseline import Level, levels_at, powers
from impact_tracker.bench.row.storage import Storage
from impact_tracker.bench.show.view import View, read
from python import fake_core
from python.bench import flat as lines
from python.bench.flat import flat, row_of
from python.bench.stand_ins import Worker, Workers, idle

WATTS = st.floats(0.1, 1e4)


def at(begin_s: float, power_w: float, seconds: float = 10.0, **more: Any) -> dict[str, Any]:
    """A row of that mean power."""
    energy = power_w * seconds
    sources = [{"id": "rapl", "device": "cpu:0", "energy_j": energy}]
    times = {"start_ns": int(begin_s * 1e9), "stop_ns": int((begin_s + seconds) * 1e9)}
    return {"region_s": seconds, "energy_j": energy, "sources": sources, **times, **more}


def levels(row: dict[str, Any], before: dict[str, Any] | None, after: dict[str, Any] | None) -> dict[str, Level]:
    ends = [None if end is None else row_of(end) for end in (before, after)]
    return levels_at(row_of(row), *ends)


def test_by_when_a_row_ran_between_them() -> None:
    before, after = at(0, 40.0), at(100, 60.0)
    for begin, expected in ((0, 40.0), (25, 45.0), (50, 50.0), (100, 60.0), (500, 60.0)):
        idle_powers = levels(at(begin, 90.0), before, after)
        assert idle_powers[""] == (pytest.approx(expected), pytest.approx(40.0), pytest.approx(60.0))
        assert idle_powers["cpu"] == idle_powers[""]


def test_half_way_where_no_times_are_known() -> None:
    row = {**at(25, 90.0), "start_ns": None}
    assert levels(row, at(0, 40.0), at(100, 60.0))[""].power_w == pytest.approx(50.0)
    assert levels(at(25, 90.0), at(100, 40.0), at(0, 60.0))[""].power_w == pytest.approx(50.0)  # of another start


def test_one_alone_says_nothing_of_its_change() -> None:
    row = at(25, 90.0)
    assert levels(row, at(0, 40.0), None)[""] == Level(pytest.approx(40.0), None, None)
    assert levels(row, None, at(100, 60.0))[""] == Level(pytest.approx(60.0), None, None)
    assert levels(row, None, None) == {}
    assert levels(row, {"region_s": None}, at(100, 60.0))[""].power_w == pytest.approx(60.0)
    # A sum without a sensor that spoke else is another sum.
    assert levels(row, at(0, 40.0), at(100, 20.0, silent=["nvml"]))[""] == Level(pytest.approx(40.0))


@given(WATTS, WATTS, st.floats(0, 1000), WATTS)
def test_a_level_lies_between_the_baselines(first: float, last: float, begin: float, power: float) -> None:
    level = levels(at(begin, power), at(0, first), at(1000, last))[""]
    assert level.low_w is not None
    assert level.high_w is not None
    assert level.low_w * (1 - 1e-9) <= level.power_w <= level.high_w * (1 + 1e-9)
    assert (level.low_w, level.high_w) == pytest.approx((min(first, last), max(first, last)))


def judged(power_w: float, before_w: float, after_w: float | None, device: str = "cpu") -> dict[str, Any]:
    row = at(45, power_w, status="ok", phase="training", device=device, precision="fp32")
    after = None if after_w is None else at(90, after_w)
    return lines.judged(row, Settings(device=device), levels(row, at(0, before_w), after))


def test_what_is_above_idle_has_the_range_of_both() -> None:
    row = judged(100.0, 40.0, 60.0)
    above_idle_j = (row["above_idle_j"], row["above_idle_low_j"], row["above_idle_high_j"])
    assert above_idle_j == pytest.approx((500.0, 400.0, 600.0))
    assert (row["idle_w"], row["idle_baselines"]) == (pytest.approx(50.0), "before and after")
    alone = judged(100.0, 40.0, None)
    assert alone["above_idle_j"] == pytest.approx(600.0)
    assert (alone["above_idle_low_j"], alone["above_idle_high_j"], alone["idle_baselines"]) == (None, None, "one")


def test_power_against_both() -> None:
    assert judged(100.0, 40.0, 60.0)["invalid"] == []
    (reason,) = judged(50.5, 40.0, 60.0)["invalid"]
    assert reason.startswith("the processors' power, 50.5 W, is not above that of the idle machine, 50.0 W")
    between = judged(58.0, 40.0, 60.0)
    assert between["invalid"] == []
    assert "58.0 W, is no more than the idle machine's of before or after, 40.0 to 60.0 W" in between["warnings"][0]
    # Somebody else's load in the first baseline: by that alone the row would not count.
    assert judged(58.0, 70.0, None)["invalid"] != []
    assert judged(58.0, 70.0, 30.0)["invalid"] == []


@given(WATTS, WATTS, WATTS)
def test_energy_above_idle_lies_in_its_range(power: float, first: float, last: float) -> None:
    row = judged(power, first, last)
    slack = 1e-9 * row["energy_j"] + 1e-6
    assert row["above_idle_low_j"] - slack <= row["above_idle_j"] <= row["above_idle_high_j"] + slack
    assert row["above_idle_high_j"] - row["above_idle_low_j"] == pytest.approx(
        abs(first - last) * 10, rel=1e-6, abs=1e-3
    )


SETTINGS = Settings(images=100, test_images=100, models=("small-cnn",), repeats=2)


def warmer(seconds: float) -> None:
    """The idle machine draws 45 W (memory included), and once the first task has run 10 W more."""
    machine = fake_core.machine
    if machine.now_ns > BEGIN_NS + int(3e9):
        busy, machine.power_w = machine.power_w, 50.0
        machine.advance(seconds)
        machine.power_w = busy
    else:
        idle(seconds)


BEGIN_NS = 0


def ran(folder: Path, workers: Workers, **how: Any) -> View:
    global BEGIN_NS
    BEGIN_NS = fake_core.machine.now_ns
    Campaign.create(folder, SETTINGS, open_worker=workers, sleep=warmer, **how).run(quiet=True)
    return read(folder)


def test_a_campaign_holds_its_rows_against_both(machine: fake_core.Machine, tmp_path: Path) -> None:
    view = ran(tmp_path / "a", Workers())
    idle_rows = [row for row in flat(view) if row["phase"] == "idle"]
    first, last = (powers(row_of(row))[""] for row in idle_rows)
    assert (first, last) == (pytest.approx(45.0), pytest.approx(55.0))
    rows = [row for row in flat(view) if row["phase"] == "training"]
    assert {row["idle_baselines"] for row in rows} == {"before and after"}
    levels = [row["idle_w"] for row in sorted(rows, key=lambda row: row["start_ns"])]
    assert 45.0 < levels[0] < levels[1] < 55.0
    assert not any("no idle baseline" in note for note in view.caveats)
    assert any("drew 45.0 W before the session and 55.0 W after it" in note for note in view.caveats)
    size = (tmp_path / "a/rows.jsonl").stat().st_size
    Campaign.resume(tmp_path / "a", open_worker=Workers(), sleep=idle).run(quiet=True)
    assert (tmp_path / "a/rows.jsonl").stat().st_size == size  # nothing is written a third time


def test_a_session_that_was_ended_has_none_after_it_and_says_so(machine: fake_core.Machine, tmp_path: Path) -> None:
    workers = Workers()
    loads = 0

    def end(worker: Worker, command: str) -> None:
        nonlocal loads
        loads += command == "load"
        if loads == 3:  # the first looked at the machine
            raise KeyboardInterrupt

    workers.before = end
    with pytest.raises(KeyboardInterrupt):
        ran(tmp_path / "a", workers)
    view = read(tmp_path / "a")
    (training,) = (row for row in flat(view) if row["phase"] == "training")
    assert training["idle_baselines"] == "one"
    missing = "session 1 has no idle baseline after its tests: energies above idle are held against the other one alone"
    assert any(note.startswith(missing) for note in view.caveats)
    with Storage(tmp_path / "a"):  # while a driver is at work the baseline is yet to come
        busy = read(tmp_path / "a")
        if busy.storage.driver() is not None:
            assert not any("no idle baseline" in note for note in busy.caveats)
    workers.before = lambda worker, command: None
    Campaign.resume(tmp_path / "a", open_worker=workers, sleep=idle).run(quiet=True)
    baselines = {row["task"]: row["idle_baselines"] for row in flat(read(tmp_path / "a")) if row["phase"] == "training"}
    assert sorted(baselines.values()) == ["before and after", "one"]
    assert any(note.startswith(missing) for note in read(tmp_path / "a").caveats)
