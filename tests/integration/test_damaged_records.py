"""Records whose lines were torn, doubled or written into by another program are read as far as they can be."""

from __future__ import annotations

import itertools
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from impact_tracker import ImpactTracker, Record
from impact_tracker.cli import main


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    with ImpactTracker(tmp_path_factory.mktemp("good"), interval_s=0.01) as tracker:
        for name in ("a", "b", "c"):
            with tracker.region(name):
                time.sleep(0.1)
    return Path(tracker.path).read_bytes().splitlines(keepends=True)


def record(folder: Path, lines: list[bytes]) -> Record:
    path = folder / "impacttracker" / "20260102T030405.000001Z-4711-0001.jsonl"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"".join(lines))
    return Record(path)


@pytest.mark.parametrize("foreign", [b"not JSON\n", b'{"loss": [0.1, 0.2]}\n', b"caf\xe9\n", b"\n"])
def test_a_foreign_line_anywhere_changes_no_number(tmp_path: Path, lines: list[bytes], foreign: bytes) -> None:
    good = record(tmp_path, lines)
    for at in range(1, len(lines) + 1):
        damaged = record(tmp_path, [*lines[:at], foreign, *lines[at:]])
        assert damaged.result.energy_j == good.result.energy_j
        assert [region.energy_j for region in damaged.regions] == [region.energy_j for region in good.regions]
        assert (damaged.damage is None) == (foreign == b"\n")
        assert damaged.damage is None or "1 line was passed over" in damaged.damage


@pytest.mark.parametrize("seed", range(60))
def test_whatever_is_torn_the_sum_is_never_negative_nor_too_large(
    tmp_path: Path, lines: list[bytes], seed: int
) -> None:
    good = record(tmp_path, lines).result
    chance = random.Random(seed)
    harmed = list(lines)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(1, len(harmed))
        line = harmed[at]
        cut = chance.randrange(max(1, len(line)))  # it may be gone already
        harmed[at] = chance.choice(
            [line[:cut], line[:cut] + b"\n", line[cut:], b"\0" * len(line), b"\0" * len(line) + b"\n", b"", b"x" + line]
        )
    damaged = record(tmp_path, harmed)
    for result in (damaged.result, *damaged.regions):
        assert result.energy_j is None or 0 <= result.energy_j <= 1.05 * (good.energy_j or 0.0)


def test_a_mark_that_stands_twice_is_one(tmp_path: Path, lines: list[bytes]) -> None:
    good = record(tmp_path, lines)
    marks_twice = [[line, line] if line.startswith(b"{") else [line] for line in lines[1:]]
    doubled = record(tmp_path, [lines[0], *itertools.chain(*marks_twice)])
    assert [region.energy_j for region in doubled.regions] == [region.energy_j for region in good.regions]
    assert doubled.result.energy_j == good.result.energy_j


def test_a_run_whose_start_is_torn_begins_at_its_first_reading(tmp_path: Path, lines: list[bytes]) -> None:
    start = next(number for number, line in enumerate(lines) if b'"enter","r":0' in line)
    damaged = record(tmp_path, [*lines[:start], b'{"m":"enter","r":0\n', *lines[start + 1 :]])
    assert damaged.started
    assert (damaged.result.energy_j or 0.0) > 0


def test_a_run_killed_at_once_was_started(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = (
        "import os, signal, sys\n"
        "from impact_tracker import ImpactTracker\n"
        "ImpactTracker(sys.argv[1]).start()\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    killed = subprocess.run(
        [sys.executable, "-c", program, tmp_path], env=environment, check=False, capture_output=True, timeout=60
    )
    assert killed.returncode == -signal.SIGKILL
    assert main(["report", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert "ends early" in shown
    (path,) = (tmp_path / "impacttracker").iterdir()
    record = Record(path)
    assert record.started
    if record.result.duration_s > 0:
        assert (record.result.energy_j or 0.0) >= 0
    else:  # nothing was read after its begin: that is no energy of 0
        assert record.result.energy_j is None and record.result.quality == "missing"
        assert "energy not measured" in shown and "it ended before its first reading" in shown
