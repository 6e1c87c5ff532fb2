"""What the machine's channels say at one moment: the type that the service, its socket and its metrics share."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal, cast

from ..values import Quality, quality_of

ROLES = ("in_total", "inside", "duplicate", "apart", "model_unused")
KINDS = ("counter", "gauge")
VERSION = 2
"""Of what both sides must agree on. A field that an older side may leave out, or pass over, is no new version."""
LONGEST_REASON = 1024


@dataclass(frozen=True)
class SensorNow:
    """What the reader behind a channel says of it, for a reader elsewhere that takes its place.

    `update_period_s`: of the sensor itself. `max_power_w`: more cannot be; 0 where that is not known.
    `relative_error`: the 95 % half-width of the sensor's own error. `quality`: the best that its readings can be.
    """

    kind: Literal["counter", "gauge"]
    quality: Quality
    relative_error: float
    update_period_s: float
    max_power_w: float


@dataclass(frozen=True)
class ChannelNow:
    """A channel that measures energy and is being read. A channel that is not read is left out.

    `energy_j`: since the service began; it never steps back. `power_w`: over the last interval; `None` where the
    interval had no two readings. `segment`: is another number after a time of which a part was not read. `before_j`:
    `energy_j` of the snapshot before, `None` where there is none, or it is of another segment.
    """

    id: str
    source: str
    device: str
    domain: str
    role: str
    quality: Quality
    energy_j: float
    power_w: float | None
    segment: int
    before_j: float | None
    sensor: SensorNow


@dataclass(frozen=True)
class LostChannel:
    """A sensor of energy that gives no reading now, and why, in its reader's words where there are any.

    `quality`: `stale` while it has just been missed, and stands among the channels with what it had before; `missing`
    from then on, and for one that was never read. `reason`: the same words for the same loss. `lost_s`: for how long.
    """

    id: str
    source: str
    device: str
    domain: str
    quality: Literal["stale", "missing"]
    lost_s: float
    reason: str
    sensor: SensorNow


@dataclass(frozen=True)
class MachineNow:
    """The best cover of the machine: the sum over the channels whose role is `in_total`.

    `partial`: a part of the sum is not known for a part of the time, and the energy is a lower bound.
    `error_j`: the 95 % half-width, `None` where it is not known. `power_w`: `None` where a part of the sum is not read.
    `coverage`: the part of the time that the readings of the sum's worst part cover.
    """

    quality: Quality
    partial: bool
    energy_j: float
    error_j: float | None
    power_w: float | None
    coverage: float | None


@dataclass(frozen=True)
class HealthNow:
    """How the measuring itself went, since the service began."""

    readings: int
    read_failures: int
    resets: int
    missed_ticks: int
    gaps_s: float


@dataclass(frozen=True)
class ClockNow:
    """When it was read. `run`: a name of the service's process that no other one has. `taken_ns`, `before_ns`: when
    this snapshot and the one before it were read, on the machine's monotonic clock. `interval_s`: how often values are
    renewed. `resolution_j`: joules are told in steps of this."""

    run: str
    interval_s: float
    taken_ns: int
    before_ns: int | None
    resolution_j: float


@dataclass(frozen=True)
class Snapshot:
    """All of it at one moment. `sources_up`: whether all channels of each source that this machine has
    give readings now. `lost`: the channels that do not; services of before there was this field tell of none."""

    began_unix_s: float
    taken_unix_s: float
    clock: ClockNow
    channels: tuple[ChannelNow, ...]
    machine: MachineNow | None
    sources_up: Mapping[str, bool]
    health: HealthNow
    lost: tuple[LostChannel, ...] = ()


def encoded(snapshot: Snapshot) -> bytes:
    """The snapshot as one line of JSON."""
    document = {"version": VERSION, **asdict(snapshot)}
    return json.dumps(document, allow_nan=False, separators=(",", ":")).encode()


class _Fields:
    """The fields of one JSON object. ValueError where one is missing or of another type."""

    def __init__(self, document: object) -> None:
        if not isinstance(document, dict):
            raise ValueError("an object was expected")
        self._fields: dict[str, object] = document

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def get(self, name: str) -> object:
        if name not in self._fields:
            raise ValueError(f"the field {name} is missing")
        return self._fields[name]

    def text(self, name: str, most: int = 256) -> str:
        value = self.get(name)
        if not isinstance(value, str) or len(value) > most:
            raise ValueError(f"{name} is no short text")
        return value

    def number(self, name: str) -> float:
        value = self.get(name)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise ValueError(f"{name} is no number")
        return float(value)

    def count(self, name: str) -> int:
        value = self.get(name)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise ValueError(f"{name} is no whole number")
        return value

    def truth(self, name: str) -> bool:
        value = self.get(name)
        if not isinstance(value, bool):
            raise ValueError(f"{name} is neither true nor false")
        return value

    def number_or_none(self, name: str) -> float | None:
        return None if self.get(name) is None else self.number(name)

    def items(self, name: str) -> list[object]:
        value = self.get(name)
        if not isinstance(value, list):
            raise ValueError(f"{name} is no list")
        return value


def _sensor(document: object) -> SensorNow:
    fields = _Fields(document)
    kind = fields.text("kind")
    if kind not in KINDS:
        raise ValueError(f"there is no kind {kind!r}")
    return SensorNow(
        cast('Literal["counter", "gauge"]', kind),
        quality_of(fields.text("quality")),
        fields.number("relative_error"),
        fields.number("update_period_s"),
        fields.number("max_power_w"),
    )


def _clock(document: object) -> ClockNow:
    fields = _Fields(document)
    return ClockNow(
        fields.text("run"),
        fields.number("interval_s"),
        fields.count("taken_ns"),
        None if fields.get("before_ns") is None else fields.count("before_ns"),
        fields.number("resolution_j"),
    )


def _channel(document: object) -> ChannelNow:
    fields = _Fields(document)
    role = fields.text("role")
    if role not in ROLES:
        raise ValueError(f"there is no role {role!r}")
    return ChannelNow(
        fields.text("id"),
        fields.text("source"),
        fields.text("device"),
        fields.text("domain"),
        role,
        quality_of(fields.text("quality")),
        fields.number("energy_j"),
        fields.number_or_none("power_w"),
        fields.count("segment"),
        fields.number_or_none("before_j"),
        _sensor(fields.get("sensor")),
    )


def _lost(document: object) -> LostChannel:
    fields = _Fields(document)
    quality = fields.text("quality")
    if quality not in ("stale", "missing"):
        raise ValueError(f"a lost channel is not {quality!r}")
    where = [fields.text(name) for name in ("id", "source", "device", "domain")]
    lost_s, reason = fields.number("lost_s"), fields.text("reason", LONGEST_REASON)
    state = cast('Literal["stale", "missing"]', quality)
    return LostChannel(where[0], where[1], where[2], where[3], state, lost_s, reason, _sensor(fields.get("sensor")))


def _machine(document: object) -> MachineNow | None:
    if document is None:
        return None
    fields = _Fields(document)
    return MachineNow(
        quality_of(fields.text("quality")),
        fields.truth("partial"),
        fields.number("energy_j"),
        fields.number_or_none("error_j"),
        fields.number_or_none("power_w"),
        fields.number_or_none("coverage"),
    )


def decoded(line: bytes) -> Snapshot:
    """The snapshot of a line that `encoded` wrote. ValueError for any other bytes."""
    try:
        fields = _Fields(json.loads(line))
        version = fields.get("version")
        if isinstance(version, bool) or version != VERSION:  # True equals 1
            raise ValueError(f"version {fields.get('version')!r} is not {VERSION}: update the older program")
        up = fields.get("sources_up")
        if not isinstance(up, dict) or not all(isinstance(value, bool) for value in up.values()):
            raise ValueError("sources_up is no table of true and false")
        health = _Fields(fields.get("health"))
        counts = [int(health.number(name)) for name in ("readings", "read_failures", "resets", "missed_ticks")]
        return Snapshot(
            fields.number("began_unix_s"),
            fields.number("taken_unix_s"),
            _clock(fields.get("clock")),
            tuple(map(_channel, fields.items("channels"))),
            _machine(fields.get("machine")),
            up,
            HealthNow(counts[0], counts[1], counts[2], counts[3], health.number("gaps_s")),
            tuple(map(_lost, fields.items("lost"))) if "lost" in fields else (),
        )
    except (ValueError, RecursionError, OverflowError) as error:
        raise ValueError(f"this is no snapshot of impact-tracker: {error}") from None
