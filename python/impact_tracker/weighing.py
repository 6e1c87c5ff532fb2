"""How a run's energy is turned into carbon: the site's PUE and the carbon intensity of its electricity."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .factors import Factor
    from .footprint import Impact


class Reweighing(NamedTuple):
    """What to weigh with in place of what something was weighed with; `None` leaves that as it was.

    `zone`: a country, "world" for the average; `intensity_g_per_kwh` instead of it; `pue` of the site.
    """

    zone: str | None = None
    intensity_g_per_kwh: float | Factor | None = None
    pue: float | None = None

    @property
    def given(self) -> dict[str, float | str | Factor]:
        """What differs, by name."""
        return {name: value for name, value in self._asdict().items() if value is not None}

    @property
    def of_electricity(self) -> bool:
        """Whether another electricity is given."""
        return self.zone is not None or self.intensity_g_per_kwh is not None


class Weighing:
    """PUE and intensity: energy in joules to grams of CO2 equivalent.

    `zone`: what the user asked for, `None` for the world's average; `pue`: 1 or more, and 1 where nobody stated it, as
    `pue_is_stated` tells. A country is looked up at once, the average when it is first needed: a run that nobody weighs
    reads no table.
    """

    __slots__ = ("_intensity", "pue", "pue_is_stated", "zone")

    def __init__(
        self, *, zone: str | None = None, intensity_g_per_kwh: float | Factor | None = None, pue: float | None = None
    ) -> None:
        """`zone`: a country; `None` or "world" for the average; `pue`: `None` where nobody states it.

        UnknownZoneError (a ValueError) names near matches; ValueError for a PUE below 1.
        """
        if zone is not None:
            from .factors import named_zone

            zone = named_zone(zone)
        if zone is not None and intensity_g_per_kwh is not None:
            raise ValueError("give either zone or intensity_g_per_kwh, not both")
        if pue is not None and not 1.0 <= pue < math.inf:
            raise ValueError(f"a PUE is 1 or more (total energy of the site over that of its computers), not {pue!r}")
        self.zone = zone
        self.pue = 1.0 if pue is None else float(pue)
        self.pue_is_stated = pue is not None
        self._intensity: Factor | None = None
        if intensity_g_per_kwh is not None:
            from .factors import Factor

            if isinstance(intensity_g_per_kwh, Factor):
                self._intensity = intensity_g_per_kwh
            else:
                self._intensity = Factor.stated(intensity_g_per_kwh, "g/kWh", "carbon intensity of electricity")
        elif zone is not None:
            from .factors import intensity

            self._intensity = intensity(zone)

    @property
    def intensity(self) -> Factor:
        """Carbon intensity in g/kWh, with range and source."""
        if self._intensity is None:
            from .factors import intensity

            self._intensity = intensity(None)
        return self._intensity

    @property
    def overhead(self) -> Factor:
        """The PUE as a factor: *estimated*, with its range, where nobody stated it."""
        from .footprint import pue_factor

        return pue_factor(self.pue if self.pue_is_stated else None)

    def carbon(self, energy: tuple[float, float, float] | None, quality: str) -> Impact:
        """Carbon of an energy (low, best, high in joules) of this quality, with its range and its sources."""
        from .footprint import carbon

        return carbon(energy, self.overhead, intensity=self.intensity, quality=quality)

    def changed(self, new: Reweighing) -> Weighing:
        """With what is given in place of its own. ValueError as for a new one."""
        pue = new.pue if new.pue is not None else self.pue if self.pue_is_stated else None
        if new.of_electricity:
            return Weighing(zone=new.zone, intensity_g_per_kwh=new.intensity_g_per_kwh, pue=pue)
        other = Weighing(pue=pue)
        other.zone, other._intensity = self.zone, self._intensity
        return other

    def as_info(self) -> dict[str, object]:
        """For a record's header: settings and the factor with its source, so that the record weighs the same later.

        The world's average, which nobody chose, is not kept: it is that of the table when the record is read.
        """
        kept = None
        if self._intensity is not None and (self.zone is not None or self._intensity.quality != "estimated"):
            from dataclasses import asdict

            kept = asdict(self._intensity)
        return {"pue": self.pue, "pue_is_stated": self.pue_is_stated, "zone": self.zone, "intensity": kept}

    @classmethod
    def from_info(cls, info: Mapping[str, object]) -> Weighing:
        """What `as_info` wrote; what is missing or unreadable there takes its default (PUE 1, world average).

        A PUE of 1 in a header that does not say who stated it is the default of the version that wrote it. A zone
        without its factor, as programs in C write it, is looked up here.
        """
        pue, zone, kept = info.get("pue"), info.get("zone"), info.get("intensity")
        weighing = cls()
        if isinstance(pue, (int, float)) and not isinstance(pue, bool) and 1 <= pue < math.inf:
            weighing.pue = float(pue)
            weighing.pue_is_stated = info.get("pue_is_stated", pue != 1) is True
        weighing.zone = zone if isinstance(zone, str) else None
        if isinstance(kept, Mapping):
            from dataclasses import fields

            from .factors import Factor

            try:
                known = {field.name: kept[field.name] for field in fields(Factor) if field.name in kept}
                weighing._intensity = Factor(**known)
            except (TypeError, ValueError):
                weighing._intensity = None
        elif weighing.zone is not None:
            weighing._look_up(weighing.zone)
        return weighing

    def _look_up(self, zone: str) -> None:
        """Takes the intensity of a zone that a program named unchecked; where no table has it, the world's average with
        a note."""
        from dataclasses import replace

        from .factors import UnknownZoneError, intensity, named_zone

        try:
            self.zone = named_zone(zone)
            self._intensity = intensity(self.zone)
        except UnknownZoneError as error:
            self.zone = None
            self._intensity = replace(intensity(None), note=f"the world's average, as {error}")
