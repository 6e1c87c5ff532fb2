"""Where this machine runs: in a container or as a guest, where the counters of the machine beneath are masked."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

# Marks of container runtimes: files they leave, and words in the first process's control groups or mounts.
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
        """What follows for measuring, each with its remedy."""
        found = []
        if self.container and self.masked:
            found.append(
                f"this is a container ({self.container}) and {self.masked[0]} is masked: mount it "
                f"(-v {self.masked[0]}:{self.masked[0]}:ro), or start with --security-opt systempaths=unconfined"
            )
        elif self.container:
            found.append(
                f"this is a container ({self.container}): permissions are mended on its host; GPUs need the runtime's "
                "own option (--gpus all, NVIDIA_DRIVER_CAPABILITIES=compute,utility)"
            )
        if self.guest:
            found.append(
                f"this is a virtual machine ({self.guest}): energy counters of the processors stay with its host; what "
                "is passed through (GPUs) and what the network tells (Redfish, IPMI, Kwollect, Prometheus) can be read"
            )
        return found


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
    said = _text(root / "run/systemd/container").strip() or _text(root / "proc/1/environ").partition("container=")[2]
    if said:
        return said.split("\0")[0] or None
    beginnings = _text(root / "proc/1/cgroup") + _text(root / "proc/self/cgroup")
    for word, name in _WORDS.items():
        if word in beginnings:
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
            # Hosts of Microsoft and Google exist too: their names tell something of a guest alone.
            if mark in words and (hypervisor or not flags):
                return name
    kind = _text(root / "sys/hypervisor/type", 64).strip()
    return kind or ("a hypervisor that does not say its name" if hypervisor else None)


def _masked(root: Path) -> tuple[str, ...]:
    """Directories that are mount points of an empty tmpfs: a runtime's mask."""
    found = []
    for line in _text(root / "proc/self/mountinfo").splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split()
        if len(fields) > 4 and fields[4].lstrip("/") in _MASKED and after.startswith("tmpfs"):
            found.append(fields[4])
    return tuple(found)


def read(root: str = "/") -> Surroundings:
    """Of the machine below `root`. Never raises: what cannot be read says nothing."""
    top = Path(root)
    return Surroundings(_container(top), _guest(top), _masked(top))
