"""doctor: containers and guests recognised, counters opened to a group after showing what is to be written."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from impact_tracker.cli import doctor_setup, surroundings

Capture = pytest.CaptureFixture[str]


def write(root: Path, name: str, text: str | bytes) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())


# ---- surroundings


def test_a_bare_machine_says_nothing(tmp_path: Path) -> None:
    write(tmp_path, "proc/cpuinfo", "processor : 0\nflags : fpu sse hypervisors_none\n")
    write(tmp_path, "proc/1/cgroup", "0::/init.scope\n")
    write(tmp_path, "proc/self/mountinfo", "22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n")
    write(tmp_path, "sys/class/dmi/id/sys_vendor", "Microsoft Corporation\n")  # a Surface, not a guest
    around = surroundings.read(str(tmp_path))
    assert around.sentences() == []
    assert tuple(around) == (None, None, ())


@pytest.mark.parametrize(
    ("files", "name"),
    [
        ({".dockerenv": ""}, "Docker"),
        ({"run/.containerenv": ""}, "Podman"),
        ({"run/systemd/container": "systemd-nspawn\n"}, "systemd-nspawn"),
        ({"proc/1/environ": "PATH=/bin\0container=lxc\0HOME=/\0"}, "lxc"),
        ({"proc/1/cgroup": "0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-9.scope\n"}, "Kubernetes"),
        ({"proc/self/mountinfo": "22 1 0:5 / / rw - overlay overlay rw\n"}, "a runtime that uses overlay"),
    ],
)
def test_containers(tmp_path: Path, files: dict[str, str], name: str) -> None:
    for file, text in files.items():
        write(tmp_path, file, text)
    around = surroundings.read(str(tmp_path))
    assert around.container == name
    assert name in around.sentences()[0]


def test_a_mask_is_named_with_its_remedy(tmp_path: Path) -> None:
    write(tmp_path, ".dockerenv", "")
    mask = "90 22 0:40 / /sys/devices/virtual/powercap ro - tmpfs tmpfs ro\n"
    write(tmp_path, "proc/self/mountinfo", f"22 1 0:5 / / rw - overlay overlay rw\n{mask}")
    around = surroundings.read(str(tmp_path))
    assert around.masked == ("/sys/devices/virtual/powercap",)
    assert "-v /sys/devices/virtual/powercap:/sys/devices/virtual/powercap:ro" in around.sentences()[0]


@pytest.mark.parametrize(
    ("product", "vendor", "flags", "name"),
    [
        ("Standard PC (Q35)", "QEMU", "fpu hypervisor", "QEMU"),
        ("VMware7,1", "VMware, Inc.", "fpu hypervisor", "VMware"),
        ("Virtual Machine", "Microsoft Corporation", "fpu hypervisor", "Hyper-V"),
        ("", "", "fpu hypervisor", "a hypervisor that does not say its name"),
        ("KVM Virtual Machine", "", "", "KVM"),
        ("PowerEdge R760", "Dell Inc.", "fpu", None),
    ],
)
def test_guests(tmp_path: Path, product: str, vendor: str, flags: str, name: str | None) -> None:
    write(tmp_path, "sys/class/dmi/id/product_name", f"{product}\n")
    write(tmp_path, "sys/class/dmi/id/sys_vendor", f"{vendor}\n")
    write(tmp_path, "proc/cpuinfo", f"processor : 0\nflags\t\t: {flags}\n" if flags else "processor : 0\n")
    assert surroundings.read(str(tmp_path)).guest == name


def test_nonsense_says_nothing(tmp_path: Path) -> None:
    for name in (
        "proc/1/environ",
        "proc/1/cgroup",
        "proc/self/mountinfo",
        "proc/cpuinfo",
        "sys/class/dmi/id/sys_vendor",
    ):
        write(tmp_path, name, bytes(range(256)) * 40)
    assert surroundings.read(str(tmp_path)) == (None, None, ())
    assert surroundings.read(str(tmp_path / "nowhere")) == (None, None, ())


# ---- setup


@pytest.fixture
def as_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("SUDO_USER", "ada")


class Commands(list[list[str]]):
    """Keeps what is run; `fails` names a program that does not succeed."""

    fails = ""

    def __call__(self, command: Sequence[str]) -> int:
        self.append(list(command))
        return 1 if command[0] == self.fails else 0


def test_without_root_the_exact_commands_are_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("USER", "ada")
    monkeypatch.delenv("SUDO_USER", raising=False)
    ran = Commands()
    assert doctor_setup.setup("impact-tracker", yes=True, ipmi=False, root=str(tmp_path), run=ran) == 0
    text = capsys.readouterr().out
    assert ran == []
    assert not list(tmp_path.iterdir())
    assert "sudo groupadd --system impact-tracker" in text
    assert "sudo usermod -aG impact-tracker ada" in text
    assert "sudo udevadm control --reload" in text
    script = text.partition("\n\n")[2]
    assert subprocess.run(["bash", "-n"], input=script, text=True, check=False).returncode == 0


def test_yes_writes_the_rule(as_root: None, tmp_path: Path, capsys: Capture) -> None:
    ran = Commands()
    assert doctor_setup.setup("impact-tracker", yes=True, ipmi=False, root=str(tmp_path), run=ran) == 0
    rule = tmp_path / doctor_setup.RULE_FILE
    text = rule.read_text()
    assert 'SUBSYSTEM=="powercap"' in text
    assert "ipmi" not in text
    assert text in capsys.readouterr().out  # what was shown is what was written
    assert stat.S_IMODE(rule.stat().st_mode) == 0o644
    assert [command[0] for command in ran] == ["groupadd", "usermod", "udevadm", "udevadm", "udevadm"]
    assert ["usermod", "-aG", "impact-tracker", "ada"] in ran
    assert list(rule.parent.iterdir()) == [rule]
    assert doctor_setup.setup("impact-tracker", yes=True, ipmi=True, root=str(tmp_path), run=ran) == 0
    assert 'KERNEL=="ipmi*"' in rule.read_text()


@pytest.mark.parametrize(("answer", "status"), [("y", 0), ("yes", 0), ("", 1), ("n", 1)])
def test_asks(as_root: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, status: int) -> None:
    class Terminal:
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("builtins.input", lambda prompt: answer)
    ran = Commands()
    assert doctor_setup.setup("impact-tracker", yes=False, ipmi=False, root=str(tmp_path), run=ran) == status
    assert (tmp_path / doctor_setup.RULE_FILE).exists() == (status == 0)
    assert bool(ran) == (status == 0)


def test_nobody_to_ask_is_no(as_root: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    class Pipe:
        def isatty(self) -> bool:
            return False

    monkeypatch.setattr("sys.stdin", Pipe())
    ran = Commands()
    assert doctor_setup.setup("impact-tracker", yes=False, ipmi=False, root=str(tmp_path), run=ran) == 1
    assert ran == []
    assert "--yes" in capsys.readouterr().err


def test_a_command_that_fails_is_named(as_root: None, tmp_path: Path, capsys: Capture) -> None:
    ran = Commands()
    ran.fails = "groupadd"
    assert doctor_setup.setup("impact-tracker", yes=True, ipmi=False, root=str(tmp_path), run=ran) == 1
    assert not (tmp_path / doctor_setup.RULE_FILE).exists()
    assert "nothing was written" in capsys.readouterr().err
    ran.fails = "udevadm"
    assert doctor_setup.setup("impact-tracker", yes=True, ipmi=False, root=str(tmp_path), run=ran) == 1
    assert (tmp_path / doctor_setup.RULE_FILE).exists()
    assert "next boot" in capsys.readouterr().err


@pytest.mark.parametrize("group", ["", "a b", "x;rm -rf /", "0day", "$(id)"])
def test_a_group_is_a_name(as_root: None, tmp_path: Path, group: str) -> None:
    ran = Commands()
    assert doctor_setup.setup(group, yes=True, ipmi=False, root=str(tmp_path), run=ran) == 2
    assert ran == []
