"""What the machine draws without us: idle before the tests and after them, and at the time of a row in between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..row.row import Row

BEFORE, AFTER = "idle-before", "idle-after"


class Level(NamedTuple):
    """Power of the idle machine in W at the time of a row, by straight line between the baselines. `low_w`, `high_w`:
    the lesser and the greater of the two; `None` where there is one baseline alone, which cannot tell a change."""

    power_w: float
    low_w: float | None = None
    high_w: float | None = None


Levels = Mapping[str, Level]  # by kind of device (cpu, gpu, memory …), of each GPU, and in all under ""


def powers(row: Row | None) -> dict[str, float]:
    """Mean power in W of a row's total, by kind of device (cpu, gpu, memory …), of each GPU, and in all under ""."""
    duration = row.measured.region_s if row else None
    if row is None or not duration:
        return {}
    watts: dict[str, float] = {}
    for source in row.measured.sources:
        if source.energy_j is not None:
            kind = source.device.split(":")[0]
            for name in {kind, source.device} if kind == "gpu" else {kind}:
                watts[name] = watts.get(name, 0.0) + source.energy_j / duration
    if row.energy_j is not None:
        watts[""] = row.energy_j / duration
    return watts


def levels_at(row: Row, before: Row | None, after: Row | None) -> dict[str, Level]:
    """The power of the idle machine at the time of a row. A baseline in which a sensor was silent does not count,
    because its sum lacks that sensor."""
    first, last = (powers(None if baseline and baseline.around.silent else baseline) for baseline in (before, after))
    part = _part(row, before, after)
    levels = {}
    for kind in {**first, **last}:
        if kind in first and kind in last:
            ends = first[kind], last[kind]
            levels[kind] = Level(ends[0] + part * (ends[1] - ends[0]), min(ends), max(ends))
        else:
            levels[kind] = Level(first[kind] if kind in first else last[kind])
    return levels


def _part(row: Row, before: Row | None, after: Row | None) -> float:
    """How far a row's middle lies on the way from one baseline's middle to the other's. It is taken as half-way if no
    times are known."""
    begin, at, end = _middle(before), _middle(row), _middle(after)
    if begin is None or at is None or end is None or end <= begin:
        return 0.5
    return min(max((at - begin) / (end - begin), 0.0), 1.0)


def _middle(row: Row | None) -> float | None:
    if row is None or row.measured.start_ns is None or row.measured.stop_ns is None:
        return None
    return (row.measured.start_ns + row.measured.stop_ns) / 2


def baselines(rows: Sequence[Row]) -> dict[int | None, dict[str, Row]]:
    """The idle rows of each session, by name (BEFORE, AFTER)."""
    by_session: dict[int | None, dict[str, Row]] = {}
    for row in rows:
        if row.phase == "idle":
            by_session.setdefault(row.key.session, {})[row.task.partition(".")[0]] = row
    return by_session
