"""What the readers saw on a machine, as a file that its owner may hand in: no names, no addresses, no serial numbers.

It is how a reader's `met` in the table of sources becomes a real machine. Nothing is sent anywhere.
"""

from __future__ import annotations

import math
import os
import re
import statistics
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from . import _core
from .hostinfo import Hardware, hardware_of, host_info
from .masking import mask_text
from .probes import ChannelDescription, Probe
from .record import Record
from .system import node_name
from .tracker import ImpactTracker

VERSION = 1
_FASTEST_S = 0.001  # as often as the quickest counters move
_REMOTE = frozenset({"redfish", "kwollect", "prometheus", "ipmi_lan", "service"})  # errors name hosts and accounts
_ADDRESS = re.compile(
    r"[a-z]+://\S+|\b\d{1,3}(?:\.\d{1,3}){3}\b|\b[0-9a-f]{2}(?::[0-9a-f]{2}){5}\b|\b[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){3,7}\b"
    r"|\b[\w.+-]+@[\w.-]+\b",
    re.IGNORECASE,
)
_IDENTITY = re.compile(
    r"\b(?:GPU-|MIG-)?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b|\b(?=\w*\d)[0-9a-f]{12,}\b",
    re.IGNORECASE,
)
_PLAIN_DEVICE = re.compile(r"[a-z_]+(?::\d{1,3})?")  # "cpu:0", "memory", "node"


@dataclass(frozen=True)
class ReaderSeen:
    """One reader: its state as in `doctor`, and why it is not used, where that names no host."""

    name: str
    state: str
    error: str | None


@dataclass(frozen=True)
class ChannelSeen:
    """One channel: what its reader says of it, and what it did. `steps`: how often it moved; `step_s`: the time between
    two moves in the mean; `low`, `middle`, `high` of its values: watts of a counter of energy. `None`: not seen."""

    source: str
    device: str
    domain: str
    quantity: str
    kind: str
    unit: str
    quality: str
    resolution: float
    update_period_s: float
    readings: int
    steps: int
    step_s: float | None
    low: float | None
    middle: float | None
    high: float | None


@dataclass(frozen=True)
class FieldReport:
    """A machine without its names, its readers and what they saw in `seconds`. `notes`: what the run's result says."""

    version: int
    tool: str
    seconds: float
    cpu: str | None
    cpu_id: str | None
    is_virtual: bool
    sockets: int | None
    threads: int | None
    memory_gb: int | None
    gpus: tuple[str, ...]
    kernel: str | None
    system: str | None
    product: str | None
    readers: tuple[ReaderSeen, ...]
    channels: tuple[ChannelSeen, ...]
    energy_j: float | None
    energy_error_j: float | None
    energy_quality: str
    notes: tuple[str, ...]

    def as_json(self) -> Mapping[str, object]:
        """For the file."""
        return asdict(self)


def private_words() -> frozenset[str]:
    """Names of this machine and its user, as far as the system tells them: none may stand in a report."""
    words = {node_name(), node_name().partition(".")[0], os.environ.get("USER", ""), Path.home().name}
    return frozenset(word for word in words if len(word) > 2 and word != "root")


def without_names(text: str, words: Iterable[str]) -> str:
    """A text without addresses, serial numbers, secrets and these words."""
    text = _IDENTITY.sub("<id>", _ADDRESS.sub("<address>", mask_text(text)))
    for word in sorted(words, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", "<name>", text, flags=re.IGNORECASE)
    return text


def _readers(probes: Sequence[Probe], words: Iterable[str]) -> tuple[ReaderSeen, ...]:
    hushed = {probe["name"] for probe in probes if probe["name"] in _REMOTE}
    return tuple(
        ReaderSeen(
            probe["name"],
            probe["state"],
            None if probe["name"] in hushed or not probe["error"] else without_names(probe["error"], words),
        )
        for probe in probes
    )


class _Devices:
    """Devices by kind and number, in place of what they are called: "gpu:GPU-8f…" is the first "gpu"."""

    def __init__(self) -> None:
        self._numbers: dict[str, str] = {}

    def number(self, device: str) -> str:
        if _PLAIN_DEVICE.fullmatch(device):
            return device
        kind = re.match(r"[a-z_]*", device)
        kind_name = (kind.group() if kind else "") or "device"
        same = sum(name.startswith(f"{kind_name} ") for name in self._numbers.values())
        return self._numbers.setdefault(device, f"{kind_name} no. {same + 1}")


def _channel(record: Record, told: ChannelDescription, devices: _Devices) -> ChannelSeen:
    times, values = record.series(told["id"])
    known = [(time, value) for time, value in zip(times, values) if not math.isnan(value)]
    numbers = [value for _, value in known]
    # A counter that has not moved between two readings shows no power; a gauge that has not, the same value.
    if told["kind"] == "counter":
        moved = [time for time, value in known if value != 0]
    else:
        moved = [time for (time, value), before in zip(known[1:], numbers) if value != before]
    return ChannelSeen(
        source=told["source"],
        device=devices.number(told["device"]),
        domain=told["domain"],
        quantity=told["quantity"],
        kind=told["kind"],
        unit=told["unit"],
        quality=told["quality"],
        resolution=told["resolution"],
        update_period_s=told["update_period_s"],
        readings=len(known),
        steps=len(moved),
        step_s=(moved[-1] - moved[0]) / (len(moved) - 1) if len(moved) > 1 else None,
        low=min(numbers, default=None),
        middle=statistics.median(numbers) if numbers else None,
        high=max(numbers, default=None),
    )


def look(seconds: float, probes: Sequence[Probe], root: str = "/") -> FieldReport:
    """Measure for so many seconds, as fast as the quickest counters move, and keep nothing but the report.

    OSError where no temporary record can be written.
    """
    words = private_words()
    with tempfile.TemporaryDirectory(prefix="impact-tracker-") as folder:
        tracker = ImpactTracker(folder, interval_s=_FASTEST_S, root=root, scope="machine", config="none").start()
        tracker.wait(energy_j=math.inf, timeout_s=seconds)
        result = tracker.stop()
        record = Record(tracker.path)
        described: list[ChannelDescription] = [
            c for probe in probes if probe["state"] == "used" for c in probe["channels"]
        ]
        recorded = {channel.id for channel in record.result.measured.channels}
        devices = _Devices()
        channels = tuple(_channel(record, told, devices) for told in described if told["id"] in recorded)
    hardware: Hardware = hardware_of({"host": host_info()})
    energy = None if result is None else result.energy
    return FieldReport(
        version=VERSION,
        tool=_core.__version__,
        seconds=0.0 if result is None else round(result.duration_s, 3),
        cpu=hardware.cpu,
        cpu_id=hardware.cpu_id,
        is_virtual=hardware.virtual,
        sockets=hardware.sockets,
        threads=hardware.threads,
        memory_gb=None if hardware.memory_bytes is None else round(hardware.memory_bytes / 1e9),
        gpus=hardware.gpus,
        kernel=None if hardware.kernel is None else without_names(hardware.kernel, words),
        system=hardware.system,
        product=None if hardware.product is None else without_names(hardware.product, words),
        readers=_readers(probes, words),
        channels=channels,
        energy_j=None if energy is None else energy.best_j,
        energy_error_j=None if energy is None else energy.error_j,
        energy_quality="missing" if energy is None else str(energy.quality),
        notes=tuple(without_names(note, words) for note in (() if result is None else result.notes)),
    )
