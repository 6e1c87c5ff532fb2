"""Programs that close what they inherited, and programs that begin without standard files."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from impact_tracker import Record

PROGRAM = """
import os, sys, time
from impact_tracker import ImpactTracker
logdir, close = sys.argv[1:]
tracker = ImpactTracker(logdir, interval_s=0.02)
tracker.start()
time.sleep(0.1)
exec(close)
own = [open(f"{logdir}/own-{number}", "w") for number in range(700)]
with tracker.region("after"):
    time.sleep(0.1)
tracker.flush()
time.sleep(1.2)
tracker.stop()
for number, file in enumerate(own):
    file.write("mine")
    file.close()
    assert open(f"{logdir}/own-{number}").read() == "mine", number
os.write(2, repr(tracker.health["write_errors"]).encode())
"""


def ran(tmp_path: Path, close: str) -> str:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    program = subprocess.run(
        [sys.executable, "-c", PROGRAM, tmp_path, close],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert program.returncode == 0, program.stderr
    return program.stderr


def record(tmp_path: Path) -> Record:
    (path,) = (tmp_path / "impacttracker").iterdir()
    return Record(path)


@pytest.mark.parametrize("close", ["os.closerange(3, 256)", "os.closerange(3, 2000)"])
def test_a_program_that_closes_every_descriptor_keeps_its_files_and_its_record(tmp_path: Path, close: str) -> None:
    assert ran(tmp_path, close) == "[]"
    assert record(tmp_path).complete
    assert [region.name for region in record(tmp_path).regions] == ["after"]


def test_a_record_that_was_moved_away_after_its_descriptor_was_closed_is_not_written_elsewhere(tmp_path: Path) -> None:
    close = "os.closerange(3, 2000); os.rename(tracker.path, logdir + '/moved'); open(tracker.path, 'w').close()"
    assert "closed its descriptor" in ran(tmp_path, close)
    (path,) = (tmp_path / "impacttracker").iterdir()
    assert path.stat().st_size == 0
    assert not Record(tmp_path / "moved").complete


def test_a_record_takes_no_standard_descriptor(tmp_path: Path) -> None:
    program = (
        "import os, sys\nfrom impact_tracker import ImpactTracker\n"
        "with ImpactTracker(sys.argv[1]) as tracker:\n"
        "    opened = {os.readlink(f'/proc/self/fd/{fd}'): int(fd) for fd in os.listdir('/proc/self/fd')\n"
        "              if os.path.exists(f'/proc/self/fd/{fd}')}\n"
        "    number = opened[tracker.path]\n"
        "sys.exit(number > 2)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = f'exec {sys.executable} -c "$0" "$1" <&- >&- 2>&-'
    code = subprocess.run(["sh", "-c", command, program, str(tmp_path)], env=environment, timeout=60, check=False)
    assert code.returncode == 1
    assert record(tmp_path).complete
