"""One measurement of the most that the machine does, in its circumstances."""

from __future__ import annotations

from dataclasses import dataclass

from .origin import UNSAID, Origin

MEMORY, ARITHMETIC = ("triad", "copy"), ("matmul", "convolution")


@dataclass(frozen=True)
class RoofRun:
    """A phase of nothing but work that the device is fastest at, once a campaign and some times over. Its `work`:
    `triad` and `copy` move memory, `matmul` and `convolution` multiply.

    `what` the work is taken of; `bytes_per_pass` or `macs_per_pass`; `best_pass_s`, the fastest of its `passes`, from
    which the rate follows, while the energy is that of all of them, of the whole machine. `cache_bytes`: of the
    processors' last level, beside which `array_bytes` are large, or the row says by how little they are;
    `others_cpus`: processors that other programs kept busy meanwhile."""

    work: str
    repeat: int
    session: int | None = None
    device: str | None = None
    precision: str | None = None
    threads: int | None = None
    what: str | None = None
    bytes_per_pass: float | None = None
    macs_per_pass: float | None = None
    array_bytes: int | None = None
    cache_bytes: int | None = None
    passes: int | None = None
    duration_s: float | None = None
    best_pass_s: float | None = None
    energy_j: float | None = None
    energy_low_j: float | None = None
    energy_high_j: float | None = None
    bias_j: float | None = None
    modelled_j: float | None = None
    quality: str | None = None
    others_cpus: float | None = None
    blas: str | None = None
    torch_version: str | None = None
    host: str | None = None
    origin: Origin = UNSAID

    @property
    def amount(self) -> float | None:
        """Bytes or multiply-adds of a pass."""
        return self.bytes_per_pass if self.work in MEMORY else self.macs_per_pass

    @property
    def giga_per_s(self) -> float | None:
        """Gigabytes, or billions of multiply-adds, in a second of its fastest pass."""
        return self.amount / 1e9 / self.best_pass_s if self.amount and self.best_pass_s else None

    @property
    def j_per_giga(self) -> float | None:
        """Joules of the machine for a gigabyte, or a billion multiply-adds, over all passes."""
        if self.energy_j is None or not self.amount or not self.passes:
            return None
        return self.energy_j * 1e9 / (self.amount * self.passes)
