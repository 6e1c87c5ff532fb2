"""How steady the machine itself was in a phase, by the record's own samples: its power and temperatures."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..row.row import Row

if TYPE_CHECKING:
    from ...record import Record

LEAST_SAMPLES = 9  # three in each third
MINOR = 0.05  # a channel with less of the energy than this may have too few samples


class Steadiness(NamedTuple):
    """`power_drift`: power of the phase's last third over its first, less 1; `temperature_begin_c`,
    `temperature_end_c`: means of those thirds, of the device that warmed most. `None`: cannot be told."""

    power_drift: float | None = None
    temperature_begin_c: float | None = None
    temperature_end_c: float | None = None


def thermal(path: str | os.PathLike[str], row: Row) -> Steadiness:
    """By the record at `path`; nothing where it cannot be read."""
    from ...record import Record

    start_ns, stop_ns = row.measured.start_ns, row.measured.stop_ns
    if start_ns is None or stop_ns is None:
        return Steadiness()
    try:
        record = Record(path)
        origin = int(record.header["start_ns"])
        window = ((start_ns - origin) / 1e9, (stop_ns - origin) / 1e9)
        return Steadiness(_power_drift(record, row, window), *_temperatures(record, window))
    except (OSError, ValueError, KeyError):
        return Steadiness()


def _power_drift(record: Record, row: Row, window: tuple[float, float]) -> float | None:
    """Summed over the channels of the row's total."""
    energies = {source.id: source.energy_j for source in row.measured.sources if source.energy_j}
    summed_j = math.fsum(energies.values())
    first = last = 0.0
    for name, energy_j in energies.items():
        # A counter's first value in the window is the mean since a reading before it: it belongs to what was before.
        times, values = record.series(name)
        ends = _thirds(times, values, window, skip=1)
        if ends is not None:
            first, last = first + ends[0], last + ends[1]
        elif energy_j > MINOR * summed_j:
            return None
    return last / first - 1 if first > 0 else None


def _temperatures(record: Record, window: tuple[float, float]) -> tuple[float | None, float | None]:
    thirds = []
    for channel in record.header.get("channels") or []:
        if channel.get("quantity") == "temperature":
            times, values = record.series(str(channel["id"]))
            ends = _thirds(times, values, window)
            if ends is not None:
                thirds.append(ends)
    return max(thirds, key=lambda ends: ends[1] - ends[0]) if thirds else (None, None)


def _thirds(
    times: Sequence[float], values: Sequence[float], window: tuple[float, float], skip: int = 0
) -> tuple[float, float] | None:
    """Means over the first and the last third of the samples inside; `None` for too few of them."""
    inside = [value for time, value in zip(times, values) if window[0] <= time <= window[1]][skip:]
    known = [value for value in inside if math.isfinite(value)]
    if len(known) < LEAST_SAMPLES:
        return None
    third = len(known) // 3
    return math.fsum(known[:third]) / third, math.fsum(known[-third:]) / third
