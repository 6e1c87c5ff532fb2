"""The papers' listings, unchanged, in programs of their own on a machine with a known power curve."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from fakes import zones
from fakes.plugin import MachineFactory
from integration.tracked import environment, holds, report

# Each prints, as JSON, what it found; `log_dir` and `work(seconds)` are the reader's own.
LISTINGS = {
    "never stopped": """
from experiment_impact_tracker.compute_tracker import ImpactTracker
tracker = ImpactTracker(log_dir)
tracker.launch_impact_monitor()
work(0.3)
info = tracker.get_latest_info_and_check_for_errors()
from experiment_impact_tracker.data_interface import DataInterface
found = [DataInterface([log_dir]).total_power, info["rapl_power_draw_absolute"]]
""",
    "with blocks": """
from experiment_impact_tracker.compute_tracker import ImpactTracker
from experiment_impact_tracker.data_interface import DataInterface
import os
experiment1 = os.path.join(log_dir, "1")
experiment2 = os.path.join(log_dir, "2")
with ImpactTracker(experiment1):
    work(0.3)
with ImpactTracker(experiment2):
    work(0.2)
data_interface1 = DataInterface([experiment1])
data_interface2 = DataInterface([experiment2])
data_interface_both = DataInterface([experiment1, experiment2])
assert data_interface1.kg_carbon + data_interface2.kg_carbon == data_interface_both.kg_carbon
assert data_interface1.total_power + data_interface2.total_power == data_interface_both.total_power
found = [data_interface_both.total_power, data_interface_both.exp_len_hours]
""",
    "twenty trackers": """
from experiment_impact_tracker.compute_tracker import ImpactTracker
from experiment_impact_tracker.data_interface import DataInterface
import os
os.chdir(log_dir)
found = []
for test_id in range(20):
    with ImpactTracker("logPath10/Inference/" + str(test_id)):
        os.chdir("/")
        work(0.02)
        os.chdir(log_dir)
    data_interface = DataInterface(["logPath10/Inference/" + str(test_id)])
    found.append([data_interface.total_power, data_interface.kg_carbon, data_interface.exp_len_hours * 3600])
""",
}
FRAME = """
import json, sys, time, warnings
warnings.simplefilter("error")
log_dir, work = sys.argv[1], time.sleep
{listing}
print(json.dumps(found))
"""


@pytest.fixture
def run_listing(core: ModuleType, fake_machine: MachineFactory, tmp_path: Path):  # type: ignore[no-untyped-def]
    machine = fake_machine(zones.server("sine:100:80:30ms", sockets=2))

    def run(name: str) -> object:
        program = FRAME.format(listing=LISTINGS[name])
        settings = environment(IMPACT_TRACKER_SOURCES=machine.reader, IMPACT_TRACKER_ZONE="FR")
        words = [sys.executable, "-c", program, tmp_path]
        done = machine.run(words, capture_output=True, text=True, env=settings, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return machine, run


def test_a_tracker_that_is_never_stopped(run_listing, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    machine, run = run_listing
    kwh, watts = run("never stopped")
    assert watts == pytest.approx(200, rel=0.1)
    (document,) = report(tmp_path)["runs"]
    assert document["complete"], "the end of the program stops it"
    result = document["result"]
    truth = machine.truth.energy_j(result["start_ns"], result["stop_ns"])
    assert holds(result, truth), (result["energy_j"], truth)
    assert 0.25 * 200 < kwh * 3.6e6 <= result["energy_j"] * 1.001


@pytest.mark.processors
def test_blocks_add_up(run_listing) -> None:  # type: ignore[no-untyped-def]
    _, run = run_listing
    kwh, hours = run("with blocks")
    assert hours * 3600 == pytest.approx(0.5, abs=0.1)
    assert kwh * 3.6e6 / (hours * 3600) == pytest.approx(200, rel=0.08)


def test_twenty_trackers_with_relative_directories(run_listing, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    _, run = run_listing
    rows = run("twenty trackers")
    assert len(rows) == 20
    assert all(kwh > 0 and kg > 0 and 0.02 <= seconds < 1 for kwh, kg, seconds in rows)
    assert len(report(tmp_path / "logPath10")["runs"]) == 20
