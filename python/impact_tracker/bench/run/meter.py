"""What a campaign knows of its sensors."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from ..judge.samples import SensorPeriod, phase_seconds, slowest_period_s
from ..row.row import Row
from .settling import NOT_READ
from .thermal import MINOR, Steadiness, thermal, warming

if TYPE_CHECKING:
    from ...tracker import ImpactTracker


class Meter:
    """How often the sensors of a tracker's total speak, by the channels in its record's header. `least_s`: length of a
    phase in this mode."""

    def __init__(self, tracker: ImpactTracker, least_s: float = 0.0) -> None:
        self._tracker, self._least_s = tracker, least_s
        self._sensors: list[SensorPeriod] | None = None
        self._latest: float | None = None
        self._spoke: set[str] = set()

    def _interval_s(self) -> float:
        settings = getattr(self._tracker, "settings", None)
        return float(getattr(settings, "interval_s", 1.0) or 1.0)

    def period_s(self, row: Row) -> float | None:
        """Seconds between readings of the slowest sensor in the row's total, those of a twentieth of it or less left
        out; `None` where that is not known, and where no sensor is in it: a model's period is no reading."""
        if self._sensors is None:
            from ...record import Record

            try:
                self._tracker.flush()
                self._sensors = _sensors_of(Record(self._tracker.path).header.get("channels") or [])
            except (OSError, ValueError):  # a full disk: the campaign goes on, this check does not apply
                self._sensors = []
        energies = {
            source.id: source.energy_j
            for source in row.measured.sources
            if source.energy_j and source.quality not in NOT_READ
        }
        least = MINOR * math.fsum(energies.values())
        used = [name for name, energy_j in energies.items() if energy_j >= least]
        self._latest = slowest_period_s(self._sensors, used, self._interval_s())
        return self._latest

    def silent(self, row: Row) -> tuple[str, ...]:
        """Channels of the total that gave no energy in this row and did in one before it."""
        speak = {source.id: source.energy_j is not None for source in row.measured.sources}
        self._spoke |= {name for name, speaks in speak.items() if speaks}
        return tuple(sorted(name for name, speaks in speak.items() if not speaks and name in self._spoke))

    def latest_period_s(self) -> float | None:
        """That of the row that came last."""
        return self._latest

    def thermal(self, row: Row, warm: Row | None = None) -> Steadiness:
        """How steady power and temperatures were in a row's phase, and how near the steady state after warming up in
        the row `warm` (thermal.py)."""
        self._tracker.flush()
        return thermal(self._tracker.path, row, warm)

    def warming(self) -> float | None:
        """Kelvins that the warmest device has gained in each of the latest minutes at least; `None` without a
        thermometer."""
        try:
            self._tracker.flush()
            return warming(self._tracker.path)
        except OSError:
            return None

    def phase_s(self) -> float:
        """How long a phase must be: as long as its mode says, and sixty of its readings."""
        return phase_seconds(self._latest, self._least_s)


def _sensors_of(channels: Iterable[Mapping[str, object]]) -> list[SensorPeriod]:
    """Those of a record's header whose period it tells."""
    return [
        SensorPeriod(str(channel.get("id")), float(period_s), channel.get("kind") == "counter")
        for channel in channels
        for period_s in (channel.get("update_period_s"),)
        if isinstance(period_s, (int, float))
    ]
