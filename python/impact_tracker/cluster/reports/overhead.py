"""A site's PUE from its own meters: the facility's energy over that of its computers, over the hours that both have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..integral import integral_of
from ..store import PowerPiece, PowerStore

if TYPE_CHECKING:
    from ..integral import Numbers, Times

HOUR_NS = 3600 * 10**9
LEAST_COVERED = 0.98


def measured_pue(store: PowerStore, begin_ns: int, end_ns: int) -> float | None:
    """`None` where one of both series is not there, or they have no hour in common."""
    import numpy as np

    facility, computers = store.pieces("facility"), store.pieces("it")
    if not facility or not computers:
        return None
    bounds = np.arange(begin_ns, end_ns + 1, HOUR_NS, dtype=np.int64)
    if len(bounds) < 2:
        bounds = np.array([begin_ns, end_ns], dtype=np.int64)
    upper = _hours(facility, bounds)
    lower = _hours(computers, bounds)
    both = np.isfinite(upper) & np.isfinite(lower)
    total = float(lower[both].sum())
    return float(upper[both].sum()) / total if total > 0.0 else None


def _hours(meters: dict[str, list[PowerPiece]], bounds: Times) -> Numbers:
    """The energy of each hour over all meters; NaN where one of them does not cover it."""
    import numpy as np

    total = np.zeros(len(bounds) - 1)
    for pieces in meters.values():
        readings = [piece.read() for piece in pieces]
        times = np.concatenate([series[0] for series in readings])
        values = np.concatenate([series[1] for series in readings])
        summed = integral_of(times, values, kind=pieces[0].kind)
        if summed is None:
            return np.full(len(total), np.nan)
        energy, seconds, _ = (np.diff(column) for column in summed.at(bounds))
        covered = seconds >= LEAST_COVERED * np.diff(bounds) / 1e9
        total = total + np.where(covered, energy, np.nan)
    return total
