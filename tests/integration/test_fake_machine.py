"""The fake machine itself: what a program on it reads is the curve's integral, and no trace of it is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fakes import zones
from fakes.machine import FakeMachine, FakeUnavailableError, counter_files, write_tree
from fakes.plugin import MachineFactory
from waiting import has_ended, until

SYS_CLASS = "/sys/class/powercap"
PACKAGE = f"{SYS_CLASS}/intel-rapl:0/energy_uj"


def read_between(machine: FakeMachine, zone: str) -> tuple[int, int, int]:
    before = time.monotonic_ns()
    value = machine.energy_uj(zone)
    return before, value, time.monotonic_ns()


@pytest.mark.parametrize("curve", ["constant:100", "square:20:180:50ms", "sine:100:80:30ms"])
def test_differences_are_the_curves_integral(fake_machine: MachineFactory, curve: str) -> None:
    machine = fake_machine(zones.server(curve, sockets=2, dram="constant:25"))
    for zone in ("intel-rapl:0", "intel-rapl:1", "intel-rapl:1:0"):
        a0, first, a1 = read_between(machine, zone)
        time.sleep(0.05)
        b0, second, b1 = read_between(machine, zone)
        counted = (second - first) * 1e-6
        # The value is that of the last tick at some moment inside each read.
        least = machine.truth.energy_j(a1, b0 - 1_000_000, zone)
        most = machine.truth.energy_j(a0 - 1_000_000, b1, zone)
        assert least - 1e-4 <= counted <= most + 1e-4


def test_a_program_sees_it_at_the_usual_place(fake_machine: MachineFactory) -> None:
    machine = fake_machine([*zones.laptop(), zones.subzone("intel-rapl:0", 2, "dram")])
    listing = machine.run(["ls", SYS_CLASS], capture_output=True, text=True).stdout.split()
    expected = ["", ":0", ":0:0", ":0:1", ":0:2", ":1"]
    assert listing == sorted(["intel-rapl" + end for end in expected] + ["intel-rapl-mmio", "intel-rapl-mmio:0"])
    names = machine.run(["sh", "-c", f"cat {SYS_CLASS}/*/name"], capture_output=True, text=True).stdout.split()
    assert sorted(names) == ["core", "dram", "package-0", "package-0", "psys", "uncore"]
    below = machine.run(["ls", f"{SYS_CLASS}/intel-rapl/intel-rapl:0/intel-rapl:0:0"], capture_output=True, text=True)
    assert "energy_uj" in below.stdout
    # Everything else of /sys/class is still there, links of devices included.
    assert machine.run(["cat", "/sys/class/net/lo/mtu"], capture_output=True, check=True).stdout


def test_wraps_at_the_range_it_states(fake_machine: MachineFactory) -> None:
    machine = fake_machine(zones.server("constant:10000", range_uj=1e9))  # every 0.1 s
    top = int((machine.powercap / "intel-rapl:0/max_energy_range_uj").read_text())
    assert top == pytest.approx(1e9, abs=100)
    a, first, _ = read_between(machine, "intel-rapl:0")
    time.sleep(0.25)
    b, second, _ = read_between(machine, "intel-rapl:0")
    true_uj = machine.truth.energy_j(a, b) * 1e6
    assert round((true_uj - (second - first)) / top) in (2, 3)
    assert abs((true_uj - (second - first)) / top % 1 - 0.5) > 0.3


def test_eio_slow_deny_vanish_while_it_runs(fake_machine: MachineFactory) -> None:
    machine = fake_machine(zones.server(sockets=2))
    kept = os.open(machine.powercap / "intel-rapl:1/energy_uj", os.O_RDONLY)
    try:
        machine.control("eio intel-rapl:0 on")
        with pytest.raises(OSError, match="Input/output error"):
            machine.energy_uj("intel-rapl:0")
        machine.control("eio intel-rapl:0 off", "slow intel-rapl:0 30")
        begin = time.monotonic()
        machine.energy_uj("intel-rapl:0")
        assert time.monotonic() - begin >= 0.03
        machine.control("slow * 0", "deny intel-rapl:0 on")
        with pytest.raises(PermissionError):
            machine.energy_uj("intel-rapl:0")
        assert int(os.pread(kept, 64, 0)) > 0
        machine.control("vanish intel-rapl:1")
        with pytest.raises(OSError, match="No such device"):
            os.pread(kept, 64, 0)
        assert not (machine.powercap / "intel-rapl:1/energy_uj").exists()
        machine.control("restore intel-rapl:1")
        assert machine.energy_uj("intel-rapl:1") > 0
        with pytest.raises(OSError, match="Invalid argument"):
            machine.control("explode *")
    finally:
        os.close(kept)


def test_a_slow_read_holds_up_nobody_else(fake_machine: MachineFactory) -> None:
    machine = fake_machine(zones.server(sockets=2))
    machine.control("slow intel-rapl:0 300")
    slow = machine.popen(["cat", PACKAGE], stdout=subprocess.DEVNULL)
    begin = time.monotonic()
    while time.monotonic() - begin < 0.1:
        machine.energy_uj("intel-rapl:1")
    assert slow.poll() is None
    assert slow.wait(5) == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
def test_without_root_energy_uj_is_closed(fake_machine: MachineFactory) -> None:
    machine = fake_machine(zones.server())
    done = machine.run(["cat", PACKAGE, f"{SYS_CLASS}/intel-rapl:0/name"], user=65534, capture_output=True, text=True)
    # "enter" itself needs root: a user who may not join a machine is told so, and one inside is refused the counter.
    inside = machine.run(
        ["setpriv", "--reuid=65534", "--clear-groups", "cat", f"{SYS_CLASS}/intel-rapl:0/name", PACKAGE],
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert inside.stdout == "package-0\n"
    assert "Permission denied" in inside.stderr


def test_follows_the_load(fake_machine: MachineFactory) -> None:
    machine = fake_machine(zones.following_load(idle_w=20, watts_per_cpu=50, dram=True))
    t0, first, _ = read_between(machine, "intel-rapl:0")
    burner = subprocess.run([sys.executable, "-c", "import time\nwhile time.process_time() < 0.3: pass"], check=True)
    assert burner.returncode == 0
    time.sleep(0.02)
    t1, second, _ = read_between(machine, "intel-rapl:0")
    busy = machine.truth.busy_s(t0, t1)
    assert busy >= 0.25
    expected = 20 * (t1 - t0) * 1e-9 + 50 * busy
    assert machine.truth.energy_j(t0, t1, "intel-rapl:0") == pytest.approx(expected, rel=1e-9)
    # A poll (5 ms) and a tick of /proc/stat (10 ms a CPU) at either end.
    assert (second - first) * 1e-6 == pytest.approx(expected, abs=2.5)
    assert machine.truth.energy_j(t0, t1) == pytest.approx(1.1 * expected, rel=1e-9)


def fake_mounts() -> list[str]:
    return [line for line in Path("/proc/self/mounts").read_text().splitlines() if "fake-" in line]


@pytest.mark.processors
def test_nothing_is_mounted_here_and_nothing_outlives_it() -> None:
    before = fake_mounts()  # none, unless this is a fake machine itself
    try:
        with FakeMachine(zones.server()) as machine:
            meanwhile = fake_mounts()
            orphan = machine.run(["sh", "-c", "sleep 1000 >/dev/null 2>&1 & echo $!"], capture_output=True, text=True)
            pid, holder = int(orphan.stdout), machine.pid
            assert Path(f"/proc/{pid}").exists()
    except FakeUnavailableError as error:
        pytest.skip(str(error))
    assert meanwhile == before
    assert fake_mounts() == before
    assert has_ended(pid)
    assert has_ended(holder)


KILLED = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
from fakes import zones
from fakes.machine import FakeMachine
machine = FakeMachine(zones.server()).start()
child = machine.popen(["sleep", "1000"])
print(machine.pid, child.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_test_leaves_nothing() -> None:
    tests = str(Path(__file__).parents[1])
    done = subprocess.run([sys.executable, "-c", KILLED, tests], capture_output=True, text=True)
    if "FakeUnavailableError:" in done.stderr:
        pytest.skip(done.stderr.splitlines()[-1])
    assert done.returncode == -signal.SIGKILL
    pids = [int(word) for word in done.stdout.split()]
    assert len(pids) == 2
    assert until(lambda: all(map(has_ended, pids)), 5)


def test_a_bad_configuration_is_an_error_and_no_skip(fake_machine: MachineFactory) -> None:
    fake_machine(zones.server())  # skips where no machine can run
    with pytest.raises(RuntimeError, match="cannot read 'saw'"):
        FakeMachine(zones.server("saw:1:2:3ms")).start()


def test_two_machines_side_by_side(fake_machine: MachineFactory) -> None:
    single, two = fake_machine(zones.server(sockets=1)), fake_machine(zones.server(sockets=2))
    count = ["sh", "-c", f"ls -d {SYS_CLASS}/intel-rapl:* | wc -l"]
    assert single.run(count, capture_output=True).stdout.strip() == b"1"
    assert two.run(count, capture_output=True).stdout.strip() == b"2"


@pytest.mark.processors
def test_a_machine_without_network_has_its_loopback_only(fake_machine: MachineFactory) -> None:
    machine = fake_machine(zones.server(), network=False)
    devices = machine.run(["cat", "/proc/net/dev"], capture_output=True, text=True).stdout
    assert [line.split(":")[0].strip() for line in devices.splitlines() if ":" in line] == ["lo"]


@pytest.mark.processors
def test_files_are_bound_over_the_machines_own(fake_machine: MachineFactory, tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text("model name\t: Fake CPU\n")
    machine = fake_machine(zones.server(), show={"/proc/cpuinfo": tmp_path / "cpuinfo"})
    assert machine.run(["cat", "/proc/cpuinfo"], capture_output=True, text=True).stdout == "model name\t: Fake CPU\n"


def test_registers_move_at_their_own_offsets(fake_machine: MachineFactory) -> None:
    both = [
        zones.package(0, "constant:100", unit_uj=15.2587890625),
        zones.package(1, "constant:1", unit_uj=15.2587890625),
    ]
    machine = fake_machine(both, powercap=False, msr=[zones.amd_msr([0], "intel-rapl:0", "intel-rapl:1")])
    assert machine.run(["ls", SYS_CLASS], capture_output=True).stdout == b""
    with (machine.root / "dev/cpu/0/msr").open("rb", buffering=0) as file:

        def register(number: int) -> int:
            return int.from_bytes(os.pread(file.fileno(), 8, number), "little")

        assert register(0xC0010299) == 0xA1003
        core, before, begin = register(0xC001029A), register(0xC001029B), time.monotonic_ns()
        time.sleep(0.05)
        after, end = register(0xC001029B), time.monotonic_ns()
        true_j = machine.truth.energy_j(begin, end, "intel-rapl:0")
        assert (after - before) / 2**16 == pytest.approx(true_j, abs=0.3)
        assert core / 2**16 == pytest.approx(8777.7, abs=10)
        with pytest.raises(OSError, match="Input/output error"):
            register(0x611)


def test_plain_files_on_the_machine_move(fake_machine: MachineFactory) -> None:
    machine = fake_machine(zones.server("constant:100", dram="constant:5"), files=True)
    a0, first, a1 = read_between(machine, "intel-rapl:0")
    time.sleep(0.1)
    b0, second, b1 = read_between(machine, "intel-rapl:0")
    assert 100 * (b0 - a1) * 1e-9 - 3 <= (second - first) * 1e-6 <= 100 * (b1 - a0) * 1e-9 + 3


def test_a_tree_of_plain_files(tmp_path: Path) -> None:
    try:
        truth = write_tree(tmp_path / "still", zones.multi_die(dies=2))
        with counter_files(zones.server("constant:50")) as (root, moving):
            counter = root / "sys/class/powercap/intel-rapl:0/energy_uj"
            first = int(counter.read_text())
            time.sleep(0.05)
            assert int(counter.read_text()) > first
            assert moving.components() == ["intel-rapl:0"]
    except FakeUnavailableError as error:
        pytest.skip(str(error))
    assert not root.exists()
    assert truth.components() == ["intel-rapl:0"]
    names = [path.read_text().strip() for path in sorted(tmp_path.glob("still/sys/class/powercap/*/name"))]
    assert names == ["package-0-die-0", "package-0-die-1"]


def test_the_command_line_passes_the_exit_code_on() -> None:
    script = Path(__file__).parents[1] / "fakes" / "machine.py"
    program = ["sh", "-c", f"cat {SYS_CLASS}/intel-rapl:1/name; exit 7"]
    done = subprocess.run(
        [sys.executable, script, "--psys", "constant:9", "--", *program], capture_output=True, text=True
    )
    if "no fake machine here" in done.stderr or "is not built" in done.stderr:
        pytest.skip(done.stderr)
    assert (done.returncode, done.stdout) == (7, "psys\n")
