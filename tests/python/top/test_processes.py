"""Processes from a /proc of our own, and the division of a power among them."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impact_tracker.live.processes import ProcessTable, ProcessUse, divided, parse_stat


def put(root: Path, pid: int, ticks: int, *, command: str = "train", started: int = 7, group: str = "/job_12") -> None:
    place = root / "proc" / str(pid)
    place.mkdir(parents=True, exist_ok=True)
    fields = ["S", *["0"] * 10, str(ticks), "0", *["0"] * 6, str(started), "0", "0"]
    (place / "stat").write_text(f"{pid} ({command}) {' '.join(fields)}\n")
    (place / "cgroup").write_text(f"0::{group}\n")


def test_a_look_tells_what_was_used_since_the_one_before(tmp_path: Path) -> None:
    put(tmp_path, 10, 500)
    put(tmp_path, 11, 40, command="a (b) c")
    table = ProcessTable(str(tmp_path))
    assert all(use.cpu_s == 0 for use in table.look())
    put(tmp_path, 10, 550)
    put(tmp_path, 12, 30)  # began since
    uses = {use.pid: use for use in table.look()}
    assert uses[10].cpu_s == pytest.approx(0.5)
    assert uses[11].cpu_s == 0 and uses[11].command == "a (b) c"
    assert uses[12].cpu_s == pytest.approx(0.3)
    assert uses[10].group == "job_12"


def test_another_process_of_the_same_number_is_another(tmp_path: Path) -> None:
    put(tmp_path, 10, 500)
    table = ProcessTable(str(tmp_path))
    table.look()
    put(tmp_path, 10, 20, started=9)
    (use,) = table.look()
    assert use.cpu_s == pytest.approx(0.2)


@pytest.mark.parametrize("text", [b"", b"10", b"10 (x) S", b"10 (x) " + b"a " * 30, b")("])
def test_no_line_of_stat(text: bytes) -> None:
    assert parse_stat(text) is None


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(text: bytes) -> None:
    parse_stat(text)


used = st.lists(st.floats(1e-9, 100) | st.just(0.0), min_size=1, max_size=20)


@given(seconds=used, watts=st.floats(0, 1000), busy_s=st.none() | st.floats(0, 1000))
def test_the_parts_are_no_more_than_the_power(seconds: list[float], watts: float, busy_s: float | None) -> None:
    uses = [ProcessUse(number, "x", 0, cpu_s) for number, cpu_s in enumerate(seconds)]
    parts = [use.watts for use in divided(uses, watts, busy_s)]
    if sum(seconds) == 0 and not busy_s:
        assert parts == [None] * len(parts)
    else:
        total = math.fsum(part for part in parts if part is not None)
        assert total <= watts * (1 + 1e-9)
        if busy_s is None:
            assert total == pytest.approx(watts)


def test_an_unknown_power_is_nobodys() -> None:
    assert [use.watts for use in divided([ProcessUse(1, "x", 0, 1.0)], None, None)] == [None]
