"""Programs in odd surroundings: names that are not UTF-8, a working directory that is gone, no thread left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from impact_tracker import DataInterface, ImpactTracker, Record
from impact_tracker.record import find_records
from integration.tracked import environment

NAME = b"caf\351"
PROGRAM = """
import os, sys, time
from impact_tracker import ImpactTracker
with ImpactTracker(sys.argv[1], interval_s=0.02) as tracker:
    time.sleep(0.1)
"""


def ran(*arguments: bytes | str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    """Python with these arguments, whatever comes of it."""
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=environment(), capture_output=True, timeout=60, check=False
    )


def test_directory_program_and_argument_that_are_no_utf8(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(NAME)
    folder.mkdir()
    program = folder / os.fsdecode(NAME + b".py")
    program.write_text(PROGRAM)
    done = ran(program, NAME + b"-log", NAME, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert b"Error" not in done.stderr, done.stderr
    (path,) = find_records(folder)
    record = Record(path)
    assert record.complete
    assert record.path == path
    assert record.command.endswith("'caf?'")
    assert DataInterface(folder).exp_len_hours > 0
    for command in ("report", "footprint"):
        shown = ran("-m", "impact_tracker", command, folder)
        assert b"Traceback" not in shown.stderr + shown.stdout, shown.stderr
        assert shown.returncode == 0, shown.stderr
    shown = ran("-m", "impact_tracker", "report", folder, "--json")
    assert len(json.loads(shown.stdout)["runs"]) == 1
    run = ran("-m", "impact_tracker", "run", "-o", folder, "--", sys.executable, "-c", "pass", NAME)
    assert run.returncode == 0, run.stderr
    assert len(find_records(folder)) == 2


def test_a_place_so_named_that_is_no_record_is_an_error_with_its_name(tmp_path: Path) -> None:
    place = tmp_path / os.fsdecode(NAME + b".jsonl")
    place.write_text("nothing")
    with pytest.raises(ValueError, match=r"caf\\xe9.jsonl: line 1"):
        Record(place)
    with pytest.raises(FileNotFoundError):
        Record(tmp_path / os.fsdecode(NAME + b"-lost"))
    with pytest.raises(OSError, match="caf"):
        ImpactTracker(place / "below a file")


def test_a_working_directory_that_is_gone_is_named(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    start = "import os, sys; os.rmdir(os.getcwd()); from impact_tracker import ImpactTracker; "
    done = ran("-c", start + "ImpactTracker('runs')", cwd=gone)
    assert b"FileNotFoundError" in done.stderr
    assert b"the working directory has been deleted" in done.stderr
    assert b"name it by its whole path" in done.stderr
    gone.mkdir()
    done = ran("-c", start + f"ImpactTracker({str(tmp_path / 'runs')!r}).start().stop()", cwd=gone)
    assert done.returncode == 0, done.stderr
    assert len(find_records(tmp_path)) == 1


def test_a_limit_of_threads_is_named(tmp_path: Path) -> None:
    if os.getuid() == 0:
        change = "os.setgroups([]); os.setgid(65534); os.setuid(65534); "
        tmp_path.chmod(0o777)
        for folder in tmp_path.parents[:3]:
            folder.chmod(folder.stat().st_mode | 0o055)
    else:
        change = ""
    program = (
        "import os, resource, sys; from impact_tracker import ImpactTracker, _core; "
        f"{change}resource.setrlimit(resource.RLIMIT_NPROC, (1, 1)); "
        f"ImpactTracker({str(tmp_path)!r})"
    )
    done = ran("-c", program)
    assert b"RLIMIT_NPROC" in done.stderr, done.stderr
    assert b"1 processes and threads" in done.stderr


def test_a_region_left_after_the_stop_ends_there(tmp_path: Path) -> None:
    tracker = ImpactTracker(tmp_path).start()
    region = tracker.region("late")
    region.__enter__()
    tracker.stop()
    stopped = tracker.result
    region.__exit__(None, None, None)
    assert region.result is not None
    assert stopped is not None
    assert region.result.stop_ns == stopped.stop_ns
    assert any("stopped before it was left" in note for note in region.result.notes)
    assert [left.name for left in Record(tracker.path).regions] == ["late"]
