"""Budgets on machines whose power is known: loops and commands end where they should, against the true energy."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fakes import zones
from fakes.plugin import MachineFactory
from integration.tracked import command, environment, the_result

pytestmark = [pytest.mark.usefixtures("core"), pytest.mark.processors]

LOOP = """
import json, sys, time
from impact_tracker import *
with ImpactTracker(sys.argv[1], budget="150 J", interval_s=0.05) as tracker:
    steps = 0
    for step in tracker.batches(range(1000)):
        time.sleep(0.02)
        steps += 1
    waited = tracker.wait(energy_j=160, timeout_s=60)
print(json.dumps([steps, tracker.budget.stopped, waited]))
"""


def test_a_loop_ends_within_a_batch_and_an_interval(fake_machine: MachineFactory, tmp_path: Path) -> None:
    machine = fake_machine(zones.server("constant:60", sockets=2))
    settings = environment(IMPACT_TRACKER_SOURCES=machine.reader)
    words = [sys.executable, "-c", LOOP, tmp_path]
    done = machine.run(words, capture_output=True, text=True, env=settings, cwd=tmp_path, timeout=120)
    assert done.returncode == 0, done.stderr
    steps, stopped, waited = json.loads(done.stdout)
    result = the_result(tmp_path)
    assert stopped and waited
    assert result["energy_j"] >= 160
    # 120 W: 150 J are 1.25 s, of batches of 0.02 s and what a busy machine adds to each.
    assert 10 < steps <= 63
    assert "the loop ends here: the budget of 150 J" in done.stderr


@pytest.mark.parametrize("deaf", [False, True])
def test_a_command_ends_with_its_budget_and_the_grace_is_priced(
    fake_machine: MachineFactory, tmp_path: Path, deaf: bool
) -> None:
    machine = fake_machine(zones.server("constant:60", sockets=2))
    program = (
        "import signal, time\n" + ("signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" if deaf else "") + "time.sleep(60)"
    )
    words = [
        "run",
        "-o",
        tmp_path,
        "--budget",
        "60J",
        "--interval",
        "0.05",
        "--grace",
        "0.5",
        "--",
        sys.executable,
        "-c",
        program,
    ]
    done: subprocess.CompletedProcess[str] = machine.run(
        command(*words),
        capture_output=True,
        text=True,
        env=environment(IMPACT_TRACKER_SOURCES=machine.reader),
        timeout=60,
    )
    assert done.returncode == (137 if deaf else 143), done.stderr
    assert "the budget of 60J is spent after" in done.stderr
    assert ("SIGKILL\n" in done.stderr) == deaf
    assert "the grace took" in done.stderr
    assert the_result(tmp_path)["energy_j"] >= 60
