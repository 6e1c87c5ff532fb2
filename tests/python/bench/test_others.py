"""What other programs took is known in short phases too, and no row counts in which it was a quarter."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from impact_tracker.bench import Settings
from impact_tracker.bench.judge.checks import Rules, judge
from impact_tracker.bench.row.row import Circumstances, Facts, Key, Measured, Row
from impact_tracker.runner import Taken, others_cpus, taken_by


def row_of(seconds: float, own: float, others: float | None, load: float | None = None) -> Row:
    row = Row(Key("small-cnn.r1", "inference", 1, 1), "ok", facts=Facts(test="small-cnn", model="small-cnn"))
    around = Circumstances(worker_cpus=own, others_cpus=others, cpus=2)
    return replace(row, around=around, measured=Measured(region_s=seconds, cpu_utilisation=load))


def alone(row: Row) -> bool | None:
    """Whether the worker was alone; `None` where that is not judged. Mode quick alone is asked."""
    verdict = judge(row, {}, Rules(Settings(mode="quick"), False))
    alone = [check.ok for check in verdict.checks if check.name == "alone"]
    assert (False in alone) == any("other programs" in text for text in (*verdict.invalid, *verdict.warnings))
    return alone[0] if alone else None


def test_a_quick_row_in_which_others_took_more_than_a_quarter_is_invalid() -> None:
    verdict = judge(row_of(1.0, 1.2, 0.8), {}, Rules(Settings(mode="quick"), False))
    assert any("2.0 processors were busy, the worker kept 1.2" in text for text in verdict.invalid)
    assert alone(row_of(1.0, 1.9, 0.1)) is True


def test_what_is_too_short_or_not_known_is_not_judged() -> None:
    assert alone(row_of(0.2, 1.0, 1.0)) is None
    assert alone(row_of(1.0, 1.0, None)) is None


def test_in_a_long_phase_the_load_tells() -> None:
    assert alone(row_of(60.0, 1.0, None, load=1.9)) is False
    assert alone(row_of(60.0, 1.0, 5.0, load=1.1)) is True


def test_others_by_the_kernel_s_sums(tmp_path: Path) -> None:
    ticks = os.sysconf("SC_CLK_TCK")
    before = Taken(10.0, 100.0, 5.0)
    assert others_cpus(before, Taken(12.0, 103.0, 6.5)) == pytest.approx(0.75)
    assert others_cpus(before, Taken(12.0, 101.0, 6.5)) == 0.0  # sums are not of one moment
    assert others_cpus(None, before) is None
    (tmp_path / "proc/7").mkdir(parents=True)
    (tmp_path / "proc/7/stat").write_text("7 (a b) S " + "0 " * 10 + f"{2 * ticks} {ticks} 0 0")
    (tmp_path / "proc/stat").write_text(f"cpu  {10 * ticks} 0 {ticks} {99 * ticks} 5 0 {ticks} 0 0 0\ncpu0 1 2 3\n")
    taken = taken_by(7, str(tmp_path))
    assert taken is not None
    assert (taken.machine_s, taken.process_s) == (12.0, 3.0)
    assert taken_by(8, str(tmp_path)) is None
    (tmp_path / "proc/stat").write_text("nothing")
    assert taken_by(7, str(tmp_path)) is None
