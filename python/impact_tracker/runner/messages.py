"""What the worker says, as types: each class is one event of the worker's protocol, or a part of one.

The names are the protocol's own (`cpp/worker/protocol.hpp`). `None` means: not measured, or not of this phase.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from ..typed import built
from .errors import WorkerError

Event = Mapping[str, object]
_Class = TypeVar("_Class")


@dataclass(frozen=True)
class Gpu:
    """A CUDA device as its driver describes it."""

    device: str
    name: str | None = None
    uuid: str | None = None
    pci_bus_id: str | None = None
    memory_bytes: int | None = None
    compute_capability: str | None = None


@dataclass(frozen=True)
class Hello:
    """What the worker says of itself when it starts. `no_gpu`: why it sees no GPU; `features`: commands and
    fields that older workers do not know."""

    protocol: int
    pid: int
    torch_version: str
    devices: tuple[str, ...]
    threads: int
    blas: str | None = None
    allocator: str | None = None
    gpus: tuple[Gpu, ...] = ()
    no_gpu: str | None = None
    features: tuple[str, ...] = ()


@dataclass(frozen=True)
class NetworkFacts:
    """A network that the worker can build, in its default shape. `macs`: of one inference of one input."""

    name: str
    title: str | None = None
    task: str | None = None
    unit: str | None = None
    reference: str | None = None
    input: tuple[int, ...] | None = None
    output: tuple[int, ...] | None = None
    classes: int | None = None
    parameters: int | None = None
    trainable_parameters: int | None = None
    macs: int | None = None
    gmac: float | None = None
    training_macs: int | None = None
    activations: int | None = None
    variants: tuple[str, ...] = ()
    can_train: bool | None = None
    softmax: bool | None = None


@dataclass(frozen=True)
class Capabilities:
    """What the worker can do: its networks, and for each field of a command that takes one of several words, these."""

    networks: tuple[NetworkFacts, ...]
    choices: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class EstimatedMemory:
    """Bytes that the passes will take about."""

    infer: int
    train: int


@dataclass(frozen=True)
class Loaded:
    """How a network was built, with everything that was chosen for it. `gpus`: those that it lies on."""

    network: str
    batch: int
    unit: str | None = None
    title: str | None = None
    task: str | None = None
    input: tuple[int, ...] | None = None
    output: tuple[int, ...] | None = None
    classes: int | None = None
    layout: str | None = None
    precision: str | None = None
    device: str | None = None
    gpus: tuple[Gpu, ...] = ()
    threads: int | None = None
    replicas: int | None = None
    seed: int | None = None
    batch_norm: str | None = None
    variant: str | None = None
    parameters: int | None = None
    trainable_parameters: int | None = None
    macs: int | None = None
    gmac: float | None = None
    training_macs: int | None = None
    estimated_memory_bytes: EstimatedMemory | None = None
    torch_version: str | None = None
    blas: str | None = None
    allocator: str | None = None


@dataclass(frozen=True)
class WarmedUp:
    """Passes that were run before a phase, and what they took."""

    duration_s: float


@dataclass(frozen=True)
class PhaseProgress:
    """How far a running phase is. `fraction`: of its work, where its end is known; `loss`: of this epoch so far."""

    phase: str
    passes: int
    images: int
    elapsed_s: float
    epochs: int = 0
    fraction: float | None = None
    loss: float | None = None


@dataclass(frozen=True)
class EpochResult:
    """An epoch of a training that has ended; `end_ns` by CLOCK_MONOTONIC."""

    epoch: int
    images: int
    loss: float | None
    accuracy: float | None
    end_ns: int


@dataclass(frozen=True)
class Observed:
    """What the passes were seen to run in: precision and layout of most multiply-adds, and of all of them by share.

    `threads`: those that had a real part in the CPU time; `busy_cpus`: CPU time over duration.
    """

    precision: str | None
    precision_shares: dict[str, float]
    layout: str | None
    layout_shares: dict[str, float]
    threads: int | None
    busy_cpus: float | None


@dataclass(frozen=True)
class DeviceMemory:
    """The most that torch held on the devices."""

    peak_allocated_bytes: int
    peak_reserved_bytes: int


@dataclass(frozen=True)
class PassTimes:
    """The times of all passes of a phase, in seconds."""

    mean: float
    std: float | None
    min: float
    p50: float
    p95: float
    max: float


@dataclass(frozen=True)
class ExampleCount:
    """How many examples a part of a data set has."""

    examples: int


@dataclass(frozen=True)
class RoofWork:
    """What a pass of a roof's phase does: `bytes_per_pass` to and from memory, or `macs_per_pass` multiply-adds, `what`
    they are taken of, and (on a CPU) `cache_bytes` of the last level."""

    kind: str
    bytes_per_pass: float | None
    macs_per_pass: float | None
    what: str
    array_bytes: int | None = None
    cache_bytes: int | None = None
    blas: str | None = None


@dataclass(frozen=True)
class PhaseResult:
    """What the worker measured in a phase. Times in nanoseconds of CLOCK_MONOTONIC; `None`: not measured.

    begin_ns, end_ns: the worker's own readings around the passes; go_ns, done_ns: this process's, before and after.
    peak_memory_bytes: resident memory at most, of the phase (or of the process: peak_memory_scope).
    pass_ns: of the first 4096 passes. finite: whether the loss stayed a number. epochs_trained: by this optimizer, with
    the part of the epoch that the phase left. network: `None` for a roof.
    """

    phase: str
    begin_ns: int
    end_ns: int
    duration_s: float
    images: int
    passes: int
    batch: int
    stopped: bool
    limit: str
    loss: float | None
    accuracy: float | None
    peak_memory_bytes: int | None
    peak_memory_scope: str
    device: str | None
    threads: int
    layout: str
    precision: str
    torch_version: str
    network: str | None
    final_loss: float | None = None
    correct: int | None = None
    finite: bool | None = None
    loss_function: str | None = None
    optimizer: str | None = None
    lr: float | None = None
    dice: float | None = None
    dice_by_class: tuple[float | None, ...] | None = None
    device_memory: DeviceMemory | None = None
    devices: tuple[str, ...] | None = None
    observed: Observed | None = None
    batch_norm: str | None = None
    variant: str | None = None
    seed: int | None = None
    pass_s: PassTimes | None = None
    pass_ns: tuple[int, ...] = ()
    epochs: tuple[EpochResult, ...] | None = None
    epochs_trained: float | None = None
    steps_total: int | None = None
    roof: RoofWork | None = None
    go_ns: int | None = None
    done_ns: int | None = None

    @property
    def images_per_s(self) -> float:
        return self.images / self.duration_s if self.duration_s > 0 else math.nan

    @property
    def device_memory_bytes(self) -> int | None:
        """The most that torch held on the device; `None` on a CPU or where it cannot be asked."""
        return self.device_memory.peak_reserved_bytes if self.device_memory else None


def decoded(kind: type[_Class], event: Event, **more: object) -> _Class:
    """The event as an object of this class, its fields checked; fields that the class does not know are left out.

    WorkerError of the kind "protocol" names the field that is missing or is of another type.
    """
    try:
        return built(kind, {**event, **more})
    except ValueError as error:
        text = f"the worker's answers are not understood ({error}): is it of another version?"
        raise WorkerError("protocol", text) from None
