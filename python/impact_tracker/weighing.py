"""How a run's energy is turned into carbon: the site's PUE and the carbon intensity of its electricity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from .factors import Factor, intensity
from .footprint import Impact, carbon, pue_factor

_FACTOR_FIELDS = tuple(field.name for field in fields(Factor))  # as a record keeps them


class Weighing:
    """PUE and intensity, resolved once: energy in joules to grams of CO2 equivalent.

    `zone`: what the user asked for, `None` for the world's average; `intensity`: the factor in g/kWh; `pue`: 1 or more.
    """

    __slots__ = ("intensity", "pue", "zone")

    def __init__(
        self,
        *,
        zone: str | None = None,
        intensity_g_per_kwh: float | Factor | None = None,
        pue: float = 1.0,
    ) -> None:
        """UnknownZoneError (a ValueError that names near matches) for an unknown zone; ValueError for a PUE below 1."""
        if zone is not None and intensity_g_per_kwh is not None:
            raise ValueError("give either zone or intensity_g_per_kwh, not both")
        if isinstance(intensity_g_per_kwh, Factor):
            self.intensity = intensity_g_per_kwh
        elif intensity_g_per_kwh is not None:
            self.intensity = Factor.stated(intensity_g_per_kwh, "g/kWh", "carbon intensity of electricity")
        else:
            self.intensity = intensity(zone)
        self.zone = zone
        self.pue = pue_factor(pue).value

    def carbon(self, energy: tuple[float, float, float] | None, quality: str) -> Impact:
        """Carbon of an energy (low, best, high in joules) of this quality, with its range and its sources."""
        return carbon(energy, self.pue, intensity=self.intensity, quality=quality)

    def with_pue(self, pue: float) -> Weighing:
        """The same intensity under another PUE."""
        return Weighing(intensity_g_per_kwh=self.intensity, pue=pue)

    def as_info(self) -> dict[str, Any]:
        """For a record's header: settings and the factor with its source, so that the record weighs the same later."""
        factor = {field: getattr(self.intensity, field) for field in _FACTOR_FIELDS}
        return {"pue": self.pue, "zone": self.zone, "intensity": factor}

    @classmethod
    def from_info(cls, info: Mapping[str, Any]) -> Weighing:
        """What `as_info` wrote; what is missing or unreadable there takes its default (PUE 1, world average)."""
        pue = info.get("pue")
        try:
            kept = dict(info["intensity"])
            factor = Factor(**{field: kept[field] for field in _FACTOR_FIELDS if field in kept})
        except (KeyError, TypeError, ValueError):
            factor = intensity(None)
        usable = isinstance(pue, (int, float)) and not isinstance(pue, bool) and pue >= 1
        weighing = cls(intensity_g_per_kwh=factor, pue=float(pue) if usable and pue is not None else 1.0)
        zone = info.get("zone")
        weighing.zone = zone if isinstance(zone, str) else None
        return weighing
