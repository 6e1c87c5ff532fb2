"""An intensity over time from the user's own file: a CSV with a time and a value in each line.

    time,intensity_g_per_kwh
    2025-11-21T17:00:00Z,50
    2025-11-21T18:00:00Z,
    2025-11-21T19:00:00Z,58.8

Times with a zone (Z, +01:00) or in UTC; an empty value is a hole. Columns may be named `time` / `datetime` /
`timestamp` and `intensity_g_per_kwh` / `carbon_intensity` / `value`.
"""

from __future__ import annotations

import csv
import math
from datetime import datetime, timezone
from pathlib import Path

from ..file_text import no_pipe
from .curve import IntensityCurve
from .factor import FactorError

_TIMES = ("time", "datetime", "timestamp", "date")
_VALUES = ("intensity_g_per_kwh", "carbon_intensity", "carbonintensity", "value")
_NS = 1_000_000_000
_HIGHEST_KG = 1.5  # kg/kWh of the dirtiest hour of any grid; of the cleanest grids some hours have more g/kWh


def read_curve(
    path: str | Path,
    *,
    zone: str = "",
    method: str = "average",
    shape: str = "step",
    max_hold_s: float = 3600.0,
    source: str | None = None,
    licence: str = "",
) -> IntensityCurve:
    """The file's curve in g/kWh. FactorError with file and line for what is no time, no number, negative or out of
    order.

    `method`: say "marginal" for a marginal signal, so that it cannot enter a total. The last value holds for as long
    as the usual step of the file.
    """
    place = Path(path)
    times: list[int] = []
    values: list[float | None] = []
    try:
        with no_pipe(place, FactorError).open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.reader(stream)
            at, what = _columns(next(reader, []), place)
            for row in reader:
                if row:
                    where = f"{place}:{reader.line_num}"
                    times.append(_time(row, at, where))
                    values.append(_value(row, what, where))
                    if len(times) > 1 and times[-1] <= times[-2]:
                        raise FactorError(f"{where}: times must increase: sort the lines, and keep one of each time")
    except (OSError, UnicodeDecodeError) as fault:
        raise FactorError(f"{place}: cannot be read: {fault}") from fault
    if not any(value is not None for value in values):
        raise FactorError(f"{place}: it holds no value: each line has a time and an intensity in g/kWh")
    highest = max(value for value in values if value is not None)
    if 0.0 < highest <= _HIGHEST_KG:
        raise FactorError(
            f"{place}: no value is above {highest:g}, as no grid's g/kWh are: they look like kg/kWh. Multiply "
            "them by 1000"
        )
    steps = sorted(b - a for a, b in zip(times, times[1:]))
    step = steps[len(steps) // 2] if steps else 3600 * _NS
    origin = source or f"user's file {place.name}"
    return IntensityCurve(
        zone or place.stem, times, values, times[-1] + step, origin, method, licence, shape=shape, max_hold_s=max_hold_s
    )


def _columns(head: list[str], place: Path) -> tuple[int, int]:
    names = [name.strip().casefold().replace(" ", "_") for name in head]
    at = next((names.index(name) for name in _TIMES if name in names), None)
    what = next((names.index(name) for name in _VALUES if name in names), None)
    if at is None or what is None:
        raise FactorError(
            f"{place}:1: the first line must name a time ({', '.join(_TIMES)}) and a value ({', '.join(_VALUES)})"
        )
    return at, what


def _time(row: list[str], column: int, where: str) -> int:
    text = row[column].strip().replace("Z", "+00:00") if column < len(row) else ""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise FactorError(f"{where}: {text!r} is no time, as in 2025-11-21T17:00:00Z") from None
    at = at if at.tzinfo else at.replace(tzinfo=timezone.utc)
    return round(at.timestamp() * 1000) * 1_000_000


def _value(row: list[str], column: int, where: str) -> float | None:
    text = row[column].strip() if column < len(row) else ""
    if not text or text.casefold() in ("nan", "null", "none"):
        return None
    try:
        value = float(text)
    except ValueError:
        raise FactorError(
            f"{where}: {text!r} is no number: write g/kWh, or leave it empty where it is not known"
        ) from None
    if not math.isfinite(value) or value < 0:
        raise FactorError(f"{where}: an intensity must be finite and not negative, not {text}")
    return value
