"""How steady the machine itself was in a phase, by the record's own samples: its power and temperatures."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import Any

from ..row.rows import Row

LEAST_SAMPLES = 9  # three in each third
MINOR = 0.05  # a channel with less of the energy than this may have too few samples


def thermal(path: str | os.PathLike[str], row: Row) -> dict[str, float]:
    """`power_drift`: power of the phase's last third over its first, less 1; `temperature_begin_c`,
    `temperature_end_c`: their means, of the device that warmed most. What cannot be told is left out."""
    from ...record import Record

    if row.get("start_ns") is None or row.get("stop_ns") is None:
        return {}
    try:
        record = Record(path)
        origin = int(record.header["start_ns"])
        window = ((row["start_ns"] - origin) / 1e9, (row["stop_ns"] - origin) / 1e9)
        return {**_power(record, row, window), **_temperature(record, window)}
    except (OSError, ValueError, KeyError):
        return {}


def _power(record: Any, row: Row, window: tuple[float, float]) -> dict[str, float]:
    """Summed over the channels of the row's total."""
    used = [source for source in row.get("sources") or [] if source.get("energy_j")]
    whole = math.fsum(source["energy_j"] for source in used)
    first = last = 0.0
    for source in used:
        # A counter's first value in the window is the mean since a reading before it: it belongs to what was before.
        times, values = record.series(str(source["id"]))
        ends = _thirds(times, values, window, skip=1)
        if ends is not None:
            first, last = first + ends[0], last + ends[1]
        elif source["energy_j"] > MINOR * whole:
            return {}
    return {"power_drift": last / first - 1} if first > 0 else {}


def _temperature(record: Any, window: tuple[float, float]) -> dict[str, float]:
    found = []
    for channel in record.header.get("channels") or []:
        if channel.get("quantity") == "temperature":
            times, values = record.series(str(channel["id"]))
            ends = _thirds(times, values, window)
            if ends is not None:
                found.append(ends)
    if not found:
        return {}
    begin, end = max(found, key=lambda ends: ends[1] - ends[0])
    return {"temperature_begin_c": begin, "temperature_end_c": end}


def _thirds(
    times: Sequence[float], values: Sequence[float], window: tuple[float, float], skip: int = 0
) -> tuple[float, float] | None:
    """Means over the first and the last third of the samples inside; None for too few of them."""
    inside = [value for time, value in zip(times, values) if window[0] <= time <= window[1]][skip:]
    known = [value for value in inside if math.isfinite(value)]
    if len(known) < LEAST_SAMPLES:
        return None
    third = len(known) // 3
    return math.fsum(known[:third]) / third, math.fsum(known[-third:]) / third
