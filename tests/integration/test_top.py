"""`impact-tracker top` on a fake machine and on records."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from fakes import zones
from fakes.plugin import MachineFactory
from impact_tracker import ImpactTracker
from integration.tracked import command, environment

pytestmark = pytest.mark.usefixtures("core")


def test_one_look_tells_the_machines_power(fake_machine: MachineFactory) -> None:
    machine = fake_machine(zones.server("constant:80", dram="constant:10"))
    done = machine.run(
        command("top", "--once", "--json", "--interval", "1"),
        env=environment(IMPACT_TRACKER_SOURCES=machine.reader), capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    snapshot = json.loads(done.stdout)
    by_name = {device["name"]: device["watts"] for device in snapshot["devices"]}
    packages = [watts for name, watts in by_name.items() if name.endswith("package")]
    assert packages == [pytest.approx(80, rel=0.1)] * len(packages) and packages
    shared = sum(use["watts"] for use in snapshot["processes"] if use["watts"] is not None)
    assert shared <= sum(packages) * (1 + 1e-9)


def test_a_record_that_is_being_written(tmp_path: Path) -> None:
    with ImpactTracker(tmp_path) as tracker, tracker.region("epoch"):
        tracker._guard.core.flush()
        done = subprocess.run(
            command("top", tmp_path, "--once", "--json"), env=environment(), capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stderr
    snapshot = json.loads(done.stdout)
    assert snapshot["regions"] == ["epoch"] and "runs, or was cut off" in snapshot["title"]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["/nowhere"], "there is nothing at"),
        (["--interval", "0"], "--interval must lie between"),
        ([], "needs a terminal"),
    ],
)
def test_what_cannot_be_watched_is_said(words: list[str], reason: str) -> None:
    done = subprocess.run(command("top", *words), env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 2 and reason in done.stderr


def test_a_damaged_record_is_said(tmp_path: Path) -> None:
    place = tmp_path / "impacttracker" / "x.jsonl"
    place.parent.mkdir()
    place.write_text("not a record\n")
    done = subprocess.run(
        command("top", tmp_path, "--once"), env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 2 and str(place) in done.stderr
