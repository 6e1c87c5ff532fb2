"""What importing costs, and that nothing here opens a connection."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

FAKE = "import sys; from python import fake_core as f; sys.modules['impact_tracker._core'] = f\n"
NO_NETWORK = """
import sys
def watch(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "urllib.Request"):
        raise SystemExit(f"network: {event} {arguments}")
sys.addaudithook(watch)
"""
USE = """
import os, impact_tracker
from impact_tracker import ImpactTracker, DataInterface
from impact_tracker.cli import main
folder = sys.argv[1]
with ImpactTracker(folder, zone="FR") as tracker:
    with tracker.region("a"):
        f.machine.advance(1)
repr(tracker.result), tracker.result._repr_html_(), tracker.result.to_json()
DataInterface([folder]).kg_carbon
from experiment_impact_tracker.compute_tracker import ImpactTracker as Old
old = Old(folder); old.launch_impact_monitor(); f.machine.advance(1)
old.get_latest_info_and_check_for_errors(); old.stop()
for command in (["report", folder], ["report", folder, "--json"], ["compare", folder, folder], ["doctor"]):
    assert main(command) == 0, command
assert main(["run", "-o", folder, "--", "true"]) == 0
"""


def python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join(sys.path)
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "PYTHONPATH": path},
    )


def test_nothing_connects_anywhere(tmp_path: Path) -> None:
    done = python(NO_NETWORK + FAKE + USE, str(tmp_path))
    assert done.returncode == 0, done.stderr


def test_the_watch_would_see_a_connection() -> None:
    done = python(NO_NETWORK + "import socket; socket.create_connection(('127.0.0.1', 9))")
    assert "network: socket." in done.stderr


def test_import_alone_loads_nothing_else() -> None:
    done = python(
        "import sys; before = set(sys.modules); import impact_tracker; print(*sorted(set(sys.modules) - before))"
    )
    assert done.stdout.split() == ["impact_tracker"], done.stderr


@pytest.mark.skipif(sys.version_info < (3, 10), reason="sys.stdlib_module_names came with Python 3.10")
def test_tracking_needs_no_third_party_package(tmp_path: Path) -> None:
    code = FAKE + (
        "import impact_tracker\n"
        "with impact_tracker.ImpactTracker(sys.argv[1]) as tracker: pass\n"
        "repr(tracker.result); impact_tracker.DataInterface(sys.argv[1])\n"
        "heads = {n.split('.')[0] for n in sys.modules} - set(sys.stdlib_module_names)\n"
        "print(*sorted(h for h in heads if not h.startswith(('_', 'sitecustomize', 'python', 'distutils'))))\n"
    )
    done = python(code, str(tmp_path))
    assert done.stdout.split() == ["impact_tracker"], (done.stdout, done.stderr)


@pytest.mark.serial
def test_import_takes_50_ms_at_most() -> None:
    code = FAKE + (
        "import time; begin = time.process_time()\n"
        "from impact_tracker import ImpactTracker, DataInterface\n"
        "print(time.process_time() - begin)\n"
    )
    best = min(float(python(code).stdout) for _ in range(5))
    assert best <= 0.050
