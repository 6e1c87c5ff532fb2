"""Whether this machine is a container or a virtual machine, in which the counters of its host are masked, and whether
its system is one that most readers are not for."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from ..system import IS_LINUX, system_name

_READ_ELSEWHERE = {
    "macOS": "the processor's own model of Apple silicon (apple_energy, never met on real hardware)",
    "Windows": "nothing of the machine itself: no reader is for this system",
}

# Marks of container runtimes: files that they make, and words in the control groups of the first process.
_FILES = {".dockerenv": "Docker", "run/.containerenv": "Podman", ".singularity.d": "Apptainer"}
_WORDS = {
    "kubepods": "Kubernetes",
    "docker": "Docker",
    "libpod": "Podman",
    "containerd": "containerd",
    "lxc": "LXC",
    "machine.slice": "systemd-nspawn",
}
_GUESTS = {
    "KVM": "KVM",
    "QEMU": "QEMU",
    "VMware": "VMware",
    "VirtualBox": "VirtualBox",
    "innotek": "VirtualBox",
    "Xen": "Xen",
    "Amazon EC2": "Amazon EC2",
    "Google": "Google Compute Engine",
    "Microsoft Corporation": "Hyper-V",
    "OpenStack": "OpenStack",
    "Parallels": "Parallels",
    "Bochs": "Bochs",
}
_MASKED = ("sys/devices/virtual/powercap", "sys/class/powercap", "sys/firmware", "proc/acpi")


class Surroundings(NamedTuple):
    """`container`, `guest`: the runtime's and the hypervisor's name, `None` where there is none. `masked`: directories
    that the runtime has put an empty one over."""

    container: str | None
    guest: str | None
    masked: tuple[str, ...]

    def sentences(self) -> list[str]:
        """What this means for measuring, each with its remedy."""
        sentences = []
        if self.container and self.masked:
            sentences.append(
                f"this is a container ({self.container}) and {self.masked[0]} is masked: mount it "
                f"(-v {self.masked[0]}:{self.masked[0]}:ro), or start with --security-opt systempaths=unconfined"
            )
        elif self.container:
            sentences.append(
                f"this is a container ({self.container}): permissions are mended on its host; GPUs need the runtime's "
                "own option (--gpus all, NVIDIA_DRIVER_CAPABILITIES=compute,utility)"
            )
        if self.guest:
            sentences.append(
                f"this is a virtual machine ({self.guest}): energy counters of the processors stay with its host; what "
                "is passed through (GPUs) and what the network tells (Redfish, IPMI, Kwollect, Prometheus) can be read"
            )
        return sentences


def _text(path: Path, limit: int = 1 << 20) -> str:
    try:
        with path.open("rb") as file:
            return file.read(limit).decode("utf-8", "replace")
    except OSError:
        return ""


def _container(root: Path) -> str | None:
    for file, name in _FILES.items():
        if (root / file).exists():
            return name
    stated = _text(root / "run/systemd/container").strip() or _text(root / "proc/1/environ").partition("container=")[2]
    if stated:
        return stated.split("\0")[0] or None
    groups = _text(root / "proc/1/cgroup") + _text(root / "proc/self/cgroup")
    for word, name in _WORDS.items():
        if word in groups:
            return name
    mounts = _text(root / "proc/self/mountinfo").splitlines()
    overlay = any(len(fields := line.split()) > 4 and fields[4] == "/" and " - overlay " in line for line in mounts)
    return "a runtime that uses overlay" if overlay else None


def _guest(root: Path) -> str | None:
    names = [_text(root / "sys/class/dmi/id" / file, 200).strip() for file in ("product_name", "sys_vendor")]
    flags = next((line for line in _text(root / "proc/cpuinfo").splitlines() if line.startswith("flags")), "")
    hypervisor = "hypervisor" in flags.split()
    for words in names:
        for mark, name in _GUESTS.items():
            # Microsoft and Google make physical machines too, so their names tell of a guest only beside the flag.
            if mark in words and (hypervisor or not flags):
                return name
    kind = _text(root / "sys/hypervisor/type", 64).strip()
    return kind or ("a hypervisor that does not say its name" if hypervisor else None)


def _masked(root: Path) -> tuple[str, ...]:
    """Directories over which a runtime has mounted an empty tmpfs."""
    directories = []
    for line in _text(root / "proc/self/mountinfo").splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split()
        if len(fields) > 4 and fields[4].lstrip("/") in _MASKED and after.startswith("tmpfs"):
            directories.append(fields[4])
    return tuple(directories)


def read(root: str = "/") -> Surroundings:
    """The surroundings of the machine below `root`. It never raises: a file that cannot be read counts as empty."""
    top = Path(root)
    return Surroundings(_container(top), _guest(top), _masked(top))


def of_other_systems() -> list[str]:
    """On a system that most readers are not for, what can be had there; nothing on Linux."""
    if IS_LINUX:
        return []
    read_here = _READ_ELSEWHERE.get(system_name(), _READ_ELSEWHERE["Windows"])
    return [
        f"this is {system_name()}, and most readers are for Linux: here they can read {read_here}, and what the "
        "network tells (Redfish, Kwollect, Prometheus); records, reports and estimates need none"
    ]
