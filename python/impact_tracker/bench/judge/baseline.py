"""What the machine draws without us: idle before the tests and after them, and at the time of a row in between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..row.rows import Row

BEFORE, AFTER = "idle-before", "idle-after"


class Level(NamedTuple):
    """Power of the idle machine in W at the time of a row, by straight line between the baselines; `low`, `high`: the
    lesser and the greater of the two, None where there is one alone, which says nothing of how it changes."""

    power_w: float
    low_w: float | None = None
    high_w: float | None = None


Levels = Mapping[str, Level]  # by kind of device (cpu, gpu, memory …), of each GPU, and in all under ""


def powers(row: Row) -> dict[str, float]:
    """Mean power in W of a row's total, by kind of device (cpu, gpu, memory …), of each GPU, and in all under ""."""
    duration = row.get("region_s")
    if not duration:
        return {}
    found: dict[str, float] = {}
    for source in row.get("sources") or []:
        if source.get("energy_j") is not None:
            device = str(source["device"])
            kind = device.split(":")[0]
            for name in {kind, device} if kind == "gpu" else {kind}:
                found[name] = found.get(name, 0.0) + source["energy_j"] / duration
    if row.get("energy_j") is not None:
        found[""] = row["energy_j"] / duration
    return found


def levels_at(row: Row, before: Row | None, after: Row | None) -> dict[str, Level]:
    """The idle machine at the time of a row. A baseline in which a sensor was silent that speaks else is none: its sum
    is another one."""
    first, last = (powers(one) if one is not None and not one.get("silent") else {} for one in (before, after))
    part = _part(row, before, after)
    found = {}
    for kind in {**first, **last}:
        if kind in first and kind in last:
            ends = first[kind], last[kind]
            found[kind] = Level(ends[0] + part * (ends[1] - ends[0]), min(ends), max(ends))
        else:
            found[kind] = Level(first[kind] if kind in first else last[kind])
    return found


def _part(row: Row, before: Row | None, after: Row | None) -> float:
    """How far a row's middle lies on the way from one baseline's middle to the other's; half-way where no times are
    known."""
    times = [_middle(one) for one in (before, row, after)]
    begin, at, end = times
    if begin is None or at is None or end is None or end <= begin:
        return 0.5
    return min(max((at - begin) / (end - begin), 0.0), 1.0)


def _middle(row: Row | None) -> float | None:
    begin, end = ((row or {}).get(name) for name in ("start_ns", "stop_ns"))
    return None if begin is None or end is None else (begin + end) / 2


def baselines(rows: Sequence[Row]) -> dict[object, dict[str, Row]]:
    """Of each session its idle rows, by name (BEFORE, AFTER)."""
    found: dict[object, dict[str, Row]] = {}
    for row in rows:
        if row["phase"] == "idle":
            found.setdefault(row.get("session"), {})[row["task"].partition(".")[0]] = row
    return found
