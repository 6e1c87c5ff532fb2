"""Federated training with the real Flower, the real worker and the real tracker: two clients, small made images."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("impact_tracker._core", reason="the core is not built")
if importlib.util.find_spec("flwr") is None:
    pytest.skip("Flower is not installed", allow_module_level=True)

import numpy as np

from impact_tracker.studies.federated.findings import account_of
from impact_tracker.studies.federated.images import ImageSet, write_images
from impact_tracker.studies.federated.outcome import StudyOutcome, read_study
from impact_tracker.studies.paradigms.scenario_file import read_scenario
from integration.tracked import command
from waiting import until

pytestmark = pytest.mark.usefixtures("worker")

# Every Python process of the study tells which addresses it looks up and connects to.
HOOK = """
import os, sys
def tell(text):
    with open(os.environ["ADDRESSES_FILE"], "a") as file:
        file.write(text + "\\n")
def told(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"):
        address = arguments[1] if event in ("socket.connect", "socket.sendto") else arguments[0]
        tell(f"{event} {address!r}")
with open("/proc/self/cmdline") as file:
    tell("watched " + " ".join(file.read().split("\\0")[1:3]))
sys.addaudithook(told)
"""
SMALL = ("--images", "480", "--test-images", "240", "--batch-size", "16", "--threads", "1", "-q")


def pictures(seed: int, count: int) -> ImageSet:
    """Grey noise with a bright square, whose place is the class."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 10, count).astype(np.uint8)
    pixels = generator.integers(0, 60, (count, 28, 28)).astype(np.uint8)
    for image, label in zip(pixels, labels):
        row, column = 7 * (int(label) // 4) + 2, 7 * (int(label) % 4)
        image[row : row + 6, column : column + 6] = 230
    return ImageSet(pixels, labels)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images")
    write_images(pictures(1, 600), "train", folder)
    write_images(pictures(2, 300), "test", folder)
    return folder


@dataclass(frozen=True)
class Carried:
    """A study that was carried out, what it printed, and what its programs did on the network."""

    folder: Path
    printed: dict[str, Any]
    addresses: str
    system_calls: str | None

    @property
    def study(self) -> StudyOutcome:
        return read_study(self.folder)


def may_trace() -> bool:
    if shutil.which("strace") is None:
        return False
    trial = ["strace", "-f", "--seccomp-bpf", "-e", "trace=connect", "true"]
    return subprocess.run(trial, capture_output=True, check=False).returncode == 0


@pytest.fixture(scope="module")
def carried(images: Path, tmp_path_factory: pytest.TempPathFactory) -> Carried:
    place = tmp_path_factory.mktemp("study")
    (place / "hook").mkdir()
    (place / "hook" / "sitecustomize.py").write_text(HOOK)
    paths = [str(place / "hook"), *(path for path in sys.path if path)]
    surroundings = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "ADDRESSES_FILE": str(place / "addresses"),
        "FLWR_TELEMETRY_ENABLED": "1",  # as somebody may have set it
    }
    options = ["--clients", "2", "--rounds", "4", "--target", "0.7", "--split", "dirichlet:1", "--all-rounds"]
    words = command("study", "federated", "-o", place / "out", "--data-folder", images, *options, *SMALL, "--json")
    traced = may_trace()
    if traced:
        words = ["strace", "-f", "--seccomp-bpf", "-e", "trace=connect,sendto", "-o", str(place / "calls"), *words]
    done = subprocess.run(words, capture_output=True, text=True, env=surroundings, timeout=280, check=False)
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout, parse_constant=pytest.fail)
    calls = (place / "calls").read_text() if traced else None
    return Carried(place / "out", printed, (place / "addresses").read_text(), calls)


def test_it_learns_and_says_what_a_paper_would(carried: Carried) -> None:
    federated, centre = carried.printed["runs"]
    assert federated["split"] == "dirichlet:1"
    assert federated["accuracy"] > 0.5
    assert len(federated["accuracies"]) == 4
    assert centre["split"] == "centralised"
    assert "2 clients (Dirichlet α = 1, seed 1)" in carried.printed["sentence"]
    low, high = federated["accuracy_spread"]
    assert low <= federated["accuracy"] <= high
    for row in federated["accuracies"]:  # each test image once, with one of the clients
        assert sum(client["images"] for client in row["clients"]) == 240


def test_the_bytes_are_those_of_the_model_and_little_more(carried: Carried) -> None:
    (run,) = carried.study.federated
    arrays = 14  # of the network: numpy writes 128 bytes before each
    of_model = 4 * (run.end.parameters + 2 * (32 + 64)) + 128 * arrays
    assert run.model_bytes() == of_model
    for line in run.trained:
        assert line.delivered == (0, 1)
        for row in line.traffic:
            assert row.model_up == row.model_down == of_model
            if row.down is not None and row.up is not None:
                assert of_model < row.down < of_model + 4096
                assert of_model < row.up < of_model + 4096


def test_no_energy_is_counted_twice(carried: Carried) -> None:
    """The clients and the server each measure themselves; the study measures all that it started."""
    for run in (*carried.study.federated, *carried.study.centralised):
        account = account_of(run)
        assert run.machine.study.best_j is not None
        assert run.machine.energy.best_j is not None
        assert account.counted_twice_j == pytest.approx(0.0, abs=0.02 * run.machine.study.best_j)
        parts = sum(row.energy.best_j or 0.0 for row in account.rows)
        assert parts == pytest.approx(run.machine.energy.best_j, rel=0.02)
        for actor in (*run.clients, run.leader):
            assert actor.complete
            assert 0 < (actor.total.best_j or 0.0) < run.machine.study.best_j
            inside = sum(use.energy.best_j or 0.0 for use in actor.rounds.values()) + (actor.start.best_j or 0.0)
            assert inside <= (actor.total.best_j or 0.0) * 1.02
            for use in actor.rounds.values():
                assert (use.training.best_j or 0.0) <= (use.energy.best_j or 0.0) + 1e-9


def test_every_client_trains_on_its_own_images_alone(carried: Carried) -> None:
    (run,) = carried.study.federated
    assert sum(run.end.images) == 480
    for client in run.clients:
        assert [row.round for row in client.local] == [1, 2, 3, 4]
        assert {row.images for row in client.local} == {client.images}
        assert {row.batches for row in client.local} == {-(-client.images // 16)}
    (centre,) = carried.study.centralised
    assert {row.images for row in centre.leader.local} == {480}


def test_the_simulator_is_fed_from_the_records(carried: Carried) -> None:
    federated, centre = carried.printed["runs"]
    assert federated["fed_from_rounds"] == [1, 3]
    for run in (federated, centre):
        for row in run["terms"]:
            assert row["all_rounds"]["simulated_j"] > 0
            assert row["all_rounds"]["measured"]["best_j"] > 0
    together = {row["term"]: row["all_rounds"] for row in federated["terms"]}
    parts = together["learners"]["simulated_j"] + together["model_uplink"]["simulated_j"]
    assert together["clients"]["simulated_j"] == pytest.approx(parts)
    clients = sum(row["all_rounds"]["simulated_j"] for row in federated["clients_simulated"])
    assert clients == pytest.approx(together["clients"]["simulated_j"])


def test_nothing_but_loopback_is_reached(carried: Carried) -> None:
    """Flower would tell its makers of each start, had nobody switched that off."""
    told = carried.addresses.splitlines()
    watched = [line for line in told if line.startswith("watched -m impact_tracker.studies.federated")]
    assert len(watched) == 4  # two clients, their server and the centre
    looked_up = [line for line in told if not line.startswith("watched")]
    assert [line for line in looked_up if "127.0.0.1" not in line and "localhost" not in line] == []
    if carried.system_calls is None:
        pytest.skip("what compiled code does cannot be traced here; Python's own sockets were looked at")
    addresses = re.findall(
        r'sa_family=AF_INET6?,.*?(?:inet_addr\("|inet_pton\(AF_INET6, ")([^"]+)"', carried.system_calls
    )
    assert addresses, "Flower's connections are seen"
    loopback = ("127.", "::ffff:127.")
    assert {address for address in addresses if not address.startswith(loopback) and address != "::1"} == set()


def test_the_same_command_again_runs_nothing(carried: Carried, images: Path) -> None:
    options = ["--clients", "2", "--rounds", "4", "--target", "0.7", "--split", "dirichlet:1", "--all-rounds"]
    words = command("study", "federated", "-o", carried.folder, "--data-folder", images, *options, *SMALL[:-1])
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("done before") == 2
    other = subprocess.run([*words, "--lr", "0.1"], capture_output=True, text=True, timeout=120, check=False)
    assert other.returncode != 0
    assert "holds a study with another lr" in other.stderr


def test_what_was_measured_is_a_scenario_of_the_simulator(carried: Carried, tmp_path: Path) -> None:
    words = command(
        "study",
        "federated",
        "--read",
        carried.folder,
        "--scenario",
        tmp_path / "s.yaml",
        "--figure",
        tmp_path / "f.svg",
    )
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    (run,) = carried.study.federated
    (centre,) = carried.study.centralised
    if run.reached is None or centre.reached is None:
        assert "did not reach the target" in done.stderr
        return
    assert done.returncode == 0, done.stderr
    scenario = read_scenario(tmp_path / "s.yaml")
    assert scenario.common["rounds_federated"].value == run.reached
    assert scenario.common["model_bits"].value == 8 * (run.model_bytes() or 0)
    assert (tmp_path / "f.svg").stat().st_size > 1000
    assert "Simulated against measured" in done.stdout


def test_a_client_that_is_killed_is_missed_and_counted(images: Path, tmp_path: Path) -> None:
    options = ["--clients", "3", "--rounds", "6", "--target", "1", "--all-rounds", "--no-centralised"]
    words = command("study", "federated", "-o", tmp_path / "out", "--data-folder", images, *options, *SMALL)
    run_folder = tmp_path / "out" / "iid-seed1"
    lines = run_folder / "client-01" / "rounds.jsonl"
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as study:
        until(lambda: (lines.exists() and '"round": 2' in lines.read_text()) or study.poll() is not None, 120)
        (record,) = (run_folder / "client-01" / "record" / "impacttracker").glob("*.jsonl")
        os.kill(int(record.name.split("-")[1]), signal.SIGKILL)
        printed, told = study.communicate(timeout=200)
    assert study.returncode == 0, told
    (run,) = read_study(tmp_path / "out").federated
    (killed,) = run.killed()
    assert (killed.number, killed.code, killed.complete) == (1, -signal.SIGKILL, False)
    assert killed.total.best_j is not None
    assert killed.total.best_j > 0
    assert run.trained[0].delivered == (0, 1, 2)
    assert run.trained[-1].delivered == (0, 2)
    assert len(run.trained) == 6
    assert "client 1 was ended by signal 9" in printed


def running_in(folder: Path) -> list[int]:
    """The processes with a word that begins with the folder."""
    numbers = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if any(word.startswith(str(folder)) for word in path.read_bytes().decode(errors="replace").split("\0")):
                numbers.append(int(path.parent.name))
    return numbers


def test_an_interrupted_study_leaves_no_program_and_goes_on(images: Path, tmp_path: Path) -> None:
    options = ["--clients", "3", "--active", "2", "--rounds", "2", "--split", "shards:2", "--no-centralised"]
    words = command("study", "federated", "-o", tmp_path / "out", "--data-folder", images, *options, *SMALL)
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as study:
        until(lambda: (tmp_path / "out" / "shards-2-seed1" / "server" / "listening").exists(), 120)
        assert len(running_in(tmp_path / "out" / "shards-2-seed1")) == 4
        study.send_signal(signal.SIGINT)
        study.communicate(timeout=60)
    assert study.returncode == 128 + signal.SIGINT
    assert until(lambda: running_in(tmp_path / "out" / "shards-2-seed1") == [], 30)
    done = subprocess.run(words, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    assert "shards-2-seed1.interrupted1: a run that was interrupted; it is not counted" in done.stdout
    (run,) = read_study(tmp_path / "out").federated
    assert [len(row.chosen) for row in run.trained] == [2] * len(run.trained)
    for row in run.tested:
        assert [client.client for client in row.clients] == [0, 1, 2]
