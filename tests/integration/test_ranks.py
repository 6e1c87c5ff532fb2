"""Eight real processes on one machine: one node's energy, one reader of its management controller, nothing lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from fakes import zones
from fakes.machine import FakeMachine
from fakes.plugin import MachineFactory
from integration.tracked import command, counted_j, environment, holds, report
from waiting import until

RANKS = 8
PROGRAM = """
import sys, time
from impact_tracker import ImpactTracker
folder, seconds = sys.argv[1], float(sys.argv[2])
with ImpactTracker(folder, interval_s=0.2) as tracker:
    with tracker.region("epoch"):
        print("measuring", flush=True)
        time.sleep(seconds)
print(tracker.result.wall_j, tracker.result.notes)
"""

pytestmark = pytest.mark.usefixtures("core")


def launch(
    machine: FakeMachine, folder: Path, seconds: float, count: int = RANKS, **more: str
) -> list[subprocess.Popen[str]]:
    """The ranks of one run, as a launcher would start them; all of them measure when this returns."""
    started = []
    for rank in range(count):
        place = {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(count), "LOCAL_WORLD_SIZE": str(count)}
        place["MASTER_PORT"] = str(os.getpid())
        words = [sys.executable, "-c", PROGRAM, folder, str(seconds)]
        settings = environment(**{"IMPACT_TRACKER_SOURCES": machine.reader, **place, **more})
        started.append(machine.popen(words, env=settings, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "measuring\n", process.communicate()[1]
    return started


def ends(processes: list[subprocess.Popen[str]]) -> list[str]:
    """What they said; all of them ended well."""
    outputs = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes), outputs
    return [output for output, _ in outputs]


def the_node(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    document = report(folder, "--regions")
    (node,) = document["nodes"]
    return node, document["total"]


def expect_holds(machine: FakeMachine, result: dict[str, Any]) -> None:
    truth = machine.truth.energy_j(result["start_ns"], result["stop_ns"])
    assert holds({**result, "energy_j": counted_j(result)}, truth), (result["energy_j"], truth)


@pytest.mark.processors
def test_eight_ranks_in_one_logdir_give_one_nodes_energy(fake_machine: MachineFactory, tmp_path: Path) -> None:
    machine = fake_machine(zones.server("square:20:180:50ms", sockets=2, dram="constant:25"))
    ends(launch(machine, tmp_path, 1.5))
    assert len(list((tmp_path / "impacttracker").glob("*.jsonl"))) == RANKS
    node, total = the_node(tmp_path)
    assert (node["records"], total["runs"], total["machines"], total["missing"]) == (RANKS, RANKS, 1, 0)
    expect_holds(machine, node["result"])
    assert total["energy_j"] == node["result"]["energy_j"]
    assert node["result"]["coverage"] > 0.999
    assert sorted(row["rank"] for row in node["ranks"]) == list(range(RANKS))
    for row in node["ranks"]:
        assert abs(row["disagreement"]) < 0.02
    assert {region["name"]: len(region["ranks"]) for region in node["regions"]} == {"epoch": RANKS}
    done = subprocess.run(command("report", tmp_path), capture_output=True, text=True, env=environment(), check=True)
    assert done.stdout.startswith("8 ranks on 1 node: ")


@pytest.mark.processors
def test_a_killed_rank_is_covered_by_the_others(fake_machine: MachineFactory, tmp_path: Path) -> None:
    machine = fake_machine(zones.server("square:20:180:50ms"))
    processes = launch(machine, tmp_path, 4, 3)
    (record,) = (tmp_path / "impacttracker").glob(f"*-{processes[0].pid}-*.jsonl")
    # header, marks and a first row: it is written once a second
    assert until(lambda: record.read_text().count("\n") >= 4, 30)
    processes[0].send_signal(signal.SIGKILL)
    ends(processes[1:])
    processes[0].communicate()
    node, _ = the_node(tmp_path)
    expect_holds(machine, node["result"])
    assert node["result"]["coverage"] > 0.999
    assert [row["complete"] for row in node["ranks"]] == [False, True, True]
    assert any("ends early; the other 2 of 3" in finding for finding in node["findings"])


class Controller:
    """A management controller on the loopback that counts how often its power is asked for."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answers = {
                    "/redfish/v1/Chassis": {"Members": [{"@odata.id": "/redfish/v1/Chassis/1"}]},
                    "/redfish/v1/Chassis/1/EnvironmentMetrics": {"PowerWatts": {"Reading": 250}},
                }
                body = answers.get(self.path)
                if self.path.endswith("EnvironmentMetrics"):
                    outer.asked.append(time.monotonic())
                text = json.dumps(body or {}).encode()
                self.send_response(200 if body else 404)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def controller() -> Iterator[Controller]:
    running = Controller()
    yield running
    running.close()


def reader_of(folder: Path) -> int:
    """The process whose record says last that it reads for all."""
    times_and_pids = []
    for path in (folder / "impacttracker").glob("*.jsonl"):
        for line in path.read_text().splitlines():
            if '"reads_for_all"' in line:
                times_and_pids.append((path.stat().st_mtime, int(path.name.split("-")[1])))
    return max(times_and_pids)[1]


@pytest.mark.serial
def test_one_rank_asks_the_controller_and_the_next_takes_over(
    fake_machine: MachineFactory, tmp_path: Path, controller: Controller
) -> None:
    machine = fake_machine(zones.server("constant:100"))
    settings = {"IMPACT_TRACKER_SOURCES": f"{machine.reader},redfish", "IMPACT_TRACKER_REDFISH": controller.url}
    processes = launch(machine, tmp_path, 9, 4, no_proxy="127.0.0.1", **settings)
    opened = len(controller.asked)
    time.sleep(3.2)
    assert 1 <= len(controller.asked) - opened <= 5  # once a second, by one
    by_pid = {process.pid: process for process in processes}
    killed = by_pid.pop(reader_of(tmp_path))
    killed.kill()
    killed.communicate()
    endings = ends(list(by_pid.values()))
    assert sum("read by another rank" in ending for ending in endings) >= 2
    node, _ = the_node(tmp_path)
    length = node["result"]["duration_s"]
    assert node["result"]["wall_j"] == pytest.approx(250 * length, rel=0.02)
    (meter,) = [c for c in node["result"]["channels"] if c["source"] == "redfish"]
    assert meter["coverage"] > 0.99
    assert not any("redfish" in note for note in node["result"]["notes"])
    expect_holds(machine, node["result"])
    assert len(controller.asked) - opened <= length + 6


def test_a_process_by_itself_asks_for_itself(
    fake_machine: MachineFactory, tmp_path: Path, controller: Controller
) -> None:
    machine = fake_machine(zones.server("constant:100"))
    words = [sys.executable, "-c", PROGRAM, tmp_path / "a", "1.5"]
    settings = environment(
        IMPACT_TRACKER_SOURCES=f"{machine.reader},redfish", IMPACT_TRACKER_REDFISH=controller.url, no_proxy="127.0.0.1"
    )
    two = [machine.popen(words, env=settings, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in "ab"]
    for output in ends(two):
        assert float(output.splitlines()[1].split()[0]) > 100


def test_forty_processes_begin_at_once_in_one_logdir(fake_machine: MachineFactory, tmp_path: Path) -> None:
    """Each has a record of its own: the name holds the time, the process and a random part."""
    machine = fake_machine(zones.server("constant:100"))
    program = """
import os, sys, time
from impact_tracker import ImpactTracker
for _ in range(40):
    if os.fork() == 0:
        while not os.path.exists(sys.argv[2]): time.sleep(0.001)
        with ImpactTracker(sys.argv[1]): pass
        os._exit(0)
open(sys.argv[2], "w").close()
codes = [os.wait()[1] for _ in range(40)]
print(codes.count(0))
"""
    words = [sys.executable, "-c", program, tmp_path / "log", tmp_path / "go"]
    done = machine.run(words, capture_output=True, text=True, env=environment(IMPACT_TRACKER_SOURCES=machine.reader))
    assert done.stdout == "40\n", done.stderr
    records = list((tmp_path / "log" / "impacttracker").glob("*.jsonl"))
    assert len(records) == 40
    assert all('"e":"totals"' in path.read_text().splitlines()[-1] for path in records)
