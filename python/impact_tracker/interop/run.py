"""One run as exports and imports see it, whichever tool measured it. What is not known is `None`, never 0."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from ..factors import Factor
from ..footprint import Impact, carbon
from ..hostinfo import Hardware, hardware_of
from ..modelled import ModelledPart, parts_of, quality_in_words
from ..values import JOULES_PER_KWH, Energy

if TYPE_CHECKING:
    from ..record import Record
    from ..result import Result


class InteropError(ValueError):
    """A file of another tool that cannot be read, with its name and line."""


@dataclass(frozen=True)
class Run:
    """Energies in kWh are the computers' own, without the site's overhead; carbon has the overhead in it.

    `energy_kwh` (with `energy_low_kwh`, `energy_high_kwh`) of the machine, `cpu_kwh`, `gpu_kwh`,
    `ram_kwh` of its parts; `pue` 1 or more; `intensity` in g/kWh as a factor with its source;
    `stated_carbon_g`: what the other tool wrote, kept as it is. `tool` and `tool_version` measured it.
    `cpu_count` are the processors that the system counts (threads), `cpu_cores` physical ones; `cpu_utilisation`
    is the busy share of the former. `os`: kernel with its version; `system`: the distribution.
    `partial`: parts of the machine are not in the energy. `models`: whose models are in an energy that is
    modelled. `extra`: fields that only one format has.
    """

    name: str
    tool: str
    tool_version: str = ""
    started_at: datetime | None = None
    duration_s: float | None = None
    energy_kwh: float | None = None
    energy_low_kwh: float | None = None
    energy_high_kwh: float | None = None
    cpu_kwh: float | None = None
    gpu_kwh: float | None = None
    ram_kwh: float | None = None
    pue: float = 1.0
    wue: float | None = None
    intensity: Factor | None = None
    stated_carbon_g: float | None = None
    stated_water_l: float | None = None
    zone: str | None = None
    zone_name: str | None = None
    location: str | None = None
    quality: str = "measured"
    models: tuple[ModelledPart, ...] = ()
    partial: bool = False
    cpu_model: str | None = None
    cpu_count: int | None = None
    cpu_cores: int | None = None
    cpu_sockets: int | None = None
    gpu_model: str | None = None
    gpu_count: int | None = None
    ram_gb: float | None = None
    cpu_utilisation: float | None = None
    gpu_utilisation: float | None = None
    os: str | None = None
    system: str | None = None
    python: str | None = None
    cloud_provider: str | None = None
    cloud_region: str | None = None
    run_id: str | None = None
    notes: tuple[str, ...] = ()
    origin: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("duration_s", "energy_kwh", "cpu_kwh", "gpu_kwh", "ram_kwh", "stated_carbon_g", "ram_gb"):
            value = getattr(self, name)
            if value is not None and (not math.isfinite(value) or value < 0):
                raise InteropError(f"{self.origin or self.name}: {name} must be finite and not negative, not {value!r}")

    @property
    def quality_in_words(self) -> str:
        """The quality, and whose models are in a modelled energy."""
        return quality_in_words(self.quality, self.models)

    @property
    def hardware(self) -> Hardware:
        """The machine, for the estimate beside the measurement."""
        name = re.sub(r"^\d+ x ", "", self.gpu_model or "")
        return Hardware(
            cpu=self.cpu_model,
            cores=self.cpu_cores,
            threads=self.cpu_count,
            sockets=self.cpu_sockets,
            memory_bytes=None if self.ram_gb is None else round(self.ram_gb * 1e9),
            gpus=(name,) * (self.gpu_count or (1 if name else 0)),
        )

    @property
    def busy_cpus(self) -> float | None:
        """How many of the system's processors were busy at once."""
        if self.cpu_utilisation is None or self.cpu_count is None:
            return None
        return self.cpu_utilisation * self.cpu_count

    @property
    def energy_j(self) -> tuple[float, float, float] | None:
        """(low, best, high) in joules."""
        if self.energy_kwh is None:
            return None
        low = self.energy_kwh if self.energy_low_kwh is None else min(self.energy_low_kwh, self.energy_kwh)
        high = self.energy_kwh if self.energy_high_kwh is None else max(self.energy_high_kwh, self.energy_kwh)
        return low * JOULES_PER_KWH, self.energy_kwh * JOULES_PER_KWH, high * JOULES_PER_KWH

    @property
    def energy(self) -> Energy:
        """The same with its quality."""
        return Energy.missing() if self.energy_j is None else Energy.from_range(*self.energy_j, quality=self.quality)

    @property
    def carbon(self) -> Impact:
        """Energy × PUE × intensity; what the tool itself stated where no intensity is known; missing else."""
        if self.intensity is not None:
            return carbon(self.energy_j, self.pue, intensity=self.intensity, quality=self.quality)
        if self.stated_carbon_g is not None:
            from ..footprint import Term

            stated = Factor.stated(self.stated_carbon_g / 1000.0, "kg", f"carbon as {self.tool} stated it", self.tool)
            return Impact.of("carbon", "g", [Term(1000.0, ((stated, 1),))], "modelled")
        return Impact.missing("carbon", "g", "no intensity is known")

    @property
    def power_w(self) -> float | None:
        """Mean power of the computers in W."""
        if self.energy_kwh is None or not self.duration_s:
            return None
        return self.energy_kwh * JOULES_PER_KWH / self.duration_s

    @property
    def ended_at(self) -> datetime | None:
        """When it ended, UTC."""
        if self.started_at is None or self.duration_s is None:
            return None
        return datetime.fromtimestamp(self.started_at.timestamp() + self.duration_s, tz=timezone.utc)

    def weighed(self, intensity: Factor, pue: float | None = None) -> Run:
        """The same energy with another intensity."""
        return replace(self, intensity=intensity, pue=self.pue if pue is None else pue)


def from_record(record: Record) -> Run:
    """The run that a record holds."""
    header, tags = record.header, record.tags
    machine = hardware_of(header)
    base = from_result(record.result, name=tags.get("name") or record.path.parent.parent.name, machine=machine)
    return replace(
        base,
        started_at=record.started_at,
        run_id=str(header.get("run_id") or record.path.stem),
        tool_version=machine.tool_version or "",
        notes=(*base.notes, *(() if record.complete else ("the record ends early: it holds the run up to there",))),
        origin=str(record.path),
    )


def from_result(result: Result, *, name: str = "", machine: Hardware | None = None) -> Run:
    """A run or a region as the tracker gives it, on a machine as `hardware_of` a record's header gives it."""
    known = machine or Hardware()
    half = result.uncertainty.half_width_j
    kwh = result.kwh
    spread = None if kwh is None or half is None else half / JOULES_PER_KWH
    weighing = result.weighing
    busy, cards = result.utilisation.get("cpu"), _gpu_shares(result)
    return Run(
        name=name or result.name or "run",
        tool="impact-tracker",
        duration_s=result.duration_s,
        energy_kwh=kwh,
        energy_low_kwh=None if kwh is None or spread is None else max(0.0, kwh - spread),
        energy_high_kwh=None if kwh is None or spread is None else kwh + spread,
        cpu_kwh=_part(result.channels, ("package", "core", "cpu")),
        gpu_kwh=_part(result.channels, ("gpu",)),
        ram_kwh=_part(result.channels, ("dram", "ram", "memory")),
        pue=weighing.pue,
        intensity=weighing.intensity,
        zone=weighing.zone,
        zone_name=weighing.intensity.name.rpartition(", ")[2] or None,
        quality=result.quality,
        models=parts_of(result.channels, result.modelled_j),
        partial=result.partial,
        cpu_model=known.cpu,
        cpu_count=known.threads,
        cpu_cores=known.cores,
        cpu_sockets=known.sockets,
        gpu_model=known.gpu,
        gpu_count=len(known.gpus) or None,
        ram_gb=None if known.memory_bytes is None else known.memory_bytes / 1e9,
        # The tracker counts processors that are busy at once; a share needs to know of how many.
        cpu_utilisation=None if busy is None or not known.threads else _share(busy / known.threads),
        gpu_utilisation=_share(sum(cards) / len(cards)) if cards else None,
        os=known.kernel,
        system=known.system,
        python=known.python,
        notes=tuple(result.notes),
    )


def _gpu_shares(result: Result) -> list[float]:
    return [share for name, share in result.utilisation.items() if name.startswith("gpu") and share is not None]


def _part(channels: Iterable[Mapping[str, Any]], words: tuple[str, ...]) -> float | None:
    """kWh of the channels in the total whose domain or device begins with one of the words."""
    found: float | None = None
    for channel in channels:
        domain = str(channel.get("domain", "")).casefold()
        device = str(channel.get("device", "")).casefold()
        energy = channel.get("energy_j")
        fits = domain.startswith(words) or (domain in ("", "total", "device") and device.startswith(words))
        if channel.get("in_total") and isinstance(energy, (int, float)) and math.isfinite(energy) and fits:
            found = (found or 0.0) + energy / JOULES_PER_KWH
    return found


def _share(value: float) -> float:
    """Within 0 and 1: ticks of the system's clock let a busy machine seem a little busier than it can be."""
    return min(1.0, max(0.0, value))
