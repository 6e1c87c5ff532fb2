"""A user without root measures a run through the machine's service: the same joules as by the counters themselves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from fakes import zones
from fakes.machine import FakeMachine
from fakes.plugin import MachineFactory
from impact_tracker.record import read_record
from integration.test_service import Service
from waiting import until

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]

# A program of the user's: regions of some lengths, and how long it took to start and to stop.
TRACKED = """
import json, sys, time
from impact_tracker import ImpactTracker

folder, lengths = sys.argv[1], [float(word) for word in sys.argv[2].split(",")]
began = time.monotonic()
tracker = ImpactTracker(folder, interval_s=0.1, scope="machine")
with tracker:
    started_s = time.monotonic() - began
    print("ready", flush=True)
    spans = []
    for length in lengths:
        with tracker.region(f"r{len(spans)}"):
            begin = time.monotonic_ns()
            time.sleep(length)
            spans.append((begin, time.monotonic_ns()))
    end = time.monotonic()
stopped_s = time.monotonic() - end
print(json.dumps({"spans": spans, "started_s": started_s, "stopped_s": stopped_s, "path": str(tracker.path)}))
"""


class Run:
    """What such a program found out."""

    def __init__(self, output: str) -> None:
        answer = json.loads(output.splitlines()[-1])
        self.spans: list[tuple[int, int]] = [(begin, end) for begin, end in answer["spans"]]
        self.started_s, self.stopped_s = float(answer["started_s"]), float(answer["stopped_s"])
        self.record = read_record(Path(answer["path"]))


def environment(path: Path | str, **more: str) -> dict[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("IMPACT_TRACKER_")},
        "IMPACT_TRACKER_CONFIG": "none",
        "IMPACT_TRACKER_SERVICE_SOCKET": str(path),
        "HOME": "/nonexistent",
        **more,
    }


def reader(machine: FakeMachine, tmp_path: Path, path: Path, interval_s: float = 0.1) -> Service:
    words = ("--reader", "--socket", str(path), "--group", "65534", "--sources", "rapl_powercap")
    return Service(machine, tmp_path, *words, "--interval", str(interval_s))


def command(folder: Path, lengths: str) -> list[str]:
    return [*NOBODY, sys.executable, "-c", TRACKED, str(folder), lengths]


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that other users may enter, as pytest's are not, with a short path: a socket's has 107 bytes at most."""
    with TemporaryDirectory(prefix="impact-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def path(place: Path) -> Path:
    """Of the service's socket."""
    return place / "s"


@pytest.fixture
def log(place: Path) -> Path:
    """Where the user's records go."""
    folder = place / "log"
    folder.mkdir()
    folder.chmod(0o777)
    return folder


@pytest.fixture
def machine(fake_machine: MachineFactory) -> FakeMachine:
    return fake_machine(zones.server("square:20:180:50ms", sockets=2, dram="constant:25"))


def test_a_user_without_root_measures_the_truth(machine: FakeMachine, tmp_path: Path, path: Path, log: Path) -> None:
    service = reader(machine, tmp_path, path)
    words = command(log, "0.3,1.0,2.5")
    done = machine.run(words, capture_output=True, text=True, env=environment(path), check=True)
    run = Run(done.stdout)
    assert service.ends() == 0
    by_id = {channel["id"]: channel for channel in run.record.header["channels"]}
    assert by_id["rapl/package-0"]["source"] == by_id["rapl/dram-1"]["source"] == "service"
    assert by_id["rapl/package-0"]["update_period_s"] == 0.1
    assert by_id["rapl/package-0"]["quality"] == "measured"
    regions = {region.name: region for region in run.record.regions}
    for number, (begin_ns, end_ns) in enumerate(run.spans):
        region = regions[f"r{number}"]
        truth_j = machine.truth.energy_j(begin_ns, end_ns)
        low_j, high_j = region.uncertainty.low_j, region.uncertainty.high_j
        assert region.quality == "measured"
        assert low_j is not None and high_j is not None
        assert low_j - 0.5 <= truth_j <= high_j + 0.5
    assert regions["r2"].energy_j == pytest.approx(250 * 2.5, rel=0.15)
    assert run.record.result.energy_j is not None
    assert run.started_s < 5
    assert run.stopped_s < 5


def test_doctor_says_where_the_readings_come_from(machine: FakeMachine, tmp_path: Path, path: Path) -> None:
    doctor = [*NOBODY, sys.executable, "-m", "impact_tracker", "doctor"]
    closed = machine.run(doctor, capture_output=True, text=True, env=environment("off"), check=True)
    assert "docs/service.md" in closed.stdout
    service = reader(machine, tmp_path, path, 1.0)
    told = machine.run(doctor, capture_output=True, text=True, env=environment(path), check=True)
    assert f"readings come from the service at {path} (1 Hz; 10 Hz at most)" in " ".join(told.stdout.split())
    outsider = ["setpriv", "--reuid=65534", "--regid=65533", "--clear-groups", *doctor[4:], "--json"]
    refused = machine.run(outsider, capture_output=True, text=True, env=environment(path), check=True)
    (probe,) = (probe for probe in json.loads(refused.stdout)["sources"] if probe["name"] == "service")
    assert probe["state"] == "forbidden"
    assert "usermod --append --groups" in probe["advice"]
    # Who may read the counters reads them: the service is another door to the same.
    as_root = machine.run([*doctor[4:], "--json"], capture_output=True, text=True, env=environment(path), check=True)
    states = {probe["name"]: probe["state"] for probe in json.loads(as_root.stdout)["sources"]}
    assert states["service"] == "shadowed"
    assert service.ends() == 0


def test_a_service_that_began_anew_is_a_gap(machine: FakeMachine, tmp_path: Path, path: Path, log: Path) -> None:
    service = reader(machine, tmp_path, path)
    words = command(log, "6.0")
    with (tmp_path / "out").open("w+") as out:
        process = machine.popen(words, stdout=out, env=environment(path))
        assert until(lambda: "ready" in (tmp_path / "out").read_text(), 30)
        time.sleep(1.0)
        service.process.send_signal(signal.SIGKILL)
        service.process.wait(10)
        service = reader(machine, tmp_path, path)
        assert process.wait(60) == 0
    run = Run((tmp_path / "out").read_text())
    assert service.ends() == 0
    (region,) = run.record.regions
    begin_ns, end_ns = run.spans[0]
    truth_j = machine.truth.energy_j(begin_ns, end_ns)
    package = next(channel for channel in region.measured.channels if channel.id == "rapl/package-0")
    assert package.coverage is not None and package.energy_j is not None
    assert 0.2 < package.coverage < 0.99
    truth_0_j = machine.truth.energy_j(begin_ns, end_ns, "intel-rapl:0")
    assert package.energy_j == pytest.approx(truth_0_j * package.coverage, rel=0.25)
    assert region.energy_j is not None and region.energy_j < truth_j * 1.05
    assert any("service" in note and "began anew" in note for note in region.notes), region.notes
    assert any("no reading covers" in note for note in region.notes)


def test_a_stopped_service_blocks_nobody(machine: FakeMachine, tmp_path: Path, path: Path, log: Path) -> None:
    service = reader(machine, tmp_path, path)
    words = command(log, "4.0")
    with (tmp_path / "out").open("w+") as out:
        process = machine.popen(words, stdout=out, env=environment(path))
        assert until(lambda: "ready" in (tmp_path / "out").read_text(), 30)
        time.sleep(1.0)
        service.process.send_signal(signal.SIGSTOP)
        try:
            assert process.wait(60) == 0
        finally:
            service.process.send_signal(signal.SIGCONT)
    run = Run((tmp_path / "out").read_text())
    assert service.ends() == 0
    (region,) = run.record.regions
    assert run.stopped_s < 2
    begin_ns, end_ns = run.spans[0]
    assert (end_ns - begin_ns) * 1e-9 < 6
    package = next(channel for channel in region.measured.channels if channel.id == "rapl/package-0")
    assert package.coverage is not None and package.energy_j is not None
    assert package.coverage < 0.8
    assert package.energy_j < 100 * 4.0 * 0.8
    assert any("does not answer" in note for note in region.notes), region.notes


def test_values_are_told_no_more_often_than_the_service_reads(machine: FakeMachine, tmp_path: Path, path: Path) -> None:
    """However often a tracker asks: the side channel of a counter that can be read at chosen moments stays shut."""
    service = reader(machine, tmp_path, path, 0.5)
    done = machine.run([*NOBODY, sys.executable, "-c", HASTY, str(path)], capture_output=True, text=True, check=True)
    assert service.ends() == 0
    asked, lasted_s, values, gaps = json.loads(done.stdout)
    assert asked > 200
    assert values <= lasted_s / 0.5 + 2
    assert min(gaps) >= 0.25e9  # a busy machine may be late once, and in time then
    assert sorted(gaps)[len(gaps) // 2] == pytest.approx(0.5e9, rel=0.2)


HASTY = """
import json, socket, sys, time
client = socket.socket(socket.AF_UNIX); client.settimeout(10); client.connect(sys.argv[1])
stream = client.makefile("rwb")
asked, taken, begin = 0, [], time.monotonic()
while time.monotonic() - begin < 4:
    stream.write(b"IMPACT1\\n"); stream.flush()
    frame = json.loads(stream.read(int.from_bytes(stream.read(4), "big")))
    asked += 1
    energies = tuple(channel["energy_j"] for channel in frame["channels"])
    assert all(abs(energy * 100 - round(energy * 100)) < 1e-6 for energy in energies)
    if not taken or taken[-1][0] != frame["clock"]["taken_ns"]:
        taken.append((frame["clock"]["taken_ns"], energies))
times = [when for when, _ in taken]
print(json.dumps([asked, time.monotonic() - begin, len(set(taken)), [b - a for a, b in zip(times, times[1:])]]))
"""

# Processes that all are the same user's, each with a tracker: forked from one that has imported everything.
CROWD = """
import json, os, sys, time, traceback
from impact_tracker import ImpactTracker
folder, count = sys.argv[1], int(sys.argv[2])
children = []
for number in range(count):
    child = os.fork()
    if child == 0:
        status = 1
        try:
            with ImpactTracker(f"{folder}/{number}", interval_s=1.0, scope="machine") as tracker:
                time.sleep(8.0)
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    children.append(child)
print(json.dumps([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]))
"""


def test_two_hundred_trackers_at_once(machine: FakeMachine, tmp_path: Path, path: Path, log: Path) -> None:
    service = reader(machine, tmp_path, path, 0.5)
    words = [*NOBODY, sys.executable, "-c", CROWD, str(log), "200"]
    done = machine.run(words, capture_output=True, text=True, env=environment(path), check=True, timeout=200)
    assert json.loads(done.stdout) == [0] * 200, done.stderr
    assert service.ends() == 0
    covered = []
    for record_path in sorted(log.rglob("*.jsonl")):
        record = read_record(record_path)
        package = [channel for channel in record.result.measured.channels if channel.id == "rapl/package-0"]
        if package and package[0].energy_j is not None and package[0].coverage is not None:
            covered.append(package[0].coverage)
            mean_w = package[0].energy_j / (record.result.duration_s * package[0].coverage)
            assert mean_w == pytest.approx(100, rel=0.3)
    assert len(covered) == 200
    assert sorted(covered)[20] > 0.9


def test_the_reader_itself_asks_no_reader(machine: FakeMachine, tmp_path: Path, path: Path) -> None:
    """What another reader told it would be told on as if it were read now."""
    second = path.with_name("second")
    first = reader(machine, tmp_path, path)
    words = ["--reader", "--socket", str(second), "--group", "65534"]
    other = Service(machine, tmp_path, *words)
    done = subprocess.run(
        [sys.executable, "-m", "impact_tracker", "serve", "--from", str(second), "--once", "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "service" not in {channel["source"] for channel in json.loads(done.stdout)["channels"]}
    assert first.ends() == other.ends() == 0


# A program of the user's that begins before the service does: what its regions measured, and when each ended.
EARLY = """
import json, sys, time
from impact_tracker import ImpactTracker

tracker = ImpactTracker(sys.argv[1], interval_s=0.2, scope="machine", sources=["rapl", "cpu_model"])
longest_s = 0.0
with tracker:
    print("ready", flush=True)
    for number in range(12):
        with tracker.region(f"r{number}"):
            begin = time.monotonic()
            time.sleep(1.0)
            longest_s = max(longest_s, time.monotonic() - begin)
print(json.dumps({"path": str(tracker.path), "longest_s": longest_s}))
"""


def test_a_service_that_comes_late_is_found_and_the_time_before_is_a_gap(
    machine: FakeMachine, tmp_path: Path, path: Path, log: Path
) -> None:
    with (tmp_path / "out").open("w+") as out:
        words = [*NOBODY, sys.executable, "-c", EARLY, str(log)]
        process = machine.popen(words, stdout=out, env=environment(path))
        assert until(lambda: "ready" in (tmp_path / "out").read_text(), 30)
        time.sleep(1.5)
        service = reader(machine, tmp_path, path)
        assert process.wait(90) == 0
    assert service.ends() == 0
    answer = json.loads((tmp_path / "out").read_text().splitlines()[-1])
    assert answer["longest_s"] < 2.5  # nobody waited for it
    record = read_record(Path(answer["path"]))
    by_name = {region.name: region for region in record.regions}

    def package(region: str) -> tuple[float | None, float | None]:
        for channel in by_name[region].measured.channels:
            if channel.id == "rapl/package-0":
                return channel.energy_j, channel.coverage
        raise AssertionError("the channel is not there")

    assert package("r0")[0] is None  # missing, and not 0 J
    last_j, last_coverage = package("r11")
    assert last_coverage is not None and last_coverage > 0.9
    assert last_j == pytest.approx(100.0, rel=0.4)
    package_of_run = next(channel for channel in record.result.measured.channels if channel.id == "rapl/package-0")
    assert package_of_run.energy_j is not None and package_of_run.coverage is not None
    assert 0.1 < package_of_run.coverage < 0.9
    read_s = record.result.duration_s * package_of_run.coverage
    assert package_of_run.energy_j == pytest.approx(100.0 * read_s, rel=0.3)
    notes = " ".join(record.result.notes)
    assert "it is looked for each 5 s" in notes
    assert "it answers since 20" in notes and "was not measured" in notes


def test_who_asks_for_a_closed_reader_by_name_gets_the_services(
    machine: FakeMachine, tmp_path: Path, path: Path, log: Path
) -> None:
    service = reader(machine, tmp_path, path)
    program = TRACKED.replace('scope="machine"', 'scope="machine", sources=["rapl"]')
    words = [*NOBODY, sys.executable, "-c", program, str(log), "1.5"]
    done = machine.run(words, capture_output=True, text=True, env=environment(path), check=True)
    run = Run(done.stdout)
    assert {channel["source"] for channel in run.record.header["channels"] if channel["id"].startswith("rapl/")} == {
        "service"
    }
    begin_ns, end_ns = run.spans[0]
    (region,) = run.record.regions
    assert region.energy_j == pytest.approx(machine.truth.energy_j(begin_ns, end_ns), rel=0.3)
    assert service.ends() == 0
    strict = program.replace('sources=["rapl"]', 'sources=["rapl"], strict=True')
    words = [*NOBODY, sys.executable, "-c", strict, str(log), "0.1"]
    refused = machine.run(words, capture_output=True, text=True, env=environment("off"))
    assert refused.returncode != 0
    assert "docs/service.md" in refused.stderr
