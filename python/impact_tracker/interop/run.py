"""One run as exports and imports see it, whichever tool measured it. What is not known is ``None``, never 0."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from ..factors import Factor
from ..footprint import JOULES_PER_KWH, Impact, carbon

if TYPE_CHECKING:
    from ..record import Record
    from ..result import Result


class InteropError(ValueError):
    """A file of another tool that cannot be read, with its name and line."""


@dataclass(frozen=True)
class Run:
    """Energies in kWh are the computers' own, without the site's overhead; carbon has the overhead in it.

    ``energy_kwh`` (with ``energy_low_kwh``, ``energy_high_kwh``) of the machine, ``cpu_kwh``, ``gpu_kwh``,
    ``ram_kwh`` of its parts; ``pue`` 1 or more; ``intensity`` in g/kWh as a factor with its source;
    ``stated_carbon_g``: what the other tool wrote, kept as it is. ``tool`` and ``tool_version`` measured it.
    ``extra``: fields that only one format has.
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
    cpu_model: str | None = None
    cpu_count: int | None = None
    gpu_model: str | None = None
    gpu_count: int | None = None
    ram_gb: float | None = None
    cpu_utilisation: float | None = None
    gpu_utilisation: float | None = None
    os: str | None = None
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
    def energy_j(self) -> tuple[float, float, float] | None:
        """(low, best, high) in joules."""
        if self.energy_kwh is None:
            return None
        low = self.energy_kwh if self.energy_low_kwh is None else min(self.energy_low_kwh, self.energy_kwh)
        high = self.energy_kwh if self.energy_high_kwh is None else max(self.energy_high_kwh, self.energy_kwh)
        return low * JOULES_PER_KWH, self.energy_kwh * JOULES_PER_KWH, high * JOULES_PER_KWH

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
    header = record.header
    host = dict(header.get("host") or {})
    tags = record.tags
    base = from_result(record.result, name=tags.get("name") or record.path.parent.parent.name, host=host)
    python = header.get("python")
    return replace(
        base,
        started_at=record.started_at,
        run_id=str(header.get("run_id") or record.path.stem),
        tool_version=_version(header),
        python=str(python.get("version")) if isinstance(python, Mapping) else None,
        notes=(*base.notes, *(() if record.complete else ("the record ends early: it holds the run up to there",))),
        origin=str(record.path),
    )


def from_result(result: Result, *, name: str = "", host: Mapping[str, Any] | None = None) -> Run:
    """A run or a region as the tracker gives it; ``host`` as in a record's header."""
    known = dict(host or {})
    half = result.uncertainty.half_width_j
    kwh = result.kwh
    spread = None if kwh is None or half is None else half / JOULES_PER_KWH
    weighing = result.weighing
    usage = result.utilisation
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
        cpu_model=_text(known, "cpu_model", "cpu"),
        cpu_count=_count(known, "cpu_count", "cpus", "logical_cpus"),
        gpu_model=_text(known, "gpu_model", "gpu"),
        gpu_count=_count(known, "gpu_count", "gpus"),
        ram_gb=_gigabytes(known.get("memory_bytes")),
        cpu_utilisation=_share(usage.get("cpu")),
        gpu_utilisation=_share(next((v for k, v in usage.items() if k.startswith("gpu")), None)),
        os=_text(known, "os", "kernel", "system"),
        notes=tuple(result.notes),
    )


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


def _version(header: Mapping[str, Any]) -> str:
    """Of the tool, as the record's header names it; its "version" is that of the format."""
    named = header.get("tool_version") or header.get("impact_tracker")
    return named if isinstance(named, str) else ""


def _share(value: float | None) -> float | None:
    return value if value is not None and 0.0 <= value <= 1.0 else None


def _text(known: Mapping[str, Any], *names: str) -> str | None:
    return next((known[name] for name in names if isinstance(known.get(name), str) and known[name]), None)


def _count(known: Mapping[str, Any], *names: str) -> int | None:
    for name in names:
        value = known.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if isinstance(value, (list, tuple)):
            return len(value)
    return None


def _gigabytes(value: Any) -> float | None:
    return value / 1e9 if isinstance(value, (int, float)) and math.isfinite(value) else None
