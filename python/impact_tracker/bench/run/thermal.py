"""How steady the machine itself was in a phase, by the record's own samples: its power and temperatures."""

from __future__ import annotations

import math
import os
from bisect import bisect_left
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..judge.warming import Remaining, Stretch, remaining
from ..row.row import Row
from .settling import CHUNK_READINGS, NOT_READ

if TYPE_CHECKING:
    from ...record import Record

LEAST_SAMPLES = 9  # three in each third
BIN_S = 2.0
SKIPPED_S = 4.0  # of warming up: memory is allocated and kernels are chosen
MINOR = 0.05  # a channel with less of the energy than this may have too few samples


class Steadiness(NamedTuple):
    """`power_drift`: power of the phase's last third over its first, less 1; `temperature_begin_c`,
    `temperature_end_c`: means of those thirds, of the device that warmed most; `temperature_slope`: its kelvins a
    minute; `steady_off`: by how much the steady power lies above the phase's, with its 95 % interval (warming.py).
    `None`: cannot be told."""

    power_drift: float | None = None
    temperature_begin_c: float | None = None
    temperature_end_c: float | None = None
    temperature_slope: float | None = None
    steady_off: float | None = None
    steady_off_low: float | None = None
    steady_off_high: float | None = None


def thermal(path: str | os.PathLike[str], row: Row, warm: Row | None = None) -> Steadiness:
    """By the record at `path`; nothing where it cannot be read. `warm`: the row of the warming up right before, without
    which nothing is said of the steady state."""
    from ...record import Record

    start_ns, stop_ns = row.measured.start_ns, row.measured.stop_ns
    if start_ns is None or stop_ns is None:
        return Steadiness()
    try:
        record = Record(path)
        origin = int(record.header["start_ns"])
        window = ((start_ns - origin) / 1e9, (stop_ns - origin) / 1e9)
        begin, end = _temperatures(record, window)
        # The middles of the first and the last third are two thirds of the phase apart.
        slope = None if begin is None or end is None else (end - begin) * 60.0 * 1.5 / (window[1] - window[0])
        left = _left(record, row, window, warm, origin)
        return Steadiness(_power_drift(record, row, window), begin, end, slope, *(left or ()))
    except (OSError, ValueError, KeyError):
        return Steadiness()


def _left(record: Record, row: Row, window: tuple[float, float], warm: Row | None, origin: int) -> Remaining | None:
    """How far the phase is from the steady state, by the powers that sensors read in it and while warming up."""
    if warm is None or warm.measured.start_ns is None or warm.measured.stop_ns is None:
        return None
    begin, end = ((time_ns - origin) / 1e9 for time_ns in (warm.measured.start_ns, warm.measured.stop_ns))
    read = [source for source in row.measured.sources if source.quality not in NOT_READ and source.energy_j]
    least_j = MINOR * math.fsum(source.energy_j or 0.0 for source in read)
    series = [record.series(source.id) for source in read if (source.energy_j or 0.0) >= least_j]
    if not series:
        return None
    bin_s = max(BIN_S, CHUNK_READINGS * (row.around.sample_period_s or 0.0))
    windows = ((begin + SKIPPED_S, end), (window[0] + BIN_S / 2, window[1]))
    return remaining([_binned(series, times, begin, bin_s) for times in windows])


def _binned(
    series: Sequence[tuple[Sequence[float], Sequence[float]]], window: tuple[float, float], zero: float, bin_s: float
) -> Stretch:
    """Sums over the channels of their means over bins; a bin in which one of them says nothing is left out."""
    count = max(int((window[1] - window[0]) / bin_s), 0)
    totals, spoke = [0.0] * count, [0] * count
    for times, values in series:
        sums, counts = [0.0] * count, [0] * count
        first, last = bisect_left(times, window[0]), bisect_left(times, window[1])
        for place in range(first, last):
            index = int((times[place] - window[0]) / bin_s)
            if index < count and math.isfinite(values[place]):
                sums[index] += values[place]
                counts[index] += 1
        for index in range(count):
            if counts[index]:
                totals[index] += sums[index] / counts[index]
                spoke[index] += 1
    complete = [index for index in range(count) if spoke[index] == len(series)]
    middles = [window[0] - zero + (index + 0.5) * bin_s for index in complete]
    return Stretch(middles, [totals[index] for index in complete])


def warming(path: str | os.PathLike[str]) -> float | None:
    """Kelvins a minute that the device which warms most gained in the record's last minute, less two standard errors of
    that slope; `None` without a thermometer."""
    from ...record import Record

    try:
        record = Record(path)
        slopes = []
        for channel in record.header.get("channels") or []:
            if channel.get("quantity") == "temperature":
                times, values = record.series(str(channel["id"]))
                slope = _sure_slope(times, values)
                if slope is not None:
                    slopes.append(slope)
    except (OSError, ValueError, KeyError):
        return None
    return max(slopes, default=None)


def _sure_slope(times: Sequence[float], values: Sequence[float]) -> float | None:
    """Rise a minute over the last minute, less two of its standard errors."""
    first = bisect_left(times, times[-1] - 60.0) if len(times) else 0
    known = [(times[place], values[place]) for place in range(first, len(times)) if math.isfinite(values[place])]
    if len(known) < LEAST_SAMPLES:
        return None
    n = len(known)
    time_mean, mean = math.fsum(time for time, _ in known) / n, math.fsum(value for _, value in known) / n
    spread = math.fsum((time - time_mean) ** 2 for time, _ in known)
    if spread <= 0:
        return None
    slope = math.fsum((time - time_mean) * value for time, value in known) / spread
    left = math.fsum((value - mean - slope * (time - time_mean)) ** 2 for time, value in known) / (n - 2)
    # A thermometer that counts whole degrees is off by a third of one without any scatter.
    error = math.sqrt(max(left, 1 / 12) / spread)
    return 60.0 * (slope - 2 * error)


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
