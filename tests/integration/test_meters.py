"""Meters on a machine whose power is known: the truth is a column beside what each meter says."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import pytest

from fakes import zones
from fakes.plugin import MachineFactory
from integration.tracked import command, environment

pytestmark = pytest.mark.usefixtures("core")


def test_the_truth_is_a_column(fake_machine: MachineFactory, tmp_path: Path) -> None:
    pytest.importorskip("scipy")
    machine = fake_machine(zones.server("constant:60", sockets=2))
    truth = tmp_path / "truth.csv"
    begin_s = time.time() - 5
    truth.write_text(f"time,power_w\n{begin_s},120\n{begin_s + 600},120\n")
    options = ["--only", "impact-tracker,green-algorithms", "--power", f"truth={truth}", "--rounds", "2", "--rest", "0"]
    words = command("meters", *options, "--interval", "0.1", "-q", "--json", "--", "sleep", "1")
    settings = environment(IMPACT_TRACKER_SOURCES=machine.reader)
    done: subprocess.CompletedProcess[str] = machine.run(
        words, capture_output=True, text=True, env=settings, cwd=tmp_path, timeout=120
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["reference"] == "truth"
    rows = {row["meter"]: row for row in answer["meters"]}
    assert set(rows) == {"impact-tracker", "green-algorithms", "truth"}
    assert rows["truth"]["energy_j"]["value"] == pytest.approx(120, rel=0.2)
    # Ours holds its command a little longer than the workload alone takes; per second it is the truth.
    for reading in answer["readings"]:
        if reading["meter"] == "impact-tracker":
            seconds = (reading["stop_ns"] - reading["start_ns"]) / 1e9
            assert reading["energy_j"] / seconds == pytest.approx(120, rel=0.02)
